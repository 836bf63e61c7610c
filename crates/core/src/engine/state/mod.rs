//! The state of a task: parts by key, and the changelog that a restore reads.

pub(super) mod changelog;
pub(super) mod codec;
pub(super) mod holder;
pub(super) mod meta;
pub(super) mod pane_blocks;
pub(super) mod part;
pub(super) mod store;
