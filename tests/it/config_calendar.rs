//! Opening hours as they are written down, and each way to write them wrong.

use std::fs;

use floorwalker_core::{contact::LocalSpan, event::Timestamp};
use jiff::civil::date;

use crate::config::{check, parse, policy};

/// A calendar `c` of Berlin.
fn berlin(hours: &str) -> String {
    format!("[calendars.c]\nzone = \"Europe/Berlin\"\n{hours}\n")
}

fn mistake(hours: &str, expect: &str) {
    check(&berlin(hours), expect);
}

#[test]
fn hours_are_read_and_named_by_policies() {
    let config = parse(
        r#"
        [[policy]]
        measure = "resolution"
        threshold = "8h"
        calendar = "north"
        [[policy]]
        measure = "answer"
        threshold = "20s"
        [calendars.north]
        zone = "Europe/Oslo"
        monday = ["13:00-17:30", "09:00-12:00"]
        friday = ["22:00-06:00", "08:00-09:00"]
        saturday = ["06:00-24:00"]
        holidays = [2026-12-25, "2026-12-26"]
        special_days = { 2026-12-24 = ["09:00-12:00"] }
        [calendars.unused]
        zone = "utc"
        sunday = ["00:00-24:00"]
        "#,
    );
    let [resolution, answer] = config.engine.contact.policies.as_slice() else {
        panic!("{config:?}")
    };
    assert_eq!(answer.calendar, None);
    let calendar = resolution.calendar.as_ref().unwrap();
    assert_eq!(calendar.name, "north");
    let hours = calendar.hours();
    let span = |opens, closes| LocalSpan { opens, closes };
    assert_eq!(hours.week[0], [span(780, 1_050), span(540, 720)]);
    assert_eq!(hours.week[1], []);
    assert_eq!(hours.week[4], [span(1_320, 1_800), span(480, 540)]);
    assert_eq!(hours.week[5], [span(360, 1_440)]);
    let special = &hours.special_days;
    assert_eq!(special[&date(2026, 12, 24)], [span(540, 720)]);
    assert_eq!(special[&date(2026, 12, 25)], []);
    assert_eq!(special[&date(2026, 12, 26)], []);
    let at = |text| Timestamp::parse(text).unwrap();
    let opened_at = at("2026-12-24T11:00:00+01:00");
    let due_at = at("2026-12-28T17:00:00+01:00");
    assert_eq!(resolution.due_at(opened_at), due_at);
}

#[test]
fn the_calendar_of_the_example_is_one() {
    let example = fs::read_to_string("config/floorwalker.toml").unwrap();
    let lines = example.lines().map(|line| line.trim_start_matches("# "));
    let begin = lines.skip_while(|line| !line.starts_with("[calendars"));
    let written: Vec<&str> = begin.take_while(|line| !line.is_empty()).collect();
    let config = parse(&format!(
        "{}\n{}",
        written.join("\n"),
        policy("calendar = \"office\"")
    ));
    let calendar = config.engine.contact.policies[0].calendar.as_ref();
    assert_eq!(calendar.unwrap().hours().special_days.len(), 3);
}

#[test]
fn a_policy_names_a_calendar_that_is_there() {
    check(
        &policy("calendar = \"office\""),
        "f.toml:4:12: there is no calendar `office`; add a [calendars.office] with its `zone` and hours",
    );
    check(
        &format!(
            "{}{}",
            policy("calendar = \"office\"\n"),
            berlin("monday = [\"09:00-17:00\"]")
        ),
        "f.toml:4:12: there is no calendar `office`; write c, or add a [calendars.office]",
    );
}

#[test]
fn zones_are_those_of_the_database() {
    check(
        "[calendars.c]\nzone = \"Europe/Berln\"\nmonday = [\"09:00-17:00\"]",
        "f.toml:2:8: `Europe/Berln` is no time zone; write a name of the IANA database such as \"Europe/Berlin\"",
    );
    check(
        "[calendars.c]\nzone = \"+01:00\"\nmonday = [\"09:00-17:00\"]",
        "f.toml:2:8: `+01:00` is no time zone; write a name of the IANA database such as \"Europe/Berlin\"",
    );
    check(
        "[calendars.c]\nmonday = [\"09:00-17:00\"]",
        "f.toml:1:1: missing field `zone`",
    );
}

#[test]
fn spans_are_from_a_time_to_another() {
    for wrong in [
        "9-17",
        "9:00-17:00",
        "09:00",
        "09:00-25:00",
        "09:60-17:00",
        "24:00-06:00",
        "09:00-24:01",
        "09:00-09:00",
        "09:00 - 17:00",
        "+9:00-17:00",
        "",
    ] {
        mistake(
            &format!("monday = [\"09:00-10:00\", \"{wrong}\"]"),
            &format!(
                "f.toml:3:26: `{wrong}` is not opening hours such as \"09:00-17:30\", over midnight \"22:00-06:00\", all day \"00:00-24:00\""
            ),
        );
    }
    mistake(
        "moonday = []",
        "f.toml:3:1: unknown field `moonday`, expected one of `zone`, `monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday`, `sunday`, `holidays`, `special_days`",
    );
}

