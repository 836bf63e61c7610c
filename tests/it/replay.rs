//! The command `replay`, as a process.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

use flate2::{Compression, write::GzEncoder};
use floorwalker_core::event::line;
use floorwalker_simulator::jsonl::jsonl;
use serde_json::Value;

const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

fn replay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_floorwalker"))
        .arg("replay")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file `name` of `lines` in `folder`.
fn file(folder: &Path, name: &str, lines: &[&str]) -> String {
    let path = folder.join(name);
    fs::write(&path, lines.join("\n")).unwrap();
    path.display().to_string()
}

fn line(id: &str, at: &str, kind: &str, rest: &str) -> String {
    format!(
        r#"{{"event_id":"{id}","occurred_at":"2026-11-22T{at}Z","type":"{kind}","contact_id":"c1"{rest}}}"#
    )
}

fn queued(id: &str, at: &str) -> String {
    let rest = r#","queue":"billing","channel":"voice""#;
    line(id, at, "contact_queued", rest)
}

#[test]
fn published_figures_are_reported() {
    let report = stdout(&replay(&[CALLS]));
    for figure in [
        "22,162 read = 22,162 applied + 0 repeated + 0 skipped + 0 dead-lettered",
        "Contacts          5,000",
        "5,000 offered, 4,054 answered, 946 abandoned",
        "67.5 s (p50",
        "89.9 % [89.0, 90.8], 3,646 of 4,054",
        "3.40 of 5 (0.6009 normalised) in 4,054 surveys",
    ] {
        assert!(report.contains(figure), "{figure}\n{report}");
    }
}

#[test]
fn records_are_written_for_every_entity_and_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [kpis, contacts, alerts] = ["kpis", "contacts", "alerts"].map(path);
    let output = replay(&[
        CALLS,
        "--kpis",
        &kpis,
        "--contacts",
        &contacts,
        "--alerts",
        &alerts,
        "--at",
        "2021-01-31T23:59:59Z",
    ]);
    let report = stdout(&output);
    assert!(report.contains("at 2021-01-31T23:59:59Z, 14"), "{report}");
    let records = |file: &str| -> Vec<Value> {
        let text = fs::read_to_string(file).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let all = |window: &str| {
        let mut found = records(&kpis);
        found.retain(|record| record["entity"] == "all" && record["window"] == window);
        assert_eq!(found.len(), 1, "{window}");
        found.remove(0)
    };
    assert_eq!(all("all")["clock"], "2021-01-31T23:59:59Z");
    let count = |record: &Value, name: &str| record["kpis"][name].as_u64().unwrap();
    let offered = count(&all("all"), "offered");
    assert!(count(&all("7d"), "offered") < offered);
    assert_eq!(records(&contacts).len() as u64, offered);
    assert!(records(&alerts).len() as u64 > offered);
}

#[test]
fn rejected_lines_are_counted_and_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let queued = queued("e1", "10:00:00");
    let ended = line("e2", "10:00:30", "contact_ended", r#","by":"customer""#);
    let brewed = line("e3", "10:00:10", "coffee_brewed", "");
    let first = file(
        folder.path(),
        "a.jsonl",
        &[&queued, "", "{\"type\":", &brewed],
    );
    let second = file(
        folder.path(),
        "b.jsonl",
        &[&queued, "nonsense", &ended, "[]"],
    );
    let report = stdout(&replay(&[&first, &second]));
    for part in [
        "7 read = 2 applied + 1 repeated + 1 skipped + 3 dead-lettered",
        "1 offered, 0 answered, 1 abandoned",
        &format!("| invalid_json | 1 | {first}:3 | line 1, column 8: EOF while parsing a value"),
        &format!("| not_an_object | 2 | {second}:2 | the payload is not a JSON object"),
    ] {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&report).contains(&plain(part)), "{part}\n{report}");
    }
}

#[test]
fn nothing_to_read_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = file(folder.path(), "empty", &[]);
    let report = stdout(&replay(&[&empty]));
    assert!(report.contains("no events"), "{report}");
    let none = file(folder.path(), "none", &["[]", "[]"]);
    let of_none = stdout(&replay(&[&none]));
    assert!(of_none.contains("no events"), "{of_none}");
}

