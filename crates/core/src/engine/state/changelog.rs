//! The records of the state log: what a step changed, as after-images, and a slice of everything else.
//!
//! Each record repeats some buckets whole, round robin, so that the last checkpoint cycle of the log is always the whole state. Physical
//! redo: applying a record is overwriting.

use std::collections::VecDeque;

use minicbor::{Decode, Encode, Encoder};

use crate::engine::{
    TaskError,
    state::{
        codec,
        meta::Meta,
        part::BUCKETS,
        store::{Changes, Part, PartChange, Store},
    },
};

/// The format of state records and parts that is written: a new one where a binary of the old would fail to decode a part, so that it refuses
/// the record by its format instead. Parts gain fields without a new one.
const FORMAT: u32 = 4;
/// All formats from this one on are read.
const OLDEST_FORMAT: u32 = 3;
/// Kafka's default limit for a record is 1 MB.
const CHUNK_BYTES_MAX: usize = 900 * 1_024;

/// One record: a step's bytes, or a piece of them when they are many.
#[derive(Debug, Encode, Decode)]
struct Chunk<'b> {
    #[n(0)]
    format: u32,
    #[n(1)]
    task: u16,
    #[n(2)]
    seq: u64,
    #[n(3)]
    piece: u32,
    #[n(4)]
    pieces: u32,
    #[cbor(b(5), with = "minicbor::bytes")]
    bytes: &'b [u8],
}

/// What the pieces hold together.
#[derive(Debug, Decode)]
struct Body<'b> {
    #[n(0)]
    meta: Meta,
    #[b(1)]
    changes: Vec<PartChange<'b>>,
    #[b(2)]
    buckets: Vec<WholeBucket<'b>>,
}

#[derive(Debug, Encode, Decode)]
struct WholeBucket<'b> {
    #[n(0)]
    bucket: u16,
    #[b(1)]
    parts: Vec<BucketPart<'b>>,
}

#[derive(Debug, Encode, Decode)]
struct BucketPart<'b> {
    #[cbor(b(0), with = "minicbor::bytes")]
    key: &'b [u8],
    #[cbor(b(1), with = "minicbor::bytes")]
    image: &'b [u8],
}

/// The incremental checkpoint: which buckets were written whole, and where a restore has to begin to read.
#[derive(Debug, Default)]
pub(in crate::engine) struct CheckpointCycle {
    /// The next bucket to be written whole.
    cursor: u16,
    /// Bytes of whole buckets that the log is behind by.
    owed_bytes: f64,
    /// Whole buckets in committed records, oldest first: offset of the record, number of buckets.
    committed: VecDeque<(i64, u16)>,
    /// Steps not known to be committed.
    cut: VecDeque<Cut>,
    /// Buckets in `committed`.
    covered: usize,
    /// The first step since contacts' records were written: from it on, the log holds which of them are due.
    unwritten_from: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    seq: u64,
    buckets: u16,
    contacts_written: bool,
}

/// Packs steps. Its buffers are kept: they are as large as the largest step.
#[derive(Debug)]
pub(in crate::engine) struct Writer {
    task: u16,
    /// The share of this task in what a restart may read.
    bytes_max: u64,
    body: Vec<u8>,
}

impl Writer {
    pub(in crate::engine) const fn new(task: u16, bytes_max: u64) -> Self {
        Self {
            task,
            bytes_max,
            body: Vec::new(),
        }
    }

    /// Packs a step's changes and the next whole buckets.
    pub(in crate::engine) fn write_records(
        &mut self,
        meta: &Meta,
        store: &mut Store,
        cycle: &mut CheckpointCycle,
    ) -> Vec<Vec<u8>> {
        let changes = store.take_changes();
        let buckets = cycle.next_buckets(meta, changes.bytes.len(), store, self.bytes_max);
        let buckets = buckets.map(|bucket| WholeBucket::of(bucket, store));
        self.write_body(meta, &changes, &buckets.collect::<Vec<_>>());
        store.reuse(changes);
        chunks(self.task, meta.seq, &self.body)
    }

