//! The report of `replay` as a page and as CSV: a browser must show the published figures of the real log.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

fn floorwalker(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_floorwalker"))
        .args(arguments)
        .output()
        .unwrap()
}

fn succeed(arguments: &[&str]) {
    let output = floorwalker(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// What the browser made of a page, as one line of text. Scripts, if there were any, would have run.
fn seen_by_chromium(page: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("file://{page}"))
        .output()
        .expect("chromium opens the page; scripts/setup installs it");
    assert!(output.status.success(), "{output:?}");
    let dom = String::from_utf8(output.stdout).unwrap();
    dom.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_shows(dom: &str, figures: &[&str]) {
    for figure in figures {
        assert!(dom.contains(figure), "no `{figure}` in {dom}");
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_browser_shows_the_published_figures() {
    let folder = tempfile::tempdir().unwrap();
    let page = path(folder.path(), "report.html");
    succeed(&["replay", CALLS, "--html", &page]);
    let dom = seen_by_chromium(&page);
    assert_shows(
        &dom,
        &[
            "5,000 offered, 4,054 answered, 946 abandoned",
            "<strong>67.5 s</strong>",
            "target 80.0 % missed",
            "89.9 % [89.0, 90.8], 3,646 of 4,054",
            "<title>voice answer over time</title>",
            "4,054 without a customer",
            // The first day, as a point of the chart and as a row of the table behind it.
            "<title>Fri 2021-01-01: ",
            "<th scope=\"row\">Fri 2021-01-01</th>",
            "<th scope=\"row\">Technical Support</th>",
            "<th scope=\"row\">Stewart</th>",
            "title=\"Mon 9:00: ",
        ],
    );
    assert!(!dom.contains("Over time, "), "records agree");
    let html = fs::read_to_string(&page).unwrap();
    for outside in ["http:", "https:", "@import", "url(", " src="] {
        assert!(!html.contains(outside), "the page asks for {outside}");
    }
    assert_eq!(html.matches("<script").count(), 1);
}

#[test]
fn a_page_of_a_simulated_day_has_first_contact_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let [events, page, kpis] =
        ["day.jsonl.gz", "report.html", "kpis"].map(|name| path(folder.path(), name));
    succeed(&[
        "simulate", "--agents", "25", "--hours", "3", "--seed", "3", "--out", &events,
    ]);
    succeed(&["replay", &events, "--html", &page, "--kpis", &kpis]);
    let records = fs::read_to_string(&kpis).unwrap();
    let records = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut all = records.filter(|it| it["entity"] == "all" && it["window"] == "all");
    let fcr = all.next().unwrap()["kpis"]["fcr"].clone();
    let percent = fcr["value"].as_f64().unwrap() * 100.0;
    let dom = seen_by_chromium(&page);
    let figure = format!("First-contact resolution</span><strong>{percent:.1} %</strong>");
    assert_shows(
        &dom,
        &[
            &figure,
            "chat answer over time",
            "First-contact resolution over time",
            "Left out",
        ],
    );
    assert!(!dom.contains("Over time, "), "records agree");
    assert!(!dom.contains("Distributions are of"), "records agree");
    let sheets = format!("{}/", path(folder.path(), "sheets"));
    succeed(&["replay", &events, "--csv", &sheets]);
    let over_time = rows(&folder.path().join("sheets/over-time.csv"));
    let sum = |column: &str| {
        let steps = over_time.iter().filter(|row| row["kpi"] == "fcr");
        steps
            .map(|row| row[column].parse::<i64>().unwrap())
            .sum::<i64>()
    };
    let counted = ["num", "den"].map(|part| fcr[part].as_i64().unwrap());
    assert_eq!([sum("num"), sum("den")], counted);
}

#[test]
fn names_are_escaped_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let [events, page] = ["e.jsonl", "report.html"].map(|name| path(folder.path(), name));
    let event = |time: &str, kind: &str, rest: &str| {
        format!(
            r#"{{"occurred_at":"2026-11-22T{time}Z","source":"s","type":"{kind}","contact_id":"c1","channel":"voice","queue":"<script>alert(1)</script>"{rest}}}"#
        )
    };
    let agent = r#","agent":"\"><img src=x onerror=alert(2)>""#;
    let lines = [
        event("10:00:00", "contact_queued", ""),
        event("10:00:05", "agent_answered", agent),
        event("10:01:00", "contact_ended", r#","by":"customer""#),
        event("10:01:10", "wrap_up_ended", agent),
    ];
    fs::write(&events, lines.join("\n")).unwrap();
    succeed(&["replay", &events, "--html", &page]);
    let dom = seen_by_chromium(&page);
    assert_shows(
        &dom,
        &[
            "<th scope=\"row\">&lt;script&gt;alert(1)&lt;/script&gt;</th>",
            "<th scope=\"row\">\"&gt;&lt;img src=x onerror=alert(2)&gt;</th>",
            "<strong>65.0 s</strong>",
        ],
    );
    assert_eq!(dom.matches("<script").count(), 1, "{dom}");
    assert!(!dom.contains("<img"), "{dom}");
}

/// A page as chromium prints it: its PDF's pages as text, as they are laid out.
fn printed(folder: &Path, page: &str) -> String {
    let pdf = path(folder, "page.pdf");
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
        ])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("--print-to-pdf={pdf}"))
        .arg(format!("file://{page}"))
        .output()
        .expect("chromium prints the page; scripts/setup installs it");
    assert!(output.status.success(), "{output:?}");
    let text = Command::new("pdftotext")
        .args(["-layout", &pdf, "-"])
        .output()
        .expect("pdftotext reads what was printed; scripts/setup installs poppler-utils");
    assert!(text.status.success(), "{text:?}");
    String::from_utf8(text.stdout).unwrap()
}

