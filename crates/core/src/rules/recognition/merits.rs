//! What is remembered of an agent or team for recognition.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use minicbor::{Decode, Encode};

use super::RecognitionKind;
use crate::{
    event::{AgentId, Span, TeamId, Timestamp},
    rules::{
        of_contact::thousandths,
        signal::{Signal, Signals},
        statistic::float,
    },
};

const HOUR: Span = Span::from_secs(3_600);
/// What lies so many hours before the newest work is the past. No rule looks back further.
pub(super) const HOURS_KEPT: i64 = 48;
/// More observations than this make no better past.
const PAST_MAX: f64 = 2_000.0;
/// Panes with ratings that are kept: a streak can't be longer.
const RATINGS_KEPT: usize = 100;
/// Kinds of [`Deeds::shares`].
pub(super) const SHARES: usize = 4;

/// Whom merits are of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Doer {
    #[n(0)]
    Agent(#[n(0)] AgentId),
    #[n(1)]
    Team(#[n(0)] TeamId),
}

impl fmt::Display for Doer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(formatter, "agent:{id}"),
            Self::Team(id) => write!(formatter, "team:{id}"),
        }
    }
}

/// What was done in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::rules) struct Deeds {
    /// Promises with a target that leaves room for a miss.
    #[n(0)]
    pub owed: i64,
    #[n(1)]
    pub missed: i64,
    /// How many misses their targets allow, in thousandths.
    #[n(2)]
    pub allowed: i64,
    /// What went well, of how much: promises kept, dispositions of a resolved matter, work that was not handed on, ratings at the top.
    #[n(3)]
    pub shares: [(i64, i64); SHARES],
}

impl Deeds {
    /// Returns what signals of an agent in a queue mean. `target`: the share of promises to be kept there; `None`: they don't count.
    pub(in crate::rules) fn of_promises(signals: &Signals, target: Option<f64>) -> Self {
        let (missed, met) = (signals.get(Signal::Missed), signals.get(Signal::Met));
        let target = target.filter(|target| *target < 1.0);
        target.map_or_else(Self::default, |target| Self {
            owed: missed + met,
            missed,
            allowed: (missed + met) * thousandths(1.0 - target),
            ..Self::default()
        })
    }

    /// Adds the shares of what went well.
    pub(in crate::rules) fn with_shares(self, signals: &Signals) -> Self {
        let of = |signal| signals.get(signal);
        Self {
            shares: [
                (of(Signal::Met), of(Signal::Met) + of(Signal::Missed)),
                (
                    of(Signal::Dispositions) - of(Signal::Unresolved),
                    of(Signal::Dispositions),
                ),
                (
                    of(Signal::Ended) - of(Signal::Transferred),
                    of(Signal::Ended),
                ),
                (of(Signal::RatedTop), of(Signal::Rated)),
            ],
            ..self
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.owed += other.owed;
        self.missed += other.missed;
        self.allowed += other.allowed;
        for (own, theirs) in self.shares.iter_mut().zip(other.shares) {
            *own = (own.0 + theirs.0, own.1 + theirs.1);
        }
    }
}

/// Ratings of a pane: all, and those at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Ratings {
    #[n(0)]
    pane: Timestamp,
    #[n(1)]
    all: i64,
    #[n(2)]
    top: i64,
}

/// What is remembered of an agent or team.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(in crate::rules) struct Merits {
    /// The team of an agent, and since which pane.
    #[n(0)]
    team: Option<TeamId>,
    #[n(1)]
    team_since: Option<Timestamp>,
    /// By the number of the hour, oldest first.
    #[n(2)]
    hours: VecDeque<(i64, Deeds)>,
    /// The shares of all hours before these.
    #[n(3)]
    past: [(f64, f64); SHARES],
    /// Oldest first.
    #[n(4)]
    ratings: VecDeque<Ratings>,
    /// When it was last recognized.
    #[n(5)]
    recognized: BTreeMap<RecognitionKind, Timestamp>,
}

