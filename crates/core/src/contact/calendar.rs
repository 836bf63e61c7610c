//! Opening hours: when a policy is due of which only open time counts.
//!
//! The spans of a century are computed once, in UTC, so a due time is two binary searches. Outside of it spans are computed on
//! demand. Local times that are skipped or doubled are read as in RFC 5545: a skipped one moves on by the gap, of a doubled one the earlier counts.

use std::{collections::BTreeMap, fmt};

use jiff::{
    civil::{Date, date},
    tz::{TimeZone, TimeZoneDatabase},
};

use crate::event::{Span, Timestamp};

pub const DAY_MINUTES: u16 = 24 * 60;

/// Days that are computed ahead: more would cost memory, fewer make old logs slow.
const LAID_OUT: (Date, Date) = (date(2000, 1, 1), date(2100, 1, 1));
/// A span reaches a day past the one it belongs to, and no zone differs by more than a day.
const MARGIN_DAYS: i32 = 4;

/// Most policies are decided within this many openings, which lie side by side in memory.
const NEAR: usize = 8;

/// When a center is open, in local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    pub zone: TimeZone,
    /// From Monday on.
    pub week: [Vec<LocalSpan>; 7],
    /// Days with hours of their own; a holiday has none.
    pub special_days: BTreeMap<Date, Vec<LocalSpan>>,
}

/// Open from one minute of a local day up to another, counted from its midnight. It may end on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalSpan {
    /// Below [`DAY_MINUTES`].
    pub opens: u16,
    /// Over `opens`, by at most a day.
    pub closes: u16,
}

/// Opening hours, prepared for fast queries.
#[derive(Clone)]
pub struct Calendar {
    pub name: String,
    hours: Hours,
    laid_out: Openings,
}

/// Spans in which it is open, sorted and disjoint, complete between two instants.
#[derive(Clone)]
struct Openings {
    openings: Vec<Opening>,
    complete: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Copy)]
struct Opening {
    opens_at: Timestamp,
    closes_at: Timestamp,
    /// All open time up to `opens_at`.
    open_before: Span,
}

impl Calendar {
    #[must_use]
    pub fn new(name: &str, hours: Hours) -> Self {
        Self {
            name: name.to_owned(),
            laid_out: Openings::new(&hours, LAID_OUT.0, LAID_OUT.1),
            hours,
        }
    }

    #[must_use]
    pub const fn hours(&self) -> &Hours {
        &self.hours
    }

    /// Returns the first instant by which `open` of open time has passed since `since`; [`Timestamp::MAX`] if there is none.
    #[must_use]
    pub fn passed_at(&self, since: Timestamp, open: Span) -> Timestamp {
        if open <= Span::ZERO {
            return since;
        }
        match self.laid_out.passed_at(since, open) {
            Some(at) => at,
            None => self.passed_far_off(since, open).unwrap_or(Timestamp::MAX),
        }
    }

    /// Returns the open time from one instant to a later one.
    #[must_use]
    pub fn open_between(&self, from: Timestamp, to: Timestamp) -> Span {
        match self.laid_out.open_between(from, to) {
            Some(open) => open,
            None => self.open_far_off(from, to).unwrap_or(Span::ZERO),
        }
    }

    /// Computes it outside of the spans ahead.
    fn open_far_off(&self, from: Timestamp, to: Timestamp) -> Option<Span> {
        let first = days_after(date_of(from)?, -2 * MARGIN_DAYS)?;
        let last = days_after(date_of(to)?, 2 * MARGIN_DAYS)?;
        Openings::new(&self.hours, first, last).open_between(from, to)
    }

    /// Computes it outside of the spans ahead.
    fn passed_far_off(&self, since: Timestamp, open: Span) -> Option<Timestamp> {
        let since_date = date_of(since)?;
        let from = days_after(since_date, -2 * MARGIN_DAYS)?;
        let mut days = 32;
        loop {
            let openings = Openings::new(&self.hours, from, days_after(since_date, days)?);
            if let Some(at) = openings.passed_at(since, open) {
                return Some(at);
            }
            days = days.checked_mul(4)?;
        }
    }
}

impl Hours {
    /// Returns the open time of a week without special days.
    #[must_use]
    pub fn open_a_week(&self) -> Span {
        let spans = self.week.iter().flatten();
        let minutes = spans.map(|it| i64::from(it.closes - it.opens)).sum::<i64>();
        Span::from_secs(minutes * 60)
    }

