//! What lies in `deploy/`: Prometheus' own tools read its half, the rest names what is there.

use std::{fs, path::Path, process::Command};

use floorwalker::config::Config;
use serde_json::Value;

fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("promtool").args(arguments).output();
    let output = output.expect("promtool (Debian: apt install prometheus)");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(output.status.success(), "promtool {arguments:?}: {printed}");
    printed
}

fn dashboard() -> Value {
    let text = fs::read_to_string("deploy/grafana/dashboards/queues.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn prometheus_reads_its_settings_and_the_rules_fire_as_they_should() {
    promtool(&["check", "rules", "deploy/prometheus/rules.yaml"]);
    promtool(&["test", "rules", "deploy/prometheus/rules_test.yaml"]);
    let printed = promtool(&["check", "config", "deploy/prometheus/prometheus.yml"]);
    assert!(printed.contains("1 rule files found"), "{printed}");
}

#[test]
fn every_query_of_the_dashboard_is_one() {
    let board = dashboard();
    let panels = board["panels"].as_array().unwrap().iter();
    let queries = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let rules: Vec<Value> = queries
        .enumerate()
        .map(|(number, target)| {
            let query = target["expr"].as_str().unwrap();
            let query = query.replace("$queue", ".*").replace("$window", "30m");
            serde_json::json!({ "record": format!("dashboard:query_{number}"), "expr": query })
        })
        .collect();
    assert!(rules.len() > 10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.yaml");
    let groups = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    fs::write(&path, groups.to_string()).unwrap();
    promtool(&["check", "rules", &path.display().to_string()]);
}

#[test]
fn the_settings_are_good_and_the_files_that_are_mounted_are_there() {
    let path = Path::new("deploy/floorwalker.toml");
    let config = Config::load(path).unwrap().with_sources(path).unwrap();
    assert_eq!(config.kafka.brokers, "kafka:9092");
    let compose = fs::read_to_string("deploy/compose.yaml").unwrap();
    let mounted = compose.lines().filter_map(|line| {
        let (from, _) = line.trim().strip_prefix("- ./")?.split_once(':')?;
        Some(Path::new("deploy").join(from))
    });
    let mounted: Vec<_> = mounted.collect();
    assert!(mounted.len() > 5, "{mounted:?}");
    for file in mounted {
        assert!(file.exists(), "{}", file.display());
    }
}
