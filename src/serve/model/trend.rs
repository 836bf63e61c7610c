//! How a queue or group went over the last hours: one point a minute, from the records of its shortest window.

use std::collections::BTreeMap;

use dashmap::DashMap;
use serde::{Deserialize, Serialize};

use super::Score;
use floorwalker_core::event::Timestamp;

const MINUTE: i64 = 60_000;
/// Points that are kept of an entity: two hours.
const POINTS_MAX: usize = 120;
/// Entities with points; about 10 KB each.
const ENTITIES_MAX: usize = 2_000;

#[derive(Debug, Default)]
pub(super) struct Trends(DashMap<String, Trend>);

/// Columns of equal length, oldest first. A minute without a record has no row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Trend {
    /// The window that the shares and counts are of, such as `5m`.
    window: String,
    /// Milliseconds since 1970, at the beginning of each minute.
    at: Vec<i64>,
    waiting: Vec<i64>,
    /// Seconds.
    longest_wait: Vec<Option<f64>>,
    at_risk: Vec<i64>,
    offered: Vec<i64>,
    abandoned: Vec<i64>,
    /// Mean handle time in seconds.
    aht: Vec<Option<f64>>,
    /// Share of decided obligations that were met, by policy.
    sla: BTreeMap<String, Vec<Option<f64>>>,
}

#[derive(Deserialize)]
struct Fields {
    kpis: Kpis,
}

#[derive(Deserialize)]
struct Kpis {
    #[serde(default)]
    offered: i64,
    #[serde(default)]
    abandoned: i64,
    #[serde(default)]
    sla: BTreeMap<String, Share>,
    aht: Option<Mean>,
    live: Option<Live>,
}

#[derive(Deserialize)]
struct Share {
    value: Option<f64>,
}

#[derive(Deserialize)]
struct Mean {
    mean: Option<f64>,
}

#[derive(Deserialize)]
struct Live {
    waiting: i64,
    longest_wait: Option<f64>,
    #[serde(default)]
    at_risk: i64,
}

impl Trends {
    pub(super) fn get(&self, entity: &str) -> Option<Trend> {
        self.0.get(entity).map(|trend| Trend::clone(&trend))
    }

    /// Takes the newest record of an entity's shortest window. One thread only.
    pub(super) fn put(&self, entity: &str, score: &Score) -> serde_json::Result<()> {
        let fields: Fields = serde_json::from_str(score.record.get())?;
        if let Some(mut trend) = self.0.get_mut(entity) {
            trend.put(score.clock, &fields.kpis);
        } else if self.0.len() < ENTITIES_MAX {
            let mut trend = Trend {
                window: score.window.clone(),
                ..Trend::default()
            };
            trend.put(score.clock, &fields.kpis);
            self.0.insert(entity.to_owned(), trend);
        }
        Ok(())
    }

    pub(super) fn remove(&self, entity: &str) {
        self.0.remove(entity);
    }
}

impl Trend {
    /// The last record of a minute counts; an earlier minute than the newest is left out.
    fn put(&mut self, clock: Timestamp, kpis: &Kpis) {
        let minute = clock.0.div_euclid(1_000 * MINUTE) * MINUTE;
        match self.at.last() {
            Some(last) if *last > minute => return,
            Some(last) if *last == minute => self.forget_newest(),
            Some(_) | None => {}
        }
        let rows = self.at.len();
        self.at.push(minute);
        let live = kpis.live.as_ref();
        self.waiting.push(live.map_or(0, |live| live.waiting));
        self.longest_wait
            .push(live.and_then(|live| live.longest_wait));
        self.at_risk.push(live.map_or(0, |live| live.at_risk));
        self.offered.push(kpis.offered);
        self.abandoned.push(kpis.abandoned);
        self.aht.push(kpis.aht.as_ref().and_then(|aht| aht.mean));
        for (policy, share) in &kpis.sla {
            let column = self.sla.entry(policy.clone()).or_default();
            column.resize(rows, None);
            column.push(share.value);
        }
        for column in self.sla.values_mut() {
            column.resize(rows + 1, None);
        }
        self.forget_oldest();
    }

    fn forget_newest(&mut self) {
        let rows = self.at.len().saturating_sub(1);
        self.at.truncate(rows);
        self.waiting.truncate(rows);
        self.longest_wait.truncate(rows);
        self.at_risk.truncate(rows);
        self.offered.truncate(rows);
        self.abandoned.truncate(rows);
        self.aht.truncate(rows);
        self.sla
            .values_mut()
            .for_each(|column| column.truncate(rows));
    }

    fn forget_oldest(&mut self) {
        let newest = self.at.last().copied().unwrap_or_default();
        let oldest = newest - MINUTE * i64::try_from(POINTS_MAX).unwrap_or(i64::MAX);
        let gone = self.at.partition_point(|at| *at <= oldest);
        if gone == 0 {
            return;
        }
        self.at.drain(..gone);
        self.waiting.drain(..gone);
        self.longest_wait.drain(..gone);
        self.at_risk.drain(..gone);
        self.offered.drain(..gone);
        self.abandoned.drain(..gone);
        self.aht.drain(..gone);
        for column in self.sla.values_mut() {
            column.drain(..gone);
        }
        self.sla
            .retain(|_, column| column.iter().any(Option::is_some));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(trends: &Trends, minute: i64, second: i64, waiting: i64, sla: &str) {
        let clock = Timestamp::from_millis(minute * MINUTE + second * 1_000);
        let record = format!(
            r#"{{"entity":"queue:q","window":"5m","clock":"{clock}","kpis":{{"offered":3,"sla":{sla},"live":{{"waiting":{waiting},"longest_wait":7.5,"at_risk":1}}}}}}"#
        );
        let (entity, score) = Score::read(record.as_bytes()).unwrap();
        trends.put(&entity, &score).unwrap();
    }

    #[test]
    fn the_last_record_of_each_minute_counts() {
        let trends = Trends::default();
        let level = r#"{"answer":{"met":1,"missed":1,"value":0.5}}"#;
        put(&trends, 10, 5, 1, "{}");
        put(&trends, 10, 55, 2, "{}");
        put(&trends, 12, 0, 3, level);
        put(&trends, 11, 0, 9, "{}");
        put(&trends, 13, 0, 0, "{}");
        let trend = trends.get("queue:q").unwrap();
        assert_eq!(trend.at, [10 * MINUTE, 12 * MINUTE, 13 * MINUTE]);
        assert_eq!(trend.waiting, [2, 3, 0]);
        assert_eq!(trend.sla["answer"], [None, Some(0.5), None]);
        assert_eq!(trend.longest_wait, [Some(7.5); 3]);
        assert_eq!(
            (trend.window.as_str(), &*trend.offered),
            ("5m", &[3; 3][..])
        );
    }

    #[test]
    fn two_hours_are_kept() {
        let trends = Trends::default();
        for minute in 0..500 {
            let level = match minute {
                0..100 => r#"{"gone":{"met":1,"missed":0,"value":1.0}}"#,
                _ => r#"{"answer":{"met":1,"missed":1,"value":0.5}}"#,
            };
            put(&trends, minute, 0, minute, level);
        }
        let trend = trends.get("queue:q").unwrap();
        assert_eq!(trend.at.len(), POINTS_MAX);
        assert_eq!((trend.waiting[0], trend.waiting[119]), (380, 499));
        assert_eq!(trend.sla.keys().collect::<Vec<_>>(), ["answer"]);
        assert_eq!(trend.sla["answer"].len(), POINTS_MAX);
    }
}