impl Merits {
    /// Adds what was done in the pane that begins at `pane`.
    pub(in crate::rules) fn add(&mut self, pane: Timestamp, deeds: &Deeds) {
        let hour = hour_of(pane);
        let newest = self.hours.back().map_or(hour, |(hour, _)| *hour);
        if *deeds == Deeds::default() || hour <= newest - HOURS_KEPT {
            return;
        }
        let place = self.hours.partition_point(|(known, _)| *known < hour);
        match self
            .hours
            .get_mut(place)
            .filter(|(known, _)| *known == hour)
        {
            Some((_, known)) => known.add(deeds),
            None => self.hours.insert(place, (hour, *deeds)),
        }
        while self
            .hours
            .front()
            .is_some_and(|(first, _)| *first <= hour - HOURS_KEPT)
        {
            if let Some((_, gone)) = self.hours.pop_front() {
                self.pass_away(&gone);
            }
        }
    }

    fn pass_away(&mut self, gone: &Deeds) {
        for (past, (well, all)) in self.past.iter_mut().zip(gone.shares) {
            *past = (past.0 + float(well), past.1 + float(all));
            if past.1 > PAST_MAX {
                *past = (past.0 * PAST_MAX / past.1, PAST_MAX);
            }
        }
    }

    /// Adds ratings of the pane that begins at `pane`, or takes them back.
    pub(in crate::rules) fn rate(&mut self, pane: Timestamp, all: i64, top: i64) {
        if all == 0 && top == 0 {
            return;
        }
        let place = self.ratings.partition_point(|it| it.pane < pane);
        match self.ratings.get_mut(place).filter(|it| it.pane == pane) {
            Some(known) => {
                (known.all, known.top) = (known.all + all, known.top + top);
                if known.all == 0 && known.top == 0 {
                    self.ratings.remove(place);
                }
            }
            None => self.ratings.insert(place, Ratings { pane, all, top }),
        }
        if self.ratings.len() > RATINGS_KEPT {
            self.ratings.pop_front();
        }
    }

    /// Notes that an agent has come into a team.
    pub(in crate::rules) fn join(&mut self, team: &TeamId, pane: Timestamp) {
        if self.team_since <= Some(pane) {
            self.team = Some(team.clone());
            self.team_since = Some(pane);
        }
    }

    pub(in crate::rules) const fn team(&self) -> Option<&TeamId> {
        self.team.as_ref()
    }

    /// Returns what was done in the hours of the window that ends at `now`.
    pub(super) fn within(&self, now: Timestamp, window: Span) -> Deeds {
        let from = first_hour(now, window);
        let mut sum = Deeds::default();
        let hours = self.hours.iter().filter(|(hour, _)| from <= *hour);
        hours.for_each(|(_, deeds)| sum.add(deeds));
        sum
    }

    /// Returns the begin of the first hour of the window that ends at `now` in which a promise counted.
    pub(super) fn first_owed(&self, now: Timestamp, window: Span) -> Option<Timestamp> {
        let from = first_hour(now, window);
        let mut hours = self.hours.iter();
        let first = hours.find(|(hour, deeds)| from <= *hour && deeds.owed > 0);
        first.map(|(hour, _)| Timestamp(hour * HOUR.0))
    }

    /// Returns the shares of what was done before the window that ends at `now`.
    pub(super) fn before(&self, now: Timestamp, window: Span) -> [(f64, f64); SHARES] {
        let from = first_hour(now, window);
        let mut sums = self.past;
        for (_, deeds) in self.hours.iter().filter(|(hour, _)| *hour < from) {
            for (sum, (well, all)) in sums.iter_mut().zip(deeds.shares) {
                *sum = (sum.0 + float(well), sum.1 + float(all));
            }
        }
        sums
    }

    /// Returns how many ratings in a row were at the top, up to the newest, and when the first of them was given. Those of a pane in which
    /// one was not end it: nobody knows which came first.
    pub(super) fn streak(&self) -> Option<(i64, Timestamp)> {
        let newest = self.ratings.iter().rev();
        let in_a_row = newest.take_while(|it| it.all == it.top);
        in_a_row.fold(None, |streak, it| {
            let known = streak.map_or(0, |(known, _)| known);
            Some((known + it.top, it.pane))
        })
    }

