//! Every rule about alerts has three tables in `tests/data/alerts.txt`: one that fires it, one just short of it, and one that clears it. Each is
//! played in order, in another order, and with crashes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use floorwalker_core::{
    alert::{RULES_OF_CONTACTS, concern_of},
    engine::{OutTopic, Settings, TaskId},
    event::{AgentId, Channel, QueueId, Text},
    local::Crash,
    rules::{Alarm, LifeChange, RuleKind, Signal, Signals, Subject},
};
use floorwalker_testkit::harness::{data, events_settings};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;

use crate::{
    alert_rules::{play, work},
    csat::{cluster, lines_of, records},
    signals::at,
};

const SHOWS: [&str; 3] = ["fires", "short", "clears"];

/// A table as the file has it.
struct Table<'f> {
    rule: &'f str,
    shows: &'f str,
    lines: Vec<&'f str>,
    /// After `>`.
    outcome: &'f str,
}

impl Table<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.rule, self.shows)
    }
}

fn tables(file: &str) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    let lines = file.lines().map(str::trim);
    for text in lines.filter(|text| !text.is_empty() && !text.starts_with('#')) {
        if let Some(name) = text.strip_prefix("== ") {
            let (rule, shows) = name.split_once(' ').expect(text);
            tables.push(Table {
                rule,
                shows,
                lines: Vec::new(),
                outcome: "",
            });
            continue;
        }
        let table = tables.last_mut().expect("a line of no table");
        match text.strip_prefix("> ") {
            Some(outcome) => table.outcome = outcome,
            None => table.lines.push(text),
        }
    }
    tables
}

/// Signals by pane.
type Script = Vec<(i64, Subject, Signals)>;

