//! What is counted: sums of signed facts, exact in any order.

use minicbor::{Decode, Encode};

use super::distribution::{Distribution, add_sparse};
use crate::contact::{HandleParts, Verdict, What};

/// The sums of one entity over one stretch of time. Sparse: only what is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Tally {
    /// By [`Count`], ascending.
    #[n(0)]
    counts: Vec<(u32, i64)>,
    #[n(1)]
    pub(super) waits: Distribution,
    #[n(2)]
    pub(super) handles: Distribution,
}

/// What a count counts. The numbers are part of the state's format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Offered,
    Answered,
    Abandoned,
    ShortAbandoned,
    Left,
    Handled,
    Incomplete,
    HandledOutbound,
    /// Talks ended by a transfer, when they ended.
    Transferred,
    /// Engagements ended by a transfer, when they ended: of the transfer rate.
    HandledTransferred,
    OffersAnswered,
    OffersMissed,
    SaidResolved,
    SaidUnresolved,
    EndedAnswered,
    Surveyed,
    Rated,
    /// Sum of scores as shares of their scales, in billionths.
    RatedBillionths,
    RatedLow,
    /// Sums in microseconds.
    WaitMicros,
    TalkMicros,
    HoldMicros,
    WrapMicros,
    /// Complete engagements: those the means are over.
    Complete,
    /// Of them, those with hold.
    Held,
    Decided(u16, Verdict),
}

const DECIDED: u32 = 64;
const LOW_BELOW_BILLIONTHS: i64 = 500_000_000;

impl Count {
    const fn code(self) -> u32 {
        match self {
            Self::Offered => 0,
            Self::Answered => 1,
            Self::Abandoned => 2,
            Self::ShortAbandoned => 3,
            Self::Left => 4,
            Self::Handled => 5,
            Self::Incomplete => 6,
            Self::HandledOutbound => 7,
            Self::Transferred => 8,
            Self::OffersAnswered => 9,
            Self::OffersMissed => 10,
            Self::SaidResolved => 11,
            Self::SaidUnresolved => 12,
            Self::EndedAnswered => 13,
            Self::Surveyed => 14,
            Self::Rated => 15,
            Self::RatedBillionths => 16,
            Self::RatedLow => 17,
            Self::WaitMicros => 18,
            Self::TalkMicros => 19,
            Self::HoldMicros => 20,
            Self::WrapMicros => 21,
            Self::Complete => 22,
            Self::Held => 23,
            Self::HandledTransferred => 24,
            Self::Decided(policy, verdict) => DECIDED + ((policy as u32) << 2) + verdict as u32,
        }
    }
}

impl Tally {
    /// Adds a fact `sign` times.
    pub fn add(&mut self, what: What, sign: i64) {
        match what {
            What::Offered => self.count(Count::Offered, sign),
            What::Answered { wait } => {
                self.count(Count::Answered, sign);
                self.count(Count::WaitMicros, sign * wait.0);
                self.waits.add(wait, sign);
            }
            What::Abandoned { short } => {
                self.count(Count::Abandoned, sign);
                self.count(Count::ShortAbandoned, sign * i64::from(short));
            }
            What::Left => self.count(Count::Left, sign),
            What::Decided { policy, verdict } => self.count(Count::Decided(policy, verdict), sign),
            What::OfferEnded { answered: true } => self.count(Count::OffersAnswered, sign),
            What::OfferEnded { answered: false } => self.count(Count::OffersMissed, sign),
            What::Handled { parts, transferred } => {
                self.count(Count::Handled, sign);
                self.count(Count::HandledTransferred, sign * i64::from(transferred));
                self.add_handle_parts(parts, sign);
            }
            What::HandledOutbound => self.count(Count::HandledOutbound, sign),
            What::Transferred => self.count(Count::Transferred, sign),
            What::ResolvedSaid { resolved: true } => self.count(Count::SaidResolved, sign),
            What::ResolvedSaid { resolved: false } => self.count(Count::SaidUnresolved, sign),
            What::EndedAnswered { surveyed } => {
                self.count(Count::EndedAnswered, sign);
                self.count(Count::Surveyed, sign * i64::from(surveyed));
            }
            What::Rated { billionths } => {
                self.count(Count::Rated, sign);
                self.count(Count::RatedBillionths, sign * billionths);
                let low = billionths < LOW_BELOW_BILLIONTHS;
                self.count(Count::RatedLow, sign * i64::from(low));
            }
        }
    }

    fn add_handle_parts(&mut self, parts: HandleParts, sign: i64) {
        let HandleParts::Complete { talk, hold, wrap } = parts else {
            return self.count(Count::Incomplete, sign);
        };
        self.count(Count::Complete, sign);
        self.count(Count::TalkMicros, sign * talk.0);
        self.count(Count::HoldMicros, sign * hold.0);
        self.count(Count::WrapMicros, sign * wrap.0);
        self.count(Count::Held, sign * i64::from(hold.0 > 0));
        self.handles.add(talk + hold + wrap, sign);
    }

    fn count(&mut self, count: Count, amount: i64) {
        add_sparse(&mut self.counts, count.code(), amount);
    }

    pub fn merge(&mut self, other: &Self) {
        for &(code, amount) in &other.counts {
            add_sparse(&mut self.counts, code, amount);
        }
        self.waits.merge(&other.waits);
        self.handles.merge(&other.handles);
    }

    #[must_use]
    pub fn get(&self, count: Count) -> i64 {
        let code = count.code();
        self.counts
            .binary_search_by_key(&code, |entry| entry.0)
            .map_or(0, |place| self.counts[place].1)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.waits.is_empty() && self.handles.is_empty()
    }
}
