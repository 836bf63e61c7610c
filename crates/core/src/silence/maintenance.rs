//! A window of maintenance: alerts are expected then, and call nobody.

use super::Matchers;
use crate::{contact::Hours, event::Timestamp};

/// Alerts that match call nobody while it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    pub name: String,
    pub matchers: Matchers,
    pub when: When,
}

/// When a window holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    Once { from: Timestamp, to: Timestamp },
    Weekly(Hours),
}

impl Maintenance {
    /// Returns what alerts have as `silenced_by` while it holds.
    #[must_use]
    pub fn id(&self) -> String {
        format!("maintenance:{}", self.name)
    }

    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ends_at(now).is_some()
    }

    /// Returns when it ends if it holds.
    #[must_use]
    pub fn ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once { from, to } => (*from <= now && now < *to).then_some(*to),
            When::Weekly(hours) => hours.closes_behind(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::contact::LocalSpan;

    fn check(when: When, expect: &[(&str, bool)]) {
        let window = Maintenance {
            name: "night".to_owned(),
            matchers: Matchers::default(),
            when,
        };
        for (at, holds) in expect {
            let at = Timestamp::parse(at).unwrap();
            assert_eq!(window.holds(at), *holds, "{at}");
            // It holds up to its end, and not at it.
            if let Some(end) = window.ends_at(at) {
                assert!(at < end && !window.holds(end), "{at}: {end}");
            }
        }
    }

    #[test]
    fn a_window_holds_once() {
        let [from, to] = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"]
            .map(|text| Timestamp::parse(text).unwrap());
        check(
            When::Once { from, to },
            &[
                ("2026-11-22T09:59:59Z", false),
                ("2026-11-22T10:00:00Z", true),
                ("2026-11-22T11:00:00Z", false),
            ],
        );
    }

    /// Clocks are set back at 03:00 on the last Sunday of October.
    #[test]
    fn a_window_holds_each_week_by_its_zone() {
        let night = LocalSpan {
            opens: 22 * 60,
            closes: 30 * 60,
        };
        let mut week: [Vec<LocalSpan>; 7] = Default::default();
        week[5] = vec![night];
        let hours = Hours {
            zone: Hours::zone_named("Europe/Berlin").unwrap(),
            week,
            special_days: BTreeMap::new(),
        };
        check(
            When::Weekly(hours),
            &[
                ("2026-10-24T21:59:00+02:00", false),
                ("2026-10-24T22:00:00+02:00", true),
                ("2026-10-25T02:30:00+02:00", true),
                ("2026-10-25T02:30:00+01:00", true),
                ("2026-10-25T05:59:00+01:00", true),
                ("2026-10-25T06:00:00+01:00", false),
                ("2026-10-25T22:30:00+01:00", false),
            ],
        );
    }
}
