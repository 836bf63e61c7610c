//! What there is to recognize in the merits of one agent or team.

use super::{Merits, RecognitionKind, RecognitionRule, merits::SHARES};
use crate::{
    balance::{Level, wilson},
    event::{Span, Timestamp},
    rules::statistic::{float, share_z},
};

/// A past of fewer times the minimum shows nothing usual.
const PAST_TIMES: f64 = 3.0;
/// Where another share has fallen so far, it was paid for.
const PAID_FOR: f64 = -1.5;

/// What is measured by each of the shares, as in the sentence.
const MEASURES: [&str; SHARES] = [
    "promises kept",
    "resolved, by the agent",
    "work not handed on",
    "top ratings",
];

/// Something well done.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::rules) struct Praise {
    pub value: f64,
    pub threshold: f64,
    /// Observations in the value.
    pub n: i64,
    /// What the value is at least, with 99 % certainty.
    pub at_least: Option<f64>,
    /// What it was before.
    pub usual: Option<f64>,
    pub measure: Option<&'static str>,
    /// When it began.
    pub since: Timestamp,
}

/// Returns what there is to recognize.
pub(in crate::rules) fn praise(
    kind: RecognitionKind,
    merits: &Merits,
    now: Timestamp,
    rule: &RecognitionRule,
) -> Option<Praise> {
    match kind {
        RecognitionKind::TargetHeld => target_held(merits, now, rule),
        RecognitionKind::Streak => streak(merits, rule),
        RecognitionKind::Improvement => improvement(merits, now, rule),
    }
}

/// The upper bound (Wilson, 99 %) of the share missed is no more than `threshold` of what the targets allow, and the work lasts for half of the
/// window.
fn target_held(merits: &Merits, now: Timestamp, rule: &RecognitionRule) -> Option<Praise> {
    let deeds = merits.within(now, rule.window);
    let since = merits.first_owed(now, rule.window)?;
    let lasts = now - since;
    if deeds.owed < i64::from(rule.minimum) || lasts.0 * 2 < rule.window.0 {
        return None;
    }
    let owed = float(deeds.owed);
    let missed = (float(deeds.missed) / owed).clamp(0.0, 1.0);
    let allowed = float(deeds.allowed) / 1e3 / owed;
    let (_, most) = wilson(missed, owed, Level::P99);
    (most <= rule.threshold * allowed).then_some(Praise {
        value: 1.0 - missed,
        threshold: 1.0 - allowed,
        n: deeds.owed,
        at_least: Some(1.0 - most),
        usual: None,
        measure: None,
        since,
    })
}

fn streak(merits: &Merits, rule: &RecognitionRule) -> Option<Praise> {
    let (ratings, since) = merits.streak()?;
    (float(ratings) >= rule.threshold).then_some(Praise {
        value: float(ratings),
        threshold: rule.threshold,
        n: ratings,
        at_least: None,
        usual: None,
        measure: None,
        since,
    })
}

/// The share that has grown most, if it has grown by `threshold` standard deviations and none has fallen.
fn improvement(merits: &Merits, now: Timestamp, rule: &RecognitionRule) -> Option<Praise> {
    let deeds = merits.within(now, rule.window);
    let before = merits.before(now, rule.window);
    let least = f64::from(rule.minimum);
    let grown = |place: usize| {
        let ((well, all), (past_well, past_all)) = (deeds.shares[place], before[place]);
        let (well, all) = (float(well), float(all));
        let is_enough = all >= least && past_all >= PAST_TIMES * least;
        is_enough.then(|| {
            let usual = (past_well / past_all).clamp(0.0, 1.0);
            (
                share_z(well.clamp(0.0, all), all, usual, past_all),
                place,
                usual,
            )
        })
    };
    let all: Vec<(f64, usize, f64)> = (0..SHARES).filter_map(grown).collect();
    if all.iter().any(|(z, ..)| *z <= PAID_FOR) {
        return None;
    }
    let (z, place, usual) = all
        .into_iter()
        .max_by(|one, other| one.0.total_cmp(&other.0))?;
    let (well, n) = deeds.shares[place];
    (z >= rule.threshold).then(|| {
        let value = (float(well) / float(n)).clamp(0.0, 1.0);
        Praise {
            value,
            threshold: usual,
            n,
            at_least: Some(wilson(value, float(n), Level::P99).0),
            usual: Some(usual),
            measure: Some(MEASURES[place]),
            since: now - rule.window,
        }
    })
}

