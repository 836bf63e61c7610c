//! Samples: the facts that count, and their sums as so many cases with a share or a mean.

use super::interval::{Interval, Level, Mean, newcombe, wilson};
use crate::{
    contact::{FactKind, HandleParts},
    kpi::{Accumulator, Count},
};

/// Sums of an agent in a queue and channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Sums of the window.
    pub recent: Accumulator,
    /// Sums of the baseline, which begins behind the window.
    pub baseline: Accumulator,
}

/// Adds a fact `sign` times if it is the agent's own doing. Returns false if it does not count here.
pub fn add_fact(accumulator: &mut Accumulator, kind: FactKind, sign: i64) -> bool {
    match kind {
        FactKind::Handled { parts, transferred } => {
            accumulator.count(Count::Handled, sign);
            accumulator.count(Count::HandledTransferred, sign * i64::from(transferred));
            add_handle_parts(accumulator, parts, sign);
        }
        FactKind::FirstContact { .. }
        | FactKind::FirstContactConfirmed { .. }
        | FactKind::Rated { .. }
        | FactKind::OfferEnded { .. }
        | FactKind::Disposition { .. }
        | FactKind::FirstResponse { .. } => accumulator.add(kind, sign),
        FactKind::Offered
        | FactKind::Answered { .. }
        | FactKind::Abandoned { .. }
        | FactKind::Left
        | FactKind::CallbackAsked
        | FactKind::CallbackReached { .. }
        | FactKind::Attempted { .. }
        | FactKind::Decided { .. }
        | FactKind::HandledOutbound
        | FactKind::EngagementBegan
        | FactKind::EngagementEnded
        | FactKind::TalkBegan
        | FactKind::TalkEnded
        | FactKind::WrapUpBegan
        | FactKind::WrapUpEnded { .. }
        | FactKind::Transferred
        | FactKind::Reopened
        | FactKind::NoCustomer
        | FactKind::EndedAnswered { .. } => return false,
    }
    true
}

/// Leaves out the distribution that an agent's accumulator has: the variance needs only the squares.
fn add_handle_parts(accumulator: &mut Accumulator, parts: HandleParts, sign: i64) {
    let HandleParts::Complete { talk, hold, wrap } = parts else {
        return;
    };
    accumulator.count(Count::Complete, sign);
    accumulator.count(Count::TalkMicros, sign * talk.0);
    accumulator.count(Count::HoldMicros, sign * hold.0);
    accumulator.count(Count::WrapMicros, sign * wrap.0);
    accumulator.add_square(talk + hold + wrap, sign);
}

/// Cases of one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// `num` of `n` cases, or of `n` times `whole` parts.
    Share { num: i64, whole: i64, n: i64 },
    /// Durations: their sum in microseconds, and the sum of their squares.
    Durations { n: i64, sum: i64, squares: i128 },
}

const BILLION: i64 = 1_000_000_000;
const MICROS: f64 = 1e6;

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, microseconds and billionths are far below 2^53; a variance needs no more digits"
)]
impl Sample {
    pub(super) const fn share(num: i64, n: i64) -> Self {
        Self::Share { num, whole: 1, n }
    }

    pub(super) const fn scores(billionths: i64, n: i64) -> Self {
        Self::Share {
            num: billionths,
            whole: BILLION,
            n,
        }
    }

    pub(super) fn handle_time(accumulator: &Accumulator) -> Self {
        let parts = [Count::TalkMicros, Count::HoldMicros, Count::WrapMicros];
        Self::Durations {
            n: accumulator.get(Count::Complete),
            sum: parts.into_iter().map(|part| accumulator.get(part)).sum(),
            squares: accumulator.squares(),
        }
    }

    #[must_use]
    pub const fn n(&self) -> i64 {
        match self {
            Self::Share { n, .. } | Self::Durations { n, .. } => *n,
        }
    }

    /// Returns the numerator of a share of cases.
    #[must_use]
    pub const fn num(&self) -> Option<i64> {
        match self {
            Self::Share { num, whole: 1, .. } => Some(*num),
            Self::Share { .. } | Self::Durations { .. } => None,
        }
    }

    /// Returns a share, or seconds. There is one division, so that equal values compare equal.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let n = self.n();
        (n > 0).then(|| match self {
            Self::Share { num, whole, .. } => *num as f64 / (*whole as f64 * n as f64),
            Self::Durations { sum, .. } => *sum as f64 / (MICROS * n as f64),
        })
    }

    #[must_use]
    pub fn interval(&self, level: Level) -> Option<Interval> {
        let value = self.value()?;
        match self {
            Self::Share { n, .. } => Some(wilson(value, *n as f64, level)),
            Self::Durations { .. } => self.mean()?.interval(level),
        }
    }

    /// Returns the interval of the difference from another sample of the same measure.
    #[must_use]
    pub fn difference(&self, other: &Self, level: Level) -> Option<Interval> {
        if let (Some(mean), Some(others)) = (self.mean(), other.mean()) {
            return mean.difference(&others, level);
        }
        let with_interval = |of: &Self| Some((of.value()?, of.interval(level)?));
        Some(newcombe(with_interval(self)?, with_interval(other)?))
    }

    /// Returns the mean in seconds, with the variance of a sample: `(Σx² − (Σx)²/n) / (n − 1)`, in whole microseconds.
    fn mean(&self) -> Option<Mean> {
        let (mean, Self::Durations { n, sum, squares }) = (self.value()?, *self) else {
            return None;
        };
        let (cases, sum) = (i128::from(n), i128::from(sum));
        let spread = (squares * cases - sum * sum).max(0) as f64;
        let pairs = (cases * (cases - 1)).max(1) as f64;
        Some(Mean {
            n: n as f64,
            mean,
            variance: spread / pairs / (MICROS * MICROS),
        })
    }
}
