//! Callbacks and outbound attempts in a KPI record.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    accumulator::{Accumulator, Count, Durations},
    distribution::Percentiles,
    rounding::{mean_secs, rounded_option},
};
use crate::contact::AttemptOutcome;

/// Waits that left for a callback.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Callbacks {
    /// Counted when they left.
    asked: i64,
    /// Counted at the first answer of the callback.
    reached: i64,
    /// From leaving the queue to that answer.
    time: CallbackTime,
}

/// Seconds, over the `n` callbacks that were answered.
#[derive(Debug, Serialize, JsonSchema)]
struct CallbackTime {
    n: i64,
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    mean: Option<f64>,
    #[serde(flatten)]
    percentiles: Percentiles,
}

/// Outbound waits that ended and are no callbacks, by what became of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outbound {
    attempts: i64,
    /// By an agent.
    answered: i64,
    /// The customer had picked up, and hung up before an agent was there.
    silent: i64,
    unreached: i64,
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