/// Two sources of one day, an hour of calls in each, count as their merged lines do, however many tasks there are.
#[test]
fn files_of_one_period_count_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = |second: usize| {
        format!(
            "{:02}:{:02}:{:02}",
            9 + second / 3_600,
            second / 60 % 60,
            second % 60
        )
    };
    let call = |number: usize| {
        let event = |id: &str, second: usize, kind: &str, rest: &str| {
            let id = format!("{id}{number}");
            let text = line(&id, &at(second), kind, rest);
            text.replace("\"c1\"", &format!("\"c{number}\""))
        };
        let begun = number * 90;
        let calls = [
            event(
                "q",
                begun,
                "contact_queued",
                r#","channel":"voice","queue":"q""#,
            ),
            event("a", begun + 5, "agent_answered", r#","agent":"ana""#),
            event("e", begun + 60, "contact_ended", r#","by":"customer""#),
        ];
        let survey = r#","score":4,"scale_min":1,"scale_max":5"#;
        (calls, event("s", begun + 80, "survey_answered", survey))
    };
    let (calls, surveys): (Vec<_>, Vec<_>) = (0..40).map(call).unzip();
    let calls: Vec<String> = calls.concat();
    let lines = |lines: &[String], name: &str| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        file(folder.path(), name, &lines)
    };
    let (one, other) = (lines(&calls, "calls"), lines(&surveys, "surveys"));
    let config = file(folder.path(), "few.toml", &["[engine]", "tasks = 1"]);
    let mut reports = Vec::new();
    for arguments in [vec![&one, &other], vec![&other, &one]] {
        for more in [&[][..], &["--config", config.as_str()]] {
            let files: Vec<&str> = arguments.iter().map(|it| it.as_str()).collect();
            let report = stdout(&replay(&[&files, more].concat()));
            assert!(report.contains("0 dead-lettered"), "{report}");
            assert!(report.contains("in 40 surveys"), "{report}");
            reports.push(report.lines().skip(1).collect::<Vec<_>>().join("\n"));
        }
    }
    assert!(
        reports.iter().all(|report| *report == reports[0]),
        "{reports:#?}"
    );
}

#[test]
fn input_files_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let queued = queued("a", "10:00:00");
    let events = file(folder.path(), "events", &[&queued]);
    let other = folder.path().join("./other").display().to_string();
    let plain = folder.path().join("other").display().to_string();
    for arguments in [
        vec![&*events, "--kpis", &events],
        vec![&events, "--html", &events],
        vec![&events, "--kpis", &other, "--contacts", &plain],
    ] {
        let output = replay(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let printed = stderr(&output);
        assert!(
            printed.contains("is read, or written by another option; write elsewhere"),
            "{printed}"
        );
    }
    assert_eq!(fs::read_to_string(&events).unwrap(), queued);
    let printed = stderr(&replay(&[&events, "--contacts", "-"]));
    assert!(printed.contains("`-` is no file to write"), "{printed}");
    stdout(&replay(&[
        &events,
        "--kpis",
        "/dev/null",
        "--contacts",
        "/dev/null",
    ]));
}

#[test]
fn the_report_is_of_the_newest_event_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = queued("b", "10:00:00").replace("2026-11-22", "2926-11-22");
    let queued = queued("a", "10:00:00");
    let strange = line("c", "10:00:01", "Contact_Queued\\u001b[2J", "");
    let events = file(folder.path(), "events", &[&queued, &ahead, &strange]);
    let report = stdout(&replay(&[&events]));
    for part in [
        format!("{events} at 2026-11-22T10:00:00Z"),
        format!("{events}:3 | no event has this type"),
        "skipped `Contact_Queued\\u{1b}[2J`".to_owned(),
    ] {
        assert!(report.contains(&part), "{part}\n{report}");
    }
}

/// Targets are those in force at the clock.
#[test]
fn targets_are_those_of_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let queued = queued("a", "10:00:00");
    let answered = line("b", "10:00:05", "agent_answered", r#","agent":"ana""#);
    let events = file(folder.path(), "events", &[&queued, &answered]);
    let target = |from: &str, target: &str| {
        format!(
            r#"{{"subject":"policy:voice answer","valid_from":"{from}","measure":"answer","channel":"voice","threshold":20,"target":{target}}}"#
        )
    };
    let statements = [
        target("2026-11-01T00:00:00Z", "0.99"),
        target("2026-11-23T00:00:00Z", "0.7"),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let directory = file(folder.path(), "directory", &statements);
    let page = folder.path().join("page.html").display().to_string();
    let report = stdout(&replay(&[
        &events,
        "--directory",
        &directory,
        "--html",
        &page,
    ]));
    assert!(report.contains("target 99 %"), "{report}");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("target 99.0 % met"), "{html}");
}

