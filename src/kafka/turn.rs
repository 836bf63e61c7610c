//! A worker's turns with the group and with its committing thread: what is committed when, and how tasks are given up.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use anyhow::Context as _;
use rdkafka::{Offset, TopicPartitionList, consumer::Consumer as _};

use super::{
    batch::Footprint,
    client::Change,
    clock::{self, Tick},
    commit::{Fate, Job, Outcome},
    slot::Slot,
    topics::Topic,
    worker::{Worker, closing},
};
use crate::engine::{Pending, Step, TaskId};

/// A step waits this long for company when nothing more is ready, and this long at most.
const QUIET_WAIT: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_millis(50);
/// While others have alerts to tell, a step without any waits this long: each partition more makes their transaction longer.
/// Far below the second of grace in which clocks have to be heard.
const CALM_WAIT_MAX: Duration = Duration::from_millis(200);
const STEP_BYTES_MAX: usize = 4 << 20;
/// In a backlog nobody waits, and longer steps write each contact and pane less often.
const BACKLOG_WAIT_MAX: Duration = Duration::from_millis(500);
const BACKLOG_BYTES_MAX: usize = 8 << 20;
/// How long a task that is to be given up may take to be committed: less than the group waits.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
/// After an abort: a rebalance may be the reason, and takes its time.
const ABORT_PAUSE: Duration = Duration::from_millis(20);
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

impl Worker {
    pub(super) fn handle_change(&mut self, change: Change) -> anyhow::Result<()> {
        tracing::info!(worker = self.number, ?change, "group");
        match change {
            Change::Assigned(tasks) => {
                let list = self.list(&tasks)?;
                self.membership.incremental_assign(&list)?;
                self.membership.pause(&list)?;
                for id in ids::<Vec<_>>(&tasks) {
                    self.shared.owned.fetch_add(1, Ordering::Relaxed);
                    self.take_over(id);
                }
            }
            Change::Revoked(tasks) => {
                self.drain(&ids(&tasks))?;
                self.give_up(&tasks, true)?;
            }
            Change::Lost(tasks) => {
                self.finish_transaction()?;
                self.give_up(&tasks, false)?;
            }
        }
        Ok(())
    }

