//! Guard: notices when one measure is improved at another's cost, as when contacts get shorter, and come back, are transferred or rated low.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BalanceSettings, Figures, Measure,
    interval::Level,
    trend::{Comparison, Direction},
};

/// Warning that somebody should look, and at what; it judges nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// Handle time falls, at 99.9 %, while something that costs customers rises, at 99 %.
    pub raised: bool,
    /// The measures that rise, by name.
    pub rising: Vec<Cow<'static, str>>,
    /// Sentence for people.
    pub sentence: Option<String>,
}

/// Handle times are skewed: a sample without one of the long ones has a low mean and, with its low variance, looks more certain than it is.
const FALLS: Level = Level::P999;
/// Not 95 %: it is tested every minute, for every agent and queue, and for three measures.
const RISES: Level = Level::P99;

/// Measures that get worse when contacts are too short.
const COSTS: [(Measure, &str); 3] = [
    (Measure::Repeats, "repeated contacts"),
    (Measure::TransferRate, "transfers"),
    (Measure::CsatLow, "low ratings"),
];

impl Guard {
    #[must_use]
    pub fn of(figures: &Figures, settings: &BalanceSettings) -> Self {
        let Figures { recent, baseline } = figures;
        let change = |measure: Measure, level| {
            let samples = (measure.settled(recent), measure.settled(baseline));
            Comparison::between(&samples.0, &samples.1, level, settings)
        };
        let falling = |handle: &Comparison| handle.direction() == Direction::Falling;
        let Some(handle) = change(Measure::Aht, FALLS).filter(falling) else {
            return Self::default();
        };
        // What the last contacts are known to cost so far can only grow: if it is enough, nobody need wait for the rest.
        let so_far = |measure: Measure| {
            let samples = (measure.sample(recent), measure.sample(baseline));
            Comparison::between(&samples.0, &samples.1, RISES, settings)
        };
        let rising = |cost: &Comparison| cost.direction() == Direction::Rising;
        let costs: Vec<(Measure, &str, Comparison)> = (COSTS.into_iter())
            .filter_map(|(measure, words)| {
                let risen = change(measure, RISES).filter(rising);
                Some((
                    measure,
                    words,
                    risen.or_else(|| so_far(measure).filter(rising))?,
                ))
            })
            .collect();
        Self {
            raised: !costs.is_empty(),
            rising: costs
                .iter()
                .map(|(measure, ..)| measure.name().into())
                .collect(),
            sentence: (!costs.is_empty()).then(|| sentence(&handle, &costs)),
        }
    }
}

fn sentence(handle: &Comparison, costs: &[(Measure, &str, Comparison)]) -> String {
    let risen: Vec<String> = (costs.iter())
        .map(|(_, words, change)| {
            let (from, to) = (percent(change.baseline), percent(change.recent));
            format!("{words} rose from {from} to {to}")
        })
        .collect();
    format!(
        "handle time fell by {:.0} s (from {:.0} s) while {}",
        handle.baseline - handle.recent,
        handle.baseline,
        risen.join(" and "),
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
