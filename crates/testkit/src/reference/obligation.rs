//! One obligation: when a policy's limit passes, and what an end in time makes of it.

use super::{
    Abandons, FlowOuts, Measure, Policy, Settings,
    parts::{Parts, WaitEnd},
};
use floorwalker_core::event::{AgentId, ContactId, QueueId, Span, Timestamp};

/// One application of a policy to a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Obligation {
    /// The contact.
    pub contact: ContactId,
    /// The policy's name.
    pub policy: String,
    /// What the policy measures.
    pub measure: Measure,
    /// The queue that it is counted for.
    pub queue: Option<QueueId>,
    /// When its time began.
    pub opened_at: Timestamp,
    /// From when on it is at risk while it is open.
    pub at_risk_at: Timestamp,
    /// When it is missed if it is still open or, in a pause that lasts too long, excluded as stale.
    pub due_at: Timestamp,
    /// Its outcome at the clock.
    pub outcome: Outcome,
    /// When the outcome was decided. `None` while it is open.
    pub decided_at: Option<Timestamp>,
    /// The agent who was offered it (accept), who answered in time (answer), or who responded, else whose talk was open.
    pub agent: Option<AgentId>,
}

/// The outcome of an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Not decided yet.
    Open,
    /// Met in time.
    Met,
    /// Not met in time.
    Missed,
    /// Counted neither as met nor as missed.
    Excluded,
}

impl Policy {
    pub(super) fn is_in_force(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// A policy for certain queues does not cover what has none.
    pub(super) fn covers(&self, queue: Option<&QueueId>) -> bool {
        let Some(queues) = &self.queues else {
            return true;
        };
        queue.is_some_and(|queue| queues.contains(queue))
    }

    /// What an end in time makes of an answer obligation.
    pub(super) fn outcome_of(&self, end: &WaitEnd, waited: Span, short_abandon: Span) -> Outcome {
        let short = self
            .short_abandon
            .unwrap_or(short_abandon)
            .min(self.threshold);
        let on_callback = self.callbacks.unwrap_or(self.flow_outs);
        let of_flow_out = |rule: FlowOuts| match rule {
            FlowOuts::Exclude => Outcome::Excluded,
            FlowOuts::Include => Outcome::Missed,
            FlowOuts::Met => Outcome::Met,
        };
        match (end, self.abandons) {
            (WaitEnd::Answered(_), ..) => Outcome::Met,
            (WaitEnd::Stale, ..) => Outcome::Excluded,
            (WaitEnd::Left { callback: true }, _) => of_flow_out(on_callback),
            (WaitEnd::Left { callback: false }, _) => of_flow_out(self.flow_outs),
            (WaitEnd::Abandoned, ..) if waited < short => Outcome::Excluded,
            (WaitEnd::Abandoned, Abandons::Ignore) => Outcome::Excluded,
            (WaitEnd::Abandoned, Abandons::Negative) => Outcome::Missed,
            (WaitEnd::Abandoned, Abandons::Positive) => Outcome::Met,
        }
    }

    fn passed_at(&self, opened_at: Timestamp, span: Span) -> Timestamp {
        match &self.calendar {
            Some(calendar) => calendar.passed_at(opened_at, span),
            None => opened_at + span,
        }
    }

    /// When so much time has passed that counts: open time outside of pauses. A pause over `max_age` is stale then, and what
    /// stands in it is excluded.
    pub(super) fn limit(
        &self,
        parts: &Parts,
        opened_at: Timestamp,
        span: Span,
        max_age: Span,
    ) -> (Timestamp, Outcome) {
        let (mut from, mut left) = (opened_at, span);
        for (begun, over) in parts.pauses.iter().filter(|_| self.pauses) {
            let over = over.unwrap_or(Timestamp::MAX);
            if over <= from {
                continue;
            }
            let stops_at = from.max(*begun);
            let passed_at = self.passed_at(from, left);
            if passed_at <= stops_at {
                return (passed_at, Outcome::Missed);
            }
            if over > stops_at + max_age {
                return (stops_at + max_age, Outcome::Excluded);
            }
            left = left - self.counted(from, stops_at);
            from = over;
        }
        (self.passed_at(from, left), Outcome::Missed)
    }

    fn counted(&self, from: Timestamp, to: Timestamp) -> Span {
        match &self.calendar {
            Some(calendar) => calendar.open_time(from, to),
            None => to - from,
        }
    }

    /// In time is up to and with `due_at`; after that it is a miss, at `due_at`.
    pub(super) fn obligation(
        &self,
        parts: &Parts,
        opened_at: Timestamp,
        end: Option<(Timestamp, Outcome)>,
        (settings, clock): (&Settings, Timestamp),
    ) -> Obligation {
        let max_age = settings.max_age(parts.channel);
        let limit = |span| self.limit(parts, opened_at, span, max_age);
        let (due_at, passed) = limit(self.threshold);
        let (outcome, decided_at) = match end {
            Some((at, outcome)) if at <= due_at => (outcome, Some(at)),
            _ if due_at <= clock => (passed, Some(due_at)),
            _ => (Outcome::Open, None),
        };
        let at_risk_at = match limit(share(self.threshold, self.at_risk_at)) {
            (at, Outcome::Missed) => at,
            _ => Timestamp::MAX,
        };
        Obligation {
            contact: parts.contact.clone(),
            policy: self.name.clone(),
            measure: self.measure,
            queue: None,
            opened_at,
            at_risk_at,
            due_at,
            outcome,
            decided_at,
            agent: None,
        }
    }
}

/// A share of a span, whole microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a threshold is far below 2^53 microseconds, a share at most 1"
)]
fn share(span: Span, share: f64) -> Span {
    Span((span.0 as f64 * share) as i64)
}
