//! The 168 hours of a week, by times as clocks show them.

use floorwalker_core::event::{Span, Timestamp};

pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const HOUR: Span = Span(3_600 * 1_000_000);
const DAY: Span = Span(24 * HOUR.0);

/// One cell an hour, from Monday 00:00 on. `None`: the time in question has no such hour.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hours<T>([[Option<T>; 24]; 7]);

/// `nothing` in each hour that lies between two instants.
pub(super) fn hours_between<T: Copy>(first: Timestamp, last: Timestamp, nothing: T) -> Hours<T> {
    let mut hours = Hours([[None; 24]; 7]);
    let begins = (0..7 * 24).map(|hour| first.floor(HOUR) + Span(HOUR.0 * hour));
    for begin in begins.take_while(|begin| *begin <= last) {
        *hours.cell(begin) = Some(nothing);
    }
    hours
}

impl<T> Hours<T> {
    fn cell(&mut self, at: Timestamp) -> &mut Option<T> {
        let (weekday, hour) = weekday_and_hour(at);
        &mut self.0[weekday][hour]
    }

    pub(super) fn map<U>(self, mut of: impl FnMut(T) -> U) -> Hours<U> {
        Hours(self.0.map(|day| day.map(|cell| cell.map(&mut of))))
    }

    /// Weekdays with anything in them, each with its name.
    pub(super) fn days(&self) -> impl Iterator<Item = (&'static str, &[Option<T>; 24])> {
        let days = WEEKDAYS.into_iter().zip(&self.0);
        days.filter(|(_, day)| day.iter().any(Option::is_some))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten().flatten()
    }
}

impl<T: Copy + Default> Hours<T> {
    pub(super) fn at(&mut self, at: Timestamp) -> &mut T {
        self.cell(at).get_or_insert_default()
    }
}

/// Monday and the first hour are 0. 1970 began on a Thursday.
fn weekday_and_hour(at: Timestamp) -> (usize, usize) {
    let weekday = (at.0.div_euclid(DAY.0) + 3).rem_euclid(7);
    let hour = at.0.rem_euclid(DAY.0) / HOUR.0;
    let small = |number: i64| usize::try_from(number).unwrap_or_default();
    (small(weekday), small(hour))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        Timestamp::parse(time).unwrap()
    }

    #[test]
    fn days_begin_on_monday_and_hours_at_midnight() {
        let table = [
            ("1970-01-01T00:00:00Z", (3, 0)),
            ("1969-12-31T23:59:59Z", (2, 23)),
            ("2026-11-22T09:14:08Z", (6, 9)),
            ("2026-11-23T00:00:00Z", (0, 0)),
        ];
        for (time, expected) in table {
            assert_eq!(weekday_and_hour(at(time)), expected, "{time}");
        }
    }

    #[test]
    fn hours_outside_of_the_time_in_question_are_absent() {
        let hours = hours_between(at("2026-11-22T22:30:00Z"), at("2026-11-23T01:00:00Z"), 0);
        let days: Vec<_> = hours.days().collect();
        assert_eq!(
            days.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["Mon", "Sun"]
        );
        assert_eq!(days[0].1[..3], [Some(0), Some(0), None]);
        assert_eq!(days[1].1[21..], [None, Some(0), Some(0)]);
    }
}
