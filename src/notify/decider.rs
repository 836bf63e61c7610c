//! Decides what is sent: reads alerts and what people do about them, and appends messages to the log in one transaction with how far the alerts
//! are read. What was decided before is read back off the log.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use super::{incidents::Incidents, notification::Notification};
use crate::kafka::{
    Candidate, FollowEvent, FollowedRecord, Outbox, Stop,
    clock::{self, Tick},
    topics::Topic,
};
use floorwalker_core::{event::Timestamp, proto::Record};

/// The topics that are read.
pub(super) const TOPICS: [Topic; 5] = [
    Topic::Alerts,
    Topic::Acknowledgements,
    Topic::Silences,
    Topic::Directory,
    Topic::Notifications,
];
/// Messages of one transaction, while what piled up is worked off.
const BATCH: usize = 500;
/// How often it is noted how far the alerts are read, when nothing is sent.
const NOTED_EVERY: Duration = Duration::from_secs(10);
const OF_CONTACTS: &[u8] = b"contact:";

pub(super) struct Decider<'k> {
    pub(super) incidents: Incidents,
    pub(super) outbox: &'k Outbox,
    pub(super) group: Arc<Candidate>,
    /// About records before these offsets all was decided; of a group that is new, about all that there are.
    pub(super) decided_to: Option<BTreeMap<i32, i64>>,
    /// How far each partition of `alerts` is read.
    pub(super) read_to: BTreeMap<i32, i64>,
    /// Records that came since, until all topics are read to their ends.
    pub(super) waiting: Vec<Waiting>,
    pub(super) caught_up: bool,
    pub(super) noted_at: Tick,
    pub(super) noted_to: BTreeMap<i32, i64>,
    pub(super) stop: Stop,
    pub(super) failure: Option<anyhow::Error>,
}

/// A record of an alert about which nothing was decided yet.
#[derive(Debug)]
pub(super) struct Waiting {
    partition: i32,
    payload: Vec<u8>,
    written_at: Timestamp,
}

