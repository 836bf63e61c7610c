//! The alerts that fire, what each receiver was sent of them, and what follows: which messages are due. Knows no clock and no Kafka.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::value::RawValue;

use super::{
    notification::{AlertText, Covered, Notification, Transition, key_of},
    route::Target,
    sent::Sent,
    settings::NotifySettings,
};
use crate::alerts::{Acknowledgement, AlertFields, Silencing, keep};
use floorwalker_core::{
    event::{Span, Timestamp},
    kpi::Places,
    silence::{AlertTraits, Maintenance, Silence},
};

/// What was sent of an alert is remembered for as long after its end: a record of it that is read again changes nothing.
const SENT_KEPT: Span = Span::from_secs(2 * 86_400);
const FORGET_EVERY: Span = Span::from_secs(3_600);

/// See the module.
#[derive(Debug)]
pub(super) struct Incidents {
    settings: NotifySettings,
    silencing: Silencing,
    /// By id; those about single contacts call nobody, and are left out.
    firing: BTreeMap<String, Incident>,
    acks: BTreeMap<String, Acknowledgement>,
    /// By the id of the alert, then the receiver.
    sent: BTreeMap<String, BTreeMap<String, Sent>>,
    forgot_at: Timestamp,
}

/// An alert that fires.
#[derive(Debug)]
struct Incident {
    fields: AlertFields,
    text: AlertText,
    record: Arc<RawValue>,
    /// Since when it would call somebody, by its records.
    calls_since: Option<Timestamp>,
}

impl Incident {
    fn read(
        fields: &AlertFields,
        record: &[u8],
        calls_since: Option<Timestamp>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            fields: fields.clone(),
            text: serde_json::from_slice(record)?,
            record: serde_json::from_slice::<Box<RawValue>>(record)?.into(),
            calls_since,
        })
    }
}

impl Incidents {
    pub(super) fn new(
        settings: &NotifySettings,
        maintenance: &[Maintenance],
        places: &Places,
    ) -> Self {
        Self {
            settings: settings.clone(),
            silencing: Silencing::new(maintenance.to_vec(), places.clone()),
            firing: BTreeMap::new(),
            acks: BTreeMap::new(),
            sent: BTreeMap::new(),
            forgot_at: Timestamp::MIN,
        }
    }

    /// Takes in what was sent before.
    pub(super) fn restore(&mut self, sent: &Notification) {
        let by_receiver = self.sent.entry(sent.incident.clone()).or_default();
        let now = Sent::after(by_receiver.get(&sent.receiver), sent);
        by_receiver.insert(sent.receiver.clone(), now);
    }

    pub(super) fn take_silence(&self, id: &str, payload: Option<&[u8]>) -> Result<(), String> {
        match payload {
            Some(payload) => keep(&mut self.silencing.write(), Silence::read(id, payload)?),
            None => drop(self.silencing.write().remove(id)),
        }
        Ok(())
    }

    pub(super) fn take_ack(&mut self, id: &str, payload: Option<&[u8]>) -> serde_json::Result<()> {
        match payload {
            Some(payload) => drop(
                self.acks
                    .insert(id.to_owned(), Acknowledgement::read(payload)?),
            ),
            None => drop(self.acks.remove(id)),
        }
        Ok(())
    }

    /// Takes in a statement of the directory: who answers for a queue.
    pub(super) fn take_statement(&self, subject: &str, statement: &[u8]) {
        self.silencing.teams().take(subject, statement);
    }

    /// Takes in an alert's record about which all was decided before.
    pub(super) fn note(&mut self, record: &[u8], written_at: Timestamp) -> serde_json::Result<()> {
        let fields: AlertFields = serde_json::from_slice(record)?;
        self.note_fields(&fields, record, written_at)
    }

    fn note_fields(
        &mut self,
        fields: &AlertFields,
        record: &[u8],
        written_at: Timestamp,
    ) -> serde_json::Result<()> {
        if fields.is_about_contact() {
            return Ok(());
        }
        if fields.status != "firing" {
            self.firing.remove(&fields.id);
            self.silencing.forget(&fields.id);
            return Ok(());
        }
        let is_late = written_at - fields.at > self.settings.late_max;
        let calls = fields.interrupts && fields.inhibited_by.is_none() && !is_late;
        let known = self.firing.get(&fields.id).and_then(|it| it.calls_since);
        let calls_since = calls.then(|| known.unwrap_or(fields.at));
        let incident = Incident::read(fields, record, calls_since)?;
        self.firing.insert(incident.fields.id.clone(), incident);
        Ok(())
    }

