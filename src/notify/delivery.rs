//! Serves one receiver: its messages in the order of the log, each until it is delivered or refused. A thread of its own, so that nobody waits
//! for another.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::runtime::Runtime;

use super::{
    notification::{Notification, Served},
    receiver::{Outcome, Receiver},
    settings::NotifySettings,
    status::{Counted, NotifyStatus},
};
use crate::kafka::{
    KafkaSettings, OutboxReader, OutboxRecord, PutAside, RecordWriter, Stop,
    clock::{self, Tick},
    topics::Topic,
};

/// How soon a message that comes is seen, and that the process is to stop.
const POLL: Duration = Duration::from_millis(100);
/// Between attempts: twice as long each time, a random part of it more.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// How often what fires is posted again where that is needed.
const REFRESH_EVERY: Duration = Duration::from_secs(60);
/// Kafka forgets offsets after a week; noted again, they stay.
const COMMIT_AGAIN: Duration = Duration::from_secs(3_600);
/// A receiver that stays away is logged no more often.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// Why messages become dead letters.
const REFUSED: &str = "notification_refused";
const PARTITION: i32 = 0;

/// One receiver that is served.
pub(super) struct Delivery {
    name: String,
    receiver: Receiver,
    reader: OutboxReader,
    served: Served,
    writer: Arc<RecordWriter>,
    status: Arc<NotifyStatus>,
    runtime: Runtime,
    stop: Stop,
    refreshed_at: Tick,
    committed_at: Tick,
}

impl Delivery {
    /// Finds where the receiver was served to.
    ///
    /// # Errors
    /// When Kafka does not answer, or the receiver can't be made.
    pub(super) fn open(
        name: &str,
        kafka: &KafkaSettings,
        settings: &NotifySettings,
        status: &Arc<NotifyStatus>,
        stop: &Stop,
    ) -> anyhow::Result<Self> {
        let own = settings.receivers.get(name).context("no such receiver")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let receiver = Receiver::new(own, settings.wallboard.as_ref());
        let receiver = receiver.with_context(|| format!("receiver `{name}`"))?;
        Ok(Self {
            name: name.to_owned(),
            // What was served before is read again, to know what a dead letter that comes back was overtaken by.
            reader: OutboxReader::open(kafka, name)?,
            served: Served::default(),
            receiver,
            writer: Arc::new(RecordWriter::new(kafka)?),
            status: Arc::clone(status),
            runtime,
            stop: stop.clone(),
            refreshed_at: Tick::now(),
            committed_at: Tick::now(),
        })
    }

