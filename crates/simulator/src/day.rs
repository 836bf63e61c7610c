//! The shape of a day: how much of the busiest half hour's traffic each half hour has.

use floorwalker_core::event::{Span, Timestamp};

pub(super) const DAY: Span = Span::from_secs(86_400);
pub(super) const QUARTER: Span = Span::from_secs(900);
/// Quarters of an hour in a day.
pub(super) const QUARTERS: usize = 96;

/// Monday to Sunday, as shares of a usual day.
const WEEK: [f64; 7] = [1.0, 0.95, 0.9, 0.9, 0.85, 0.45, 0.35];
/// 1970-01-01 was a Thursday.
const EPOCH_WEEKDAY: i64 = 3;

/// By hour, as percentages: calls, chats, from seven to ten in the evening. Two humps with lunch between them is what call centers report (Brown et al., Statistical
/// Analysis of a Telephone Call Center, JASA 100, 2005, figure 6).
const LIVE: [u8; 24] = [
    0, 0, 0, 0, 0, 0, 0, 34, 66, 92, 100, 96, 78, 84, 93, 90, 80, 66, 50, 38, 28, 14, 0, 0,
];
/// Mails and posts: flatter, with a second wind in the evening.
const WRITTEN: [u8; 24] = [
    6, 4, 3, 2, 3, 6, 16, 45, 72, 95, 100, 97, 84, 86, 92, 90, 80, 62, 46, 40, 38, 30, 18, 10,
];

/// How traffic follows the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// Traffic is always as in the busiest half hour.
    Flat,
    /// Traffic follows office hours, with less of it at weekends.
    Office {
        /// By how much local time is ahead of UTC.
        offset: Span,
    },
}

impl Day {
    /// Returns office hours in which `at` is a Monday at ten in the morning.
    #[must_use]
    pub const fn busy_at(at: Timestamp) -> Self {
        // 1970-01-05T10:00:00Z
        let monday = 4 * DAY.0 + 10 * 3_600_000_000;
        Self::Office {
            offset: Span(monday - at.0),
        }
    }

    /// The share of the busiest half hour's traffic at this instant.
    pub(super) fn share(self, at: Timestamp, written: bool) -> f64 {
        match self {
            Self::Flat => 1.0,
            Self::Office { offset } => {
                let local = at + offset;
                WEEK[weekday(local)] * curve(written, local)
            }
        }
    }

    /// Time since local midnight.
    pub(super) const fn since_midnight(self, at: Timestamp) -> Span {
        match self {
            Self::Flat => Span(at.0.rem_euclid(DAY.0)),
            Self::Office { offset } => Span((at.0 + offset.0).rem_euclid(DAY.0)),
        }
    }

    /// The shares of a usual day's quarters of an hour.
    pub(super) fn quarters(self, written: bool) -> [f64; QUARTERS] {
        let mut at = Timestamp(QUARTER.0 / 2);
        [(); QUARTERS].map(|()| {
            let share = match self {
                Self::Flat => 1.0,
                Self::Office { .. } => curve(written, at),
            };
            at = at + QUARTER;
            share
        })
    }
}

fn weekday(local: Timestamp) -> usize {
    let days = local.0.div_euclid(DAY.0) + EPOCH_WEEKDAY;
    usize::try_from(days.rem_euclid(7)).unwrap_or(0)
}

/// Linear between the middles of the hours.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "hours of a day"
)]
fn curve(written: bool, local: Timestamp) -> f64 {
    let curve = if written { &WRITTEN } else { &LIVE };
    let hours = Span(local.0.rem_euclid(DAY.0)).as_secs() / 3_600.0 + 23.5;
    let (hour, part) = (hours as usize, hours.fract());
    let level = |at: usize| f64::from(curve[at % 24]) / 100.0;
    level(hour) * (1.0 - part) + level(hour + 1) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_rises_dips_at_noon_and_falls() {
        let day = Day::busy_at(Timestamp(0));
        let at =
            |hours: i64| day.share(Timestamp(0) + Span::from_secs((hours - 10) * 3_600), false);
        assert!(at(4) < 0.05 && at(8) > 0.4);
        assert!(at(11) > at(13) && at(15) > at(13) && at(20) < at(17));
        assert!(at(11 + 5 * 24) < 0.5, "a Saturday");
        assert_eq!(day.since_midnight(Timestamp(0)), Span::from_secs(36_000));
    }
}
