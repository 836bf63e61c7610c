//! What a task does for desks: hands them what is told, and writes their scorecards on a beat of their own.

use super::Task;
use crate::{
    engine::{
        Desk,
        scores::{Moment, record_clock},
        series::Series,
        step::Output,
    },
    event::Timestamp,
};

impl Task {
    /// The instant that scorecards can tell of.
    fn desk_clock(&self) -> Option<Timestamp> {
        let clock = self.meta.score_clock?;
        let grain = self.desk_grains.get(self.is_history(Some(clock.at)));
        Some(record_clock(clock, grain))
    }

    /// Hands what is told to desks to those who own them.
    pub(super) fn send_desk_facts(&mut self) {
        let now = self.desk_clock().unwrap_or(Timestamp::MIN);
        for (desk, facts) in self.deltas.desks.take() {
            self.send_facts_of((desk, facts), now);
        }
    }

    /// What goes beyond the limits counts for other desks, here or elsewhere.
    fn send_facts_of(&mut self, told: (Desk, Series), now: Timestamp) {
        let mut all = vec![told];
        while let Some((desk, facts)) = all.pop() {
            let task = desk.room.owner(self.placement);
            if task != self.id {
                let section = self.outbox.section(task.0);
                section.desk_facts.entry(desk).or_default().merge(facts);
                continue;
            }
            let (own, others) = self.deltas.names.split_desk(&desk, facts);
            if !own.sums().is_empty() {
                (self.desks).apply(&desk, own.sums(), now, &mut self.store);
            }
            all.extend(others);
        }
    }

    fn desk_beat(&self) -> bool {
        self.time.wall >= self.desk_beat_at || self.beat().groups && self.scores_ended()
    }

    /// The clock of the scorecards that are due now. One that lies before that of the last ones waits: [`Self::beat_at`].
    fn desks_due_at(&self) -> Option<Timestamp> {
        let last = self.meta.written_to.desks;
        (self.desk_clock()).filter(|at| self.desk_beat() && last <= Some(*at))
    }

    pub(super) fn desks_are_due(&self) -> bool {
        (self.desks_due_at()).is_some_and(|at| self.desks.has_changes(at))
    }

    /// Before the scores: with everything at its end both are written anew, and those say when.
    pub(super) fn write_desks(&mut self, outputs: &mut Vec<Output>) {
        let Some(at) = self.desks_due_at() else {
            return;
        };
        let ended = self.scores_ended();
        if ended && self.scores.ends_anew(at, self.time.wall) {
            self.desks.handle_end();
        }
        let moment = Moment {
            at,
            began_at: self.time.began_at.unwrap_or(at),
            left_out: self.time.left_out,
        };
        (self.desks).write(moment, ended, &mut self.store, outputs);
        self.meta.written_to.desks = Some(at);
        self.desk_beat_at = self.next_beat(self.settings.balance.beat);
    }
}
