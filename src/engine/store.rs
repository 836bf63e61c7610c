//! The parts of a task's state: bytes by key, in buckets. The only place where state lies, and all that a restore restores.
//!
//! A part's image is what the state log holds of it; machines are decoded from it when they are advanced and encoded again
//! at the end of the step. What a step writes is kept as the log will have it, so that no part is looked up twice.

use std::cmp::Ordering;

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use super::{codec, desk::Desk, entity::Entity};
use crate::{
    event::{AgentId, ContactId, QueueId, Text, Timestamp},
    kpi::Leaf,
};

/// Buckets of a task: the unit in which the state log repeats the whole state, turn by turn.
pub(super) const BUCKETS: u16 = 4_096;
/// A shorter image is logged whole: what is saved would not pay for the work.
const SINCE_FROM_BYTES: usize = 128;
/// Estimated memory and log overhead of one part beside its bytes.
const PART_OVERHEAD_BYTES: usize = 16;

/// The key of a part. All parts of one machine begin alike and lie in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartKey {
    pub bucket: u16,
    /// Of the bytes: a bucket is searched by it.
    hash: u32,
    pub bytes: Box<[u8]>,
}

/// What a key is the key of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Contact(ContactId),
    /// Keyed hash.
    Customer(Text),
    /// Panes, and where the time begins that they are of.
    Leaf(Entity, Timestamp),
    Gauges(Entity),
    /// What waits for a task.
    Outbox(u16),
    /// What contacts usually take in a queue.
    Usual(QueueId),
    Agent(AgentId),
    /// All reasons of being away that panes count.
    Reasons,
    Directory,
    DeskLeaf(Desk, Timestamp),
}

/// What one part takes in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PartSize {
    pub of: Part,
    pub bytes: usize,
}

const CONTACT: u8 = b'c';
const CUSTOMER: u8 = b'k';
const LEAF: u8 = b'l';
const GAUGES: u8 = b'g';
const OUTBOX: u8 = b'o';
const USUAL: u8 = b'u';
const AGENT: u8 = b'a';
const REASONS: u8 = b'r';
const DIRECTORY: u8 = b'd';
const DESK_LEAF: u8 = b's';

#[derive(Debug, PartialEq)]
pub(super) struct Store {
    buckets: Vec<Bucket>,
    bytes: usize,
    parts: usize,
    changes: Changes,
}

/// Parts by hash, then key: the same parts lie in the same order, however they came.
#[derive(Debug, Clone, PartialEq, Default)]
struct Bucket(Vec<Slot>);

/// A part: its key and image end to end.
#[derive(Debug, Clone, PartialEq)]
struct Slot {
    hash: u32,
    key_bytes: u32,
    bytes: Box<[u8]>,
}

/// What a step has written and removed so far, in order, as the state log has it. A part may be in it twice: the last counts.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Changes {
    pub count: u64,
    /// [`Change`]s end to end.
    pub bytes: Vec<u8>,
}

/// What became of one part.
#[derive(Debug, Encode, Decode)]
pub(super) struct Change<'b> {
    #[n(0)]
    pub bucket: u16,
    #[cbor(b(1), with = "minicbor::bytes")]
    pub key: &'b [u8],
    #[b(2)]
    pub image: Image<'b>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(flat)]