/// Returns the sentence.
pub(super) fn why(kind: RecognitionKind, name: &str, praise: &Praise, window: Span) -> String {
    let Praise {
        value,
        n,
        threshold,
        ..
    } = praise;
    let hours = window.0 / 3_600_000_000;
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let at_least = percent(praise.at_least.unwrap_or_default());
    match kind {
        RecognitionKind::TargetHeld => format!(
            "{name}: {} of {n} promises kept in {hours} h ({}, at least {at_least} by the interval); the target is {}.",
            (float(*n) * value).round(),
            percent(*value),
            percent(*threshold),
        ),
        RecognitionKind::Streak => format!("{name}: {n} top ratings in a row."),
        RecognitionKind::Improvement => format!(
            "{name}: {} {} of {n} in {hours} h, {} before.",
            praise.measure.unwrap_or_default(),
            percent(*value),
            percent(praise.usual.unwrap_or_default()),
        ),
    }
}

/// Returns the rule as text.
pub(super) fn formula(kind: RecognitionKind, rule: &RecognitionRule) -> String {
    let (threshold, hours) = (rule.threshold, rule.window.0 / 3_600_000_000);
    match kind {
        RecognitionKind::TargetHeld => {
            format!("upper bound of the share missed in {hours} h ≤ {threshold} × (1 − target)")
        }
        RecognitionKind::Streak => {
            format!("ratings at the top of their scale in a row ≥ {threshold}")
        }
        RecognitionKind::Improvement => {
            format!("best share of {hours} h {threshold} σ over the own past, and none below it")
        }
    }
}

pub(super) const fn unit(kind: RecognitionKind) -> &'static str {
    match kind {
        RecognitionKind::TargetHeld => "share of promises kept",
        RecognitionKind::Streak => "top ratings in a row",
        RecognitionKind::Improvement => "share that went well",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{
        recognition::Deeds,
        signal::{Signal, Signals},
    };

    const DAY: i64 = 86_400;
    /// Half of the window.
    const HALF: i64 = 4 * 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    fn deeds(counts: &[(Signal, i64)], target: f64) -> Deeds {
        let mut signals = Signals::default();
        (counts.iter()).for_each(|(signal, count)| signals.add(*signal, *count));
        Deeds::of_promises(&signals, Some(target)).with_shares(&signals)
    }

    fn of(kind: RecognitionKind, merits: &Merits, now: Timestamp) -> Option<Praise> {
        praise(kind, merits, now, &RecognitionRule::of(kind))
    }

    #[test]
    fn a_target_is_held_where_chance_is_no_explanation() {
        let held = |met: i64, missed: i64, target: f64| {
            let mut merits = Merits::default();
            let counts = [(Signal::Met, met), (Signal::Missed, missed)];
            let first = [(Signal::Met, 1), (Signal::Missed, 0)];
            merits.add(at(60), &deeds(&first, target));
            merits.add(at(HALF - 15), &deeds(&counts, target));
            assert_eq!(of(RecognitionKind::TargetHeld, &merits, at(HALF - 1)), None);
            of(RecognitionKind::TargetHeld, &merits, at(HALF))
        };
        let praise = held(63, 0, 0.8).unwrap();
        assert!((praise.value - 1.0).abs() < 1e-9 && (praise.threshold - 0.8).abs() < 1e-9);
        assert!(praise.at_least.unwrap() >= 0.9);
        // 58 of 58 could be luck, and so could 12 of 12; two misses take more promises.
        assert_eq!(held(58, 0, 0.8), None);
        assert_eq!(held(38, 0, 0.2), None);
        assert_eq!(held(64, 2, 0.8), None);
        assert!(held(120, 2, 0.8).is_some());
        // A target of 100 % leaves no room that could be shown.
        assert_eq!(held(5_000, 0, 1.0), None);
    }

    #[test]
    fn what_grew_most_is_recognized_unless_it_was_paid_for() {
        let improved = |well: i64, transferred: i64| {
            let mut merits = Merits::default();
            let usual = [
                (Signal::Dispositions, 100),
                (Signal::Unresolved, 40),
                (Signal::Ended, 100),
                (Signal::Transferred, 10),
            ];
            merits.add(at(60), &deeds(&usual, 0.8));
            let today = [
                (Signal::Dispositions, 60),
                (Signal::Unresolved, 60 - well),
                (Signal::Ended, 60),
                (Signal::Transferred, transferred),
            ];
            merits.add(at(DAY), &deeds(&today, 0.8));
            of(RecognitionKind::Improvement, &merits, at(DAY + 15))
        };
        let praise = improved(54, 5).unwrap();
        assert_eq!(praise.measure, Some("resolved, by the agent"));
        assert!((praise.usual.unwrap() - 0.6).abs() < 1e-9 && (praise.value - 0.9).abs() < 1e-9);
        assert_eq!(
            why(
                RecognitionKind::Improvement,
                "ana",
                &praise,
                Span::from_secs(8 * 3_600)
            ),
            "ana: resolved, by the agent 90 % of 60 in 8 h, 60 % before."
        );
        assert_eq!(improved(48, 5), None);
        assert_eq!(improved(54, 15), None, "more was handed on");
    }
}
