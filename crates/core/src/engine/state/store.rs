//! The parts of a task's state: bytes by key, in buckets. The only place where state lies, and all that a restore restores.
//!
//! A part's image is what the state log holds of it; machines are decoded from it when they are advanced and encoded again
//! at the end of the step. What a step writes is kept as the log will have it, so that no part is looked up twice.

use std::cmp::Ordering;

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use minicbor::{Decode, Encode};

pub(in crate::engine) use crate::engine::state::part::{Part, PartKey};
use crate::{
    engine::state::{
        codec,
        part::{BUCKETS, KeyRef, start_of},
    },
    kpi::PaneBlock,
};

/// A shorter image is logged whole: what is saved would not pay for the work.
const DELTA_FROM_BYTES: usize = 128;
/// Estimated memory and log overhead of one part beside its bytes.
const PART_OVERHEAD_BYTES: usize = 16;

/// What one part takes in memory.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct PartSize {
    pub of: Part,
    pub bytes: usize,
}

#[derive(Debug, PartialEq)]
pub(in crate::engine) struct Store {
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
pub(in crate::engine) struct Changes {
    pub count: u64,
    /// [`PartChange`]s end to end.
    pub bytes: Vec<u8>,
}

/// The change of one part.
#[derive(Debug, Encode, Decode)]
pub(in crate::engine) struct PartChange<'b> {
    #[n(0)]
    pub bucket: u16,
    #[cbor(b(1), with = "minicbor::bytes")]
    pub key: &'b [u8],
    #[b(2)]
    pub image: Image<'b>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(flat)]
pub(in crate::engine) enum Image<'b> {
    #[n(0)]
    Gone,
    #[n(1)]
    Whole(#[cbor(b(0), with = "minicbor::bytes")] &'b [u8]),
    /// An LZ4 block whose dictionary is the image before.
    #[n(2)]
    Delta(#[cbor(b(0), with = "minicbor::bytes")] &'b [u8]),
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
    pub(in crate::engine) fn get(&self, key: &PartKey) -> Option<&[u8]> {
        let bucket = &self.buckets[usize::from(key.bucket)];
        let place = bucket.find(key.by_ref()).ok()?;
        Some(bucket.0[place].image())
    }

    /// Writes a part, and notes it as changed if it is another than before.
    pub(in crate::engine) fn put(&mut self, key: &PartKey, image: &[u8]) {
        let place = self.buckets[usize::from(key.bucket)].find(key.by_ref());
        match place.map(|place| self.buckets[usize::from(key.bucket)].0[place].image()) {
            Ok(known) if known == image => return,
            Ok(known) if image.len() >= DELTA_FROM_BYTES => {
                let delta = compress_prepend_size_with_dict(image, known);
                self.changes.note(key, Image::Delta(&delta));
            }
            _ => self.changes.note(key, Image::Whole(image)),
        }
        self.write_at(place, key.by_ref(), image);
    }

    pub(in crate::engine) fn remove(&mut self, key: &PartKey) {
        if self.clear(key.by_ref()) {
            self.changes.note(key, Image::Gone);
        }
    }

    /// Redoes a change: the part becomes what the log has, or goes.
    ///
    /// # Errors
    /// When the part is not what the log goes on from.
    pub(in crate::engine) fn redo(
        &mut self,
        (bucket, key): (u16, &[u8]),
        to: &Image<'_>,
    ) -> Result<(), String> {
        let key = KeyRef::in_bucket(bucket, key);
        let place = self.buckets[usize::from(key.bucket)].find(key);
        match to {
            Image::Gone => {
                self.clear(key);
            }
            Image::Whole(image) => self.write_at(place, key, image),
            Image::Delta(delta) => {
                let known = place.map_err(|_| "a part is changed that is not there")?;
                let known = self.buckets[usize::from(key.bucket)].0[known].image();
                let image = decompress_size_prepended_with_dict(delta, known)
                    .map_err(|error| error.to_string())?;
                self.write_at(place, key, &image);
            }
        }
        Ok(())
    }

    /// Makes a bucket what the log has of it: its parts in their order.
    pub(in crate::engine) fn replace_bucket<'b>(
        &mut self,
        bucket: u16,
        parts: impl ExactSizeIterator<Item = (&'b [u8], &'b [u8])>,
    ) {
        self.clear_bucket(bucket);
        self.parts += parts.len();
        let slots: Vec<Slot> = parts
            .map(|(key, image)| Slot::new(KeyRef::in_bucket(bucket, key), image))
            .collect();
        let bytes = slots.iter().map(|it| it.bytes.len() + PART_OVERHEAD_BYTES);
        self.bytes += bytes.sum::<usize>();
        let bucket = &mut self.buckets[usize::from(bucket)];
        bucket.0 = slots;
        // Another version may have hashed otherwise.
        if !bucket
            .0
            .is_sorted_by(|one, next| one.order() <= next.order())
        {
            bucket.0.sort_by(|one, next| one.order().cmp(&next.order()));
        }
    }

    /// Writes a part at the place that [`Bucket::find`] returned for its key.
    fn write_at(&mut self, place: Result<usize, usize>, key: KeyRef<'_>, image: &[u8]) {
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

    /// Removes a part. Returns false if it was not there.
    fn clear(&mut self, key: KeyRef<'_>) -> bool {
        let bucket = &mut self.buckets[usize::from(key.bucket)];
        let Ok(place) = bucket.find(key) else {
            return false;
        };
        let slot = bucket.0.remove(place);
        self.bytes -= slot.bytes.len() + PART_OVERHEAD_BYTES;
        self.parts -= 1;
        true
    }

    pub(in crate::engine) fn clear_bucket(&mut self, bucket: u16) {
        let bucket = &mut self.buckets[usize::from(bucket)];
        for slot in bucket.0.drain(..) {
            self.bytes -= slot.bytes.len() + PART_OVERHEAD_BYTES;
            self.parts -= 1;
        }
    }

    /// Takes what was written and removed since the last call. Give the buffer back with [`Self::reuse`].
    pub(in crate::engine) const fn take_changes(&mut self) -> Changes {
        std::mem::replace(
            &mut self.changes,
            Changes {
                count: 0,
                bytes: Vec::new(),
            },
        )
    }

    pub(in crate::engine) fn reuse(&mut self, mut changes: Changes) {
        changes.count = 0;
        changes.bytes.clear();
        self.changes = changes;
    }

    #[must_use]
    pub(in crate::engine) fn bucket(
        &self,
        bucket: u16,
    ) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.buckets[usize::from(bucket)]
            .0
            .iter()
            .map(|slot| (slot.key(), slot.image()))
    }

    /// Returns all blocks of panes whose keys begin with `key`.
    pub(in crate::engine) fn pane_blocks<'s>(
        &'s self,
        key: &PartKey,
    ) -> impl Iterator<Item = PaneBlock<'s>> {
        let slots = self.buckets[usize::from(key.bucket)].0.iter();
        slots.filter_map(|slot| {
            let start = start_of(slot.key().strip_prefix(&*key.bytes)?)?;
            let image = slot.image();
            Some(PaneBlock { start, image })
        })
    }

    /// Returns all parts, bucket by bucket.
    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (Part, &[u8])> {
        self.buckets
            .iter()
            .flat_map(|bucket| &bucket.0)
            .filter_map(|slot| Some((Part::of(slot.key())?, slot.image())))
    }

    /// Returns what the parts take in memory, by whose they are: each its slot, its bytes and what the allocator adds.
    #[must_use]
    pub(in crate::engine) fn sizes(&self) -> Vec<PartSize> {
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

    /// Returns the bytes of all keys and images, with an allowance for each part.
    #[must_use]
    pub(in crate::engine) const fn bytes(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub(in crate::engine) const fn parts(&self) -> usize {
        self.parts
    }
}

impl Bucket {
    /// Returns where the part lies, or belongs.
    fn find(&self, key: KeyRef<'_>) -> Result<usize, usize> {
        self.0.binary_search_by(|slot| slot.cmp_key(key))
    }
}

impl Slot {
    fn new(key: KeyRef<'_>, image: &[u8]) -> Self {
        Self {
            hash: key.hash,
            key_bytes: u32::try_from(key.bytes.len()).unwrap_or(u32::MAX),
            bytes: [key.bytes, image].concat().into_boxed_slice(),
        }
    }

    fn order(&self) -> (u32, &[u8]) {
        (self.hash, self.key())
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

    fn cmp_key(&self, key: KeyRef<'_>) -> Ordering {
        self.order().cmp(&(key.hash, key.bytes))
    }
}

impl Changes {
    fn note(&mut self, key: &PartKey, image: Image<'_>) {
        self.count += 1;
        let change = PartChange {
            bucket: key.bucket,
            key: &key.bytes,
            image,
        };
        codec::write(&change, &mut self.bytes);
    }
}
