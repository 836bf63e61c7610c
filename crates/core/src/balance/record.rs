//! The scorecard record: all measures of an agent in a queue and channel, side by side.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{
    BalanceSettings, Better, Figures, Guard, Interval, Level, Measure, Peers, Standing, Trend,
    trend::Cases,
};
use crate::{
    event::{Channel, Span, Timestamp, names::words},
    kpi::{
        Accumulator, Count,
        rounding::{round, rounded_option, rounded_pair},
    },
};

/// What an agent did in one queue and channel, beside its peers. Durations in seconds, values to 6 decimals, absent is `null`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScorecardRecord<'a> {
    pub agent: &'a str,
    pub queue: &'a str,
    #[schemars(extend("enum" = words(&Channel::ALL, Channel::name)))]
    pub channel: &'a str,
    /// The instant whose figures these are: a function of the events up to it.
    pub clock: Timestamp,
    /// How far back the values look: `24h`.
    pub window: &'a str,
    /// How far back the baseline reaches behind that: `28d`.
    pub baseline: &'a str,
    /// The baseline reaches back before the first event that this deployment has seen, or a task was left out.
    pub partial: bool,
    /// By name (`aht`, `fcr`), those of which there are any cases. There may be more.
    #[schemars(with = "BTreeMap<String, Measured>")]
    pub measures: BTreeMap<&'static str, Measured>,
    pub guard: Guard,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Measure")]
pub struct Measured {
    /// A share, or seconds.
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub value: Option<f64>,
    /// Of `n`, where the value is a share of cases.
    pub num: Option<i64>,
    pub n: i64,
    /// 95 %.
    #[serde(serialize_with = "rounded_pair")]
    #[schemars(with = "Option<Interval>")]
    pub interval: Option<Interval>,
    /// `null`: neither is good by itself.
    pub better: Option<Better>,
    /// Of the handle time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Parts")]
    pub parts: Option<Parts>,
    pub peers: Standing,
    pub trend: Trend,
}

/// Means in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
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
) -> BTreeMap<&'static str, Measured> {
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
        (measure.name(), measured)
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

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Standing", 4)?;
        fields.serialize_field("n", &self.n)?;
        fields.serialize_field("median", &self.median.map(round))?;
        fields.serialize_field("place", &self.place.map(round))?;
        fields.serialize_field("place_interval", &self.place_interval.map(round_both))?;
        fields.end()
    }
}

impl Serialize for Trend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Trend", 5)?;
        fields.serialize_field("recent", &self.recent)?;
        fields.serialize_field("baseline", &self.baseline)?;
        fields.serialize_field("difference", &self.difference.map(round))?;
        fields.serialize_field("interval", &self.interval.map(round_both))?;
        fields.serialize_field("direction", &self.direction)?;
        fields.end()
    }
}

impl Serialize for Cases {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Cases", 2)?;
        fields.serialize_field("value", &self.value.map(round))?;
        fields.serialize_field("n", &self.n)?;
        fields.end()
    }
}

fn round_both((low, high): Interval) -> Interval {
    (round(low), round(high))
}
