//! What is no sum: which contacts wait now, since when, and which are at risk. The last value of each sending task, folded by the
//! receiver.

use minicbor::{Decode, Encode};

use crate::{event::Timestamp, kpi::LiveState};

/// What one task knows of one queue or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct Gauge {
    #[n(0)]
    pub waiting: i64,
    #[n(1)]
    pub at_risk: i64,
    /// Since when the contact that waits longest has waited.
    #[n(2)]
    pub oldest: Option<Timestamp>,
}

/// What all tasks know of one queue or group, by task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub(in crate::engine) struct Gauges(#[n(0)] Vec<(u16, Gauge)>);

impl Gauges {
    pub(in crate::engine) fn set(&mut self, sender: u16, gauge: Gauge) {
        match self.0.binary_search_by_key(&sender, |entry| entry.0) {
            Ok(place) if gauge == Gauge::default() => {
                self.0.remove(place);
            }
            Ok(place) => self.0[place].1 = gauge,
            Err(_) if gauge == Gauge::default() => {}
            Err(place) => self.0.insert(place, (sender, gauge)),
        }
    }

    #[must_use]
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all of them as one.
    #[must_use]
    pub(in crate::engine) fn sum<'g>(all: impl Iterator<Item = &'g Self>) -> Gauge {
        let gauges = all.flat_map(|gauges| gauges.0.iter().map(|(_, gauge)| gauge));
        gauges.fold(Gauge::default(), |sum, gauge| Gauge {
            waiting: sum.waiting + gauge.waiting,
            at_risk: sum.at_risk + gauge.at_risk,
            oldest: sum.oldest.into_iter().chain(gauge.oldest).min(),
        })
    }

    #[must_use]
    pub(in crate::engine) fn live(&self, now: Timestamp) -> LiveState {
        let gauges = || self.0.iter().map(|(_, gauge)| gauge);
        let oldest = gauges().filter_map(|gauge| gauge.oldest).min();
        LiveState {
            waiting: gauges().map(|gauge| gauge.waiting).sum(),
            longest_wait: oldest.map(|since| (now - since).as_secs().max(0.0)),
            at_risk: gauges().map(|gauge| gauge.at_risk).sum(),
        }
    }
}
