//! A worker's turns with the group and with its committing thread: what is committed when, and how tasks are given up.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use anyhow::Context as _;
use crossbeam_channel::{RecvTimeoutError, TryRecvError};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaResult,
};

use super::{
    batch::Footprint,
    client::{Change, MembershipContext},
    clock::{self, Tick},
    commit::{Fate, Job, Outcome},
    outage,
    slot::Slot,
    topic::Topic,
    worker::Worker,
};
use floorwalker_core::engine::{Pending, Step, TaskId};

/// A step waits this long for company when nothing more is ready, and this long at most.
const QUIET_WAIT: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_millis(50);
/// While others have alerts to emit, a step without any waits this long: each partition more makes their transaction longer.
/// Far below the second of grace within which clocks have to arrive.
const CALM_WAIT_MAX: Duration = Duration::from_millis(200);
const STEP_BYTES_MAX: usize = 4 << 20;
/// In a backlog nobody waits, and longer steps write each contact and pane less often.
const BACKLOG_WAIT_MAX: Duration = Duration::from_millis(500);
const BACKLOG_BYTES_MAX: usize = 8 << 20;
/// How long a task that is to be given up may take to be committed: less than the group waits.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
/// How long a process that is to stop tries to commit, and how long to leave the group. Whoever goes on begins at the last
/// committed step: nothing is lost by either.
const LAST_COMMIT_WITHIN: Duration = Duration::from_secs(4);
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
/// How often a worker that waits for a commit reports its progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);
/// What a contact has emitted passes its customer, its agent and a queue or group: so often frames are read once more before the end.
const LAST_ROUNDS: usize = 5;
/// A broker that answers slowly, or not at all, must not hold the end up: no further round begins after this.
const LAST_ROUNDS_WITHIN: Duration = Duration::from_secs(2);
/// A frame that was committed a moment ago has come by then.
const LAST_FRAMES_WITHIN: Duration = Duration::from_millis(150);

