//! A feed that makes up names, and counters of processes that die, on the real broker.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::{
    binary::{Site, get, stdout},
    broker::pause,
    prometheus_days::{Samples, fired, series_of_the_rules},
};

const NAMES: usize = 50_000;
const MEMORY_MAX: u64 = 500 << 20;
const SCRAPE_MAX: usize = 2 << 20;

fn load(site: &Site, name: &str, lines: impl Iterator<Item = String>) {
    let path = site.folder().join(name);
    let text: Vec<String> = lines.collect();
    fs::write(&path, text.join("\n") + "\n").unwrap();
    let (topic, config) = (site.source(), site.config(0));
    let path = path.display().to_string();
    stdout(&["load", &path, "--topic", &topic, "--config", &config]);
}

fn queued(number: usize, queue: &str) -> String {
    let second = number / 100;
    format!(
        r#"{{"event_id":"e{number}","occurred_at":"2026-03-02T10:{:02}:{:02}Z","source":"acd","type":"contact_queued","contact_id":"c{number}","channel":"voice","queue":"{queue}"}}"#,
        second / 60,
        second % 60
    )
}

fn ended(number: usize) -> String {
    let second = number / 100 + 2;
    format!(
        r#"{{"event_id":"x{number}","occurred_at":"2026-03-02T10:{:02}:{:02}Z","source":"acd","type":"contact_ended","contact_id":"c{number}","by":"system"}}"#,
        second / 60,
        second % 60
    )
}

/// Of the process now (`VmRSS`), or the most that it has ever had (`VmHWM`).
fn memory(process: u32, which: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(which)?.strip_prefix(':'));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() << 10
}

fn ask(site: &Site, path: &str) -> Option<Value> {
    let (status, text) = get(site.port(0), path)?;
    (status == 200).then(|| serde_json::from_str(&text).unwrap())
}

fn offered(site: &Site, entity: &str) -> Option<i64> {
    let answer = ask(site, &format!("/api/v1/entities/{entity}/kpis?window=all"))?;
    answer["scorecards"][0]["kpis"]["offered"].as_i64()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_800 {
        if holds() {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{what}");
}

#[test]
fn fifty_thousand_made_up_queues_cost_neither_memory_nor_scrapes() {
    let mut site = Site::new("cardinality", 4, 1, "");
    // Each call is sent elsewhere at once: none is waited for, and no alert is raised of it.
    let calls =
        (0..NAMES).flat_map(|number| [queued(number, &format!("made-up-{number}")), ended(number)]);
    load(&site, "names.jsonl", calls);
    site.run_one(0, "work,serve");
    let all = i64::try_from(NAMES).unwrap();
    wait_until("all are offered", || offered(&site, "all") == Some(all));
    let sums = || {
        let queues = ask(&site, "/api/v1/entities?kind=queue&limit=10000")?;
        let names = queues["entities"].as_array()?.len();
        Some((names, offered(&site, "queue:(other)")?))
    };
    // Each of the others was offered once.
    let complete = |(names, other): (usize, i64)| other + i64::try_from(names).unwrap() - 1 == all;
    wait_until("what is over the limit is counted together", || {
        sums().is_some_and(complete)
    });
    let (names, _) = sums().unwrap();
    assert!((2_001..4_000).contains(&names), "{names}");

    let (status, page) = get(site.port(0), "/metrics/kpi").unwrap();
    assert_eq!(status, 200);
    assert!(page.len() < SCRAPE_MAX, "a scrape of {} bytes", page.len());
    assert!(
        page.contains("floorwalker_kpi_hidden_entities{kind=\"queue\"}"),
        "{page}"
    );
    let labels = page
        .lines()
        .filter(|line| line.starts_with("floorwalker_active_alerts{"));
    assert!(labels.count() < 1_000);
    let (_, health) = get(site.port(0), "/metrics").unwrap();
    let over = "floorwalker_over_limit_total{kind=\"queue\"} ";
    let over = health
        .lines()
        .find_map(|line| line.strip_prefix(over))
        .unwrap();
    assert!(over.parse::<u64>().unwrap() > 10_000, "{over}");
    let log = fs::read_to_string(site.folder().join("0.log")).unwrap();
    assert!(log.contains("limits.queues"), "no warning in the log");
    let [now, most] = ["VmRSS", "VmHWM"].map(|which| memory(site.process(0), which));
    crate::broker::print_line(format_args!(
        "50,000 names: {} MB, at most {} MB, a scrape of {} KB, {names} queues",
        now >> 20,
        most >> 20,
        page.len() >> 10
    ));
    assert!(most < MEMORY_MAX, "{} MB", most >> 20);
    site.end();
}

/// One in `every` is no event.
fn with_garbage(from: usize, count: usize, every: usize) -> impl Iterator<Item = String> {
    (from..from + count).map(move |number| match number % every {
        0 => format!("garbage {number}"),
        _ => queued(number, "billing"),
    })
}

/// A second of the run is a minute and a half to promtool: rates look back ten minutes.
fn watch(site: &Site, samples: &mut Samples, rounds: usize) {
    let named = series_of_the_rules();
    for _ in 0..rounds {
        let page = |number: usize| {
            let (_, text) = get(site.port(number), "/metrics")?;
            Some(text)
        };
        let labels = ["instance=\"0\"", "instance=\"1\""];
        let pages = labels.into_iter().enumerate();
        let pages: Vec<_> = pages
            .filter_map(|(number, label)| Some((label, page(number)?)))
            .collect();
        samples.take(&pages, &named);
        pause(Duration::from_millis(300));
    }
}

#[test]
fn old_dead_letters_are_not_emitted_again_after_a_kill_but_new_ones_are() {
    let rule = ["FloorwalkerDeadLetters"];
    let fired = |samples: &Samples| fired(samples, "30s", 60, &rule);
    let mut site = Site::new("killed-metrics", 4, 2, "");
    // The last ones are good: a step that was not committed is read again, and may hold some of them.
    let good = (1_000..4_000).map(|number| queued(number, "billing"));
    load(&site, "old.jsonl", with_garbage(0, 1_000, 5).chain(good));
    site.run();
    site.wait_until_ready();
    site.assert_balance(4_000);
    // What can be read of them was committed.
    wait_until("all is committed", || offered(&site, "all") == Some(3_800));
    site.kill();
    site.run_one(0, "work,serve");
    wait_until("the first process has all tasks", || site.tasks() == 4);
    let mut samples = Samples::default();
    watch(&site, &mut samples, 15);
    site.run_one(1, "work");
    watch(&site, &mut samples, 10);
    load(
        &site,
        "good.jsonl",
        (10_001..12_000).map(|number| queued(number, "billing")),
    );
    watch(&site, &mut samples, 25);
    // The other is killed, and its tasks go back.
    site.kill();
    site.run();
    watch(&site, &mut samples, 40);
    assert_eq!(fired(&samples), [""; 0]);
    // All tasks are back.
    site.assert_balance(5_999);
    load(&site, "bad.jsonl", with_garbage(20_000, 2_000, 10));
    site.assert_balance(7_999);
    watch(&site, &mut samples, 20);
    assert_eq!(fired(&samples), rule);
    site.end();
}
