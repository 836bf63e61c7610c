//! Every rule of what the numbers mean has a table named after it, in `tests/data/rules.txt`; each goes through engine and recount.

use std::{collections::BTreeMap, fs};

use floorwalker_core::event::{Span, line};
use floorwalker_testkit::harness::{data, project};
use serde_json::Value;

use crate::worlds::{Arrival, Promise, Terms, records};

type Records = BTreeMap<(String, String), Value>;

/// A rule as the file has it.
struct Rule<'f> {
    name: &'f str,
    lines: Vec<&'f str>,
}

fn rules(file: &str) -> Vec<Rule<'_>> {
    let mut rules: Vec<Rule<'_>> = Vec::new();
    let lines = file.lines().map(str::trim);
    for text in lines.filter(|text| !text.is_empty() && !text.starts_with('#')) {
        match (text.strip_prefix("== "), rules.last_mut()) {
            (Some(name), _) => rules.push(Rule {
                name,
                lines: Vec::new(),
            }),
            (None, Some(rule)) => rule.lines.push(text),
            (None, None) => panic!("of no rule: {text}"),
        }
    }
    rules
}

impl Rule<'_> {
    /// What is wrong; empty if it holds.
    fn faults(&self) -> Vec<String> {
        faults(&self.lines, Vec::new())
    }
}

/// What is wrong with a table whose events are these, and those of its lines.
pub(crate) fn faults(lines: &[&str], mut arrivals: Vec<Arrival>) -> Vec<String> {
    let (mut terms, mut clock) = (Terms::default(), None);
    let (mut expected, mut faults) = (Vec::new(), Vec::new());
    for text in lines {
        if let Some(setting) = text.strip_prefix(": ") {
            set(&mut terms, setting);
        } else if let Some(at) = text.strip_prefix("clock ") {
            clock = Some(
                line::parse(&format!("{at} hold_ended c agent=a"))
                    .unwrap()
                    .occurred_at,
            );
        } else if let Some(test) = text.strip_prefix("see ") {
            faults.extend(missing(test));
        } else if let Some((entity, numbers)) = text.split_once(" > ") {
            expected.extend(numbers.split(", ").map(|number| (entity, number)));
        } else {
            arrivals.push(Arrival::Event(Box::new(line::parse(text).unwrap()), 0));
        }
    }
    if arrivals.is_empty() {
        return faults;
    }
    arrivals.push(Arrival::Stop(clock));
    let (agreed, found) = records(&terms, &arrivals);
    faults.extend(agreed.err().map(|differs| differs.to_string()));
    let unknown = (expected.iter()).filter_map(|(_, number)| {
        let path = number.rsplit_once(' ').map_or(*number, |(path, _)| path);
        (!is_known(&terms, &found, path)).then(|| format!("no record has a number {path}"))
    });
    faults.extend(unknown);
    faults.extend(
        expected
            .iter()
            .filter_map(|(entity, number)| unlike(&found, entity, number)),
    );
    if expected.is_empty() {
        faults.push("expects nothing".to_owned());
    }
    faults
}

/// A test that is named and not there: `file function`, `*` for all of a file.
fn missing(test: &str) -> Option<String> {
    let (file, function) = test.split_once(' ').unwrap_or((test, "*"));
    let folders = ["crates/core/tests/it", "tests/it"].map(project);
    let texts = folders.map(|folder| fs::read_to_string(folder.join(file)).unwrap_or_default());
    let text = texts.concat();
    let wanted = match function {
        "*" => "fn ".to_owned(),
        one => format!("fn {one}("),
    };
    let mut tests = text.split("#[test]\n").skip(1);
    let there = tests.any(|one| one.trim_start().starts_with(&wanted));
    (!there).then(|| format!("{file} has no {function}"))
}

