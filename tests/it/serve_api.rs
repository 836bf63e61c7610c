//! The HTTP API of running processes on a real broker, as a person with curl uses it.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    binary::{Site, get, stdout},
    broker::pause,
};

/// Its contact c3 waits at the end, in billing, missed by its answer and by ana.
pub(crate) const WORKED: &str = "tests/data/worked-example.events.jsonl";

/// Two processes' worth of configurations; the first runs, fed with the worked example.
pub(crate) fn fed(prefix: &str) -> Site {
    let mut site = Site::new(prefix, 4, 2, "");
    let (topic, config) = (site.source(), site.config(0));
    stdout(&["load", WORKED, "--topic", &topic, "--config", &config]);
    site.run_one(0, "work,serve");
    for (entity, offered) in [("queue:billing", 3), ("queue:tech", 1), ("all", 4)] {
        let path = format!("/api/v1/entities/{entity}/kpis?window=1h");
        wait_for(&site, 0, &path, |it| {
            it["scorecards"][0]["kpis"]["offered"] == offered
        });
    }
    wait_for(&site, 0, "/api/v1/entities/agent:ana/kpis", |_| true);
    wait_for(&site, 0, "/api/v1/agents/ana/scorecard", |_| true);
    wait_for(&site, 0, "/api/v1/contacts/c3", |_| true);
    site
}

/// The answer, as soon as it is as it should be.
pub(crate) fn wait_for(
    site: &Site,
    process: usize,
    path: &str,
    is_there: impl Fn(&Value) -> bool,
) -> Value {
    let mut last = None;
    for _ in 0..600 {
        last = get(site.port(process), path);
        if let Some((200, text)) = &last {
            let answer = serde_json::from_str(text).unwrap();
            if is_there(&answer) {
                return answer;
            }
        }
        pause(Duration::from_millis(100));
    }
    panic!("{path} in {}: {last:?}", site.folder().display());
}

pub(crate) fn ask(site: &Site, path: &str) -> Value {
    let (status, text) = get(site.port(0), path).unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Status and what is wrong.
pub(crate) fn fault(site: &Site, path: &str) -> (u16, Value) {
    let (status, text) = get(site.port(0), path).unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

pub(crate) fn post(site: &Site, path: &str, body: &str) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent
        .post(format!("http://127.0.0.1:{}{path}", site.port(0)))
        .header("content-type", "application/json")
        .send(body)
        .unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&text).expect(&text))
}

fn texts(lines: &Value) -> Vec<String> {
    let line = |line: &Value| {
        let text = line["text"].as_str().unwrap();
        let at = line["at"].as_str().unwrap();
        format!("{} {text}", at.get(11..19).unwrap())
    };
    lines.as_array().unwrap().iter().map(line).collect()
}

/// The alert that the answer to c3 is missed.
pub(crate) fn missed_answer(site: &Site) -> Value {
    let missed = ask(site, "/api/v1/alerts?rule=sla.missed&queue=billing");
    let alerts = missed["alerts"].as_array().unwrap();
    assert_eq!(missed["total"], alerts.len());
    let of_c3 =
        |alert: &&Value| alert["contacts"] == json!(["c3"]) && alert["policy"] == "voice answer";
    alerts.iter().find(of_c3).expect("an alert").clone()
}

