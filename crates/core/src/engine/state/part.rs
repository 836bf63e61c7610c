//! The keys of parts: what a part is of, as bytes.

use xxhash_rust::xxh3::xxh3_64;

use crate::{
    engine::{agent_queue::AgentQueue, entity::Entity, limits::Kind, name::Name, state::codec},
    event::{AgentId, ContactId, QueueId, Text, Timestamp},
    rules::StateKey,
};

/// Buckets of a task: the unit in which the state log repeats the whole state, cycle by cycle.
pub(in crate::engine) const BUCKETS: u16 = 4_096;

/// The key of a part. All parts of one machine begin alike and lie in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct PartKey {
    pub bucket: u16,
    /// Of the bytes: a bucket is searched by it.
    pub hash: u32,
    pub bytes: Box<[u8]>,
}

/// A [`PartKey`] that is not kept.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct KeyRef<'k> {
    pub bucket: u16,
    pub hash: u32,
    pub bytes: &'k [u8],
}

/// What a key is the key of.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) enum Part {
    Contact(ContactId),
    /// Keyed hash.
    Customer(Text),
    /// Panes, and where the time begins that they are of.
    PaneBlock(Entity, Timestamp),
    Gauges(Entity),
    /// What waits for a task.
    Outbox(u16),
    /// The usual handle time of a queue.
    HandleTimeBaseline(QueueId),
    Agent(AgentId),
    /// All reasons of being away that panes count.
    Reasons,
    Directory,
    AgentQueuePaneBlock(AgentQueue, Timestamp),
    /// What was last written of an agent in a queue.
    Scorecard(AgentQueue),
    /// Whether a name has figures of its own.
    Name(Name),
    /// Up to when facts went to the overflow entity of a kind.
    Overflow(Kind),
    /// A record of it was written, or it had a figure that was behind all windows.
    Known(Entity),
    /// A part of what rules remember.
    Rules(StateKey),
}

const CONTACT: u8 = b'c';
const CUSTOMER: u8 = b'k';
const PANE_BLOCK: u8 = b'l';
const GAUGES: u8 = b'g';
const OUTBOX: u8 = b'o';
const HANDLE_TIME_BASELINE: u8 = b'u';
const AGENT: u8 = b'a';
const REASONS: u8 = b'r';
const DIRECTORY: u8 = b'd';
const AGENT_QUEUE_BLOCK: u8 = b's';
const SCORECARD: u8 = b'w';
const NAME: u8 = b'n';
const OVERFLOW: u8 = b'v';
const KNOWN: u8 = b'i';
const RULES: u8 = b'y';

impl PartKey {
    #[must_use]
    pub(in crate::engine) fn contact(id: &ContactId) -> Self {
        Self::of_machine(machine_prefix(CONTACT, id.as_str()))
    }

    #[must_use]
    pub(in crate::engine) fn customer(id: &Text) -> Self {
        Self::of_machine(machine_prefix(CUSTOMER, id))
    }

    #[must_use]
    pub(in crate::engine) fn gauges(entity: &Entity) -> Self {
        Self::of_machine(machine_prefix(GAUGES, &entity.name()))
    }

    #[must_use]
    pub(in crate::engine) fn outbox(task: u16) -> Self {
        Self::of_machine(machine_prefix(OUTBOX, &task.to_string()))
    }

    #[must_use]
    pub(in crate::engine) fn handle_time_baseline(queue: &QueueId) -> Self {
        Self::of_machine(machine_prefix(HANDLE_TIME_BASELINE, queue.as_str()))
    }

    #[must_use]
    pub(in crate::engine) fn agent(agent: &AgentId) -> Self {
        Self::of_machine(machine_prefix(AGENT, agent.as_str()))
    }

    #[must_use]
    pub(in crate::engine) fn reasons() -> Self {
        Self::of_machine(machine_prefix(REASONS, ""))
    }

    #[must_use]
    pub(in crate::engine) fn directory() -> Self {
        Self::of_machine(machine_prefix(DIRECTORY, ""))
    }

    #[must_use]
    pub(in crate::engine) fn known(entity: &Entity) -> Self {
        Self::of_machine(machine_prefix(KNOWN, &entity.name()))
    }

    /// Returns what all keys of an entity's blocks of panes begin with; see [`Self::with_start`].
    #[must_use]
    pub(in crate::engine) fn pane_blocks(entity: &Entity) -> Self {
        Self::of_machine(machine_prefix(PANE_BLOCK, &entity.name()))
    }

    /// Returns what all keys of the blocks of an agent in a queue begin with.
    #[must_use]
    pub(in crate::engine) fn agent_queue_blocks(agent_queue: &AgentQueue) -> Self {
        Self::of_machine(machine_prefix(AGENT_QUEUE_BLOCK, &agent_queue.name()))
    }

    #[must_use]
    pub(in crate::engine) fn scorecard(agent_queue: &AgentQueue) -> Self {
        Self::of_machine(machine_prefix(SCORECARD, &agent_queue.name()))
    }

