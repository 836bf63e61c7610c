//! What `scripts/grafana` makes, and what the programs it is for think of it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

const INSTALL: &str = "amtool (Debian: apt install prometheus-alertmanager)";

fn generator(arguments: &[&str]) -> Output {
    let mut command = Command::new("scripts/grafana");
    command.args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    let printed = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(printed).unwrap()
}

/// What tests try, of these settings beside the shipped ones.
pub(crate) fn inspect(more_settings: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let shipped = fs::read_to_string("deploy/grafana/source/settings.toml").unwrap();
    fs::write(&path, shipped + more_settings).unwrap();
    let output = generator(&["--inspect", "--settings", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", printed(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A YAML file, as the YAML library of the generator reads it.
pub(crate) fn yaml(path: &str) -> Value {
    let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let python = "target/tools/grafana-sdk/bin/python";
    let mut command = Command::new(python);
    let output = command.args(["-c", program, path]).output();
    let output = output.expect("run scripts/setup");
    assert!(output.status.success(), "{path}: {}", printed(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn dashboards() -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir("deploy/grafana/dashboards")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    paths.into_iter().map(read).collect()
}

/// Also: each survives being read and written by Grafana's SDK.
#[test]
fn the_files_are_those_that_the_description_makes() {
    let output = generator(&["--check"]);
    assert!(output.status.success(), "{}", printed(&output));
}

#[test]
fn grafana_knows_the_units_reducers_and_transformations() {
    let output = generator(&["--ids"]);
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.ends_with("Grafana knows them all\n"), "{text}");
}

#[test]
fn a_mistake_in_the_settings_is_named() {
    let shipped = fs::read_to_string("deploy/grafana/source/settings.toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    for (from, to, expected) in [
        (
            "burn = 2.0",
            "burn_rate = 2.0",
            "[rules] has no setting `burn_rate`; it has sample_min, burn, ",
        ),
        (
            "abandonment = 0.1",
            "abandonment = 10.0",
            "[rules] abandonment = 10.0: a share lies between 0 and 1",
        ),
        (
            "longest_wait = \"5m\"",
            "longest_wait = \"5 min\"",
            "`longest_wait` is '5 min': write it like 30s, 5m or 1h",
        ),
        (
            "[\"operations@example.com\"]",
            "\"me\"",
            "[contacts] operations = 'me': expected list",
        ),
        (
            "[\"sunday\"]",
            "[\"Sunday\"]",
            "'Sunday' is no weekday; they are sunday, ",
        ),
        ("zone = \"UTC\"", "", "[mute] lacks `zone`"),
    ] {
        assert!(shipped.contains(from), "{from}");
        fs::write(&path, shipped.replace(from, to)).unwrap();
        let output = generator(&["--check", "--settings", path.to_str().unwrap()]);
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

/// Everything that a dashboard leads to is there.
#[test]
fn links_lead_to_dashboards_and_pages_of_the_wallboard() {
    let boards = dashboards();
    let titles: Vec<_> = boards
        .iter()
        .map(|board| board["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        ["Agents and teams", "Alerts", "Engine", "Floor", "Queue"]
    );
    let uids: Vec<_> = boards
        .iter()
        .map(|board| board["uid"].as_str().unwrap())
        .collect();
    let mut urls = Vec::new();
    boards
        .iter()
        .for_each(|board| collect_urls(board, &mut urls));
    let mut pages = 0;
    for url in &urls {
        if let Some(page) = url.strip_prefix("${wallboard}") {
            let known = ["/", "/queues/", "/agents/", "/alerts/"];
            assert!(
                page == "/" || known.iter().skip(1).any(|it| page.starts_with(it)),
                "{url}"
            );
            pages += 1;
        } else {
            let uid = url
                .strip_prefix("/d/")
                .and_then(|rest| rest.split('?').next());
            assert!(uids.contains(&uid.unwrap_or_default()), "{url}");
        }
    }
    assert!(pages > 10 && urls.len() > pages + 5, "{urls:#?}");
    for page in ["/queues/", "/agents/", "/alerts/"] {
        assert!(
            urls.iter()
                .any(|url| url.starts_with(&format!("${{wallboard}}{page}"))),
            "{page}"
        );
    }
}

fn collect_urls(value: &Value, urls: &mut Vec<String>) {
    if let Some(url) = value["url"].as_str() {
        urls.push(url.to_owned());
    }
    let fields = value.as_object().into_iter().flatten();
    fields.for_each(|(_, field)| collect_urls(field, urls));
    let values = value.as_array().into_iter().flatten();
    values.for_each(|it| collect_urls(it, urls));
}

/// Each of Grafana's rules is one of Prometheus', with the same texts but for the name of the value.
#[test]
fn both_forms_of_the_rules_are_the_same() {
    let rules = |path| {
        let file = yaml(path);
        let groups = file["groups"].as_array().unwrap().clone();
        let rules = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap().clone());
        rules.collect::<Vec<_>>()
    };
    let of_prometheus = rules("deploy/prometheus/rules.yaml");
    let of_grafana = rules("deploy/grafana/provisioning/alerting/rules.yaml");
    assert!(of_grafana.len() > 15);
    assert_eq!(of_prometheus.len(), of_grafana.len());
    for (prometheus, grafana) in of_prometheus.iter().zip(&of_grafana) {
        assert_eq!(prometheus["alert"], grafana["title"]);
        let steps = grafana["data"].as_array().unwrap();
        assert_eq!(prometheus["expr"], steps[0]["model"]["expr"]);
        assert_eq!(grafana["condition"], steps[2]["refId"]);
        assert_eq!(prometheus["labels"], grafana["labels"]);
        let text = grafana["annotations"].to_string();
        let texts: Value =
            serde_json::from_str(&text.replace("$values.query.Value", "$value")).unwrap();
        assert_eq!(prometheus["annotations"], texts);
        for name in ["summary", "why", "action", "wallboard", "dashboard"] {
            assert!(
                texts[name].as_str().is_some_and(|it| !it.is_empty()),
                "{prometheus}"
            );
        }
    }
}

fn amtool(arguments: &[&str]) -> String {
    let output = Command::new("amtool")
        .args(arguments)
        .output()
        .expect(INSTALL);
    assert!(
        output.status.success(),
        "amtool {arguments:?}: {}",
        printed(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn messages_have_the_reason_what_to_do_and_the_links() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let template = inspect("")["template"].as_str().unwrap().to_owned();
    fs::write(path("floorwalker.tmpl"), template).unwrap();
    let alert = |status: &str, queue: &str| {
        json!({
            "status": status, "labels": {"severity": "warning", "name": queue},
            "annotations": {
                "summary": format!("{queue}: voice answer is at 70%"), "why": "Below the target.", "action": "Move agents.",
                "wallboard": format!("http://floor/queues/{queue}"), "dashboard": "http://grafana/d/floorwalker-queue",
            },
            "startsAt": "2026-11-22T09:14:28Z", "endsAt": "2026-11-22T09:24:28Z", "generatorURL": "", "fingerprint": queue,
        })
    };
    let data = json!({
        "receiver": "team night", "status": "firing", "externalURL": "http://grafana",
        "alerts": [alert("firing", "billing"), alert("resolved", "tech")],
        "groupLabels": {}, "commonAnnotations": {}, "commonLabels": {"alertname": "ServiceLevelLow", "team": "night"},
    });
    fs::write(path("data.json"), data.to_string()).unwrap();
    let glob = format!("--template.glob={}", path("floorwalker.tmpl"));
    let text = "--template.text={{ template \"floorwalker.title\" . }}\n{{ template \"floorwalker.message\" . }}";
    let data_file = format!("--template.data={}", path("data.json"));
    let message = amtool(&["template", "render", &glob, text, &data_file]);
    insta::assert_snapshot!(message.trim(), @r"
    1 firing: ServiceLevelLow (night)
    billing: voice answer is at 70% [warning, since 09:14 UTC]
      Why: Below the target.
      Do:  Move agents.
      Wallboard: http://floor/queues/billing
      Dashboard: http://grafana/d/floorwalker-queue

    Over:
    - tech: voice answer is at 70%
    ");
}

#[test]
fn alerts_reach_who_they_are_for_by_audience_team_and_severity() {
    let settings = "\n[teams]\nnight = [\"night@example.com\"]\n";
    let config = inspect(settings)["alertmanager"].clone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alertmanager.yml");
    fs::write(&path, config.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let checked = amtool(&["check-config", path]);
    assert!(checked.contains("SUCCESS"), "{checked}");
    for (labels, receiver) in [
        (
            ["audience=supervisors", "severity=warning", "team="],
            "supervisors",
        ),
        (
            ["audience=supervisors", "severity=critical", "team=day"],
            "supervisors, critical",
        ),
        (
            ["audience=supervisors", "severity=warning", "team=night"],
            "team night",
        ),
        (
            ["audience=supervisors", "severity=critical", "team=night"],
            "team night, critical",
        ),
        (
            ["audience=operations", "severity=critical", "team=night"],
            "operations, critical",
        ),
        (
            ["audience=operations", "severity=warning", "team="],
            "operations",
        ),
        (["audience=", "severity=critical", "team="], "operations"),
    ] {
        let file = format!("--config.file={path}");
        let found = amtool(&[&["config", "routes", "test", &file], &labels[..]].concat());
        assert_eq!(found.trim(), receiver, "{labels:?}");
    }
}

/// What Grafana is shown of these files in a container is all there.
#[test]
fn policies_name_contact_points_and_times_that_are_provisioned() {
    let folder = "deploy/grafana/provisioning/alerting";
    let names = |file: &str, list: &str| {
        let file = yaml(&format!("{folder}/{file}"));
        let named = file[list].as_array().unwrap().iter();
        let names = named.map(|it| it["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let points = names("contact-points.yaml", "contactPoints");
    let times = names("mute-timings.yaml", "muteTimes");
    let policies = yaml(&format!("{folder}/policies.yaml"))["policies"].clone();
    let mut routes: Vec<&Value> = policies.as_array().unwrap().iter().collect();
    let mut seen = 0;
    while let Some(route) = routes.pop() {
        let receiver = route["receiver"].as_str().unwrap();
        assert!(points.iter().any(|it| it == receiver), "{receiver}");
        for time in route["mute_time_intervals"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert!(times.iter().any(|it| time == it), "{time}");
        }
        routes.extend(route["routes"].as_array().into_iter().flatten());
        seen += 1;
    }
    assert_eq!(seen, 7);
    assert!(Path::new("deploy/grafana/provisioning/dashboards/floorwalker.yaml").exists());
}
