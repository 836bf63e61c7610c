//! Opening hours of the recount: each due time is walked to, from one opening or closing to the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::Date, tz::TimeZone};

use floorwalker_core::event::{Span, Timestamp};

/// The opening hours of a center. Spans are in minutes from midnight of the day they start on; over 1,440 is the next day.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The time zone of all times.
    pub zone: TimeZone,
    /// Opening hours by weekday, from Monday on.
    pub week: [Vec<(i64, i64)>; 7],
    /// Dates on which it is closed.
    pub holidays: BTreeSet<Date>,
    /// Opening hours by date, instead of the weekday's.
    pub special_days: BTreeMap<Date, Vec<(i64, i64)>>,
}

const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);

impl Calendar {
    /// The first instant by which so much open time has passed; never is the end of time.
    pub(super) fn passed_at(&self, since: Timestamp, open: Span) -> Timestamp {
        if open <= Span::ZERO {
            return since;
        }
        let mut days = 16;
        while days < 1 << 20 {
            if let Some(at) = self.walk(since, open, days) {
                return at;
            }
            days *= 2;
        }
        Timestamp::MAX
    }

    /// How much of the time between two instants is open time.
    pub(super) fn open_time(&self, from: Timestamp, to: Timestamp) -> Span {
        let days = (to - from).0 / DAY.0 + 4;
        let (mut open, mut doors_open, mut reached) = (Span::ZERO, 0, from);
        for (at, opened) in self.doors(from, days) {
            let at_within = at.min(to);
            if at_within > reached {
                if doors_open > 0 {
                    open = open + (at_within - reached);
                }
                reached = at_within;
            }
            doors_open += opened;
        }
        open
    }

    /// `None` if more days have to be looked at.
    fn walk(&self, since: Timestamp, open: Span, days: i64) -> Option<Timestamp> {
        let mut left = open;
        let mut doors_open = 0;
        let mut reached = since;
        let until = since + Span(DAY.0 * (days - 3));
        for (at, opened) in self.doors(since, days) {
            let step = at.min(until) - reached;
            if step > Span::ZERO {
                if doors_open > 0 && step >= left {
                    return Some(reached + left);
                }
                if doors_open > 0 {
                    left = left - step;
                }
                reached = at.min(until);
            }
            doors_open += opened;
        }
        None
    }

    /// Openings (+1) and closings (−1) in the order of time, of the days around `since` and so many after it.
    fn doors(&self, since: Timestamp, days: i64) -> BTreeMap<Timestamp, i32> {
        let mut doors = BTreeMap::new();
        for day in -3..=days {
            let Some(date) = date_of(since + Span(DAY.0 * day)) else {
                continue;
            };
            for (opens, closes) in self.spans(date) {
                let (opens_at, closes_at) = (self.instant(date, opens), self.instant(date, closes));
                if opens_at < closes_at {
                    *doors.entry(opens_at).or_insert(0) += 1;
                    *doors.entry(closes_at).or_insert(0) -= 1;
                }
            }
        }
        doors
    }

    fn spans(&self, date: Date) -> Vec<(i64, i64)> {
        if self.holidays.contains(&date) {
            return Vec::new();
        }
        let usual = &self.week[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
        self.special_days.get(&date).unwrap_or(usual).clone()
    }

    /// When clocks there showed this: the first time of two; skipped, what the clocks before the change would have shown.
    fn instant(&self, date: Date, minutes: i64) -> Timestamp {
        let wanted = unzoned(date) + Span::from_secs(minutes * 60);
        // Clocks are at most 14 h ahead of UTC and 12 h behind it.
        let (early, late) = (wanted - Span(15 * HOUR.0), wanted + Span(13 * HOUR.0));
        let (before, after) = (self.offset(early), self.offset(late));
        let mut shown: Vec<Timestamp> = [before, after]
            .into_iter()
            .filter(|offset| self.offset(wanted - *offset) == *offset)
            .map(|offset| wanted - offset)
            .collect();
        shown.sort();
        shown.first().copied().unwrap_or(wanted - before)
    }

    /// How far clocks there are ahead of UTC.
    fn offset(&self, at: Timestamp) -> Span {
        let instant = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
        Span::from_secs(i64::from(self.zone.to_offset(instant).seconds()))
    }
}

/// In UTC: a day more or less is among those looked at anyway.
fn date_of(at: Timestamp) -> Option<Date> {
    let instant = jiff::Timestamp::from_microsecond(at.0).ok()?;
    Some(TimeZone::UTC.to_datetime(instant).date())
}

/// Midnight of a date, read as UTC.
fn unzoned(date: Date) -> Timestamp {
    let zoned = date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    Timestamp(zoned.map_or(0, jiff::Timestamp::as_microsecond))
}
