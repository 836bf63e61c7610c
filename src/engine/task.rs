//! One task: the path of an event through its stages, and the step that makes it visible.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Counters, InputId, Pending, Placement, Settings, SourceRecord, Step, TaskError, TaskId,
    clock::Clock,
    contacts::{self, Contacts, Ending, Said},
    delta::Deltas,
    frame::{Forward, Section},
    intake::{self, Fault, Limits, Provenance},
    log::{self, Reader, Restored, Rotation},
    meta::{InputState, Meta, SenderState},
    scores::{Beat, Moment, Scores, record_clock},
    step::Output,
    store::{Part, Store},
    time::{LiveInput, Time},
};
use crate::{
    contact::{Contact, Outcome},
    decode::Decoded,
    event::{Event, Span, Text, Timestamp},
};

/// An alert raised this far behind the wall clock is history.
const HISTORY_AFTER: Span = Span::from_secs(60);
const SECOND: Span = Span::from_secs(1);

/// The state of one task, and what it has to say.
///
/// The driver's verbs: `restore` each record of the state log and `start`; then `handle_source`, `handle_end`, `handle_frame` and
/// `handle_timeout` as things happen; `poll_output` cuts the step, `handle_committed` tells that it is visible.
#[derive(Debug)]
pub struct Task {
    id: TaskId,
    settings: Arc<Settings>,
    placement: Placement,
    meta: Meta,
    store: Store,
    reader: Reader,
    rotation: Rotation,
    time: Time,
    contacts: Contacts,
    scores: Scores,
    deltas: Deltas,
    forwards_by_task: BTreeMap<u16, Vec<Forward>>,
    dead_letters: Vec<Output>,
    moved: Vec<InputId>,
    /// Something was taken in that no step carries yet.
    unsaid: bool,
    unsaid_bytes: usize,
    heartbeat_at: Timestamp,
    /// The clocks of inputs and contact stage as they were last told, where at their end: a change is told at once.
    told_end: [Option<Clock>; 2],
    group_beat_at: Timestamp,
    agent_beat_at: Timestamp,
}

impl Task {
    #[must_use]
    pub fn new(id: TaskId, settings: &Arc<Settings>) -> Self {
        let tasks = usize::from(settings.tasks);
        let meta = Meta {
            sent: vec![0; tasks],
            senders: vec![SenderState::default(); tasks],
            ..Meta::default()
        };
        Self {
            id,
            settings: Arc::clone(settings),
            placement: Placement::new(settings.tasks),
            meta,
            store: Store::default(),
            reader: Reader::default(),
            rotation: Rotation::default(),
            time: Time::new(settings),
            contacts: Contacts::new(settings),
            scores: Scores::new(settings),
            deltas: Deltas::default(),
            forwards_by_task: BTreeMap::new(),
            dead_letters: Vec::new(),
            moved: Vec::new(),
            unsaid: false,
            unsaid_bytes: 0,
            heartbeat_at: Timestamp::MIN,
            told_end: [None; 2],
            group_beat_at: Timestamp::MIN,
            agent_beat_at: Timestamp::MIN,
        }
    }

    /// Applies a record of the state log; records come in the log's order, each with its offset. Returns the step that
    /// the record belongs to.
    ///
    /// # Errors
    /// When it is of a newer format or damaged.
    pub fn restore(&mut self, offset: i64, record: &[u8]) -> Result<u64, TaskError> {
        let (seq, restored) =
            (self.reader).read(offset, record, &mut self.store, &mut self.rotation)?;
        if let Some(Restored { meta, changed }) = restored {
            let written = Beat {
                groups: meta.groups_written,
                agents: meta.agents_written,
            };
            self.scores.restore_step(&changed, written);
            self.meta = meta;
        }
        Ok(seq)
    }

    /// Begins to work on the restored state. `committed` is the last step that was committed, 0 for a new task.
    ///
    /// # Errors
    /// When the log ended at another step, or a part can't be read.
    pub fn start(&mut self, committed: u64) -> Result<(), TaskError> {
        if self.meta.seq != committed {
            return Err(TaskError::EndsElsewhere {
                task: self.id.0,
                found: self.meta.seq,
                expected: committed,
            });
        }
        self.contacts.start(&self.store, self.id.0)?;
        self.scores.start(&self.store);
        Ok(())
    }

