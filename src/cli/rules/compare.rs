//! Which alerts only one of two configurations raises.

use std::collections::BTreeMap;

use super::raised::Raised;
use floorwalker_core::{alert::RULES_OF_CONTACTS, event::Timestamp};

/// Returns those of `these` beside which no other of the same rule and subject fires at any time; what fires at the end does so until
/// `end`. Those about contacts come last.
pub(super) fn only(these: &[Raised], others: &[Raised], end: Timestamp) -> Vec<Raised> {
    let mut others_by_key: BTreeMap<(&str, &str), Vec<&Raised>> = BTreeMap::new();
    for other in others {
        others_by_key.entry(key(other)).or_default().push(other);
    }
    let is_alone = |it: &Raised| {
        let of_key = others_by_key.get(&key(it)).into_iter().flatten();
        let mut overlaps = of_key.map(|other| overlap(it, other, end));
        !overlaps.any(|overlaps| overlaps)
    };
    let mut alone: Vec<Raised> = these.iter().filter(|it| is_alone(it)).cloned().collect();
    alone.sort_by_key(|it| RULES_OF_CONTACTS.contains(&it.rule.as_str()));
    alone
}

fn key(it: &Raised) -> (&str, &str) {
    (&it.rule, &it.subject)
}

/// Whether they fire at one time, if only for an instant.
fn overlap(one: &Raised, other: &Raised, end: Timestamp) -> bool {
    one.at <= other.ends_by(end) && other.at <= one.ends_by(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use floorwalker_core::event::Span;

    const END: i64 = 1_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    fn raised(rule: &str, subject: &str, from: i64, until: Option<i64>) -> Raised {
        Raised {
            id: format!("{subject}/{from}"),
            rule: rule.to_owned(),
            subject: subject.to_owned(),
            group: subject.to_owned(),
            at: at(from),
            ended_at: until.map(at),
            calls: true,
            why: String::new(),
        }
    }

    #[test]
    fn an_alert_is_alone_beside_other_rules_subjects_and_times() {
        let this = raised("queue.surge", "queue:a", 100, Some(200));
        let table = [
            ("queue.surge", "queue:a", 0, Some(99), true),
            ("queue.surge", "queue:a", 0, Some(100), false),
            ("queue.surge", "queue:a", 150, Some(160), false),
            ("queue.surge", "queue:a", 200, Some(300), false),
            ("queue.surge", "queue:a", 201, None, true),
            ("queue.surge", "queue:a", 50, None, false),
            ("queue.surge", "queue:b", 100, Some(200), true),
            ("sla.burn", "queue:a", 100, Some(200), true),
        ];
        for (rule, subject, from, until, expected) in table {
            let other = raised(rule, subject, from, until);
            let alone = [(&this, &other), (&other, &this)].map(|(one, two)| {
                let [one, two] = [one, two].map(std::slice::from_ref);
                !only(one, two, at(END)).is_empty()
            });
            assert_eq!(alone, [expected; 2], "{other:?}");
        }
    }

    #[test]
    fn one_long_alert_stands_for_several_short_ones() {
        let long = [raised("queue.surge", "queue:a", 100, None)];
        let short = [
            raised("queue.surge", "queue:a", 50, Some(60)),
            raised("queue.surge", "queue:a", 120, Some(130)),
            raised("queue.surge", "queue:a", 300, Some(310)),
        ];
        assert_eq!(only(&long, &short, at(END)), []);
        assert_eq!(only(&short, &long, at(END)), short[..1]);
    }

    #[test]
    fn those_about_contacts_come_last() {
        let these = [
            raised("sla.missed", "contact:c1", 10, Some(20)),
            raised("queue.surge", "queue:a", 100, None),
        ];
        let alone = only(&these, &[], at(END));
        let rules: Vec<&str> = alone.iter().map(|it| it.rule.as_str()).collect();
        assert_eq!(rules, ["queue.surge", "sla.missed"]);
    }
}
