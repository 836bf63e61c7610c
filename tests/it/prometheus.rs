//! Metrics, judged by promtool and scraped by a real Prometheus.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    binary::{Running, Site, free_port, get},
    broker::pause,
    serve_api::fed,
};

const PACKAGE: &str =
    "tests of the metrics need promtool and prometheus (Debian: apt install prometheus)";

fn page(site: &Site, path: &str) -> String {
    let (status, text) = get(site.port(0), path).unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// Returns the page once it has the series: a task has a clock when all others have sent theirs.
fn page_with(site: &Site, path: &str, series: &str) -> String {
    for _ in 0..600 {
        let text = page(site, path);
        if sample(&text, series).is_some() {
            return text;
        }
        pause(Duration::from_millis(100));
    }
    panic!("no {series} in {path}");
}

/// Returns promtool's complaints about a page.
fn complaints(page: &str) -> String {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(PACKAGE);
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(page.as_bytes()).unwrap();
    drop(input);
    let output = promtool.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let code = output.status.code().unwrap();
    assert_eq!(code == 0, printed.is_empty(), "promtool ended with {code}");
    String::from_utf8(printed).unwrap()
}

fn sample<'a>(page: &'a str, series: &str) -> Option<&'a str> {
    let mut lines = page.lines();
    lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[test]
fn promtool_accepts_the_metrics_pages() {
    let site = fed("promtool");
    let clock = "floorwalker_task_clock_delay_seconds{task=\"0\"}";
    let health = page_with(&site, "/metrics", clock);
    assert_eq!(complaints(&health), "");
    assert_eq!(sample(&health, "floorwalker_ready"), Some("1"));
    assert_eq!(
        sample(&health, "floorwalker_tasks{phase=\"running\"}"),
        Some("4")
    );
    assert_eq!(
        sample(&health, "floorwalker_read_side_records{of=\"contact\"}"),
        Some("3")
    );
    for series in [
        "floorwalker_input_lag_records{topic=\"promtool.calls\",partition=\"0\"}",
        "floorwalker_worker_stalled{worker=\"0\"}",
        "floorwalker_events_total{outcome=\"dead_lettered\"}",
        "floorwalker_restores_total",
        "floorwalker_commit_seconds_count",
        "floorwalker_end_to_end_seconds_bucket{le=\"60\"}",
        "floorwalker_latency_quantile_seconds{of=\"step\",share=\"0.99\"}",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    ] {
        assert!(sample(&health, series).is_some(), "{series}\n{health}");
    }
    let kpis = page(&site, "/metrics/kpi?window=1h");
    assert_eq!(complaints(&kpis), "");
    let billing = "kind=\"queue\",name=\"billing\"";
    for (series, value) in [
        (format!("floorwalker_offered_waits{{{billing},window=\"1h\"}}"), "3"),
        (format!("floorwalker_sla_ratio{{{billing},window=\"1h\",policy=\"voice answer\"}}"), "0.5"),
        ("floorwalker_sla_target_ratio{policy=\"voice answer\"}".to_owned(), "0.8"),
        ("floorwalker_sla_promise_seconds{policy=\"voice answer\"}".to_owned(), "20"),
        (format!("floorwalker_longest_wait_promise_seconds{{{billing}}}"), "20"),
        (format!("floorwalker_aht_seconds{{{billing},window=\"1h\"}}"), "125"),
        (format!("floorwalker_waiting_contacts{{{billing}}}"), "1"),
        ("floorwalker_active_alerts{rule=\"sla.missed\",severity=\"critical\",queue=\"billing\",acknowledged=\"false\",silenced=\"false\"}".to_owned(), "1"),
    ] {
        assert_eq!(sample(&kpis, &series), Some(value), "{series}\n{kpis}");
    }
    // Of agents only those who surely miss the most.
    assert!(kpis.contains("kind=\"agent\",name=\"ana\""), "{kpis}");
    site.end();
}

#[test]
fn a_real_prometheus_scrapes_a_running_process_and_answers_a_query() {
    let site = fed("scraped");
    let folder = tempfile::tempdir().unwrap();
    let (_prometheus, port) = start_prometheus(folder.path(), site.port(0));
    let query = "sum(floorwalker_offered_waits{kind=%22queue%22,window=%221h%22})";
    assert_eq!(wait_for(port, query), "4");
    assert_eq!(wait_for(port, "min(up)"), "1");
    assert_eq!(
        wait_for(port, "sum(floorwalker_tasks{phase=%22running%22})"),
        "4"
    );
    site.end();
}

fn start_prometheus(folder: &Path, scraped: u16) -> (Running, u16) {
    let config = folder.join("prometheus.yml");
    let job = |name: &str, path: &str| {
        format!(
            "- job_name: {name}\n  metrics_path: {path}\n  params: {{window: [1h]}}\n  static_configs: [{{targets: ['127.0.0.1:{scraped}']}}]\n"
        )
    };
    let jobs = job("process", "/metrics") + &job("kpis", "/metrics/kpi");
    let text = format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n{jobs}");
    fs::write(&config, text).unwrap();
    run_prometheus(folder)
}

/// Runs Prometheus with the `prometheus.yml` of a folder, where its data and log go, too. Returns its port.
pub(crate) fn run_prometheus(folder: &Path) -> (Running, u16) {
    let config = folder.join("prometheus.yml");
    let port = free_port();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(fs::File::create(folder.join("log")).unwrap());
    let found = Command::new("prometheus").arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "{PACKAGE}"
    );
    (Running::start(command), port)
}

/// The one value that a query comes to, as soon as there is one.
fn wait_for(port: u16, query: &str) -> String {
    let mut last = None;
    for _ in 0..300 {
        last = get(port, &format!("/api/v1/query?query={query}"));
        if let Some((200, text)) = &last {
            let answer: Value = serde_json::from_str(text).unwrap();
            if let Some(value) = answer["data"]["result"][0]["value"][1].as_str() {
                return value.to_owned();
            }
        }
        pause(Duration::from_millis(100));
    }
    panic!("{query}: {last:?}");
}
