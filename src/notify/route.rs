//! Which alert goes to whom, and when.

use std::collections::{BTreeMap, BTreeSet};

use floorwalker_core::{
    contact::Hours,
    event::{Span, Timestamp},
    silence::{AlertTraits, Matchers, Pattern},
};

/// How long after a message of an alert the next one may follow, unless something else is given.
pub(super) const GROUP_INTERVAL: Span = Span::from_secs(300);

/// One way for alerts to go. The first that matches counts, and those behind it if it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// What an alert must be; without any, all are meant.
    pub matchers: Matchers,
    /// One of the recipients of the alert's record must match: `supervisors` from its first escalation on, `operations` from its second on.
    pub recipient: Option<Pattern>,
    /// Names of receivers.
    pub to: Vec<String>,
    /// While one of them holds, only the end of what was sent before is sent; a first message waits.
    pub quiet: Vec<Hours>,
    /// How long after a message of an alert the next one may follow that it still fires or goes up.
    pub group_interval: Span,
    /// Whether the routes behind it are asked, too.
    pub goes_on: bool,
}

/// The routes in their order. Without any, all goes to everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    pub all: Vec<Route>,
    /// Names of all receivers.
    pub receivers: BTreeSet<String>,
    /// What holds without any route.
    pub group_interval: Span,
}

impl Default for Routes {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            receivers: BTreeSet::new(),
            group_interval: GROUP_INTERVAL,
        }
    }
}

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) receiver: String,
    /// Nobody is called there now.
    pub(super) quiet: bool,
    pub(super) group_interval: Span,
}

impl Route {
    fn matches(&self, alert: &AlertTraits<'_>, recipients: &[String]) -> bool {
        let is_recipient = |pattern: &Pattern| recipients.iter().any(|it| pattern.matches(it));
        (self.matchers.is_empty() || self.matchers.match_all(alert))
            && self.recipient.as_ref().is_none_or(is_recipient)
    }

    fn is_quiet(&self, now: Timestamp) -> bool {
        self.quiet.iter().any(|hours| hours.is_open_at(now))
    }

    /// Returns whether it takes all that another one would, and lets none of it go on.
    #[must_use]
    pub fn hides(&self, other: &Self) -> bool {
        let recipient = match (&self.recipient, &other.recipient) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => ours.covers(theirs),
        };
        !self.goes_on && recipient && self.matchers.cover(&other.matchers)
    }
}