    /// The next offset of a source partition. `None`: never read.
    #[must_use]
    pub fn position(&self, input: InputId) -> Option<i64> {
        let topic = &self.settings.sources[usize::from(input.source)].topic;
        (self.meta.inputs.iter())
            .find(|known| *known.topic == **topic && known.partition == input.partition)
            .map(|known| known.position)
    }

    /// The next offset of this task's partition of the exchange.
    #[must_use]
    pub const fn exchange_position(&self) -> i64 {
        self.meta.exchange_position
    }

    /// A source partition exists: the clocks wait until it is heard from.
    pub fn add_input(&mut self, id: InputId) {
        if self.time.inputs.iter().any(|known| known.id == id) {
            return;
        }
        let source = &self.settings.sources[usize::from(id.source)];
        let topic = Text::new(&source.topic);
        let inputs = &mut self.meta.inputs;
        let known = (inputs.iter())
            .position(|known| known.topic == topic && known.partition == id.partition);
        let place = known.unwrap_or_else(|| {
            inputs.push(InputState {
                topic,
                partition: id.partition,
                ..InputState::default()
            });
            inputs.len() - 1
        });
        self.time.inputs.push(LiveInput {
            id,
            place,
            kind: source.clock,
            at_end_since: None,
        });
    }

    /// Takes a record of a source partition.
    pub fn handle_source(&mut self, record: &SourceRecord<'_>, now: Timestamp) {
        self.time.see_wall(now);
        let Some(input) = (self.time.inputs.iter_mut()).find(|input| input.id == record.input)
        else {
            return;
        };
        input.at_end_since = None;
        let place = input.place;
        self.meta.inputs[place].position = record.offset + 1;
        self.note_moved(record.input);
        self.meta.counters.read += 1;
        let clock = self.meta.inputs[place].time.clock();
        let limits = Limits {
            lateness: self.settings.lateness,
            future_max: self.settings.future_max,
            wall: self.time.wall,
        };
        self.note_unsaid(record.payload.map_or(0, <[u8]>::len));
        let settings = Arc::clone(&self.settings);
        let topic = settings.sources[usize::from(record.input.source)]
            .topic
            .as_str();
        let from = Provenance { topic, record };
        match intake::read(record, clock, limits) {
            Ok(Decoded::Event(event)) => {
                self.meta.inputs[place].time.observe(event.occurred_at);
                self.time.own.see_event(event.occurred_at);
                self.route(event, &from);
            }
            Ok(Decoded::Unknown(_)) => self.meta.counters.skipped += 1,
            Err(fault) => self.put_aside(&from, &fault),
        }
    }

    /// The fast path, or one hop more.
    fn route(&mut self, event: Event, from: &Provenance<'_>) {
        let owner = self.placement.task_of(event.contact.as_str().as_bytes());
        if owner == self.id {
            self.apply(event, from);
        } else {
            self.meta.counters.forwarded += 1;
            let forwards = self.forwards_by_task.entry(owner.0).or_default();
            forwards.push(from.forward());
        }
    }

    fn apply(&mut self, event: Event, from: &Provenance<'_>) {
        let at = event.occurred_at;
        let outcome = self.contacts.handle_event(event, &self.store);
        let counters = &mut self.meta.counters;
        match outcome {
            Outcome::Applied => counters.applied += 1,
            Outcome::Repeated => counters.repeated += 1,
            Outcome::Conflicting => {
                counters.repeated += 1;
                counters.conflicting += 1;
            }
            Outcome::TooLate => self.put_aside(from, &Fault::sealed(at)),
        }
    }

    fn put_aside(&mut self, from: &Provenance<'_>, fault: &Fault) {
        self.meta.counters.dead_lettered += 1;
        self.dead_letters.push(from.dead_letter(fault));
    }

