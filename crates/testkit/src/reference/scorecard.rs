//! A scorecard: the facts of one entity in one window, added up.

use std::collections::BTreeMap;

use super::{
    fact::{Fact, Handled, Resolution},
    obligation::Outcome,
    occupancy::Occupancy,
    parts::AttemptEnd,
};
use floorwalker_core::event::Span;

/// The numbers of one entity in one window, with names and meanings as in the KPI records. What a record has as null is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scorecard {
    pub offered: u64,
    pub answered: u64,
    /// Abandoned waits, short ones included.
    pub abandoned: u64,
    pub short_abandoned: u64,
    pub left: u64,
    pub callbacks: Callbacks,
    pub outbound: Outbound,
    pub handled: u64,
    pub handled_outbound: u64,
    pub reopened: u64,
    pub transferred: u64,
    pub incomplete: u64,
    /// Policies under which something was decided.
    pub sla: BTreeMap<String, Sla>,
    pub asa: Durations,
    pub aht: Aht,
    pub fcr: Resolutions,
    pub fcr_confirmed: Resolutions,
    pub fcr_no_customer: u64,
    pub resolved_said: Ratio,
    pub frr: Ratio,
    pub transfer_rate: Ratio,
    pub offer_miss: Ratio,
    pub csat_response: Ratio,
    pub csat: Csat,
    /// Absent for agents.
    pub abandonment: Option<Ratio>,
    /// Absent for agents.
    pub live: Option<Live>,
    /// Absent for queues and channels.
    pub occupancy: Option<Occupancy>,
    /// An agent's mean number of open engagements while there is one. Absent for queues and channels.
    pub concurrency: Option<f64>,
}

/// Decided obligations of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sla {
    pub met: u64,
    pub missed: u64,
    pub excluded: u64,
}

/// Waits that left for a callback, and the times until it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Callbacks {
    pub asked: u64,
    pub reached: Durations,
}

/// Outbound waits that call nobody back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbound {
    pub answered: u64,
    pub silent: u64,
    pub unreached: u64,
}

/// A share of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ratio {
    /// The numerator.
    pub num: u64,
    /// The denominator.
    pub den: u64,
}

/// Contacts that ended, by their resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resolutions {
    pub resolved: u64,
    pub repeated: u64,
    pub unresolved: u64,
}

/// Statistics of durations in seconds. Percentiles are exact, by nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Durations {
    pub n: u64,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
}

/// Mean handle times of complete engagements, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Aht {
    pub handle: Durations,
    pub talk: Option<f64>,
    pub hold: Option<f64>,
    pub wrap: Option<f64>,
    pub hold_when_held: Option<f64>,
    pub held: u64,
}

/// Ratings, normalised to 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Csat {
    /// How many there are.
    pub n: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The share of those below 0.5.
    pub low: Ratio,
}

/// What is open at the clock, whatever the window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Live {
    /// Open waits.
    pub waiting: u64,
    /// The longest open wait in seconds; `None` when nobody waits.
    pub longest_wait: Option<f64>,
    /// Contacts with an obligation at risk.
    pub at_risk: u64,
}

impl Sla {
    /// Returns the share of met in met and missed.
    #[must_use]
    pub const fn compliance(self) -> Ratio {
        Ratio {
            num: self.met,
            den: self.met + self.missed,
        }
    }
}

impl Resolutions {
    /// Returns the share of resolved contacts.
    #[must_use]
    pub const fn ratio(self) -> Ratio {
        Ratio {
            num: self.resolved,
            den: self.resolved + self.repeated + self.unresolved,
        }
    }

    fn add(&mut self, resolution: Resolution) {
        match resolution {
            Resolution::Resolved => self.resolved += 1,
            Resolution::Repeated => self.repeated += 1,
            Resolution::Unresolved => self.unresolved += 1,
        }
    }
}

impl Ratio {
    /// Returns the share. `None` of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn value(self) -> Option<f64> {
        (self.den > 0).then(|| self.num as f64 / self.den as f64)
    }

    /// Returns the 95 % Wilson score interval of the share. `None` of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn interval(self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_964;
        let n = self.den as f64;
        let share = self.value()?;
        let centre = share + Z * Z / (2.0 * n);
        let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
        Some((bound(centre - reach), bound(centre + reach)))
    }

    fn count(&mut self, hit: bool) {
        self.num += u64::from(hit);
        self.den += 1;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn mean(sum: f64, n: usize) -> Option<f64> {
    (n > 0).then(|| sum / n as f64)
}

fn mean_of_spans<'a>(spans: impl Iterator<Item = &'a Span>) -> Option<f64> {
    let (mut sum, mut n) = (Span::ZERO, 0);
    for span in spans {
        sum = sum + *span;
        n += 1;
    }
    mean(sum.as_secs(), n)
}

