//! Silences, windows of maintenance and covered alerts on a real broker, as a person with curl and a reader of the stream see them.

use std::{
    io::{BufRead as _, BufReader},
    time::Duration,
};

use floorwalker::kafka::clock;
use floorwalker_core::event::{Span, Timestamp};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::{Value, json};

use crate::{
    binary::{Site, stdout},
    broker::address,
    serve_api::{WORKED, ask, check_fault, data, fault, fed, missed_answer, post, wait_for},
};

const SILENCES: &str = "/api/v1/silences";

/// A body that silences missed promises in billing for so many seconds.
fn silence_of(seconds: i64) -> Value {
    let ends_at = clock::wall() + Span::from_secs(seconds);
    json!({
        "matchers": {"rule": "sla.*", "queue": "billing"}, "ends_at": ends_at, "by": "lea",
        "comment": "a mailing went out",
    })
}

fn delete(site: &Site, path: &str) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("http://127.0.0.1:{}{path}", site.port(0));
    let mut answer = agent.delete(url).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&text).expect(&text))
}

/// The alerts that a reader of the stream is sent from now on.
fn news(site: &Site, process: usize, query: &str) -> impl Iterator<Item = Value> + use<> {
    let url = format!(
        "http://127.0.0.1:{}/api/v1/stream?{query}",
        site.port(process)
    );
    let answer = ureq::get(url).call().unwrap();
    let mut lines = BufReader::new(answer.into_body().into_reader()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), ": listening");
    let lines = lines.map(Result::unwrap);
    lines
        .filter(|line| line.starts_with("data: "))
        .map(|line| match line.as_str() {
            "data: all" => json!("all"),
            _ => data(&line),
        })
}

fn write(topic: &str, key: &str, payload: Option<&Value>) {
    write_all(topic, &[(key.to_owned(), payload.cloned())]);
}