    /// Writes a [`Body`]; the changes are there as they were noted.
    #[expect(clippy::expect_used, reason = "writing into a Vec is infallible")]
    fn write_body(&mut self, meta: &Meta, changes: &Changes, buckets: &[WholeBucket<'_>]) {
        self.body.clear();
        let mut encoder = Encoder::new(&mut self.body);
        (encoder.array(3))
            .and_then(|encoder| encoder.encode(meta)?.array(changes.count)?.ok())
            .expect("writing into memory");
        self.body.extend_from_slice(&changes.bytes);
        codec::write(&buckets, &mut self.body);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a step is far below 4 billion pieces"
)]
fn chunks(task: u16, seq: u64, body: &[u8]) -> Vec<Vec<u8>> {
    let pieces = body.chunks(CHUNK_BYTES_MAX);
    let count = pieces.len() as u32;
    let chunk = |(piece, bytes)| Chunk {
        format: FORMAT,
        task,
        seq,
        piece: piece as u32,
        pieces: count,
        bytes,
    };
    (pieces.enumerate().map(chunk))
        .map(|chunk| codec::to_bytes(&chunk))
        .collect()
}

impl Chunk<'_> {
    fn check_format(&self) -> Result<(), TaskError> {
        let (task, seq, found, known) = (self.task, self.seq, self.format, FORMAT);
        if found > known {
            Err(TaskError::NewerFormat {
                task,
                seq,
                found,
                known,
            })
        } else if found < OLDEST_FORMAT {
            Err(TaskError::OlderFormat {
                task,
                seq,
                found,
                known,
            })
        } else {
            Ok(())
        }
    }
}

impl<'b> WholeBucket<'b> {
    fn of(bucket: u16, store: &'b Store) -> Self {
        let parts = store.bucket(bucket);
        Self {
            bucket,
            parts: parts
                .map(|(key, image)| BucketPart { key, image })
                .collect(),
        }
    }
}

impl CheckpointCycle {
    /// Chooses buckets so that one cycle of the log holds at most `bytes_max`: for each byte of changes, `S / (max − S)`
    /// bytes of whole buckets, with the state's size S.
    #[expect(clippy::cast_precision_loss, reason = "bytes are far below 2^53")]
    fn next_buckets(
        &mut self,
        meta: &Meta,
        image_bytes: usize,
        store: &Store,
        bytes_max: u64,
    ) -> impl Iterator<Item = u16> + use<> {
        let state = store.bytes() as f64;
        let spare = (bytes_max as f64 - state).max(state / 2.0);
        self.owed_bytes += image_bytes as f64 * state / spare.max(1.0);
        let first = self.cursor;
        let mut count = 0;
        while count < BUCKETS && self.owed_bytes > 0.0 {
            let bucket = (first + count) % BUCKETS;
            let parts = store.bucket(bucket);
            let bytes: usize = parts.map(|(key, image)| key.len() + image.len() + 4).sum();
            self.owed_bytes -= bytes as f64 + 2.0;
            count += 1;
        }
        if count == BUCKETS {
            self.owed_bytes = 0.0;
        }
        self.cursor = (first + count) % BUCKETS;
        self.cut.push_back(Cut {
            seq: meta.seq,
            buckets: count,
            contacts_written: meta.contacts_written,
        });
        (0..count).map(move |place| (first + place) % BUCKETS)
    }

    /// Makes the next record hold the whole state.
    pub(in crate::engine) const fn write_all(&mut self) {
        self.owed_bytes = f64::INFINITY;
    }

    /// Notes at which offset a committed step's first record lies.
    pub(in crate::engine) fn handle_committed(&mut self, seq: u64, offset: i64) {
        while let Some(cut) = self.cut.front().copied()
            && cut.seq <= seq
        {
            self.cut.pop_front();
            self.see_step(offset, cut.contacts_written);
            self.cover(offset, cut.buckets);
        }
    }

