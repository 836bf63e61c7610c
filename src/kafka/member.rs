//! A worker's place in the consumer group: taken, and taken anew when librdkafka can't go on with it.

use std::{collections::BTreeSet, sync::atomic::Ordering, thread, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::{
    client::{Change, MembershipContext},
    clock::Tick,
    outage,
    settings::KafkaSettings,
    topics::Topic,
    worker::Worker,
};
use floorwalker_core::engine::{Pending, TaskId};

/// Waits before the place is taken anew: doubles up to the second.
const WAIT_MIN: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(8);
/// Another process has the place if it was taken away so often within a minute, while the broker was well: a broker that
/// died and came back may take it once for nobody.
const FENCED_MAX: usize = 3;
const FENCED_WITHIN: Duration = Duration::from_secs(60);
const BROKER_WELL_FOR: Duration = Duration::from_secs(15);

/// The consumer that is given tasks. Reads nothing.
pub(super) struct Member {
    consumer: Option<BaseConsumer<MembershipContext>>,
    /// Was assigned its tasks, be it none, since it joined.
    pub(super) joined: bool,
    /// When another took its place.
    fenced: Vec<Tick>,
    wait: Duration,
    again_at: Option<Tick>,
}

impl Member {
    pub(super) fn new(kafka: &KafkaSettings, worker: u16) -> anyhow::Result<Self> {
        Ok(Self {
            consumer: Some(consumer(kafka, worker)?),
            joined: false,
            fenced: Vec::new(),
            wait: WAIT_MIN,
            again_at: None,
        })
    }

    /// Returns the consumer.
    ///
    /// # Errors
    /// While the place is to be taken anew: then there are no tasks either.
    pub(super) fn consumer(&self) -> anyhow::Result<&BaseConsumer<MembershipContext>> {
        self.consumer.as_ref().context("not in the group")
    }

    /// Whether the tasks that it was given are its own. The group's client knows first that they are lost: the worker may wait
    /// for a commit meanwhile.
    pub(super) fn holds_tasks(&self) -> bool {
        let consumer = self.consumer.as_ref();
        self.joined && consumer.is_some_and(|consumer| !consumer.assignment_lost())
    }

    fn next_change(&self) -> Option<Change> {
        self.consumer.as_ref()?.context().next()
    }

    /// A member that answers nobody while it closes would never close. Its tasks stay its own: it is a static one.
    fn close(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            consumer.context().closing.store(true, Ordering::Relaxed);
            // Closing may wait for the broker.
            thread::spawn(move || drop(consumer));
        }
    }

    /// Notes that it can't go on; `true` when another process has its place.
    fn fail(&mut self, code: RDKafkaErrorCode, now: Tick) -> bool {
        let fenced = code == RDKafkaErrorCode::FencedInstanceId;
        if fenced && self.joined && !outage::troubled_within(BROKER_WELL_FOR) {
            self.fenced.push(now);
        }
        self.fenced.retain(|at| now.since(*at) < FENCED_WITHIN);
        self.wait = if self.joined {
            WAIT_MIN
        } else {
            (self.wait * 2).min(WAIT_MAX)
        };
        self.joined = false;
        self.again_at = Some(now.after(self.wait));
        self.fenced.len() >= FENCED_MAX
    }
}

fn consumer(kafka: &KafkaSettings, worker: u16) -> anyhow::Result<BaseConsumer<MembershipContext>> {
    (kafka.membership(worker))
        .create_with_context(MembershipContext::default())
        .context("Kafka consumer of the group")
}

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
        if self.member.again_at.is_some_and(|at| Tick::now() >= at) {
            self.member.again_at = None;
            self.member.consumer = Some(consumer(&self.shared.kafka, self.number)?);
            self.join()?;
        }
        let Some(consumer) = &self.member.consumer else {
            return Ok(());
        };
        match consumer.poll(Duration::ZERO) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => return self.begin_anew(code),
            Some(Err(error)) => outage::warn_of_poll("group", &error),
            Some(Ok(_)) | None => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_has_the_place_only_if_it_is_taken_again_and_again() {
        let kafka = KafkaSettings::default();
        let mut member = Member::new(&kafka, 0).unwrap();
        let start = Tick::now();
        let after = |seconds| start.after(Duration::from_secs(seconds));
        let fenced = RDKafkaErrorCode::FencedInstanceId;
        assert!(!member.fail(fenced, start), "never joined");
        for (at, lasting) in [(1, false), (5, false), (70, false), (71, false), (72, true)] {
            member.joined = true;
            assert_eq!(member.fail(fenced, after(at)), lasting, "{at}");
        }
        assert!(
            !Member::new(&kafka, 0)
                .unwrap()
                .fail(RDKafkaErrorCode::UnknownMemberId, start)
        );
    }

    #[test]
    fn who_does_not_get_in_waits_longer() {
        let mut member = Member::new(&KafkaSettings::default(), 0).unwrap();
        let waits = (0..6).map(|_| {
            member.fail(RDKafkaErrorCode::FencedInstanceId, Tick::now());
            member.wait.as_millis()
        });
        assert_eq!(
            waits.collect::<Vec<_>>(),
            [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
        );
        member.joined = true;
        member.fail(RDKafkaErrorCode::FencedInstanceId, Tick::now());
        assert_eq!(member.wait, WAIT_MIN);
    }
}
