//! `simulate` as a person types it.

use std::{fs, io::Read as _, path::Path, time::Duration};

use flate2::read::GzDecoder;
use floorwalker::kafka::clock::{self, Tick};
use floorwalker_core::event::Timestamp;
use serde_json::Value;

use crate::{
    binary::{create_topic, refusal, stdout},
    broker::address,
    readback::read_all,
};

fn simulate(more: &[&str]) -> String {
    let some = ["simulate", "--agents", "40", "--hours", "0.2"];
    stdout(&[&some, more].concat())
}

fn zipped(path: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(path).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_seed_writes_the_same_events_to_any_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (plain, packed) = (path("a.jsonl"), path("a.jsonl.gz"));
    let good = ["--faults", "none", "--seed", "3"];
    let events = simulate(&good);
    for file in [&plain, &packed] {
        let printed = simulate(&[&good[..], &["--out", file.to_str().unwrap()]].concat());
        assert!(
            printed.ends_with(&format!("to {}\n", file.display())),
            "{printed}"
        );
    }
    assert!(events.lines().count() > 300);
    assert!(fs::read_to_string(&plain).unwrap() == events);
    assert!(zipped(&packed) == events);
    assert!(simulate(&["--faults", "none", "--seed", "4"]) != events);
}

#[test]
fn what_it_writes_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.jsonl.gz").display().to_string();
    simulate(&["--faults", "none", "--out", &file]);
    let report = stdout(&["replay", &file]);
    assert!(report.contains(" 0 dead-lettered"), "{report}");
    assert!(!report.contains(" 0 applied"), "{report}");
    let many = ["simulate", "--agents", "300", "--faults", "default"];
    stdout(&[&many[..], &["--out", &file]].concat());
    let faulty = stdout(&["replay", &file]);
    assert!(faulty.contains("invalid_json"), "{faulty}");
}

#[test]
fn the_truth_names_incidents_ratings_and_unsolved_problems() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.jsonl");
    let incidents = folder.path().join("incidents.toml");
    let text =
        "[[incident]]\nkind = \"surge\"\nat = \"2m\"\nfor = \"5m\"\nqueue = \"tech\"\nfactor = 4\n";
    fs::write(&incidents, text).unwrap();
    let incidents = incidents.to_str().unwrap();
    let out = folder.path().join("day.jsonl").display().to_string();
    let truth_file = truth.to_str().unwrap();
    let to = ["--truth", truth_file, "--out", &out];
    stdout(&[&["simulate", "--incidents", incidents], &to[..]].concat());
    let recorded = fs::read_to_string(&truth).unwrap();
    let truths: Vec<Value> = (recorded.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| {
        truths
            .iter()
            .filter(|it| it["truth"] == kind)
            .collect::<Vec<_>>()
    };
    let struck = of("incident");
    assert_eq!(struck.len(), 1);
    assert_eq!(struck[0]["kind"], "surge");
    assert_eq!(struck[0]["begins_at"], "2025-01-06T08:02:00Z");
    assert_eq!(struck[0]["ends_at"], "2025-01-06T08:07:00Z");
    assert!(!of("unsolved").is_empty());
    let ratings = of("rating");
    assert!(ratings.iter().any(|it| it["asked"] == true));
    for rating in ratings {
        let low = rating["low_probability"].as_f64().unwrap();
        let score = rating["score"].as_f64().unwrap();
        assert!(
            (0.0..=1.0).contains(&low) && (1.0..=5.0).contains(&score),
            "{rating}"
        );
    }
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("incidents.toml");
    let path = file.to_str().unwrap();
    let incident = |text: &str| {
        fs::write(
            &file,
            format!("[[incident]]\nat = \"1m\"\nfor = \"2m\"\n{text}\n"),
        )
        .unwrap();
        let (printed, code) = refusal(&["simulate", "--incidents", path]);
        assert_eq!(code, 2, "{printed}");
        printed
    };
    let kinds = "agents_absent, surge, slow_tool, struggling_agent, rushing_agent, bad_release";
    for (text, expected) in [
        (
            "kind = \"flood\"",
            format!(":4:8: `flood` is not one of {kinds}"),
        ),
        (
            "kind = \"surge\"",
            ":4:8: a surge needs a `factor`, 0 to 20".to_owned(),
        ),
        (
            "kind = \"slow_tool\"\nfactor = 99",
            ":5:10: `factor` is 0 to 20".to_owned(),
        ),
        (
            "kind = \"agents_absent\"\nshare = 0.5\ndesk = \"mall\"",
            ":6:8: there is no desk `mall`; write one of voice, chat, mail".to_owned(),
        ),
        (
            "kind = \"bad_release\"\nqueue = \"tech\"",
            ":5:9: a bad_release has no `queue`; leave it out".to_owned(),
        ),
        (
            "kind = \"surge\"\nfactor = 2\nwhat = 1",
            ":6:1: unknown field `what`".to_owned(),
        ),
    ] {
        let printed = incident(text);
        assert!(
            printed.contains(&format!("{path}{expected}")),
            "{text}: {printed}"
        );
    }
    for (arguments, expected) in [
        (
            &["--speed", "0"][..],
            "`0` is neither `max` nor a number over 0, such as 60",
        ),
        (&["--hours", "0"], "hours are over 0 and up to 8784"),
        (&["--agents", "0"], "0 is not in 1..=50000"),
        (&["--start", "today"], "`today` is not an RFC 3339 time"),
        (&["--brokers", "localhost:1"], "--topic <TOPIC>"),
        (&["--topic", "t", "--out", "f"], "cannot be used with"),
    ] {
        let (printed, code) = refusal(&[&["simulate"], arguments].concat());
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(expected), "{arguments:?}: {printed}");
    }
}

