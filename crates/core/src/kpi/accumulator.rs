//! Accumulators: sums of signed facts, exact in any order.

use std::cmp::Ordering;

use super::distribution::{Percentiles, bucket_of};
use crate::{
    contact::{AttemptOutcome, FactKind, HandleParts, Resolution, Verdict},
    event::Span,
};

/// Sums of one entity over one stretch of time. Sparse: only what is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accumulator {
    /// Sorted by [`Count::code`]; the buckets of the three distributions follow the counts.
    pub(super) sums: Vec<(u32, i64)>,
}

/// Selects one of the three distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durations {
    Waits,
    Handles,
    /// From leaving for a callback to its answer.
    Callbacks,
}

/// Codes of buckets: of callbacks from `BUCKETS / 2`, of waits from `BUCKETS`, of handle times from `2 * BUCKETS`.
pub(super) const BUCKETS: u32 = 1 << 20;
/// No distribution has more buckets than this.
const BUCKETS_MAX: u32 = 1 << 16;

/// Initial capacity; enough for most accumulators.
const SUMS_OF_A_FEW_FACTS: usize = 10;

/// Name of one sum. Its code is part of the state's format: never reuse one.
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
    /// Engagements ended by a transfer, when they ended: the numerator of the transfer rate.
    HandledTransferred,
    OffersAnswered,
    OffersMissed,
    DispositionResolved,
    DispositionUnresolved,
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
    /// Complete engagements: only these count in means.
    Complete,
    /// Complete engagements with at least one hold.
    Held,
    /// First responses of the policy that rates each contact.
    RespondedInTime,
    RespondedLate,
    Reopened,
    /// Engagements begun minus engagements ended.
    Opened,
    /// Waits that left for a callback.
    CallbacksAsked,
    /// Those of them whose callback was answered.
    CallbacksReached,
    /// Sum in microseconds of the times from leaving to the answer.
    CallbackMicros,
    /// Outbound waits that are no callbacks.
    Attempts(AttemptOutcome),
    /// Talks, or wrap-ups, begun on live channels minus those ended.
    Present,
    /// Sum of the squares of handle times; see [`Half`].
    HandleSquares(Half),
    Decided(u16, Verdict),
}

/// A square of microseconds has more bits than a sum, so it is summed in two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Low,
    High,
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
            Self::DispositionResolved => 11,
            Self::DispositionUnresolved => 12,
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
            // 28 to 39: state durations.
            Self::FirstContact(resolution) => 40 + resolution as u32,
            Self::FirstContactConfirmed(resolution) => 43 + resolution as u32,
            Self::NoCustomer => 46,
            Self::Opened => 47,
            Self::CallbacksAsked => 54,
            Self::CallbacksReached => 55,
            Self::CallbackMicros => 56,
            Self::Attempts(outcome) => 57 + outcome as u32,
            Self::Present => 48,
            Self::HandleSquares(half) => 60 + half as u32,
            Self::Decided(policy, verdict) => DECIDED + ((policy as u32) << 2) + verdict as u32,
        }
    }
}

