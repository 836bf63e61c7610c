//! Rules about one agent: how they have changed, and whether they are overloaded.

use std::collections::btree_map::Entry;

use super::{
    Finding, GroupRule, RuleKind, Verdict,
    series::{Series, Totals},
    signal::{PANE, Signal, Signals},
    state::{AgentState, Evidence, Served},
    statistic::{float, odds_gain, shift_gain},
};
use crate::{
    balance::{Level, wilson},
    event::{Channel, QueueId, Span, Timestamp},
};

/// Who is away for less has had no break.
const BREAK_MIN: Span = Span::from_secs(300);
/// Peers who did less together show nothing usual.
const PEERS_MIN: f64 = 20.0;
/// Evidence stops at so many times the threshold: what is over resolves in time.
const EVIDENCE_MAX: f64 = 1.6;
/// Standard deviations by which somebody in trouble is slower, and somebody who rushes is faster.
const SLOWER: f64 = 0.75;
const FASTER: f64 = -0.9;
const CLIP: f64 = 3.0;

/// Whether work on a channel is a whole contact, or one turn of many.
const fn weight(channel: Channel) -> (f64, f64) {
    match channel {
        Channel::Voice | Channel::Video | Channel::Chat | Channel::Other => (1.0, 20.0),
        Channel::Email | Channel::Social | Channel::Sms | Channel::Messaging => (0.5, 60.0),
    }
}

/// Whoever has been logged on for so long goes home.
const SHIFT_MIN: Span = Span::from_secs(7 * 3_600);
/// Who was there when signals began came at a time that nobody knows.
const BEGINNING: Span = Span::from_secs(300);
/// Shifts end at whole quarters of an hour, within so much before and after.
const SHIFT_END: (Span, Span) = (Span::from_secs(30), Span::from_secs(150));

/// Returns whether somebody logs off as at the end of a shift.
fn ends_shift(came_at: Option<Timestamp>, at: Timestamp, began_at: Timestamp) -> bool {
    let known = came_at.filter(|came_at| began_at + BEGINNING < *came_at);
    let quarter = Span::from_secs(900);
    let since = (at + SHIFT_END.0).floor(quarter);
    known.map_or(at - since <= SHIFT_END.0 + SHIFT_END.1, |came| {
        SHIFT_MIN <= at - came
    })
}

/// Moves an agent's states on over a pane that begins at `start`.
pub(super) fn pass_states(
    state: &mut AgentState,
    start: Timestamp,
    signals: &Signals,
    began_at: Timestamp,
) {
    let at = start + PANE;
    let logged_on = signals.get(Signal::LoggedOnStep);
    if logged_on != 0 {
        state.changed_at = Some(at);
    }
    let was_logged_on = state.logged_on > 0;
    state.logged_on += logged_on;
    if was_logged_on && state.logged_on <= 0 {
        state.is_off_duty = ends_shift(state.came_at, at, began_at);
    } else if !was_logged_on && state.logged_on > 0 {
        state.came_at = Some(at);
        state.is_off_duty = false;
    }
    let was_present = state.present > 0;
    state.present += signals.get(Signal::PresentStep);
    let is_present = state.present > 0;
    if was_present && !is_present {
        state.absent_since = Some(at);
    } else if is_present && !was_present {
        let rested = state
            .absent_since
            .is_none_or(|since| since + BREAK_MIN <= at);
        if rested || state.working_since.is_none() {
            state.working_since = Some(at);
        }
        state.absent_since = None;
    }
}

