//! What has changed against the agent's own baseline.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BalanceSettings, Figures, Measure, Sample,
    interval::{Interval, Level},
};

/// The window against the baseline; of `fcr` and `repeats` the settled contacts. Without enough cases on both sides there is no difference.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
pub struct Trend {
    pub recent: Of,
    pub baseline: Of,
    pub difference: Option<f64>,
    /// Of the difference, 95 %.
    pub interval: Option<Interval>,
    pub direction: Option<Direction>,
}

/// A value and how many cases it is of.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
#[schemars(rename = "Cases")]
pub struct Of {
    pub value: Option<f64>,
    pub n: i64,
}

/// Where the whole interval of the difference lies; `steady` where it holds 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Rising,
    Falling,
    Steady,
}

impl Direction {
    pub(super) fn of((low, high): Interval) -> Self {
        if low > 0.0 {
            Self::Rising
        } else if high < 0.0 {
            Self::Falling
        } else {
            Self::Steady
        }
    }
}

/// Two samples with enough cases to be compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub recent: f64,
    pub baseline: f64,
    pub interval: Interval,
}

impl Change {
    pub(super) fn between(
        recent: &Sample,
        baseline: &Sample,
        level: Level,
        settings: &BalanceSettings,
    ) -> Option<Self> {
        let enough = recent.n().min(baseline.n()) >= settings.sample_min;
        let interval = recent.difference(baseline, level).filter(|_| enough)?;
        Some(Self {
            recent: recent.value()?,
            baseline: baseline.value()?,
            interval,
        })
    }

    pub(super) fn direction(&self) -> Direction {
        Direction::of(self.interval)
    }
}

impl Trend {
    #[must_use]
    pub fn of(measure: Measure, figures: &Figures, settings: &BalanceSettings) -> Self {
        let [recent, baseline] =
            [&figures.recent, &figures.baseline].map(|tally| measure.settled(tally));
        let change = Change::between(&recent, &baseline, Level::P95, settings);
        let of = |sample: &Sample| Of {
            value: sample.value(),
            n: sample.n(),
        };
        Self {
            recent: of(&recent),
            baseline: of(&baseline),
            difference: change.map(|change| change.recent - change.baseline),
            interval: change.map(|change| change.interval),
            direction: change.map(|change| change.direction()),
        }
    }
}
