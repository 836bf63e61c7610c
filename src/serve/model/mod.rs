//! The read model: what the topics `kpis`, `alerts`, `contacts`, `scorecards`, `recognition`, `acknowledgements`, `silences` and `directory`
//! hold now, for any number of readers.
//!
//! Contract: one thread follows the topics ([`ReadModel::handle`]), everybody else looks. It never waits for a reader, and each
//! of its maps has a limit.

mod alert;
mod contact;
mod desks;
mod inhibition;
mod newest;
mod quiet;
mod recognition;
mod score;
mod statement;
mod stream;
mod trend;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use inhibition::Inhibition;
use newest::Newest;
use serde_json::value::RawValue;

pub(super) use alert::AcknowledgedEvent;
pub use alert::{Alert, Standing};
pub use contact::Line;
pub use desks::AgentDesks;
pub(super) use recognition::Recognition;
pub use score::{Entity, Score};
pub(super) use score::{is_group, kind_and_name};
pub(super) use statement::Statement;
pub(super) use stream::{About, Change, ChangeId, Changes, Listening};
pub(super) use trend::Trend;
use trend::Trends;

use super::ServeSettings;
use crate::alerts::Silencing;
pub use crate::alerts::{Acknowledgement, AlertFields};
use crate::kafka::{FollowEvent, FollowedRecord, clock, topics::Topic};
use floorwalker_core::{
    engine::AgentQueue,
    event::{Span, Timestamp},
    kpi::Places,
    proto::{Record, RecordError},
};

/// The topics it is made of.
pub const TOPICS: [Topic; 8] = [
    Topic::Kpis,
    Topic::Alerts,
    Topic::Contacts,
    Topic::Scorecards,
    Topic::Recognition,
    Topic::Acknowledgements,
    Topic::Silences,
    Topic::Directory,
];
/// Firing at a time: far more than people can look at.
const FIRING_MAX: usize = 100_000;
/// A hundred for each of many subjects.
const STATEMENTS_MAX: usize = 1_000_000;
/// A few a day for each agent of many.
const RECOGNITIONS_MAX: usize = 200_000;
/// The retention of the topic `kpis`: an entity without a newer record is evicted.
const SCORES_KEPT: Span = Span::from_secs(7 * 86_400);
/// The retention of the topics `alerts`, `contacts`, `scorecards` and `recognition`.
const RECORDS_KEPT: Span = Span::from_secs(30 * 86_400);

/// See the module.
#[derive(Debug)]
pub struct ReadModel {
    entities: Newest<Entity>,
    firing: Newest<Alert>,
    resolved: Newest<Alert>,
    acks: Newest<Acknowledgement>,
    silencing: Silencing,
    inhibition: RwLock<Inhibition>,
    contacts: Newest<ContactRaw>,
    statements: Newest<Statement>,
    desks_by_agent: Newest<AgentDesks>,
    recognitions: Newest<Recognition>,
    trends: Trends,
    caught_up: AtomicBool,
    changes: Changes,
}

/// A contact's record as it was written, in JSON.
type ContactRaw = Box<RawValue>;

/// How much the model holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub entities: usize,
    pub firing_alerts: usize,
    pub resolved_alerts: usize,
    pub acknowledgements: usize,
    pub silences: usize,
    pub contacts: usize,
    pub scorecards: usize,
    pub recognitions: usize,
}

impl ReadModel {
    #[must_use]
    pub fn new(settings: &ServeSettings) -> Self {
        Self::with_places(settings, Places::default())
    }

    /// A model that knows who answers for each queue by the configuration.
    #[must_use]
    pub fn with_places(settings: &ServeSettings, places: Places) -> Self {
        Self {
            entities: Newest::new(settings.entities_max),
            firing: Newest::new(FIRING_MAX),
            resolved: Newest::new(settings.alerts_max),
            acks: Newest::new(FIRING_MAX + settings.alerts_max),
            silencing: Silencing::new(settings.maintenance.clone(), places),
            inhibition: RwLock::default(),
            contacts: Newest::new(settings.contacts_max),
            statements: Newest::new(STATEMENTS_MAX),
            desks_by_agent: Newest::new(settings.entities_max),
            recognitions: Newest::new(RECOGNITIONS_MAX),
            trends: Trends::default(),
            caught_up: AtomicBool::new(false),
            changes: Changes::default(),
        }
    }

    /// Takes a record in. One thread only.
    pub fn handle(&self, event: &FollowEvent<'_>) {
        match event {
            FollowEvent::Record(record) => self.take(record),
            FollowEvent::CaughtUp => {
                self.begin_quiet(clock::wall());
                self.caught_up.store(true, Ordering::Release);
            }
            FollowEvent::Tick => {
                let now = clock::wall();
                self.forget(now);
                self.pass_quiet(now);
            }
        }
    }

    /// What the topics held at the start is there.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }

