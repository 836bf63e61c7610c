//! The directory on a real broker: statements are made with the command, correct published figures, and outlive a kill.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    binary::{Site, get, refusal, stdout},
    broker::pause,
    serve_api::fed,
};

fn answer(site: &Site, path: &str) -> Option<Value> {
    let (status, text) = get(site.port(0), path)?;
    (status == 200).then(|| serde_json::from_str(&text).unwrap())
}

fn wait_for(site: &Site, path: &str, is_so: impl Fn(&Value) -> bool) {
    let mut last = None;
    for _ in 0..900 {
        last = answer(site, path);
        if last.as_ref().is_some_and(&is_so) {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{path} in {}: {last:?}", site.folder().display());
}

fn put(site: &Site, lines: &str) -> String {
    let file = site.folder().join("statements.jsonl");
    fs::write(&file, lines).unwrap();
    file.display().to_string()
}

const KPIS: &str = "/api/v1/entities/queue:billing/kpis?window=all";
const NIGHT: &str = "/api/v1/entities/team:night/kpis?window=all";

fn is_corrected(site: &Site) {
    // By 30 s the wait of c3 is not over due yet.
    wait_for(site, KPIS, |it| {
        it["scorecards"][0]["kpis"]["sla"]["voice answer"]["missed"] == 0
    });
    // c1 waited before, c2 and c3 after.
    wait_for(site, NIGHT, |it| {
        it["scorecards"][0]["kpis"]["offered"] == 2
    });
    wait_for(
        site,
        "/api/v1/alerts?status=all&rule=sla.missed&queue=billing",
        |it| {
            let alerts = it["alerts"].as_array().unwrap().iter();
            alerts
                .filter(|alert| alert["policy"] == "voice answer")
                .all(|alert| alert["status"] == "resolved" && alert["reason"] == "corrected")
        },
    );
}

/// By a configuration that is of another deployment.
fn assert_other_tasks_are_refused(site: &Site) {
    let other = site.folder().join("other.toml").display().to_string();
    let text = fs::read_to_string(site.config(0)).unwrap();
    fs::write(&other, text.replace("tasks = 4", "tasks = 5")).unwrap();
    let (complaint, code) = refusal(&["directory", "list", "--config", &other]);
    assert_eq!(code, 1);
    assert!(complaint.contains("directory.directory"), "{complaint}");
    assert!(complaint.contains("4 partitions"), "{complaint}");
}

#[test]
fn a_statement_corrects_published_figures_and_survives_a_kill() {
    let mut site = fed("directory");
    let config = site.config(0);
    wait_for(&site, KPIS, |it| {
        it["scorecards"][0]["kpis"]["sla"]["voice answer"]["missed"] == 1
    });
    let good = "\
        {\"subject\":\"queue:billing\",\"valid_from\":\"2026-11-22T10:09:00Z\",\"title\":\"Billing and refunds\",\"team\":\"night\"}\n\
        {\"subject\":\"policy:voice answer\",\"valid_from\":\"2026-11-22T10:19:00Z\",\"measure\":\"answer\",\"channel\":\"voice\",\"threshold\":30}\n";
    let bad =
        format!("{good}\n{{\"subject\":\"queue:tech\",\"valid_from\":0,\"tame\":\"day\"}}\n5\n");
    let bad_file = put(&site, &bad);
    let (complaint, code) = refusal(&["directory", "put", &bad_file, "--config", &config]);
    assert_eq!(code, 1);
    let expected =
        format!("{bad_file}:4: unknown field `tame`, expected one of `title`, `team`, `site`");
    assert!(complaint.contains(&expected), "{complaint}");
    assert!(
        complaint.contains(&format!("{bad_file}:5: ")),
        "{complaint}"
    );
    assert_eq!(
        answer(&site, "/api/v1/directory").unwrap(),
        json!({"total": 0, "statements": []})
    );

    assert_other_tasks_are_refused(&site);

    let file = put(&site, good);
    let printed = stdout(&["directory", "put", &file, "--config", &config]);
    assert_eq!(printed, "2 statements to directory.directory\n");
    is_corrected(&site);
    wait_for(&site, "/api/v1/directory?subject=queue:billing", |it| {
        it["statements"][0]["team"] == "night"
    });
    wait_for(&site, "/api/v1/entities?kind=queue", |it| {
        it["entities"][0]["title"] == "Billing and refunds"
    });
    assert_eq!(stdout(&["directory", "list", "--config", &config]), good);

    site.kill();
    site.run_one(0, "work,serve");
    is_corrected(&site);
    // What comes after the kill goes by it too.
    let late = site.folder().join("late.jsonl");
    let event = r#"{"occurred_at":"2026-11-22T10:21:00Z","source":"acd-1","type":"contact_queued","contact_id":"c9","channel":"voice","queue":"billing"}"#;
    fs::write(&late, event).unwrap();
    let late_file = late.display().to_string();
    stdout(&[
        "load",
        &late_file,
        "--topic",
        &site.source(),
        "--config",
        &config,
    ]);
    wait_for(&site, NIGHT, |it| {
        it["scorecards"][0]["kpis"]["offered"] == 3
    });
    site.end();
}
