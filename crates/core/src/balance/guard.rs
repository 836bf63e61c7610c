//! A measure that is made good at another's cost: contacts get shorter, and come back, are handed on or rated low.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BalanceSettings, Figures, Measure,
    interval::Level,
    trend::{Change, Direction},
};

/// Says who has to look, and at what; judges nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Guard {
    /// Handle time falls, for sure to 99.9 %, while something that costs customers rises, for sure to 99 %.
    pub raised: bool,
    /// The measures that rise, by name.
    pub rising: Vec<&'static str>,
    /// For people.
    pub sentence: Option<String>,
}

/// Handle times are skewed: a sample without one of the long ones has a low mean, and with its low variance looks surer of it than it is.
const FALLS: Level = Level::P999;
/// Not 95 %: it is looked at every minute, of every desk, and for three measures.
const RISES: Level = Level::P99;

/// What pays for contacts that are too short.
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
            Change::between(&samples.0, &samples.1, level, settings)
        };
        let falling = |handle: &Change| handle.direction() == Direction::Falling;
        let Some(handle) = change(Measure::Aht, FALLS).filter(falling) else {
            return Self::default();
        };
        // What the last contacts are known to cost so far is no more than they will: if it is enough, nobody need wait for the rest.
        let so_far = |measure: Measure| {
            let samples = (measure.sample(recent), measure.sample(baseline));
            Change::between(&samples.0, &samples.1, RISES, settings)
        };
        let rising = |cost: &Change| cost.direction() == Direction::Rising;
        let costs: Vec<(Measure, &str, Change)> = (COSTS.into_iter())
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
            rising: costs.iter().map(|(measure, ..)| measure.name()).collect(),
            sentence: (!costs.is_empty()).then(|| sentence(&handle, &costs)),
        }
    }
}

fn sentence(handle: &Change, costs: &[(Measure, &str, Change)]) -> String {
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