/// Returns for how many seconds of the last `window` the agent was there.
pub(super) fn seconds_there(
    state: &AgentState,
    series: Option<&Series>,
    now: Timestamp,
    window: Span,
) -> f64 {
    let mut there = 0.0;
    // From now backwards: how many there were before each step.
    let (mut level, mut until) = (state.present, now);
    let panes = series.into_iter();
    for (start, signals) in panes.flat_map(|known| known.newest(now - window, now)) {
        let end = *start + PANE;
        there += float(level) * (until - end).as_secs();
        level -= signals.get(Signal::PresentStep);
        let within = float(signals.get(Signal::PresentMillis)) / 1e3;
        there += float(level) * PANE.as_secs() + within;
        until = *start;
    }
    there + float(level) * (until - (now - window)).as_secs()
}

/// Returns for how many seconds an agent has worked without a break.
pub(super) fn working(state: &AgentState, now: Timestamp) -> f64 {
    let rested = state.absent_since.is_some_and(|at| at + BREAK_MIN <= now);
    let since = state.working_since.filter(|_| !rested);
    since.map_or(0.0, |at| (now - at).as_secs())
}

/// Judges for how long an agent has worked without a break. `work`: the seconds that they worked in the window, and those that they were there.
pub(super) fn overload(
    state: &AgentState,
    work: impl Fn() -> (f64, f64),
    now: Timestamp,
    rule: &GroupRule,
) -> Finding {
    /// Who has less to do rests between contacts.
    const OCCUPANCY_MIN: f64 = 0.8;
    let seconds = working(state, now);
    // Few have worked so long: only of them is it asked how busy they were.
    let (worked, there) = if seconds >= rule.threshold {
        work()
    } else {
        (0.0, 1.0)
    };
    let share = (worked / there.max(1.0)).min(1.0);
    let bounds = (rule.threshold, rule.clear);
    Finding {
        verdict: Finding::verdict_of(seconds, bounds, share >= OCCUPANCY_MIN),
        value: seconds,
        usual: 7_200.0,
        threshold: rule.threshold,
        n: 1,
        strength: seconds,
        extra: [share, 0.0, 0.0],
        ..Finding::unknown(RuleKind::AgentOverload, String::new())
    }
}

/// Judges the share of what an agent owes that is missed, by its lower bound (Wilson), against the peers'.
pub(super) fn sla(own: &Totals, peers: &Totals, rule: &GroupRule) -> Finding {
    const TIMES_PEERS: f64 = 1.5;
    const ALLOWED: f64 = 0.2;
    let (missed, all) = (
        own.get(Signal::Missed),
        own.get(Signal::Missed) + own.get(Signal::Met),
    );
    let theirs = peers.get(Signal::Missed) + peers.get(Signal::Met);
    let usual = (peers.get(Signal::Missed) + 1.0) / (theirs + 5.0);
    let allowed = ALLOWED.max(TIMES_PEERS * usual) + rule.threshold;
    let share = missed / all.max(1.0);
    let bound = if all > 0.0 {
        wilson(share, all, Level::P99).0
    } else {
        0.0
    };
    let is_enough = all >= f64::from(rule.minimum);
    let verdict = if is_enough && bound > allowed {
        Verdict::Holds
    } else if share <= allowed {
        Verdict::Clear
    } else {
        Verdict::Between
    };
    Finding {
        verdict,
        value: share,
        usual,
        threshold: allowed,
        n: super::statistic::whole(all),
        strength: bound,
        extra: [missed, bound, 0.0],
        ..Finding::unknown(RuleKind::AgentSla, String::new())
    }
}

/// What an agent did in a pane, in one queue and channel, and what the peers did in the window.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub at: Timestamp,
    pub group: (QueueId, Channel),
    pub own: &'a Signals,
    pub peers: &'a Totals,
}

