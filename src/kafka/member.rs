//! A worker's place in the consumer group.

use std::{sync::atomic::Ordering, thread, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaResult,
    types::RDKafkaErrorCode,
};

use super::{
    client::{Change, MembershipContext},
    clock::Tick,
    outage,
    settings::KafkaSettings,
};

/// Waits before the place is taken anew: doubles up to the second.
const WAIT_MIN: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(8);
/// Another process has the place if it was taken away so often within a minute, while the broker was well: a broker that
/// died and came back may take it once for nobody.
pub(super) const FENCED_MAX: usize = 3;
const FENCED_WITHIN: Duration = Duration::from_secs(60);
const BROKER_WELL_FOR: Duration = Duration::from_secs(15);

/// The consumer that is given tasks. Reads nothing.
pub(super) struct Member {
    consumer: Option<BaseConsumer<MembershipContext>>,
    /// Was assigned its tasks, be it none, since it joined.
    pub(super) joined: bool,
    /// When another took its place.
    fenced: Vec<Tick>,
    /// How long it waits before it takes the place anew.
    pub(super) wait: Duration,
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
    /// When the place is to be taken anew: then there are no tasks either.
    pub(super) fn consumer(&self) -> anyhow::Result<&BaseConsumer<MembershipContext>> {
        self.consumer.as_ref().context("not in the group")
    }

    /// Returns what the group has sent, or `None` if there is nothing or the place is to be taken anew.
    pub(super) fn poll(&self) -> Option<KafkaResult<()>> {
        let polled = self.consumer.as_ref()?.poll(Duration::ZERO)?;
        Some(polled.map(|_| ()))
    }

    /// Takes the place anew if it is time; returns whether it did.
    ///
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub(super) fn come_back(&mut self, kafka: &KafkaSettings, worker: u16) -> anyhow::Result<bool> {
        if self.again_at.is_none_or(|at| Tick::now() < at) {
            return Ok(false);
        }
        self.again_at = None;
        self.consumer = Some(consumer(kafka, worker)?);
        Ok(true)
    }

    /// Whether the tasks that it was given are its own. The group's client knows first that they are lost: the worker may wait
    /// for a commit meanwhile.
    pub(super) fn holds_tasks(&self) -> bool {
        let consumer = self.consumer.as_ref();
        self.joined && consumer.is_some_and(|consumer| !consumer.assignment_lost())
    }

    pub(super) fn next_change(&self) -> Option<Change> {
        self.consumer.as_ref()?.context().next()
    }

    /// A member that answers nobody while it closes would never close. Its tasks stay its own: it is a static one.
    pub(super) fn close(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            consumer.context().closing.store(true, Ordering::Relaxed);
            // Closing may wait for the broker.
            thread::spawn(move || drop(consumer));
        }
    }

    /// Notes that it can't go on; `true` when another process has its place.
    pub(super) fn fail(&mut self, code: RDKafkaErrorCode, now: Tick) -> bool {
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
