//! What rules remember beside the signals: who waits, what is usual, what agents do and how they have changed.

use std::collections::{BTreeMap, VecDeque};

use minicbor::{Decode, Encode};

use super::{
    recognition::Doer,
    signal::{PANE, Signal, Signals},
    statistic::float,
};
use crate::event::{AgentId, Channel, QueueId, Span, Timestamp};

/// The quarters of an hour of a day.
const QUARTERS: i64 = 96;
const QUARTER: Span = Span::from_secs(900);
/// Past days whose figures are kept.
const DAYS_KEPT: usize = 28;
const DAYS_A_WEEK: i64 = 7;

/// A part of the machine's state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum StateKey {
    /// How far it has judged.
    #[n(0)]
    Clock,
    /// Signals of one step or of several, by number.
    #[n(1)]
    Signals(#[n(0)] u64),
    #[n(2)]
    Queue(#[n(0)] QueueId),
    #[n(3)]
    PastDays(#[n(0)] QueueId),
    #[n(4)]
    Agent(#[n(0)] AgentId),
    /// The life of a rule's alert about a subject.
    #[n(5)]
    Alarm(#[n(0)] String, #[n(1)] String),
    /// What an agent or team has done well.
    #[n(6)]
    Merits(#[n(0)] Doer),
}

impl StateKey {
    /// Returns the name of what it is of; parts of one name lie together.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Clock => String::new(),
            Self::Signals(number) => number.to_string(),
            Self::Queue(id) | Self::PastDays(id) => format!("queue:{id}"),
            Self::Agent(id) => format!("agent:{id}"),
            Self::Alarm(_, subject) => subject.clone(),
            Self::Merits(doer) => doer.to_string(),
        }
    }
}

/// Those who wait in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct QueueState {
    /// How many who wait began in each pane.
    #[n(0)]
    waiting: BTreeMap<i64, i64>,
}

impl QueueState {
    /// Moves on over a pane. Returns whether anything has changed.
    pub(super) fn pass(&mut self, start: Timestamp, signals: &Signals) -> bool {
        let pane = start.0.div_euclid(PANE.0);
        let mut any = false;
        let begun = [(0, signals.get(Signal::Offered))].into_iter();
        let ended = signals
            .waits_ended()
            .map(|(panes, number)| (i64::from(panes), -number));
        for (panes, number) in begun.chain(ended).filter(|(_, number)| *number != 0) {
            any = true;
            let known = self.waiting.entry(pane - panes).or_default();
            *known += number;
            if *known == 0 {
                self.waiting.remove(&(pane - panes));
            }
        }
        any
    }

    /// Returns how many wait.
    pub(super) fn waiting(&self) -> i64 {
        self.waiting.values().sum::<i64>().max(0)
    }

    /// Returns how long the one who waits longest has waited at least.
    pub(super) fn longest_wait(&self, now: Timestamp) -> Option<Span> {
        let oldest = self.waiting.iter().find(|(_, number)| **number > 0);
        let since = oldest.map(|(pane, _)| Timestamp((pane + 1) * PANE.0));
        since.map(|since| (now - since).max(Span::ZERO))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The figures of a queue's past days, by quarter of an hour (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub(super) struct PastDays(#[n(0)] VecDeque<PastDay>);

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct PastDay {
    /// Days since 1970.
    #[n(0)]
    number: i64,
    #[n(1)]
    quarters: BTreeMap<u8, Quarter>,
}

/// The figures of a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Quarter {
    #[n(0)]
    pub offered: i64,
    #[n(1)]
    pub missed: i64,
    #[n(2)]
    pub met: i64,
}

/// What is usual at a time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usual {
    /// Waits begun in a quarter of an hour.
    pub offered: f64,
    /// Share of answers that are missed; `None` if too few were due.
    pub missed: Option<f64>,
    /// Decided answers that the share was seen in.
    pub decided: f64,
}

impl PastDays {
    /// Notes the figures of the quarter that begins at `start`.
    pub(super) fn note(&mut self, start: Timestamp, figures: Quarter) {
        let (number, quarter) = day_and_quarter(start);
        if self.0.back().is_none_or(|day| day.number < number) {
            self.0.push_back(PastDay {
                number,
                quarters: BTreeMap::new(),
            });
        }
        if self.0.len() > DAYS_KEPT {
            self.0.pop_front();
        }
        let day = self.0.iter_mut().find(|day| day.number == number);
        if let (Some(day), true) = (day, figures != Quarter::default()) {
            day.quarters.insert(quarter, figures);
        }
    }

    /// Returns what is usual in the quarter of `at`: on past days of the same kind, which are those of the same day of the week, or,
    /// before there are any, all working days or all weekends. `None`: there are no such days.
    pub(super) fn usual(&self, at: Timestamp) -> Option<Usual> {
        let (today, quarter) = day_and_quarter(at);
        let past = || self.0.iter().filter(move |day| day.number < today);
        let same = |day: &&PastDay| (today - day.number) % DAYS_A_WEEK == 0;
        let alike = |day: &&PastDay| is_weekend(day.number) == is_weekend(today);
        let days: Vec<&PastDay> = if past().any(|day| same(&day)) {
            past().filter(same).collect()
        } else {
            past().filter(alike).collect()
        };
        if days.is_empty() {
            return None;
        }
        let mut sum = Quarter::default();
        for figures in days.iter().filter_map(|day| day.quarters.get(&quarter)) {
            sum.offered += figures.offered;
            sum.missed += figures.missed;
            sum.met += figures.met;
        }
        let decided = float(sum.missed + sum.met);
        Some(Usual {
            offered: float(sum.offered) / float(i64::try_from(days.len()).unwrap_or(1)),
            missed: (decided >= 10.0).then(|| float(sum.missed) / decided),
            decided,
        })
    }
}

/// Returns whether a pane is the last of its quarter of an hour, and where that begins.
pub(super) fn quarter_ended_by(edge: Timestamp) -> Option<Timestamp> {
    (edge.floor(QUARTER) == edge).then(|| edge - QUARTER)
}

fn day_and_quarter(at: Timestamp) -> (i64, u8) {
    let quarters = at.0.div_euclid(QUARTER.0);
    let quarter = u8::try_from(quarters.rem_euclid(QUARTERS)).unwrap_or(0);
    (quarters.div_euclid(QUARTERS), quarter)
}

/// Day 0 was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 4).rem_euclid(DAYS_A_WEEK), 0 | 6)
}

/// Returns a part's image.
pub(super) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    // Writing into memory can't fail.
    let written = minicbor::encode(value, &mut bytes);
    debug_assert!(written.is_ok());
    bytes
}

