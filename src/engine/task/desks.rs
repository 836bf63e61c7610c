//! What a task does for desks: hands them what is told, and writes their scorecards on a beat of their own.

use super::Task;
use crate::{
    engine::{
        scores::{Moment, record_clock},
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
            let task = desk.room.owner(self.placement);
            if task == self.id {
                (self.desks).apply(&desk, facts.sums(), now, &mut self.store);
            } else {
                let section = self.outbox.section(task.0);
                section.desk_facts.entry(desk).or_default().merge(facts);
            }
        }
    }

    fn desk_beat(&self) -> bool {
        self.time.wall >= self.desk_beat_at || self.beat().groups && self.scores_ended()
    }

    pub(super) fn desks_are_due(&self) -> bool {
        let clock = self.desk_clock().filter(|_| self.desk_beat());
        clock.is_some_and(|at| self.desks.has_changes(at))
    }

    /// Before the scores: with everything at its end both are written anew, and those say when.
    pub(super) fn write_desks(&mut self, outputs: &mut Vec<Output>) {
        let Some(at) = self.desk_clock().filter(|_| self.desk_beat()) else {
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
        self.desk_beat_at = self.next_beat(self.settings.balance.beat);
    }
}
