//! Every expression of the dashboards, of Grafana's rules and of Prometheus' rules, on a real Prometheus that scrapes a running process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    binary::{Running, Site, get, stdout},
    broker::{address, pause},
    catcher::Catcher,
    grafana::{dashboards, inspect, yaml},
    notify::webhook,
    prometheus::run_prometheus,
};

const INSTALL: &str = "run scripts/setup";
const ALERT: &str = include_str!("../data/alert-record.json");

/// A deployment with a simulated morning, queues that teams answer for, and alerts of rules that may come.
fn busy_site() -> (Site, Catcher) {
    let floor = Catcher::well();
    let notify = format!(
        "\n[notify]\nlate_max = \"3650d\"\ngroup_wait = \"0s\"\n{}",
        webhook("floor", &floor.url())
    );
    let teams = "\n[queues.billing]\nteam = \"north\"\n[queues.tech]\nteam = \"south\"\n[serve]\nall_agents = true\n";
    let mut site = Site::new("grafana", 4, 1, &(teams.to_owned() + &notify));
    let events = site.folder().join("morning.jsonl.gz").display().to_string();
    let (topic, config) = (site.source(), site.config(0));
    let day = [
        "--agents",
        "80",
        "--hours",
        "1.5",
        "--seed",
        "7",
        "--incidents",
        "default",
        "--faults",
        "default",
    ];
    stdout(&[&["simulate"], &day[..], &["--out", &events]].concat());
    stdout(&[
        "load", &events, "--topic", &topic, "--config", &config, "--force",
    ]);
    site.run_one(0, "work,serve,notify");
    site.wait_until_ready();
    for (number, rule) in [
        "queue.staffing",
        "queue.surge",
        "feed.silent",
        "csat.low_predicted",
    ]
    .iter()
    .enumerate()
    {
        raise(&site, &format!("queue:billing/{number}"), rule);
    }
    (site, floor)
}

/// Writes an alert that fires, as the engine would.
fn raise(site: &Site, id: &str, rule: &str) {
    let mut alert: Value = serde_json::from_str(ALERT).unwrap();
    alert["id"] = json!(id);
    alert["rule"] = json!(rule);
    let topic = format!("{}.alerts", site.prefix);
    let broker = address();
    let mut kcat = Command::new("kcat")
        .args(["-q", "-P", "-b", &broker, "-t", &topic, "-K", "\t"])
        .stdin(Stdio::piped())
        .spawn()
        .expect(INSTALL);
    let mut lines = kcat.stdin.take().unwrap();
    writeln!(lines, "{id}\t{alert}").unwrap();
    drop(lines);
    assert!(kcat.wait().unwrap().success());
}

/// Prometheus with the shipped settings and rules, but for where Floorwalker is and how often it looks.
fn start_prometheus(folder: &Path, scraped: u16) -> (Running, u16) {
    let shipped = fs::read_to_string("deploy/prometheus/prometheus.yml").unwrap();
    let rules = Path::new("deploy/prometheus/rules.yaml")
        .canonicalize()
        .unwrap();
    let settings = shipped
        .replace("\"floorwalker:8640\"", &format!("\"127.0.0.1:{scraped}\""))
        .replace("interval: 5s", "interval: 1s")
        .replace("- rules.yaml", &format!("- {}", rules.display()))
        .replace("alertmanager:9093", "127.0.0.1:9");
    fs::write(folder.join("prometheus.yml"), settings).unwrap();
    run_prometheus(folder)
}

/// How many series an expression returns now.
fn series(port: u16, expr: &str) -> Result<usize, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("http://127.0.0.1:{port}/api/v1/query");
    let called = agent.get(url).query("query", expr).call();
    let text = called.and_then(|mut response| response.body_mut().read_to_string());
    let text = text.map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    match answer["data"]["result"].as_array() {
        Some(result) if answer["status"] == "success" => Ok(result.len()),
        _ => Err(text),
    }
}