    /// Returns whether it may be recognized for this again.
    pub(in crate::rules) fn may_be(
        &self,
        kind: RecognitionKind,
        now: Timestamp,
        every: Span,
    ) -> bool {
        self.recognized
            .get(&kind)
            .is_none_or(|at| *at + every <= now)
    }

    /// Notes that it is recognized. A streak begins anew.
    pub(in crate::rules) fn note(&mut self, kind: RecognitionKind, now: Timestamp) {
        self.recognized.insert(kind, now);
        if kind == RecognitionKind::Streak {
            self.ratings.clear();
        }
    }

    /// Returns whether nothing has happened since an instant.
    pub(in crate::rules) fn is_idle_since(&self, at: Timestamp) -> bool {
        let worked = self
            .hours
            .back()
            .map(|(hour, _)| Timestamp((hour + 1) * HOUR.0));
        let rated = self.ratings.back().map(|it| it.pane);
        let noted = self.recognized.values().copied().max();
        worked.max(rated).max(noted).max(self.team_since) < Some(at)
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR.0)
}

/// Returns the first hour of a window of whole hours whose last one holds the pane that ends at `now`.
fn first_hour(now: Timestamp, window: Span) -> i64 {
    hour_of(Timestamp(now.0 - 1)) - window.0 / HOUR.0 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    fn kept(owed: i64) -> Deeds {
        let mut signals = Signals::default();
        signals.add(Signal::Met, owed);
        Deeds::of_promises(&signals, Some(0.8)).with_shares(&signals)
    }

    #[test]
    fn a_window_is_of_whole_hours_and_what_lies_before_it_is_the_past() {
        let mut merits = Merits::default();
        for hour in 0..60 {
            merits.add(at(3_600 * hour + 60), &kept(1));
        }
        let eight = Span::from_secs(8 * 3_600);
        let now = at(3_600 * 59 + 75);
        assert_eq!(merits.within(now, eight).owed, 8);
        assert_eq!(merits.within(now, eight).allowed, 8 * 200);
        assert!((merits.before(now, eight)[0].1 - 52.0).abs() < 1e-9);
        // What is older than all that is kept changes nothing, and what was wrong is taken back.
        merits.add(at(60), &kept(5));
        merits.add(at(3_600 * 59), &kept(-1));
        assert_eq!(merits.within(now, eight).owed, 7);
        assert!((merits.before(now, eight)[0].1 - 52.0).abs() < 1e-9);
    }

    #[test]
    fn a_streak_ends_with_a_rating_below_the_top_and_a_second_answer_takes_the_first_back() {
        let mut merits = Merits::default();
        for second in 0..4 {
            merits.rate(at(60 * second), 1, 1);
        }
        assert_eq!(merits.streak(), Some((4, at(0))));
        merits.rate(at(240), 1, 0);
        assert_eq!(merits.streak(), None);
        merits.rate(at(300), 1, 1);
        merits.rate(at(360), 1, 1);
        assert_eq!(merits.streak(), Some((2, at(300))));
        // The customer answers again: the bad rating goes, a good one comes.
        merits.rate(at(240), -1, 0);
        merits.rate(at(420), 1, 1);
        assert_eq!(merits.streak(), Some((7, at(0))));
        merits.note(RecognitionKind::Streak, at(435));
        assert_eq!(merits.streak(), None);
        assert!(!merits.may_be(RecognitionKind::Streak, at(500), Span::from_secs(600)));
        assert!(merits.may_be(RecognitionKind::Streak, at(1_035), Span::from_secs(600)));
    }

    #[test]
    fn an_agent_is_of_the_team_they_came_into_last() {
        let mut merits = Merits::default();
        merits.join(&TeamId::new("red"), at(100));
        merits.join(&TeamId::new("blue"), at(200));
        merits.join(&TeamId::new("red"), at(150));
        assert_eq!(merits.team(), Some(&TeamId::new("blue")));
        assert!(merits.is_idle_since(at(201)) && !merits.is_idle_since(at(200)));
    }
}
