//! The signals of the last hour as state: batches as they came, the small ones of many steps put together.

use std::collections::BTreeMap;

use super::{
    signal::{SignalBatch, Signals, Subject},
    state::encode,
};
use crate::event::Timestamp;

/// A larger batch is left as it is.
const LARGE_BYTES: usize = 4_096;
/// So many small batches become one.
const SMALL_MAX: usize = 256;

/// A numbered part of the state with its image; `None`: gone.
pub(super) type BatchChange = (u64, Option<Vec<u8>>);

#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Since the last [`Self::take_changed`].
    new: SignalBatch,
    /// What the small parts hold.
    small: SignalBatch,
    small_parts: Vec<u64>,
    /// The newest pane of each part.
    newest_by_part: BTreeMap<u64, Timestamp>,
    gone: Vec<u64>,
}

impl Journal {
    pub(super) fn add(&mut self, pane: Timestamp, subject: &Subject, signals: &Signals) {
        self.new.at(subject.clone(), pane).merge(signals);
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
        let gone = self.newest_by_part.extract_if(.., |_, newest| *newest < before);
        let from = self.gone.len();
        self.gone.extend(gone.map(|(number, _)| number));
        let gone = &self.gone[from..];
        if self.small_parts.iter().any(|number| gone.contains(number)) {
            self.small_parts.retain(|number| !gone.contains(number));
            if self.small_parts.is_empty() {
                self.small = SignalBatch::default();
            }
        }
    }

    /// Returns the parts that have changed since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<BatchChange> {
        let gone = std::mem::take(&mut self.gone);
        let mut changes: Vec<BatchChange> =
            gone.into_iter().map(|number| (number, None)).collect();
        let mut new = std::mem::take(&mut self.new);
        if new.drop_zeros() {
            return changes;
        }
        let last = self.newest_by_part.last_key_value();
        let number = last.map_or(0, |(number, _)| number + 1);
        let mut image = encode(&new);
        let mut newest = new.newest();
        if image.len() < LARGE_BYTES {
            self.small.merge(new);
            self.small_parts.push(number);
            if self.small_parts.len() >= SMALL_MAX {
                let mut small = std::mem::take(&mut self.small);
                small.drop_zeros();
                image = encode(&small);
                let known = std::mem::take(&mut self.small_parts).into_iter();
                for part in known.filter(|part| *part != number) {
                    newest = newest.max(self.newest_by_part.remove(&part));
                    changes.push((part, None));
                }
            }
        }
        if let Some(newest) = newest {
            self.newest_by_part.insert(number, newest);
        }
        changes.push((number, Some(image)));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{QueueId, Span},
        rules::Signal,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    fn one(signal: Signal) -> Signals {
        let mut signals = Signals::default();
        signals.add(signal, 1);
        signals
    }

    #[test]
    fn what_is_restored_is_what_was_added_and_is_still_kept() {
        let queue = Subject::Queue(QueueId::new("billing"));
        let mut journal = Journal::default();
        let mut parts: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut all = SignalBatch::default();
        for step in 0..700 {
            let pane = at(15 * (step / 3));
            journal.add(pane, &queue, &one(Signal::Offered));
            all.at(queue.clone(), pane).merge(&one(Signal::Offered));
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
        assert_eq!(restored.take_changed().len(), parts.len());
        assert!(restored.newest_by_part.is_empty() && restored.small.is_empty());
    }
}
