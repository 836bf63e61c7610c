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
    assert!(stdout(&["check", config[0], config[1]]).contains("good; 1 sources, 3 policies"));

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
}
