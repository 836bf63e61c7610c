//! One world through the engine, stop by stop, beside the recount: the first difference, in any entity, window and number.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use floorwalker_core::{
    engine::{InputId, OutTopic, Output},
    event::{Event, Timestamp},
    local::Cluster,
};
use floorwalker_testkit::harness::is_nothing;
use floorwalker_testkit::reference;
use serde_json::{Value, json};

use super::{
    made::{Arrival, bare_json},
    terms::Terms,
};
use crate::agreement::empty;

/// Entity and window.
type Key = (String, String);

/// Where the two differ.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// Number of the stop, from 1.
    pub(crate) stop: usize,
    pub(crate) clock: Timestamp,
    pub(crate) what: String,
}

/// What was laid side by side.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compared {
    pub(crate) clocks: usize,
    pub(crate) records: usize,
    pub(crate) numbers: usize,
}

impl Compared {
    pub(crate) fn add(&mut self, other: Self) {
        self.clocks += other.clocks;
        self.records += other.records;
        self.numbers += other.numbers;
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stop, clock, what } = self;
        write!(f, "at stop {stop}, clock {clock}: {what}")
    }
}

/// Feeds what arrives, and compares at each stop.
pub(crate) fn count(terms: &Terms, arrivals: &[Arrival]) -> Result<Compared, Difference> {
    records(terms, arrivals).0
}

/// The same, with the last records that the engine wrote, and its counters as those of `counters`.
pub(crate) fn records(
    terms: &Terms,
    arrivals: &[Arrival],
) -> (Result<Compared, Difference>, BTreeMap<Key, Value>) {
    let mut run = Run {
        cluster: empty(&Arc::new(terms.settings.clone())),
        terms,
        known: Vec::new(),
        last: BTreeMap::new(),
        written_before: BTreeSet::new(),
        dead_letter: None,
        stops: 0,
        compared: Compared::default(),
    };
    for statement in &terms.statements {
        run.cluster.state(statement.as_bytes());
    }
    for arrival in arrivals {
        let differs = match arrival {
            Arrival::Event(event, place) => {
                run.feed(event, *place);
                continue;
            }
            Arrival::Stop(at) => run.stop(*at),
        };
        if let Err(differs) = differs {
            return (Err(differs), run.last);
        }
    }
    run.record_counters();
    (Ok(run.compared), run.last)
}

struct Run<'w> {
    cluster: Cluster,
    terms: &'w Terms,
    known: Vec<Event>,
    last: BTreeMap<Key, Value>,
    /// Whose records an earlier stop had.
    written_before: BTreeSet<Key>,
    /// Why something was put aside: nothing of a world is.
    dead_letter: Option<String>,
    stops: usize,
    compared: Compared,
}