pub(super) enum Image<'b> {
    #[n(0)]
    Gone,
    #[n(1)]
    Whole(#[cbor(b(0), with = "minicbor::bytes")] &'b [u8]),
    /// An LZ4 block whose dictionary is the image before.
    #[n(2)]
    Since(#[cbor(b(0), with = "minicbor::bytes")] &'b [u8]),
}

impl Default for Store {
    fn default() -> Self {
        Self {
            buckets: vec![Bucket::default(); usize::from(BUCKETS)],
            bytes: 0,
            parts: 0,
            changes: Changes::default(),
        }
    }
}

impl Store {
    #[must_use]
    pub(super) fn get(&self, key: &PartKey) -> Option<&[u8]> {
        let bucket = &self.buckets[usize::from(key.bucket)];
        let place = bucket.find(key).ok()?;
        Some(bucket.0[place].image())
    }

    /// Writes a part, and notes it as changed if it is another than before.
    pub(super) fn put(&mut self, key: &PartKey, image: &[u8]) {
        let place = self.buckets[usize::from(key.bucket)].find(key);
        match place.map(|place| self.buckets[usize::from(key.bucket)].0[place].image()) {
            Ok(known) if known == image => return,
            Ok(known) if image.len() >= SINCE_FROM_BYTES => {
                let since = compress_prepend_size_with_dict(image, known);
                self.changes.note(key, Image::Since(&since));
            }
            _ => self.changes.note(key, Image::Whole(image)),
        }
        self.write_at(place, key, image);
    }

    pub(super) fn remove(&mut self, key: &PartKey) {
        if self.clear(key) {
            self.changes.note(key, Image::Gone);
        }
    }

    /// Physical redo: the part is what the log says, or gone.
    ///
    /// # Errors
    /// When the part is not what the log goes on from.
    pub(super) fn redo(&mut self, key: &PartKey, to: &Image<'_>) -> Result<(), String> {
        match to {
            Image::Gone => {
                self.clear(key);
            }
            Image::Whole(image) => self.overwrite(key, image),
            Image::Since(since) => {
                let known = self.get(key).ok_or("a part is changed that is not there")?;
                let image = decompress_size_prepended_with_dict(since, known)
                    .map_err(|error| error.to_string())?;
                self.overwrite(key, &image);
            }
        }
        Ok(())
    }

    pub(super) fn overwrite(&mut self, key: &PartKey, image: &[u8]) {
        let place = self.buckets[usize::from(key.bucket)].find(key);
        self.write_at(place, key, image);
    }

    /// With what [`Bucket::find`] says of the key.
    fn write_at(&mut self, place: Result<usize, usize>, key: &PartKey, image: &[u8]) {
        let bucket = &mut self.buckets[usize::from(key.bucket)];
        match place {
            Ok(place) => {
                let known = &mut bucket.0[place];
                self.bytes = self.bytes - known.image().len() + image.len();
                known.set_image(image);
            }
            Err(place) => {
                self.bytes += key.bytes.len() + image.len() + PART_OVERHEAD_BYTES;
                self.parts += 1;
                bucket.0.insert(place, Slot::new(key, image));
            }
        }
    }

    /// False if it was not there.
    fn clear(&mut self, key: &PartKey) -> bool {
        let bucket = &mut self.buckets[usize::from(key.bucket)];
        let Ok(place) = bucket.find(key) else {
            return false;
        };
        let slot = bucket.0.remove(place);
        self.bytes -= slot.bytes.len() + PART_OVERHEAD_BYTES;
        self.parts -= 1;
        true
    }

    pub(super) fn clear_bucket(&mut self, bucket: u16) {
        let bucket = &mut self.buckets[usize::from(bucket)];
        for slot in bucket.0.drain(..) {
            self.bytes -= slot.bytes.len() + PART_OVERHEAD_BYTES;
            self.parts -= 1;
        }
    }

    /// What was written and removed since the last call. Give the buffer back with [`Self::reuse`].
    pub(super) const fn take_changes(&mut self) -> Changes {
        std::mem::replace(
            &mut self.changes,
            Changes {
                count: 0,
                bytes: Vec::new(),
            },
        )
    }

    pub(super) fn reuse(&mut self, mut changes: Changes) {
        changes.count = 0;
        changes.bytes.clear();
        self.changes = changes;
    }

    #[must_use]
    pub(super) fn bucket(&self, bucket: u16) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.buckets[usize::from(bucket)]
            .0
            .iter()
            .map(|slot| (slot.key(), slot.image()))
    }

    /// All leaves whose keys begin with `key`.
    pub(super) fn leaves<'s>(&'s self, key: &PartKey) -> impl Iterator<Item = Leaf<'s>> {
        let slots = self.buckets[usize::from(key.bucket)].0.iter();
        slots.filter_map(|slot| {
            let start = start_of(slot.key().strip_prefix(&*key.bytes)?)?;
            let image = slot.image();
            Some(Leaf { start, image })
        })
    }

    /// All parts, bucket by bucket.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Part, &[u8])> {
        self.buckets
            .iter()
            .flat_map(|bucket| &bucket.0)
            .filter_map(|slot| Some((Part::of(slot.key())?, slot.image())))
    }

    /// What the parts take in memory, by whose they are: each its slot, its bytes and what the allocator adds.
    #[must_use]
    pub(super) fn sizes(&self) -> Vec<PartSize> {
        const ALLOCATOR_STEP: usize = 16;
        let slots = self.buckets.iter().flat_map(|bucket| &bucket.0);
        let size = |slot: &Slot| {
            let bytes = slot.bytes.len().next_multiple_of(ALLOCATOR_STEP);
            Some(PartSize {
                of: Part::of(slot.key())?,
                bytes: bytes + size_of::<Slot>(),
            })
        };
        slots.filter_map(size).collect()
    }

    /// Bytes of all keys and images, with an allowance for each part.
    #[must_use]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub(super) const fn parts(&self) -> usize {
        self.parts
    }
}

impl Bucket {
    /// Where the part lies, or belongs.
    fn find(&self, key: &PartKey) -> Result<usize, usize> {
        self.0.binary_search_by(|slot| slot.cmp_key(key))
    }
}

impl Slot {
    fn new(key: &PartKey, image: &[u8]) -> Self {
        Self {
            hash: key.hash,
            key_bytes: u32::try_from(key.bytes.len()).unwrap_or(u32::MAX),
            bytes: [&key.bytes, image].concat().into_boxed_slice(),
        }
    }

    fn key(&self) -> &[u8] {
        &self.bytes[..self.key_bytes as usize]
    }

