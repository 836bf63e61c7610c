//! What a receiver was sent last of an alert, and what may follow.

use super::notification::{Notification, Transition};
use floorwalker_core::event::{Span, Timestamp};

/// What a receiver was sent last of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) at: Timestamp,
    escalation: u32,
    pub(super) acknowledged: bool,
    pub(super) resolved: bool,
    /// The team that answered for the alert's queue at the first message.
    pub(super) team: Option<String>,
}

impl Sent {
    /// Returns what a receiver was sent, with one message more.
    pub(super) fn after(known: Option<&Self>, message: &Notification) -> Self {
        let Some(known) = known else {
            return Self {
                at: message.at,
                escalation: message.escalation,
                acknowledged: message.transition == Transition::Acknowledged,
                resolved: message.transition == Transition::Resolved,
                team: message.team.clone(),
            };
        };
        Self {
            at: known.at.max(message.at),
            escalation: known.escalation.max(message.escalation),
            acknowledged: known.acknowledged || message.transition == Transition::Acknowledged,
            resolved: known.resolved || message.transition == Transition::Resolved,
            team: known.team.clone(),
        }
    }

    /// Returns what follows of an alert that fires, by its newest record: that it goes up waits until the interval is over; that it still
    /// fires is nothing new within it.
    pub(super) fn while_it_fires(
        &self,
        (at, escalation): (Timestamp, u32),
        group_interval: Span,
        now: Timestamp,
    ) -> Option<Transition> {
        if self.resolved || at <= self.at {
            return None;
        }
        let next_at = self.at + group_interval;
        match self.escalation < escalation {
            true => (now.max(at) >= next_at).then_some(Transition::Escalated),
            false => (at >= next_at).then_some(Transition::Repeated),
        }
    }
}
