//! The commands as a person types them, on a real broker.

use std::{fs, path::Path, time::Duration};

use floorwalker::kafka::topics::Topic;

use crate::{
    binary::{Running, create_topic, floorwalker, free_port, get, stdout},
    broker::{pause, shared},
};

const PREFIX: &str = "commands";
const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

fn config(folder: &Path, port: u16) -> String {
    let path = folder.join("floorwalker.toml");
    let text = format!(
        "http.listen = \"127.0.0.1:{port}\"\n\
         [kafka]\nbrokers = \"{}\"\nprefix = \"{PREFIX}\"\nreplication = 1\n\
         [engine]\ntasks = 4\n\
         [[source]]\ntopic = \"{PREFIX}.calls\"\nclock = \"events\"\n",
        shared().address
    );
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Asks until the answer is right.
fn wait_for(port: u16, path: &str, right: impl Fn(u16, &str) -> bool) {
    let mut last = None;
    for _ in 0..600 {
        last = get(port, path);
        if let Some((status, text)) = &last
            && right(*status, text)
        {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{path}: {last:?}");
}

#[test]
fn a_deployment_is_made_fed_run_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = config(folder.path(), port);
    let config = ["--config", config.as_str()];
    assert!(stdout(&["check", config[0], config[1]]).contains("good; 1 sources, 7 policies"));

    let good = stdout(&["check", "--json", config[0], config[1]]);
    let good: serde_json::Value = serde_json::from_str(&good).unwrap();
    assert_eq!((&good["good"], &good["tasks"]), (&true.into(), &4.into()));

    let before = stdout(&["topics", "show", config[0], config[1]]);
    assert!(
        before.contains("topic `commands.state` does not exist"),
        "{before}"
    );
    let created = stdout(&["topics", "create", config[0], config[1]]);
    assert_eq!(created.lines().count(), Topic::ALL.len(), "{created}");
    create_topic(&format!("{PREFIX}.calls"), 4);

    let topic = format!("{PREFIX}.calls");
    let loaded = stdout(&["load", CALLS, "--topic", &topic, config[0], config[1]]);
    assert!(
        loaded.starts_with("22,162 lines, 4,424,021 bytes"),
        "{loaded}"
    );

    let process = Running::start(floorwalker(&["run", config[0], config[1]]));
    let applied = "floorwalker_events{outcome=\"applied\"} 22162";
    wait_for(port, "/metrics", |_, text| {
        text.lines().any(|line| line == applied)
    });
    wait_for(port, "/readyz", |status, _| status == 200);
    wait_for(port, "/healthz", |status, _| status == 200);
    process.interrupt();
    let shown = stdout(&["topics", "show", config[0], config[1]]);
    assert!(shown.contains("commands.state partitions=4"), "{shown}");
    assert!(!shown.contains("does not exist"), "{shown}");
    let as_json = stdout(&["topics", "show", "--json", config[0], config[1]]);
    let state: Vec<serde_json::Value> = (as_json.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|it: &serde_json::Value| it["topic"] == "commands.state")
        .collect();
    assert_eq!(state[0]["partitions"], 4);
    assert_eq!(state[0]["settings"]["retention.ms"], "-1");
}

#[test]
fn a_mistake_is_an_object_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    fs::write(&path, "[engine]\ntasks = 0\n").unwrap();
    let path = path.display().to_string();
    let output = floorwalker(&["check", "--json", "--config", &path]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["good"], false);
    assert_eq!((&said["line"], &said["column"]), (&2.into(), &9.into()));
}
