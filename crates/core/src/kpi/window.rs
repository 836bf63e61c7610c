//! Windows: how far back a number looks.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};

use crate::event::{QueueId, SiteId, Span, TeamId, Timestamp};

/// Team and site of an agent or a queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Place {
    #[n(0)]
    pub team: Option<TeamId>,
    #[n(1)]
    pub site: Option<SiteId>,
}

/// Team and site that answer for each queue, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Oldest first.
    by_queue: BTreeMap<QueueId, Vec<(Timestamp, Place)>>,
}

impl Places {
    /// Returns who answered for the queue at `at`.
    #[must_use]
    pub fn of(&self, queue: &QueueId, at: Timestamp) -> Option<&Place> {
        let places = self.by_queue.get(queue)?;
        let then = places.iter().rev().find(|(from, _)| *from <= at);
        then.map(|(_, place)| place)
    }

    /// Returns the queues that have a team or site.
    pub fn queues(&self) -> impl Iterator<Item = &QueueId> {
        self.by_queue.keys()
    }

    /// Returns all teams and sites, by queue and time.
    pub fn all(&self) -> impl Iterator<Item = &Place> {
        self.by_queue.values().flatten().map(|(_, place)| place)
    }

    /// Whether the team or site of any queue changed after `from`, up to `to`.
    #[must_use]
    pub fn change_within(&self, from: Timestamp, to: Timestamp) -> bool {
        let mut changes = self.by_queue.values().flatten().map(|(at, _)| *at);
        changes.any(|at| from < at && at <= to)
    }

    /// Returns the next change of the queue's team or site after `at`.
    #[must_use]
    pub fn changes_at(&self, queue: &QueueId, at: Timestamp) -> Option<Timestamp> {
        let places = self.by_queue.get(queue)?;
        places.iter().map(|(from, _)| *from).find(|from| *from > at)
    }

    /// Makes `place` answer for the queue from an instant on, until the next one.
    pub fn set(&mut self, queue: &QueueId, from: Timestamp, place: Place) {
        let places = self.by_queue.entry(queue.clone()).or_default();
        let at = places.partition_point(|(known, _)| *known < from);
        if places.get(at).is_some_and(|(known, _)| *known == from) {
            places[at].1 = place;
        } else {
            places.insert(at, (from, place));
        }
    }
}

/// Makes places that hold at all times.
impl FromIterator<(QueueId, Place)> for Places {
    fn from_iter<I: IntoIterator<Item = (QueueId, Place)>>(always: I) -> Self {
        let mut places = Self::default();
        for (queue, place) in always {
            places.set(&queue, Timestamp::MIN, place);
        }
        places
    }
}

/// A stretch of time up to a record's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The name in records: `5m`, `1h`, `7d`, `today`, `all`.
    pub name: String,
    pub reach: Reach,
}

/// How far a window reaches back. In the order of windows in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This long, in whole panes.
    Sliding(Span),
    /// To the midnight of the site, else of `zone`.
    Today,
    /// Everything.
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiSettings {
    /// Shortest first, then `today`, `all` last; no two alike.
    pub windows: Vec<Window>,
    /// Records are written with all inputs at their end, not before.
    pub only_at_end: bool,
    /// How often changed queues and groups are written.
    pub group_beat: Span,
    /// How often changed agents are written.
    pub agent_beat: Span,
    /// Teams and sites that answer for queues: waits count in their figures.
    pub places: Places,
    /// Zone of everybody whose site has no zone of its own.
    pub zone: TimeZone,
    pub zones_by_site: BTreeMap<SiteId, TimeZone>,
}

impl Window {
    /// Returns the window `all`: everything up to the clock.
    #[must_use]
    pub fn all() -> Self {
        Self {
            name: "all".to_owned(),
            reach: Reach::All,
        }
    }

    /// Returns the window `today`: the local day.
    #[must_use]
    pub fn today() -> Self {
        Self {
            name: "today".to_owned(),
            reach: Reach::Today,
        }
    }

    /// Returns a window of `length`, a multiple of its pane.
    #[must_use]
    pub fn sliding(name: &str, length: Span) -> Self {
        Self {
            name: name.to_owned(),
            reach: Reach::Sliding(length),
        }
    }

    /// Returns the length of a sliding window.
    #[must_use]
    pub const fn length(&self) -> Option<Span> {
        match self.reach {
            Reach::Sliding(length) => Some(length),
            Reach::Today | Reach::All => None,
        }
    }

    /// Returns the step by which the window slides: a sixtieth of it, at least 5 s. `None` if it does not slide.
    #[must_use]
    pub fn pane(&self) -> Option<Span> {
        self.length()
            .map(|length| Span((length.0 / 60).max(Span::from_secs(5).0)))
    }
}

impl Default for KpiSettings {
    fn default() -> Self {
        const HOUR: i64 = 3_600;
        Self {
            windows: vec![
                Window::sliding("5m", Span::from_secs(300)),
                Window::sliding("30m", Span::from_secs(1_800)),
                Window::sliding("1h", Span::from_secs(HOUR)),
                Window::sliding("8h", Span::from_secs(8 * HOUR)),
                Window::sliding("24h", Span::from_secs(24 * HOUR)),
                Window::sliding("7d", Span::from_secs(168 * HOUR)),
                Window::today(),
                Window::all(),
            ],
            only_at_end: false,
            group_beat: Span::from_secs(1),
            agent_beat: Span::from_secs(30),
            places: Places::default(),
            zone: TimeZone::UTC,
            zones_by_site: BTreeMap::new(),
        }
    }
}
