//! The KPI record: what one entity did in one window.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    accumulator::{Accumulator, Count, Durations},
    by_name::ByName,
    distribution::Percentiles,
    outbound::{Callbacks, Outbound},
    rounding::{mean_secs, round, rounded_option, rounded_pair, share},
    state_duration::Times,
};
use crate::{
    contact::{Policy, Resolution, Verdict},
    event::{Span, Timestamp},
};

/// KPIs of one entity in one window. Durations in seconds, values rounded to 6 decimals, absent is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "KpiRecord")]
pub struct KpiRecord<'a, K = Scorecard<'a>> {
    /// `agent:ana`, `queue:billing`, `team:red`, `site:north`, `channel:voice`, `reason:outage` or `all`.
    pub entity: Cow<'a, str>,
    /// The figures are a function of the events up to this instant.
    pub window: Cow<'a, str>,
    /// The instant whose numbers these are: a function of the events up to it.
    pub clock: Timestamp,
    /// The window begins before the first event that this deployment has seen, or a task was left out.
    #[serde(default)]
    #[schemars(!default)]
    pub partial: bool,
    pub kpis: K,
}

/// All KPIs of one entity and window. What this version does not compute is `null`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Scorecard<'a> {
    /// Waits that began.
    pub offered: i64,
    /// Waits that an answer ended.
    pub answered: i64,
    /// Waits that the customer ended.
    pub abandoned: i64,
    /// Abandoned waits whose customers hung up at once.
    pub short_abandoned: i64,
    /// Waits that a flow-out or a move to another queue ended.
    pub left: i64,
    /// Inbound engagements and callbacks that ended.
    pub handled: i64,
    /// Outbound engagements that ended, callbacks left out.
    pub handled_outbound: i64,
    /// Waits that left for a callback.
    pub callbacks: Callbacks,
    /// Outbound waits that are no callbacks.
    pub outbound: Outbound,
    /// Reopenings of contacts that were over.
    pub reopened: i64,
    /// Talks that a transfer ended.
    pub transferred: i64,
    /// Handled engagements that count in no mean.
    pub incomplete: i64,
    /// Compliance by the policy's name: met of all decided obligations.
    #[schemars(with = "BTreeMap<String, Compliance>")]
    pub sla: ByName<'a, Compliance>,
    /// Speed of answer: the waits of answered contacts.
    pub asa: SpeedOfAnswer,
    /// Talk, hold and wrap-up of complete engagements.
    pub aht: HandleTime,
    /// First-contact resolution, as far as it is known.
    pub fcr: Resolutions,
    /// The same, of the contacts whose window is over.
    pub fcr_confirmed: Resolutions,
    /// Ended contacts without a known customer.
    pub fcr_no_customer: i64,
    /// Dispositions with `resolved`.
    pub resolved_said: Ratio,
    /// First responses in time.
    pub frr: Ratio,
    /// Engagements ended by a transfer, of the handled.
    pub transfer_rate: Ratio,
    /// Offers declined or missed.
    pub offer_miss: Ratio,
    /// Surveyed of the answered contacts that ended.
    pub csat_response: Ratio,
    pub csat: Satisfaction,
    /// Missing for queues and channels: agents are in no queue.
    pub occupancy: Option<Occupancy<'a>>,
    /// Mean open engagements while there is one.
    pub concurrency: Option<f64>,
    /// Abandoned of abandoned and answered waits, without short ones. Missing for agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Ratio")]
    pub abandonment: Option<Ratio>,
    /// State at the clock. Missing for agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LiveState")]
    pub live: Option<LiveState>,
}

/// State of a queue or group at the clock.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Live", !default)]
pub struct LiveState {
    /// Open waits.
    pub waiting: i64,
    /// Longest wait so far, in seconds.
    pub longest_wait: Option<f64>,
    /// Contacts with an obligation open past its at-risk level.
    pub at_risk: i64,
}

impl LiveState {
    /// Adds the state of another group.
    pub fn add(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.at_risk += other.at_risk;
        let waits = [self.longest_wait, other.longest_wait];
        self.longest_wait = waits.into_iter().flatten().reduce(f64::max);
    }
}

/// Times of agents, with the names of their reasons to be away.
#[derive(Debug, Default)]
pub struct NamedTimes<'a> {
    pub times: Times,
    /// Times by reason.
    pub away: Vec<(&'a str, Span)>,
}

