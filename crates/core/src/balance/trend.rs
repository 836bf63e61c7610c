//! Trend: the agent's change against the own baseline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BalanceSettings, Figures, Measure, Sample,
    interval::{Interval, Level},
};
use crate::kpi::rounding::{rounded_option, rounded_pair};

/// Comparison of the window with the baseline; `fcr` and `repeats` compare settled contacts. Without enough cases on both sides there is no difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    pub recent: Cases,
    pub baseline: Cases,
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub difference: Option<f64>,
    /// 95 % interval of the difference.
    #[serde(serialize_with = "rounded_pair")]
    #[schemars(with = "Option<Interval>")]
    pub interval: Option<Interval>,
    pub direction: Option<Direction>,
}

/// A value and its number of cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cases {
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub value: Option<f64>,
    pub n: i64,
}

/// Direction of the difference, by its whole interval; `steady` if that holds 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Rising,
    Falling,
    Steady,
}

impl Direction {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::Steady => "steady",
        }
    }

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

/// Comparison of two samples with enough cases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparison {
    pub recent: f64,
    pub baseline: f64,
    pub interval: Interval,
}

impl Comparison {
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
            [&figures.recent, &figures.baseline].map(|accumulator| measure.settled(accumulator));
        let change = Comparison::between(&recent, &baseline, Level::P95, settings);
        let of = |sample: &Sample| Cases {
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
