//! The figures of a KPI record that have series.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::serve::Score;

/// What a version does not compute is absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kpis {
    pub(super) offered: f64,
    pub(super) answered: f64,
    pub(super) abandoned: f64,
    pub(super) short_abandoned: f64,
    pub(super) left: f64,
    pub(super) callbacks: Callbacks,
    pub(super) outbound: Outbound,
    pub(super) handled: f64,
    pub(super) handled_outbound: f64,
    pub(super) reopened: f64,
    pub(super) transferred: f64,
    pub(super) incomplete: f64,
    pub(super) sla: BTreeMap<String, Sla>,
    pub(super) asa: Durations,
    pub(super) aht: Durations,
    pub(super) fcr: Option<Share>,
    pub(super) fcr_confirmed: Option<Share>,
    pub(super) frr: Option<Share>,
    pub(super) resolved_said: Option<Share>,
    pub(super) transfer_rate: Option<Share>,
    pub(super) offer_miss: Option<Share>,
    pub(super) csat_response: Option<Share>,
    pub(super) csat: Csat,
    pub(super) abandonment: Option<Share>,
    pub(super) occupancy: Option<Share>,
    pub(super) concurrency: Option<f64>,
    pub(super) live: Option<Live>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sla {
    pub(super) met: f64,
    pub(super) missed: f64,
    pub(super) value: Option<f64>,
    pub(super) interval: Option<(f64, f64)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Durations {
    pub(super) n: f64,
    pub(super) mean: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) talk: Option<f64>,
    pub(super) hold: Option<f64>,
    pub(super) wrap: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Callbacks {
    pub(super) asked: f64,
    pub(super) reached: f64,
    pub(super) time: Durations,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Outbound {
    pub(super) answered: f64,
    pub(super) silent: f64,
    pub(super) unreached: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Share {
    pub(super) value: Option<f64>,
    pub(super) den: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Csat {
    pub(super) n: f64,
    pub(super) mean: Option<f64>,
    pub(super) low: Option<Share>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Live {
    pub(super) waiting: f64,
    pub(super) longest_wait: Option<f64>,
    pub(super) at_risk: f64,
}

/// Returns the figures of a record; none, if it can't be read.
pub(super) fn read(score: &Score) -> Kpis {
    #[derive(Deserialize)]
    struct Record {
        kpis: Kpis,
    }
    match serde_json::from_str::<Record>(score.record.get()) {
        Ok(record) => record.kpis,
        Err(error) => {
            tracing::warn!(window = score.window, "figures can't be read: {error}");
            Kpis::default()
        }
    }
}