fn write_all(topic: &str, records: &[(String, Option<Value>)]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .create()
        .unwrap();
    for (key, payload) in records {
        let payload = payload.as_ref().map(Value::to_string);
        let mut record = BaseRecord::to(topic).key(key.as_str());
        if let Some(payload) = &payload {
            record = record.payload(payload);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

fn path_of(alert: &Value) -> String {
    format!("/api/v1/alerts/{}", alert["id"].as_str().unwrap())
}

fn total(site: &Site, query: &str) -> u64 {
    ask(site, &format!("/api/v1/alerts?{query}"))["total"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_silence_begins_and_expires_before_the_eyes_of_those_who_read_the_stream() {
    let mut site = fed("hush");
    site.run_one(1, "serve");
    wait_for(&site, 1, SILENCES, |it| it["silences"] == json!([]));
    let alert = missed_answer(&site);
    assert_eq!(alert["silenced_by"], Value::Null);
    let all = total(&site, "");
    let mut elsewhere = news(&site, 1, "about=alerts&rule=sla.missed&queue=billing");
    let (status, silence) = post(&site, SILENCES, &silence_of(4).to_string());
    assert_eq!((status, &silence["status"]), (201, &json!("active")));
    assert_eq!(silence["comment"], "a mailing went out");
    let by = &silence["id"];

    assert_eq!(&ask(&site, &path_of(&alert))["silenced_by"], by);
    let silenced = ask(&site, "/api/v1/alerts?silenced=true");
    let silenced = silenced["alerts"].as_array().unwrap();
    assert!(silenced.iter().all(|it| it["queue"] == "billing"));
    let count = u64::try_from(silenced.len()).unwrap();
    assert!(count > 0);
    assert_eq!(total(&site, "silenced=false"), all - count);
    let listed = ask(&site, SILENCES);
    assert_eq!(listed["silences"], json!([silence]));

    // Another process, and nobody asks anything.
    let mut own = || elsewhere.find(|it| it["id"] == alert["id"]).unwrap();
    assert_eq!(&own()["silenced_by"], by);
    let after = own();
    assert_eq!(
        (&after["silenced_by"], &after["status"]),
        (&Value::Null, &json!("firing"))
    );
    let late = clock::wall() - Timestamp::parse(silence["ends_at"].as_str().unwrap()).unwrap();
    assert!(Span::ZERO <= late && late < Span::from_secs(10), "{late:?}");
    wait_for(&site, 0, SILENCES, |it| it["silences"] == json!([]));
    let remembered = ask(&site, "/api/v1/silences?status=all");
    assert_eq!(remembered["silences"][0]["status"], "expired");
    wait_for(&site, 0, "/api/v1/alerts?silenced=true", |it| {
        it["total"] == 0
    });
    drop(elsewhere);
    site.end();
}

#[test]
fn a_silence_outlives_the_process_and_is_ended_or_removed() {
    let mut site = fed("hush-on");
    let path = path_of(&missed_answer(&site));
    let make = |at: &Site| {
        let (status, silence) = post(at, SILENCES, &silence_of(3_600).to_string());
        assert_eq!(status, 201, "{silence}");
        silence["id"].as_str().unwrap().to_owned()
    };
    let first = make(&site);
    site.stop();
    site.run_one(0, "serve");
    wait_for(&site, 0, &path, |it| it["silenced_by"] == first.as_str());

    let one = format!("{SILENCES}/{first}");
    let nobody = "add ?by= with the name";
    let (status, refusal) = delete(&site, &one);
    assert_eq!(status, 400);
    assert!(refusal["what_to_do"].as_str().unwrap().contains(nobody));
    let (code, ended) = delete(&site, &format!("{one}?by=kim"));
    assert_eq!((code, &ended["status"]), (200, &json!("expired")));
    assert_eq!(
        (&ended["by"], &ended["ended_by"]),
        (&json!("lea"), &json!("kim"))
    );
    assert_eq!(ask(&site, &path)["silenced_by"], Value::Null);
    check_fault(
        delete(&site, &format!("{one}?by=kim")),
        (409, "the silence is over already", SILENCES),
    );
    check_fault(
        delete(&site, &format!("{SILENCES}/none?by=kim")),
        (404, "there is no silence `none`", "status=all"),
    );
    check_fault(
        delete(&site, &format!("{SILENCES}/maintenance:night?by=kim")),
        (
            409,
            "a window of maintenance ends as the configuration has it",
            "[[maintenance]]",
        ),
    );

    let second = make(&site);
    assert_eq!(ask(&site, &path)["silenced_by"], second.as_str());
    write("hush-on.silences", &second, None);
    wait_for(&site, 0, &path, |it| it["silenced_by"] == Value::Null);
    let all = ask(&site, "/api/v1/silences?status=all");
    assert_eq!(all["silences"].as_array().unwrap().len(), 1);
    // One of another writer is as good; what is none is left out.
    let own = json!({
        "id": "mine", "matchers": {"subject": "contact:*"}, "starts_at": clock::wall(),
        "ends_at": clock::wall() + Span::from_secs(600), "by": "cron",
    });
    write("hush-on.silences", "broken", Some(&json!({"id": "broken"})));
    write("hush-on.silences", "mine", Some(&own));
    wait_for(&site, 0, &path, |it| it["silenced_by"] == "mine");
    site.end();
}

#[test]
fn a_silence_needs_matchers_a_name_and_an_end() {
    let site = fed("hush-not");
    let with = |field: &str, value: Value| {
        let mut body = silence_of(60);
        body[field] = value;
        post(&site, SILENCES, &body.to_string())
    };
    let days = |days: i64| json!(clock::wall() + Span::from_secs(days * 86_400 + 60));
    for (answer, what) in [
        (
            with("matchers", json!({})),
            "`matchers` is empty, and would silence every alert; name a rule, subject, queue, team, channel, severity or agent",
        ),
        (
            with("by", json!(" ")),
            "`by` must name somebody, in at most 256 bytes",
        ),
        (
            with("ends_at", json!("2020-01-01T10:00:00Z")),
            "`ends_at` must be after `starts_at`",
        ),
        (
            with("ends_at", days(30)),
            "`ends_at` may be 30 days after `starts_at` at most",
        ),
        (
            with("starts_at", json!(clock::wall() - Span::from_secs(600))),
            "`starts_at` has passed; leave it out to begin now",
        ),
    ] {
        check_fault(answer, (400, what, "\"matchers\""));
    }
    let mut ahead = silence_of(60);
    (ahead["starts_at"], ahead["ends_at"]) = (days(31), days(32));
    assert_eq!(post(&site, SILENCES, &ahead.to_string()).0, 400);
    for (field, value) in [
        ("matchers", json!({"site": "oslo"})),
        ("matchers", json!({"rule": "*.surge"})),
        ("until", json!("later")),
        ("ends_at", json!("later")),
    ] {
        let (status, refusal) = with(field, value);
        assert_eq!(status, 422, "{refusal}");
    }
    assert_eq!(post(&site, SILENCES, "{").0, 400);
    assert_eq!(with("comment", json!("x".repeat(20_000))).0, 413);
    let plain = ureq::post(format!("http://127.0.0.1:{}{SILENCES}", site.port(0)))
        .config()
        .http_status_as_error(false)
        .build()
        .content_type("text/plain")
        .send("x");
    assert_eq!(plain.unwrap().status().as_u16(), 415);
    assert_eq!(fault(&site, "/api/v1/silences?status=old").0, 400);
    let (status, pending) = with("starts_at", json!(clock::wall() + Span::from_secs(30)));
    assert_eq!((status, &pending["status"]), (201, &json!("pending")));
    assert_eq!(total(&site, "silenced=true"), 0);
    site.end();
}

/// An alert of the queue billing, as the engine writes it.
fn surge(status: &str) -> Value {
    let now = clock::wall();
    json!({
        "id": "queue:billing/5", "rule": "queue.surge", "status": status, "severity": "warning", "score": 8,
        "subject": "queue:billing", "group": "queue:billing", "policy": null, "starts_at": now, "at": now,
        "ends_at": null, "reason": null, "history": false, "value": 41.0, "threshold": 30.0, "unit": "contacts",
        "formula": "arrivals", "n": 41, "why": "41 came.", "action": "Move agents.", "causes": [], "contacts": [],
        "contacts_more": 0, "agents": [], "queue": "billing", "team": null, "channel": "voice", "recipients": [],
        "escalation": 0, "ack": null, "inhibited_by": null, "interrupts": true, "flapping": false, "runbook": null,
        "seq": 1, "links": {},
    })
}

#[test]
fn late_contacts_are_part_of_their_queues_alert() {
    let site = fed("covered");
    let alert = missed_answer(&site);
    assert_eq!(alert["inhibited_by"], Value::Null);
    let late = "rule=sla.missed&queue=billing";
    let count = total(&site, late) + total(&site, "rule=sla.at_risk&queue=billing");
    let calling = total(&site, "interrupts=true");
    let mut stream = news(&site, 0, &format!("about=alerts&{late}"));
    let id = "queue:billing/5";
    write("covered.alerts", id, Some(&surge("firing")));
    let path = path_of(&alert);
    wait_for(&site, 0, &path, |it| it["inhibited_by"] == id);
    let mut own = || stream.find(|it| it["id"] == alert["id"]).unwrap();
    assert_eq!(own()["inhibited_by"], id);
    let head = ask(&site, "/api/v1/alerts/queue:billing/5");
    assert_eq!(
        (&head["covers"], &head["inhibited_by"]),
        (&json!(count), &Value::Null)
    );
    assert_eq!(total(&site, "inhibited_by=queue:billing/5"), count);
    assert_eq!(total(&site, "interrupts=true"), calling + 1);
    assert_eq!(total(&site, "acknowledged=true"), 0);
    let floor = ask(&site, "/api/v1/floor");
    let shown = floor["alerts"].as_array().unwrap().iter();
    let covered = shown.filter(|it| it["inhibited_by"] == id).count();
    assert_eq!(u64::try_from(covered).unwrap(), count);

    // Silenced or taken up, it covers them still; it calls nobody.
    let quiet = json!({
        "matchers": {"subject": "queue:billing"}, "by": "lea",
        "ends_at": clock::wall() + Span::from_secs(600),
    });
    assert_eq!(post(&site, SILENCES, &quiet.to_string()).0, 201);
    assert_eq!(total(&site, "interrupts=true"), calling);
    assert_eq!(ask(&site, &path)["inhibited_by"], id);
    let (_, taken) = post(
        &site,
        "/api/v1/alerts/queue:billing/5/acknowledge",
        r#"{"by":"lea"}"#,
    );
    assert_eq!(taken["ack"]["by"], "lea");
    assert_eq!(total(&site, "acknowledged=true&silenced=true"), 1);

    write("covered.alerts", id, Some(&surge("resolved")));
    assert_eq!(own()["inhibited_by"], Value::Null);
    assert_eq!(ask(&site, &path)["inhibited_by"], Value::Null);
    assert_eq!(ask(&site, "/api/v1/alerts/queue:billing/5")["covers"], 0);
    drop(stream);
    site.end();
}

#[test]
fn readers_look_anew_when_very_much_changes_at_once() {
    let site = fed("much");
    let late = |number: u32| {
        let mut record = surge("firing");
        let id = format!("contact:m{number}/1");
        record["id"] = json!(id);
        record["subject"] = json!(format!("contact:m{number}"));
        record["queue"] = json!("mass");
        (id, Some(record))
    };
    let records: Vec<_> = (0..1_100).map(late).collect();
    write_all("much.alerts", &records);
    wait_for(&site, 0, "/api/v1/alerts?queue=mass", |it| {
        it["total"] == 1_100
    });
    let mut stream = news(&site, 0, "about=alerts&queue=mass");
    let mut body = silence_of(600);
    body["matchers"] = json!({"queue": "mass"});
    let (status, silence) = post(&site, SILENCES, &body.to_string());
    assert_eq!(status, 201);
    assert_eq!(stream.next(), Some(json!("all")));
    assert_eq!(total(&site, "queue=mass&silenced=true"), 1_100);
    // The line stays open.
    write_all("much.alerts", &records[..1]);
    assert_eq!(stream.next().unwrap()["silenced_by"], silence["id"]);
    drop(stream);
    site.end();
}

#[test]
fn a_window_of_the_configuration_silences_what_it_names() {
    let window = r#"
[[maintenance]]
name = "always"
matchers = { rule = "sla.missed", queue = "bill*" }
weekly = "Mon-Sun 00:00-24:00"
zone = "Europe/Oslo"
[[maintenance]]
name = "over"
matchers = { rule = "*" }
from = 2020-01-01T10:00:00Z
to = 2020-01-01T11:00:00Z
"#;
    let mut site = Site::new("window", 4, 1, window);
    let (topic, config) = (site.source(), site.config(0));
    stdout(&["load", WORKED, "--topic", &topic, "--config", &config]);
    site.run_one(0, "work,serve");
    let missed = "/api/v1/alerts?rule=sla.missed&queue=billing";
    let found = wait_for(&site, 0, missed, |it| it["total"] != 0);
    assert_eq!(found["alerts"][0]["silenced_by"], "maintenance:always");
    let listed = ask(&site, SILENCES);
    let [always] = &listed["maintenance"].as_array().unwrap()[..] else {
        panic!("{listed}");
    };
    assert_eq!(
        (
            &always["id"],
            &always["matchers"]["queue"],
            &always["read_only"]
        ),
        (&json!("maintenance:always"), &json!("bill*"), &json!(true))
    );
    let end = Timestamp::parse(always["ends_at"].as_str().unwrap()).unwrap();
    assert!(clock::wall() < end && end <= clock::wall() + Span::from_secs(86_400));
    let pending = ask(&site, "/api/v1/silences?status=pending");
    assert_eq!(pending["maintenance"], json!([]));
    let all = ask(&site, "/api/v1/alerts?silenced=false");
    let mut others = all["alerts"].as_array().unwrap().iter();
    assert!(others.all(|it| it["rule"] != "sla.missed" || it["queue"] != "billing"));
    site.end();
}
