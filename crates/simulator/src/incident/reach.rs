//! Which queues an incident reaches.

use super::kind::{IncidentKind, takes_technical};
use crate::settings::{QueuePlan, WorldSettings};
use floorwalker_core::event::Channel;

impl IncidentKind {
    /// All queues that it strikes as such; none where it is of one agent.
    #[must_use]
    pub fn queues<'s>(&self, settings: &'s WorldSettings) -> Vec<&'s QueuePlan> {
        let is_struck = |queue: &QueuePlan| match self {
            Self::Surge { .. } | Self::AbandonmentWave { .. } | Self::CallbackStorm { .. } => {
                let voice = queue.channel == Channel::Voice;
                let kind = voice || !matches!(self, Self::CallbackStorm { .. });
                kind && self.queue().is_none_or(|name| name == queue.name)
            }
            Self::BadRelease => takes_technical(&queue.name),
            Self::SlowTool { .. }
            | Self::AgentsAbsent { .. }
            | Self::AcdOutage { .. }
            | Self::FeedLags { .. }
            | Self::FeedDoubles { .. } => true,
            Self::StrugglingAgent { .. }
            | Self::RushingAgent { .. }
            | Self::GamingAgent { .. }
            | Self::SlowDrift { .. }
            | Self::BurnedOutAgent { .. } => false,
        };
        let desks = settings.desks.iter();
        let struck = desks.filter(|desk| self.desk().is_none_or(|name| name == desk.name));
        struck
            .flat_map(|desk| &desk.queues)
            .filter(|queue| is_struck(queue))
            .collect()
    }
}
