//! Planned actions in order of time; at one instant, in the order in which they were planned.

use std::collections::BTreeMap;

use super::{AgentNo, ContactNo, QueueNo};
use floorwalker_core::event::Timestamp;

/// An action is dropped if its contact has moved on since it was planned: their [`Turn`]s differ then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Arrive(QueueNo),
    /// A customer whose problem was not solved.
    Return(usize),
    Duty(AgentNo, usize),
    /// After a missed ring.
    ComeBack(AgentNo),
    /// Begins or ends.
    Incident(usize, bool),
    EndWrapUp(ContactNo, AgentNo),
    Rate(ContactNo),
    Reopen(ContactNo),
    GiveUp(ContactNo, Turn),
    Overflow(ContactNo, Turn),
    AskForCallback(ContactNo, Turn),
    Nag(ContactNo, Turn),
    Turn(ContactNo, Turn, Step),
}

/// What happens next in one phase of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    BotWrites,
    BotHelped,
    JoinQueue,
    CallBack,
    PickUp,
    MissRing,
    Hold,
    Unhold,
    AgentWrites,
    CustomerWrites,
    FallSilent,
    EndTalk,
    /// With an outside party.
    HangUp,
}

/// Counts what a contact has been through.
pub(super) type Turn = u32;

#[derive(Debug, Default)]
pub(super) struct Agenda {
    actions: BTreeMap<(Timestamp, u64), Action>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: Timestamp, action: Action) {
        self.planned += 1;
        self.actions.insert((at, self.planned), action);
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.actions.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<(Timestamp, Action)> {
        (self.actions.pop_first()).map(|((at, _), action)| (at, action))
    }
}
