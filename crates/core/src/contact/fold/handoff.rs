//! Handoffs: where a bot answers first, what is owed for a customer's turn may open with the wait that hands it to people.

use minicbor::{Decode, Encode};

use super::{Fold, waits::Opening};
use crate::{
    contact::{ContactSettings, Measure, Opens, Policy, parts::Owed},
    event::{QueueId, Timestamp},
};

/// A turn of the customer that nobody has answered, for next responses with `opens = "queued"`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Handoff {
    /// The customer's first message.
    #[n(0)]
    pub turn_began_at: Timestamp,
    /// The first wait since.
    #[n(1)]
    pub queued_at: Option<Timestamp>,
    #[n(2)]
    pub queue: Option<QueueId>,
    /// Policies ([`Policy::code`]) by which the wait opens what is owed, since a bot has written.
    #[n(3)]
    pub put_off: Option<Vec<u16>>,
}

impl Fold {
    /// Begins a turn of the customer for which a next response is owed.
    pub(super) fn expect_handoff(&mut self, at: Timestamp, settings: &ContactSettings) {
        let expected = settings.policies.iter().any(opens_at_handoff);
        self.handoff = expected.then_some(Handoff {
            turn_began_at: at,
            queued_at: None,
            queue: None,
            put_off: None,
        });
    }

    /// Puts off what is not due yet, at the first message of a bot in a turn.
    pub(super) fn bot_writes(&mut self, at: Timestamp, settings: &ContactSettings) {
        let Some(handoff) = (self.handoff.as_mut()).filter(|it| it.put_off.is_none()) else {
            return;
        };
        let channel = self.attributes.channel();
        let (began_at, age_max) = (handoff.turn_began_at, settings.max_age_of(channel));
        let is_put_off = |policy: &&Policy| {
            opens_at_handoff(policy)
                && policy.in_force.holds(began_at)
                && policy.channel.is_none_or(|wanted| wanted == channel)
                && at <= policy.may_be_met_to(began_at, &self.pauses, age_max)
        };
        let put_off = settings.policies.iter().filter(is_put_off);
        let codes: Vec<u16> = put_off.map(Policy::code).collect();
        self.obligations.retain(|it| {
            let of_turn = it.owed == Owed::NextResponse && it.opened_at == began_at;
            !(of_turn && it.decided.is_none() && codes.contains(&it.policy))
        });
        handoff.put_off = Some(codes);
        let queued = handoff.queued_at.zip(handoff.queue.clone());
        if let Some((queued_at, queue)) = queued {
            self.hand_off(queued_at, &queue, settings);
        }
    }

    /// Applies an inbound wait to the turn.
    pub(super) fn hand_off(&mut self, at: Timestamp, queue: &QueueId, settings: &ContactSettings) {
        let Some(handoff) = &mut self.handoff else {
            return;
        };
        let Some(codes) = handoff.put_off.take() else {
            if handoff.queued_at.is_none() {
                handoff.queued_at = Some(at);
                handoff.queue = Some(queue.clone());
            }
            return;
        };
        self.handoff = None;
        let (owed, queue) = (Owed::NextResponse, Some(queue));
        self.oblige_where(Opening { at, owed, queue }, settings, |policy, _| {
            codes.contains(&policy.code())
        });
    }

    /// Closes the response, since the wait was lost. What a bot has put off still opens with the next wait.
    pub(super) fn lose_turn(&mut self) {
        self.handoff.take_if(|handoff| handoff.put_off.is_none());
    }
}

fn opens_at_handoff(policy: &Policy) -> bool {
    policy.measure == Measure::NextResponse && policy.opens == Opens::Queued
}