/// Share of their time that agents were busy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Occupancy<'a> {
    pub value: Option<f64>,
    /// Seconds offered, engaged or in wrap-up.
    pub occupied: f64,
    /// Seconds.
    pub available: f64,
    /// Seconds by reason.
    #[schemars(with = "BTreeMap<String, f64>")]
    pub away: ByName<'a, f64>,
}

/// A share, with its counts and its 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Ratio {
    #[serde(serialize_with = "rounded_option")]
    #[schemars(with = "Option<f64>")]
    pub value: Option<f64>,
    pub num: i64,
    pub den: i64,
    #[serde(serialize_with = "rounded_pair")]
    #[schemars(with = "Option<(f64, f64)>")]
    pub interval: Option<(f64, f64)>,
}

/// Compliance with one policy: met of met and missed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Compliance {
    pub met: i64,
    pub missed: i64,
    pub excluded: i64,
    #[serde(flatten)]
    pub ratio: Ratio,
}

/// Resolved of all contacts that ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Resolutions {
    pub resolved: i64,
    pub repeated: i64,
    pub unresolved: i64,
    #[serde(flatten)]
    pub ratio: Ratio,
}

/// Seconds, over `n` answered waits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct SpeedOfAnswer {
    pub n: i64,
    pub mean: Option<f64>,
    #[serde(flatten)]
    pub percentiles: Percentiles,
}

/// Seconds, over `n` complete engagements; `hold_when_held` over the `held` ones that had a hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct HandleTime {
    pub n: i64,
    pub mean: Option<f64>,
    #[serde(flatten)]
    pub percentiles: Percentiles,
    pub talk: Option<f64>,
    pub hold: Option<f64>,
    pub wrap: Option<f64>,
    pub hold_when_held: Option<f64>,
    pub held: i64,
}

/// Shares of the scale, 0 to 1, over `n` surveys; low is below one half.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Satisfaction {
    pub n: i64,
    pub mean: Option<f64>,
    pub low: Ratio,
}

impl<'a> Scorecard<'a> {
    /// Computes the KPIs of an agent, or with `live` those of a queue or group. `times` are given for entities that have agents.
    #[must_use]
    pub fn new(
        accumulator: &Accumulator,
        policies: &'a [Policy],
        live: Option<LiveState>,
        times: Option<NamedTimes<'a>>,
    ) -> Self {
        let get = |count| accumulator.get(count);
        let abandoned_long = get(Count::Abandoned) - get(Count::ShortAbandoned);
        Self {
            offered: get(Count::Offered),
            answered: get(Count::Answered),
            abandoned: get(Count::Abandoned),
            short_abandoned: get(Count::ShortAbandoned),
            left: get(Count::Left),
            handled: get(Count::Handled),
            handled_outbound: get(Count::HandledOutbound),
            callbacks: Callbacks::new(accumulator),
            outbound: Outbound::new(accumulator),
            reopened: get(Count::Reopened),
            transferred: get(Count::Transferred),
            incomplete: get(Count::Incomplete),
            sla: by_policy(accumulator, policies),
            asa: SpeedOfAnswer::new(accumulator),
            aht: HandleTime::new(accumulator),
            fcr: Resolutions::new(accumulator, Count::FirstContact),
            fcr_confirmed: Resolutions::new(accumulator, Count::FirstContactConfirmed),
            fcr_no_customer: get(Count::NoCustomer),
            resolved_said: Ratio::of(
                get(Count::DispositionResolved),
                get(Count::DispositionUnresolved),
            ),
            frr: Ratio::of(get(Count::RespondedInTime), get(Count::RespondedLate)),
            transfer_rate: Ratio::new(get(Count::HandledTransferred), get(Count::Handled)),
            offer_miss: Ratio::of(get(Count::OffersMissed), get(Count::OffersAnswered)),
            csat_response: Ratio::new(get(Count::Surveyed), get(Count::EndedAnswered)),
            csat: Satisfaction::new(accumulator),
            concurrency: (times.as_ref()).and_then(|of| share(of.times.engaged, of.times.busy)),
            occupancy: times.map(Occupancy::new),
            abandonment: live.map(|_| Ratio::of(abandoned_long, get(Count::Answered))),
            live,
        }
    }
}