impl Worker {
    pub(super) fn handle_change(&mut self, change: Change) -> anyhow::Result<()> {
        tracing::info!(worker = self.number, ?change, "group");
        match change {
            Change::Assigned(tasks) => {
                self.member.joined = true;
                let list = self.list(&tasks)?;
                self.with_member("assign", |member| {
                    member.incremental_assign(&list)?;
                    member.pause(&list)
                });
                for id in ids::<Vec<_>>(&tasks) {
                    self.shared.owned.fetch_add(1, Ordering::Relaxed);
                    self.take_over(id);
                }
            }
            Change::Revoked(tasks) => {
                self.drain(&ids(&tasks), DRAIN_WITHIN)?;
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
            self.put_down(id, park);
        }
        let list = self.list(tasks)?;
        self.with_member("unassign", |member| member.incremental_unassign(&list));
        Ok(())
    }

    /// A member that can't go on refuses; the next poll returns the error, and it is made anew.
    fn with_member(
        &self,
        what: &str,
        act: impl FnOnce(&BaseConsumer<MembershipContext>) -> KafkaResult<()>,
    ) {
        if let Ok(member) = self.member.consumer()
            && let Err(error) = act(member)
        {
            outage::warn(what, format_args!("group: {what}: {error}"));
        }
    }

    /// Commits all that these tasks applied.
    fn drain(&mut self, tasks: &BTreeSet<TaskId>, within: Duration) -> anyhow::Result<()> {
        let limit = Tick::now().after(within);
        self.finish_transaction()?;
        while Tick::now() < limit && self.committing.is_none() {
            let steps = self.choose(Some(tasks));
            if !steps.is_empty() {
                self.submit(steps)?;
                self.finish_transaction()?;
            } else if self.is_drained(tasks) {
                return Ok(());
            } else {
                clock::pause(Duration::from_millis(5));
            }
        }
        tracing::warn!(?tasks, "given up with steps that could not be committed");
        Ok(())
    }

    /// Nothing waits to be committed but what could not be at several attempts.
    fn is_drained(&mut self, tasks: &BTreeSet<TaskId>) -> bool {
        let now = Tick::now();
        let mut slots = self.slots.iter_mut().filter(|(id, _)| tasks.contains(id));
        slots.all(|(_, slot)| {
            (slot.running()).is_none_or(|it| it.is_stuck() || it.pending(now) == Pending::Nothing)
        })
    }

    /// Waits for the transaction that is under way. Of a process that is to stop, no longer than that may take.
    pub(super) fn finish_transaction(&mut self) -> anyhow::Result<()> {
        let begun_at = Tick::now();
        while self.committing.is_some() {
            match self.links.outcomes.recv_timeout(REPORT_INTERVAL) {
                Ok(outcome) => self.handle_outcome(outcome),
                Err(RecvTimeoutError::Timeout) => self.report(),
                Err(RecvTimeoutError::Disconnected) => return self.committer_ended(),
            }
            if self.is_stopping() && Tick::now().since(begun_at) > LAST_COMMIT_WITHIN {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// Its thread reports what ended it, unless the process is to stop.
    fn committer_ended(&mut self) -> anyhow::Result<()> {
        self.committing = None;
        anyhow::ensure!(self.is_stopping(), "the committing thread ended");
        Ok(())
    }

    pub(super) fn collect_outcomes(&mut self) -> anyhow::Result<()> {
        match self.links.outcomes.try_recv() {
            Ok(outcome) => self.handle_outcome(outcome),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return self.committer_ended(),
        }
        Ok(())
    }

    fn handle_outcome(&mut self, outcome: Outcome) {
        self.committing = None;
        self.progress.transactions += 1;
        self.shared.progress.timings.commit.record(outcome.took);
        if outcome.failure.is_some() {
            self.progress.aborts += 1;
        }
        let cause = outcome.failure.unwrap_or_default();
        for (step, fate) in outcome.steps {
            self.settle(step, fate, &cause);
        }
    }

    fn settle(&mut self, step: Step, fate: Fate, cause: &str) {
        let id = step.task;
        let Some(running) = self.slots.get_mut(&id).and_then(Slot::running) else {
            return;
        };
        match fate {
            Fate::Committed(state_offset) => {
                self.progress.steps += 1;
                self.progress.advanced_at = clock::wall();
                self.sources.note_outputs(&step.outputs, Tick::now());
                running.measure(
                    &step,
                    &self.shared.progress.timings,
                    self.shared.kafka.wall.now(),
                );
                running.handle_committed(&step, state_offset);
            }
            Fate::Aborted => {
                running.handle_aborted(step, cause.to_owned());
            }
            Fate::Lost => {
                tracing::warn!(
                    task = id.0,
                    seq = step.seq,
                    "another owner went on: restored anew"
                );
                self.progress.lost += 1;
                self.forget(id);
                self.take_over(id);
            }
        }
    }

    pub(super) fn commit_if_due(&mut self, quiet: bool) -> anyhow::Result<()> {
        if self.committing.is_some() || !self.is_due(quiet) {
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
            if !running.may_commit(now) {
                continue;
            }
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

    /// The steps of the next transaction: alerts before all else, then who waits longest. One that is stuck goes alone.
    fn choose(&mut self, only: Option<&BTreeSet<TaskId>>) -> Vec<Step> {
        let now = Tick::now();
        let mut candidates = Vec::new();
        for (id, slot) in &mut self.slots {
            if let Some(running) = slot.running()
                && only.is_none_or(|only| only.contains(id))
                && running.may_commit(now)
            {
                let alone = running.is_stuck();
                match running.pending(now) {
                    Pending::Nothing => {}
                    pending @ (Pending::Step | Pending::Alert) => {
                        let calm = alone || pending != Pending::Alert;
                        candidates.push((calm, running.waits_since, *id, alone));
                    }
                }
            }
        }
        candidates.sort_unstable();
        let first_is_urgent = candidates.first().is_some_and(|(calm, ..)| !calm);
        let mut footprint = Footprint::default();
        let mut steps = Vec::new();
        for (calm, since, id, alone) in candidates {
            if alone && !steps.is_empty() {
                continue;
            }
            let patient = since.is_some_and(|since| now.since(since) < CALM_WAIT_MAX);
            if calm && first_is_urgent && patient {
                break;
            }
            if !self.cut(id, &mut footprint, &mut steps) || alone {
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
            running.handle_cut();
            steps.push(step);
            return true;
        }
        running.cut = Some(step);
        false
    }

    fn submit(&mut self, steps: Vec<Step>) -> anyhow::Result<()> {
        let group = (self.member.consumer()?.group_metadata()).context("no membership")?;
        if self.links.jobs.send(Job { steps, group }).is_err() {
            return self.committer_ended();
        }
        self.committing = Some(Tick::now());
        Ok(())
    }

    /// Commits what is applied. With other processes about, leaves the group, so that they take over at once; alone, stays
    /// in it, so that the same instance finds its tasks waiting and nobody has to wait for the group to form.
    pub(super) fn leave(mut self) -> anyhow::Result<()> {
        let own: BTreeSet<TaskId> = self.slots.keys().copied().collect();
        let alone =
            self.shared.owned.load(Ordering::Relaxed) == usize::from(self.shared.settings.tasks);
        if alone {
            self.say_all(&own)?;
        } else {
            self.drain(&own, LAST_COMMIT_WITHIN)?;
        }
        // Who could not commit does not reach the group either.
        if !alone && self.committing.is_none() {
            self.unsubscribe();
        }
        for id in own {
            self.forget(id);
        }
        self.close_member();
        Ok(())
    }

    /// Nobody goes on: the topics are left with all that is due, whatever its beat.
    fn say_all(&mut self, own: &BTreeSet<TaskId>) -> anyhow::Result<()> {
        let limit = Tick::now().after(LAST_ROUNDS_WITHIN);
        for _ in 0..LAST_ROUNDS {
            let now = self.shared.kafka.wall.now();
            for running in self.slots.values_mut().filter_map(Slot::running) {
                running.task.handle_stop(now);
            }
            self.drain(own, LAST_COMMIT_WITHIN)?;
            if self.committing.is_some() || Tick::now() > limit {
                break;
            }
            let until = Tick::now().after(LAST_FRAMES_WITHIN);
            while Tick::now() < until {
                self.read_exchange(now);
                clock::pause(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    /// A static member that unsubscribes does leave; one that only closes does not.
    fn unsubscribe(&mut self) {
        let Ok(member) = self.member.consumer() else {
            return;
        };
        member.unsubscribe();
        let limit = Tick::now().after(LEAVE_WITHIN);
        // The request to leave goes out a moment after the tasks are given up.
        let mut sent = Tick::now().after(Duration::from_millis(200));
        while Tick::now() < limit && (!self.slots.is_empty() || Tick::now() < sent) {
            if let Err(error) = self.poll_membership() {
                tracing::warn!("leaving the group: {error:#}");
                return;
            }
            if !self.slots.is_empty() {
                sent = Tick::now().after(Duration::from_millis(200));
            }
            clock::pause(Duration::from_millis(5));
        }
    }
}

fn ids<Ids: FromIterator<TaskId>>(tasks: &[i32]) -> Ids {
    tasks
        .iter()
        .filter_map(|task| u16::try_from(*task).ok().map(TaskId))
        .collect()
}
