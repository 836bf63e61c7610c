//! The usual handle time of a queue: sums of what the task's own contacts emitted, in any order.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::{
    contact::{Fact, FactKind, HandleParts},
    engine::state::{
        codec,
        store::{PartKey, Store},
    },
    event::{QueueId, Span},
};

/// Fewer engagements make no baseline.
const ENOUGH: i64 = 20;

#[derive(Debug, Default)]
pub(in crate::engine) struct HandleTimeBaseline {
    handled_by_queue: BTreeMap<QueueId, Handled>,
    changed: BTreeSet<QueueId>,
}

/// Complete engagements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
struct Handled {
    #[n(0)]
    n: i64,
    #[n(1)]
    handle: Span,
}

impl HandleTimeBaseline {
    /// Restores a queue.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        queue: &QueueId,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.handled_by_queue
            .insert(queue.clone(), minicbor::decode(image)?);
        Ok(())
    }

    /// Adds a fact of a contact. Beyond `queues_max` queues, further ones have no baseline.
    pub(in crate::engine) fn observe(&mut self, fact: &Fact<'_>, sign: i64, queues_max: usize) {
        let FactKind::Handled { parts, .. } = fact.kind else {
            return;
        };
        let (HandleParts::Complete { talk, hold, wrap }, Some(queue)) =
            (parts, fact.audience.queue)
        else {
            return;
        };
        let is_new = !self.handled_by_queue.contains_key(queue);
        if is_new && self.handled_by_queue.len() >= queues_max {
            return;
        }
        let handled = self.handled_by_queue.entry(queue.clone()).or_default();
        handled.n += sign;
        handled.handle = Span(handled.handle.0 + sign * (talk + hold + wrap).0);
        self.changed.insert(queue.clone());
    }

    /// Returns the mean of the queue, once there are enough to have one.
    pub(in crate::engine) fn handle(&self, queue: Option<&QueueId>) -> Option<Span> {
        let handled = self.handled_by_queue.get(queue?)?;
        (handled.n >= ENOUGH).then(|| Span(handled.handle.0 / handled.n))
    }

    pub(in crate::engine) fn save(&mut self, store: &mut Store) {
        for queue in std::mem::take(&mut self.changed) {
            if let Some(handled) = self.handled_by_queue.get(&queue) {
                store.put(
                    &PartKey::handle_time_baseline(&queue),
                    &codec::to_bytes(handled),
                );
            }
        }
    }
}