    const fn see_step(&mut self, offset: i64, contacts_written: bool) {
        if contacts_written {
            self.unwritten_from = None;
        } else if self.unwritten_from.is_none() {
            self.unwritten_from = Some(offset);
        }
    }

    fn cover(&mut self, offset: i64, count: u16) {
        if count == 0 {
            return;
        }
        self.committed.push_back((offset, count));
        self.covered += usize::from(count);
        while let Some((_, oldest)) = self.committed.front()
            && self.covered - usize::from(*oldest) >= usize::from(BUCKETS)
        {
            self.covered -= usize::from(*oldest);
            self.committed.pop_front();
        }
    }

    /// Returns the offset of the oldest bucket that is still the newest of its kind, or of the first step that holds which
    /// records are due. `None` before the first cycle is complete.
    #[must_use]
    pub(in crate::engine) fn restore_from(&self) -> Option<i64> {
        let cycle_is_complete = self.covered >= usize::from(BUCKETS);
        let (oldest, _) = self.committed.front().filter(|_| cycle_is_complete)?;
        Some(
            self.unwritten_from
                .map_or(*oldest, |from| from.min(*oldest)),
        )
    }
}

/// Puts a task's state together again, record by record.
#[derive(Debug, Default)]
pub(in crate::engine) struct Reader {
    /// Buckets whose parts are known: they were read whole, or from their first step on. Changes of others go on from parts that
    /// were not read, and are in the log again by the time these are whole.
    known: Vec<bool>,
    pieces: Vec<u8>,
    /// Offset of the first record of the step that is being put together.
    first_offset: i64,
    /// The last step that was applied. What a step changes goes on from the step before it.
    last: Option<u64>,
}

/// What a restored step holds beside its images.
#[derive(Debug)]
pub(in crate::engine) struct Restored {
    pub meta: Meta,
    /// The parts that the step itself changed and whose records it may not have written.
    pub changed: Vec<Part>,
}

impl Reader {
    /// Applies a record. Returns the number of its step, and the step once its last piece is there.
    ///
    /// # Errors
    /// When the record is of another format, damaged, or out of sequence.
    pub(in crate::engine) fn read(
        &mut self,
        offset: i64,
        record: &[u8],
        store: &mut Store,
        cycle: &mut CheckpointCycle,
    ) -> Result<(u64, Option<Restored>), TaskError> {
        let chunk: Chunk<'_> = codec::from_bytes(record).map_err(|error| corrupt(0, &error))?;
        let task = chunk.task;
        chunk.check_format()?;
        if chunk.piece == 0 {
            self.pieces.clear();
            self.first_offset = offset;
        } else if self.pieces.is_empty() {
            // Of a step whose first records are gone.
            return Ok((chunk.seq, None));
        }
        if self.known.is_empty() {
            self.known = vec![chunk.seq == 1; usize::from(BUCKETS)];
        }
        if chunk.pieces == 1 {
            let restored = self.read_step((task, chunk.seq), chunk.bytes, store, cycle)?;
            return Ok((chunk.seq, Some(restored)));
        }
        self.pieces.extend_from_slice(chunk.bytes);
        if chunk.piece + 1 < chunk.pieces {
            return Ok((chunk.seq, None));
        }
        let bytes = std::mem::take(&mut self.pieces);
        let restored = self.read_step((task, chunk.seq), &bytes, store, cycle)?;
        Ok((chunk.seq, Some(restored)))
    }

    fn read_step(
        &mut self,
        (task, seq): (u16, u64),
        bytes: &[u8],
        store: &mut Store,
        cycle: &mut CheckpointCycle,
    ) -> Result<Restored, TaskError> {
        if let Some(last) = self.last.replace(seq)
            && seq != last + 1
        {
            return Err(TaskError::StepGap { task, seq, last });
        }
        let body: Body<'_> = codec::from_bytes(bytes).map_err(|error| corrupt(task, &error))?;
        (body.apply(store, &mut self.known)).map_err(|error| corrupt(task, &error))?;
        let changed = body.changed();
        cycle.restored(self.first_offset, &body.buckets);
        let meta = body.meta;
        cycle.see_step(self.first_offset, meta.contacts_written);
        Ok(Restored { meta, changed })
    }

