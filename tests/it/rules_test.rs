//! The command `rules test`: a morning under the default configuration and under one with a lower threshold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use floorwalker_core::event::Timestamp;
use serde_json::Value;

use crate::binary::{floorwalker, refusal, stdout};

const LOWER: &str = "[rules.\"queue.surge\"]\nthreshold = 2.5\n";

/// A folder with the events of a morning, and the lower threshold.
struct Morning {
    folder: tempfile::TempDir,
    events: String,
    lower: String,
}

impl Morning {
    fn new(hours: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [events, lower] = ["morning.jsonl", "lower.toml"].map(|name| path(folder.path(), name));
        fs::write(&lower, LOWER).unwrap();
        let who = [
            "simulate", "--agents", "60", "--hours", hours, "--seed", "4",
        ];
        stdout(&[&who[..], &["--incidents", "drawn", "--out", &events]].concat());
        Self {
            folder,
            events,
            lower,
        }
    }

    /// What `rules test` prints of the morning.
    fn test(&self, more: &[&str]) -> String {
        stdout(&[&["rules", "test", &self.events][..], more].concat())
    }

    /// The records of alerts that `replay` writes.
    fn replayed(&self, config: &[&str]) -> Vec<Value> {
        let alerts = path(self.folder.path(), "alerts.jsonl");
        let replay = ["replay", &self.events, "--alerts", &alerts];
        stdout(&[&replay[..], config].concat());
        let records = fs::read_to_string(&alerts).unwrap();
        records.lines().map(json).collect()
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn time(value: &Value, name: &str) -> Timestamp {
    Timestamp::parse(text(value, name)).unwrap()
}

/// Rule, subject, when it fired and when it was over by `end`.
type Firing = (String, String, Timestamp, Timestamp);

/// By id, with whether it called a person and whether it is over.
type Firings = BTreeMap<String, (Firing, bool, bool)>;

/// What fired by the records of alerts.
fn firings(records: &[Value], end: Timestamp) -> Firings {
    let mut by_id = Firings::new();
    for record in records {
        let [id, rule, subject] = ["id", "rule", "subject"].map(|it| text(record, it).to_owned());
        let at = time(record, "at");
        let is_over = record["status"] == "resolved";
        let first = ((rule, subject, at, end), false, false);
        let known = by_id.entry(id).or_insert(first);
        known.0.3 = if is_over { at } else { end };
        known.1 |= !is_over && record["interrupts"] == true && record["inhibited_by"].is_null();
        known.2 = is_over;
    }
    by_id
}

/// By rule: fired, called, resolved, still firing.
fn counts<'f>(
    firings: impl Iterator<Item = &'f (Firing, bool, bool)>,
) -> BTreeMap<String, [u64; 4]> {
    let mut counts: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    for ((rule, ..), calls, is_over) in firings {
        let of = counts.entry(rule.clone()).or_default();
        let more = [true, *calls, *is_over, !*is_over].map(u64::from);
        of.iter_mut().zip(more).for_each(|(sum, it)| *sum += it);
    }
    counts
}

const COUNTS: [&str; 4] = ["fired", "calls", "resolved", "still_firing"];

/// The same by the JSON document, where a rule fired at all.
fn counts_of(side: &Value) -> BTreeMap<String, [u64; 4]> {
    let mut counts = BTreeMap::new();
    for block in ["groups", "contacts"] {
        let rules = side[block]["rules"].as_array().unwrap();
        let mut sum = [0; 4];
        for rule in rules {
            let of = COUNTS.map(|it| rule[it].as_u64().unwrap());
            let steps = rule["timeline"].as_array().unwrap();
            let in_steps: u64 = steps.iter().map(|it| it.as_u64().unwrap()).sum();
            assert_eq!(in_steps, of[0], "{rule}");
            sum.iter_mut().zip(of).for_each(|(sum, it)| *sum += it);
            if of[0] > 0 {
                counts.insert(text(rule, "rule").to_owned(), of);
            }
        }
        let all = COUNTS.map(|it| side[block]["all"][it].as_u64().unwrap());
        assert_eq!(all, sum, "{block}");
    }
    counts
}

/// The numbers behind a rule in the first table that has it.
fn row<const N: usize>(table: &str, rule: &str) -> [u64; N] {
    let line = table.lines().find(|line| line.trim().starts_with(rule));
    let cells = line.unwrap_or_else(|| panic!("{rule}: {table}")).trim();
    let cells = cells.strip_prefix(rule).unwrap().split_whitespace();
    let numbers = cells.take(N).map(|cell| {
        let number = cell.replace(['+', '-', ','], "");
        number.parse::<u64>().unwrap()
    });
    numbers.collect::<Vec<_>>().try_into().unwrap()
}

/// The ids of those beside which none of the same rule and subject fires among the others.
fn only(these: &Firings, others: &Firings) -> BTreeSet<String> {
    let is_alone = |it: &Firing| {
        let mut of_others = others.values().map(|(other, ..)| other);
        !of_others.any(|other| {
            (&it.0, &it.1) == (&other.0, &other.1) && it.2 <= other.3 && other.2 <= it.3
        })
    };
    let alone = these.iter().filter(|(_, (it, ..))| is_alone(it));
    alone.map(|(id, _)| id.clone()).collect()
}

#[test]
fn every_figure_is_that_of_the_alerts_that_replay_writes() {
    let morning = Morning::new("2.5");
    let against = ["--against", &morning.lower];
    let found = json(&morning.test(&[&against[..], &["--json"]].concat()));
    let end = time(&found, "until");
    let a = firings(&morning.replayed(&[]), end);
    let b = firings(&morning.replayed(&["--config", &morning.lower]), end);
    let (of_a, of_b) = (counts(a.values()), counts(b.values()));
    assert_eq!(counts_of(&found["a"]), of_a);
    assert_eq!(counts_of(&found["b"]), of_b);
    assert!(of_b["queue.surge"][0] > of_a.get("queue.surge").map_or(0, |it| it[0]));
    assert!(of_b.values().any(|it| it[1] > 0), "nothing calls: {of_b:?}");

    let listed = |name: &str| {
        let all = found[name].as_array().unwrap().iter();
        all.map(|it| text(it, "id").to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(listed("only_a"), only(&a, &b));
    assert_eq!(listed("only_b"), only(&b, &a));
    assert!(!listed("only_b").is_empty());

    let table = morning.test(&against);
    for (rule, [fired, calls, resolved, still]) in &of_b {
        let [a_fired, a_calls, a_resolved, a_still] = of_a.get(rule).copied().unwrap_or_default();
        let pairs = [
            (a_fired, *fired),
            (a_calls, *calls),
            (a_resolved, *resolved),
            (a_still, *still),
        ];
        let expected = pairs
            .map(|(one, two)| [one, two, one.abs_diff(two)])
            .concat();
        assert_eq!(
            row::<12>(&table, rule).to_vec(),
            expected,
            "{rule}\n{table}"
        );
    }
    let alone = morning.test(&["--ascii"]);
    for (rule, expected) in &of_a {
        assert_eq!(row::<4>(&alone, rule), *expected, "{rule}\n{alone}");
    }
    for (side, block) in [
        ("groups", "all about groups"),
        ("contacts", "all about contacts"),
    ] {
        let all = COUNTS.map(|it| found["a"][side]["all"][it].as_u64().unwrap());
        assert_eq!(row::<4>(&alone, block), all, "{alone}");
    }
    assert!(alone.is_ascii(), "{alone}");
}

#[test]
fn files_count_as_one_in_any_order_and_a_rule_can_be_alone() {
    let morning = Morning::new("1.5");
    let bytes = fs::read(&morning.events).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let [odd, even] = ["odd.jsonl", "even.jsonl"].map(|name| path(morning.folder.path(), name));
    for (file, first) in [(&odd, 1), (&even, 0)] {
        let some: Vec<&[u8]> = lines.iter().skip(first).step_by(2).copied().collect();
        fs::write(file, some.concat()).unwrap();
    }
    let of = |files: &[&str]| {
        let options = ["--against", &morning.lower, "--json"];
        let mut found = json(&stdout(&[&["rules", "test"][..], files, &options].concat()));
        for side in ["a", "b"] {
            found[side]["rejected"] = Value::Null;
        }
        found["files"] = Value::Null;
        found
    };
    let whole = of(&[&morning.events]);
    assert_eq!(of(&[&odd, &even]), whole);
    assert_eq!(of(&[&even, &odd]), whole);

    let missed = morning.test(&["--rule", "sla.missed", "--json"]);
    let missed = json(&missed);
    let rules = missed["a"]["contacts"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 1);
    let of_whole = whole["a"]["contacts"]["rules"].as_array().unwrap().iter();
    assert!(of_whole.into_iter().any(|rule| *rule == rules[0]));
    assert_eq!(missed["a"]["groups"]["rules"].as_array().unwrap().len(), 0);
    assert!(missed["b"].is_null() && missed["only_a"].is_null());

    let input = fs::File::open(&morning.events).unwrap();
    let piped = floorwalker(&["rules", "test", "-", "--rule", "sla.missed", "--json"])
        .stdin(input)
        .output()
        .unwrap();
    assert_eq!(
        json(&String::from_utf8(piped.stdout).unwrap())["a"]["alerts"],
        missed["a"]["alerts"]
    );
}

#[test]
fn what_can_not_be_tested_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = path(folder.path(), name);
        fs::write(&path, text).unwrap();
        path
    };
    let event = r#"{"event_id":"e1","occurred_at":"2026-11-22T10:00:00Z","type":"contact_queued","contact_id":"c1","queue":"a","channel":"voice"}"#;
    let events = file("events.jsonl", event);
    let wrong = file("wrong.toml", "[rules.\"queue.surge\"]\nthreshold = -1\n");
    let right = file("right.toml", LOWER);
    let refused = |arguments: &[&str], expected: i32| {
        let (error, code) = refusal(&[&["rules", "test"], arguments].concat());
        assert_eq!(code, expected, "{error}");
        error
    };
    let mistake = refused(&[&events, "--config", &right, "--against", &wrong], 2);
    let place = format!("error: {wrong}:2:13: ");
    assert!(mistake.starts_with(&place), "{mistake}");
    let no_rule = refused(&[&events, "--rule", "queue.surg"], 2);
    assert!(no_rule.contains("queue.surge"), "{no_rule}");

    let empty = file("empty.jsonl", "");
    assert_eq!(
        refused(&[&empty], 1),
        format!("error: no events in {empty}: there is nothing to test\n")
    );
    let none = file("none.jsonl", "nonsense\n");
    let no_event = refused(&[&none], 1);
    let cause = format!("error: no event among 1 lines of {none}; {none}:1: ");
    assert!(no_event.starts_with(&cause), "{no_event}");

    let mixed = file("mixed.jsonl", &format!("{event}\nnonsense\n"));
    let found = stdout(&["rules", "test", &mixed]);
    assert!(found.contains(&format!("{mixed}:2")), "{found}");
}
