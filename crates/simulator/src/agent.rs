//! One agent at work: what they are busy with, and the state that they show.

use super::{
    dice::Dice,
    plan::DeskPlan,
    roster::{self, Duty, Hire},
    settings::WorldSettings,
};
use floorwalker_core::event::{AgentState, Timestamp};

#[derive(Debug)]
pub(super) struct Agent {
    pub(super) hire: Hire,
    pub(super) duty: Duty,
    /// Incidents that keep them away.
    pub(super) absences: u32,
    /// Missed a ring and has not come back since.
    pub(super) missed: bool,
    pub(super) ringing: u32,
    pub(super) talking: u32,
    pub(super) wrapping: u32,
    /// Nothing to do since then.
    pub(super) idle_since: Timestamp,
    pub(super) shown: (AgentState, Option<&'static str>),
    pub(super) states_emitted: u64,
}

pub(super) fn agents(settings: &WorldSettings, plans: &[DeskPlan], dice: &mut Dice) -> Vec<Agent> {
    let hires = roster::hire(settings, plans, dice);
    let agent = |hire| Agent {
        hire,
        duty: Duty::Off,
        absences: 0,
        missed: false,
        ringing: 0,
        talking: 0,
        wrapping: 0,
        idle_since: settings.start,
        shown: (AgentState::Offline, None),
        states_emitted: 0,
    };
    hires.into_iter().map(agent).collect()
}

impl Agent {
    /// Takes another contact.
    pub(super) fn is_free(&self) -> bool {
        let wants = self.duty == Duty::On && self.absences == 0 && !self.missed;
        let slots = self.ringing + self.talking + self.wrapping;
        wants && self.ringing == 0 && slots < self.hire.slots
    }

    pub(super) fn state(&self) -> (AgentState, Option<&'static str>) {
        if self.talking > 0 {
            return (AgentState::Engaged, None);
        }
        if self.ringing > 0 {
            return (AgentState::Offered, None);
        }
        if self.wrapping > 0 {
            return (AgentState::WrapUp, None);
        }
        match self.duty {
            _ if self.absences > 0 => (AgentState::Offline, Some("absent")),
            Duty::Off => (AgentState::Offline, None),
            Duty::Away(reason) => (AgentState::Away, Some(reason)),
            Duty::On if self.missed => (AgentState::Away, Some("missed_ring")),
            Duty::On => (AgentState::Available, None),
        }
    }
}