    /// Serves it until it is to stop.
    ///
    /// # Errors
    /// When Kafka does not take note of what was delivered: it is sent again, under the same key, by whoever goes on.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        // What was sent before is posted again at once where that is needed: the process may have been away for long.
        let mut is_behind = self.receiver.remembers();
        while !self.stop.is_requested() {
            match self.reader.poll(POLL)? {
                Some(record) => self.take(&record)?,
                None if std::mem::take(&mut is_behind) => self.refresh(),
                None => self.rest()?,
            }
        }
        Ok(())
    }

    fn rest(&mut self) -> anyhow::Result<()> {
        let now = Tick::now();
        if now.since(self.refreshed_at) >= REFRESH_EVERY {
            self.refresh();
        }
        if now.since(self.committed_at) >= COMMIT_AGAIN {
            self.commit(self.reader.position)?;
        }
        Ok(())
    }

    fn refresh(&mut self) {
        self.refreshed_at = Tick::now();
        let sent = self.runtime.block_on(self.receiver.refresh(clock::wall()));
        if let Err(why) = sent {
            tracing::warn!(
                receiver = self.name,
                "what fires was not posted again: {why}"
            );
        }
    }

    fn take(&mut self, record: &OutboxRecord) -> anyhow::Result<()> {
        let is_old = record.offset < self.reader.position;
        match serde_json::from_slice::<Notification>(&record.payload) {
            Ok(message) if message.receiver != self.name => {}
            Ok(message) if self.served.is_overtaken(&message) => {
                if !is_old {
                    self.note_end(&message, record, Counted::Overtaken, "a later one was sent");
                }
            }
            Ok(message) if is_old => {
                self.served.note(&message);
                self.receiver.note_delivered(&message);
            }
            Ok(message) if !self.deliver(&message, record)? => return Ok(()),
            Ok(message) => self.served.note(&message),
            Err(_) if is_old => {}
            // Somebody else wrote it; it stays in the log.
            Err(error) => tracing::error!(
                offset = record.offset,
                "a record of the topic `notifications` is left out: {error}"
            ),
        }
        if is_old {
            return Ok(());
        }
        self.commit(record.offset + 1)
    }

    fn commit(&mut self, position: i64) -> anyhow::Result<()> {
        self.committed_at = Tick::now();
        self.reader.commit(position)
    }

    /// Sends a message until it is delivered or refused. Returns whether one of both came about; else the process is to stop.
    fn deliver(&mut self, message: &Notification, record: &OutboxRecord) -> anyhow::Result<bool> {
        let mut waits = backoff();
        let mut logged_at: Option<Tick> = None;
        let since = record.written_at;
        self.status.note_waiting(&self.name, since, None);
        loop {
            let sent = self.receiver.send(message, clock::wall());
            let (why, after) = match self.runtime.block_on(sent) {
                Outcome::Delivered(answer) => {
                    self.receiver.note_delivered(message);
                    self.note_end(message, record, Counted::Delivered, &answer);
                    return Ok(true);
                }
                Outcome::Refused(why) => {
                    self.put_aside(message, record, &why)?;
                    self.note_end(message, record, Counted::Refused, &why);
                    return Ok(true);
                }
                Outcome::Failed { why, after } => (why, after),
            };
            self.status.count(&self.name, Counted::Retried);
            self.status
                .note_waiting(&self.name, since, Some(why.clone()));
            if logged_at.is_none_or(|at| Tick::now().since(at) >= LOGGED_EVERY) {
                logged_at = Some(Tick::now());
                tracing::warn!(
                    receiver = self.name,
                    id = message.id,
                    "not delivered, and tried again: {why}"
                );
            }
            let wait = waits.next().unwrap_or(RETRY_MAX);
            if !self.pause(after.unwrap_or_default().max(wait)) {
                return Ok(false);
            }
        }
    }

    /// Waits. Returns whether the process may go on.
    fn pause(&self, length: Duration) -> bool {
        let until = Tick::now().after(length);
        while Tick::now() < until {
            if self.stop.is_requested() {
                return false;
            }
            clock::pause(POLL.min(length));
        }
        !self.stop.is_requested()
    }

    fn put_aside(
        &self,
        message: &Notification,
        record: &OutboxRecord,
        why: &str,
    ) -> anyhow::Result<()> {
        let sentence = format!("receiver `{}` refused it: {why}", self.name);
        let letter = PutAside {
            topic: Topic::Notifications,
            partition: PARTITION,
            offset: record.offset,
            key: &message.incident,
            payload: &record.payload,
            reason: REFUSED,
            sentence: &sentence,
        };
        self.runtime.block_on(self.writer.put_aside(&letter))
    }

    fn note_end(
        &self,
        message: &Notification,
        record: &OutboxRecord,
        counted: Counted,
        answer: &str,
    ) {
        let took = clock::wall() - record.written_at;
        let took = Duration::from_micros(u64::try_from(took.0).unwrap_or_default());
        self.status.count(&self.name, counted);
        self.status.note_served(&self.name, took);
        let (receiver, id) = (&self.name, &message.id);
        let (alert, transition) = (&message.incident, message.transition.name());
        match counted {
            Counted::Refused => {
                tracing::error!(
                    receiver,
                    id,
                    alert,
                    transition,
                    "refused, and put aside: {answer}"
                );
            }
            Counted::Overtaken => {
                tracing::info!(receiver, id, alert, transition, "not sent: {answer}");
            }
            Counted::Delivered | Counted::Retried => {
                tracing::info!(receiver, id, alert, transition, "delivered: {answer}");
            }
        }
    }
}

fn backoff() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(RETRY_MIN)
        .with_max_delay(RETRY_MAX)
        .with_jitter()
        .without_max_times()
        .build()
}