impl Decider<'_> {
    /// What fails ends it: another begins with what the topics hold.
    pub(super) fn handle(&mut self, event: &FollowEvent<'_>) {
        if self.failure.is_some() {
            return;
        }
        let done = match event {
            FollowEvent::Record(record) => self.take(record),
            FollowEvent::CaughtUp => self.begin(),
            FollowEvent::Tick => self.pass(),
        };
        if let Err(error) = done {
            self.failure = Some(error);
            self.stop.request();
        }
    }

    fn take(&mut self, record: &FollowedRecord<'_>) -> anyhow::Result<()> {
        let key = String::from_utf8_lossy(record.key);
        let left_out = |why: &dyn fmt::Display| {
            let topic = record.topic;
            tracing::warn!(?topic, %key, "a record can't be read, and is left out: {why}");
        };
        match record.topic {
            Topic::Alerts => {
                let next = (record.partition, record.offset + 1);
                // Nobody is called about a single contact, and there are many.
                if !record.key.starts_with(OF_CONTACTS)
                    && let Some(payload) = record.payload
                {
                    match Record::Alert.to_json(payload) {
                        Ok(json) => self.take_alert(record, &json)?,
                        Err(error) => left_out(&error),
                    }
                }
                self.read_to.insert(next.0, next.1);
            }
            Topic::Silences => {
                if let Err(why) = self.incidents.take_silence(&key, record.payload) {
                    left_out(&why);
                }
            }
            Topic::Acknowledgements => {
                if let Err(error) = self.incidents.take_ack(&key, record.payload) {
                    left_out(&error);
                }
            }
            Topic::Directory => self.take_statement(&key, record),
            // Live they are our own.
            Topic::Notifications if !self.caught_up => {
                match serde_json::from_slice(record.payload.unwrap_or_default()) {
                    Ok(sent) => self.incidents.restore(&sent),
                    Err(error) => left_out(&error),
                }
            }
            Topic::Notifications
            | Topic::Tasks
            | Topic::Exchange
            | Topic::State
            | Topic::Kpis
            | Topic::Contacts
            | Topic::Scorecards
            | Topic::Recognition
            | Topic::DeadLetters => {}
        }
        if self.caught_up && record.topic != Topic::Alerts && record.topic != Topic::Notifications {
            let due = self.incidents.advance(clock::wall());
            self.write(&due)?;
        }
        Ok(())
    }

    fn take_statement(&self, key: &str, record: &FollowedRecord<'_>) {
        let removal = || {
            let removed = serde_json::json!({
                "subject": key, "valid_from": record.written_at, "removed": true,
            });
            removed.to_string().into_bytes()
        };
        let statement = record.payload.map_or_else(removal, <[u8]>::to_vec);
        self.incidents.take_statement(key, &statement);
    }

    fn take_alert(&mut self, record: &FollowedRecord<'_>, json: &[u8]) -> anyhow::Result<()> {
        let decided_to = |all: &BTreeMap<i32, i64>| all.get(&record.partition).copied();
        let decided_to = (self.decided_to.as_ref()).map(|all| decided_to(all).unwrap_or(0));
        let is_decided = !self.caught_up && decided_to.is_none_or(|to| record.offset < to);
        if is_decided {
            if let Err(error) = self.incidents.note(json, record.written_at) {
                left_out(&error);
            }
            return Ok(());
        }
        if !self.caught_up {
            self.waiting.push(Waiting {
                partition: record.partition,
                payload: json.to_vec(),
                written_at: record.written_at,
            });
            return Ok(());
        }
        let taken = (self.incidents).take_alert(json, record.written_at, clock::wall());
        self.read_to.insert(record.partition, record.offset + 1);
        match taken {
            Ok(due) => self.write(&due),
            Err(error) => {
                left_out(&error);
                Ok(())
            }
        }
    }

    /// Works off what came while nobody decided, at the time at which it was written.
    fn begin(&mut self) -> anyhow::Result<()> {
        self.caught_up = true;
        let mut waiting = std::mem::take(&mut self.waiting);
        // Within a partition the order stays.
        let mut newest: BTreeMap<i32, Timestamp> = BTreeMap::new();
        for it in &mut waiting {
            let newest = newest.entry(it.partition).or_insert(it.written_at);
            *newest = it.written_at.max(*newest);
            it.written_at = *newest;
        }
        waiting.sort_by_key(|it| it.written_at);
        let wall = clock::wall();
        let mut due = Vec::new();
        for it in &waiting {
            let now = it.written_at.min(wall);
            match self.incidents.take_alert(&it.payload, it.written_at, now) {
                Ok(more) => due.extend(more),
                Err(error) => left_out(&error),
            }
        }
        due.extend(self.incidents.advance(wall));
        let count = waiting.len();
        tracing::info!(
            "calls people from now on; alert records that came meanwhile: {count}, messages that follow: {}",
            due.len()
        );
        self.write(&due)?;
        self.note()
    }

    fn pass(&mut self) -> anyhow::Result<()> {
        if !self.caught_up {
            return Ok(());
        }
        let due = self.incidents.advance(clock::wall());
        self.write(&due)?;
        let is_due = Tick::now().since(self.noted_at) >= NOTED_EVERY;
        if is_due && self.noted_to != self.read_to {
            self.note()?;
        }
        Ok(())
    }

    fn write(&mut self, due: &[Notification]) -> anyhow::Result<()> {
        for batch in due.chunks(BATCH) {
            let record = |it: &Notification| Ok((it.incident.clone(), serde_json::to_vec(it)?));
            let records: Vec<_> = batch.iter().map(record).collect::<anyhow::Result<_>>()?;
            let is_last = due.last().map(|it| &it.id) == batch.last().map(|it| &it.id);
            // Before the last batch, nothing is noted: what follows from the records is not all written.
            let read_to = match is_last {
                true => self.read_to.clone(),
                false => BTreeMap::new(),
            };
            self.outbox.write(&records, &read_to, &self.group)?;
            if is_last {
                self.noted_to = read_to;
                self.noted_at = Tick::now();
            }
        }
        Ok(())
    }

    fn note(&mut self) -> anyhow::Result<()> {
        self.outbox.write(&[], &self.read_to, &self.group)?;
        self.noted_to = self.read_to.clone();
        self.noted_at = Tick::now();
        Ok(())
    }
}

fn left_out(why: &dyn fmt::Display) {
    tracing::warn!("an alert's record can't be read, and is left out: {why}");
}
