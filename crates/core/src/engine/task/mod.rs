//! One task: the path of an event through its stages, and the step that makes it visible.

mod directory;
mod input;
mod loss;
mod records;
mod send;
mod step;

pub use loss::FrameChain;

use std::{collections::BTreeMap, sync::Arc};

use self::records::Schedule;
use crate::{
    contact::Contact,
    directory::Directory,
    engine::{
        Counters, Held, Holder, InputId, Kind, Pending, Placement, Settings, TaskError, TaskId,
        TopicBinding,
        exchange::{
            grain::ScorecardGrains,
            outbox::{Outbox, SendSchedule},
        },
        stages::{Stages, contacts::contact_output, record_time::Beat, step_end::Effects},
        state::{
            changelog::{CheckpointCycle, Reader, Restored, Writer},
            meta::{InputState, Meta, SenderState},
            store::{Part, Store},
        },
        step::Output,
        time::progress::{LiveInput, Progress},
    },
    event::{Span, Text, Timestamp},
    kpi::Leaf,
};

/// An alert raised this far behind the wall clock is history.
const HISTORY_AFTER: Span = Span::from_secs(60);
const SECOND: Span = Span::from_secs(1);

/// The state of one task, and the step that is being made of it.
///
/// The driver's verbs: `restore` each record of the state log and `start`; then `handle_source`, `handle_end`, `handle_frame` and
/// `handle_timeout` as things happen; `poll_output` cuts the step, `handle_committed` notes that it is visible.
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
    progress: Progress,
    inputs: Inputs,
    stages: Stages,
    effects: Effects,
    exchange: Exchange,
    changelog: Changelog,
    schedule: Schedule,
    scorecard_grains: ScorecardGrains,
}

/// What was taken in since the last step.
#[derive(Debug, Default)]
struct Inputs {
    /// Source partitions that were read.
    moved: Vec<InputId>,
    /// Something was taken in that no step carries yet.
    dirty: bool,
    dirty_bytes: usize,
}

/// What goes to other tasks, and when.
#[derive(Debug)]
struct Exchange {
    outbox: Outbox,
    send_schedule: SendSchedule,
    /// The watermarks of the inputs, contacts, customers and agents as they were last sent, where at their end: a change is sent at
    /// once.
    sent_ends: [Option<Timestamp>; 4],
}