impl Durations {
    fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        // The least value with at least `percent` of all at or below it.
        let percentile = |percent: usize| {
            let rank = (spans.len() * percent).div_ceil(100);
            spans.get(rank.checked_sub(1)?).map(|span| span.as_secs())
        };
        Self {
            n: spans.len() as u64,
            mean: mean_of_spans(spans.iter()),
            p50: percentile(50),
            p90: percentile(90),
            p99: percentile(99),
        }
    }
}

impl Aht {
    fn of(complete: &[Handled]) -> Self {
        let part = |part: fn(&Handled) -> Span| complete.iter().map(part).collect::<Vec<_>>();
        let held: Vec<Span> = part(|one| one.hold)
            .into_iter()
            .filter(|hold| *hold > Span::ZERO)
            .collect();
        Self {
            handle: Durations::of(part(|one| one.talk + one.hold + one.wrap)),
            talk: mean_of_spans(part(|one| one.talk).iter()),
            hold: mean_of_spans(part(|one| one.hold).iter()),
            wrap: mean_of_spans(part(|one| one.wrap).iter()),
            hold_when_held: mean_of_spans(held.iter()),
            held: held.len() as u64,
        }
    }
}

impl Csat {
    fn of(scores: &[f64]) -> Self {
        let low = scores.iter().filter(|score| **score < 0.5).count() as u64;
        let n = scores.len() as u64;
        Self {
            n,
            mean: mean(scores.iter().sum(), scores.len()),
            low: Ratio { num: low, den: n },
        }
    }
}

impl Scorecard {
    /// Adds up the facts of one entity. A group (all but agents) has an abandonment.
    pub(super) fn of(facts: &[&Fact], group: bool) -> Self {
        let mut card = Self::default();
        let (mut waits, mut complete, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        let mut called_back = Vec::new();
        for fact in facts {
            card.count(fact);
            if let Fact::Answered { waited } = fact {
                waits.push(*waited);
            }
            if let Fact::CallbackReached { after } = fact {
                called_back.push(*after);
            }
            if let Fact::Handled(handled) = fact
                && handled.complete
            {
                complete.push(*handled);
            }
            if let Fact::Survey { score } = fact {
                scores.push(*score);
            }
        }
        let long = card.abandoned - card.short_abandoned;
        card.abandonment = group.then_some(Ratio {
            num: long,
            den: card.answered + long,
        });
        card.asa = Durations::of(waits);
        card.callbacks.reached = Durations::of(called_back);
        card.aht = Aht::of(&complete);
        card.csat = Csat::of(&scores);
        card
    }

    fn count(&mut self, fact: &Fact) {
        match fact {
            Fact::Offered => self.offered += 1,
            Fact::Answered { .. } => self.answered += 1,
            Fact::Abandoned { short } => {
                self.abandoned += 1;
                self.short_abandoned += u64::from(*short);
            }
            Fact::Left => self.left += 1,
            Fact::CallbackAsked => self.callbacks.asked += 1,
            Fact::CallbackReached { .. } => {}
            Fact::Attempted(AttemptEnd::Answered(_)) => self.outbound.answered += 1,
            Fact::Attempted(AttemptEnd::Silent) => self.outbound.silent += 1,
            Fact::Attempted(AttemptEnd::Unreached) => self.outbound.unreached += 1,
            Fact::Sla { policy, outcome } => {
                let sla = self.sla.entry(policy.clone()).or_default();
                match outcome {
                    Outcome::Open => {}
                    Outcome::Met => sla.met += 1,
                    Outcome::Missed => sla.missed += 1,
                    Outcome::Excluded => sla.excluded += 1,
                }
            }
            Fact::FirstResponse { met } => self.frr.count(*met),
            Fact::Reopened => self.reopened += 1,
            Fact::Transferred => self.transferred += 1,
            Fact::Handled(handled) => {
                self.handled += 1;
                self.incomplete += u64::from(!handled.complete);
                self.transfer_rate.count(handled.transferred);
            }
            Fact::HandledOutbound => self.handled_outbound += 1,
            Fact::DispositionResolved(resolved) => self.resolved_said.count(*resolved),
            Fact::Offer { refused } => self.offer_miss.count(*refused),
            Fact::Ended { surveyed } => self.csat_response.count(*surveyed),
            Fact::Survey { .. } => {}
            Fact::Fcr(resolution) => self.fcr.add(*resolution),
            Fact::FcrConfirmed(resolution) => self.fcr_confirmed.add(*resolution),
            Fact::FcrNoCustomer => self.fcr_no_customer += 1,
        }
    }
}