    /// Returns whether what was read is the whole state.
    #[must_use]
    pub(in crate::engine) fn is_whole(&self) -> bool {
        self.known.iter().all(|known| *known)
    }
}

impl Body<'_> {
    /// Overwrites.
    fn apply(&self, store: &mut Store, known: &mut [bool]) -> Result<(), String> {
        for change in &self.changes {
            let bucket = change.bucket % BUCKETS;
            if known[usize::from(bucket)] {
                store.redo((bucket, change.key), &change.image)?;
            }
        }
        for whole in &self.buckets {
            let bucket = whole.bucket % BUCKETS;
            known[usize::from(bucket)] = true;
            let parts = whole.parts.iter().map(|part| (part.key, part.image));
            store.replace_bucket(bucket, parts);
        }
        Ok(())
    }

    /// Returns what the step itself changed, but for what it wrote the records of: most of a log is of contacts whose records are
    /// written.
    fn changed(&self) -> Vec<Part> {
        let (contacts, groups) = (!self.meta.contacts_written, !self.meta.groups_written);
        let changed = self.changes.iter().map(|change| change.key);
        changed
            .filter_map(|key| Part::of_record(key, contacts, groups))
            .collect()
    }
}

impl CheckpointCycle {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a record holds at most all buckets once"
    )]
    fn restored(&mut self, offset: i64, buckets: &[WholeBucket<'_>]) {
        if let Some(last) = buckets.last() {
            self.cursor = (last.bucket + 1) % BUCKETS;
            self.cover(offset, buckets.len() as u16);
        }
    }
}

fn corrupt(task: u16, error: &impl ToString) -> TaskError {
    TaskError::Corrupt {
        task,
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the error of a reader for a record of this format.
    fn refusal(format: u32) -> Option<String> {
        let chunk = Chunk {
            format,
            task: 3,
            seq: 7,
            piece: 0,
            pieces: 2,
            bytes: &[],
        };
        let (mut store, mut cycle) = (Store::default(), CheckpointCycle::default());
        let record = codec::to_bytes(&chunk);
        let read = Reader::default().read(0, &record, &mut store, &mut cycle);
        read.err().map(|error| error.to_string())
    }

    /// Returns the result of a reader for steps in this order.
    fn read_in_order(seqs: &[u64]) -> Result<(), TaskError> {
        let (mut store, mut cycle) = (Store::default(), CheckpointCycle::default());
        let mut reader = Reader::default();
        for (offset, seq) in (0..).zip(seqs) {
            let meta = Meta {
                seq: *seq,
                ..Meta::default()
            };
            let mut writer = Writer::new(3, 1_000_000);
            let records = writer.write_records(
                &meta,
                &mut Store::default(),
                &mut CheckpointCycle::default(),
            );
            reader.read(offset, &records[0], &mut store, &mut cycle)?;
        }
        Ok(())
    }

    #[test]
    fn a_step_that_is_missing_or_comes_twice_is_named() {
        assert_eq!(read_in_order(&[5, 6, 7]), Ok(()));
        let gap = |seq, last| Err(TaskError::StepGap { task: 3, seq, last });
        assert_eq!(read_in_order(&[5, 7]), gap(7, 5));
        assert_eq!(read_in_order(&[5, 6, 6]), gap(6, 6));
    }

    #[test]
    fn another_format_is_refused_and_the_refusal_names_what_to_start() {
        assert_eq!((refusal(FORMAT), refusal(OLDEST_FORMAT)), (None, None));
        assert_eq!(
            refusal(FORMAT + 1).unwrap(),
            "state record 7 of task 3 was written by format 5, newer than 4: start a newer binary"
        );
        assert_eq!(
            refusal(OLDEST_FORMAT - 1).unwrap(),
            "state record 7 of task 3 was written by format 2, which 4 can't read: start the binary that wrote it, or choose another `prefix` and begin anew"
        );
    }
}
