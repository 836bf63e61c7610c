//! The signals of the last hour as state: batches as they came, the small ones of many steps put together.

use std::collections::{BTreeMap, BTreeSet};

use super::{signal::SignalBatch, state::encode};
use crate::event::Timestamp;

/// A larger batch is left as it is.
const LARGE_BYTES: usize = 4_096;
/// So many small batches become one.
const SMALL_MAX: usize = 256;

/// A numbered part of the state with its image; `None`: gone.
pub(super) type BatchChange = (u64, Option<Vec<u8>>);

#[derive(Debug, Default)]
pub(super) struct Journal {
    /// What has changed since the last [`Self::take_changed`].
    changed: BTreeMap<u64, Option<Vec<u8>>>,
    /// What the small parts hold.
    small: SignalBatch,
    small_parts: Vec<u64>,
    /// The newest pane of each part.
    newest_by_part: BTreeMap<u64, Timestamp>,
}

impl Journal {
    /// Adds a batch, which becomes a part: of its own, or one with others before it.
    pub(super) fn add(&mut self, batch: &SignalBatch) {
        let Some(newest) = batch.newest() else {
            return;
        };
        let last = self.newest_by_part.last_key_value();
        let number = last.map_or(0, |(number, _)| number + 1);
        let image = encode(batch);
        let is_small = image.len() < LARGE_BYTES;
        self.newest_by_part.insert(number, newest);
        self.changed.insert(number, Some(image));
        if is_small {
            self.small.merge(batch.clone());
            self.small_parts.push(number);
            if self.small_parts.len() >= SMALL_MAX {
                self.put_together(number);
            }
        }
    }

    /// Makes one part of the small ones, under the last one's number.
    fn put_together(&mut self, number: u64) {
        let mut small = std::mem::take(&mut self.small);
        small.drop_zeros();
        let mut newest = None;
        for part in std::mem::take(&mut self.small_parts) {
            newest = newest.max(self.newest_by_part.remove(&part));
            self.changed.insert(part, None);
        }
        self.newest_by_part
            .extend(newest.map(|newest| (number, newest)));
        self.changed.insert(number, Some(encode(&small)));
    }

    /// Takes a part up again. Returns its signals.
    ///
    /// # Errors
    /// When its image can't be decoded.
    pub(super) fn restore(
        &mut self,
        number: u64,
        image: &[u8],
    ) -> Result<SignalBatch, minicbor::decode::Error> {
        let batch: SignalBatch = minicbor::decode(image)?;
        if let Some(newest) = batch.newest() {
            self.newest_by_part.insert(number, newest);
        }
        if image.len() < LARGE_BYTES {
            self.small.merge(batch.clone());
            self.small_parts.push(number);
        }
        Ok(batch)
    }

    /// Drops the parts whose newest pane begins before `before`.
    pub(super) fn forget(&mut self, before: Timestamp) {
        let all = self.newest_by_part.iter();
        let gone: BTreeSet<u64> = all
            .filter(|(_, newest)| **newest < before)
            .map(|(number, _)| *number)
            .collect();
        self.newest_by_part
            .retain(|number, _| !gone.contains(number));
        self.small_parts.retain(|number| !gone.contains(number));
        if self.small_parts.is_empty() {
            self.small = SignalBatch::default();
        }
        self.changed
            .extend(gone.into_iter().map(|number| (number, None)));
    }

    /// Returns the parts that have changed since the last call.
    pub(super) fn take_changed(&mut self) -> impl Iterator<Item = BatchChange> {
        std::mem::take(&mut self.changed).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{QueueId, Span},
        rules::{Signal, Subject},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    #[test]
    fn what_is_restored_is_what_was_added_and_is_still_kept() {
        let queue = Subject::Queue(QueueId::new("billing"));
        let mut journal = Journal::default();
        let mut parts: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut all = SignalBatch::default();
        for step in 0..700 {
            let pane = at(15 * (step / 3));
            let mut batch = SignalBatch::default();
            batch.at(queue.clone(), pane).add(Signal::Offered, 1);
            journal.add(&batch);
            all.merge(batch);
            for (number, image) in journal.take_changed() {
                match image {
                    Some(image) => parts.insert(number, image),
                    None => parts.remove(&number),
                };
            }
        }
        assert!(parts.len() < 256, "{}", parts.len());
        let mut restored = Journal::default();
        let mut found = SignalBatch::default();
        for (number, image) in &parts {
            found.merge(restored.restore(*number, image).unwrap());
        }
        assert_eq!(found, all);
        restored.forget(at(15 * 700));
        assert_eq!(restored.take_changed().count(), parts.len());
        assert!(restored.newest_by_part.is_empty() && restored.small.is_empty());
    }
}
