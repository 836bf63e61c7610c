//! Settings of the scorecards.

use crate::{
    event::Span,
    kpi::{Reach, Window},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSettings {
    pub enabled: bool,
    /// How far back the values look.
    pub window: Window,
    /// How far back the baseline reaches; its facts are those behind the window.
    pub baseline: Window,
    /// How often changed scorecards are written.
    pub beat: Span,
    /// Fewer others with enough cases are no peers: there is no place among them, and no median.
    pub peers_min: usize,
    /// Fewer cases have no place and no trend.
    pub sample_min: i64,
}

impl BalanceSettings {
    /// Returns the length of a window, which must slide.
    #[must_use]
    pub const fn length(of: &Window) -> Span {
        match of.reach {
            Reach::Sliding(length) => length,
            Reach::Today | Reach::All => Span::ZERO,
        }
    }
}

impl Default for BalanceSettings {
    fn default() -> Self {
        const DAY: i64 = 86_400;
        Self {
            enabled: true,
            window: Window::sliding("24h", Span::from_secs(DAY)),
            baseline: Window::sliding("28d", Span::from_secs(28 * DAY)),
            beat: Span::from_secs(60),
            peers_min: 5,
            sample_min: 20,
        }
    }
}
