//! What the terminal shows of the contact center, made from the newest records: queues, and who needs somebody.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Deserialize;

use crate::cli::escape::escaped_line;
use floorwalker_core::{
    event::Timestamp,
    kpi::{ByName, Compliance, KpiRecord},
};

/// The window of the figures.
pub(super) const WINDOW: &str = "30m";

/// The contact center at a glance.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Board {
    /// By name; `all` last.
    pub(super) queues: Vec<Queue>,
    pub(super) firing: usize,
    /// Newest first.
    pub(super) escalations: Vec<Escalation>,
}

/// One queue, or all of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) clock: Timestamp,
    pub(super) waiting: i64,
    pub(super) longest_wait: Option<f64>,
    pub(super) at_risk: i64,
    pub(super) level: Option<Level>,
    pub(super) handle_time: Option<f64>,
}

/// Compliance with the policy that a queue is known by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Level {
    pub(super) policy: String,
    pub(super) met: f64,
    pub(super) target: Option<f64>,
}

/// A transition of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Escalation {
    pub(super) id: String,
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) at: Timestamp,
    pub(super) why: String,
    /// Where to read on: the contact, how it came about, its queue's numbers.
    pub(super) paths: [String; 3],
}

/// Share of decided obligations to be met, by policy.
pub(super) type Targets = BTreeMap<String, f64>;

impl Board {
    /// From KPI records of [`WINDOW`], and how many alerts fire with the records of the newest ones.
    pub(super) fn new<'a>(
        scores: impl IntoIterator<Item = &'a str>,
        (firing, newest): (usize, impl IntoIterator<Item = &'a str>),
        targets: &Targets,
    ) -> Self {
        let mut queues: Vec<Queue> = scores
            .into_iter()
            .filter_map(|record| Queue::read(record, targets))
            .collect();
        queues.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        let newest = newest.into_iter();
        let mut escalations: Vec<_> = newest.filter_map(Escalation::read).collect();
        escalations.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
        Self {
            queues,
            firing,
            escalations,
        }
    }

    /// The instant of the newest figures.
    pub(super) fn clock(&self) -> Option<Timestamp> {
        self.queues.iter().map(|queue| queue.clock).max()
    }
}

impl Queue {
    fn read(record: &str, targets: &Targets) -> Option<Self> {
        let record: KpiRecord<'static> = serde_json::from_str(record).ok()?;
        let name = match record.entity.split_once(':') {
            Some(("queue", name)) => name,
            None => &*record.entity,
            Some(_) => return None,
        };
        let live = record.kpis.live.unwrap_or_default();
        Some(Self {
            name: escaped_line(name),
            clock: record.clock,
            waiting: live.waiting,
            longest_wait: live.longest_wait,
            at_risk: live.at_risk,
            level: Level::of(&record.kpis.sla, targets),
            handle_time: record.kpis.aht.mean,
        })
    }

    fn sort_key(&self) -> (bool, &str) {
        (self.name == "all", &self.name)
    }
}

impl Level {
    /// What most people look at first: how soon it is answered; where nobody waits for that, how soon it is replied to.
    /// Of several such policies, the one that decided most.
    fn of(sla: &ByName<'_, Compliance>, targets: &Targets) -> Option<Self> {
        const MEASURES: [&str; 2] = ["answer", "first_response"];
        let place = |policy: &str| {
            let named = MEASURES
                .iter()
                .position(|measure| policy.ends_with(measure));
            named.unwrap_or(MEASURES.len())
        };
        let decided = sla.iter().filter_map(|(policy, Compliance { ratio, .. })| {
            Some(((place(policy), Reverse(ratio.den), policy), ratio.value?))
        });
        let ((.., policy), met) = decided.min_by_key(|(rank, _)| *rank)?;
        Some(Self {
            policy: escaped_line(policy),
            met,
            target: targets.get(policy).copied(),
        })
    }
}

impl Escalation {
    fn read(record: &str) -> Option<Self> {
        let record: AlertFields = serde_json::from_str(record).ok()?;
        let links = record.links;
        Some(Self {
            id: record.id,
            rule: escaped_line(&record.rule),
            severity: record.severity,
            at: record.at,
            why: escaped_line(&record.why),
            paths: [links.contact, links.history, links.numbers].map(|path| escaped_line(&path)),
        })
    }
}

#[derive(Deserialize)]
struct AlertFields {
    id: String,
    rule: String,
    severity: String,
    at: Timestamp,
    why: String,
    links: Links,
}

#[derive(Deserialize)]
struct Links {
    contact: String,
    history: String,
    numbers: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(entity: &str, sla: &str) -> String {
        format!(
            r#"{{"entity":"{entity}","window":"30m","clock":"2026-11-22T14:03:25Z","kpis":{{"sla":{{{sla}}},
            "aht":{{"mean":312.5}},"live":{{"waiting":2,"longest_wait":12.5,"at_risk":1}},"more":{{}}}}}}"#
        )
    }

    fn alert(id: &str, at: &str) -> String {
        format!(
            r#"{{"id":"{id}","rule":"sla.missed","status":"firing","severity":"critical","at":"{at}","why":"",
            "links":{{"contact":"/c","history":"/h","numbers":"/n"}}}}"#
        )
    }

    fn board(scores: &[String], alerts: &[String]) -> Board {
        let targets = Targets::from([("voice answer".to_owned(), 0.8)]);
        let scores = scores.iter().map(String::as_str);
        let newest = alerts.iter().map(String::as_str);
        Board::new(scores, (7, newest), &targets)
    }

    #[test]
    fn queues_stand_by_name_and_all_stands_last() {
        let names = [
            "queue:sales",
            "all",
            "agent:ana",
            "queue:billing",
            "channel:voice",
        ];
        let board = board(&names.map(|name| score(name, "")), &[]);
        let shown: Vec<_> = board.queues.iter().map(|queue| &*queue.name).collect();
        assert_eq!(shown, ["billing", "sales", "all"]);
        assert_eq!(board.clock(), Timestamp::parse("2026-11-22T14:03:25Z").ok());
    }

    #[test]
    fn names_are_harmless_on_a_terminal() {
        let board = board(&[score("queue:x\\u001b[2J\u{202e}", "")], &[]);
        assert_eq!(board.queues[0].name, "x\\u{1b}[2J\\u{202e}");
    }

    #[test]
    fn a_queue_is_known_by_how_soon_most_are_answered() {
        let sla = r#""voice accept":{"value":0.5,"den":9},"chat answer":{"value":0.75,"den":3},
            "voice answer":{"value":0.25,"den":4},"voice first_response":{"value":null,"den":0}"#;
        let board = board(&[score("queue:tech", sla)], &[]);
        let expected = Level {
            policy: "voice answer".to_owned(),
            met: 0.25,
            target: Some(0.8),
        };
        assert_eq!(board.queues[0].level, Some(expected));
    }

    #[test]
    fn the_newest_escalations_come_first() {
        let old = alert("old", "2026-11-22T14:00:00Z");
        let new = alert("new", "2026-11-22T14:02:00Z");
        let board = board(&[], &[old, new]);
        let shown: Vec<_> = board.escalations.iter().map(|it| &*it.id).collect();
        assert_eq!((shown, board.firing), (vec!["new", "old"], 7));
    }
}