    fn take(&self, record: &FollowedRecord<'_>) {
        let Ok(key) = str::from_utf8(record.key) else {
            return;
        };
        let Some(payload) = record.payload else {
            return self.remove(record.topic, key, record.written_at);
        };
        if let Err(error) = self.take_payload((record.topic, key), record.written_at, payload) {
            tracing::warn!(topic = ?record.topic, key, "a record can't be read, and is left out: {error}");
        }
    }

    /// Records may be in either format.
    fn take_payload(
        &self,
        (topic, key): (Topic, &str),
        at: Timestamp,
        payload: &[u8],
    ) -> Result<(), RecordError> {
        match topic {
            Topic::Kpis => self.take_score(at, &Record::Kpi.to_json(payload)?)?,
            Topic::Alerts => self.take_alert(key, at, &Record::Alert.to_json(payload)?)?,
            Topic::Contacts => self.take_contact(key, at, &Record::Contact.to_json(payload)?)?,
            Topic::Scorecards => self.take_desk(key, at, &Record::Scorecard.to_json(payload)?)?,
            Topic::Recognition => {
                let record = Recognition::read(&Record::Recognition.to_json(payload)?)?;
                self.recognitions.put(key, at, record);
            }
            Topic::Acknowledgements => self.take_ack(key, at, payload)?,
            Topic::Silences => self.take_silence(key, payload),
            Topic::Directory => self.take_statement(at, Statement::read(payload)?),
            Topic::Tasks
            | Topic::Exchange
            | Topic::State
            | Topic::Notifications
            | Topic::DeadLetters => {}
        }
        Ok(())
    }

    fn take_score(&self, at: Timestamp, payload: &[u8]) -> serde_json::Result<()> {
        let (name, score) = Score::read(payload)?;
        let score = Arc::new(score);
        let known = self.entities.get(&name);
        let mut entity = known.map_or_else(
            || Entity {
                name: name.clone(),
                scores: Vec::new(),
            },
            |known| Entity::clone(&known),
        );
        entity.put(Arc::clone(&score));
        if entity.is_group()
            && entity
                .scores
                .first()
                .is_some_and(|it| it.window == score.window)
        {
            self.trends.put(&name, &score)?;
        }
        self.entities.put(&name, at, entity);
        let record = Arc::clone(&score.record);
        self.publish(|| (About::score(name, &score), record));
        Ok(())
    }

    fn take_alert(&self, id: &str, at: Timestamp, payload: &[u8]) -> serde_json::Result<()> {
        let alert = Alert::read(payload)?;
        let covered = self.hold_quiet(&alert);
        self.publish(|| (About::alert(&alert), self.shown(&alert)));
        let (now, before) = if alert.is_firing() {
            (&self.firing, &self.resolved)
        } else {
            (&self.resolved, &self.firing)
        };
        now.put(id, at, alert);
        before.remove(id);
        self.publish_alerts(&covered);
        Ok(())
    }

    fn take_ack(&self, id: &str, at: Timestamp, payload: &[u8]) -> serde_json::Result<()> {
        self.acks.put(id, at, Acknowledgement::read(payload)?);
        if let Some(alert) = self.alert(id) {
            self.publish(|| (About::alert(&alert), self.shown(&alert)));
        }
        Ok(())
    }

    fn take_contact(&self, id: &str, at: Timestamp, payload: &[u8]) -> serde_json::Result<()> {
        self.contacts.put(id, at, serde_json::from_slice(payload)?);
        Ok(())
    }

    fn take_statement(&self, at: Timestamp, statement: Statement) {
        self.move_teams(&statement);
        self.statements.put(&statement.key(), at, statement);
    }

    fn take_desk(&self, key: &str, at: Timestamp, payload: &[u8]) -> serde_json::Result<()> {
        let Some(AgentQueue { agent, .. }) = AgentQueue::from_name(key) else {
            return Ok(());
        };
        let known = self.desks(agent.as_str());
        let mut desks = known.map_or_else(AgentDesks::default, |known| AgentDesks::clone(&known));
        desks.put(key, payload)?;
        self.desks_by_agent.put(agent.as_str(), at, desks);
        Ok(())
    }

    fn remove_desk(&self, key: &str, at: Timestamp) {
        let Some(AgentQueue { agent, .. }) = AgentQueue::from_name(key) else {
            return;
        };
        let Some(mut desks) = self.desks(agent.as_str()).map(|it| AgentDesks::clone(&it)) else {
            return;
        };
        desks.records.remove(key);
        if desks.records.is_empty() {
            self.desks_by_agent.remove(agent.as_str());
        } else {
            self.desks_by_agent.put(agent.as_str(), at, desks);
        }
    }

