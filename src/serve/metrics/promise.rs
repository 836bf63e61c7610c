//! What is promised, beside what was kept: so that a rule compares each policy with its own target, and a wait with its own promise.

use std::collections::BTreeMap;

use super::page::{Named, Page};
use crate::serve::{Entity, ReadModel, policies};
use floorwalker_core::{
    contact::{ContactSettings, Measure, Policy},
    event::Timestamp,
};

/// Policies in force, by name.
#[derive(Debug)]
pub(super) struct Promises(BTreeMap<String, Policy>);

impl Promises {
    /// The policies that the configuration of this process and the directory have now.
    pub(super) fn of(model: &ReadModel, contact: &ContactSettings, now: Timestamp) -> Self {
        Self(policies::in_force(model, contact, now))
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
        for (name, policy) in &self.0 {
            let labels = [("policy", name.as_str())];
            page.gauge(TARGET, &labels, policy.target);
            page.gauge(PROMISE, &labels, policy.threshold.as_secs());
        }
    }

    /// The longest promise to those who wait in a queue or group, of the policies by which anything was decided there.
    pub(super) fn write_of(&self, page: &mut Page, group: &Entity) {
        const PROMISE: Named = (
            "floorwalker_longest_wait_promise_seconds",
            "Within how long who waits here was promised an answer; the longest, if there are several",
        );
        let named = group.scores.iter().flat_map(|score| &score.policies);
        let promised = named.filter_map(|name| self.0.get(name));
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