    /// Takes in a new record, and returns what is due: first what was due before.
    ///
    /// # Errors
    /// When it is none of an alert.
    pub(super) fn take_alert(
        &mut self,
        record: &[u8],
        written_at: Timestamp,
        now: Timestamp,
    ) -> serde_json::Result<Vec<Notification>> {
        let mut due = self.advance(now);
        let fields: AlertFields = serde_json::from_slice(record)?;
        self.note_fields(&fields, record, written_at)?;
        if fields.is_about_contact() {
            return Ok(due);
        }
        if fields.status == "firing" {
            self.silencing.judge(&fields, now);
            due.extend(self.judge(&fields.id, now));
        } else {
            due.extend(self.resolve(&fields, record)?);
        }
        Ok(due)
    }

    /// Takes in that time has passed, silences, acknowledgements and teams, and returns what is due.
    pub(super) fn advance(&mut self, now: Timestamp) -> Vec<Notification> {
        if self.silencing.look(&self.silencing.read(), now) {
            for incident in self.firing.values() {
                self.silencing.judge(&incident.fields, now);
            }
        }
        if now > self.forgot_at + FORGET_EVERY {
            self.forgot_at = now;
            self.forget(now);
        }
        let ids: Vec<String> = self.firing.keys().cloned().collect();
        ids.iter().flat_map(|id| self.judge(id, now)).collect()
    }

    fn forget(&mut self, now: Timestamp) {
        self.sent.retain(|id, by_receiver| {
            let is_over = |sent: &Sent| sent.resolved && sent.at + SENT_KEPT < now;
            self.firing.contains_key(id) || !by_receiver.values().all(is_over)
        });
        let (firing, sent) = (&self.firing, &self.sent);
        self.acks.retain(|id, ack| {
            let is_old = ack.at + SENT_KEPT < now;
            firing.contains_key(id) || sent.contains_key(id) || !is_old
        });
    }

    /// What is due of an alert that fires.
    fn judge(&mut self, id: &str, now: Timestamp) -> Vec<Notification> {
        let Some(incident) = self.firing.get(id) else {
            return Vec::new();
        };
        let ack = self.acks.get(id);
        let was_sent = self.sent.get(id);
        if let Some(ack) = ack {
            let by_receiver = was_sent.into_iter().flatten();
            let unaware = by_receiver.filter(|(_, sent)| !sent.acknowledged && !sent.resolved);
            let due = unaware.map(|(receiver, sent)| {
                let message = self.message(
                    incident,
                    receiver,
                    Transition::Acknowledged,
                    sent.team.clone(),
                );
                Notification {
                    at: ack.at,
                    by: Some(ack.by.clone()),
                    ..message
                }
            });
            return self.remember(due.collect());
        }
        let Some(since) = incident.calls_since else {
            return Vec::new();
        };
        if self.silencing.silenced_by(id).is_some() {
            return Vec::new();
        }
        let team = self.silencing.team_of(&incident.fields, now);
        let traits = AlertTraits {
            team: team.as_deref(),
            ..incident.fields.traits()
        };
        let recipients = &incident.text.recipients;
        let targets = self.settings.routes.targets(&traits, recipients, now);
        let newest = (incident.fields.at, incident.text.escalation);
        let mut due = Vec::new();
        for target in targets {
            let Target {
                receiver,
                quiet,
                group_interval,
            } = target;
            let sent = was_sent.and_then(|it| it.get(&receiver));
            let transition = match sent {
                _ if quiet => None,
                None if now < since + self.settings.group_wait => None,
                None => Some(Transition::Fired),
                Some(sent) => sent.while_it_fires(newest, group_interval, now),
            };
            if let Some(transition) = transition {
                let team = sent.map_or_else(|| team.clone(), |sent| sent.team.clone());
                due.push(self.message(incident, &receiver, transition, team));
            }
        }
        self.remember(due)
    }

    /// Whoever was sent that it fires is sent that it is over, silenced or not.
    fn resolve(
        &mut self,
        fields: &AlertFields,
        record: &[u8],
    ) -> serde_json::Result<Vec<Notification>> {
        let Some(by_receiver) = self.sent.get(&fields.id) else {
            return Ok(Vec::new());
        };
        let incident = Incident::read(fields, record, None)?;
        let open = by_receiver.iter().filter(|(_, sent)| !sent.resolved);
        let due = open.map(|(receiver, sent)| {
            self.message(&incident, receiver, Transition::Resolved, sent.team.clone())
        });
        let due = due.collect();
        Ok(self.remember(due))
    }

