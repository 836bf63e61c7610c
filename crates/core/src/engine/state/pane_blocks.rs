//! Where panes lie in the store: all panes of one entity, or agent in a queue, that begin within one stretch of time are one
//! part, a block.
//!
//! A part of its own for each pane would cost more in keys than the sums are long, and be logged anew whenever a pane rises.

use crate::{
    engine::{
        agent_queue::AgentQueue,
        entity::Entity,
        state::store::{PartKey, Store},
    },
    event::Span,
    kpi::{Pane, PaneBlock, PaneEdit},
};

// A restored task looks for panes where they were put: these are part of the state's format.

/// Many, each with few and small panes.
const OF_AGENT: Span = Span::from_secs(86_400);
/// The baseline is weeks of panes that nearly last a day.
const OF_AGENT_QUEUE: Span = Span::from_secs(7 * 86_400);
/// Of a queue or group: few, and their panes are large. A second's facts must not write again what lies in an hour.
const OF_GROUP: Span = Span::from_secs(60);

/// The blocks of one entity or agent in a queue.
#[derive(Debug)]
pub(in crate::engine) struct PaneBlocks {
    /// Prefix of all their keys.
    key: PartKey,
    length: Span,
    /// Panes of which nothing is left stay until they are taken away.
    keeps_empty: bool,
}

impl PaneBlocks {
    #[must_use]
    pub(in crate::engine) fn of(entity: &Entity) -> Self {
        Self {
            key: PartKey::pane_blocks(entity),
            length: if entity.is_agent() {
                OF_AGENT
            } else {
                OF_GROUP
            },
            keeps_empty: false,
        }
    }

    /// Returns those of an agent in a queue. A restored task must know of their panes until what was written of them is removed.
    #[must_use]
    pub(in crate::engine) fn of_agent_queue(agent_queue: &AgentQueue) -> Self {
        Self {
            key: PartKey::agent_queue_blocks(agent_queue),
            length: OF_AGENT_QUEUE,
            keeps_empty: true,
        }
    }

    /// Returns the panes with the images of their sums, lowest level first.
    #[must_use]
    pub(in crate::engine) fn panes<'s>(&self, store: &'s Store) -> Vec<(Pane, &'s [u8])> {
        let mut panes: Vec<(Pane, &[u8])> = (store.pane_blocks(&self.key))
            .flat_map(PaneBlock::panes)
            .collect();
        panes.sort_unstable_by_key(|(pane, _)| *pane);
        panes
    }

    /// Writes each block once, however many of its panes change. `image` is where it is written.
    pub(in crate::engine) fn edit(
        &self,
        mut edits: Vec<PaneEdit<'_>>,
        image: &mut Vec<u8>,
        store: &mut Store,
    ) {
        edits.sort_by_key(PaneEdit::order);
        let start = |edit: &PaneEdit<'_>| edit.pane.start.floor(self.length);
        for of_block in edits.chunk_by(|one, next| start(one) == start(next)) {
            let start = start(&of_block[0]);
            let key = self.key.with_start(start);
            let block = PaneBlock {
                start,
                image: store.get(&key).unwrap_or_default(),
            };
            image.clear();
            block.write_edited(of_block, self.keeps_empty, image);
            if image.is_empty() {
                store.remove(&key);
            } else {
                store.put(&key, image);
            }
        }
    }
}
