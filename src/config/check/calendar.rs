//! Opening hours, and the policies that go by them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;
use toml::Spanned;

use super::setting::At as _;
use crate::config::{fault::Fault, file, value::Parsed};
use floorwalker_core::contact::{Calendar, DAY_MINUTES, Hours, LocalSpan};

/// Each holds the opening hours of a century, about a megabyte.
const CALENDARS_MAX: usize = 100;

/// A span as it was written, with the day it is laid on: minutes from the midnight of day 0.
struct Laid<'a> {
    day: usize,
    opens: usize,
    closes: usize,
    given: &'a Spanned<Parsed<LocalSpan>>,
}

pub(super) fn calendars(
    given: &BTreeMap<Spanned<String>, file::Calendar>,
) -> Result<Vec<Arc<Calendar>>, Fault> {
    if let Some((name, _)) = given.iter().nth(CALENDARS_MAX) {
        return Err(name.fault(format!("there are more than {CALENDARS_MAX} calendars")));
    }
    let calendar = |(name, it): (&Spanned<String>, &file::Calendar)| {
        Ok(Arc::new(Calendar::new(name.get_ref(), hours(name, it)?)))
    };
    given.iter().map(calendar).collect()
}

fn hours(name: &Spanned<String>, given: &file::Calendar) -> Result<Hours, Fault> {
    let zone = zone(&given.zone)?;
    let week = week(given);
    if week.iter().all(|spans| spans.is_empty()) {
        return Err(name.fault(
            "this calendar is closed on every day of the week, so nothing would ever be due by it; give it hours such as monday = [\"09:00-17:00\"]",
        ));
    }
    let laid = (0..=7).flat_map(|day| lay(week[day % 7], day));
    apart(laid.collect(), None)?;
    let special = special_days(given)?;
    special_days_apart(&week, &special)?;
    Ok(Hours {
        zone,
        week: week.map(spans_of),
        special_days: (special.into_iter())
            .map(|(date, spans)| (date, spans_of(spans)))
            .collect(),
    })
}

fn week(given: &file::Calendar) -> [&file::Hours; 7] {
    [
        &given.monday,
        &given.tuesday,
        &given.wednesday,
        &given.thursday,
        &given.friday,
        &given.saturday,
        &given.sunday,
    ]
}

fn spans_of(given: &file::Hours) -> Vec<LocalSpan> {
    given.iter().map(|span| span.get_ref().0).collect()
}

pub(super) fn zone(given: &Spanned<String>) -> Result<jiff::tz::TimeZone, Fault> {
    let name = given.get_ref();
    Hours::zone_named(name).ok_or_else(|| {
        given.fault(format!(
            "`{name}` is no time zone; write a name of the IANA database such as \"Europe/Berlin\""
        ))
    })
}

/// Holidays have no hours.
fn special_days(given: &file::Calendar) -> Result<BTreeMap<Date, &file::Hours>, Fault> {
    const CLOSED: &file::Hours = &Vec::new();
    let holidays = given.holidays.iter().map(|day| {
        let text = day.get_ref().as_str().map(ToOwned::to_owned);
        let text = text.unwrap_or_else(|| day.get_ref().to_string());
        (Spanned::new(day.span(), text), CLOSED)
    });
    let special = given
        .special_days
        .iter()
        .map(|(day, hours)| (day.clone(), hours));
    let mut days = BTreeMap::new();
    for (day, hours) in holidays.chain(special) {
        if days.insert(date(&day)?, hours).is_some() {
            let sentence = format!("`{}` has its hours already; remove one", day.get_ref());
            return Err(day.fault(sentence));
        }
    }
    Ok(days)
}

fn date(given: &Spanned<String>) -> Result<Date, Fault> {
    let text = given.get_ref();
    // The parser of dates would read a time too, and be content with "20261225".
    let is_short = text.len() == "2026-12-25".len();
    let date = text.parse().ok().filter(|_| is_short);
    date.ok_or_else(|| given.fault(format!("`{text}` is no date such as \"2026-12-25\"")))
}

/// Nor may a special day's hours lie over those of the days before and after it.
fn special_days_apart(
    week: &[&file::Hours; 7],
    special: &BTreeMap<Date, &file::Hours>,
) -> Result<(), Fault> {
    let of = |date: Date| match special.get(&date) {
        Some(hours) => hours,
        None => week[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())],
    };
    for date in special.keys() {
        let days = [date.yesterday().ok(), Some(*date), date.tomorrow().ok()];
        let days = days.into_iter().enumerate();
        let laid = days.filter_map(|(day, it)| Some(lay(of(it?), day)));
        apart(laid.flatten().collect(), Some(1))?;
    }
    Ok(())
}

fn lay(hours: &file::Hours, day: usize) -> impl Iterator<Item = Laid<'_>> {
    hours.iter().map(move |given| {
        let Parsed(span) = given.get_ref();
        let midnight = day * usize::from(DAY_MINUTES);
        Laid {
            day,
            opens: midnight + usize::from(span.opens),
            closes: midnight + usize::from(span.closes),
            given,
        }
    })
}

/// The mistake stands at the later of two, or at the one of the day that is `meant`.
fn apart(mut laid: Vec<Laid<'_>>, meant: Option<usize>) -> Result<(), Fault> {
    laid.sort_by_key(|it| (it.opens, it.closes));
    for pair in laid.windows(2) {
        let [one, other] = pair else { continue };
        if one.closes <= other.opens {
            continue;
        }
        let at = if meant == Some(one.day) { one } else { other };
        let of = if one.day == other.day {
            ""
        } else {
            " the day before"
        };
        let sentence = format!("`{}` and `{}`{of} overlap", shown(other), shown(one));
        return Err(at
            .given
            .fault(sentence + "; join them, or end the one where the other begins"));
    }
    Ok(())
}

fn shown(laid: &Laid<'_>) -> String {
    let Parsed(span) = laid.given.get_ref();
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let closes = if span.closes > DAY_MINUTES {
        span.closes - DAY_MINUTES
    } else {
        span.closes
    };
    format!("{}-{}", time(span.opens), time(closes))
}