    fn message(
        &self,
        incident: &Incident,
        receiver: &str,
        transition: Transition,
        team: Option<String>,
    ) -> Notification {
        let fields = &incident.fields;
        let ordinal = match transition {
            Transition::Fired | Transition::Acknowledged | Transition::Resolved => 0,
            Transition::Escalated => i64::from(incident.text.escalation),
            Transition::Repeated => fields.at.0,
        };
        Notification {
            id: key_of(&fields.id, transition, ordinal),
            incident: fields.id.clone(),
            receiver: receiver.to_owned(),
            transition,
            at: fields.at,
            team,
            escalation: incident.text.escalation,
            by: None,
            covers: self.covered_by(&fields.id),
            alert: Arc::clone(&incident.record),
        }
    }

    fn covered_by(&self, id: &str) -> Vec<Covered> {
        let covered = self.firing.values().map(|it| &it.fields);
        let covered = covered.filter(|it| it.inhibited_by.as_deref() == Some(id));
        covered
            .map(|it| Covered {
                rule: it.rule.clone(),
                subject: it.subject.clone(),
            })
            .collect()
    }

    fn remember(&mut self, due: Vec<Notification>) -> Vec<Notification> {
        due.iter().for_each(|it| self.restore(it));
        due
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::notify::route::Routes;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_764_500_000_000 + seconds * 1_000)
    }

    fn incidents() -> Incidents {
        let receivers: BTreeSet<String> = ["ops".to_owned()].into();
        let settings = NotifySettings {
            routes: Routes {
                all: Vec::new(),
                receivers,
                group_interval: Span::from_secs(300),
            },
            ..NotifySettings::default()
        };
        Incidents::new(&settings, &[], &Places::default())
    }

    fn record(status: &str, second: i64, more: &Value) -> Value {
        let mut record = json!({
            "id": "queue:q/1", "rule": "queue.surge", "status": status, "severity": "warning", "subject": "queue:q",
            "queue": "q", "starts_at": at(0), "at": at(second), "why": "", "interrupts": true,
        });
        let more = more.as_object().unwrap().clone();
        record.as_object_mut().unwrap().extend(more);
        record
    }

    /// Takes a record in at the second of its transition, and returns the names of what is due.
    fn take(incidents: &mut Incidents, record: &Value) -> Vec<&'static str> {
        let now = Timestamp::parse(record["at"].as_str().unwrap()).unwrap();
        let payload = serde_json::to_vec(record).unwrap();
        names(&incidents.take_alert(&payload, now, now).unwrap())
    }

    fn names(due: &[Notification]) -> Vec<&'static str> {
        due.iter().map(|it| it.transition.name()).collect()
    }

    #[test]
    fn an_alert_has_one_message_of_each_transition() {
        let mut it = incidents();
        assert!(take(&mut it, &record("firing", 0, &json!({}))).is_empty());
        assert!(it.advance(at(9)).is_empty());
        assert_eq!(names(&it.advance(at(10))), ["fired"]);
        assert!(it.advance(at(60)).is_empty());
        let up = json!({"escalation": 1});
        assert_eq!(take(&mut it, &record("firing", 900, &up)), ["escalated"]);
        assert!(take(&mut it, &record("firing", 900, &up)).is_empty());
        assert_eq!(take(&mut it, &record("firing", 1_800, &up)), ["repeated"]);
        assert_eq!(take(&mut it, &record("resolved", 2_000, &up)), ["resolved"]);
        assert!(take(&mut it, &record("resolved", 2_000, &up)).is_empty());
    }

    #[test]
    fn nobody_is_called_twice_within_the_interval() {
        let up = json!({"escalation": 1});
        // It still fires, as half a minute ago when it went up.
        let mut it = incidents();
        take(&mut it, &record("firing", 0, &json!({})));
        it.advance(at(10));
        assert_eq!(take(&mut it, &record("firing", 1_770, &up)), ["escalated"]);
        assert!(take(&mut it, &record("firing", 1_800, &up)).is_empty());
        assert!(it.advance(at(3_000)).is_empty());
        assert_eq!(take(&mut it, &record("firing", 3_600, &up)), ["repeated"]);
        // It goes up, half a minute after it still fired.
        let mut other = incidents();
        take(&mut other, &record("firing", 0, &json!({})));
        other.advance(at(10));
        let still = record("firing", 1_800, &json!({}));
        assert_eq!(take(&mut other, &still), ["repeated"]);
        assert!(take(&mut other, &record("firing", 1_830, &up)).is_empty());
        assert!(other.advance(at(2_099)).is_empty());
        assert_eq!(names(&other.advance(at(2_100))), ["escalated"]);
        assert_eq!(
            take(&mut other, &record("resolved", 2_101, &up)),
            ["resolved"],
            "an end waits for nothing"
        );
    }

    #[test]
    fn what_is_over_or_taken_up_within_the_wait_is_not_sent() {
        let mut it = incidents();
        take(&mut it, &record("firing", 0, &json!({})));
        assert!(take(&mut it, &record("resolved", 5, &json!({}))).is_empty());
        assert!(it.advance(at(60)).is_empty());
        take(&mut it, &record("firing", 100, &json!({})));
        let ack = json!({"occurred_at": at(105), "by": "lea", "note": null});
        it.take_ack("queue:q/1", Some(&serde_json::to_vec(&ack).unwrap()))
            .unwrap();
        assert!(it.advance(at(200)).is_empty());
        assert!(take(&mut it, &record("resolved", 300, &json!({}))).is_empty());
    }

    #[test]
    fn what_is_covered_or_calls_nobody_is_not_sent_until_it_does() {
        let mut it = incidents();
        let covered = json!({"inhibited_by": "queue:r/2"});
        take(&mut it, &record("firing", 0, &covered));
        assert!(it.advance(at(60)).is_empty());
        take(
            &mut it,
            &record("firing", 70, &json!({"interrupts": false})),
        );
        assert!(it.advance(at(90)).is_empty());
        // It has become strong enough.
        take(&mut it, &record("firing", 100, &json!({})));
        assert_eq!(names(&it.advance(at(110))), ["fired"]);
    }

    #[test]
    fn whoever_was_called_is_sent_the_end_though_it_is_silenced() {
        let mut it = incidents();
        take(&mut it, &record("firing", 0, &json!({})));
        it.advance(at(10));
        let silence = json!({"id": "s", "matchers": {"queue": "q"}, "starts_at": at(20), "ends_at": at(5_000), "by": "lea"});
        it.take_silence("s", Some(&serde_json::to_vec(&silence).unwrap()))
            .unwrap();
        assert!(take(&mut it, &record("firing", 1_800, &json!({}))).is_empty());
        assert_eq!(
            take(&mut it, &record("resolved", 2_000, &json!({}))),
            ["resolved"]
        );
    }

    #[test]
    fn what_was_sent_before_is_not_due_again() {
        let lives = [
            record("firing", 0, &json!({})),
            record("firing", 900, &json!({"escalation": 1})),
            record("resolved", 2_000, &json!({"escalation": 1})),
        ];
        let mut first = incidents();
        let mut sent = Vec::new();
        for record in &lives {
            let now = Timestamp::parse(record["at"].as_str().unwrap()).unwrap();
            let payload = serde_json::to_vec(record).unwrap();
            sent.extend(first.take_alert(&payload, now, now).unwrap());
            sent.extend(first.advance(now + Span::from_secs(10)));
        }
        assert_eq!(names(&sent), ["fired", "escalated", "resolved"]);
        // Killed behind any of the messages, and read from the first record on.
        for count in 0..=sent.len() {
            let mut again = incidents();
            sent[..count].iter().for_each(|it| again.restore(it));
            let mut more = Vec::new();
            for record in &lives {
                let now = Timestamp::parse(record["at"].as_str().unwrap()).unwrap();
                let payload = serde_json::to_vec(record).unwrap();
                more.extend(again.take_alert(&payload, now, now).unwrap());
                more.extend(again.advance(now + Span::from_secs(10)));
            }
            let keys = |all: &[Notification]| -> Vec<String> {
                all.iter().map(|it| it.id.clone()).collect()
            };
            assert_eq!(keys(&more), keys(&sent[count..]), "behind {count}");
        }
    }

    #[test]
    fn a_past_that_is_loaded_calls_nobody() {
        let mut it = incidents();
        let payload = serde_json::to_vec(&record("firing", 0, &json!({}))).unwrap();
        let written_at = at(3_601);
        assert!(
            it.take_alert(&payload, written_at, written_at)
                .unwrap()
                .is_empty()
        );
        assert!(it.advance(at(9_000)).is_empty());
    }
}