    fn remove(&self, topic: Topic, key: &str, at: Timestamp) {
        match topic {
            Topic::Alerts => {
                let covered = self.release_quiet(key);
                self.firing.remove(key);
                self.resolved.remove(key);
                self.publish_alerts(&covered);
            }
            Topic::Silences => self.remove_silence(key),
            Topic::Acknowledgements => self.acks.remove(key),
            Topic::Contacts => self.contacts.remove(key),
            Topic::Scorecards => self.remove_desk(key, at),
            Topic::Recognition => self.recognitions.remove(key),
            Topic::Kpis => {
                let entity = key.rsplit_once('/').map_or(key, |(entity, _)| entity);
                self.entities.remove(entity);
                self.trends.remove(entity);
            }
            Topic::Directory => {
                let removal = Statement::removal(key, at);
                removal
                    .into_iter()
                    .for_each(|it| self.take_statement(at, it));
            }
            Topic::Tasks
            | Topic::Exchange
            | Topic::State
            | Topic::Notifications
            | Topic::DeadLetters => {}
        }
    }

    fn forget(&self, now: Timestamp) {
        self.entities.forget_before(now - SCORES_KEPT);
        let then = now - RECORDS_KEPT;
        let firing = self.firing.len();
        self.firing.forget_before(then);
        if self.firing.len() != firing {
            self.forget_quiet();
        }
        self.resolved.forget_before(then);
        self.acks.forget_before(then);
        self.contacts.forget_before(then);
        self.desks_by_agent.forget_before(then);
        self.recognitions.forget_before(then);
    }

    /// News are for those who listen now: what was read to get here is none.
    fn publish(&self, change: impl FnOnce() -> (About, Arc<RawValue>)) {
        if self.is_caught_up() {
            let (about, record) = change();
            self.changes.publish(about, record);
        }
    }

    /// Agents, queues and groups, by name.
    #[must_use]
    pub fn entities(&self) -> Vec<Arc<Entity>> {
        self.entities.sorted()
    }

    #[must_use]
    pub fn entity(&self, name: &str) -> Option<Arc<Entity>> {
        self.entities.get(name)
    }

    /// The last hours of a queue or group, minute by minute.
    pub(super) fn trend(&self, name: &str) -> Option<Trend> {
        self.trends.get(name)
    }

    /// Firing alerts, then if asked for resolved ones, each by id.
    #[must_use]
    pub fn alerts(&self, resolved_too: bool) -> Vec<Arc<Alert>> {
        let mut alerts = self.firing.sorted();
        if resolved_too {
            alerts.extend(self.resolved.sorted());
        }
        alerts
    }

    #[must_use]
    pub fn alert(&self, id: &str) -> Option<Arc<Alert>> {
        self.firing.get(id).or_else(|| self.resolved.get(id))
    }

    #[must_use]
    pub fn ack(&self, id: &str) -> Option<Arc<Acknowledgement>> {
        self.acks.get(id)
    }

    /// An alert's record with what is known beside it.
    #[must_use]
    pub fn shown(&self, alert: &Alert) -> Arc<RawValue> {
        alert.with(&self.standing(alert))
    }

    /// Returns the statements of the directory, by subject, oldest first.
    #[must_use]
    pub fn statements(&self) -> Vec<Arc<Statement>> {
        self.statements.sorted()
    }

    /// What people call each subject now.
    #[must_use]
    pub fn titles(&self) -> BTreeMap<String, String> {
        statement::titles(&self.statements(), clock::wall())
    }

    /// An agent's scorecards.
    #[must_use]
    pub fn desks(&self, agent: &str) -> Option<Arc<AgentDesks>> {
        self.desks_by_agent.get(agent)
    }

    /// Everything that was recognized.
    #[must_use]
    pub(super) fn recognitions(&self) -> Vec<Arc<Recognition>> {
        self.recognitions.sorted()
    }

    /// Returns the agents who have a scorecard in a queue, each with all queues in which it has one.
    #[must_use]
    pub fn agents_of(&self, queue: &str) -> BTreeMap<String, BTreeSet<String>> {
        let all = self.desks_by_agent.sorted();
        let desks = all.iter().filter_map(|desks| desks.agent_and_queues());
        desks.filter(|(_, queues)| queues.contains(queue)).collect()
    }

    /// A contact's record as it was written.
    #[must_use]
    pub fn contact(&self, id: &str) -> Option<Arc<ContactRaw>> {
        self.contacts.get(id)
    }

    /// How a contact came about.
    ///
    /// # Errors
    /// When its record is none.
    pub fn history(&self, record: &RawValue) -> serde_json::Result<Vec<Line>> {
        let ids = contact::alert_ids(record.get())?;
        let own = |id: &String| {
            let ack = self.ack(id).map(|ack| Acknowledgement::clone(&ack));
            Some((self.alert(id)?, ack))
        };
        let alerts: Vec<_> = ids.iter().filter_map(own).collect();
        contact::history(record.get(), &alerts)
    }

    pub(super) const fn changes(&self) -> &Changes {
        &self.changes
    }

    #[must_use]
    pub fn held(&self) -> Held {
        Held {
            entities: self.entities.len(),
            firing_alerts: self.firing.len(),
            resolved_alerts: self.resolved.len(),
            acknowledgements: self.acks.len(),
            silences: self.silencing.read().len(),
            contacts: self.contacts.len(),
            scorecards: self.desks_by_agent.len(),
            recognitions: self.recognitions.len(),
        }
    }
}