/// The words of a line of text, one blank between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every column of every table is on paper, and the head of a table that goes on is repeated.
#[test]
fn a_page_prints_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [events, page] = ["day.jsonl.gz", "report.html"].map(|name| path(folder.path(), name));
    succeed(&[
        "simulate", "--agents", "150", "--hours", "3", "--seed", "5", "--out", &events,
    ]);
    succeed(&["replay", &events, "--html", &page]);
    let text = printed(folder.path(), &page);
    let dom = seen_by_chromium(&page);
    let agents = between(&dom, "<section id=\"agents\">", "</section>");
    let names: Vec<&str> = agents
        .split("<th scope=\"row\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert!(names.len() > 50, "{names:?}");
    let all = words(&text);
    for name in names {
        assert!(all.contains(name), "no {name} in {text}");
    }
    // The last column, on each page that the table takes.
    let heads = text.matches("CSAT").count();
    assert!(heads >= 4, "{heads} heads in {text}");
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to}")).0
}

/// The script runs, although the page allows no other; numbers are sorted as numbers.
#[test]
fn tables_are_sorted_by_a_press_on_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let page = path(folder.path(), "report.html");
    succeed(&["replay", CALLS, "--html", &page]);
    let dom = seen_by_chromium(&page);
    for head in ["Answered", "Speed of answer s"] {
        assert!(dom.contains(&format!("<button>{head}</button>")), "{dom}");
    }
    let contents = between(&dom, "<nav aria-label=\"Contents\">", "</nav>");
    for part in ["service-level", "queues", "agents", "alerts"] {
        assert!(
            contents.contains(&format!("<a href=\"#{part}\">")),
            "{contents}"
        );
        assert!(dom.contains(&format!("<section id=\"{part}\">")), "{part}");
    }
    let html = fs::read_to_string(&page).unwrap();
    let (_, script) = html.split_once("<script>").unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let press = "document.querySelectorAll('#agents thead button')[1].click();";
    let pressing = format!(
        "<meta charset=\"utf-8\">{}",
        html.replace(script, &format!("{script}{press}"))
    );
    // Another script needs another permission.
    let (policy, _) = pressing.split_once("script-src 'sha256-").unwrap();
    let (_, behind) = pressing.split_once("script-src 'sha256-").unwrap();
    let (_, behind) = behind.split_once('\'').unwrap();
    let pressed = path(folder.path(), "pressed.html");
    fs::write(
        &pressed,
        format!("{policy}script-src 'unsafe-inline'{behind}"),
    )
    .unwrap();
    let sorted = seen_by_chromium(&pressed);
    let answered = |shown: &str| -> Vec<u64> {
        let rows = between(shown, "<section id=\"agents\">", "</section>")
            .split("<tr>")
            .skip(2);
        let cell = |row: &str| between(row, "data-v=\"", "\"").parse().unwrap();
        rows.map(cell).collect()
    };
    let mut expected = answered(&dom);
    expected.sort_unstable_by(|one, other| other.cmp(one));
    assert_ne!(answered(&dom), expected);
    assert_eq!(answered(&sorted), expected);
}

