//! Where panes lie in the store: all panes of one entity or desk that begin within one stretch of time are one part, a leaf.
//!
//! A part of its own for each pane would cost more in keys than the sums are long, and be logged anew whenever a pane rises.

use super::{
    desk::Desk,
    entity::Entity,
    store::{PartKey, Store},
};
use crate::{
    event::Span,
    kpi::{Pane, PaneBlock, PaneEdit},
};

// A restored task looks for panes where they were put: these are part of the state's format.

/// Many, each with few and small panes.
const OF_AGENT: Span = Span::from_secs(86_400);
/// The baseline is weeks of panes that nearly last a day.
const OF_DESK: Span = Span::from_secs(7 * 86_400);
/// Of a queue or group: few, and their panes are large. A second's facts must not write again what lies in an hour.
const OF_GROUP: Span = Span::from_secs(60);

/// The leaves of one entity or desk.
#[derive(Debug)]
pub(super) struct Leaves {
    /// What the keys of all of them begin with.
    key: PartKey,
    length: Span,
    /// Panes of which nothing is left stay until they are taken away.
    keeps_empty: bool,
}

impl Leaves {
    #[must_use]
    pub(super) fn of(entity: &Entity) -> Self {
        Self {
            key: PartKey::leaves(entity),
            length: if entity.is_agent() {
                OF_AGENT
            } else {
                OF_GROUP
            },
            keeps_empty: false,
        }
    }

    /// A restored task must know of a desk's panes until what was written of them is removed.
    #[must_use]
    pub(super) fn of_desk(desk: &Desk) -> Self {
        Self {
            key: PartKey::desk_leaves(desk),
            length: OF_DESK,
            keeps_empty: true,
        }
    }

    /// The panes with the images of their sums, lowest level first.
    #[must_use]
    pub(super) fn panes<'s>(&self, store: &'s Store) -> Vec<(Pane, &'s [u8])> {
        let mut panes: Vec<(Pane, &[u8])> = (store.leaves(&self.key))
            .flat_map(PaneBlock::panes)
            .collect();
        panes.sort_unstable_by_key(|(pane, _)| *pane);
        panes
    }

    /// Writes each leaf once, however many of its panes change. `image` is where it is written.
    pub(super) fn edit(
        &self,
        mut edits: Vec<PaneEdit<'_>>,
        image: &mut Vec<u8>,
        store: &mut Store,
    ) {
        edits.sort_by_key(PaneEdit::order);
        let start = |edit: &PaneEdit<'_>| edit.pane.start.floor(self.length);
        for of_leaf in edits.chunk_by(|one, next| start(one) == start(next)) {
            let start = start(&of_leaf[0]);
            let key = self.key.with_start(start);
            let leaf = PaneBlock {
                start,
                image: store.get(&key).unwrap_or_default(),
            };
            image.clear();
            leaf.write_edited(of_leaf, self.keeps_empty, image);
            if image.is_empty() {
                store.remove(&key);
            } else {
                store.put(&key, image);
            }
        }
    }
}
