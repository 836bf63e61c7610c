//! Callbacks and outbound attempts in a KPI record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    accumulator::{Accumulator, Count, Durations},
    distribution::Percentiles,
    rounding::mean_secs,
};
use crate::contact::AttemptOutcome;

/// Waits that left for a callback.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Callbacks {
    /// Counted when they left.
    pub asked: i64,
    /// Counted at the first answer of the callback.
    pub reached: i64,
    /// Time from leaving the queue to that answer.
    pub time: CallbackTime,
}

/// Seconds, over the `n` callbacks that were answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct CallbackTime {
    pub n: i64,
    pub mean: Option<f64>,
    #[serde(flatten)]
    pub percentiles: Percentiles,
}

/// Outbound waits that ended and are no callbacks, by their result.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Outbound {
    pub attempts: i64,
    /// Answered by an agent.
    pub answered: i64,
    /// The customer had picked up, and hung up before an agent was there.
    pub silent: i64,
    pub unreached: i64,
}

impl Callbacks {
    pub(super) fn new(accumulator: &Accumulator) -> Self {
        let reached = accumulator.get(Count::CallbacksReached);
        Self {
            asked: accumulator.get(Count::CallbacksAsked),
            reached,
            time: CallbackTime {
                n: reached,
                mean: mean_secs(accumulator.get(Count::CallbackMicros), reached),
                percentiles: accumulator.percentiles(Durations::Callbacks),
            },
        }
    }
}

impl Outbound {
    pub(super) fn new(accumulator: &Accumulator) -> Self {
        let [answered, silent, unreached] = [
            AttemptOutcome::Answered,
            AttemptOutcome::Silent,
            AttemptOutcome::Unreached,
        ]
        .map(|outcome| accumulator.get(Count::Attempts(outcome)));
        Self {
            attempts: answered + silent + unreached,
            answered,
            silent,
            unreached,
        }
    }
}