    #[must_use]
    pub(in crate::engine) fn name(name: &Name) -> Self {
        Self::of_machine(machine_prefix(NAME, &name.key()))
    }

    #[must_use]
    pub(in crate::engine) fn overflow(kind: Kind) -> Self {
        Self::of_machine(machine_prefix(OVERFLOW, kind.name()))
    }

    /// Returns the key of a part of what rules remember: those of one subject lie in one bucket.
    #[must_use]
    pub(in crate::engine) fn rules(key: &StateKey) -> Self {
        let machine = machine_prefix(RULES, &key.subject());
        let bucket = bucket_of(&machine);
        let bytes = [&*machine, &codec::to_bytes(key)].concat();
        Self::in_bucket(bucket, bytes.into_boxed_slice())
    }

    /// Returns the key of the block that begins at `start`, of the entity or agent in a queue whose [`Self::pane_blocks`] this is.
    pub(in crate::engine) fn with_start(&self, start: Timestamp) -> Self {
        let bytes = [&*self.bytes, &ordered(start.0)].concat();
        Self::in_bucket(self.bucket, bytes.into_boxed_slice())
    }

    /// A key as the state log has it.
    #[must_use]
    pub(in crate::engine) fn in_bucket(bucket: u16, bytes: Box<[u8]>) -> Self {
        Self {
            bucket: bucket % BUCKETS,
            hash: hash_of(&bytes),
            bytes,
        }
    }

    fn of_machine(bytes: Vec<u8>) -> Self {
        Self::in_bucket(bucket_of(&bytes), bytes.into_boxed_slice())
    }

    pub(in crate::engine) fn by_ref(&self) -> KeyRef<'_> {
        KeyRef {
            bucket: self.bucket,
            hash: self.hash,
            bytes: &self.bytes,
        }
    }
}

impl<'k> KeyRef<'k> {
    /// Returns a key of a bucket below [`BUCKETS`].
    pub(in crate::engine) fn in_bucket(bucket: u16, bytes: &'k [u8]) -> Self {
        Self {
            bucket,
            hash: hash_of(bytes),
            bytes,
        }
    }
}

impl Part {
    /// Reads a key of which records are made: of contacts, if asked for; of agents; of queues and groups, if asked for. `None` for all
    /// others, by a look at the first byte: a restore asks for millions.
    pub(in crate::engine) fn of_record(key: &[u8], contacts: bool, groups: bool) -> Option<Self> {
        match *key.first()? {
            CONTACT if contacts => Self::of(key),
            PANE_BLOCK => Self::of(key),
            GAUGES if groups => Self::of(key),
            _ => None,
        }
    }

    /// Reads a key. `None` for what this version does not know.
    #[must_use]
    pub(in crate::engine) fn of(key: &[u8]) -> Option<Self> {
        let (kind, rest) = key.split_first()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (name, suffix) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let name = std::str::from_utf8(name).ok()?;
        match *kind {
            CONTACT => Some(Self::Contact(ContactId::new(name))),
            CUSTOMER => Some(Self::Customer(Text::new(name))),
            PANE_BLOCK => Some(Self::PaneBlock(Entity::from_name(name)?, start_of(suffix)?)),
            GAUGES => Some(Self::Gauges(Entity::from_name(name)?)),
            OUTBOX => Some(Self::Outbox(name.parse().ok()?)),
            HANDLE_TIME_BASELINE => Some(Self::HandleTimeBaseline(QueueId::new(name))),
            AGENT => Some(Self::Agent(AgentId::new(name))),
            REASONS => Some(Self::Reasons),
            DIRECTORY => Some(Self::Directory),
            NAME => Some(Self::Name(Name::from_key(name)?)),
            OVERFLOW => Some(Self::Overflow(Kind::from_name(name)?)),
            KNOWN => Some(Self::Known(Entity::from_name(name)?)),
            RULES => Some(Self::Rules(codec::from_bytes(suffix).ok()?)),
            SCORECARD => Some(Self::Scorecard(AgentQueue::from_name(name)?)),
            AGENT_QUEUE_BLOCK => Some(Self::AgentQueuePaneBlock(
                AgentQueue::from_name(name)?,
                start_of(suffix)?,
            )),
            _ => None,
        }
    }
}

/// Kind, length and name: no machine's prefix is another's.
fn machine_prefix(kind: u8, name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(3 + name.len());
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes
}

fn hash_of(key: &[u8]) -> u32 {
    (xxh3_64(key) >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "below BUCKETS")]
fn bucket_of(machine: &[u8]) -> u16 {
    (xxh3_64(machine) % u64::from(BUCKETS)) as u16
}

/// Returns bytes that sort as the numbers do.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Reads what [`ordered`] wrote.
pub(in crate::engine) fn start_of(suffix: &[u8]) -> Option<Timestamp> {
    let start = u64::from_be_bytes(suffix.try_into().ok()?) ^ (1 << 63);
    Some(Timestamp(start.cast_signed()))
}
