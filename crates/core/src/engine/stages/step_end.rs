//! The end of a step, as all stages see it: what they need to know, and what they emit.

use std::sync::Arc;

use crate::{
    customer::JudgementUpdate,
    engine::{
        Output, Settings,
        exchange::{fact_batch::FactBatch, message::CaseUpdate},
    },
    event::{Span, Timestamp},
};

/// What a stage needs to know at the end of a step.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct StepEnd {
    /// Number of the step.
    pub seq: u64,
    /// The stage's timers up to here have fired.
    pub timers_fired_to: Option<Timestamp>,
    /// No earlier event comes from any source.
    pub late_cutoff: Timestamp,
    /// Up to here all sources have been read.
    pub source_watermark: Timestamp,
    /// No task emits an earlier fact any more.
    pub retention_cutoff: Timestamp,
    /// More than a minute behind the wall clock.
    pub history: bool,
    /// Facts within so much time are emitted as one sum.
    pub grain: Span,
}

/// What stages emit in a step.
#[derive(Debug)]
pub(in crate::engine) struct Effects {
    pub outputs: Vec<Output>,
    pub facts: FactBatch,
    /// From contacts to their customers.
    pub cases: Vec<CaseUpdate>,
    /// From customers to their contacts.
    pub judged: Vec<JudgementUpdate>,
    /// By how much the clock skews of all contacts have changed.
    pub clock_skew: i64,
}

impl Effects {
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            outputs: Vec::new(),
            facts: FactBatch::new(settings),
            cases: Vec::new(),
            judged: Vec::new(),
            clock_skew: 0,
        }
    }
}