/// A dashboard's expression with its variables as they are when everything is chosen.
fn filled(expr: &str) -> String {
    let mut expr = expr
        .replace("$__rate_interval", "1m")
        .replace("$window", "30m");
    for name in [
        "queue", "channel", "team", "agent", "rule", "severity", "instance", "topic",
    ] {
        expr = expr.replace(&format!("\"${name}\""), "\".*\"");
    }
    assert!(
        !expr.contains("~\"$") && !expr.contains("$__"),
        "a variable is left: {expr}"
    );
    expr
}

/// By where they are, the expressions of panels, annotations and variables.
fn of_dashboards() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for board in dashboards() {
        let title = board["title"].as_str().unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let at = format!("{title}, {}, {}", panel["title"], target["refId"]);
                found.insert(at, filled(target["expr"].as_str().unwrap()));
            }
        }
        for annotation in board["annotations"]["list"].as_array().unwrap() {
            if let Some(expr) = annotation["target"]["expr"].as_str() {
                found.insert(format!("{title}, {}", annotation["name"]), filled(expr));
            }
        }
        for variable in board["templating"]["list"].as_array().unwrap() {
            let query = variable["query"]["query"].as_str();
            if let Some(values) = query.and_then(|it| it.strip_prefix("label_values(")) {
                let (selector, label) = values.trim_end_matches(')').rsplit_once(", ").unwrap();
                let at = format!("{title}, variable {}", variable["name"]);
                found.insert(at, format!("count by ({label}) ({selector})"));
            }
        }
    }
    found
}

fn of_grafana_rules() -> Vec<(String, String)> {
    let file = yaml("deploy/grafana/provisioning/alerting/rules.yaml");
    let groups = file["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let expr = |rule: &Value| {
        let name = rule["title"].as_str().unwrap().to_owned();
        (
            name,
            rule["data"][0]["model"]["expr"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    };
    rules.map(expr).collect()
}

/// What an expression must return, each time anew until it does; the last fault of those that don't.
fn wait_for_series(
    port: u16,
    expected: &BTreeMap<String, String>,
    seconds: u32,
) -> BTreeMap<String, String> {
    let mut missing: BTreeMap<String, String> = expected.clone();
    for _ in 0..seconds {
        missing.retain(|_, expr| !matches!(series(port, expr), Ok(1..)));
        if missing.is_empty() {
            break;
        }
        pause(Duration::from_secs(1));
    }
    let fault = |(at, expr): (String, String)| {
        let answer = series(port, &expr);
        (at, format!("{answer:?} of {expr}"))
    };
    missing.into_iter().map(fault).collect()
}

#[test]
fn every_expression_is_answered_and_those_of_dashboards_and_measures_have_series() {
    let (site, _floor) = busy_site();
    let folder = tempfile::tempdir().unwrap();
    let (_prometheus, port) = start_prometheus(folder.path(), site.port(0));
    let mut expected = of_dashboards();
    assert!(expected.len() > 90, "{}", expected.len());
    let rules = inspect("")["measures"].clone();
    for rule in rules.as_array().unwrap() {
        let at = format!("what {} measures", rule["rule"]);
        expected.insert(at, rule["measure"].as_str().unwrap().to_owned());
    }
    // Rules about what the site has: alerts, and figures of the past.
    for rule in [
        "AgentsShort",
        "FloorwalkerAlert",
        "FloorwalkerFeedAlert",
        "FloorwalkerBehind",
    ] {
        expected.insert(
            format!("{rule} fires or is about to"),
            format!("ALERTS{{alertname=\"{rule}\"}}"),
        );
    }
    let missing = wait_for_series(port, &expected, 120);
    assert!(
        missing.is_empty(),
        "{}: {missing:#?}",
        folder.path().display()
    );

    // What fires only when something is wrong is at least a query.
    let of_grafana = of_grafana_rules();
    for (name, expr) in &of_grafana {
        series(port, expr).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    let (_, text) = get(port, "/api/v1/rules").unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    let groups = answer["data"]["groups"].as_array().unwrap().iter();
    let loaded: Vec<_> = groups
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    let names: BTreeSet<_> = of_grafana.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(loaded.len(), names.len());
    for rule in loaded {
        assert_eq!(rule["health"], "ok", "{rule}");
        assert!(names.contains(rule["name"].as_str().unwrap()), "{rule}");
    }
    site.end();
}
