//! Which entities have records. What was emitted and retracted before it was ever written leaves none, also after a restore.

use crate::{
    engine::{
        entity::Entity,
        state::{
            pane_blocks::PaneBlocks,
            store::{PartKey, Store},
        },
    },
    kpi::Accumulator,
};

/// Notes that an entity has a record.
pub(in crate::engine) fn note(entity: &Entity, store: &mut Store) {
    store.put(&PartKey::known(entity), &[]);
}

/// Adds figures that lie behind all windows. Until the entity has a record their sum is kept: they may be retracted.
pub(in crate::engine) fn add_behind(entity: &Entity, sums: &Accumulator, store: &mut Store) {
    let key = PartKey::known(entity);
    let known = store.get(&key);
    if known.is_some_and(<[u8]>::is_empty) {
        return;
    }
    let mut behind = Accumulator::of_images(known);
    behind.merge(sums);
    // What lasts is kept among the panes.
    behind.retract(&sums.state_durations());
    if behind.is_empty() {
        store.remove(&key);
    } else {
        let mut image = Vec::new();
        behind.write_image(&mut image);
        store.put(&key, &image);
    }
}

/// Returns whether an entity has a record, or figures that were not all retracted: a fact may lie in one pane, and its retraction in
/// another.
#[must_use]
pub(in crate::engine) fn is_known(entity: &Entity, store: &Store) -> bool {
    let known = store.get(&PartKey::known(entity));
    if known.is_some_and(<[u8]>::is_empty) {
        return true;
    }
    let panes = PaneBlocks::of(entity).panes(store);
    let images = panes.iter().map(|(_, image)| *image);
    !Accumulator::of_images(images.chain(known)).is_empty()
}