/// Adds a piece of work to the evidence for and against a change. Returns whether it is the agent's first in its queue and channel.
pub(super) fn observe(state: &mut AgentState, piece: &Piece<'_>, most: f64) -> bool {
    let Piece {
        at,
        ref group,
        own,
        peers,
    } = *piece;
    let (is_new, served_in) = match state.served.entry(group.clone()) {
        Entry::Vacant(entry) => (true, entry.insert(Served::default())),
        Entry::Occupied(entry) => (false, entry.into_mut()),
    };
    let handled = float(own.get(Signal::Handled));
    if handled > 0.0 {
        served_in.add_work(at, float(own.get(Signal::HandleSeconds)));
    }
    let deviation = deviation(own, peers).filter(|_| handled > 0.0);
    let (weight, shrink) = weight(group.1);
    let (mut slow, mut fast) = ([0.0; 4], [0.0; 4]);
    if let Some(deviation) = deviation {
        let own_way = deviation - served_in.baseline(shrink);
        slow[0] = weight * shift_gain(own_way, handled, SLOWER);
        fast[0] = weight * shift_gain(own_way, handled, FASTER);
        served_in.add_deviation(at, deviation * handled, handled);
    }
    let odds = [
        (Signal::Transferred, Signal::Ended, 3.0, 2.0),
        (Signal::Unresolved, Signal::Dispositions, 4.0, 0.3),
        (Signal::RatedLow, Signal::Rated, 2.5, 2.5),
    ];
    for (place, (part, all, slower, faster)) in (1..).zip(odds) {
        let seen = peers.get(all);
        let number = float(own.get(all));
        if number <= 0.0 || seen < PEERS_MIN {
            continue;
        }
        let usual = (peers.get(part) + 1.0) / (seen + 10.0);
        let gain = |times| odds_gain(float(own.get(part)), number, usual, times);
        (slow[place], fast[place]) = (gain(slower), gain(faster));
    }
    let n = own.get(Signal::Ended).max(own.get(Signal::Handled)).max(1);
    state.slow.add(at, slow, n, EVIDENCE_MAX * most);
    state.fast.add(at, fast, n, EVIDENCE_MAX * most);
    is_new
}

/// Returns how far the mean of the logarithms of handle times lies from the peers', in their standard deviations.
fn deviation(own: &Signals, peers: &Totals) -> Option<f64> {
    let (usual, spread) = peers.log_handle()?;
    if peers.get(Signal::Handled) < PEERS_MIN || spread <= 0.0 {
        return None;
    }
    let n = float(own.get(Signal::Handled));
    let mean = float(own.get(Signal::LogHandle)) / 1e3 / n;
    Some(((mean - usual) / spread).clamp(-CLIP, CLIP))
}

/// Returns whether the evidence that an agent rushes is that of somebody who games the figures: short, and handed on or rated low.
fn is_gamed(evidence: &Evidence) -> bool {
    let [handle, transfers, _, ratings] = evidence.parts;
    handle > 0.0 && transfers + ratings > 1.5
}

/// Judges how much evidence there is that an agent has changed.
pub(super) fn drift(state: &AgentState, rule: &GroupRule) -> Finding {
    let (evidence, faster) = if state.slow.sum >= state.fast.sum {
        (&state.slow, 0.0)
    } else {
        (&state.fast, 1.0)
    };
    let is_enough = evidence.n >= i64::from(rule.minimum) && !(faster > 0.0 && is_gamed(evidence));
    of_evidence(RuleKind::AgentDrift, evidence, faster, (rule, is_enough))
}

/// Judges how much evidence there is that an agent games the figures.
pub(super) fn gaming(state: &AgentState, rule: &GroupRule) -> Finding {
    let is_enough = state.fast.n >= i64::from(rule.minimum) && is_gamed(&state.fast);
    of_evidence(RuleKind::AgentGaming, &state.fast, 1.0, (rule, is_enough))
}

