//! The parts of a task's state: bytes by key, in buckets. The only place where state lies, and all that a restore restores.
//!
//! A part's image is what the state log holds of it; machines are decoded from it when they are advanced and encoded again
//! at the end of the step.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::entity::Entity;
use crate::{
    event::{ContactId, Text, Timestamp},
    kpi::Pane,
};

/// Buckets of a task: the unit in which the state log repeats the whole state, turn by turn.
pub(super) const BUCKETS: u16 = 4_096;
/// Estimated memory and log overhead of one part beside its bytes.
const PART_OVERHEAD_BYTES: usize = 16;

/// The key of a part. All parts of one machine begin alike and lie in one bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartKey {
    pub bucket: u16,
    pub bytes: Box<[u8]>,
}

/// What a key is the key of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Contact(ContactId),
    /// Keyed hash.
    Customer(Text),
    Pane(Entity, Pane),
    Gauges(Entity),
}

const CONTACT: u8 = b'c';
const CUSTOMER: u8 = b'k';
const PANE: u8 = b'p';
const GAUGES: u8 = b'g';

type Bucket = BTreeMap<Box<[u8]>, Box<[u8]>>;

#[derive(Debug, PartialEq)]
pub(super) struct Store {
    buckets: Vec<Bucket>,
    bytes: usize,
    parts: usize,
    /// Keys written or removed since the last [`Store::take_changed`].
    changed: Vec<PartKey>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            buckets: vec![Bucket::new(); usize::from(BUCKETS)],
            bytes: 0,
            parts: 0,
            changed: Vec::new(),
        }
    }
}

impl Store {
    #[must_use]
    pub(super) fn get(&self, key: &PartKey) -> Option<&[u8]> {
        self.buckets[usize::from(key.bucket)]
            .get(&key.bytes)
            .map(|image| &**image)
    }

    /// Writes a part, and marks it changed if it is another than before.
    pub(super) fn put(&mut self, key: &PartKey, image: &[u8]) {
        if self.get(key) != Some(image) {
            self.overwrite(key, Some(image));
            self.changed.push(key.clone());
        }
    }

    pub(super) fn remove(&mut self, key: &PartKey) {
        if self.get(key).is_some() {
            self.overwrite(key, None);
            self.changed.push(key.clone());
        }
    }

    /// Physical redo: the part is what the log says, or gone.
    pub(super) fn overwrite(&mut self, key: &PartKey, image: Option<&[u8]>) {
        let bucket = &mut self.buckets[usize::from(key.bucket)];
        let overhead = key.bytes.len() + PART_OVERHEAD_BYTES;
        match (bucket.get_mut(&key.bytes), image) {
            (Some(known), Some(image)) => {
                self.bytes = self.bytes - known.len() + image.len();
                if known.len() == image.len() {
                    known.copy_from_slice(image);
                } else {
                    *known = image.into();
                }
            }
            (None, Some(image)) => {
                self.bytes += image.len() + overhead;
                self.parts += 1;
                bucket.insert(key.bytes.clone(), image.into());
            }
            (Some(known), None) => {
                self.bytes -= known.len() + overhead;
                self.parts -= 1;
                bucket.remove(&key.bytes);
            }
            (None, None) => {}
        }
    }

    pub(super) fn clear_bucket(&mut self, bucket: u16) {
        let keys: Vec<Box<[u8]>> = self.buckets[usize::from(bucket)].keys().cloned().collect();
        for bytes in keys {
            self.overwrite(&PartKey { bucket, bytes }, None);
        }
    }

    /// The keys changed since the last call, each once, in order.
    pub(super) fn take_changed(&mut self) -> Vec<PartKey> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    #[must_use]
    pub(super) fn bucket(&self, bucket: u16) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.buckets[usize::from(bucket)]
            .iter()
            .map(|(key, image)| (&**key, &**image))
    }

    /// The panes of an entity with their images, lowest level first.
    pub(super) fn panes<'s>(&'s self, entity: &Entity) -> impl Iterator<Item = (Pane, &'s [u8])> {
        let prefix = machine_prefix(PANE, &entity.name());
        let bucket = &self.buckets[usize::from(bucket_of(&prefix))];
        let length = prefix.len();
        bucket
            .range(prefix.clone().into_boxed_slice()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .filter_map(move |(key, image)| Some((pane_of(key.get(length..)?)?, &**image)))
    }

    /// All parts, bucket by bucket.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Part, &[u8])> {
        self.buckets
            .iter()
            .flatten()
            .filter_map(|(key, image)| Some((Part::of(key)?, &**image)))
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

impl PartKey {
    #[must_use]
    pub(super) fn contact(id: &ContactId) -> Self {
        Self::new(machine_prefix(CONTACT, id.as_str()), &[])
    }

    #[must_use]
    pub(super) fn customer(id: &Text) -> Self {
        Self::new(machine_prefix(CUSTOMER, id), &[])
    }

    #[must_use]
    pub(super) fn gauges(entity: &Entity) -> Self {
        Self::new(machine_prefix(GAUGES, &entity.name()), &[])
    }

    #[must_use]
    /// What all keys of an entity's panes begin with; see [`Self::with_pane`].
    pub(super) fn panes(entity: &Entity) -> Self {
        Self::new(machine_prefix(PANE, &entity.name()), &[])
    }

    /// A pane of the entity whose [`Self::panes`] this is.
    pub(super) fn with_pane(&self, pane: Pane) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 9);
        bytes.extend_from_slice(&self.bytes);
        bytes.push(pane.level);
        bytes.extend_from_slice(&ordered(pane.start.0));
        Self {
            bucket: self.bucket,
            bytes: bytes.into_boxed_slice(),
        }
    }

    fn new(mut bytes: Vec<u8>, suffix: &[u8]) -> Self {
        let bucket = bucket_of(&bytes);
        bytes.extend_from_slice(suffix);
        Self {
            bucket,
            bytes: bytes.into_boxed_slice(),
        }
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
            PANE => Some(Self::Pane(Entity::from_name(name)?, pane_of(suffix)?)),
            GAUGES => Some(Self::Gauges(Entity::from_name(name)?)),
            _ => None,
        }
    }
}

/// Kind, length and name: no machine's prefix is another's.
fn machine_prefix(kind: u8, name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(3 + name.len() + 9);
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

fn pane_of(suffix: &[u8]) -> Option<Pane> {
    let (level, start) = suffix.split_first()?;
    let start = u64::from_be_bytes(start.try_into().ok()?) ^ (1 << 63);
    Some(Pane {
        level: *level,
        start: Timestamp(start.cast_signed()),
    })
}
