//! What lies in `deploy/`: Prometheus' own tools read its half, the rest names what is there.

use std::{fs, path::Path, process::Command};

use floorwalker::config::Config;
use serde_json::Value;

use crate::grafana::{inspect, yaml};

fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("promtool").args(arguments).output();
    let output = output.expect("promtool (Debian: apt install prometheus)");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(output.status.success(), "promtool {arguments:?}: {printed}");
    printed
}

#[test]
fn prometheus_reads_its_settings_and_the_rules_fire_as_they_should() {
    promtool(&["check", "rules", "deploy/prometheus/rules.yaml"]);
    promtool(&["test", "rules", "deploy/prometheus/rules_test.yaml"]);
    let printed = promtool(&["check", "config", "deploy/prometheus/prometheus.yml"]);
    assert!(printed.contains("1 rule files found"), "{printed}");
}

/// The figures are of the windows that rules and dashboards look at.
#[test]
fn prometheus_asks_for_the_windows_that_rules_and_dashboards_name() {
    let jobs = yaml("deploy/prometheus/prometheus.yml")["scrape_configs"].clone();
    let mut jobs = jobs.as_array().unwrap().iter();
    let figures = jobs.find(|job| job["metrics_path"] == "/metrics/kpi");
    let asked = &figures.unwrap()["params"]["window"];
    assert_eq!(*asked, inspect("")["windows"]);
    let config = Config::load(Path::new("deploy/floorwalker.toml")).unwrap();
    let windows = config.engine.kpi.windows.iter();
    let windows: Vec<_> = windows.map(|window| window.name.as_str()).collect();
    for window in asked.as_array().unwrap() {
        assert!(
            windows.iter().any(|it| window == it),
            "{window} of {windows:?}"
        );
    }
}

/// Units and the like are compared with the version that runs.
#[test]
fn grafana_runs_in_the_version_that_the_dashboards_are_checked_with() {
    let package = fs::read_to_string("deploy/grafana/source/package.json").unwrap();
    let package: Value = serde_json::from_str(&package).unwrap();
    let checked = package["dependencies"]["@grafana/data"].as_str().unwrap();
    let services = yaml("deploy/compose.yaml")["services"].clone();
    let image = services["grafana"]["image"].as_str().unwrap();
    assert_eq!(image, format!("grafana/grafana:{checked}"));
    let home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        .as_str()
        .unwrap();
    let home = home.strip_prefix("/etc/grafana/").unwrap();
    assert!(Path::new("deploy/grafana").join(home).exists(), "{home}");
}

#[test]
fn the_settings_are_good_and_the_files_that_are_mounted_are_there() {
    let path = Path::new("deploy/floorwalker.toml");
    let config = Config::load(path)
        .unwrap()
        .with_sources(path.display().to_string())
        .unwrap();
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

#[test]
fn systemd_takes_the_unit_and_rates_it_as_safe() {
    // The program stands elsewhere here.
    let unit = fs::read_to_string("deploy/systemd/floorwalker.service").unwrap();
    let unit = unit.replace(
        "/usr/local/bin/floorwalker",
        env!("CARGO_BIN_EXE_floorwalker"),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("floorwalker.service");
    fs::write(&path, unit).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&path)
            .output();
        let output = output.expect("systemd-analyze: run scripts/setup");
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{arguments:?}: {printed}");
        printed
    };
    assert_eq!(analyze(&["verify", "--man=no"]), "");
    // Of ten; the more, the more a process that was taken over could do.
    analyze(&["security", "--offline=true", "--threshold=20"]);
}

#[test]
fn the_image_is_of_files_that_exist_and_its_process_is_nobody() {
    let text = fs::read_to_string("deploy/Dockerfile").unwrap();
    let bases: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .collect();
    let last = bases.last().unwrap();
    assert!(
        last.contains("distroless") && last.ends_with(":nonroot"),
        "{last}"
    );
    assert!(Path::new("scripts/sbom").exists());
    let ignored = fs::read_to_string(".dockerignore").unwrap();
    assert!(ignored.lines().any(|line| line == "target"), "{ignored}");
}