/// `sla.voice answer 1/3` of `queue:q/1h`, or a counter of `counters`. A record that was never written has 0 everywhere.
fn unlike(found: &Records, entity: &str, number: &str) -> Option<String> {
    let (path, value) = number.rsplit_once(' ').unwrap_or((number, ""));
    let (entity, window) = entity.split_once('/').unwrap_or((entity, "all"));
    let record = found.get(&(entity.to_owned(), window.to_owned()));
    if path == "partial" {
        let partial = record.map(|record| record["partial"].to_string());
        return (partial.as_deref() != Some(value))
            .then(|| format!("{entity} {window}: partial is not {value} but {partial:?}"));
    }
    let of = |name: &str| {
        let figure = record.and_then(|record| record.pointer(&pointer(name)));
        figure.cloned().unwrap_or_default()
    };
    let exists = record.is_some_and(|record| match path.strip_prefix("sla.") {
        Some(of_policy) => {
            let policies = record["kpis"]["sla"].as_object();
            policies.is_some_and(|it| it.keys().any(|name| is_of(of_policy, name)))
        }
        None => true,
    });
    let holds = |name: &str, what: &str| is(&of(name), what, exists);
    let holds = match value.split_once('/') {
        Some((num, den)) => {
            holds(&format!("{path}.num"), num) && holds(&format!("{path}.den"), den)
        }
        None => holds(path, value),
    };
    (!holds).then(|| format!("{entity} {window}: {path} is not {value} but {}", of(path)))
}

fn pointer(path: &str) -> String {
    format!("/kpis/{}", path.replace('.', "/"))
}

/// A policy must be one of the terms; all else is in each record of some kind.
fn is_known(terms: &Terms, found: &Records, path: &str) -> bool {
    let Some(of_policy) = path.strip_prefix("sla.") else {
        let has_it = |record: &Value| record.pointer(&pointer(path)).is_some();
        return path == "partial" || found.values().any(has_it);
    };
    let policies = &terms.settings.contact.policies;
    (policies.iter()).any(|it| is_of(of_policy, it.name.as_str()))
}

/// `voice answer`, and `voice answer.excluded`.
fn is_of(path: &str, policy: &str) -> bool {
    let rest = path.strip_prefix(policy);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Where there is no record, or none of a policy, 0 is absent.
fn is(found: &Value, expected: &str, exists: bool) -> bool {
    match (found.as_f64(), expected.parse::<f64>()) {
        (Some(found), Ok(expected)) => (found - expected).abs() < 1.01e-6,
        (None, Ok(expected)) => expected == 0.0 && found.is_null() && !exists,
        (None, Err(_)) => expected == "-" && found.is_null(),
        (Some(_), Err(_)) => false,
    }
}

fn set(terms: &mut Terms, setting: &str) {
    let mut words = setting.split(' ');
    let name = words.next().unwrap();
    let seconds = |text: &str| Span::from_secs(text.parse().unwrap());
    match name {
        "policy" => {
            if terms.lines.is_empty() {
                terms.settings.contact.policies.clear();
                terms.recounted.policies.clear();
            }
            terms.lines.push(setting.to_owned());
            let promise = Promise::parse(words);
            terms.settings.contact.policies.push(promise.policy());
            terms.recounted.policies.push(promise.recounted());
        }
        "transfer_breaks" => {
            terms.settings.contact.first_contact.transfer_breaks = true;
            terms.recounted.fcr.transfer_breaks = true;
        }
        "same_reason" => {
            terms.settings.contact.first_contact.same_reason = true;
            terms.recounted.fcr.same_reason = true;
        }
        "fcr_window" => {
            let window = seconds(words.next().unwrap());
            terms.settings.contact.first_contact.window = window;
            terms.recounted.fcr.window = window;
        }
        "max_age" => terms.age_to(seconds(words.next().unwrap())),
        "windows" => terms.look_back_to(words.map(seconds)),
        _ => panic!("no setting {setting}"),
    }
}

#[test]
fn every_rule_holds_by_the_table_that_is_named_after_it() {
    let file = fs::read_to_string(data("rules.txt")).unwrap();
    let rules = rules(&file);
    let faults: Vec<String> = (rules.iter())
        .flat_map(|rule| {
            let faults = rule.faults();
            faults
                .into_iter()
                .map(|fault| format!("{}: {fault}", rule.name))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rules.len() > 100, "only {} rules", rules.len());
}

#[test]
fn no_two_rules_are_named_alike_and_each_has_a_table_or_a_test() {
    let file = fs::read_to_string(data("rules.txt")).unwrap();
    let mut names = BTreeMap::new();
    for rule in rules(&file) {
        assert!(!rule.lines.is_empty(), "{} has neither", rule.name);
        assert_eq!(
            names.insert(rule.name.to_owned(), ()),
            None,
            "{}",
            rule.name
        );
    }
}