/// The log ends in the middle of a day.
#[test]
fn a_last_step_that_is_not_whole_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let page = path(folder.path(), "report.html");
    let at = "2021-03-15T12:00:00Z";
    succeed(&["replay", CALLS, "--html", &page, "--at", at]);
    let dom = seen_by_chromium(&page);
    let marked = format!("the shaded last point is not whole: it ends at {at}");
    let cell = format!("<th scope=\"row\">Mon 2021-03-15 (to {at})</th>");
    assert_shows(&dom, &[&marked, &cell, "<rect class=\"partial\""]);
}

#[test]
fn a_report_without_events_is_still_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let [events, page] = ["e.jsonl", "report.html"].map(|name| path(folder.path(), name));
    fs::write(&events, "").unwrap();
    succeed(&["replay", &events, "--html", &page]);
    assert_shows(&seen_by_chromium(&page), &["There is nothing to count."]);
}

/// The rows of a sheet by the names of its columns.
fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut sheet = csv::Reader::from_path(file).unwrap();
    sheet.deserialize().map(Result::unwrap).collect()
}

#[test]
fn sheets_have_the_figures_of_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let sheets = format!("{}/", path(folder.path(), "sheets"));
    let file = path(folder.path(), "kpis.csv");
    succeed(&["replay", CALLS, "--csv", &sheets]);
    succeed(&["replay", CALLS, "--csv", &file]);
    let sheet = |name: &str| rows(&folder.path().join("sheets").join(name));
    assert_eq!(
        fs::read(&file).unwrap(),
        fs::read(folder.path().join("sheets/kpis.csv")).unwrap()
    );
    let kpis = sheet("kpis.csv");
    let figure = |entity: &str, kpi: &str| {
        let mut found = kpis.iter();
        let row = found
            .find(|row| row["entity"] == entity && row["window"] == "all" && row["kpi"] == kpi);
        row.map(|row| {
            ["value", "num", "den", "low", "high"]
                .map(|column| row[column].clone())
                .join(" ")
        })
    };
    assert_eq!(figure("all", "answered").as_deref(), Some("4054    "));
    let dan = figure("agent:Dan", "sla.voice answer");
    assert_eq!(dan.as_deref(), Some("0.095602 50 523 0.07327 0.123832"));
    assert_eq!(figure("agent:Dan", "fcr").as_deref(), Some(" 0 0  "));
    assert_eq!(
        figure("agent:Dan", "asa.mean").as_deref(),
        Some("67.282983  523  ")
    );
    assert_eq!(figure("agent:Dan", "abandonment"), None);
    let count = |name: &str| sheet(name).len();
    assert_eq!(count("contacts.csv"), 5_000);
    assert_eq!(count("waits.csv"), 5_000);
    assert_eq!(count("engagements.csv"), 4_054);
    let decided = |row: &BTreeMap<String, String>| row["den"].parse::<u64>().unwrap();
    assert_eq!(
        sheet("over-time.csv").iter().map(decided).sum::<u64>(),
        5_000
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named_before_the_counting() {
    for option in ["--html", "--csv", "--kpis"] {
        let output = floorwalker(&["replay", CALLS, option, "nowhere/report"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains(
                "nowhere/report: there is no folder nowhere; make it, or write elsewhere"
            ),
            "{stderr}"
        );
    }
}