    fn note_moved(&mut self, input: InputId) {
        if self.moved.last() != Some(&input) && !self.moved.contains(&input) {
            self.moved.push(input);
        }
    }

    fn note_unsaid(&mut self, bytes: usize) {
        self.unsaid = true;
        self.unsaid_bytes += bytes;
    }

    /// Everything in a source partition has been read for now.
    pub fn handle_end(&mut self, input: InputId, now: Timestamp) {
        self.time.see_wall(now);
        let wall = self.time.wall;
        if let Some(input) = self.time.inputs.iter_mut().find(|known| known.id == input) {
            input.at_end_since.get_or_insert(wall);
        }
    }

    /// Takes a record of this task's partition of the exchange.
    ///
    /// # Errors
    /// When the record can't be read or one before it is lost: the task can't go on.
    pub fn handle_frame(
        &mut self,
        offset: i64,
        frame: &[u8],
        now: Timestamp,
    ) -> Result<(), TaskError> {
        self.time.see_wall(now);
        let sections = Section::read_all(frame).map_err(|error| TaskError::Corrupt {
            task: self.id.0,
            cause: format!("frame at offset {offset}: {error}"),
        })?;
        self.meta.exchange_position = offset + 1;
        self.note_unsaid(frame.len());
        for section in sections {
            self.handle_section(section)?;
        }
        Ok(())
    }

    fn handle_section(&mut self, section: Section) -> Result<(), TaskError> {
        let sender = &mut self.meta.senders[usize::from(section.from)];
        if section.seq <= sender.seq {
            self.meta.counters.frames_repeated += 1;
            return Ok(());
        }
        if section.previous != sender.seq {
            return Err(TaskError::FrameGap {
                task: self.id.0,
                from: section.from,
                found: section.previous,
                expected: sender.seq,
            });
        }
        sender.seq = section.seq;
        sender.clocks = section.clocks;
        self.time.hear(section.from);
        for forward in &section.forwards {
            self.handle_forward(forward);
        }
        for delta in &section.deltas {
            self.deltas.add(delta);
        }
        for (entity, gauge) in section.gauges {
            (self.scores).set_gauge(entity, section.from, gauge, &mut self.store);
        }
        Ok(())
    }

    fn handle_forward(&mut self, forward: &Forward) {
        self.meta.counters.received += 1;
        let headers: Vec<(&str, Option<&[u8]>)> = (forward.headers.iter())
            .map(|(name, value)| (&**name, value.as_ref().map(|value| value.as_slice())))
            .collect();
        let record = SourceRecord {
            input: InputId {
                source: 0,
                partition: forward.partition,
            },
            offset: forward.offset,
            key: forward.key.as_deref(),
            payload: Some(&forward.payload),
            headers: &headers,
        };
        let from = Provenance {
            topic: &forward.topic,
            record: &record,
        };
        match crate::decode::decode(&forward.payload) {
            Ok(Decoded::Event(event)) => self.apply(event, &from),
            Ok(Decoded::Unknown(_)) => self.meta.counters.skipped += 1,
            Err(rejection) => self.put_aside(&from, &rejection.into()),
        }
    }

