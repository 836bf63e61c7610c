//! The commands as a person types them, on a real broker.

use std::{fs, path::Path, time::Duration};

use floorwalker::kafka::topics::Topic;

use crate::{
    binary::{Running, create_topic, floorwalker, free_port, get, stdout},
    broker::{address, pause},
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
        address()
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
    assert!(stdout(&["check", config[0], config[1]]).contains("good; 1 source, 7 policies"));

    let good = stdout(&["check", "--json", config[0], config[1]]);
    let good: serde_json::Value = serde_json::from_str(&good).unwrap();
    assert_eq!((&good["good"], &good["tasks"]), (&true.into(), &4.into()));

    let before = floorwalker(&["topics", "show", config[0], config[1]]).output();
    let before = before.unwrap();
    assert_eq!(before.status.code(), Some(1));
    let [found, printed] =
        [before.stdout, before.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        found.contains("topic `commands.state` does not exist"),
        "{found}"
    );
    assert!(
        printed.starts_with("error: the topics are not as "),
        "{printed}"
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
    let applied = "floorwalker_lifetime_events{outcome=\"applied\"} 22162";
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

/// However little is logged: an error, its causes, and no line of a log.
#[test]
fn an_error_reads_as_one_whatever_is_logged() {
    for level in ["off", "error", "trace"] {
        let output = floorwalker(&["replay", "nowhere.jsonl"])
            .env("RUST_LOG", level)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            printed, "error: nowhere.jsonl: No such file or directory (os error 2)\n",
            "{level}"
        );
    }
}

#[test]
fn check_names_all_mistakes_and_refuses_what_run_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    let file = path.display().to_string();
    let refused = |text: &str, more: &[&str]| {
        fs::write(&path, text).unwrap();
        let mut arguments = vec!["check", "--config", &file];
        arguments.extend(more);
        let output = floorwalker(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        let printed = String::from_utf8(output.stderr).unwrap();
        printed.replace(&file, "f.toml")
    };
    let printed = refused(
        "[engine]\ntasks = 0\nlatness = \"5m\"\n[kpi]\nzone = \"Mars\"\n",
        &[],
    );
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    assert!(
        lines[0].starts_with("error: f.toml:2:9: 0 is out of range"),
        "{printed}"
    );
    assert!(
        lines[1].starts_with("f.toml:3:1: unknown field `latness`"),
        "{printed}"
    );
    assert!(
        lines[2].starts_with("f.toml:5:8: `Mars` is no time zone"),
        "{printed}"
    );

    let none = refused("[engine]\ntasks = 2\n", &[]);
    assert_eq!(
        none,
        "error: f.toml: there is no [[source]] to read; add one with its `topic`, or set FLOORWALKER_SOURCE__0__TOPIC\n"
    );
    let output = floorwalker(&["check", "--config", &file, "--roles", "serve"]).output();
    assert!(output.unwrap().status.success());

    // Each is right alone.
    let source = "[[source]]\ntopic = \"calls\"\n";
    let together = refused(
        &format!(
            "{source}[kafka.properties]\n\"security.protocol\" = \"ssl\"\n\"ssl.ca.location\" = \"/nowhere/ca.pem\"\n"
        ),
        &[],
    );
    assert!(together.starts_with("error: f.toml:5: "), "{together}");
    assert!(together.contains("ssl.ca.location"), "{together}");
}

#[test]
fn mistakes_are_reported_as_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    fs::write(&path, "[engine]\ntasks = 0\n").unwrap();
    let path = path.display().to_string();
    let output = floorwalker(&["check", "--json", "--config", &path]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["good"], false);
    assert_eq!(
        (&verdict["line"], &verdict["column"]),
        (&2.into(), &9.into())
    );
    assert_eq!(verdict["mistakes"].as_array().unwrap().len(), 1);
    assert_eq!(verdict["mistakes"][0]["line"], 2);
}
