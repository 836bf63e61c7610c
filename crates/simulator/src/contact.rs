//! One contact of the world, and the problem behind it.

use super::{AgentNo, QueueNo, agenda::Turn, phrases::Language};
use floorwalker_core::event::{Channel, ContactId, CustomerId, Span, Text, Timestamp};

/// Why a customer comes. It comes back with them until it is solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Problem {
    pub(super) reason: &'static str,
    pub(super) queue: QueueNo,
    /// Takes from the chance that an engagement solves it.
    pub(super) hardness: f64,
    /// How often they have come with it before.
    pub(super) returns: u32,
}

/// Where a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// With a bot, or on its way.
    Before,
    Waiting,
    Ringing(AgentNo),
    Talking(AgentNo),
    /// With nobody of ours: called back later, or with an outside party.
    Elsewhere,
    Over,
}

#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) id: ContactId,
    pub(super) channel: Channel,
    /// `None`: the input does not identify the customer.
    pub(super) customer: Option<CustomerId>,
    pub(super) person: usize,
    pub(super) language: Language,
    pub(super) problem: Problem,
    pub(super) phase: Phase,
    pub(super) queue: QueueNo,
    pub(super) queued_at: Timestamp,
    pub(super) priority: i64,
    /// "callback" when we call them.
    pub(super) leg: Option<Text>,
    /// Changes with each phase: what was planned for an earlier one comes to nothing.
    pub(super) turn: Turn,
    /// Changes with each wait.
    pub(super) wait: Turn,
    /// Events so far: numbers their ids.
    pub(super) events_emitted: u32,
    pub(super) waited: Span,
    pub(super) transfers: u32,
    pub(super) overflows: u32,
    /// Of the engagement that runs: all of its talk, its hold, and the wrap-up that will follow.
    pub(super) talk: Span,
    pub(super) hold: Option<Span>,
    pub(super) wrap_up: Span,
    pub(super) open_wrap_ups: u32,
    /// Messages that the agent will still write.
    pub(super) replies_left: u32,
    pub(super) bot_rounds_left: u32,
    pub(super) reopened: u32,
    /// −1 to 1.
    pub(super) mood: f64,
    /// Who talked last.
    pub(super) agent: Option<AgentNo>,
    pub(super) solved: bool,
    /// The rating that the customer will give if asked.
    pub(super) score: f64,
    /// Something is still planned for it.
    pub(super) has_future: bool,
}

impl Contact {
    pub(super) fn feel(&mut self, change: f64) {
        self.mood = (self.mood + change).clamp(-1.0, 1.0);
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.turn += 1;
    }

    pub(super) const fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Over) && self.open_wrap_ups == 0 && !self.has_future
    }
}

/// Whether agents write up what they did: other channels' work ends with the talk.
pub(super) const fn has_wrap_up(channel: Channel) -> bool {
    matches!(channel, Channel::Voice | Channel::Chat | Channel::Video)
}

/// Whether the channel reports when a contact is resolved, and lets a customer write again after it.
pub(super) const fn is_ticket(channel: Channel) -> bool {
    matches!(
        channel,
        Channel::Email | Channel::Social | Channel::Sms | Channel::Messaging
    )
}