fn of_evidence(
    kind: RuleKind,
    evidence: &Evidence,
    faster: f64,
    (rule, is_enough): (&GroupRule, bool),
) -> Finding {
    let bounds = (rule.threshold, rule.clear);
    Finding {
        verdict: Finding::verdict_of(evidence.sum, bounds, is_enough),
        value: evidence.sum,
        usual: 0.0,
        threshold: rule.threshold,
        n: evidence.n,
        strength: evidence.sum,
        extra: [faster, 0.0, 0.0],
        ..Finding::unknown(kind, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    fn states(steps: &[(Signal, i64)]) -> Signals {
        let mut signals = Signals::default();
        steps
            .iter()
            .for_each(|(signal, by)| signals.add(*signal, *by));
        signals
    }

    #[test]
    fn the_time_there_is_that_of_the_steps() {
        let mut state = AgentState::default();
        let mut series = Series::default();
        let comes = states(&[(Signal::PresentStep, 1), (Signal::PresentMillis, 10_000)]);
        let goes = states(&[(Signal::PresentStep, -1), (Signal::PresentMillis, -5_000)]);
        for (start, signals) in [(at(0), &comes), (at(60), &goes)] {
            series.add(start, signals.clone());
            pass_states(&mut state, start, signals, at(0));
        }
        // From 5 s to 70 s.
        let there = seconds_there(&state, Some(&series), at(120), Span::from_secs(120));
        assert!((there - 65.0).abs() < 1e-9, "{there}");
        assert_eq!(state.working_since, Some(at(15)));
    }

    #[test]
    fn a_short_absence_is_no_break() {
        let mut state = AgentState::default();
        let (comes, goes) = ([(Signal::PresentStep, 1)], [(Signal::PresentStep, -1)]);
        for (seconds, step) in [(0, &comes), (600, &goes), (700, &comes)] {
            pass_states(&mut state, at(seconds), &states(step), at(0));
        }
        assert_eq!(state.working_since, Some(at(15)));
        for (seconds, step) in [(1_000, &goes), (1_300, &comes)] {
            pass_states(&mut state, at(seconds), &states(step), at(0));
        }
        assert_eq!(state.working_since, Some(at(1_315)));
    }

    #[test]
    fn three_bad_contacts_are_no_reason_to_call_anybody() {
        let rule = GroupRule::of(RuleKind::AgentSla);
        let of = |missed, met| {
            let mut totals = Totals::default();
            totals.merge(&states(&[(Signal::Missed, missed), (Signal::Met, met)]), 1);
            totals
        };
        let peers = of(20, 180);
        assert_ne!(sla(&of(3, 0), &peers, &rule).verdict, Verdict::Holds);
        assert_eq!(sla(&of(14, 6), &peers, &rule).verdict, Verdict::Holds);
        // Where all miss as much, nobody is named.
        assert_ne!(sla(&of(14, 6), &of(140, 60), &rule).verdict, Verdict::Holds);
        assert_eq!(sla(&of(1, 19), &peers, &rule).verdict, Verdict::Clear);
    }

    #[test]
    fn somebody_slower_than_the_peers_is_found_and_one_who_always_was_is_not() {
        let peers = {
            let mut totals = Totals::default();
            // Mean 6, standard deviation 0.5.
            let signals = [
                (Signal::Handled, 100),
                (Signal::LogHandle, 600_000),
                (Signal::LogHandleSquared, 3_625_000),
            ];
            totals.merge(&states(&signals), 1);
            totals
        };
        let slow = states(&[
            (Signal::Handled, 1),
            (Signal::LogHandle, 6_500),
            (Signal::LogHandleSquared, 42_250),
        ]);
        let sum_after = |past: (f64, f64)| {
            let mut state = AgentState::default();
            let group = (QueueId::new("billing"), Channel::Voice);
            let served = state.served.entry(group.clone()).or_default();
            served.past = past;
            for minute in 0..12 {
                let piece = Piece {
                    at: at(300 * minute),
                    group: group.clone(),
                    own: &slow,
                    peers: &peers,
                };
                observe(&mut state, &piece, 6.3);
            }
            state.slow.sum
        };
        assert!(sum_after((0.0, 0.0)) > 5.0);
        assert!(sum_after((200.0, 200.0)) < 2.0);
    }
}