/// What an agent does, and how it has changed.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct AgentState {
    #[n(1)]
    pub present: i64,
    #[n(2)]
    pub logged_on: i64,
    /// When they last logged on or off.
    #[n(3)]
    pub changed_at: Option<Timestamp>,
    /// Since when they have worked without a break.
    #[n(4)]
    pub working_since: Option<Timestamp>,
    #[n(5)]
    pub absent_since: Option<Timestamp>,
    /// Sums of evidence that they are slower and less successful, and that they rush.
    #[n(6)]
    pub slow: Evidence,
    #[n(7)]
    pub fast: Evidence,
    /// What they did, by queue and channel.
    #[n(8)]
    pub served: BTreeMap<(QueueId, Channel), Served>,
    /// The end of the last pane in which they did anything, or missed it.
    #[n(9)]
    pub busy_at: Option<Timestamp>,
    /// When they logged on.
    #[n(10)]
    pub came_at: Option<Timestamp>,
    /// They have logged off as at the end of a shift.
    #[n(11)]
    pub is_off_duty: bool,
    /// The shares of the work by queue; made of `served`.
    #[cbor(skip)]
    shares: Vec<(QueueId, f64)>,
}

/// A one-sided CUSUM of log likelihood ratios (Page 1954, Biometrika 41, 100), and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Encode, Decode)]
pub(super) struct Evidence {
    #[n(0)]
    pub sum: f64,
    /// Of handle times, transfers, dispositions and ratings.
    #[n(1)]
    pub parts: [f64; 4],
    /// Since when it has been above zero.
    #[n(2)]
    pub since: Option<Timestamp>,
    /// Contacts since then.
    #[n(3)]
    pub n: i64,
}