#[test]
fn broken_input_ends_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&b"{}\n".repeat(100)).unwrap();
    let whole = encoder.finish().unwrap();
    let path = folder.path().join("cut.gz");
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let output = replay(&[path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cut.gz:101: the gzip data is cut off"),
        "{}",
        stderr(&output)
    );
    let missing = replay(&["nowhere.jsonl"]);
    assert!(
        stderr(&missing).contains("nowhere.jsonl: No such file"),
        "{}",
        stderr(&missing)
    );
}

#[test]
fn mistakes_in_arguments_and_configuration_are_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), "f.toml", &["[engine]", "tasks = 0"]);
    let output = replay(&[CALLS, "--config", &config]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("f.toml:2:9: 0 is out of range"),
        "{}",
        stderr(&output)
    );
    assert_eq!(replay(&[CALLS, "--at", "noon"]).status.code(), Some(2));
    assert_eq!(replay(&[]).status.code(), Some(2));
}

#[test]
fn the_worked_example_resolves_no_contact_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("tests/data/worked-example.txt").unwrap();
    let events = line::parse_all(&text).unwrap();
    let lines: Vec<String> = events.iter().map(jsonl).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let file = file(folder.path(), "example.jsonl", &lines);
    let report = stdout(&replay(&[&file, "--at", "2026-11-22T10:30:00Z"]));
    let figure = "First contact     0.0 % [0.0, 79.3], 0 of 1; 0 without a customer";
    assert!(report.contains(figure), "{report}");
}

#[test]
fn a_report_can_be_json() {
    let folder = tempfile::tempdir().unwrap();
    let good = line("e1", "10:00:00", "contact_queued", ",\"queue\":\"billing\"");
    let path = file(folder.path(), "mixed.jsonl", &[&good, "{"]);
    let report: Value = serde_json::from_str(&stdout(&replay(&[&path, "--json"]))).unwrap();
    assert_eq!(report["events"]["applied"], 1);
    assert_eq!(report["events"]["dead_lettered"], 1);
    assert_eq!(report["rejected"][0]["reason"], "invalid_json");
    let all = report["kpis"].as_array().unwrap().iter();
    let all: Vec<_> = all.filter(|it| it["entity"] == "all").collect();
    assert_eq!(all[0]["kpis"]["offered"], 1);
}

#[test]
fn contacts_that_reuse_an_id_are_all_reported() {
    let folder = tempfile::tempdir().unwrap();
    let message = |at: &str, by: &str| {
        let sender = if by == "agent" {
            r#","agent":"ana""#
        } else {
            ""
        };
        format!(
            r#"{{"occurred_at":"{at}","type":"message_sent","contact_id":"thread","channel":"messaging","customer_id":"kim","queue":"care","by":"{by}"{sender}}}"#
        )
    };
    let resolved = |at: &str| {
        format!(
            r#"{{"occurred_at":"{at}","type":"contact_resolved","contact_id":"thread","agent":"ana"}}"#
        )
    };
    let lines = [
        message("2026-09-01T10:00:00Z", "customer"),
        message("2026-09-01T10:05:00Z", "agent"),
        resolved("2026-09-01T10:06:00Z"),
        message("2026-10-05T09:00:00Z", "customer"),
        message("2026-10-05T09:20:00Z", "agent"),
        resolved("2026-10-05T09:21:00Z"),
    ];
    let events = file(
        folder.path(),
        "events.jsonl",
        &lines.each_ref().map(String::as_str),
    );
    let contacts = folder.path().join("contacts.jsonl");
    let report = stdout(&replay(&[
        &events,
        "--contacts",
        contacts.to_str().unwrap(),
    ]));
    for figure in [
        "Contacts                      2",
        "SLA messaging first_response  50.0 % [9.5, 90.5], 1 of 2",
    ] {
        assert!(report.contains(figure), "{figure}\n{report}");
    }
    let written = fs::read_to_string(contacts).unwrap();
    let began_at: Vec<String> = (written.lines())
        .map(|record| serde_json::from_str::<Value>(record).unwrap()["began_at"].to_string())
        .collect();
    assert_eq!(
        began_at,
        [r#""2026-09-01T10:00:00Z""#, r#""2026-10-05T09:00:00Z""#]
    );
}
