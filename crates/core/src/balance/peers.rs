//! Peers: the place of a value among those of the other agents in the same queue and channel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BalanceSettings, Figures, Measure, interval::Interval};
use crate::kpi::rounding::{rounded_option, rounded_pair};

/// Values of all agents of one queue and channel that have enough cases, by measure, ascending.
#[derive(Debug, Default)]
pub struct Peers {
    values: BTreeMap<Measure, Vec<Millionths>>,
    peers_min: usize,
}

/// A value as records show it: what they show as equal is equal.
type Millionths = i64;

/// Place among the others in the same queue and channel.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// Number of other agents with enough cases.
    pub n: usize,
    /// Median of their values.
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub median: Option<f64>,
    /// Share of the others below, plus half of those that are equal: the mid-rank.
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub place: Option<f64>,
    /// Places of both ends of the interval.
    #[serde(serialize_with = "rounded_pair")]
    #[schemars(with = "Option<Interval>")]
    pub place_interval: Option<Interval>,
}

impl Peers {
    /// Collects the values of all agents of one queue and channel.
    #[must_use]
    pub fn of<'f>(
        figures: impl IntoIterator<Item = &'f Figures>,
        settings: &BalanceSettings,
    ) -> Self {
        let mut values: BTreeMap<Measure, Vec<Millionths>> = BTreeMap::new();
        for agent in figures {
            for measure in Measure::ALL {
                let sample = measure.sample(&agent.recent);
                if sample.n() >= settings.sample_min {
                    let value = sample.value().map(millionths);
                    values.entry(measure).or_default().extend(value);
                }
            }
        }
        values.values_mut().for_each(|of| of.sort_unstable());
        Self {
            values,
            peers_min: settings.peers_min,
        }
    }

    /// Returns the place of one of these agents: its value with the interval, if it has enough cases.
    #[must_use]
    pub fn standing(&self, measure: Measure, own: Option<(f64, Interval)>) -> Standing {
        let all = self.values.get(&measure).map_or(&[][..], Vec::as_slice);
        let others = Others {
            all,
            own: own.map(|(value, _)| millionths(value)),
        };
        let n = others.count();
        if n < self.peers_min.max(1) {
            return Standing {
                n,
                ..Standing::default()
            };
        }
        Standing {
            n,
            median: Some(others.median()),
            place: own.map(|(value, _)| others.place(value)),
            place_interval: own.map(|(_, (low, high))| (others.place(low), others.place(high))),
        }
    }
}

struct Others<'v> {
    all: &'v [Millionths],
    /// In `all` too.
    own: Option<Millionths>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "agents are counted in thousands, and values are no larger than durations"
)]
impl Others<'_> {
    fn count(&self) -> usize {
        self.all.len() - usize::from(self.own.is_some())
    }

    /// Returns the value of the others with this rank, from 0 on.
    fn at(&self, rank: usize) -> f64 {
        let own = self.own.map(|own| self.all.partition_point(|it| *it < own));
        let skipped = own.is_some_and(|own| rank >= own);
        self.all[rank + usize::from(skipped)] as f64 / 1e6
    }

    fn median(&self) -> f64 {
        let n = self.count();
        f64::midpoint(self.at((n - 1) / 2), self.at(n / 2))
    }

    fn place(&self, value: f64) -> f64 {
        let value = millionths(value);
        let below = self.all.partition_point(|it| *it < value);
        let up_to = self.all.partition_point(|it| *it <= value);
        let own = self.own.map_or(0, |own| match own.cmp(&value) {
            std::cmp::Ordering::Less => 2,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 0,
        });
        // Twice the mid-rank: those below count in both.
        (below + up_to - own) as f64 / (2 * self.count()) as f64
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "shares, and durations of less than 10^12 s"
)]
fn millionths(value: f64) -> Millionths {
    (value * 1e6).round() as Millionths
}
