//! Pauses: while a contact waits for the customer or a third party, the clocks of some policies stand.

use minicbor::{Decode, Encode};

use super::{
    Calendar, Policy,
    parts::{Closed, Closing, Decision, Obligation, Verdict},
};
use crate::event::{AgentId, Span, Timestamp};

/// From `contact_paused` to the event that continued the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Pause {
    #[n(0)]
    pub from: Timestamp,
    /// `None` while it is paused.
    #[n(1)]
    pub to: Option<Timestamp>,
}

/// A clock that stands: since when, and until when at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standstill {
    pub since: Timestamp,
    pub stale_at: Timestamp,
}

impl Standstill {
    /// Returns the standstill of an obligation in a pause. `None`: it came due by the first instant of the pause.
    fn of(pause: Pause, opened_at: Timestamp, due_at: Timestamp, age_max: Span) -> Option<Self> {
        let since = pause.from.max(opened_at);
        (since < due_at).then_some(Self {
            since,
            stale_at: since + age_max,
        })
    }

    /// Returns when something comes that would have come at `at`, if the clock goes on at `to`.
    fn moved(self, at: Timestamp, to: Timestamp, calendar: Option<&Calendar>) -> Timestamp {
        if at <= self.since || at == Timestamp::MAX {
            return at;
        }
        match calendar {
            Some(calendar) => calendar.passed_at(to, calendar.open_between(self.since, at)),
            None => at + (to - self.since),
        }
    }
}

impl Policy {
    /// Returns the last instant at which something opened then may be met, given the contact's pauses in order: when it is due, or stale
    /// within a pause.
    pub(super) fn may_be_met_to(
        &self,
        opened_at: Timestamp,
        pauses: &[Pause],
        age_max: Span,
    ) -> Timestamp {
        let mut due_at = self.due_at(opened_at);
        let over = |pause: &Pause| pause.to.is_some_and(|to| to <= opened_at);
        for pause in pauses.iter().filter(|pause| self.pauses && !over(pause)) {
            let Some(standstill) = Standstill::of(*pause, opened_at, due_at, age_max) else {
                return due_at;
            };
            match pause.to {
                Some(to) if to <= standstill.stale_at => {
                    due_at = standstill.moved(due_at, to, self.calendar.as_deref());
                }
                Some(_) | None => return standstill.stale_at,
            }
        }
        due_at
    }
}

impl Obligation {
    /// Returns its clock, if that stands in a pause.
    pub(super) fn standstill(&self, pause: Option<Pause>, age_max: Span) -> Option<Standstill> {
        let pause = pause.filter(|_| self.pauses && self.decided.is_none())?;
        Standstill::of(pause, self.opened_at, self.due_at, age_max)
    }

    /// Ends the pause at `to`: what is still to come moves by the paused time that would have counted.
    pub(super) fn go_on(&mut self, pause: Pause, to: Timestamp, calendar: Option<&Calendar>) {
        if let Some(standstill) = self.standstill(Some(pause), Span::ZERO) {
            self.risk_at = standstill.moved(self.risk_at, to, calendar);
            self.due_at = standstill.moved(self.due_at, to, calendar);
        }
    }

    /// Returns the next instant at which time alone changes it.
    pub(super) fn next_at(&self, pause: Option<Pause>, age_max: Span) -> Option<Timestamp> {
        if self.decided.is_some() {
            return None;
        }
        let risk_at = Some(self.risk_at).filter(|_| !self.at_risk);
        match self.standstill(pause, age_max) {
            Some(Standstill { since, stale_at }) => {
                risk_at.filter(|at| *at <= since).or(Some(stale_at))
            }
            None => risk_at.or(Some(self.due_at)),
        }
    }

    /// Lets time pass; `talking` is the agent whose talk is open.
    pub(super) fn pass(
        &mut self,
        at: Timestamp,
        (pause, age_max): (Option<Pause>, Span),
        talking: Option<&AgentId>,
    ) {
        if self.decided.is_some() {
            return;
        }
        let standstill = self.standstill(pause, age_max);
        let reached = standstill.map_or(at, |it| at.min(it.since));
        self.at_risk |= self.risk_at <= reached;
        if self.due_at <= reached {
            let missed = Decision {
                at: self.due_at,
                verdict: Verdict::Missed,
            };
            self.decide(missed, talking);
        } else if let Some(stale_at) = standstill.map(|it| it.stale_at).filter(|it| *it <= at) {
            let excluded = Decision {
                at: stale_at,
                verdict: Verdict::Excluded,
            };
            self.decide(excluded, talking);
            self.closed.get_or_insert(Closing {
                at: stale_at,
                how: Closed::Stale,
                agent: None,
            });
        }
    }
}
