//! Talk by turns: in writing nobody works while it is the customer's turn.

use minicbor::{Decode, Encode};

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

    pub(super) fn stop(&mut self, to: Timestamp) {
        if let Some(from) = self.since.take().filter(|from| *from < to) {
            self.past.push(Turn { from, to });
        }
    }

    /// Returns the sum of the turns that are over.
    pub(super) fn worked(&self) -> Span {
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
