//! What is promised, beside what was kept: so that a rule compares each policy with its own target, and a wait with its own promise.

use std::collections::BTreeMap;

use super::page::{Named, Page};
use crate::serve::{Configured, Entity, ReadModel, policies};
use floorwalker_core::{
    contact::{Measure, Policy},
    event::{QueueId, Timestamp},
    kpi::Places,
};

/// Policies in force, by name, and who answers for each queue.
#[derive(Debug)]
pub(super) struct Promises {
    policies: BTreeMap<String, Policy>,
    places: Places,
    now: Timestamp,
}

impl Promises {
    /// What the configuration of this process and the directory have now.
    pub(super) fn of(model: &ReadModel, configured: &Configured, now: Timestamp) -> Self {
        let contact = &configured.contact;
        let directory = policies::directory(model, contact);
        Self {
            policies: policies::in_force(&directory, contact, now),
            places: directory.places(&configured.places),
            now,
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        const TARGET: Named = (
            "floorwalker_sla_target_ratio",
            "Share of a policy's decided obligations to be met",
        );
        const PROMISE: Named = (
            "floorwalker_sla_promise_seconds",
            "Within how long a policy promises what it measures",
        );
        for (name, policy) in &self.policies {
            let labels = [("policy", name.as_str())];
            page.gauge(TARGET, &labels, policy.target);
            page.gauge(PROMISE, &labels, policy.threshold.as_secs());
        }
    }

    /// Of a queue, its team and site now; empty if none answers for it.
    pub(super) fn write_place_of(&self, page: &mut Page, group: &Entity) {
        const PLACE: Named = (
            "floorwalker_queue_info",
            "1, with the team and site that answer for the queue now",
        );
        let (kind, name) = group.kind_and_name();
        if kind != "queue" {
            return;
        }
        let place = self.places.of(&QueueId::new(name), self.now);
        let team = place.and_then(|it| it.team.as_ref());
        let site = place.and_then(|it| it.site.as_ref());
        let labels = [
            ("kind", kind),
            ("name", name),
            ("team", team.map_or("", |team| team.as_str())),
            ("site", site.map_or("", |site| site.as_str())),
        ];
        page.gauge(PLACE, &labels, 1.0);
    }

    /// The longest promise to those who wait in a queue or group, of the policies by which anything was decided there.
    pub(super) fn write_of(&self, page: &mut Page, group: &Entity) {
        const PROMISE: Named = (
            "floorwalker_longest_wait_promise_seconds",
            "Within how long who waits here was promised an answer; the longest, if there are several",
        );
        let named = group.scores.iter().flat_map(|score| &score.policies);
        let promised = named.filter_map(|name| self.policies.get(name));
        let promised = promised.filter(|policy| is_to_who_waits(policy.measure));
        if let Some(longest) = promised.map(|policy| policy.threshold).max() {
            let (kind, name) = group.kind_and_name();
            page.gauge(
                PROMISE,
                &[("kind", kind), ("name", name)],
                longest.as_secs(),
            );
        }
    }
}

const fn is_to_who_waits(measure: Measure) -> bool {
    match measure {
        Measure::Answer | Measure::FirstResponse | Measure::NextResponse => true,
        Measure::Accept | Measure::Resolution => false,
    }
}