impl AgentState {
    /// Returns the share of the agent's work that is for a queue, by what they did in the last hours.
    pub(super) fn share_of(&self, queue: &QueueId) -> f64 {
        let share = self.shares.iter().find(|(of, _)| of == queue);
        share.map_or(0.0, |(_, share)| *share)
    }

    /// Returns the shares of the agent's work by queue, in their order.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&QueueId, f64)> {
        self.shares.iter().map(|(queue, share)| (queue, *share))
    }

    /// Whether they are there, or have changed that since an instant.
    pub(super) fn is_of_staff(&self, since: Timestamp) -> bool {
        let changed = self.changed_at.is_some_and(|at| since < at);
        self.logged_on > 0 || self.present > 0 || changed
    }

    /// Sums up the shares anew. Work is halved everywhere at the same pace, so they depend on no clock.
    pub(super) fn sum_up_shares(&mut self) {
        let now = self.served.values().filter_map(|served| served.last_at);
        let now = now.max().unwrap_or_default();
        self.shares.clear();
        for ((queue, _), served) in &self.served {
            let work = served.work(now);
            match self.shares.last_mut() {
                Some((last, sum)) if last == queue => *sum += work,
                _ => self.shares.push((queue.clone(), work)),
            }
        }
        let all: f64 = self.shares.iter().map(|(_, work)| work).sum();
        for (_, share) in &mut self.shares {
            *share = if all > 0.0 { *share / all } else { 0.0 };
        }
    }
}

impl Evidence {
    /// Adds what a contact shows. The sum stays between zero and `most`.
    pub(super) fn add(&mut self, at: Timestamp, parts: [f64; 4], n: i64, most: f64) {
        let gain: f64 = parts.iter().sum();
        let sum = self.sum + gain;
        if sum <= 0.0 {
            *self = Self::default();
            return;
        }
        for (known, part) in self.parts.iter_mut().zip(parts) {
            *known += part;
        }
        self.since.get_or_insert(at);
        self.n += n;
        self.sum = sum.min(most);
    }
}

/// What an agent did in a queue and channel.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct Served {
    /// When a contact was last handled.
    #[n(0)]
    pub last_at: Option<Timestamp>,
    /// Seconds of work, halved every four hours, as of `last_at`.
    #[n(1)]
    pub seconds: f64,
    /// Deviations of handle times from the peers', in their standard deviations: sum and number, older than an hour.
    #[n(2)]
    pub past: (f64, f64),
    /// The same by pane, of the last hour.
    #[n(3)]
    pub recent: VecDeque<(Timestamp, f64, f64)>,
}

/// Work is half forgotten after so long.
const HALF_LIFE_SECS: f64 = 4.0 * 3_600.0;
/// What an agent has done within this is not their usual yet.
const RECENT: Span = Span::from_secs(3_600);
/// More contacts than this make no better baseline.
const BASELINE_MAX: f64 = 500.0;

impl Served {
    /// Returns the seconds of work as they count at `now`.
    pub(super) fn work(&self, now: Timestamp) -> f64 {
        let age = self.last_at.map_or(0.0, |at| (now - at).as_secs().max(0.0));
        self.seconds * (-age / HALF_LIFE_SECS * std::f64::consts::LN_2).exp()
    }

    pub(super) fn add_work(&mut self, at: Timestamp, seconds: f64) {
        self.seconds = self.work(at) + seconds;
        self.last_at = Some(at);
    }

