//! Numbers and times of the terminal, short enough for a column.

use floorwalker_core::event::{Span, Timestamp};

const ABSENT: &str = "-";

/// `71 %`.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || ABSENT.to_owned(),
        |share| format!("{:.0} %", share * 100.0),
    )
}

/// `42 s`, from ten minutes on `12 min`, from three hours on `4 h`.
pub(super) fn length(seconds: Option<f64>) -> String {
    match seconds {
        None => ABSENT.to_owned(),
        Some(seconds) if seconds < 600.0 => format!("{seconds:.0} s"),
        Some(seconds) if seconds < 10_800.0 => format!("{:.0} min", seconds / 60.0),
        Some(seconds) => format!("{:.0} h", seconds / 3_600.0),
    }
}

/// `14:03:27`, UTC.
pub(super) fn time_of_day(at: Timestamp) -> String {
    const DAY_S: i64 = 86_400;
    let second = at.0.div_euclid(1_000_000).rem_euclid(DAY_S);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{hour:02}:{minute:02}:{:02}", second % 60)
}

/// `2.1 s`.
pub(super) fn behind(span: Option<Span>) -> String {
    span.map_or_else(
        || ABSENT.to_owned(),
        |span| format!("{:.1} s", span.as_secs().max(0.0)),
    )
}

/// What fits into so many columns.
pub(super) fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let kept: String = line.chars().take(columns.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_stay_short() {
        let table = [
            (None, "-"),
            (Some(41.6), "42 s"),
            (Some(599.0), "599 s"),
            (Some(750.0), "12 min"),
            (Some(86_400.0), "24 h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(length(seconds), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(cut("câble", 5), "câble");
        assert_eq!(cut("câbles", 5), "câbl…");
    }

    #[test]
    fn the_time_of_day_is_that_of_utc() {
        let at = Timestamp::parse("2026-11-22T09:14:08.25Z").unwrap();
        assert_eq!(time_of_day(at), "09:14:08");
    }
}