    /// Returns the IANA time zone of this name; the database is part of the program.
    #[must_use]
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZoneDatabase::bundled().get(name).ok()
    }

    /// Returns the spans that begin on this day.
    #[must_use]
    pub fn spans_of(&self, day: Date) -> &[LocalSpan] {
        match self.special_days.get(&day) {
            Some(spans) => spans,
            None => {
                let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
                &self.week[usize::from(weekday)]
            }
        }
    }

    /// Returns whether an instant lies in one of the spans, without laying them out.
    #[must_use]
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        self.closes_behind(at).is_some()
    }

    /// Returns when the span ends that an instant lies in; of several the last one. `None`: it lies in none.
    #[must_use]
    pub fn closes_behind(&self, at: Timestamp) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(at.0).ok()?;
        let today = self.zone.to_datetime(instant).date();
        // A span may have begun on the day before.
        let days = [today.yesterday().ok(), Some(today)].into_iter().flatten();
        let openings = days.flat_map(|day| {
            let spans = self.spans_of(day).iter();
            spans.filter_map(move |span| self.opening(day, *span))
        });
        let holding = openings.filter(|(opens_at, closes_at)| *opens_at <= at && at < *closes_at);
        holding.map(|(_, closes_at)| closes_at).max()
    }

    fn opening(&self, day: Date, span: LocalSpan) -> Option<(Timestamp, Timestamp)> {
        let opens_at = self.instant(day, span.opens)?;
        let closes_at = self.instant(day, span.closes)?;
        (opens_at < closes_at).then_some((opens_at, closes_at))
    }

    fn instant(&self, mut day: Date, mut minute: u16) -> Option<Timestamp> {
        while minute >= DAY_MINUTES {
            day = day.tomorrow().ok()?;
            minute -= DAY_MINUTES;
        }
        let (hours, minutes) = (
            i8::try_from(minute / 60).ok()?,
            i8::try_from(minute % 60).ok()?,
        );
        let local = day.at(hours, minutes, 0, 0);
        let instant = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Timestamp(instant.as_microsecond()))
    }
}

impl Openings {
    fn new(hours: &Hours, from: Date, to: Date) -> Self {
        let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
        let mut found: Vec<(Timestamp, Timestamp)> = days
            .take_while(|day| *day < to)
            .flat_map(|day| hours.spans_of(day).iter().map(move |span| (day, *span)))
            .filter_map(|(day, span)| hours.opening(day, span))
            .collect();
        found.sort_unstable();
        let begin = days_after(from, MARGIN_DAYS).and_then(midnight);
        let end = days_after(to, -MARGIN_DAYS).and_then(midnight);
        Self {
            openings: apart(found),
            complete: begin.zip(end),
        }
    }

    /// Returns the due time. `None` if it lies outside of these spans.
    fn passed_at(&self, since: Timestamp, open: Span) -> Option<Timestamp> {
        let (begin, end) = self.complete?;
        if since < begin {
            return None;
        }
        let next = self.openings.partition_point(|it| it.closes_at <= since);
        let (first, rest) = (self.openings.get(next)?, &self.openings[next..]);
        let wanted = first.open_by(since) + open;
        let ends_before = |it: &Opening| it.open_by(it.closes_at) < wanted;
        let near = &rest[..rest.len().min(NEAR)];
        let last = match near.get(near.partition_point(ends_before)) {
            Some(last) => last,
            None => rest.get(rest.partition_point(ends_before))?,
        };
        let at = last.opens_at + (wanted - last.open_before);
        (at <= end).then_some(at)
    }
}

impl Openings {
    /// Returns the open time. `None` if it lies outside of these spans.
    fn open_between(&self, from: Timestamp, to: Timestamp) -> Option<Span> {
        let (begin, end) = self.complete?;
        (begin <= from && to <= end).then(|| self.open_by(to) - self.open_by(from))
    }

    /// Returns all open time up to this instant.
    fn open_by(&self, at: Timestamp) -> Span {
        let begun = self.openings.partition_point(|it| it.opens_at <= at);
        let last = begun
            .checked_sub(1)
            .and_then(|last| self.openings.get(last));
        last.map_or(Span::ZERO, |last| last.open_by(at.min(last.closes_at)))
    }
}

impl Opening {
    /// Returns all open time up to this instant, which is not after its end.
    fn open_by(&self, at: Timestamp) -> Span {
        self.open_before + (at - self.opens_at).max(Span::ZERO)
    }
}

/// Joins spans that touch or overlap; sorted.
fn apart(found: Vec<(Timestamp, Timestamp)>) -> Vec<Opening> {
    let mut openings: Vec<Opening> = Vec::with_capacity(found.len());
    for (opens_at, closes_at) in found {
        let open_before = match openings.last_mut() {
            Some(last) if opens_at <= last.closes_at => {
                last.closes_at = last.closes_at.max(closes_at);
                continue;
            }
            Some(last) => last.open_by(last.closes_at),
            None => Span::ZERO,
        };
        openings.push(Opening {
            opens_at,
            closes_at,
            open_before,
        });
    }
    openings
}

fn date_of(at: Timestamp) -> Option<Date> {
    let instant = jiff::Timestamp::from_microsecond(at.0).ok()?;
    Some(TimeZone::UTC.to_datetime(instant).date())
}

fn days_after(day: Date, days: i32) -> Option<Date> {
    day.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Instant in UTC.
fn midnight(day: Date) -> Option<Timestamp> {
    let zoned = day.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_microsecond()))
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.hours) == (&other.name, &other.hours)
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Calendar");
        shown.field("name", &self.name).field("hours", &self.hours);
        shown.finish_non_exhaustive()
    }
}