    /// Moves the clocks on; speaks of what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.time.see_wall(now);
        self.time.advance(self.id.0, &mut self.meta, &self.settings);
        if let Some(clock) = self.meta.contact_clock {
            let horizon = self.horizon();
            let any = (self.contacts).handle_timeout(clock.at, horizon, &self.store);
            self.unsaid |= any;
        }
        let wall = self.time.wall;
        let end_changed = self.told_end != self.end();
        self.unsaid |= wall >= self.heartbeat_at || end_changed;
        let beat = self.beat();
        if beat.any()
            && let Some(at) = self.record_clock()
        {
            let ends = self.scores_ended() && self.scores.ends_anew(at, self.time.wall);
            self.unsaid |= ends || self.scores.has_changes(at, beat);
        }
    }

    /// Contacts' events before this are sealed: nothing can join them any more.
    fn horizon(&self) -> Timestamp {
        self.time.safe - self.settings.lateness
    }

    /// The clocks of the inputs and of the contact stage, where at their end.
    fn end(&self) -> [Option<Clock>; 2] {
        let clocks = [self.time.own.source, self.time.own.contact];
        clocks.map(|clock| clock.filter(|clock| clock.ended))
    }

    fn scores_ended(&self) -> bool {
        self.meta.score_clock.is_some_and(|clock| clock.ended)
    }

    fn beat(&self) -> Beat {
        let groups = self.time.wall >= self.group_beat_at;
        Beat {
            groups,
            agents: self.time.wall >= self.agent_beat_at || groups && self.scores_ended(),
        }
    }

    fn record_clock(&self) -> Option<Timestamp> {
        let clock = self.meta.score_clock?;
        Some(record_clock(clock, self.grain(Some(clock.at))))
    }

    #[must_use]
    pub const fn pending(&self) -> Pending {
        match (self.contacts.alert_pending, self.unsaid) {
            (true, _) => Pending::Alert,
            (false, true) => Pending::Step,
            (false, false) => Pending::Nothing,
        }
    }

    /// Bytes taken in since the last step.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.unsaid_bytes
    }

    /// Cuts the step: all that was taken in since the last one. `None` if there was nothing.
    pub fn poll_output(&mut self) -> Option<Step> {
        if self.pending() == Pending::Nothing {
            return None;
        }
        self.time.advance(self.id.0, &mut self.meta, &self.settings);
        self.meta.seq += 1;
        let mut outputs = self.finish_contacts();
        let urgent = outputs.iter().any(Output::is_alert);
        let sections = self.send();
        self.write_scores(&mut outputs);
        self.unsaid = false;
        self.unsaid_bytes = 0;
        self.meta.writer = Text::new(env!("CARGO_PKG_VERSION"));
        let bytes_max = self.settings.recovery_max_bytes / u64::from(self.settings.tasks);
        let (task, meta) = (self.id.0, self.meta.clone());
        let state = log::write_records(task, meta, &mut self.store, &mut self.rotation, bytes_max);
        Some(Step {
            task: self.id,
            seq: self.meta.seq,
            state,
            sections,
            outputs,
            positions: self.take_positions(),
            exchange_position: self.meta.exchange_position,
            restore_from: self.rotation.restore_from(),
            urgent,
        })
    }

    fn finish_contacts(&mut self) -> Vec<Output> {
        let mut outputs = std::mem::take(&mut self.dead_letters);
        let spoken = self.meta.contact_clock.map(|clock| clock.at);
        let ending = Ending {
            seq: self.meta.seq,
            spoken,
            horizon: self.horizon(),
            history: self.is_history(spoken),
            grain: self.grain(spoken),
        };
        let mut said = Said {
            outputs: &mut outputs,
            deltas: &mut self.deltas,
            clock_skew: &mut self.meta.counters.clock_skew,
        };
        self.contacts.finish(ending, &mut self.store, &mut said);
        outputs
    }

    fn is_history(&self, clock: Option<Timestamp>) -> bool {
        clock.is_none_or(|at| at + HISTORY_AFTER < self.time.wall)
    }

    /// Live, numbers are exact at each second; in catching up at each finest pane, which makes fewer sums of them.
    fn grain(&self, clock: Option<Timestamp>) -> Span {
        if self.is_history(clock) {
            self.scores.finest_pane()
        } else {
            SECOND
        }
    }

    /// Hands deltas and gauges to those who own them: in place, or by a section of a frame.
    fn send(&mut self) -> Vec<(TaskId, Vec<u8>)> {
        let mut sections: BTreeMap<u16, Section> = BTreeMap::new();
        for (task, forwards) in std::mem::take(&mut self.forwards_by_task) {
            sections.entry(task).or_default().forwards = forwards;
        }
        for (task, deltas) in self.deltas.take_by_task(self.placement) {
            if task != self.id {
                sections.entry(task.0).or_default().deltas = deltas;
                continue;
            }
            for of_entity in deltas.chunk_by(|one, next| one.entity == next.entity) {
                (self.scores).apply(of_entity, self.meta.score_clock, &mut self.store);
            }
        }
        for (entity, gauge) in self.contacts.waiting.take_changed() {
            let task = self.placement.task_of(entity.name().as_bytes());
            if task == self.id {
                (self.scores).set_gauge(entity, self.id.0, gauge, &mut self.store);
            } else {
                sections
                    .entry(task.0)
                    .or_default()
                    .gauges
                    .push((entity, gauge));
            }
        }
        self.add_heartbeats(&mut sections);
        sections
            .into_iter()
            .map(|(task, section)| (TaskId(task), self.seal(task, section)))
            .collect()
    }

    fn add_heartbeats(&mut self, sections: &mut BTreeMap<u16, Section>) {
        let end = self.end();
        if self.time.wall < self.heartbeat_at && self.told_end == end {
            return;
        }
        self.told_end = end;
        self.heartbeat_at = self.time.wall + self.settings.heartbeat;
        for task in (0..self.settings.tasks).filter(|task| *task != self.id.0) {
            sections.entry(task).or_default();
        }
    }

    fn seal(&mut self, task: u16, section: Section) -> Vec<u8> {
        let previous = std::mem::replace(&mut self.meta.sent[usize::from(task)], self.meta.seq);
        let section = Section {
            from: self.id.0,
            seq: self.meta.seq,
            previous,
            clocks: self.time.own,
            ..section
        };
        section.to_bytes()
    }

    fn write_scores(&mut self, outputs: &mut Vec<Output>) {
        let beat = self.beat();
        (self.meta.groups_written, self.meta.agents_written) = (false, false);
        let (Some(clock), Some(at)) = (self.meta.score_clock, self.record_clock()) else {
            return;
        };
        if !beat.any() {
            return;
        }
        if clock.ended {
            self.scores.handle_end(at, self.time.wall, &self.store);
        }
        let moment = Moment {
            at,
            began_at: self.time.began_at.unwrap_or(at),
            left_out: self.time.left_out,
        };
        (self.scores).write(moment, beat, &mut self.store, outputs);
        (self.meta.groups_written, self.meta.agents_written) = (beat.groups, beat.agents);
        if beat.groups {
            self.group_beat_at = self.time.wall + self.settings.kpi.group_beat;
        }
        if beat.agents {
            self.agent_beat_at = self.time.wall + self.settings.kpi.agent_beat;
        }
    }

    fn take_positions(&mut self) -> Vec<(InputId, i64)> {
        let moved = std::mem::take(&mut self.moved);
        moved
            .into_iter()
            .filter_map(|input| Some((input, self.position(input)?)))
            .collect()
    }

    /// From now on everything at its end stands at least at `at`: what the clock of a report of the past should be.
    pub const fn end_at(&mut self, at: Timestamp) {
        self.time.end_at = at;
    }

    /// The records of all contacts as they are now.
    #[must_use]
    pub fn contact_records(&self) -> Vec<Output> {
        let contacts = self.store.iter().filter_map(|(part, image)| match part {
            Part::Contact(id) => Some((id, Contact::from_image(image).ok()?)),
            Part::Pane(..) | Part::Gauges(_) => None,
        });
        contacts
            .map(|(id, contact)| contacts::contact_output(&id, &contact, &self.settings))
            .collect()
    }

    /// A step is visible; its first state record lies at `state_offset`.
    pub fn handle_committed(&mut self, seq: u64, state_offset: i64) {
        self.rotation.handle_committed(seq, state_offset);
    }

    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.meta.counters
    }

    #[must_use]
    pub const fn id(&self) -> TaskId {
        self.id
    }

    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.meta.seq
    }

    /// Whether another task has the same state, byte for byte: what a restore must achieve.
    #[must_use]
    pub fn has_state_of(&self, other: &Self) -> bool {
        self.meta == other.meta && self.store == other.store
    }

    /// Bytes and number of the parts of the state.
    #[must_use]
    pub const fn state_size(&self) -> (usize, usize) {
        (self.store.bytes(), self.store.parts())
    }
}
