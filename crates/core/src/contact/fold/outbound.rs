//! Legs and their directions; callbacks and attempts, which our side begins.

use super::Fold;
use crate::{
    contact::{
        ContactSettings,
        end::Flaw,
        outbound::{Attempt, AttemptEnd, AttemptOutcome, Leg, Reached},
        parts::{EpisodeOutcome, index},
    },
    event::{AgentId, ContactQueued, Direction, QueueId, Text, Timestamp},
};

impl Fold {
    /// Sets the leg as in this `ContactQueued`.
    pub(super) fn queue_leg(&mut self, queued: &ContactQueued) -> Leg {
        let direction = queued.direction.unwrap_or(self.attributes.direction());
        let leg = Leg {
            number: queued.leg.clone(),
            direction,
            callback_of: self.callback_asked(direction),
        };
        let known = (self.legs.iter_mut()).find(|known| known.number == leg.number);
        match known {
            Some(known) => known.clone_from(&leg),
            // As any leg that was never queued.
            None if direction == self.attributes.direction()
                && direction != Direction::Outbound => {}
            None => self.legs.push(leg.clone()),
        }
        leg
    }

    /// Returns the leg with this number. One that was never queued has the contact's own direction.
    pub(super) fn leg(&self, number: Option<&Text>) -> Leg {
        let known = (self.legs.iter()).find(|known| known.number.as_ref() == number);
        known.cloned().unwrap_or_else(|| {
            let direction = self.attributes.direction();
            Leg {
                number: number.cloned(),
                direction,
                callback_of: self.callback_asked(direction),
            }
        })
    }

    pub(super) fn direction_of(&self, leg: Option<&Text>) -> Direction {
        self.leg(leg).direction
    }

    /// Returns the index of the contact's last wait, if it left for a callback and the leg that begins now is outbound.
    fn callback_asked(&self, direction: Direction) -> Option<u32> {
        let end = self.episodes.last()?.ended.as_ref()?;
        let asked = end.outcome == EpisodeOutcome::LeftForCallback;
        (asked && direction == Direction::Outbound).then(|| index(self.episodes.len() - 1))
    }

    /// Applies an answer of a wait's callback leg: the first one reaches the customer. A wait that counted as lost for first-contact
    /// resolution no longer does, unless that is settled.
    pub(super) fn reach(
        &mut self,
        wait: u32,
        at: Timestamp,
        agent: &AgentId,
        settings: &ContactSettings,
    ) {
        let episode = self.episodes.get_mut(wait as usize);
        let Some(end) = episode.and_then(|episode| episode.ended.as_mut()) else {
            return;
        };
        if end.reached.is_some() {
            return;
        }
        end.reached = Some(Reached {
            at,
            agent: agent.clone(),
        });
        let window = settings.first_contact.window;
        if let Some(of_contact) = &mut self.answered_end
            && of_contact.waits == wait + 1
            && of_contact.flaw == Some(Flaw::WaitLost)
            && at <= of_contact.at + window
        {
            of_contact.flaw = of_contact.passed_on.then_some(Flaw::PassedOn);
        }
    }

    /// Returns the index of the open attempt.
    pub(super) fn attempting(&self) -> Option<usize> {
        let open = self.attempts.last().is_some_and(|it| it.ended.is_none());
        open.then(|| self.attempts.len() - 1)
    }

    /// Begins an attempt, or continues the open one, by an outbound wait that is no callback. Another direction of its leg, or
    /// another outbound leg, ends it.
    pub(super) fn attempt(&mut self, at: Timestamp, leg: &Leg, queue: Option<&QueueId>) {
        let outbound = leg.direction == Direction::Outbound;
        let begins = outbound && leg.callback_of.is_none();
        if let Some(open) = self.attempting() {
            let open = &self.attempts[open];
            let same_leg = open.leg == leg.number;
            if begins && same_leg && open.queue.as_ref() == queue {
                return;
            }
            if outbound || same_leg {
                self.end_attempt(at, AttemptOutcome::Unreached, None);
            }
        }
        if begins {
            self.attempts.push(Attempt {
                queue: queue.cloned(),
                leg: leg.number.clone(),
                opened_at: at,
                ended: None,
            });
        }
    }

    /// Ends the open attempt; returns its queue.
    pub(super) fn end_attempt(
        &mut self,
        at: Timestamp,
        outcome: AttemptOutcome,
        agent: Option<&AgentId>,
    ) -> Option<QueueId> {
        let open = self.attempting()?;
        let attempt = &mut self.attempts[open];
        let agent = agent.cloned();
        attempt.ended = Some(AttemptEnd { at, outcome, agent });
        attempt.queue.clone()
    }
}
