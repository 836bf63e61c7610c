//! What a rule finds about a subject at one instant.

use super::{RuleKind, Verdict};

/// What a rule finds. Its sentences are made only where an alert changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub kind: RuleKind,
    /// `queue:billing`, `agent:ana`, `reason:outage`, `feed:voice`, `all`.
    pub subject: String,
    pub verdict: Verdict,
    /// In the rule's unit.
    pub value: f64,
    /// What is usual, or promised, in the same unit.
    pub usual: f64,
    /// From where on it holds, in the same unit.
    pub threshold: f64,
    /// Observations in the value.
    pub n: i64,
    /// How far from the usual, as a standard normal deviate, or as whatever the rule's threshold is in.
    pub strength: f64,
    /// For the sentence; each rule has its own.
    pub extra: [f64; 3],
}

impl Finding {
    /// Returns a finding that nobody can know anything of.
    pub(super) fn unknown(kind: RuleKind, subject: String) -> Self {
        Self {
            kind,
            subject,
            verdict: Verdict::Unknown,
            value: 0.0,
            usual: 0.0,
            threshold: 0.0,
            n: 0,
            strength: 0.0,
            extra: [0.0; 3],
        }
    }

    /// Judges `strength` by the bounds of a rule: it holds from `threshold` on if `is_enough`, and is clear up to `clear`.
    pub(super) fn verdict_of(
        strength: f64,
        (threshold, clear): (f64, f64),
        is_enough: bool,
    ) -> Verdict {
        if strength >= threshold && is_enough {
            Verdict::Holds
        } else if strength <= clear {
            Verdict::Clear
        } else {
            Verdict::Between
        }
    }
}
