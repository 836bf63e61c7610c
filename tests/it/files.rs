//! Files as people have them: in any order, packed, of other tools; what can't be read is named with what to do.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use flate2::read::GzDecoder;
use serde_json::Value;

const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

fn replay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_floorwalker"))
        .arg("replay")
        .args(arguments)
        .output()
        .unwrap()
}

fn case(name: &str) -> String {
    format!("tests/data/cases/{name}")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How often each event of the worked example was read: offered is of `all`.
fn check_is_read(file: &str, events: u64) {
    let output = replay(&[file, "--json", "--strict"]);
    assert!(output.status.success(), "{file}: {}", stderr(&output));
    let report = report(&output);
    assert_eq!(report["events"]["applied"], events, "{file}");
    let records = report["kpis"].as_array().unwrap();
    let all = records.iter().find(|it| it["entity"] == "all").unwrap();
    assert_eq!(all["kpis"]["offered"], 4, "{file}");
    assert_eq!(all["kpis"]["aht"]["mean"], 167.5, "{file}");
}

#[test]
fn arrays_other_encodings_and_packed_files_are_read() {
    for file in [
        "array.json",
        "utf16.jsonl",
        "w.zst",
        "zero_padded.jsonl.gz",
        "two_members_bom.jsonl.gz",
    ] {
        check_is_read(&case(file), 17);
    }
}

#[test]
fn what_cannot_be_read_ends_with_code_1_and_a_hint() {
    for (file, hint) in [
        ("trailing_comma.jsonl", "`sed 's/,$//' FILE`"),
        ("events.csv", "`mlr --icsv --ojsonl cat FILE`"),
        ("epoch_s.jsonl", "looks like seconds since 1970"),
    ] {
        let file = case(file);
        let output = replay(&[&file]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        let errors = stderr(&output);
        let first = "error: no event among ";
        assert!(errors.starts_with(first), "{errors}");
        assert!(
            errors.contains(&format!("lines of {file}; {file}:1: ")),
            "{errors}"
        );
        let line = errors.lines().find(|line| line.starts_with("hint: "));
        assert!(line.is_some_and(|line| line.contains(hint)), "{errors}");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.contains(hint), "{printed}");
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("events.xlsx");
    fs::write(&archive, b"PK\x03\x04rest").unwrap();
    let output = replay(&[archive.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("events.xlsx: this is a zip archive"),
        "{}",
        stderr(&output)
    );
}

/// An empty file holds nothing that could not be used.
#[test]
fn strict_fails_on_any_unusable_line() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = folder.path().join("mixed.jsonl");
    let event = r#"{"occurred_at":"2026-11-22T10:00:00Z","source":"s","type":"contact_queued","contact_id":"c","channel":"voice","queue":"q"}"#;
    fs::write(&mixed, format!("{event}\n{event},\n")).unwrap();
    let mixed = mixed.to_str().unwrap();
    assert!(replay(&[mixed]).status.success());
    let output = replay(&[mixed, "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    assert!(
        errors.contains("error: 1 of 2 lines could not be used; "),
        "{errors}"
    );
    assert!(errors.contains("hint: lines end with a comma"), "{errors}");
    let empty = folder.path().join("empty.jsonl");
    fs::write(&empty, "").unwrap();
    assert!(
        replay(&[empty.to_str().unwrap(), "--strict"])
            .status
            .success()
    );
}

/// KPI records of the window `all`, by entity, and alerts by rule.
fn figures(file: &Path) -> (Value, Value, Value) {
    let output = replay(&[file.to_str().unwrap(), "--json", "--strict"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = report(&output);
    let field = |name: &str| report[name].clone();
    (field("kpis"), field("fired"), field("contacts"))
}

/// A file is whole: none of it is late, in whatever order it is.
#[test]
fn the_order_of_a_file_does_not_matter() {
    let mut text = String::new();
    let packed = fs::File::open(CALLS).unwrap();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let in_order = figures(Path::new(CALLS));
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let check = |name: &str, order: &[&str]| {
        let file = folder.path().join(name);
        fs::write(&file, order.join("\n")).unwrap();
        assert_eq!(figures(&file), in_order, "{name}");
    };
    lines.reverse();
    check("reversed", &lines);
    lines.sort_unstable();
    check("sorted", &lines);
    // A stride that shares no factor with the number of lines visits each once.
    let shuffled: Vec<&str> = (0..lines.len())
        .map(|index| lines[index * 7_919 % lines.len()])
        .collect();
    check("shuffled", &shuffled);
}

#[test]
fn fired_alerts_are_reported_by_rule() {
    let output = replay(&[CALLS]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("Alerts "));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    let report = report(&replay(&[CALLS, "--json"]));
    let fired = report["fired"].as_array().unwrap();
    assert!(!fired.is_empty());
    for rule in fired {
        let count = rule["fired"].as_u64().unwrap();
        let thousands = match count {
            0..1_000 => count.to_string(),
            _ => format!("{},{:03}", count / 1_000, count % 1_000),
        };
        let expected = format!("{} {thousands}", rule["rule"].as_str().unwrap());
        assert!(line.contains(&expected), "{expected}: {line}");
    }
}

/// Neither the report nor what is logged has colours.
#[test]
fn output_has_no_colours_where_none_are_wanted() {
    let mut command = Command::new("script");
    let program = env!("CARGO_BIN_EXE_floorwalker");
    let file = case("events.csv");
    let output = command
        .args([
            "-qec",
            &format!("{program} replay {file}; {program} replay --nonsense"),
            "/dev/null",
        ])
        .env("NO_COLOR", "1")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .expect("script, of util-linux, makes a terminal");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("error: "), "{shown}");
    assert!(
        !shown.contains("\u{1b}[3") && !shown.contains("\u{1b}[1"),
        "{shown:?}"
    );
}

#[test]
fn standard_input_may_be_packed_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_floorwalker"))
        .args(["replay", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes = fs::read(case("w.zst")).unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(report(&output)["events"]["applied"], 17);
}

#[test]
fn a_sheet_has_no_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let sheets = format!("{}/", folder.path().display());
    let file = case("csv_formula.jsonl");
    let contacts = folder.path().join("contacts.jsonl");
    let output = replay(&[
        &file,
        "--csv",
        &sheets,
        "--contacts",
        contacts.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut neutralised = 0;
    for sheet in fs::read_dir(folder.path()).unwrap() {
        let path = sheet.unwrap().path();
        if path.extension().is_none_or(|it| it != "csv") {
            continue;
        }
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(&path)
            .unwrap();
        for cell in rows
            .records()
            .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(
                !is_formula || cell.parse::<f64>().is_ok(),
                "{}: {cell}",
                path.display()
            );
            neutralised += usize::from(cell.starts_with("'="));
        }
    }
    assert!(neutralised > 0);
    let exact = fs::read_to_string(contacts).unwrap();
    assert!(exact.contains("\"=cmd|"), "{exact}");
}
