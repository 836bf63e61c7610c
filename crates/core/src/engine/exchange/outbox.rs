//! The outbox of a task: what it has for others and has not sent yet. Each partition more makes a transaction longer, and alerts
//! wait for it: live, sums and gauges leave together on a beat. Until then they are state like any other.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        exchange::frame::Section,
        state::{
            codec,
            store::{PartKey, Store},
        },
    },
    event::{Span, Timestamp},
};

/// Destinations take turns within a beat, in so many groups: then no transaction has to reach all of them.
const GROUPS: usize = 4;

/// The sections that wait, by destination.
#[derive(Debug, Default)]
pub(in crate::engine) struct Outbox {
    sections: BTreeMap<u16, Section>,
    /// Destinations whose part in the store is not what waits now.
    changed: BTreeSet<u16>,
}

impl Outbox {
    /// Restores what waits for a task.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        task: u16,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.sections.insert(task, codec::from_bytes(image)?);
        Ok(())
    }

    /// Returns what waits for a task, to be added to.
    pub(in crate::engine) fn section(&mut self, task: u16) -> &mut Section {
        self.changed.insert(task);
        self.sections.entry(task).or_default()
    }

    /// Returns whether something waits that is to be sent now.
    #[must_use]
    pub(in crate::engine) fn is_due(&self, schedule: &SendSchedule, wall: Timestamp) -> bool {
        self.sections
            .keys()
            .any(|task| schedule.is_due(*task, wall))
    }

    #[must_use]
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Takes what is sent now: to destinations that are due, and what can't wait.
    pub(in crate::engine) fn take(
        &mut self,
        is_due: impl Fn(u16) -> bool,
    ) -> BTreeMap<u16, Section> {
        let (taken, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.sections)
            .into_iter()
            .partition(|(task, section)| is_due(*task) || !section.forwards.is_empty());
        self.sections = kept;
        self.changed.extend(taken.keys());
        taken
    }

    /// Stores what waits on.
    pub(in crate::engine) fn save(&mut self, store: &mut Store) {
        for task in std::mem::take(&mut self.changed) {
            let key = PartKey::outbox(task);
            match self.sections.get_mut(&task) {
                Some(section) => {
                    section.tidy();
                    store.put(&key, &codec::to_bytes(section));
                }
                None => store.remove(&key),
            }
        }
    }
}

/// When to send to which destinations: what waits leaves twice a heartbeat; where nothing waits, the watermarks go alone.
#[derive(Debug)]
pub(in crate::engine) struct SendSchedule {
    heartbeat: Span,
    send_at: [Timestamp; GROUPS],
    heartbeat_at: [Timestamp; GROUPS],
}

impl SendSchedule {
    pub(in crate::engine) const fn new(heartbeat: Span) -> Self {
        Self {
            heartbeat,
            send_at: [Timestamp::MIN; GROUPS],
            heartbeat_at: [Timestamp::MIN; GROUPS],
        }
    }

    #[must_use]
    pub(in crate::engine) fn is_due(&self, task: u16, wall: Timestamp) -> bool {
        wall >= self.send_at[group(task)] || self.heartbeat_due(task, wall)
    }

    /// Returns whether the watermarks have to be sent to a task.
    #[must_use]
    pub(in crate::engine) fn heartbeat_due(&self, task: u16, wall: Timestamp) -> bool {
        wall >= self.heartbeat_at[group(task)]
    }

    #[must_use]
    pub(in crate::engine) fn any_heartbeat_due(&self, wall: Timestamp) -> bool {
        self.heartbeat_at.iter().any(|at| wall >= *at)
    }

    /// Makes all destinations due now, and next all at the same time: nothing else goes on.
    pub(in crate::engine) fn send_all(&mut self, wall: Timestamp) {
        self.send_at = [wall; GROUPS];
        self.heartbeat_at = [wall; GROUPS];
    }

    /// Notes that what was due has been sent.
    pub(in crate::engine) fn pass(&mut self, wall: Timestamp, idle: bool) {
        let half = Span(self.heartbeat.0 / 2).max(Span(1));
        for group in 0..GROUPS {
            let turn = if idle { 0 } else { group };
            if wall >= self.heartbeat_at[group] {
                self.heartbeat_at[group] = next(wall, self.heartbeat, turn);
            }
            if wall >= self.send_at[group] {
                self.send_at[group] = next(wall, half, group);
            }
        }
    }
}

fn group(task: u16) -> usize {
    usize::from(task) % GROUPS
}

/// Returns the next turn of a group, for all tasks at the same time: their sections for one destination become one record.
#[expect(clippy::cast_possible_wrap, reason = "one of few groups")]
fn next(wall: Timestamp, every: Span, group: usize) -> Timestamp {
    let phase = Span(every.0 * group as i64 / GROUPS as i64);
    (wall - phase).floor(every) + every + phase
}
