//! One task: the path of an event through its stages, and the step that makes it visible.

mod directory;
mod desks;
mod input;
mod loss;
mod output;

pub use loss::FrameChain;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Counters, Held, Holder, InputId, Kind, Pending, Placement, Settings, TaskError, TaskId,
    TopicBinding,
    agents::Agents,
    clock::Clock,
    contacts::{self, Contacts},
    customers::{CaseSaid, Customers},
    delta::Deltas,
    desks::{Desks, Grains},
    log::{Reader, Restored, Rotation, Writer},
    meta::{InputState, Meta, SenderState},
    outbox::{Outbox, Turns},
    scores::{Beat, Scores},
    step::Output,
    store::{Part, Store},
    time::{LiveInput, Time},
};
use crate::{
    contact::Contact,
    directory::Directory,
    event::{Span, Text, Timestamp},
    kpi::PaneBlock,
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
    /// As the directory has them.
    settings: Arc<Settings>,
    configured: Arc<Settings>,
    directory: Directory,
    placement: Placement,
    meta: Meta,
    store: Store,
    reader: Reader,
    rotation: Rotation,
    log: Writer,
    time: Time,
    contacts: Contacts,
    customers: Customers,
    cases: Vec<CaseSaid>,
    agents: Agents,
    scores: Scores,
    desks: Desks,
    desk_grains: Grains,
    deltas: Deltas,
    outbox: Outbox,
    dead_letters: Vec<Output>,
    moved: Vec<InputId>,
    /// Something was taken in that no step carries yet.
    unsaid: bool,
    unsaid_bytes: usize,
    turns: Turns,
    /// The clocks of inputs, contact, customer and agent stage as they were last told, where at their end: a change is told at
    /// once.
    told_end: [Option<Clock>; 4],
    contact_beat_at: Timestamp,
    group_beat_at: Timestamp,
    agent_beat_at: Timestamp,
    desk_beat_at: Timestamp,
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
            configured: Arc::clone(settings),
            directory: Directory::default(),
            placement: Placement::new(settings.tasks),
            meta,
            store: Store::default(),
            reader: Reader::default(),
            rotation: Rotation::default(),
            log: Writer::new(
                id.0,
                settings.recovery_max_bytes / u64::from(settings.tasks),
            ),
            time: Time::new(settings),
            contacts: Contacts::new(settings),
            customers: Customers::new(settings),
            cases: Vec::new(),
            agents: Agents::default(),
            scores: Scores::new(settings),
            desks: Desks::new(settings),
            desk_grains: Grains::new(&settings.balance),
            deltas: Deltas::new(settings),
            outbox: Outbox::default(),
            dead_letters: Vec::new(),
            moved: Vec::new(),
            unsaid: false,
            unsaid_bytes: 0,
            turns: Turns::new(settings.heartbeat),
            told_end: [None; 4],
            contact_beat_at: Timestamp::MIN,
            group_beat_at: Timestamp::MIN,
            agent_beat_at: Timestamp::MIN,
            desk_beat_at: Timestamp::MIN,
        }
    }

    /// Applies a record of the state log; records come in the log's order, each with its offset. Returns the step that
    /// the record belongs to.
    ///
    /// # Errors
    /// When it is of another format or damaged.
    pub fn restore(&mut self, offset: i64, record: &[u8]) -> Result<u64, TaskError> {
        let (seq, restored) =
            (self.reader).read(offset, record, &mut self.store, &mut self.rotation)?;
        if let Some(Restored { meta, changed }) = restored {
            let written = Beat {
                groups: meta.groups_written,
                agents: meta.agents_written,
            };
            self.scores
                .restore_step(&changed, written, meta.score_clock);
            self.contacts.restore_step(&changed, meta.contacts_written);
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
        if !self.reader.is_whole() {
            return Err(TaskError::Corrupt {
                task: self.id.0,
                cause: "what is left of the state log does not hold all of the state".to_owned(),
            });
        }
        self.take_up_parts()
    }

    /// Hands each part of the restored store to the stage whose state it is.
    fn take_up_parts(&mut self) -> Result<(), TaskError> {
        self.take_up_directory()?;
        if let Some(clock) = self.meta.contact_clock {
            self.contacts.wait_on(clock.at, &Store::default());
        }
        for (part, image) in self.store.iter() {
            let read = match &part {
                Part::Contact(id) => self.contacts.take_up(id, image),
                Part::Customer(id) => self.customers.take_up(id, image),
                Part::Usual(queue) => self.contacts.usual.take_up(queue, image),
                Part::Gauges(entity) => self.scores.take_up_gauges(entity, image),
                Part::Outbox(task) => self.outbox.take_up(*task, image),
                Part::Leaf(entity, start) => {
                    let start = *start;
                    self.scores.take_up_leaf(entity, PaneBlock { start, image });
                    Ok(())
                }
                Part::Agent(id) => self.agents.take_up(id, image),
                Part::Reasons => self.scores.take_up_reasons(image),
                Part::Directory | Part::Known(_) => Ok(()),
                Part::Name(name) => self.deltas.names.take_up(name, image),
                Part::Overflow(kind) => self.deltas.names.take_up_overflow(*kind, image),
                Part::DeskLeaf(desk, _) => {
                    self.desks.take_up(desk);
                    Ok(())
                }
                Part::Scorecard(desk) => self.desks.take_up_written(desk, image),
            };
            read.map_err(|error| TaskError::Corrupt {
                task: self.id.0,
                cause: format!("{part:?}: {error}"),
            })?;
        }
        self.contacts.waiting.take_changed();
        self.scores.start(&self.deltas.names);
        self.scores.expect_moves(self.agents.take_moves());
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
            empty_at: None,
        });
    }

    /// Compares the topic of a source partition with the one that its position is of. A topic that was deleted and created again has
    /// another id: it is read from its first record on.
    pub fn bind_topic(&mut self, id: InputId, topic_id: &str) -> TopicBinding {
        let Some(input) = self.time.inputs.iter_mut().find(|known| known.id == id) else {
            return TopicBinding::Same;
        };
        let known = &mut self.meta.inputs[input.place];
        let topic_id = Text::new(topic_id);
        match known.topic_id.replace(topic_id.clone()) {
            Some(bound) if bound == topic_id => TopicBinding::Same,
            None => TopicBinding::Same,
            Some(_) => {
                let position = std::mem::take(&mut known.position);
                input.at_end_since = None;
                input.empty_at = None;
                TopicBinding::Replaced { position }
            }
        }
    }

    #[must_use]
    pub fn pending(&self) -> Pending {
        match (self.contacts.alert_pending, self.unsaid) {
            (true, _) if !self.is_behind() => Pending::Alert,
            (true, _) | (_, true) => Pending::Step,
            (false, false) => Pending::Nothing,
        }
    }

    /// Works off a backlog: what it has to say is history, and nobody waits for it.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_history(self.meta.contact_clock.map(|clock| clock.at))
    }

    /// Bytes taken in since the last step.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.unsaid_bytes
    }

    /// From now on everything at its end stands at least at `at`: what the clock of a report of the past should be.
    pub const fn end_at(&mut self, at: Timestamp) {
        self.time.end_at = at;
    }

    /// The records of all contacts as they are now.
    #[must_use]
    pub fn contact_records(&self) -> Vec<Output> {
        let contacts = self.store.iter().filter_map(|(part, image)| {
            let Part::Contact(id) = part else { return None };
            Some((id, Contact::from_image(image).ok()?))
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

    /// What `now` means to the contacts; `None` before anything was heard.
    #[must_use]
    pub fn clock(&self) -> Option<Timestamp> {
        self.meta.contact_clock.map(|clock| clock.at)
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

    /// Bytes of memory that the state takes, by what it is of: who has how many in it.
    #[must_use]
    pub fn memory(&self) -> Vec<(Holder, usize)> {
        let parts = self.store.sizes().into_iter();
        parts
            .map(|part| (Holder::of(part.of), part.bytes))
            .collect()
    }

    /// How many names of each kind have figures of their own here, and what went beyond the limit.
    #[must_use]
    pub const fn names(&self) -> &BTreeMap<Kind, Held> {
        self.deltas.names.held()
    }

    /// Takes a name of each kind that was refused since the last call, for whoever says so.
    pub fn take_refusals(&mut self) -> BTreeMap<Kind, String> {
        self.deltas.names.take_refusals()
    }

    /// Bytes and number of the parts of the state.
    #[must_use]
    pub const fn state_size(&self) -> (usize, usize) {
        (self.store.bytes(), self.store.parts())
    }
}
