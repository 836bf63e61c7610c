//! The records that a task writes on beats: of contacts, KPIs and scorecards.

use super::Task;
use crate::{
    engine::stages::record_time::{Beat, RecordTime, record_clock},
    event::Timestamp,
};

impl Task {
    pub(super) fn write_contact_records(&mut self) {
        self.meta.contacts_written = self.contacts_are_due();
        if self.meta.contacts_written {
            (self.stages.contacts).write_records(&self.store, &mut self.effects.outputs);
            let every = self.settings.kpi.group_beat;
            self.schedule.contacts_at = self.schedule.next(every, self.progress.wall);
        }
    }

    /// Returns whether records of contacts are due: of what has changed within a beat, or at the end of all inputs.
    pub(super) fn contacts_are_due(&self) -> bool {
        let ended = self.meta.contact_watermark.has_ended();
        ended || self.progress.wall >= self.schedule.contacts_at
    }

    pub(super) fn write_kpis(&mut self) {
        (self.meta.groups_written, self.meta.agents_written) = (false, false);
        let Some(at) = self.record_clock() else {
            return;
        };
        let beat = self.beat_at(at);
        if !beat.any() {
            return;
        }
        let wall = self.progress.wall;
        if self.kpis_ended() {
            self.stages.kpis.handle_end(at, wall, &self.store);
        } else {
            self.stages.kpis.handle_running();
        }
        let time = self.record_time(at);
        let parts = (&self.stages.agents, &mut self.store);
        (self.stages.kpis).write_records(time, beat, parts, &mut self.effects.outputs);
        (self.meta.groups_written, self.meta.agents_written) = (beat.groups, beat.agents);
        if beat.groups {
            self.meta.written_to.groups = Some(at);
            self.schedule.groups_at = self.schedule.next(self.settings.kpi.group_beat, wall);
        }
        if beat.agents {
            self.meta.written_to.agents = Some(at);
            self.schedule.agents_at = self.schedule.next(self.settings.kpi.agent_beat, wall);
        }
    }

    fn record_time(&self, at: Timestamp) -> RecordTime {
        RecordTime {
            at,
            began_at: self.progress.began_at.unwrap_or(at),
            left_out: self.progress.left_out,
        }
    }

    pub(super) fn kpis_ended(&self) -> bool {
        self.meta.kpi_watermark.has_ended()
    }

    fn beat(&self) -> Beat {
        if self.settings.kpi.only_at_end && !self.kpis_ended() {
            return Beat::default();
        }
        let groups = self.progress.wall >= self.schedule.groups_at;
        Beat {
            groups,
            agents: self.progress.wall >= self.schedule.agents_at || groups && self.kpis_ended(),
        }
    }

    /// Returns which records of the clock `at` are due. It may lie before that of the last ones: after a pause the grain of time is
    /// coarser, and at its end a source stands at its newest event. Then records wait until the clock has passed the last ones.
    pub(super) fn beat_at(&self, at: Timestamp) -> Beat {
        let (beat, last) = (self.beat(), self.meta.written_to);
        Beat {
            groups: beat.groups && last.groups <= Some(at),
            agents: beat.agents && last.agents <= Some(at),
        }
    }

    pub(super) fn record_clock(&self) -> Option<Timestamp> {
        let watermark = self.meta.kpi_watermark;
        record_clock(watermark, self.grain(watermark.at()))
    }

    /// Returns the clock of scorecards that are written now.
    pub(super) fn scorecard_clock(&self) -> Option<Timestamp> {
        let watermark = self.meta.kpi_watermark;
        let grain = (self.scorecard_grains).get(self.is_history(watermark.at()));
        record_clock(watermark, grain)
    }

    fn scorecard_beat(&self) -> bool {
        let due = self.progress.wall >= self.schedule.scorecards_at;
        due || self.beat().groups && self.kpis_ended()
    }

    /// Returns the clock of the scorecards that are due now. One that lies before that of the last ones waits: [`Self::beat_at`].
    fn scorecards_due_at(&self) -> Option<Timestamp> {
        let last = self.meta.written_to.scorecards;
        (self.scorecard_clock()).filter(|at| self.scorecard_beat() && last <= Some(*at))
    }

    pub(super) fn scorecards_are_due(&self) -> bool {
        (self.scorecards_due_at()).is_some_and(|at| self.stages.scorecards.has_changes(at))
    }

    pub(super) fn write_scorecards(&mut self) {
        let Some(at) = self.scorecards_due_at() else {
            return;
        };
        let ended = self.kpis_ended();
        if ended && self.stages.kpis.ends_anew(at, self.progress.wall) {
            self.stages.scorecards.handle_end();
        }
        let (time, outputs) = (self.record_time(at), &mut self.effects.outputs);
        (self.stages.scorecards).write_records(time, ended, &mut self.store, outputs);
        self.meta.written_to.scorecards = Some(at);
        let every = self.settings.balance.beat;
        self.schedule.scorecards_at = self.schedule.next(every, self.progress.wall);
    }
}