impl Ratio {
    /// Returns `num` of `den`, with the Wilson score interval for z = 1.959964 (Wilson 1927, Journal of the American Statistical
    /// Association 22, 209).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn new(num: i64, den: i64) -> Self {
        const Z2: f64 = 1.959_964 * 1.959_964;
        let measured = (den > 0).then(|| {
            let (n, p) = (den as f64, num as f64 / den as f64);
            let middle = p + Z2 / (2.0 * n);
            let spread = (Z2 * (p * (1.0 - p) / n + Z2 / (4.0 * n * n)).max(0.0)).sqrt();
            let scale = 1.0 + Z2 / n;
            let low = ((middle - spread) / scale).max(0.0);
            (p, (low, ((middle + spread) / scale).min(1.0)))
        });
        Self {
            value: measured.map(|(value, _)| value),
            num,
            den,
            interval: measured.map(|(_, interval)| interval),
        }
    }

    /// Returns `num` of `num + others`.
    #[must_use]
    pub fn of(num: i64, others: i64) -> Self {
        Self::new(num, num + others)
    }
}

/// Returns the compliance with each policy that decided any obligation.
fn by_policy<'a>(accumulator: &Accumulator, policies: &'a [Policy]) -> ByName<'a, Compliance> {
    let decided =
        |policy: &Policy, verdict| accumulator.get(Count::Decided(policy.code(), verdict));
    // Policies of one name are neighbours and count as one.
    let named = policies.chunk_by(|one, next| one.name == next.name);
    let named = named.filter_map(|of_name| {
        let policy = of_name.first()?;
        let compliance = Compliance::new(
            decided(policy, Verdict::Met),
            decided(policy, Verdict::Missed),
            decided(policy, Verdict::Excluded),
        );
        let any = compliance.ratio.den != 0 || compliance.excluded != 0;
        any.then_some((policy.name.as_str().into(), compliance))
    });
    ByName(named.collect())
}

impl Compliance {
    fn new(met: i64, missed: i64, excluded: i64) -> Self {
        Self {
            met,
            missed,
            excluded,
            ratio: Ratio::of(met, missed),
        }
    }
}

impl Resolutions {
    fn new(accumulator: &Accumulator, count: fn(Resolution) -> Count) -> Self {
        let [resolved, repeated, unresolved] = [
            Resolution::Resolved,
            Resolution::Repeated,
            Resolution::Unresolved,
        ]
        .map(|resolution| accumulator.get(count(resolution)));
        Self {
            resolved,
            repeated,
            unresolved,
            ratio: Ratio::of(resolved, repeated + unresolved),
        }
    }
}

impl SpeedOfAnswer {
    fn new(accumulator: &Accumulator) -> Self {
        let n = accumulator.get(Count::Answered);
        Self {
            n,
            mean: mean_secs(accumulator.get(Count::WaitMicros), n),
            percentiles: accumulator.percentiles(Durations::Waits),
        }
    }
}

impl HandleTime {
    fn new(accumulator: &Accumulator) -> Self {
        let n = accumulator.get(Count::Complete);
        let held = accumulator.get(Count::Held);
        let [talk, hold, wrap] = [Count::TalkMicros, Count::HoldMicros, Count::WrapMicros]
            .map(|part| accumulator.get(part));
        Self {
            n,
            mean: mean_secs(talk + hold + wrap, n),
            percentiles: accumulator.percentiles(Durations::Handles),
            talk: mean_secs(talk, n),
            hold: mean_secs(hold, n),
            wrap: mean_secs(wrap, n),
            hold_when_held: mean_secs(hold, held),
            held,
        }
    }
}

impl<'a> Occupancy<'a> {
    fn new(of: NamedTimes<'a>) -> Self {
        let Times {
            occupied,
            available,
            ..
        } = of.times;
        let away = of.away.into_iter();
        let away = away.map(|(reason, time)| (reason.into(), time.as_secs()));
        Self {
            value: share(occupied, occupied + available),
            occupied: occupied.as_secs(),
            available: available.as_secs(),
            away: ByName(away.collect()),
        }
    }
}

impl Satisfaction {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and billionths are far below 2^53"
    )]
    fn new(accumulator: &Accumulator) -> Self {
        let n = accumulator.get(Count::Rated);
        let sum = accumulator.get(Count::RatedBillionths);
        Self {
            n,
            mean: (n > 0).then(|| round(sum as f64 / 1e9 / n as f64)),
            low: Ratio::new(accumulator.get(Count::RatedLow), n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_worked_example() {
        let table = [
            (1, 3, "6.1 79.2"),
            (1, 2, "9.5 90.5"),
            (0, 1, "0.0 79.3"),
            (1, 1, "20.7 100.0"),
        ];
        for (num, den, expected) in table {
            let (low, high) = Ratio::new(num, den).interval.unwrap();
            assert_eq!(format!("{:.1} {:.1}", low * 100.0, high * 100.0), expected);
        }
        assert_eq!(Ratio::new(0, 0).value, None);
    }
}