#[test]
fn simulate_keeps_its_speed() {
    let began_at = Tick::now();
    stdout(&[
        "simulate", "--agents", "2000", "--hours", "0.05", "--speed", "100",
    ]);
    let took = Tick::now().since(began_at);
    assert!(
        took > Duration::from_millis(1_700),
        "three minutes a hundred times as fast: {took:?}"
    );
}

#[test]
fn to_a_topic_it_is_keyed_by_contact_and_ends_at_the_present() {
    let topic = "simulate.events";
    create_topic(topic, 3);
    let brokers = &address();
    let to = [
        "--brokers",
        brokers,
        "--topic",
        topic,
        "--speed",
        "max",
        "--faults",
        "none",
    ];
    let printed = simulate(&to);
    let seen = read_all(topic);
    assert!(printed.contains(&format!(" to {topic}")), "{printed}");
    assert!(seen.len() > 200, "{}", seen.len());
    let mut newest = String::new();
    for record in &seen {
        let event: Value = serde_json::from_slice(record.payload.as_ref().unwrap()).unwrap();
        newest = newest.max(event["occurred_at"].as_str().unwrap().to_owned());
        let key = event.get("contact_id").or(event.get("agent")).unwrap();
        assert_eq!(record.key.as_deref(), key.as_str().map(str::as_bytes));
    }
    let age = clock::wall() - Timestamp::parse(&newest).unwrap();
    assert!((0.0..120.0).contains(&age.as_secs()), "{newest}");
}

#[test]
fn a_day_with_drawn_incidents_can_be_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (events, truth) = (path("day.jsonl.gz"), path("truth.jsonl"));
    let day = [
        "simulate", "--agents", "60", "--hours", "1.5", "--seed", "4",
    ];
    let drawn = ["--incidents", "drawn", "--out", &events, "--truth", &truth];
    stdout(&[&day[..], &drawn].concat());
    let of_file = ["evaluate", &events, "--truth", &truth, "--json"];
    let figures: Value = serde_json::from_str(&stdout(&of_file)).unwrap();
    let kinds = figures["floorwalker"]["by_kind"].as_object().unwrap();
    let incidents = fs::read_to_string(&truth).unwrap();
    let incidents = incidents
        .lines()
        .filter(|line| line.contains("\"incident\""));
    let counted = kinds.values().map(|it| it["incidents"].as_u64().unwrap());
    assert_eq!(counted.sum::<u64>(), incidents.count() as u64);
    assert!(figures["fixed_thresholds"]["alerts"].as_u64().unwrap() > 0);

    let of_seeds = [
        "evaluate", "--seeds", "4-4", "--agents", "30", "--hours", "1",
    ];
    let table = stdout(&of_seeds);
    assert!(
        table.starts_with("1 day with incidents, 1 day without\n"),
        "{table}"
    );
    let (error, code) = refusal(&["evaluate", "--seeds", "9-3"]);
    assert!(
        error.contains("no range of seeds such as 101-112"),
        "{error}"
    );
    assert_eq!(code, 2);
    let (no_truth, _) = refusal(&["evaluate", &truth, "--truth", &events]);
    assert!(no_truth.contains("day.jsonl.gz: "), "{no_truth}");
}
