//! The parts of a KPI record that a report shows.

use std::collections::BTreeMap;

use serde::Deserialize;

use floorwalker_core::event::Survey;

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Record {
    pub(in crate::cli) entity: String,
    pub(super) kpis: Kpis,
}

#[derive(Debug, Deserialize)]
pub(super) struct Kpis {
    pub(super) offered: i64,
    pub(super) answered: i64,
    pub(super) abandoned: i64,
    pub(super) short_abandoned: i64,
    pub(super) left: i64,
    pub(super) handled: i64,
    #[serde(default)]
    pub(super) callbacks: Option<Callbacks>,
    #[serde(default)]
    pub(super) outbound: Option<Outbound>,
    pub(super) sla: BTreeMap<String, Compliance>,
    pub(super) asa: Mean,
    pub(super) aht: HandleTime,
    pub(super) fcr: Ratio,
    pub(super) fcr_no_customer: i64,
    pub(super) resolved_said: Ratio,
    pub(super) csat: Satisfaction,
    #[serde(default)]
    pub(super) abandonment: Option<Ratio>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Compliance {
    pub(super) excluded: i64,
    pub(super) value: Option<f64>,
    num: i64,
    den: i64,
    interval: Option<(f64, f64)>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Callbacks {
    pub(super) asked: i64,
    pub(super) reached: i64,
    pub(super) time: Mean,
}

#[derive(Debug, Deserialize)]
pub(super) struct Outbound {
    pub(super) attempts: i64,
    pub(super) answered: i64,
    pub(super) silent: i64,
    pub(super) unreached: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ratio {
    pub(super) value: Option<f64>,
    pub(super) num: i64,
    pub(super) den: i64,
    pub(super) interval: Option<(f64, f64)>,
}

/// A mean of durations, in seconds.
#[derive(Debug, Deserialize)]
pub(super) struct Mean {
    pub(super) n: i64,
    pub(super) mean: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HandleTime {
    #[serde(flatten)]
    pub(super) mean: Mean,
    pub(super) talk: Option<f64>,
    pub(super) hold: Option<f64>,
    pub(super) wrap: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Satisfaction {
    pub(super) n: i64,
    pub(super) mean: Option<f64>,
    pub(super) low: Ratio,
}

impl Compliance {
    pub(super) const fn ratio(&self) -> Ratio {
        Ratio {
            value: self.value,
            num: self.num,
            den: self.den,
            interval: self.interval,
        }
    }
}

/// The scales of the surveys that were read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::cli) enum Scales {
    #[default]
    None,
    One(Scale),
    Several,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cli) struct Scale {
    min: f64,
    pub(super) max: f64,
}

impl Scales {
    pub(in crate::cli) fn add(&mut self, survey: &Survey) {
        let scale = Scale {
            min: survey.scale_min,
            max: survey.scale_max,
        };
        *self = match *self {
            Self::None => Self::One(scale),
            Self::One(known) if known == scale => *self,
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    pub(super) const fn only(self) -> Option<Scale> {
        match self {
            Self::One(scale) => Some(scale),
            Self::None | Self::Several => None,
        }
    }
}

impl Scale {
    /// A normalised score as it was given.
    pub(super) fn score(self, normalised: f64) -> f64 {
        self.min + normalised * (self.max - self.min)
    }
}
