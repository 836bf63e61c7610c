//! Reads what our side begins: which legs call a waiting customer back, and which waits try to reach somebody.

use super::{
    leg::Leg,
    parts::{Attempt, AttemptEnd},
    reading::Reading,
};
use floorwalker_core::event::{AgentId, ContactQueued, Direction, Text, Timestamp};

impl Reading<'_> {
    /// A leg is what its last ContactQueued made it; one without any begins when it is looked at.
    pub(super) fn leg(&self, number: &Option<Text>) -> Leg {
        let known = self.legs.get(number).copied();
        known.unwrap_or_else(|| Leg::beginning(self.parts.direction, &self.parts))
    }

    pub(super) fn direction_of(&self, number: &Option<Text>) -> Direction {
        self.leg(number).direction
    }

    pub(super) fn queued_attempt(&mut self, at: Timestamp, it: &ContactQueued, leg: Leg) {
        if let Some(open) = self.open_attempt() {
            let goes_on = leg.attempts() && (&open.leg, &open.queue) == (&it.leg, &it.queue);
            if goes_on {
                return;
            }
            // One at a time; and a leg that is queued to be something else attempts no more.
            if leg.direction == Direction::Outbound || open.leg == it.leg {
                open.end = Some((at, AttemptEnd::Unreached));
            }
        }
        if leg.attempts() {
            self.parts.attempts.push(Attempt {
                queue: it.queue.clone(),
                leg: it.leg.clone(),
                queued_at: at,
                end: None,
            });
        }
    }

    pub(super) fn open_attempt(&mut self) -> Option<&mut Attempt> {
        let last = self.parts.attempts.last_mut();
        last.filter(|attempt| attempt.end.is_none())
    }

    pub(super) fn end_attempt(&mut self, at: Timestamp, end: AttemptEnd) {
        if let Some(attempt) = self.open_attempt() {
            attempt.end = Some((at, end));
        }
    }

    /// The first answer of a leg that calls a wait back.
    pub(super) fn called_back(&mut self, at: Timestamp, wait: usize, agent: &AgentId) {
        let reached = &mut self.parts.waits[wait].reached;
        reached.get_or_insert_with(|| (at, agent.clone()));
    }
}
