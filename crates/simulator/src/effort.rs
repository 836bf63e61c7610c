//! What work takes and achieves: by these people are planned, and by these they work.

use floorwalker_core::event::Span;

/// How long the wrap-up of a chat takes in the mean.
pub(super) const CHAT_WRAP_UP: Span = Span::from_secs(35);
/// How long a customer reads the last reply in the mean.
pub(super) const READS_FOR: Span = Span::from_secs(8);
/// The share of a bot's contacts that it solves.
pub(super) const BOT_HELPS: f64 = 0.22;
/// How long it rings at an agent who misses it.
pub(super) const MISSED_AFTER: Span = Span::from_secs(20);
/// How long an agent is away after a missed ring, in seconds: at least, at most.
pub(super) const AWAY_AFTER_MISS: (f64, f64) = (20.0, 120.0);
/// How much of an agent's time a missed ring takes in the mean.
pub(super) const MISS_COSTS: Span = Span::from_secs(20 + 70);

/// The chance that a usual agent's engagement solves a problem.
pub(super) fn solves(usually: f64, hardness: f64) -> f64 {
    usually * (1.08 - 0.35 * hardness)
}
