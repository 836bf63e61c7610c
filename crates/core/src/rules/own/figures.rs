//! The figures that formulas name.

use std::collections::BTreeMap;

use cel::{Context, Value};
use serde::Serialize;

use super::Of;
use crate::{
    event::{Span, Timestamp},
    rules::{
        series::Totals,
        signal::Signal,
        statistic::{float, whole},
    },
};

/// The windows by name.
pub(in crate::rules) const WINDOWS: [(&str, Span); 5] = [
    ("w5m", Span::from_secs(300)),
    ("w10m", Span::from_secs(600)),
    ("w15m", Span::from_secs(900)),
    ("w30m", Span::from_secs(1_800)),
    ("w1h", Span::from_secs(3_600)),
];

/// A figure of a window, with the number of observations in it.
#[derive(Debug, Clone, Copy, Serialize)]
struct Figure {
    value: f64,
    n: i64,
}

/// What formulas know of a queue, an agent or all queues.
#[derive(Debug)]
pub(in crate::rules) struct Figures(BTreeMap<&'static str, Value>);

/// What is so at this instant.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::rules) struct Live {
    /// Who waits, and for how many seconds at most.
    pub waiting: i64,
    pub longest_wait: f64,
    /// Agents who are logged on, and how many agents' worth of time the queue has of them.
    pub logged_on: i64,
    pub agents: f64,
    /// Seconds at work without a break; of an agent.
    pub working: f64,
}

type Of5<F> = BTreeMap<&'static str, F>;

impl Figures {
    /// `totals`: of each of [`WINDOWS`].
    pub(in crate::rules) fn new(
        name: &str,
        totals: &[Totals; 5],
        live: &Live,
        now: Timestamp,
    ) -> Self {
        let mut figures = BTreeMap::new();
        for (figure, of) in OF_WINDOWS {
            let windows: Of5<Figure> = (WINDOWS.iter().zip(totals))
                .map(|((window, _), totals)| (*window, of(totals)))
                .collect();
            figures.insert(figure, value(&windows));
        }
        figures.insert("live", value(live));
        figures.insert("name", value(&name));
        // Day 0 was a Thursday; Monday is 1.
        let hours = now.0.div_euclid(3_600_000_000);
        figures.insert("hour", value(&hours.rem_euclid(24)));
        let weekday = (hours.div_euclid(24) + 3).rem_euclid(7) + 1;
        figures.insert("weekday", value(&weekday));
        Self(figures)
    }

    /// Returns figures of the right kinds, to check formulas by.
    pub(super) fn sample(of: Of) -> Self {
        let live = Live {
            waiting: 1,
            ..Live::default()
        };
        let mut figures = Self::new("sample", &[Totals::default(); 5], &live, Timestamp(0));
        if of == Of::Agent {
            for name in OF_QUEUES_ONLY {
                figures.0.remove(name);
            }
        }
        figures
    }

    pub(in crate::rules) fn context(&self) -> Context<'_, '_> {
        let mut context = Context::default();
        for (name, figure) in &self.0 {
            context.add_variable_from_value(*name, figure.clone());
        }
        context
    }

    /// Returns a sentence if there is no such figure.
    pub(super) fn missing(&self, path: &[&str]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let Some(mut known) = self.0.get(first) else {
            return Some(missing(&[], first, self.0.keys().copied()));
        };
        for (place, name) in rest.iter().enumerate() {
            let Value::Map(map) = known else {
                let whole = path[..=place].join(".");
                return Some(format!("`{whole}` is a figure, and has no `{name}`"));
            };
            let key = cel::objects::Key::from(*name);
            let Some(next) = map.map.get(&key) else {
                #[expect(clippy::disallowed_methods, reason = "sorted where they are shown")]
                let names: Vec<String> = map.map.keys().map(ToString::to_string).collect();
                let names = names.iter().map(String::as_str);
                return Some(missing(&path[..=place], name, names));
            };
            known = next;
        }
        None
    }
}

fn missing<'n>(before: &[&str], name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let path = |last: &str| [before, &[last]].concat().join(".");
    let near = (names.iter())
        .map(|known| (strsim::jaro_winkler(known, name), *known))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(alike, _)| *alike > 0.8);
    let name = path(name);
    match near {
        Some((_, near)) => format!(
            "there is no figure `{name}`; did you mean `{}`?",
            path(near)
        ),
        None => format!(
            "there is no figure `{name}`; there are {}",
            names.join(", ")
        ),
    }
}

fn value<T: Serialize>(figure: &T) -> Value {
    // Numbers, texts and maps of them have values.
    cel::to_value(figure).unwrap_or(Value::Null)
}

/// Figures that agents have not.
const OF_QUEUES_ONLY: [&str; 6] = [
    "offered",
    "answered",
    "abandoned",
    "abandonment",
    "callbacks",
    "wait",
];

type OfWindow = fn(&Totals) -> Figure;

const OF_WINDOWS: [(&str, OfWindow); 14] = [
    ("offered", |it| count(it, Signal::Offered)),
    ("answered", |it| count(it, Signal::Answered)),
    ("abandoned", |it| count(it, Signal::Abandoned)),
    ("abandonment", |it| {
        let ended = it.get(Signal::Answered) + it.get(Signal::Abandoned);
        ratio(it.get(Signal::Abandoned), ended)
    }),
    ("callbacks", |it| count(it, Signal::CallbacksAsked)),
    ("wait", |it| {
        let ended = it.get(Signal::Answered) + it.get(Signal::Abandoned);
        ratio(it.get(Signal::SecondsWaited), ended)
    }),
    ("sla", |it| {
        let decided = it.get(Signal::Met) + it.get(Signal::Missed);
        ratio(it.get(Signal::Met), decided)
    }),
    ("missed", |it| count(it, Signal::Missed)),
    ("handled", |it| count(it, Signal::Handled)),
    ("aht", |it| {
        ratio(it.get(Signal::HandleSeconds), it.get(Signal::Handled))
    }),
    ("transfers", |it| {
        ratio(it.get(Signal::Transferred), it.get(Signal::Ended))
    }),
    ("unresolved", |it| {
        ratio(it.get(Signal::Unresolved), it.get(Signal::Dispositions))
    }),
    ("low_ratings", |it| {
        ratio(it.get(Signal::RatedLow), it.get(Signal::Rated))
    }),
    ("offers_missed", |it| count(it, Signal::OffersMissed)),
];

fn count(totals: &Totals, signal: Signal) -> Figure {
    let n = totals.count(signal);
    Figure { value: float(n), n }
}

/// Zero of nothing.
fn ratio(part: f64, of: f64) -> Figure {
    Figure {
        value: if of > 0.0 { part / of } else { 0.0 },
        n: whole(of),
    }
}
