//! The read model: what it makes of records.

use floorwalker::{
    kafka::{FollowEvent, FollowedRecord, topics::Topic},
    serve::{ReadModel, ServeSettings},
};
use floorwalker_core::{event::Timestamp, proto::Record};
use serde_json::{Value, json};

const ALERT: &str = include_str!("../data/alert-record.json");
const CONTACT: &str = include_str!("../data/contact-record.json");
const ACK: &str = r#"{"occurred_at":"2026-11-22T09:15:00Z","source":"api","type":"alert_acknowledged","by":"lea","note":null}"#;

fn apply(model: &ReadModel, topic: Topic, key: &str, payload: Option<&[u8]>) {
    model.handle(&FollowEvent::Record(FollowedRecord {
        topic,
        partition: 0,
        offset: 0,
        key: key.as_bytes(),
        payload,
        written_at: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
    }));
}

fn alert(status: &str) -> (String, String) {
    let mut record: Value = serde_json::from_str(ALERT).unwrap();
    record["status"] = status.into();
    let id = record["id"].as_str().unwrap().to_owned();
    (id, record.to_string())
}

#[test]
fn an_alert_fires_is_acknowledged_and_is_over() {
    let model = ReadModel::new(&ServeSettings::default());
    let (id, firing) = alert("firing");
    apply(&model, Topic::Acknowledgements, &id, Some(ACK.as_bytes()));
    apply(&model, Topic::Alerts, &id, Some(firing.as_bytes()));
    let known = model.alert(&id).unwrap();
    let shown: Value = serde_json::from_str(model.shown(&known).get()).unwrap();
    let expect = json!({"at": "2026-11-22T09:15:00Z", "by": "lea", "note": null});
    assert_eq!(
        (&shown["ack"], &shown["rule"]),
        (&expect, &json!("sla.missed"))
    );
    assert_eq!(model.alerts(false).len(), 1);

    let (_, resolved) = alert("resolved");
    apply(&model, Topic::Alerts, &id, Some(resolved.as_bytes()));
    assert_eq!(
        (model.alerts(false).len(), model.alerts(true).len()),
        (0, 1)
    );
    apply(&model, Topic::Alerts, &id, None);
    assert!(model.alert(&id).is_none());
}

#[test]
fn records_are_read_in_either_format_and_garbage_is_skipped() {
    let model = ReadModel::new(&ServeSettings::default());
    let contact: Value = serde_json::from_str(CONTACT).unwrap();
    let bytes = Record::Contact.to_protobuf(CONTACT.as_bytes()).unwrap();
    apply(&model, Topic::Contacts, "packed", Some(&bytes));
    apply(&model, Topic::Contacts, "plain", Some(CONTACT.as_bytes()));
    apply(&model, Topic::Contacts, "rubbish", Some(b"{"));
    let [packed, plain] = ["packed", "plain"].map(|id| model.contact(id).unwrap());
    let lines = model.history(&plain).unwrap();
    assert_eq!(model.history(&packed).unwrap(), lines);
    let engagements = contact["engagements"].as_array().unwrap().len();
    assert!(lines.len() >= engagements * 2, "{lines:?}");
    assert!(lines.is_sorted_by_key(|line| line.at));
    assert!(model.contact("rubbish").is_none());
}

const SCORECARD: &str = include_str!("../data/scorecard-record.json");

#[test]
fn an_agent_has_the_newest_scorecard_of_each_desk() {
    let model = ReadModel::new(&ServeSettings::default());
    let key = |queue: &str| format!("agent:a%2Fb/queue:{queue}/channel:voice");
    let bytes = Record::Scorecard.to_protobuf(SCORECARD.as_bytes()).unwrap();
    apply(&model, Topic::Scorecards, &key("billing"), Some(&bytes));
    let newer = SCORECARD.replace("\"billing\"", "\"tech\"");
    apply(
        &model,
        Topic::Scorecards,
        &key("tech"),
        Some(newer.as_bytes()),
    );
    apply(&model, Topic::Scorecards, "rubbish", Some(newer.as_bytes()));
    apply(&model, Topic::Scorecards, &key("sales"), Some(b"{"));
    let queues = || -> Vec<String> {
        let desks = model.desks("a/b").unwrap();
        let records = desks.records.values();
        let records = records.map(|it| serde_json::from_str::<Value>(it.get()).unwrap());
        records
            .map(|it| it["queue"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(queues(), ["billing", "tech"]);
    apply(&model, Topic::Scorecards, &key("billing"), None);
    assert_eq!(
        (queues(), model.held().scorecards),
        (vec!["tech".to_owned()], 1)
    );
    apply(&model, Topic::Scorecards, &key("tech"), None);
    assert!(model.desks("a/b").is_none());
}

#[test]
fn kept_records_have_a_limit_and_an_age() {
    let settings = ServeSettings {
        contacts_max: 2,
        ..ServeSettings::default()
    };
    let model = ReadModel::new(&settings);
    for (id, time) in [("a", 3), ("b", 1), ("c", 2)] {
        model.handle(&FollowEvent::Record(FollowedRecord {
            topic: Topic::Contacts,
            partition: 0,
            offset: 0,
            key: id.as_bytes(),
            payload: Some(CONTACT.as_bytes()),
            written_at: Timestamp::from_millis(time),
        }));
    }
    assert!(model.contact("a").is_some() && model.contact("b").is_none());
    assert_eq!(model.held().contacts, 2);
    // They are of 1970: no topic would have them any more.
    model.handle(&FollowEvent::Tick);
    assert_eq!(model.held().contacts, 0);
}

#[test]
fn an_entity_without_records_is_removed() {
    let model = ReadModel::new(&ServeSettings::default());
    let record = |window: &str| {
        format!(
            r#"{{"entity":"queue:a/b","window":"{window}","clock":"2026-11-22T10:00:00Z","kpis":{{"sla":{{"p":{{"met":1,"missed":3}}}}}}}}"#
        )
    };
    for window in ["5m", "1h", "5m"] {
        let key = format!("queue:a/b/{window}");
        apply(&model, Topic::Kpis, &key, Some(record(window).as_bytes()));
    }
    let entity = model.entity("queue:a/b").unwrap();
    let windows: Vec<_> = entity.scores.iter().map(|it| it.window.as_str()).collect();
    assert_eq!(windows, ["5m", "1h"]);
    let least = entity.scores[0].missed_at_least();
    assert!((0.30..0.31).contains(&least), "{least}");
    apply(&model, Topic::Kpis, "queue:a/b/1h", None);
    assert!(model.entity("queue:a/b").is_none());
}