    fn list(&self, tasks: &[i32]) -> anyhow::Result<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for task in tasks {
            let name = self.shared.names.of(Topic::Tasks);
            // The committed offset is a step's number, not a place in this empty topic.
            list.add_partition_offset(name, *task, Offset::End)?;
        }
        Ok(list)
    }

    fn give_up(&mut self, tasks: &[i32], park: bool) -> anyhow::Result<()> {
        for id in ids::<Vec<_>>(tasks) {
            self.shared.owned.fetch_sub(1, Ordering::Relaxed);
            if let Some(mut running) = self.close(id)
                && park
                && running.pending(Tick::now()) == Pending::Nothing
            {
                self.shared.parked.put(id, running.task, running.committed);
            }
        }
        self.membership.incremental_unassign(&self.list(tasks)?)?;
        Ok(())
    }

    /// Commits all that these tasks applied.
    fn drain(&mut self, tasks: &BTreeSet<TaskId>) -> anyhow::Result<()> {
        let limit = Tick::now().after(DRAIN_WITHIN);
        self.finish_transaction()?;
        while Tick::now() < limit {
            let steps = self.choose(Some(tasks));
            if steps.is_empty() {
                return Ok(());
            }
            self.submit(steps)?;
            self.finish_transaction()?;
        }
        tracing::warn!(?tasks, "given up with steps that could not be committed");
        Ok(())
    }

    fn finish_transaction(&mut self) -> anyhow::Result<()> {
        if self.committing {
            let outcome = self
                .links
                .outcomes
                .recv()
                .context("the committing thread ended")?;
            self.handle_outcome(outcome);
        }
        Ok(())
    }

    pub(super) fn collect_outcomes(&mut self) -> anyhow::Result<()> {
        match self.links.outcomes.try_recv() {
            Ok(outcome) => self.handle_outcome(outcome),
            Err(crossbeam_channel::TryRecvError::Empty) => {}
            Err(crossbeam_channel::TryRecvError::Disconnected) => {
                anyhow::bail!("the committing thread ended")
            }
        }
        Ok(())
    }

    fn handle_outcome(&mut self, outcome: Outcome) {
        self.committing = false;
        self.told.transactions += 1;
        self.shared.progress.commit_latency.record(outcome.took);
        if outcome.failure.is_some() {
            self.told.aborts += 1;
            clock::pause(ABORT_PAUSE);
        }
        let steps = outcome.steps.len();
        for (step, fate) in outcome.steps {
            self.settle(step, fate);
        }
        self.note_advance(steps);
    }

    fn settle(&mut self, step: Step, fate: Fate) {
        let id = step.task;
        let Some(running) = self.slots.get_mut(&id).and_then(Slot::running) else {
            return;
        };
        match fate {
            Fate::Committed(state_offset) => {
                self.told.steps += 1;
                running.handle_committed(&step, state_offset);
            }
            Fate::Aborted => {
                running.waits_since = Some(Tick::now());
                running.cut = Some(step);
            }
            Fate::Lost => {
                tracing::warn!(
                    task = id.0,
                    seq = step.seq,
                    "another owner went on: restored anew"
                );
                self.told.lost += 1;
                self.forget(id);
                self.take_over(id);
            }
        }
    }

    pub(super) fn commit_if_due(&mut self, quiet: bool) -> anyhow::Result<()> {
        if self.committing || !self.is_due(quiet) {
            return Ok(());
        }
        let steps = self.choose(None);
        if steps.is_empty() {
            return Ok(());
        }
        self.submit(steps)
    }

    fn is_due(&mut self, quiet: bool) -> bool {
        let now = Tick::now();
        let mut bytes = 0;
        let mut waited = Duration::ZERO;
        let mut urgent = false;
        let mut live = false;
        for running in self.slots.values_mut().filter_map(Slot::running) {
            let pending = running.pending(now);
            urgent |= pending == Pending::Alert;
            live |= !running.task.is_behind();
            bytes += running.task.pending_bytes();
            if let Some(since) = running.waits_since {
                waited = waited.max(now.since(since));
            }
        }
        let (patience, bytes_max) = match (quiet, live) {
            (true, _) => (QUIET_WAIT, STEP_BYTES_MAX),
            (false, true) => (WAIT_MAX, STEP_BYTES_MAX),
            (false, false) => (BACKLOG_WAIT_MAX, BACKLOG_BYTES_MAX),
        };
        urgent || bytes >= bytes_max || waited >= patience
    }

    /// The steps of the next transaction: alerts before all else, then who waits longest.
    fn choose(&mut self, only: Option<&BTreeSet<TaskId>>) -> Vec<Step> {
        let now = Tick::now();
        let mut candidates = Vec::new();
        for (id, slot) in &mut self.slots {
            if let Some(running) = slot.running()
                && only.is_none_or(|only| only.contains(id))
            {
                match running.pending(now) {
                    Pending::Nothing => {}
                    pending @ (Pending::Step | Pending::Alert) => {
                        candidates.push((pending != Pending::Alert, running.waits_since, *id));
                    }
                }
            }
        }
        candidates.sort_unstable();
        let first_is_urgent = candidates.first().is_some_and(|(calm, ..)| !calm);
        let mut footprint = Footprint::default();
        let mut steps = Vec::new();
        for (calm, since, id) in candidates {
            let patient = since.is_some_and(|since| now.since(since) < CALM_WAIT_MAX);
            if calm && first_is_urgent && patient {
                break;
            }
            if !self.cut(id, &mut footprint, &mut steps) {
                break;
            }
        }
        steps
    }

    /// `false` when the transaction is full.
    fn cut(&mut self, id: TaskId, footprint: &mut Footprint, steps: &mut Vec<Step>) -> bool {
        let Some(running) = self.slots.get_mut(&id).and_then(Slot::running) else {
            return true;
        };
        let Some(step) = running.cut.take().or_else(|| running.task.poll_output()) else {
            running.waits_since = None;
            return true;
        };
        if footprint.admit(&step) {
            running.waits_since = None;
            steps.push(step);
            return true;
        }
        running.cut = Some(step);
        false
    }

    fn submit(&mut self, steps: Vec<Step>) -> anyhow::Result<()> {
        let group = self.membership.group_metadata().context("no membership")?;
        self.links
            .jobs
            .send(Job { steps, group })
            .ok()
            .context("the committing thread ended")?;
        self.committing = true;
        Ok(())
    }

    /// Commits what is applied. With other processes about, leaves the group, so that they take over at once; alone, stays
    /// in it, so that the same instance finds its tasks waiting and nobody has to wait for the group to form.
    pub(super) fn leave(mut self) -> anyhow::Result<()> {
        let own: BTreeSet<TaskId> = self.slots.keys().copied().collect();
        self.drain(&own)?;
        let alone =
            self.shared.owned.load(Ordering::Relaxed) == usize::from(self.shared.settings.tasks);
        if !alone {
            self.unsubscribe()?;
        }
        for id in own {
            self.forget(id);
        }
        closing(&self.membership);
        Ok(())
    }

    /// A static member that unsubscribes does leave; one that only closes does not.
    fn unsubscribe(&mut self) -> anyhow::Result<()> {
        self.membership.unsubscribe();
        let limit = Tick::now().after(LEAVE_WITHIN);
        while !self.slots.is_empty() && Tick::now() < limit {
            self.poll_membership()?;
            clock::pause(Duration::from_millis(2));
        }
        // The request to leave is on its way.
        let sent = Tick::now().after(Duration::from_millis(200));
        while Tick::now() < sent {
            self.poll_membership()?;
            clock::pause(Duration::from_millis(10));
        }
        Ok(())
    }
}

fn ids<Ids: FromIterator<TaskId>>(tasks: &[i32]) -> Ids {
    tasks
        .iter()
        .filter_map(|task| u16::try_from(*task).ok().map(TaskId))
        .collect()
}
