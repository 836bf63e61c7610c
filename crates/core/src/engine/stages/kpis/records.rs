//! The records of an entity, one for each window.

use serde_json::value::{RawValue, to_raw_value};

use super::{Kpis, sums::Sums};
use crate::{
    engine::{
        entity::Entity,
        stages::record_time::RecordTime,
        step::{OutTopic, Output},
    },
    event::Span,
    kpi::{Accumulator, KpiRecord, LiveState, NamedTimes, Reach, Scorecard, Times},
};

/// Figures as JSON, and what they are of.
struct Written<'s> {
    accumulator: &'s Accumulator,
    times: Option<Times>,
    kpis: Box<RawValue>,
}

impl Kpis {
    pub(super) fn records(
        &self,
        entity: &Entity,
        live: Option<LiveState>,
        sums: &Sums,
        time: RecordTime,
    ) -> Vec<Output> {
        let name = entity.name();
        // Windows in which lies the same have the same figures: those are written once.
        let mut written: Vec<Written<'_>> = Vec::new();
        let mut outputs = Vec::with_capacity(sums.windows.len());
        for (window, sum) in self.settings.kpi.windows.iter().zip(&sums.windows) {
            let accumulator = &sum.accumulator;
            let times = (entity.has_agents())
                .then(|| accumulator.times(&sums.until_now, sum.starts_at, time.at));
            let same = (written.iter())
                .position(|known| known.accumulator == accumulator && known.times == times);
            let place = same.unwrap_or_else(|| {
                let mut kpis = self.kpis(accumulator, live, times.as_ref());
                kpis.live = kpis.live.filter(|_| entity.has_waits());
                // A plain struct with string keys: writing it into memory can't fail.
                let kpis = to_raw_value(&kpis);
                debug_assert!(kpis.is_ok());
                let kpis = kpis.unwrap_or_default();
                written.push(Written {
                    accumulator,
                    times,
                    kpis,
                });
                written.len() - 1
            });
            let reaches_back = match window.reach {
                Reach::Sliding(_) | Reach::Today => sum.starts_at < time.began_at,
                Reach::All => false,
            };
            let record = KpiRecord {
                entity: (&*name).into(),
                window: (&*window.name).into(),
                clock: time.at,
                partial: time.left_out || reaches_back,
                kpis: &written[place].kpis,
            };
            let key = format!("{name}/{}", window.name);
            outputs.push(Output::json(OutTopic::Kpis, &key, &record));
        }
        outputs
    }

    fn kpis(
        &self,
        accumulator: &Accumulator,
        live: Option<LiveState>,
        times: Option<&Times>,
    ) -> Scorecard<'_> {
        let named = times.map(|times| self.name_times(times.clone()));
        Scorecard::new(accumulator, &self.settings.contact.policies, live, named)
    }

    fn name_times(&self, times: Times) -> NamedTimes<'_> {
        let named = times.away.iter().filter_map(|(code, time)| {
            let reason = self.reasons_by_code.get(code)?;
            Some((&**reason, *time))
        });
        let mut away: Vec<(&str, Span)> = named.collect();
        away.sort_unstable();
        NamedTimes { times, away }
    }
}
