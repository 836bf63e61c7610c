//! The grains of time in which facts of scorecards are emitted.

use crate::{
    balance::BalanceSettings,
    event::Span,
    kpi::{KpiSettings, Levels},
};

/// The grains of time in which facts of scorecards are emitted, and of their records' clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct ScorecardGrains {
    live: Span,
    catching_up: Span,
}

impl ScorecardGrains {
    /// Live, a minute or what divides it and the panes: a scorecard looks back over a day.
    pub(in crate::engine) fn new(settings: &BalanceSettings) -> Self {
        const LIVE: Span = Span::from_secs(60);
        let pane = scorecard_levels(settings).finest_pane();
        let (mut live, mut rest) = (pane.0, LIVE.0);
        while rest != 0 {
            (live, rest) = (rest, live % rest);
        }
        Self {
            live: Span(live),
            catching_up: pane,
        }
    }

    pub(in crate::engine) const fn get(self, history: bool) -> Span {
        if history { self.catching_up } else { self.live }
    }
}

/// Returns the levels of the panes that scorecards are summed up from: those of their two windows.
pub(in crate::engine) fn scorecard_levels(settings: &BalanceSettings) -> Levels {
    Levels::new(&KpiSettings {
        windows: vec![settings.window.clone(), settings.baseline.clone()],
        ..KpiSettings::default()
    })
}
