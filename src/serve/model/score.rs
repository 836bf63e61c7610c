//! The newest figures of an entity, one record a window.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use floorwalker_core::{event::Timestamp, kpi::Ratio};

/// An agent, a queue or a group with its records.
#[derive(Debug, Clone)]
pub struct Entity {
    /// `agent:ana`, `queue:billing`, `all`.
    pub name: String,
    /// In the order of the records, shortest first.
    pub scores: Vec<Arc<Score>>,
}

/// The newest record of an entity and window.
#[derive(Debug)]
pub struct Score {
    pub window: String,
    pub clock: Timestamp,
    /// The record as it was written.
    pub record: Arc<RawValue>,
    /// The share of decided obligations that were missed.
    pub missed: Ratio,
    /// Waits and engagements that the figures are of; with neither, they are of nobody.
    pub load: i64,
    /// How many wait now.
    pub waiting: i64,
    /// By name, those by which anything was decided.
    pub policies: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct ScoreRecord {
    pub(super) entity: String,
    window: String,
    clock: Timestamp,
    kpis: KpisRecord,
}

#[derive(Deserialize)]
struct KpisRecord {
    sla: BTreeMap<String, Decided>,
    #[serde(default)]
    offered: i64,
    #[serde(default)]
    handled: i64,
    #[serde(default)]
    handled_outbound: i64,
    live: Option<LiveRecord>,
}

#[derive(Deserialize)]
struct LiveRecord {
    waiting: i64,
}

#[derive(Deserialize)]
struct Decided {
    met: i64,
    missed: i64,
}

impl Entity {
    /// What it is and its own name: `("queue", "billing")`, `("all", "all")`.
    #[must_use]
    pub fn kind_and_name(&self) -> (&str, &str) {
        kind_and_name(&self.name)
    }

    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.kind_and_name().0 == "agent"
    }

    /// Returns whether it is a part of the floor: a queue, team, site or channel, or all. Agents and reasons have pages of their own.
    #[must_use]
    pub fn is_group(&self) -> bool {
        is_group(self.kind_and_name().0)
    }

    pub(super) fn put(&mut self, score: Arc<Score>) {
        let known = self.scores.iter_mut().find(|it| it.window == score.window);
        match known {
            Some(known) => *known = score,
            None => self.scores.push(score),
        }
    }

    /// Returns how many wait now, by the newest figures.
    #[must_use]
    pub fn waiting(&self) -> i64 {
        let newest = self.scores.iter().max_by_key(|score| score.clock);
        newest.map_or(0, |score| score.waiting)
    }

    /// The instant of the newest figures.
    #[must_use]
    pub fn clock(&self) -> Option<Timestamp> {
        self.scores.iter().map(|score| score.clock).max()
    }
}

pub(in crate::serve) fn kind_and_name(entity: &str) -> (&str, &str) {
    entity.split_once(':').unwrap_or((entity, entity))
}

/// Returns whether entities of a kind are parts of the floor.
pub(in crate::serve) fn is_group(kind: &str) -> bool {
    !matches!(kind, "agent" | "reason")
}

impl Score {
    /// The entity it is of, and the record.
    pub(super) fn read(payload: &[u8]) -> serde_json::Result<(String, Self)> {
        let record: ScoreRecord = serde_json::from_slice(payload)?;
        let policies = record.kpis.sla.iter();
        let policies = policies.filter(|(_, it)| it.met + it.missed > 0);
        let policies = policies.map(|(name, _)| name.clone()).collect();
        let decided = record.kpis.sla.values();
        let (missed, met) = decided.fold((0, 0), |(missed, met), policy| {
            (missed + policy.missed, met + policy.met)
        });
        let score = Self {
            window: record.window,
            clock: record.clock,
            record: serde_json::from_slice::<Box<RawValue>>(payload)?.into(),
            missed: Ratio::of(missed, met),
            load: record.kpis.offered + record.kpis.handled + record.kpis.handled_outbound,
            waiting: record.kpis.live.map_or(0, |live| live.waiting),
            policies,
        };
        Ok((record.entity, score))
    }

    /// The least share of misses that the figures leave likely: never high on three contacts.
    #[must_use]
    pub fn missed_at_least(&self) -> f64 {
        self.missed.interval.map_or(0.0, |(low, _)| low)
    }
}