impl Accumulator {
    /// Adds a fact `sign` times.
    pub fn add(&mut self, kind: FactKind, sign: i64) {
        match kind {
            FactKind::Offered => self.count(Count::Offered, sign),
            FactKind::Answered { wait } => {
                self.count(Count::Answered, sign);
                self.count(Count::WaitMicros, sign * wait.0);
                self.add_duration(Durations::Waits, wait, sign);
            }
            FactKind::Abandoned { short } => {
                self.count(Count::Abandoned, sign);
                self.count(Count::ShortAbandoned, sign * i64::from(short));
            }
            FactKind::Left => self.count(Count::Left, sign),
            FactKind::CallbackAsked => self.count(Count::CallbacksAsked, sign),
            FactKind::CallbackReached { time } => {
                self.count(Count::CallbacksReached, sign);
                self.count(Count::CallbackMicros, sign * time.0);
                self.add_duration(Durations::Callbacks, time, sign);
            }
            FactKind::Attempted { outcome } => self.count(Count::Attempts(outcome), sign),
            FactKind::Decided { policy, verdict } => {
                self.count(Count::Decided(policy, verdict), sign)
            }
            FactKind::OfferEnded { answered: true } => self.count(Count::OffersAnswered, sign),
            FactKind::OfferEnded { answered: false } => self.count(Count::OffersMissed, sign),
            FactKind::Handled { parts, transferred } => {
                self.count(Count::Handled, sign);
                self.count(Count::HandledTransferred, sign * i64::from(transferred));
                self.add_handle_parts(parts, sign);
            }
            FactKind::HandledOutbound => self.count(Count::HandledOutbound, sign),
            FactKind::Transferred => self.count(Count::Transferred, sign),
            FactKind::Disposition { resolved: true } => {
                self.count(Count::DispositionResolved, sign)
            }
            FactKind::Disposition { resolved: false } => {
                self.count(Count::DispositionUnresolved, sign)
            }
            FactKind::FirstResponse { met: true } => self.count(Count::RespondedInTime, sign),
            FactKind::FirstResponse { met: false } => self.count(Count::RespondedLate, sign),
            FactKind::Reopened => self.count(Count::Reopened, sign),
            FactKind::EngagementBegan => self.count(Count::Opened, sign),
            FactKind::EngagementEnded => self.count(Count::Opened, -sign),
            FactKind::TalkBegan | FactKind::WrapUpBegan => self.count(Count::Present, sign),
            FactKind::TalkEnded | FactKind::WrapUpEnded { .. } => self.count(Count::Present, -sign),
            FactKind::FirstContact { resolution } => {
                self.count(Count::FirstContact(resolution), sign);
            }
            FactKind::FirstContactConfirmed { resolution } => {
                self.count(Count::FirstContactConfirmed(resolution), sign);
            }
            FactKind::NoCustomer => self.count(Count::NoCustomer, sign),
            FactKind::EndedAnswered { surveyed } => {
                self.count(Count::EndedAnswered, sign);
                self.count(Count::Surveyed, sign * i64::from(surveyed));
            }
            FactKind::Rated { billionths } => {
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

    /// Adds to the sums of three codes in a row, the first of which is `code`.
    pub(super) fn add_row(&mut self, code: u32, amounts: [i64; 3]) {
        let place = self.sums.partition_point(|sum| sum.0 < code);
        let mut whole = true;
        if let Some(row) = self.sums.get_mut(place..place + 3)
            && row.iter().map(|sum| sum.0).eq(code..code + 3)
        {
            for (sum, amount) in row.iter_mut().zip(amounts) {
                sum.1 += amount;
                whole &= sum.1 != 0;
            }
            if !whole {
                self.sums.retain(|sum| sum.1 != 0);
            }
            return;
        }
        (code..)
            .zip(amounts)
            .for_each(|(code, amount)| self.add_sum(code, amount));
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

    /// Subtracts the sums of another accumulator.
    pub fn retract(&mut self, other: &Self) {
        other
            .sums()
            .for_each(|(code, amount)| self.add_sum(code, -amount));
    }

    #[must_use]
    pub fn get(&self, count: Count) -> i64 {
        self.sum_of(count.code())
    }

    /// Returns a count and resets it to zero.
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

    /// Returns the percentiles of a distribution.
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

/// Merges two sorted streams of sums.
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
    fn images_are_read_back_and_sums_are_the_same_in_any_order() {
        let facts = [
            (
                FactKind::Answered {
                    wait: Span::from_secs(10),
                },
                1,
            ),
            (FactKind::Offered, 1),
            (
                FactKind::Rated {
                    billionths: 750_000_000,
                },
                1,
            ),
            (
                FactKind::Answered {
                    wait: Span(12_345_678),
                },
                -1,
            ),
            (
                FactKind::Decided {
                    policy: 65_535,
                    verdict: Verdict::Excluded,
                },
                3,
            ),
        ];
        let (mut one, mut other, mut both) = Default::default();
        for (place, (kind, sign)) in facts.into_iter().enumerate() {
            Accumulator::add(
                if place % 2 == 0 { &mut one } else { &mut other },
                kind,
                sign,
            );
            Accumulator::add(&mut both, kind, sign);
        }
        let bytes = minicbor::to_vec(&one).unwrap();
        let read: Accumulator = decode(&bytes).unwrap();
        assert_eq!(read, one);
        let mut sum = other.clone();
        sum.merge(&one);
        one.merge(&other);
        assert_eq!((&one, &sum), (&both, &both));
        for (kind, sign) in facts {
            one.add(kind, -sign);
        }
        assert!(one.is_empty());
    }
}
