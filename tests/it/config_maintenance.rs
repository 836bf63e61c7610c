//! Windows of maintenance as they are written down, and each way to write them wrong.

use std::fs;

use floorwalker_core::event::Timestamp;

use crate::config::{check, parse};

/// A window with these lines.
fn window(lines: &str) -> String {
    format!("[[maintenance]]\nname = \"w\"\n{lines}\n")
}

const MATCHERS: &str = "matchers = { rule = \"queue.*\" }\n";

/// The mistake in a window that has matchers.
fn mistake(lines: &str, expect: &str) {
    check(&window(&format!("{MATCHERS}{lines}")), expect);
}

/// At which of these instants the only window holds.
fn held(text: &str, instants: &[&str]) -> Vec<bool> {
    let config = parse(text);
    let [window] = config.serve.maintenance.as_slice() else {
        panic!("{config:?}")
    };
    let instants = instants.iter().map(|it| Timestamp::parse(it).unwrap());
    instants.map(|at| window.holds(at)).collect()
}

#[test]
fn windows_hold_once_or_each_week() {
    let once = window(&format!(
        "{MATCHERS}from = 2026-12-24T18:00:00+01:00\nto = \"2026-12-24T20:00:00+01:00\""
    ));
    let instants = [
        "2026-12-24T16:59:59Z",
        "2026-12-24T17:00:00Z",
        "2026-12-24T19:00:00Z",
    ];
    assert_eq!(held(&once, &instants), [false, true, false]);
    let nights = |days: &str| {
        window(&format!(
            "{MATCHERS}weekly = \"{days} 22:00-06:00\"\nzone = \"Europe/Berlin\""
        ))
    };
    // Monday, Friday and the night after it, Saturday.
    let of_nights = [
        "2026-11-23T23:00:00+01:00",
        "2026-11-27T23:00:00+01:00",
        "2026-11-28T05:00:00+01:00",
        "2026-11-28T23:00:00+01:00",
    ];
    for (days, expected) in [
        ("Mon-Fri", [true, true, true, false]),
        ("Fri-Mon", [true, true, true, true]),
        ("sat,MON", [true, false, false, true]),
        ("Tue", [false, false, false, false]),
    ] {
        assert_eq!(held(&nights(days), &of_nights), expected, "{days}");
    }
    let config = parse(&nights("Mon"));
    assert_eq!(config.serve.maintenance[0].id(), "maintenance:w");
}

#[test]
fn the_windows_of_the_example_are_some() {
    let example = fs::read_to_string("config/floorwalker.toml").unwrap();
    let lines = example
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']));
    let begin = lines.skip_while(|line| *line != "[[maintenance]]");
    let written: Vec<&str> = begin
        .take_while(|line| !line.starts_with("Who is called"))
        .collect();
    assert_eq!(parse(&written.join("\n")).serve.maintenance.len(), 2);
}

#[test]
fn a_window_has_a_time() {
    mistake(
        "",
        "f.toml:1:1: when does this window hold? write `from` and `to`, or `weekly` and `zone`",
    );
    mistake(
        "from = 2026-12-24T18:00:00Z",
        "f.toml:4:8: missing field `to`",
    );
    mistake(
        "weekly = \"Mon 09:00-17:00\"",
        "f.toml:4:10: missing field `zone`",
    );
    mistake(
        "from = 2026-12-24T18:00:00Z\nto = 2026-12-24T18:00:00Z",
        "f.toml:5:6: `to` must be after `from`",
    );
    mistake(
        "from = 2026-12-24T18:00:00\nto = 2026-12-24T20:00:00Z",
        "f.toml:4:8: `2026-12-24T18:00:00` is no instant with an offset such as \"2026-12-24T18:00:00+01:00\"",
    );
    mistake(
        "from = 2026-12-24T18:00:00Z\nto = 2026-12-24T20:00:00Z\nweekly = \"Mon 09:00-17:00\"",
        "f.toml:6:10: a window holds once or each week: write either `from` and `to`, or `weekly` and `zone`",
    );
    mistake(
        "weekly = \"Mon 09:00-17:00\"\nzone = \"Europe/Berln\"",
        "f.toml:5:8: `Europe/Berln` is no time zone; write a name of the IANA database such as \"Europe/Berlin\"",
    );
    for wrong in [
        "Mon",
        "Mon 9-17",
        "Mo 09:00-17:00",
        "Mon- 09:00-17:00",
        "Mon-Fri  09:00-17:00",
    ] {
        mistake(
            &format!("weekly = \"{wrong}\"\nzone = \"UTC\""),
            &format!(
                "f.toml:4:10: `{wrong}` is not days and hours such as \"Mon-Fri 22:00-06:00\", \"Sat,Sun 00:00-24:00\" or \"Mon-Sun 02:00-03:30\""
            ),
        );
    }
}

#[test]
fn a_window_names_what_it_silences() {
    let check = |matchers: &str, expect: &str| {
        let lines = "weekly = \"Mon 09:00-17:00\"\nzone = \"UTC\"";
        check(&window(&format!("matchers = {matchers}\n{lines}")), expect);
    };
    check(
        "{}",
        "f.toml:3:12: without matchers this would silence every alert; name a rule, subject, queue, team, channel, severity or agent",
    );
    check(
        "{ rule = \"queue.surg\" }",
        "f.toml:3:21: there is no rule `queue.surg`; did you mean `queue.surge`?",
    );
    check(
        "{ channel = \"fax\" }",
        "f.toml:3:24: there is no channel `fax`; there are voice, chat, email, social, sms, messaging, video, other",
    );
    check(
        "{ queue = \"*billing\" }",
        "f.toml:3:22: `*billing` has a `*` that is not at its end; write a value such as \"queue.surge\", or its beginning such as \"queue.*\"",
    );
    check(
        "{ site = \"oslo\" }",
        "f.toml:3:14: unknown field `site`, expected one of `rule`, `subject`, `queue`, `team`, `channel`, `severity`, `agent`",
    );
    let twice = format!("{MATCHERS}weekly = \"Mon 09:00-17:00\"\nzone = \"UTC\"");
    let twice = format!("{}{}", window(&twice), window(&twice));
    crate::config::check(
        &twice,
        "f.toml:7:8: there is a window of maintenance `w` already; give this one a name of its own",
    );
}
