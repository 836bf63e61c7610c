//! What is counted: sums of signed facts, exact in any order.

use std::cmp::Ordering;

use super::{
    distribution::{Percentiles, bucket_of},
    squares::Half,
};
use crate::{
    contact::{AttemptOutcome, HandleParts, Resolution, Verdict, What},
    event::Span,
};

/// The sums of one entity over one stretch of time. Sparse: only what is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// By [`Count::code`], ascending; behind the counts, the buckets of the three distributions.
    pub(super) sums: Vec<(u32, i64)>,
}

/// Which durations a distribution is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durations {
    Waits,
    Handles,
    /// From leaving for a callback to its answer.
    Callbacks,
}

/// Codes from half of this on are buckets of callbacks, from here on of waits, from twice this of handle times.
pub(super) const BUCKETS: u32 = 1 << 20;
/// More than a distribution has.
const BUCKETS_MAX: u32 = 1 << 16;

/// Room that most tallies do with.
const SUMS_OF_A_FEW_FACTS: usize = 10;

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
    FirstContact(Resolution),
    FirstContactConfirmed(Resolution),
    NoCustomer,
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
    /// First responses of the policy that rates each contact.
    RespondedInTime,
    RespondedLate,
    Reopened,
    /// Engagements begun, less those that ended.
    Opened,
    /// Waits that left for a callback.
    CallbacksAsked,
    /// Of them, those whose callback was answered.
    CallbacksReached,
    /// Sum, in microseconds, of their times from leaving to the answer.
    CallbackMicros,
    /// Outbound waits that are no callbacks.
    Attempts(AttemptOutcome),
    /// Talks, or wrap-ups, begun on live channels, less those that ended.
    Live,
    /// Sum of the squares of handle times; see [`Half`].
    HandleSquares(Half),
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
            Self::RespondedInTime => 25,
            Self::RespondedLate => 26,
            Self::Reopened => 27,
            // 28 to 39: what lasts.
            Self::FirstContact(resolution) => 40 + resolution as u32,
            Self::FirstContactConfirmed(resolution) => 43 + resolution as u32,
            Self::NoCustomer => 46,
            Self::Opened => 47,
            Self::CallbacksAsked => 54,
            Self::CallbacksReached => 55,
            Self::CallbackMicros => 56,
            Self::Attempts(outcome) => 57 + outcome as u32,
            Self::Live => 48,
            Self::HandleSquares(half) => 60 + half as u32,
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
                self.add_duration(Durations::Waits, wait, sign);
            }
            What::Abandoned { short } => {
                self.count(Count::Abandoned, sign);
                self.count(Count::ShortAbandoned, sign * i64::from(short));
            }
            What::Left => self.count(Count::Left, sign),
            What::CallbackAsked => self.count(Count::CallbacksAsked, sign),
            What::CallbackReached { time } => {
                self.count(Count::CallbacksReached, sign);
                self.count(Count::CallbackMicros, sign * time.0);
                self.add_duration(Durations::Callbacks, time, sign);
            }
            What::Attempted { outcome } => self.count(Count::Attempts(outcome), sign),
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
            What::FirstResponse { met: true } => self.count(Count::RespondedInTime, sign),
            What::FirstResponse { met: false } => self.count(Count::RespondedLate, sign),
            What::Reopened => self.count(Count::Reopened, sign),
            What::EngagementBegan => self.count(Count::Opened, sign),
            What::EngagementEnded => self.count(Count::Opened, -sign),
            What::TalkBegan | What::WrapUpBegan => self.count(Count::Live, sign),
            What::TalkEnded | What::WrapUpEnded { .. } => self.count(Count::Live, -sign),
            What::FirstContact { resolution } => {
                self.count(Count::FirstContact(resolution), sign);
            }
            What::FirstContactConfirmed { resolution } => {
                self.count(Count::FirstContactConfirmed(resolution), sign);
            }
            What::NoCustomer => self.count(Count::NoCustomer, sign),
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
        self.add_duration(Durations::Handles, talk + hold + wrap, sign);
    }

    pub fn count(&mut self, count: Count, amount: i64) {
        self.add_sum(count.code(), amount);
    }

    fn add_duration(&mut self, of: Durations, value: Span, count: i64) {
        self.add_sum(of.first_code() + u32::from(bucket_of(value)), count);
    }

    pub(super) fn add_sum(&mut self, code: u32, amount: i64) {
        if amount == 0 {
            return;
        }
        match self.sums.binary_search_by_key(&code, |sum| sum.0) {
            Ok(place) if self.sums[place].1 + amount == 0 => {
                self.sums.remove(place);
            }
            Ok(place) => self.sums[place].1 += amount,
            Err(place) => {
                if self.sums.capacity() == 0 {
                    self.sums.reserve_exact(SUMS_OF_A_FEW_FACTS);
                }
                self.sums.insert(place, (code, amount));
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if self.sums.is_empty() {
            self.sums.clone_from(&other.sums);
        } else if other.sums.len() * 4 < self.sums.len() {
            for &(code, amount) in &other.sums {
                self.add_sum(code, amount);
            }
        } else {
            let mut sums = Vec::with_capacity(self.sums.len() + other.sums.len());
            let (own, others) = (self.sums.iter().copied(), other.sums.iter().copied());
            merge_sums(own, others, |sum| sums.push(sum));
            self.sums = sums;
        }
    }

    /// Takes the sums of another back.
    pub fn retract(&mut self, other: &Self) {
        other
            .sums()
            .for_each(|(code, amount)| self.add_sum(code, -amount));
    }

    #[must_use]
    pub fn get(&self, count: Count) -> i64 {
        self.sum_of(count.code())
    }

    /// A count, which is zero afterwards.
    pub fn take(&mut self, count: Count) -> i64 {
        let amount = self.get(count);
        self.count(count, -amount);
        amount
    }

    pub(super) fn sum_of(&self, code: u32) -> i64 {
        self.sums
            .binary_search_by_key(&code, |sum| sum.0)
            .map_or(0, |place| self.sums[place].1)
    }

    pub(super) fn sums(&self) -> impl Iterator<Item = (u32, i64)> {
        self.sums.iter().copied()
    }

    pub(super) fn filtered(&self, keep: impl Fn(u32) -> bool) -> Self {
        Self {
            sums: self.sums().filter(|(code, _)| keep(*code)).collect(),
        }
    }

    /// Percentiles of a distribution.
    #[must_use]
    pub fn percentiles(&self, of: Durations) -> Percentiles {
        let first = of.first_code();
        let from = self.sums.partition_point(|sum| sum.0 < first);
        let to = self.sums.partition_point(|sum| sum.0 < first + BUCKETS_MAX);
        let buckets = self.sums[from..to].iter();
        Percentiles::of(&buckets.map(|&(code, count)| (code - first, count)))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }
}

impl Durations {
    const fn first_code(self) -> u32 {
        match self {
            Self::Callbacks => BUCKETS / 2,
            Self::Waits => BUCKETS,
            Self::Handles => 2 * BUCKETS,
        }
    }
}

/// Adds up two ascending streams of sums.
pub(super) fn merge_sums(
    a: impl Iterator<Item = (u32, i64)>,
    b: impl Iterator<Item = (u32, i64)>,
    mut push: impl FnMut((u32, i64)),
) {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    while let (Some(&(left, x)), Some(&(right, y))) = (a.peek(), b.peek()) {
        match left.cmp(&right) {
            Ordering::Less => a.next().into_iter().for_each(&mut push),
            Ordering::Greater => b.next().into_iter().for_each(&mut push),
            Ordering::Equal => {
                a.next();
                b.next();
                if x + y != 0 {
                    push((left, x + y));
                }
            }
        }
    }
    a.chain(b).for_each(push);
}

#[cfg(test)]
mod tests {
    use minicbor::decode;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_sums_are_the_same_in_any_order() {
        let facts = [
            (
                What::Answered {
                    wait: Span::from_secs(10),
                },
                1,
            ),
            (What::Offered, 1),
            (
                What::Rated {
                    billionths: 750_000_000,
                },
                1,
            ),
            (
                What::Answered {
                    wait: Span(12_345_678),
                },
                -1,
            ),
            (
                What::Decided {
                    policy: 65_535,
                    verdict: Verdict::Excluded,
                },
                3,
            ),
        ];
        let (mut one, mut other, mut both) = Default::default();
        for (place, (what, sign)) in facts.into_iter().enumerate() {
            Tally::add(
                if place % 2 == 0 { &mut one } else { &mut other },
                what,
                sign,
            );
            Tally::add(&mut both, what, sign);
        }
        let bytes = minicbor::to_vec(&one).unwrap();
        let read: Tally = decode(&bytes).unwrap();
        assert_eq!(read, one);
        let mut sum = other.clone();
        sum.merge(&one);
        one.merge(&other);
        assert_eq!((&one, &sum), (&both, &both));
        for (what, sign) in facts {
            one.add(what, -sign);
        }
        assert!(one.is_empty());
    }
}
