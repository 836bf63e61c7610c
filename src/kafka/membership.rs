//! How a worker joins the group, and joins anew when librdkafka can't go on with its member.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use rdkafka::{consumer::Consumer as _, error::KafkaError, types::RDKafkaErrorCode};

use super::{
    client::Change, clock::Tick, member::FENCED_MAX, outage, topic::Topic, worker::Worker,
};
use floorwalker_core::engine::{Pending, TaskId};

impl Worker {
    /// Asks the group for tasks; without a group, takes them all.
    pub(super) fn join(&mut self) -> anyhow::Result<()> {
        if self.shared.kafka.broker.forms_groups() {
            let tasks = self.shared.names.of(Topic::Tasks);
            return Ok(self.member.consumer()?.subscribe(&[tasks])?);
        }
        let all = match self.number {
            0 => (0..i32::from(self.shared.settings.tasks)).collect(),
            _ => Vec::new(),
        };
        self.handle_change(Change::Assigned(all))
    }

    pub(super) fn poll_membership(&mut self) -> anyhow::Result<()> {
        if self.member.come_back(&self.shared.kafka, self.number)? {
            self.join()?;
        }
        match self.member.poll() {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => return self.begin_anew(code),
            Some(Err(error)) => outage::warn_of_poll("group", &error),
            Some(Ok(())) | None => {}
        }
        while let Some(change) = self.member.next_change() {
            self.handle_change(change)?;
        }
        Ok(())
    }

    /// Gives all tasks up and takes the place anew a moment later. Their memory is kept, and used if nobody went on with them.
    fn begin_anew(&mut self, code: RDKafkaErrorCode) -> anyhow::Result<()> {
        let lasting = self.member.fail(code, Tick::now());
        anyhow::ensure!(
            !lasting,
            "another process runs as instance `{}` of group `{}`: it took this one's place {FENCED_MAX} times within a minute; \
             give each process a `kafka.instance` of its own",
            self.shared.kafka.instance,
            self.shared.kafka.prefix
        );
        let wait = self.member.wait;
        outage::warn(
            "member",
            format_args!(
                "the group no longer knows this worker ({code}): it joins anew in {wait:?}"
            ),
        );
        self.finish_transaction()?;
        let own: BTreeSet<TaskId> = self.slots.keys().copied().collect();
        for id in own {
            self.put_down(id, true);
        }
        self.member.close();
        Ok(())
    }

    /// Gives a task up; its memory may be used again if all that it emitted is committed.
    pub(super) fn put_down(&mut self, id: TaskId, park: bool) {
        self.shared.owned.fetch_sub(1, Ordering::Relaxed);
        if let Some(mut running) = self.close(id)
            && park
            && running.pending(Tick::now()) == Pending::Nothing
        {
            self.shared.parked.put(id, running.task, running.committed);
        }
    }

    /// Closes the member without leaving the group.
    pub(super) fn close_member(&mut self) {
        self.member.close();
    }
}