impl Run<'_> {
    fn feed(&mut self, event: &Event, place: usize) {
        let tasks = usize::from(self.terms.settings.tasks);
        let input = InputId {
            source: 0,
            partition: (place % tasks) as i32,
        };
        self.cluster.feed(input, bare_json(event).into_bytes());
        self.known.push(event.clone());
    }

    fn stop(&mut self, at: Option<Timestamp>) -> Result<(), Difference> {
        let Some(newest) = self.known.iter().map(|event| event.occurred_at).max() else {
            return Ok(());
        };
        self.stops += 1;
        let clock = newest.max(at.unwrap_or(newest));
        self.settle(at);
        self.take_records();
        let recount = reference::recount(&self.known, &self.terms.recounted, clock);
        let differs = self
            .compare_counters(&recount)
            .and_then(|()| self.compare(&recount.records(clock), clock));
        self.written_before = self.last.keys().cloned().collect();
        differs.map_err(|what| Difference {
            stop: self.stops,
            clock,
            what,
        })
    }

    /// Reads all there is; only then is it the end.
    fn settle(&mut self, at: Option<Timestamp>) {
        self.cluster.run_until_quiet(200).unwrap();
        if let Some(at) = at {
            self.cluster.end_at(at);
            self.cluster.run_until_quiet(200).unwrap();
        }
    }

    fn take_records(&mut self) {
        let mut written = BTreeMap::new();
        for (_, output) in std::mem::take(&mut self.cluster.outputs) {
            match output.topic {
                OutTopic::Kpis => drop(written.insert(output.key, output.payload)),
                OutTopic::DeadLetters => self.dead_letter = sentence(&output),
                OutTopic::Alerts
                | OutTopic::Contacts
                | OutTopic::Scorecards
                | OutTopic::Recognitions => {}
            }
        }
        for payload in written.into_values().flatten() {
            let record: Value = serde_json::from_slice(&payload).unwrap();
            self.last.insert(key(&record), record);
        }
    }

    fn record_counters(&mut self) {
        let counters = self.cluster.counters();
        let counters = json!({ "kpis": {
            "applied": counters.applied,
            "repeated": counters.repeated,
            "conflicting": counters.conflicting,
            "skipped": counters.skipped,
            "clock_skew": counters.clock_skew,
        }});
        self.last
            .insert(("counters".into(), "all".into()), counters);
    }

    fn compare_counters(&self, recount: &reference::Recount) -> Result<(), String> {
        let counters = self.cluster.counters();
        if !counters.balance() || counters.in_flight() > 0 {
            return Err(format!("counters: out of balance: {counters:?}"));
        }
        if let Some(why) = &self.dead_letter {
            return Err(format!("counters: a dead letter: {why}"));
        }
        let (found, expected) = (counters.clock_skew, recount.clock_skews);
        if u64::try_from(found) != Ok(expected) {
            return Err(format!(
                "counters: clock_skew: the engine has {found}, the recount {expected}"
            ));
        }
        Ok(())
    }

    fn compare(&mut self, recounted: &[Value], clock: Timestamp) -> Result<(), String> {
        self.compared.clocks += 1;
        for expected in recounted {
            let key = key(expected);
            let nothing = is_nothing(&expected["kpis"]);
            match self.last.get(&key) {
                None if nothing => {}
                None => {
                    return Err(format!(
                        "{key:?}: no record, recounted {}",
                        expected["kpis"]
                    ));
                }
                // Of whom everything was taken back there is nothing more to write.
                Some(found) if !nothing && found["clock"] != clock.to_string() => {
                    return Err(format!("{key:?}: a record of {}", found["clock"]));
                }
                Some(found) => {
                    self.compared.records += 1;
                    let (found, expected) = (&found["kpis"], &expected["kpis"]);
                    self.compared.numbers += same(found, expected, "")
                        .map_err(|what| format!("{} {}: {what}", key.0, key.1))?;
                }
            }
        }
        let recounted: BTreeSet<Key> = recounted.iter().map(key).collect();
        // Who has been written keeps a record of zeros; before the end of a replay no queue or channel has. (A state that is repeated at
        // the very clock is a fact of no time.)
        let is_of_waits = |key: &Key| key.0.starts_with("queue:") || key.0.starts_with("channel:");
        let may_be_zeros = |key: &Key| {
            let at_end = self.terms.settings.kpi.only_at_end && is_of_waits(key);
            !at_end || self.written_before.contains(key)
        };
        let unknown = (self.last.iter())
            .filter(|(key, _)| !recounted.contains(key))
            .find(|(key, record)| !may_be_zeros(key) || !is_nothing(&record["kpis"]));
        match unknown {
            Some((key, record)) => Err(format!("{key:?}: nobody, but written {}", record["kpis"])),
            None => Ok(()),
        }
    }
}

/// Why a record was put aside.
fn sentence(letter: &Output) -> Option<String> {
    let mut headers = letter.headers.iter();
    let (_, sentence) = headers.find(|(name, _)| name == "floorwalker-sentence")?;
    Some(String::from_utf8_lossy(sentence.as_deref()?).into_owned())
}

fn key(record: &Value) -> Key {
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    (text("entity"), text("window"))
}

/// How many numbers were compared. Counts exact, means and shares to the last of six decimals, percentiles within 0.5 %.
fn same(found: &Value, expected: &Value, path: &str) -> Result<usize, String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let mut numbers = 0;
            let names: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
            for name in names {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
                let (found, expected) = (of(found), of(expected));
                let path = format!("{path}.{name}");
                numbers += match (&found, &expected) {
                    (Some(found), Some(expected)) => same(found, expected, &path)?,
                    // A reason or a policy of which nothing is left.
                    (Some(one), None) | (None, Some(one)) if is_nothing(one) => 0,
                    _ => return Err(unlike(&path, &found, &expected)),
                };
            }
            Ok(numbers)
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let pairs = found.iter().zip(expected);
            pairs.map(|(one, other)| same(one, other, path)).sum()
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            let percentile = [".p50", ".p90", ".p99"]
                .iter()
                .any(|end| path.ends_with(end));
            let allowed = if percentile {
                (0.005 * other).max(0.0005)
            } else {
                0.0
            };
            if (one - other).abs() <= allowed + 1.01e-6 {
                Ok(1)
            } else {
                Err(unlike(path, found, expected))
            }
        }
        _ if found == expected => Ok(1),
        _ => Err(unlike(path, found, expected)),
    }
}

fn unlike(path: &str, found: &impl fmt::Debug, expected: &impl fmt::Debug) -> String {
    format!("{path}: the engine has {found:?}, the recount {expected:?}")
}