#[test]
fn spans_lie_apart() {
    let advice = "overlap; join them, or end the one where the other begins";
    mistake(
        "monday = [\"11:59-14:00\", \"09:00-12:00\"]",
        &format!("f.toml:3:11: `11:59-14:00` and `09:00-12:00` {advice}"),
    );
    mistake(
        "monday = [\"22:00-06:00\"]\ntuesday = [\"05:00-09:00\"]",
        &format!("f.toml:4:12: `05:00-09:00` and `22:00-06:00` the day before {advice}"),
    );
    mistake(
        "sunday = [\"22:00-06:00\"]\nmonday = [\"05:00-09:00\"]",
        &format!("f.toml:4:11: `05:00-09:00` and `22:00-06:00` the day before {advice}"),
    );
    // 24 December 2026 is a Thursday.
    mistake(
        "wednesday = [\"22:00-06:00\"]\nspecial_days = { 2026-12-24 = [\"05:00-09:00\"] }",
        &format!("f.toml:4:32: `05:00-09:00` and `22:00-06:00` the day before {advice}"),
    );
    mistake(
        "friday = [\"05:00-09:00\"]\nspecial_days = { 2026-12-24 = [\"22:00-06:00\"] }",
        &format!("f.toml:4:32: `05:00-09:00` and `22:00-06:00` the day before {advice}"),
    );
    parse(&berlin(
        "monday = [\"09:00-12:00\", \"12:00-24:00\"]\ntuesday = [\"00:00-09:00\"]",
    ));
    parse(&berlin(
        "wednesday = [\"22:00-06:00\"]\nthursday = [\"07:00-09:00\"]\nholidays = [2026-12-24]",
    ));
}

#[test]
fn calendars_that_are_never_open_are_refused() {
    let closed = "f.toml:1:12: this calendar is closed on every day of the week, so nothing would ever be due by it; give it hours such as monday = [\"09:00-17:00\"]";
    mistake("", closed);
    mistake(
        "monday = []\nspecial_days = { 2026-12-24 = [\"09:00-12:00\"] }",
        closed,
    );
    let seldom = berlin("monday = [\"09:00-09:30\"]");
    let by = |threshold: &str| {
        format!(
            "[[policy]]\nmeasure = \"answer\"\ncalendar = \"c\"\nthreshold = \"{threshold}\"\n{seldom}"
        )
    };
    check(
        &by("11d"),
        "f.toml:4:13: by the calendar `c`, open 0.5 h a week, this takes over 10 years; write a shorter threshold",
    );
    parse(&by("10d"));
}

#[test]
fn days_are_dates_and_named_once() {
    let mut wrong: Vec<String> = [
        "2026-02-29",
        "25.12.2026",
        "2026-12",
        "20261225",
        "2026-W52-5",
        "",
    ]
    .map(|it| format!("\"{it}\""))
    .into();
    wrong.push("2026-12-25T09:00:00".to_owned());
    wrong.push("7".to_owned());
    for day in wrong {
        mistake(
            &format!("monday = [\"09:00-17:00\"]\nholidays = [{day}]"),
            &format!(
                "f.toml:4:13: `{}` is no date such as \"2026-12-25\"",
                day.trim_matches('"')
            ),
        );
    }
    mistake(
        "monday = [\"09:00-17:00\"]\nspecial_days.monday = [\"09:00-12:00\"]",
        "f.toml:4:14: `monday` is no date such as \"2026-12-25\"",
    );
    mistake(
        "monday = [\"09:00-17:00\"]\nholidays = [\"2026-12-25\", 2026-12-25]",
        "f.toml:4:27: `2026-12-25` has its hours already; remove one",
    );
    mistake(
        "monday = [\"09:00-17:00\"]\nholidays = [\"2026-12-24\"]\nspecial_days = { 2026-12-24 = [\"09:00-12:00\"] }",
        "f.toml:5:18: `2026-12-24` has its hours already; remove one",
    );
}

#[test]
fn sites_have_zones_of_the_database() {
    let config =
        parse("kpi.zone = \"Asia/Kathmandu\"\nsites.oslo.zone = \"Europe/Oslo\"\nsites.home = {}");
    let kpi = &config.engine.kpi;
    assert_eq!(kpi.zone.iana_name(), Some("Asia/Kathmandu"));
    let zones = kpi.zones_by_site.iter();
    let zones: Vec<_> = zones
        .map(|(site, it)| (site.as_str(), it.iana_name()))
        .collect();
    assert_eq!(zones, [("oslo", Some("Europe/Oslo"))]);
    let no_zone = |name: &str| {
        format!(
            "`{name}` is no time zone; write a name of the IANA database such as \"Europe/Berlin\""
        )
    };
    check(
        "kpi.zone = \"Berlin\"",
        &format!("f.toml:1:12: {}", no_zone("Berlin")),
    );
    check(
        "[sites.oslo]\nzone = \"Oslo\"",
        &format!("f.toml:2:8: {}", no_zone("Oslo")),
    );
    check(
        "sites.\" \".zone = \"UTC\"",
        "f.toml:1:7: a site needs a name, such as [sites.oslo]",
    );
}
