//! What a task does for scorecards: hands facts to the tasks that own them, and writes the records on a beat of their own.

use super::Task;
use crate::{
    engine::{
        AgentQueue,
        kpis::{Moment, record_clock},
        step::Output,
        time_series::TimeSeries,
    },
    event::Timestamp,
};

impl Task {
    /// Returns the clock of scorecards that are written now.
    fn scorecard_clock(&self) -> Option<Timestamp> {
        let watermark = self.meta.kpi_watermark;
        let grain = (self.scorecard_grains).get(self.is_history(watermark.at()));
        record_clock(watermark, grain)
    }

    /// Hands facts about agents in queues to the tasks that own these.
    pub(super) fn send_agent_queue_facts(&mut self) {
        let now = self.scorecard_clock().unwrap_or(Timestamp::MIN);
        for (agent_queue, facts) in self.facts.agent_queues.take() {
            self.send_facts_of((agent_queue, facts), now);
        }
    }

    /// What goes beyond the limits counts for the overflow names, here or elsewhere.
    fn send_facts_of(&mut self, emitted: (AgentQueue, TimeSeries), now: Timestamp) {
        let mut all = vec![emitted];
        while let Some((agent_queue, facts)) = all.pop() {
            let task = agent_queue.group.owner(self.placement);
            if task != self.id {
                let section = self.outbox.section(task.0);
                section
                    .agent_queue_facts
                    .entry(agent_queue)
                    .or_default()
                    .merge(facts);
                continue;
            }
            let (own, others) = self.facts.names.split_agent_queue(&agent_queue, facts);
            if !own.sums().is_empty() {
                (self.scorecards).apply(&agent_queue, own.sums(), now, &mut self.store);
            }
            all.extend(others);
        }
    }

    fn scorecard_beat(&self) -> bool {
        self.progress.wall >= self.scorecard_beat_at || self.beat().groups && self.kpis_ended()
    }

    /// Returns the clock of the scorecards that are due now. One that lies before that of the last ones waits: [`Self::beat_at`].
    fn scorecards_due_at(&self) -> Option<Timestamp> {
        let last = self.meta.written_to.scorecards;
        (self.scorecard_clock()).filter(|at| self.scorecard_beat() && last <= Some(*at))
    }

    pub(super) fn scorecards_are_due(&self) -> bool {
        (self.scorecards_due_at()).is_some_and(|at| self.scorecards.has_changes(at))
    }

    /// Writes scorecards, before the KPIs: with everything at its end both are written anew, and the KPIs note when.
    pub(super) fn write_scorecards(&mut self, outputs: &mut Vec<Output>) {
        let Some(at) = self.scorecards_due_at() else {
            return;
        };
        let ended = self.kpis_ended();
        if ended && self.kpis.ends_anew(at, self.progress.wall) {
            self.scorecards.handle_end();
        }
        let moment = Moment {
            at,
            began_at: self.progress.began_at.unwrap_or(at),
            left_out: self.progress.left_out,
        };
        (self.scorecards).write(moment, ended, &mut self.store, outputs);
        self.meta.written_to.scorecards = Some(at);
        self.scorecard_beat_at = self.next_beat(self.settings.balance.beat);
    }
}
