//! Working time of an engagement, all along or by turns.

use super::{parts::Engagement, turns::Turns};
use crate::event::{Span, Timestamp};

impl Engagement {
    /// Whether the agent is working: the talk is open, and by turns it is the agent's turn.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        let theirs = |turns: &Turns| turns.since.is_some();
        self.talks() && self.turns.as_ref().is_none_or(theirs)
    }

    /// Returns talk and hold by this instant, closed holds included. By turns the customer's turns are left out.
    #[must_use]
    pub fn worked_by(&self, at: Timestamp) -> Span {
        match &self.turns {
            Some(turns) => {
                let running = turns.since.map_or(Span::ZERO, |since| at - since);
                turns.worked() + running
            }
            None => self.talk_ended_at.unwrap_or(at) - self.answered_at,
        }
    }

    /// Returns the stretches in which its talk, hold or wrap-up ran; `None` for one that goes on.
    pub fn open_spans(&self) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> {
        let (past, wrap) = match &self.turns {
            Some(turns) => (turns.past.as_slice(), self.talk_ended_at),
            None => (&[][..], Some(self.answered_at)),
        };
        let running = self.turns.as_ref().and_then(|turns| turns.since);
        let past = past.iter().map(|turn| (turn.from, Some(turn.to)));
        let running = running.map(|since| (since, None));
        past.chain(running)
            .chain(wrap.map(|since| (since, self.ended_at)))
    }

    /// Begins the agent's turn: the customer wrote, or a pause ended.
    pub(super) fn start_turn(&mut self, at: Timestamp) {
        if self.talks()
            && let Some(turns) = &mut self.turns
        {
            turns.since.get_or_insert(at);
        }
    }

    /// Ends the agent's turn: the agent wrote, or a pause began. An open hold closes with it.
    pub(super) fn stop_turn(&mut self, at: Timestamp) {
        if let Some(turns) = &mut self.turns {
            turns.stop(at);
            self.stop_hold(at);
        }
    }
}
