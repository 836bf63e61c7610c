//! Talk by turns: in writing nobody works while it is the customer's turn.

use minicbor::{Decode, Encode};

use super::parts::Engagement;
use crate::event::{Channel, Span, Timestamp};

/// Times in which the turn was the agent's, of an engagement whose talk goes by turns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Turns {
    /// Turns that are over, sorted and disjoint.
    #[n(0)]
    pub past: Vec<Turn>,
    /// When the current turn began.
    #[n(1)]
    pub since: Option<Timestamp>,
}

/// One turn of the agent: from the customer's message to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Turn {
    #[n(0)]
    pub from: Timestamp,
    #[n(1)]
    pub to: Timestamp,
}

impl Turns {
    /// Begins an engagement at this instant. `None`: on this channel talk goes on until it ends.
    pub(super) fn of(channel: Channel, at: Timestamp) -> Option<Self> {
        let by_turns = match channel {
            Channel::Email | Channel::Social | Channel::Sms | Channel::Messaging => true,
            Channel::Voice | Channel::Chat | Channel::Video | Channel::Other => false,
        };
        by_turns.then_some(Self {
            past: Vec::new(),
            since: Some(at),
        })
    }

    fn stop(&mut self, to: Timestamp) {
        if let Some(from) = self.since.take().filter(|from| *from < to) {
            self.past.push(Turn { from, to });
        }
    }

    /// Returns the sum of the turns that are over.
    fn worked(&self) -> Span {
        let spans = self.past.iter().map(|turn| turn.to - turn.from);
        spans.fold(Span::ZERO, |sum, span| sum + span)
    }

    pub(super) fn each_time(&mut self, change: &mut dyn FnMut(&mut Timestamp)) {
        for turn in &mut self.past {
            change(&mut turn.from);
            change(&mut turn.to);
        }
        self.since.iter_mut().for_each(change);
    }
}

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
