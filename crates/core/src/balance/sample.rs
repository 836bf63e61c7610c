//! The facts that count, and what their sums say: so many cases with a share or a mean.

use super::interval::{Interval, Level, Mean, newcombe, wilson};
use crate::{
    contact::{HandleParts, What},
    kpi::{Count, Tally},
};

/// The sums of one desk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Of the window.
    pub recent: Tally,
    /// Of the time behind it that the baseline covers.
    pub baseline: Tally,
}

/// Adds a fact `sign` times if it is the agent's own doing. False: it counts for nothing here.
pub fn add_fact(tally: &mut Tally, what: What, sign: i64) -> bool {
    match what {
        What::Handled { parts, transferred } => {
            tally.count(Count::Handled, sign);
            tally.count(Count::HandledTransferred, sign * i64::from(transferred));
            add_handle_parts(tally, parts, sign);
        }
        What::FirstContact { .. }
        | What::FirstContactConfirmed { .. }
        | What::Rated { .. }
        | What::OfferEnded { .. }
        | What::ResolvedSaid { .. }
        | What::FirstResponse { .. } => tally.add(what, sign),
        What::Offered
        | What::Answered { .. }
        | What::Abandoned { .. }
        | What::Left
        | What::CallbackAsked
        | What::CallbackReached { .. }
        | What::Attempted { .. }
        | What::Decided { .. }
        | What::HandledOutbound
        | What::EngagementBegan
        | What::EngagementEnded
        | What::TalkBegan
        | What::TalkEnded
        | What::WrapUpBegan
        | What::WrapUpEnded { .. }
        | What::Transferred
        | What::Reopened
        | What::NoCustomer
        | What::EndedAnswered { .. } => return false,
    }
    true
}

/// Without the distribution of an agent's tally: the variance needs the squares alone.
fn add_handle_parts(tally: &mut Tally, parts: HandleParts, sign: i64) {
    let HandleParts::Complete { talk, hold, wrap } = parts else {
        return;
    };
    tally.count(Count::Complete, sign);
    tally.count(Count::TalkMicros, sign * talk.0);
    tally.count(Count::HoldMicros, sign * hold.0);
    tally.count(Count::WrapMicros, sign * wrap.0);
    tally.add_square(talk + hold + wrap, sign);
}

/// Cases of one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// So many of `n`, or with `whole` so many parts of each one's `whole`.
    Share { num: i64, whole: i64, n: i64 },
    /// Of durations: their sum in microseconds, and of their squares.
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

    pub(super) fn handle_time(tally: &Tally) -> Self {
        let parts = [Count::TalkMicros, Count::HoldMicros, Count::WrapMicros];
        Self::Durations {
            n: tally.get(Count::Complete),
            sum: parts.into_iter().map(|part| tally.get(part)).sum(),
            squares: tally.squares(),
        }
    }

    #[must_use]
    pub const fn n(&self) -> i64 {
        match self {
            Self::Share { n, .. } | Self::Durations { n, .. } => *n,
        }
    }

    /// Of a share of cases.
    #[must_use]
    pub const fn num(&self) -> Option<i64> {
        match self {
            Self::Share { num, whole: 1, .. } => Some(*num),
            Self::Share { .. } | Self::Durations { .. } => None,
        }
    }

    /// A share, or seconds. One division, so that equal ones are equal.
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

    /// Of the difference from another sample of the same measure.
    #[must_use]
    pub fn difference(&self, other: &Self, level: Level) -> Option<Interval> {
        if let (Some(mean), Some(others)) = (self.mean(), other.mean()) {
            return mean.difference(&others, level);
        }
        let with_interval = |of: &Self| Some((of.value()?, of.interval(level)?));
        Some(newcombe(with_interval(self)?, with_interval(other)?))
    }

    /// In seconds, with the variance of a sample: `(Σx² − (Σx)²/n) / (n − 1)`, in whole microseconds.
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