#[test]
fn three_calls_lead_from_an_alert_to_contact_history_and_numbers() {
    let mut site = fed("follow");
    let alert = missed_answer(&site);
    assert_eq!(
        (&alert["status"], &alert["ack"]),
        (&json!("firing"), &Value::Null)
    );
    let link = |name: &str| alert["links"][name].as_str().unwrap().to_owned();

    let contact = ask(&site, &link("contact"));
    assert_eq!(contact["contact_id"], "c3");
    assert_eq!(contact["ended_at"], Value::Null);
    assert!(contact["alerts"].as_array().unwrap().contains(&alert["id"]));

    let history = ask(&site, &link("history"));
    insta::assert_snapshot!(texts(&history["lines"]).join("\n"), @"
    10:20:00 begins: inbound on voice
    10:20:00 waits in billing
    10:20:00 voice answer in billing: due 2026-11-22T10:20:20Z
    10:20:05 voice accept in billing: due 2026-11-22T10:20:23Z
    10:20:15 sla.at_risk of voice answer fires (warning)
    10:20:18 sla.at_risk of voice accept fires (warning)
    10:20:20 voice answer in billing: missed
    10:20:20 sla.at_risk of voice answer is over: missed
    10:20:20 sla.missed of voice answer fires (critical)
    10:20:23 voice accept in billing: missed, ana
    10:20:23 sla.at_risk of voice accept is over: missed
    10:20:23 sla.missed of voice accept fires (critical)
    10:20:25 sla.missed of voice accept is over: declined
    ");

    let numbers = ask(&site, &link("numbers"));
    let hour = |answer: &Value| {
        let cards = answer["scorecards"].as_array().unwrap().iter();
        let mut hours = cards.filter(|card| card["window"] == "1h");
        hours.next().unwrap()["kpis"]["sla"]["voice answer"]["missed"].clone()
    };
    assert_eq!(hour(&numbers), 1);
    let one = ask(&site, &(link("numbers") + "?window=1h"));
    assert_eq!(one["scorecards"].as_array().unwrap().len(), 1);
    assert_eq!(hour(&one), 1);
    assert_eq!(ask(&site, &link("alert")), alert);
    site.stop();
    site.end();
}

#[test]
fn an_acknowledgement_is_seen_by_all_and_survives_the_process() {
    let mut site = fed("acknowledge");
    site.run_one(1, "serve");
    let alert = missed_answer(&site);
    let id = alert["id"].as_str().unwrap();
    let path = format!("/api/v1/alerts/{id}");
    let acknowledge = format!("{path}/acknowledge");
    let (status, shown) = post(&site, &acknowledge, r#"{"by":"lea","note":"calls back"}"#);
    assert_eq!((status, &shown["id"]), (200, &alert["id"]));
    assert_eq!(
        (&shown["ack"]["by"], &shown["ack"]["note"]),
        (&json!("lea"), &json!("calls back"))
    );
    // Elsewhere, and with the id as one segment.
    let encoded = format!("/api/v1/alerts/{}", id.replace('/', "%2F"));
    wait_for(&site, 1, &encoded, |it| it["ack"]["by"] == "lea");
    let (_, again) = post(&site, &acknowledge, r#"{"by":"kim"}"#);
    assert_eq!(again["ack"]["by"], "kim");
    let history = ask(&site, "/api/v1/contacts/c3/history");
    let lines = texts(&history["lines"]);
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("sla.missed of voice answer acknowledged by kim")),
        "{lines:?}"
    );

    site.stop();
    site.run_one(0, "serve");
    wait_for(&site, 0, &path, |it| it["ack"]["by"] == "kim");
    let (code, body) = get(site.port(0), "/readyz").unwrap();
    let readiness: Value = serde_json::from_str(&body).unwrap();
    let expected = json!({"ready": true, "reasons": [], "warnings": []});
    assert_eq!((code, readiness), (200, expected));
    site.end();
}

/// Status, what is wrong, and a part of what to do.
pub(crate) fn check_fault((status, fault): (u16, Value), expect: (u16, &str, &str)) {
    let (what, hint) = (fault["detail"].as_str(), fault["what_to_do"].as_str());
    assert_eq!((status, what), (expect.0, Some(expect.1)), "{fault}");
    assert!(hint.unwrap().contains(expect.2), "{fault}");
    assert_ne!(fault["where"].as_str(), Some(""), "{fault}");
}

#[test]
fn errors_name_the_fault_its_place_and_the_remedy() {
    let site = fed("faults");
    for (path, status, what, hint) in [
        (
            "entities/queue:nowhere/kpis",
            404,
            "nothing was counted for `queue:nowhere`",
            "/api/v1/entities",
        ),
        (
            "entities/queue:billing/kpis?window=2h",
            404,
            "queue:billing has no such window",
            "5m, 30m, 1h",
        ),
        (
            "contacts/c99",
            404,
            "no record of a contact `c99` is at hand",
            "serve.contacts_max",
        ),
        (
            "agents/nobody/scorecard",
            404,
            "there is no scorecard of an agent `nobody`",
            "kind=agent",
        ),
        (
            "alerts/contact:c99/1",
            404,
            "there is no alert `contact:c99/1`",
            "status=all",
        ),
        (
            "alerts?limit=10001",
            400,
            "limit=10001 is too many",
            "10000",
        ),
        ("nothing", 404, "there is nothing here", "/openapi.json"),
    ] {
        check_fault(
            fault(&site, &format!("/api/v1/{path}")),
            (status, what, hint),
        );
    }
    let (status, unknown) = fault(&site, "/api/v1/alerts?rules=x");
    assert_eq!(status, 400);
    assert!(
        unknown["detail"].as_str().unwrap().contains("rules"),
        "{unknown}"
    );
    site.end();
}

#[test]
fn an_acknowledgement_needs_a_name_and_a_firing_alert() {
    let site = fed("nobody");
    let path = |id: &Value| format!("/api/v1/alerts/{}/acknowledge", id.as_str().unwrap());
    let missed = path(&missed_answer(&site)["id"]);
    let nobody = post(&site, &missed, r#"{"by":" "}"#);
    let unnamed = "`by` must name somebody, in at most 256 bytes";
    check_fault(nobody, (400, unnamed, "\"by\""));
    assert_eq!(post(&site, &missed, r#"{"who":"x"}"#).0, 422);
    assert_eq!(post(&site, &missed, "{").0, 400);
    let all = ask(&site, "/api/v1/alerts?status=resolved&limit=1");
    let over = post(&site, &path(&all["alerts"][0]["id"]), r#"{"by":"lea"}"#);
    let resolved = "the alert is resolved: there is nothing left to take up";
    check_fault(over, (409, resolved, "fire"));
    site.end();
}

/// Returns the data of a line of the stream.
pub(crate) fn data(line: &str) -> Value {
    serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap()
}

#[test]
fn changes_are_streamed_to_subscribers() {
    let site = fed("news");
    let open = |query: &str| {
        let url = format!("http://127.0.0.1:{}/api/v1/stream{query}", site.port(0));
        let answer = ureq::get(url).call().unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut lines = BufReader::new(answer.into_body().into_reader()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), ": listening");
        let lines = lines.map(Result::unwrap);
        lines.filter(|line| !line.is_empty() && !line.starts_with("id: "))
    };
    let mut missed = open("?about=alerts&rule=sla.missed");
    let mut other = open("?about=alerts&queue=tech");
    let mut kpis = open("?about=kpis&entity=queue:billing&window=1h");
    let alert = missed_answer(&site);
    let id = alert["id"].as_str().unwrap();
    post(
        &site,
        &format!("/api/v1/alerts/{id}/acknowledge"),
        r#"{"by":"lea"}"#,
    );
    assert_eq!(missed.next().unwrap(), "event: alert");
    let record = data(&missed.next().unwrap());
    assert_eq!(
        (&record["id"], &record["ack"]["by"]),
        (&alert["id"], &json!("lea"))
    );

    // A new contact changes the figures of its queue.
    let file = site.folder().join("more.jsonl");
    std::fs::write(&file, r#"{"event_id":"m1","occurred_at":"2026-11-22T10:31:00Z","source":"acd-1","type":"contact_queued","contact_id":"c7","channel":"voice","queue":"billing"}"#).unwrap();
    load(&site, &file);
    assert_eq!(kpis.next().unwrap(), "event: kpis");
    let figures = data(&kpis.next().unwrap());
    assert_eq!(
        (&figures["entity"], &figures["window"]),
        (&json!("queue:billing"), &json!("1h"))
    );
    // Nothing came of tech but a sign of life.
    assert_eq!(other.next().unwrap(), ":");
    site.end();
}

/// As a browser does when the connection was cut.
#[test]
fn a_client_that_reconnects_to_the_stream_misses_nothing() {
    let site = fed("resumed");
    let open = |last: Option<&str>| {
        let url = format!(
            "http://127.0.0.1:{}/api/v1/stream?about=alerts",
            site.port(0)
        );
        let request = match last {
            Some(last) => ureq::get(url).header("last-event-id", last),
            None => ureq::get(url),
        };
        let lines = BufReader::new(request.call().unwrap().into_body().into_reader()).lines();
        lines.map(Result::unwrap).filter(|line| !line.is_empty())
    };
    let id = |line: Option<String>| line.unwrap().strip_prefix("id: ").unwrap().to_owned();
    let mut first = open(None);
    assert_eq!(first.next().unwrap(), ": listening");
    let place = id(first.next());
    drop(first);
    let alert = missed_answer(&site);
    let path = format!(
        "/api/v1/alerts/{}/acknowledge",
        alert["id"].as_str().unwrap()
    );
    for by in ["lea", "kim"] {
        assert_eq!(post(&site, &path, &json!({"by": by}).to_string()).0, 200);
    }
    let mut again = open(Some(&place)).filter(|line| line != ": listening");
    let mut by = || {
        let lines = [
            again.next().unwrap(),
            again.next().unwrap(),
            again.next().unwrap(),
        ];
        let record = lines
            .iter()
            .find(|line| line.starts_with("data: "))
            .unwrap();
        assert!(
            lines.iter().any(|line| line.starts_with("id: ")),
            "{lines:?}"
        );
        data(record)["ack"]["by"].clone()
    };
    assert_eq!([by(), by()], [json!("lea"), json!("kim")]);
    let mut strange = open(Some("0-1")).filter(|line| line != ": listening");
    let lines: Vec<_> = (0..3).map(|_| strange.next().unwrap()).collect();
    assert!(lines.contains(&"event: missed".to_owned()), "{lines:?}");
    assert!(lines.contains(&"data: all".to_owned()), "{lines:?}");
    drop(again);
    drop(strange);
    site.end();
}

fn load(site: &Site, file: &Path) {
    let (topic, config) = (site.source(), site.config(0));
    let file = file.to_str().unwrap();
    stdout(&["load", file, "--topic", &topic, "--config", &config]);
}

#[test]
fn the_api_describes_itself() {
    let site = fed("describe");
    let description = ask(&site, "/openapi.json");
    let paths = description["paths"].as_object().unwrap();
    let names: Vec<_> = paths.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "/api/v1/agents/{agent}/scorecard",
            "/api/v1/alerts",
            "/api/v1/alerts/{id}",
            "/api/v1/alerts/{id}/acknowledge",
            "/api/v1/contacts/{id}",
            "/api/v1/contacts/{id}/history",
            "/api/v1/directory",
            "/api/v1/entities",
            "/api/v1/entities/{entity}/kpis",
            "/api/v1/floor",
            "/api/v1/queues/{queue}/agents",
            "/api/v1/recognitions",
            "/api/v1/session",
            "/api/v1/silences",
            "/api/v1/silences/{id}",
            "/api/v1/stream",
            "/api/v1/trends",
        ]
    );
    let queues = ask(&site, "/api/v1/entities?kind=queue");
    let entities = queues["entities"].as_array().unwrap();
    assert_eq!(entities.len(), 2);
    assert_eq!(entities[0]["entity"], "queue:billing");
    assert_eq!(entities[1]["entity"], "queue:tech");
    site.end();
}
