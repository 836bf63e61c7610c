//! A queue: whose it is, and who waits in it.

use std::collections::BTreeSet;

use super::{
    agent::Agent,
    numbers::{AgentNo, ContactNo},
    plan::DeskPlan,
    settings::{QueuePlan, WorldSettings},
};
use floorwalker_core::event::{QueueId, Timestamp};

/// A queue and who waits in it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: QueueId,
    pub(super) plan: QueuePlan,
    pub(super) desk: usize,
    pub(super) agents: Vec<AgentNo>,
    /// Arrivals a second in the busiest half hour.
    pub(super) rate: f64,
    pub(super) surge_max: f64,
    /// By priority, then by time.
    pub(super) waiting: BTreeSet<(i64, Timestamp, ContactNo)>,
}

pub(super) fn lines(settings: &WorldSettings, plans: &[DeskPlan], agents: &[Agent]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, (desk, planned)) in settings.desks.iter().zip(plans).enumerate() {
        for plan in &desk.queues {
            let queue = lines.len();
            let given = plan.arrivals.map(|an_hour| an_hour / 3_600.0);
            lines.push(Line {
                id: QueueId::new(&plan.name),
                plan: plan.clone(),
                desk: number,
                agents: (agents.iter().enumerate())
                    .filter(|(_, agent)| agent.hire.queues.contains(&queue))
                    .map(|(place, _)| place)
                    .collect(),
                rate: given.unwrap_or(planned.rate * plan.weight),
                surge_max: 1.0,
                waiting: BTreeSet::new(),
            });
        }
    }
    lines
}