impl Routes {
    /// Returns the receivers of an alert, each once. One that is quiet by one route and not by another is called. Of two routes to it the
    /// shorter interval holds.
    pub(super) fn targets(
        &self,
        alert: &AlertTraits<'_>,
        recipients: &[String],
        now: Timestamp,
    ) -> BTreeSet<Target> {
        let target = |receiver: &String, quiet, group_interval| Target {
            receiver: receiver.clone(),
            quiet,
            group_interval,
        };
        if self.all.is_empty() {
            let all = self.receivers.iter();
            return all
                .map(|it| target(it, false, self.group_interval))
                .collect();
        }
        let mut targets: BTreeMap<&String, Target> = BTreeMap::new();
        for route in &self.all {
            if !route.matches(alert, recipients) {
                continue;
            }
            let quiet = route.is_quiet(now);
            for receiver in &route.to {
                let of_route = target(receiver, quiet, route.group_interval);
                match targets.get_mut(receiver) {
                    Some(known) if known.quiet == quiet => {
                        known.group_interval = known.group_interval.min(route.group_interval);
                    }
                    Some(known) if !known.quiet => {}
                    Some(_) | None => drop(targets.insert(receiver, of_route)),
                }
            }
            if !route.goes_on {
                break;
            }
        }
        targets.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(matchers: &str, to: &[&str]) -> Route {
        Route {
            matchers: serde_json::from_str(matchers).unwrap(),
            recipient: None,
            to: to.iter().map(|it| (*it).to_owned()).collect(),
            quiet: Vec::new(),
            group_interval: GROUP_INTERVAL,
            goes_on: false,
        }
    }

    fn routes(all: Vec<Route>) -> Routes {
        Routes {
            all,
            receivers: ["a", "b", "c"].map(str::to_owned).into(),
            group_interval: GROUP_INTERVAL,
        }
    }

    fn targets(routes: &Routes, rule: &str, recipients: &[&str]) -> String {
        let alert = AlertTraits {
            rule,
            subject: "queue:billing",
            severity: "critical",
            ..AlertTraits::default()
        };
        let recipients: Vec<String> = recipients.iter().map(|it| (*it).to_owned()).collect();
        let found = routes.targets(&alert, &recipients, Timestamp(0));
        let names = found.into_iter().map(|it| it.receiver);
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn without_routes_all_goes_to_everybody() {
        assert_eq!(targets(&routes(Vec::new()), "queue.surge", &[]), "a b c");
    }

    #[test]
    fn the_first_route_that_matches_counts_unless_it_goes_on() {
        let mut all = vec![
            route(r#"{"rule":"queue.*"}"#, &["a"]),
            route("{}", &["b", "c"]),
        ];
        assert_eq!(targets(&routes(all.clone()), "queue.surge", &[]), "a");
        assert_eq!(targets(&routes(all.clone()), "sla.burn", &[]), "b c");
        all[0].goes_on = true;
        assert_eq!(targets(&routes(all), "queue.surge", &[]), "a b c");
    }

    #[test]
    fn recipients_grow_as_an_alert_goes_up() {
        let mut up = route("{}", &["c"]);
        up.recipient = Some(Pattern::read("supervisors").unwrap());
        up.goes_on = true;
        let routes = routes(vec![up, route("{}", &["a"])]);
        assert_eq!(targets(&routes, "queue.surge", &["queue:billing"]), "a");
        let escalated = ["queue:billing", "supervisors"];
        assert_eq!(targets(&routes, "queue.surge", &escalated), "a c");
    }

    #[test]
    fn a_receiver_is_quiet_only_if_no_other_route_calls_it() {
        let night = floorwalker_core::contact::LocalSpan {
            opens: 0,
            closes: 6 * 60,
        };
        let mut quiet = route("{}", &["a", "b"]);
        quiet.goes_on = true;
        quiet.quiet.push(Hours {
            zone: Hours::zone_named("Europe/Oslo").unwrap(),
            week: std::array::from_fn(|_| vec![night]),
            special_days: BTreeMap::new(),
        });
        let routes = routes(vec![quiet, route("{}", &["b"])]);
        let check = |at: &str, expect: &[(&str, bool)]| {
            let now = Timestamp::parse(at).unwrap();
            let found = routes.targets(&AlertTraits::default(), &[], now);
            let found: Vec<(&str, bool)> = (found.iter())
                .map(|it| (it.receiver.as_str(), it.quiet))
                .collect();
            assert_eq!(found, expect, "{at}");
        };
        check("2026-11-22T03:00:00+01:00", &[("a", true), ("b", false)]);
        check("2026-11-22T05:59:00+01:00", &[("a", true), ("b", false)]);
        check("2026-11-22T06:00:00+01:00", &[("a", false), ("b", false)]);
    }

    #[test]
    fn of_two_routes_to_a_receiver_the_shorter_interval_holds() {
        let mut first = route("{}", &["a", "b"]);
        first.goes_on = true;
        let mut second = route("{}", &["a"]);
        second.group_interval = Span::from_secs(60);
        let routes = routes(vec![first, second]);
        let found = routes.targets(&AlertTraits::default(), &[], Timestamp(0));
        let seconds = found.into_iter().map(|it| it.group_interval);
        assert_eq!(seconds.collect::<Vec<_>>(), [60, 300].map(Span::from_secs));
    }

    #[test]
    fn a_route_that_takes_all_of_another_hides_it() {
        let hides = |one: &str, other: &str| route(one, &["a"]).hides(&route(other, &["b"]));
        assert!(hides("{}", r#"{"rule":"queue.surge"}"#));
        assert!(hides(
            r#"{"rule":"queue.*"}"#,
            r#"{"rule":"queue.surge","team":"north"}"#
        ));
        assert!(!hides(r#"{"rule":"queue.surge"}"#, r#"{"rule":"queue.*"}"#));
        assert!(!hides(
            r#"{"rule":"queue.*","team":"north"}"#,
            r#"{"rule":"queue.surge"}"#
        ));
    }
}