/// Returns the signals of a line.
fn signals(line: &str) -> Script {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (panes, step) = panes(words[0]);
    let (subjects, is_shifted) = subjects(words[1]);
    let counts = words[2..].chunks(2);
    let mut script = Script::new();
    for (shift, subject) in (0..).zip(subjects) {
        let shift = if is_shifted { shift } else { 0 };
        let mut pane = panes.start + shift;
        while pane < panes.end {
            let mut signals = Signals::default();
            for pair in counts.clone() {
                count(&mut signals, pair, pane / step);
            }
            script.push((pane, subject.clone(), signals));
            pane += step;
        }
    }
    script
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

fn panes(text: &str) -> (std::ops::Range<i64>, i64) {
    let Some((from, to)) = text.split_once("..") else {
        return (number(text)..number(text) + 1, 1);
    };
    let (to, step) = to.split_once('/').unwrap_or((to, "1"));
    (number(from)..number(to), number(step))
}

/// Returns the subjects, and whether each begins a pane later.
fn subjects(text: &str) -> (Vec<Subject>, bool) {
    let (text, is_shifted) = text
        .strip_suffix('+')
        .map_or((text, false), |it| (it, true));
    let (kind, name) = text.split_once(':').expect(text);
    let agents = || -> Vec<AgentId> {
        let Some((first, last)) = name.split_once("..") else {
            return vec![AgentId::new(name)];
        };
        let of = |agent: &str| number(agent.strip_prefix('a').expect(agent));
        let range = of(first)..=of(last);
        range.map(|it| AgentId::new(&format!("a{it}"))).collect()
    };
    let desk = |agent| Subject::AgentQueue(QueueId::new("billing"), Channel::Voice, agent);
    let subjects = match kind {
        "queue" => vec![Subject::Queue(QueueId::new(name))],
        "desk" => agents().into_iter().map(desk).collect(),
        "agent" => agents().into_iter().map(Subject::Agent).collect(),
        "reason" => {
            let (reason, queue) = name.split_once('/').expect(name);
            vec![Subject::Reason(Text::new(reason), QueueId::new(queue))]
        }
        "feed" => vec![Subject::Feed(Channel::from_name(name).expect(name))],
        "topic" => vec![Subject::Source(Text::new(name))],
        _ => panic!("no subject: {text}"),
    };
    (subjects, is_shifted)
}

/// Adds a count; `turn` chooses among `200|500`.
fn count(signals: &mut Signals, pair: &[&str], turn: i64) {
    let [name, values] = pair else {
        panic!("a name without its count: {pair:?}");
    };
    let all: Vec<&str> = values.split('|').collect();
    let turn = usize::try_from(turn).unwrap();
    let value = number(all[turn % all.len()]);
    let mut add = |signal: Signal| signals.add(signal, value);
    match *name {
        "come" => [
            Signal::Offered,
            Signal::OfferedBy(Channel::Voice),
            Signal::Answered,
            Signal::WaitEnded { panes: 0 },
            Signal::AnswersMet,
        ]
        .into_iter()
        .for_each(add),
        "work" => {
            let piece = work(value as f64);
            piece
                .into_iter()
                .for_each(|(signal, by)| signals.add(signal, by));
        }
        _ => add(signal(name)),
    }
}

fn signal(name: &str) -> Signal {
    match name {
        "Offered" => Signal::Offered,
        "OfferedBy.voice" => Signal::OfferedBy(Channel::Voice),
        "Answered" => Signal::Answered,
        "Abandoned" => Signal::Abandoned,
        "SecondsWaited" => Signal::SecondsWaited,
        "WaitEnded.0" => Signal::WaitEnded { panes: 0 },
        "WaitEnded.40" => Signal::WaitEnded { panes: 40 },
        "CallbacksAsked" => Signal::CallbacksAsked,
        "AnswersMissed" => Signal::AnswersMissed,
        "AnswersMet" => Signal::AnswersMet,
        "Missed" => Signal::Missed,
        "Met" => Signal::Met,
        "Transferred" => Signal::Transferred,
        "LoggedOnStep" => Signal::LoggedOnStep,
        "PresentStep" => Signal::PresentStep,
        "Begun" => Signal::Begun,
        "Applied" => Signal::Applied,
        "Arrived" => Signal::Arrived,
        "Late" => Signal::Late,
        "Read" => Signal::Read,
        "DeadLettered" => Signal::DeadLettered,
        _ => panic!("no signal: {name}"),
    }
}

/// What is wrong with a table of a rule about queues, agents, reasons, feeds or all work.
fn fault_of_group(table: &Table<'_>, kind: RuleKind) -> Option<String> {
    let script: Script = table.lines.iter().flat_map(|line| signals(line)).collect();
    let mut shuffled = script.clone();
    shuffled.shuffle(&mut StdRng::seed_from_u64(7));
    let alarms = play(&script, false);
    if alarms != play(&shuffled, false) {
        return Some("other alerts in another order".to_owned());
    }
    if alarms != play(&script, true) {
        return Some("other alerts after crashes".to_owned());
    }
    let of_rule: Vec<&Alarm> = alarms.iter().filter(|alarm| alarm.kind == kind).collect();
    let changes = |change| {
        let all = of_rule.iter().filter(move |alarm| alarm.change == change);
        all.map(|alarm| (alarm.subject.clone(), (alarm.at - at(0)).0 / 15_000_000))
            .collect::<Vec<_>>()
    };
    let (fired, over) = (changes(LifeChange::Fired), changes(LifeChange::Resolved));
    let found = format!("fired {fired:?}, over {over:?}");
    let words: Vec<&str> = table.outcome.split(' ').collect();
    let is_as_expected = match words[..] {
        ["never"] => fired.is_empty(),
        ["fires", subject, "by", pane] => {
            // Not before anything is otherwise than usual.
            matches!(&fired[..], [(who, when)] if who == subject && (300..=number(pane)).contains(when))
        }
        ["over", subject, "by", pane] => {
            matches!((&fired[..], &over[..]), ([_], [(who, when)]) if who == subject && *when <= number(pane))
        }
        _ => return Some(format!("no outcome: {}", table.outcome)),
    };
    (!is_as_expected).then_some(found)
}

fn settings() -> Arc<Settings> {
    let mut settings = Settings::clone(&events_settings(1, 1_400_000_000));
    settings.balance.enabled = false;
    Arc::new(settings)
}

/// Returns the rule's records, with a crash at a line if one is wanted.
fn records_of(rule: &str, lines: &[String], crash: Option<(Crash, usize)>) -> Vec<Value> {
    let mut cluster = cluster(&settings(), lines);
    for step in 0..lines.len() {
        if let Some((kind, _)) = crash.filter(|(_, at)| *at == step) {
            cluster.advance_and_crash(TaskId(0), 1, kind).unwrap();
        }
        cluster.advance(TaskId(0), 1).unwrap();
    }
    cluster.run_until_quiet(1).unwrap();
    let mut all = records(&cluster, OutTopic::Alerts);
    all.retain(|record| record["rule"] == rule);
    all.iter_mut()
        .for_each(|record| record["seq"] = Value::Null);
    all
}

/// Returns the ids of alerts that fire at the end.
fn active(records: &[Value]) -> BTreeSet<String> {
    let mut by_id: BTreeMap<String, bool> = BTreeMap::new();
    for record in records {
        let id = record["id"].as_str().unwrap().to_owned();
        by_id.insert(id, record["status"] == "firing");
    }
    let active = by_id.into_iter().filter(|(_, fires)| *fires);
    active.map(|(id, _)| id).collect()
}

/// What is wrong with a table of a rule about contacts.
fn fault_of_contact(table: &Table<'_>) -> Option<String> {
    let lines = lines_of(&table.lines);
    let straight = records_of(table.rule, &lines, None);
    for crash in [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit] {
        for at in 0..lines.len() {
            if records_of(table.rule, &lines, Some((crash, at))) != straight {
                return Some(format!("other alerts after {crash:?} at line {at}"));
            }
        }
    }
    // Those about predictions and moods go by what is known while the contact lasts.
    if concern_of(table.rule).is_none() {
        let mut shuffled = lines.clone();
        shuffled.shuffle(&mut StdRng::seed_from_u64(7));
        if active(&records_of(table.rule, &shuffled, None)) != active(&straight) {
            return Some("other alerts fire in another order".to_owned());
        }
    }
    let of = |status: &str| -> Vec<(String, String)> {
        let all = straight.iter().filter(|record| record["status"] == status);
        all.map(|record| {
            let text = |name: &str| record[name].as_str().unwrap();
            (
                text("subject").to_owned(),
                text("at").get(11..19).unwrap().to_owned(),
            )
        })
        .collect()
    };
    let (fired, over) = (of("firing"), of("resolved"));
    let words: Vec<&str> = table.outcome.split(' ').collect();
    let is = |all: &[(String, String)], subject: &str, time: &str| matches!(all, [(who, when)] if who == subject && when == time);
    let is_as_expected = match words[..] {
        ["never"] => fired.is_empty(),
        ["fires", subject, "at", time] => is(&fired, subject, time) && over.is_empty(),
        ["over", subject, "at", time] => fired.len() == 1 && is(&over, subject, time),
        _ => return Some(format!("no outcome: {}", table.outcome)),
    };
    (!is_as_expected).then(|| format!("fired {fired:?}, over {over:?}"))
}

#[test]
fn each_table_raises_what_it_says_in_any_order_and_after_crashes() {
    let file = fs::read_to_string(data("alerts.txt")).unwrap();
    let mut faults = Vec::new();
    for table in tables(&file) {
        let fault = match RuleKind::from_name(table.rule) {
            Some(kind) => fault_of_group(&table, kind),
            None => fault_of_contact(&table),
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", table.name())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_has_a_table_that_fires_it_one_short_of_it_and_one_that_clears_it() {
    let file = fs::read_to_string(data("alerts.txt")).unwrap();
    let tables = tables(&file);
    let rules = RuleKind::ALL.map(RuleKind::name).into_iter();
    let rules: BTreeSet<&str> = rules.chain(RULES_OF_CONTACTS).collect();
    let expected: BTreeSet<String> = (rules.iter())
        .flat_map(|rule| SHOWS.map(|shows| format!("{rule} {shows}")))
        .collect();
    let found: Vec<String> = tables.iter().map(Table::name).collect();
    assert_eq!(
        found.len(),
        expected.len(),
        "a table stands twice, or is missing"
    );
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    for table in &tables {
        let outcome = match table.shows {
            "fires" => "fires ",
            "short" => "never",
            _ => "over ",
        };
        assert!(
            table.outcome.starts_with(outcome),
            "{}: > {}",
            table.name(),
            table.outcome
        );
        assert!(!table.lines.is_empty(), "{}", table.name());
    }
}
