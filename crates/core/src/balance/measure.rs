//! Measures of a scorecard, all of them the agent's own doing: how long a customer had waited before is none.

use super::sample::Sample;
use crate::{
    contact::Resolution,
    kpi::{Accumulator, Count},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Mean handle time.
    Aht,
    /// Engagements ended by a transfer.
    TransferRate,
    /// Contacts whose first agent this was, resolved at once.
    Fcr,
    /// Of the same contacts, those that the customer had to repeat.
    Repeats,
    /// Mean score as a share of its scale.
    Csat,
    /// Surveys below the middle of their scale.
    CsatLow,
    /// Offers declined or missed.
    OfferMiss,
    /// Dispositions with `resolved`.
    ResolvedSaid,
    /// First responses in time.
    FirstResponse,
}

/// Which direction is good, if any: a short handle time is neither good nor bad.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Higher,
    Lower,
}

impl Better {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}

impl Measure {
    pub const ALL: [Self; 9] = [
        Self::Aht,
        Self::TransferRate,
        Self::Fcr,
        Self::Repeats,
        Self::Csat,
        Self::CsatLow,
        Self::OfferMiss,
        Self::ResolvedSaid,
        Self::FirstResponse,
    ];

    /// Returns the name, as in the KPI records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aht => "aht",
            Self::TransferRate => "transfer_rate",
            Self::Fcr => "fcr",
            Self::Repeats => "repeats",
            Self::Csat => "csat",
            Self::CsatLow => "csat_low",
            Self::OfferMiss => "offer_miss",
            Self::ResolvedSaid => "resolved_said",
            Self::FirstResponse => "frr",
        }
    }

    #[must_use]
    pub const fn better(self) -> Option<Better> {
        match self {
            Self::Aht => None,
            Self::Fcr | Self::Csat | Self::ResolvedSaid | Self::FirstResponse => {
                Some(Better::Higher)
            }
            Self::TransferRate | Self::Repeats | Self::CsatLow | Self::OfferMiss => {
                Some(Better::Lower)
            }
        }
    }

    /// Returns the sample of all cases known so far.
    #[must_use]
    pub fn sample(self, accumulator: &Accumulator) -> Sample {
        let get = |count| accumulator.get(count);
        let of = |num, others| Sample::share(get(num), get(num) + get(others));
        match self {
            Self::Aht => Sample::handle_time(accumulator),
            Self::TransferRate => {
                Sample::share(get(Count::HandledTransferred), get(Count::Handled))
            }
            Self::Fcr => resolutions(accumulator, Resolution::Resolved, Count::FirstContact),
            Self::Repeats => resolutions(accumulator, Resolution::Repeated, Count::FirstContact),
            Self::Csat => Sample::scores(get(Count::RatedBillionths), get(Count::Rated)),
            Self::CsatLow => Sample::share(get(Count::RatedLow), get(Count::Rated)),
            Self::OfferMiss => of(Count::OffersMissed, Count::OffersAnswered),
            Self::ResolvedSaid => of(Count::DispositionResolved, Count::DispositionUnresolved),
            Self::FirstResponse => of(Count::RespondedInTime, Count::RespondedLate),
        }
    }

    /// Returns the sample for a comparison over time. A contact of yesterday has had a day to be repeated, one of last month all the
    /// time it has: unsettled, everybody's repeats would seem to fall. Settled ones have all had the same time.
    #[must_use]
    pub fn settled(self, accumulator: &Accumulator) -> Sample {
        match self {
            Self::Fcr => resolutions(
                accumulator,
                Resolution::Resolved,
                Count::FirstContactConfirmed,
            ),
            Self::Repeats => resolutions(
                accumulator,
                Resolution::Repeated,
                Count::FirstContactConfirmed,
            ),
            Self::Aht
            | Self::TransferRate
            | Self::Csat
            | Self::CsatLow
            | Self::OfferMiss
            | Self::ResolvedSaid
            | Self::FirstResponse => self.sample(accumulator),
        }
    }
}

fn resolutions(
    accumulator: &Accumulator,
    which: Resolution,
    count: fn(Resolution) -> Count,
) -> Sample {
    let get = |resolution| accumulator.get(count(resolution));
    let all = get(Resolution::Resolved) + get(Resolution::Repeated) + get(Resolution::Unresolved);
    Sample::share(get(which), all)
}