/// Both ends of the state log.
#[derive(Debug)]
struct Changelog {
    reader: Reader,
    writer: Writer,
    cycle: CheckpointCycle,
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
            progress: Progress::new(settings),
            inputs: Inputs::default(),
            stages: Stages::new(settings),
            effects: Effects::new(settings),
            exchange: Exchange {
                outbox: Outbox::default(),
                send_schedule: SendSchedule::new(settings.heartbeat),
                sent_ends: [None; 4],
            },
            changelog: Changelog {
                reader: Reader::default(),
                writer: Writer::new(
                    id.0,
                    settings.recovery_max_bytes / u64::from(settings.tasks),
                ),
                cycle: CheckpointCycle::default(),
            },
            schedule: Schedule::new(id.0, settings.tasks),
            scorecard_grains: ScorecardGrains::new(&settings.balance),
        }
    }

    /// Applies a record of the state log; records come in the log's order, each with its offset. Returns the step that
    /// the record belongs to.
    ///
    /// # Errors
    /// When it is of another format or damaged.
    pub fn restore(&mut self, offset: i64, record: &[u8]) -> Result<u64, TaskError> {
        let (seq, restored) = (self.changelog.reader).read(
            offset,
            record,
            &mut self.store,
            &mut self.changelog.cycle,
        )?;
        if let Some(Restored { meta, changed }) = restored {
            let written = Beat {
                groups: meta.groups_written,
                agents: meta.agents_written,
            };
            self.stages
                .kpis
                .restore_step(&changed, written, meta.kpi_watermark.at());
            self.stages
                .contacts
                .restore_step(&changed, meta.contacts_written);
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
        if !self.changelog.reader.is_whole() {
            return Err(TaskError::Corrupt {
                task: self.id.0,
                cause: "what is left of the state log does not hold all of the state".to_owned(),
            });
        }
        self.restore_parts()
    }

    /// Hands each part of the restored store to the stage whose state it is.
    fn restore_parts(&mut self) -> Result<(), TaskError> {
        self.restore_directory()?;
        if let Some(now) = self.meta.contact_watermark.at() {
            self.stages.contacts.wait_on(now, &Store::default());
        }
        for (part, image) in self.store.iter() {
            let read = match &part {
                Part::Contact(id) => self.stages.contacts.restore(id, image),
                Part::Customer(id) => self.stages.customers.restore(id, image),
                Part::HandleTimeBaseline(queue) => {
                    self.stages.contacts.baseline.restore(queue, image)
                }
                Part::Gauges(entity) => self.stages.kpis.restore_gauges(entity, image),
                Part::Outbox(task) => self.exchange.outbox.restore(*task, image),
                Part::PaneBlock(entity, start) => {
                    let start = *start;
                    self.stages
                        .kpis
                        .restore_pane_block(entity, Leaf { start, image });
                    Ok(())
                }
                Part::Agent(id) => self.stages.agents.restore(id, image),
                Part::Reasons => self.stages.kpis.restore_reasons(image),
                Part::Directory | Part::Known(_) => Ok(()),
                Part::Name(name) => self.effects.facts.names.restore(name, image),
                Part::Overflow(kind) => self.effects.facts.names.restore_overflow(*kind, image),
                Part::AgentQueuePaneBlock(agent_queue, _) => {
                    self.stages.scorecards.restore(agent_queue);
                    Ok(())
                }
                Part::Scorecard(agent_queue) => {
                    self.stages.scorecards.restore_written(agent_queue, image)
                }
            };
            read.map_err(|error| TaskError::Corrupt {
                task: self.id.0,
                cause: format!("{part:?}: {error}"),
            })?;
        }
        self.stages.contacts.waiting.take_changed();
        self.stages.kpis.start(&self.effects.facts.names);
        self.stages
            .kpis
            .expect_moves(self.stages.agents.take_moves());
        Ok(())
    }

    /// Returns the next offset of a source partition, or `None` if it was never read.
    #[must_use]
    pub fn position(&self, input: InputId) -> Option<i64> {
        let topic = &self.settings.sources[usize::from(input.source)].topic;
        (self.meta.inputs.iter())
            .find(|known| *known.topic == **topic && known.partition == input.partition)
            .map(|known| known.position)
    }

    /// Returns the next offset of this task's partition of the exchange.
    #[must_use]
    pub const fn exchange_position(&self) -> i64 {
        self.meta.exchange_position
    }

    /// Adds a source partition: the watermarks wait until it has been read.
    pub fn add_input(&mut self, id: InputId) {
        if self.progress.inputs.iter().any(|known| known.id == id) {
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
        self.progress.inputs.push(LiveInput {
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
        let Some(input) = self.progress.inputs.iter_mut().find(|known| known.id == id) else {
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
        match (self.stages.contacts.alert_pending, self.inputs.dirty) {
            (true, _) if !self.is_behind() => Pending::Alert,
            (true, _) | (_, true) => Pending::Step,
            (false, false) => Pending::Nothing,
        }
    }

    /// Returns whether the task works off a backlog: its outputs are history, and nobody waits for them.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_history(self.meta.contact_watermark.at())
    }

    /// Returns the bytes taken in since the last step.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.inputs.dirty_bytes
    }

    /// From now on every watermark at its end stands at least at `at`: what the clock of a report of the past should be.
    pub const fn end_at(&mut self, at: Timestamp) {
        self.progress.end_at = at;
    }

    /// Returns the records of all contacts as they are now.
    #[must_use]
    pub fn contact_records(&self) -> Vec<Output> {
        let contacts = self.store.iter().filter_map(|(part, image)| {
            let Part::Contact(id) = part else { return None };
            Some((id, Contact::from_image(image).ok()?))
        });
        contacts
            .map(|(id, contact)| contact_output(&id, &contact, &self.settings))
            .collect()
    }

    /// Notes that a step is visible; its first state record lies at `state_offset`.
    pub fn handle_committed(&mut self, seq: u64, state_offset: i64) {
        self.changelog.cycle.handle_committed(seq, state_offset);
    }

    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.meta.counters
    }

    /// Returns the watermark of the contacts, or `None` before all inputs were read.
    #[must_use]
    pub const fn watermark(&self) -> Option<Timestamp> {
        self.meta.contact_watermark.at()
    }

    #[must_use]
    pub const fn id(&self) -> TaskId {
        self.id
    }

    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.meta.seq
    }

    /// Returns whether another task has the same state, byte for byte: what a restore must achieve.
    #[must_use]
    pub fn has_state_of(&self, other: &Self) -> bool {
        self.meta == other.meta && self.store == other.store
    }

    /// Returns the bytes of memory that the state takes, by what it is of.
    #[must_use]
    pub fn memory(&self) -> Vec<(Holder, usize)> {
        let parts = self.store.sizes().into_iter();
        parts
            .map(|part| (Holder::of(part.of), part.bytes))
            .collect()
    }

    /// Returns how many names of each kind have figures of their own here, and what went beyond the limit.
    #[must_use]
    pub const fn names(&self) -> &BTreeMap<Kind, Held> {
        self.effects.facts.names.held()
    }

    /// Takes a name of each kind that was refused since the last call, to be logged.
    pub fn take_refusals(&mut self) -> BTreeMap<Kind, String> {
        self.effects.facts.names.take_refusals()
    }

    /// Returns the bytes and the number of the parts of the state.
    #[must_use]
    pub const fn state_size(&self) -> (usize, usize) {
        (self.store.bytes(), self.store.parts())
    }
}
