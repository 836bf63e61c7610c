//! The scorecard record: all measures of an agent in a queue and channel, side by side.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BalanceSettings, Better, Figures, Guard, Interval, Level, Measure, Peers, Standing, Trend,
};
use crate::{
    event::{Channel, Span, Timestamp, names::words},
    kpi::{
        Accumulator, Count,
        rounding::{rounded_option, rounded_pair},
    },
};

/// Scorecard of an agent in one queue and channel, beside its peers. Durations in seconds, values to 6 decimals, absent is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScorecardRecord<'a> {
    pub agent: Cow<'a, str>,
    pub queue: Cow<'a, str>,
    #[schemars(extend("enum" = words(&Channel::ALL, Channel::name)))]
    pub channel: Cow<'a, str>,
    /// The figures are a function of the events up to this instant.
    pub clock: Timestamp,
    /// Length of the window: `24h`.
    pub window: Cow<'a, str>,
    /// Length of the baseline before that: `28d`.
    pub baseline: Cow<'a, str>,
    /// The baseline begins before the first event that this deployment has seen, or a task was left out.
    pub partial: bool,
    /// Measures by name (`aht`, `fcr`), if there are any cases. There may be more.
    #[schemars(with = "BTreeMap<String, Measured>")]
    pub measures: BTreeMap<Cow<'static, str>, Measured>,
    pub guard: Guard,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Measure")]
pub struct Measured {
    /// A share, or seconds.
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub value: Option<f64>,
    /// Numerator over `n`, where the value is a share of cases.
    pub num: Option<i64>,
    pub n: i64,
    /// 95 % interval of the value.
    #[serde(serialize_with = "rounded_pair")]
    #[schemars(with = "Option<Interval>")]
    pub interval: Option<Interval>,
    /// `null`: neither direction is good by itself.
    pub better: Option<Better>,
    /// Parts of the handle time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Parts")]
    pub parts: Option<Parts>,
    pub peers: Standing,
    pub trend: Trend,
}

/// Means in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HandleParts")]
pub struct Parts {
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub talk: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub hold: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub wrap: Option<f64>,
}

/// Returns all measures of an agent in a queue by name, among its peers, of whom it is one.
#[must_use]
pub fn measures(
    figures: &Figures,
    peers: &Peers,
    settings: &BalanceSettings,
) -> BTreeMap<Cow<'static, str>, Measured> {
    let measured = Measure::ALL.map(|measure| {
        let sample = measure.sample(&figures.recent);
        let interval = sample.interval(Level::P95);
        let enough = sample.n() >= settings.sample_min;
        let own = sample.value().zip(interval).filter(|_| enough);
        let measured = Measured {
            value: sample.value(),
            num: sample.num(),
            n: sample.n(),
            interval,
            better: measure.better(),
            parts: (measure == Measure::Aht).then(|| Parts::of(&figures.recent)),
            peers: peers.standing(measure, own),
            trend: Trend::of(measure, figures, settings),
        };
        (measure.name().into(), measured)
    });
    let any = |it: &Measured| it.n > 0 || it.trend.recent.n > 0 || it.trend.baseline.n > 0;
    measured.into_iter().filter(|(_, it)| any(it)).collect()
}

impl Parts {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn of(accumulator: &Accumulator) -> Self {
        let n = accumulator.get(Count::Complete);
        let mean = |sum| (n > 0).then(|| Span(accumulator.get(sum)).as_secs() / n as f64);
        Self {
            talk: mean(Count::TalkMicros),
            hold: mean(Count::HoldMicros),
            wrap: mean(Count::WrapMicros),
        }
    }
}
