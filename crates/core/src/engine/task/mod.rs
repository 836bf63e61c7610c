//! One task: the path of an event through its stages, and the step that makes it visible.

mod directory;
mod input;
mod loss;
mod records;
mod restore;
mod schedule;
mod send;
mod step;

pub use loss::FrameChain;

use std::{collections::BTreeMap, sync::Arc};

use self::schedule::Schedule;
use crate::{
    contact::Contact,
    directory::Directory,
    engine::{
        Counters, Held, Holder, InputId, Kind, Pending, Placement, Settings, TaskId, TopicBinding,
        exchange::{
            grain::ScorecardGrains,
            outbox::{Outbox, SendSchedule},
        },
        stages::{Stages, contacts::contact_output, step_end::Effects},
        state::{
            changelog::{CheckpointCycle, Reader, Writer},
            meta::{InputState, Meta, SenderState},
            store::{Part, Store},
        },
        step::Output,
        time::progress::{LiveInput, Progress},
    },
    event::{Span, Text, Timestamp},
};

/// Beyond this lag behind the wall clock, outputs are marked as history.
const HISTORY_AFTER: Span = Span::from_secs(60);
const SECOND: Span = Span::from_secs(1);

/// The state of one task, and the step that is being made of it.
///
/// How a driver uses it: `restore` each record of the state log and `start`; then `handle_source`, `handle_end`, `handle_frame` and
/// `handle_timeout` as things happen; `poll_output` closes the step, `handle_committed` notes that it is committed.
#[derive(Debug)]
pub struct Task {
    id: TaskId,
    /// The settings with what the directory changes.
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
    /// There is input that no step contains yet.
    dirty: bool,
    dirty_bytes: usize,
}

/// What goes to other tasks, and when.
#[derive(Debug)]
struct Exchange {
    outbox: Outbox,
    send_schedule: SendSchedule,
    /// The end times that were last sent for inputs, contacts, customers and agents; `None` where not ended. A change is sent at once.
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

    /// Adds a source partition: watermarks don't advance until it has been read.
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

    /// Compares the topic of a source partition with the topic that its saved position belongs to. A topic that was deleted and created again has
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

    /// Returns whether the task is catching up, so that its outputs are not urgent.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_history(self.meta.contact_watermark.at())
    }

    /// Returns the bytes taken in since the last step.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.inputs.dirty_bytes
    }

    /// Sets a lower bound for ended watermarks, so that a report on past data can choose its clock.
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

    /// Notes that a step is committed; its first state record is at `state_offset`.
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
