//! What tasks send each other: which task owns a key, what waits for it, and the frames that carry it.

pub(super) mod fact_batch;
pub(super) mod frame;
pub(super) mod gauge;
pub(super) mod grain;
pub(super) mod message;
pub(super) mod names;
pub(super) mod outbox;
pub(super) mod placement;
pub(super) mod time_series;