    fn image(&self) -> &[u8] {
        &self.bytes[self.key_bytes as usize..]
    }

    fn set_image(&mut self, image: &[u8]) {
        if image.len() == self.image().len() {
            self.bytes[self.key_bytes as usize..].copy_from_slice(image);
        } else {
            self.bytes = [self.key(), image].concat().into_boxed_slice();
        }
    }

    fn cmp_key(&self, key: &PartKey) -> Ordering {
        (self.hash.cmp(&key.hash)).then_with(|| self.key().cmp(&key.bytes))
    }
}

impl Changes {
    fn note(&mut self, key: &PartKey, image: Image<'_>) {
        self.count += 1;
        let change = Change {
            bucket: key.bucket,
            key: &key.bytes,
            image,
        };
        codec::write(&change, &mut self.bytes);
    }
}

impl PartKey {
    #[must_use]
    pub(super) fn contact(id: &ContactId) -> Self {
        Self::of_machine(machine_prefix(CONTACT, id.as_str()))
    }

    #[must_use]
    pub(super) fn customer(id: &Text) -> Self {
        Self::of_machine(machine_prefix(CUSTOMER, id))
    }

    #[must_use]
    pub(super) fn gauges(entity: &Entity) -> Self {
        Self::of_machine(machine_prefix(GAUGES, &entity.name()))
    }

    #[must_use]
    pub(super) fn outbox(task: u16) -> Self {
        Self::of_machine(machine_prefix(OUTBOX, &task.to_string()))
    }

    #[must_use]
    pub(super) fn usual(queue: &QueueId) -> Self {
        Self::of_machine(machine_prefix(USUAL, queue.as_str()))
    }

    #[must_use]
    pub(super) fn agent(agent: &AgentId) -> Self {
        Self::of_machine(machine_prefix(AGENT, agent.as_str()))
    }

    #[must_use]
    pub(super) fn reasons() -> Self {
        Self::of_machine(machine_prefix(REASONS, ""))
    }

    #[must_use]
    pub(super) fn directory() -> Self {
        Self::of_machine(machine_prefix(DIRECTORY, ""))
    }

    /// What all keys of an entity's leaves begin with; see [`Self::with_start`].
    #[must_use]
    pub(super) fn leaves(entity: &Entity) -> Self {
        Self::of_machine(machine_prefix(LEAF, &entity.name()))
    }

    /// What all keys of a desk's leaves begin with.
    #[must_use]
    pub(super) fn desk_leaves(desk: &Desk) -> Self {
        Self::of_machine(machine_prefix(DESK_LEAF, &desk.name()))
    }

    /// The leaf that begins at `start`, of the entity or desk whose [`Self::leaves`] this is.
    pub(super) fn with_start(&self, start: Timestamp) -> Self {
        let bytes = [&*self.bytes, &ordered(start.0)].concat();
        Self::in_bucket(self.bucket, bytes.into_boxed_slice())
    }

    /// A key as the state log has it.
    #[must_use]
    pub(super) fn in_bucket(bucket: u16, bytes: Box<[u8]>) -> Self {
        Self {
            bucket: bucket % BUCKETS,
            hash: (xxh3_64(&bytes) >> 32) as u32,
            bytes,
        }
    }

    fn of_machine(bytes: Vec<u8>) -> Self {
        Self::in_bucket(bucket_of(&bytes), bytes.into_boxed_slice())
    }
}

impl Part {
    /// Reads a key. `None` for what this version does not know.
    #[must_use]
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let (kind, rest) = key.split_first()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (name, suffix) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let name = std::str::from_utf8(name).ok()?;
        match *kind {
            CONTACT => Some(Self::Contact(ContactId::new(name))),
            CUSTOMER => Some(Self::Customer(Text::new(name))),
            LEAF => Some(Self::Leaf(Entity::from_name(name)?, start_of(suffix)?)),
            GAUGES => Some(Self::Gauges(Entity::from_name(name)?)),
            OUTBOX => Some(Self::Outbox(name.parse().ok()?)),
            USUAL => Some(Self::Usual(QueueId::new(name))),
            AGENT => Some(Self::Agent(AgentId::new(name))),
            REASONS => Some(Self::Reasons),
            DIRECTORY => Some(Self::Directory),
            DESK_LEAF => Some(Self::DeskLeaf(Desk::from_name(name)?, start_of(suffix)?)),
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

#[expect(clippy::cast_possible_truncation, reason = "below BUCKETS")]
fn bucket_of(machine: &[u8]) -> u16 {
    (xxh3_64(machine) % u64::from(BUCKETS)) as u16
}

/// Bytes that sort as the numbers do.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Of what [`ordered`] wrote.
fn start_of(suffix: &[u8]) -> Option<Timestamp> {
    let start = u64::from_be_bytes(suffix.try_into().ok()?) ^ (1 << 63);
    Some(Timestamp(start.cast_signed()))
}