    /// Adds deviations, and lets those of an hour ago become the past.
    pub(super) fn add_deviation(&mut self, at: Timestamp, sum: f64, n: f64) {
        while let Some((start, old, of)) = self.recent.front().copied() {
            if at - RECENT < start {
                break;
            }
            self.recent.pop_front();
            self.past = (self.past.0 + old, self.past.1 + of);
        }
        if self.past.1 > BASELINE_MAX {
            let scale = BASELINE_MAX / self.past.1;
            self.past = (self.past.0 * scale, BASELINE_MAX);
        }
        self.recent.push_back((at, sum, n));
    }

    /// Returns how far the agent usually is from the peers, drawn to zero while `shrink` contacts weigh more than theirs.
    pub(super) fn baseline(&self, shrink: f64) -> f64 {
        (self.past.0 / (self.past.1 + shrink)).clamp(-0.5, 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    #[test]
    fn the_longest_wait_is_of_whoever_still_waits() {
        let mut queue = QueueState::default();
        let mut pane = Signals::default();
        pane.add(Signal::Offered, 2);
        assert!(queue.pass(at(0), &pane));
        let mut next = Signals::default();
        next.add(Signal::Offered, 1);
        next.add(Signal::WaitEnded { panes: 1 }, 1);
        assert!(queue.pass(at(15), &next));
        assert_eq!(queue.waiting(), 2);
        assert_eq!(queue.longest_wait(at(60)), Some(Span::from_secs(45)));
        let mut last = Signals::default();
        last.add(Signal::WaitEnded { panes: 2 }, 1);
        last.add(Signal::WaitEnded { panes: 1 }, 1);
        assert!(queue.pass(at(30), &last));
        assert_eq!((queue.longest_wait(at(60)), queue.is_empty()), (None, true));
    }

    #[test]
    fn the_usual_is_of_the_same_day_of_the_week_if_there_is_one() {
        let day = 86_400;
        let mut past = PastDays::default();
        let figures = |offered| Quarter {
            offered,
            missed: 4,
            met: 16,
        };
        for (number, offered) in [(0, 10), (1, 20), (4, 30)] {
            past.note(at(number * day + 36_000), figures(offered));
        }
        // Day 5 is a Tuesday, and none was seen: Thursday, Friday and Monday are working days, too.
        let usual = past.usual(at(5 * day + 36_100)).unwrap();
        assert!((usual.offered - 20.0).abs() < 1e-9);
        assert_eq!(usual.missed, Some(0.2));
        // Day 7 is a Thursday as day 0 was.
        let thursday = past.usual(at(7 * day + 36_899)).unwrap();
        assert!((thursday.offered - 10.0).abs() < 1e-9);
        let saturday = past.usual(at(2 * day + 36_100));
        assert!(saturday.is_none());
        // Nothing happened in another quarter.
        let quiet = past.usual(at(7 * day)).unwrap();
        assert!(quiet.offered.abs() < 1e-9 && quiet.missed.is_none());
    }

    #[test]
    fn evidence_begins_anew_at_zero_and_has_an_upper_bound() {
        let mut evidence = Evidence::default();
        evidence.add(at(0), [1.0, 0.5, 0.0, 0.0], 1, 10.0);
        evidence.add(at(60), [20.0, 0.0, 0.0, 0.0], 1, 10.0);
        assert!((evidence.sum - 10.0).abs() < 1e-9);
        assert_eq!((evidence.since, evidence.n), (Some(at(0)), 2));
        evidence.add(at(120), [-11.0, 0.0, 0.0, 0.0], 1, 10.0);
        assert_eq!(evidence, Evidence::default());
    }

    #[test]
    fn a_baseline_is_of_what_is_more_than_an_hour_old() {
        let mut served = Served::default();
        for minute in 0..30 {
            served.add_deviation(at(60 * minute), 1.0, 1.0);
        }
        assert!(served.baseline(20.0).abs() < 1e-9);
        served.add_deviation(at(2 * 3_600), 1.0, 1.0);
        assert!((served.baseline(20.0) - 0.5).abs() < 1e-9);
        served.add_work(at(0), 100.0);
        assert!((served.work(at(4 * 3_600)) - 50.0).abs() < 1e-6);
    }
}
