//! Which entities have records. What was asserted and taken back before it was ever written leaves none, also after a restore.

use super::{
    entity::Entity,
    leaves::Leaves,
    store::{PartKey, Store},
};
use crate::kpi::Accumulator;

/// Notes that an entity has a record.
pub(super) fn note(entity: &Entity, store: &mut Store) {
    store.put(&PartKey::known(entity), &[]);
}

/// Adds figures that lie behind all windows. Until the entity has a record their sum is kept: they may be taken back.
pub(super) fn add_behind(entity: &Entity, sums: &Accumulator, store: &mut Store) {
    let key = PartKey::known(entity);
    let known = store.get(&key);
    if known.is_some_and(<[u8]>::is_empty) {
        return;
    }
    let mut behind = Accumulator::of_images(known);
    behind.merge(sums);
    // What goes on is kept among the panes.
    behind.retract(&sums.state_durations());
    if behind.is_empty() {
        store.remove(&key);
    } else {
        let mut image = Vec::new();
        behind.write_image(&mut image);
        store.put(&key, &image);
    }
}

/// Whether an entity has a record, or figures that were not all taken back: those of a fact may lie in one pane, and what takes them
/// back in another.
#[must_use]
pub(super) fn is_known(entity: &Entity, store: &Store) -> bool {
    let known = store.get(&PartKey::known(entity));
    if known.is_some_and(<[u8]>::is_empty) {
        return true;
    }
    let panes = Leaves::of(entity).panes(store);
    let images = panes.iter().map(|(_, image)| *image);
    !Accumulator::of_images(images.chain(known)).is_empty()
}
