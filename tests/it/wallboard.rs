//! The wallboard in Debian's chromium, on a running `demo`. `tests/browser` has what happens in the browser; `scripts/setup` installs its tools.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    binary::get,
    demo::{Demo, queued},
};

/// Names that would run as markup.
const QUEUE: &str = "<img src=x onerror=alert(1)>";
const CONTACT: &str = "\"><script>alert(2)</script>";

fn node(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.arg(format!("tests/browser/{script}"));
    command.args(arguments);
    command
}

/// An alert of a queue, as the topic has it.
pub(crate) fn alert(id: &str, rule: &str, why: &str, action: &str) -> Value {
    let now = floorwalker::kafka::clock::wall().to_string();
    json!({
        "id": id, "rule": rule, "status": "firing", "severity": "critical", "score": 8,
        "subject": format!("queue:{QUEUE}"), "group": format!("queue:{QUEUE}"), "policy": null,
        "starts_at": now, "at": now, "ends_at": null, "reason": null, "history": false,
        "value": 41.0, "threshold": 30.0, "unit": "contacts in 10 min", "formula": "arrivals against usual", "n": 41,
        "why": why, "action": action, "contacts": [CONTACT], "contacts_more": 2, "agents": [], "queue": QUEUE,
        "team": null, "channel": "voice", "recipients": ["supervisor"], "escalation": 0, "ack": null,
        "inhibited_by": null, "interrupts": true, "seq": 1, "links": {},
        "causes": [{"what": "arrivals", "now": 41, "usual": 22, "unit": "contacts in 10 min", "share": 0.6}],
    })
}

fn write_alert(demo: &Demo, alert: &Value) {
    let mut kcat = demo.kcat(&["-P", "-t", "floorwalker.alerts", "-K", "\t"]);
    let mut kcat = kcat
        .stdin(Stdio::piped())
        .spawn()
        .expect("kcat: run scripts/setup");
    let mut lines = kcat.stdin.take().unwrap();
    writeln!(lines, "{}\t{alert}", alert["id"].as_str().unwrap()).unwrap();
    drop(lines);
    assert!(kcat.wait().unwrap().success());
}

#[test]
fn a_supervisor_sees_queues_and_alerts_and_acknowledges_them() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for(" events/s", 60);
    demo.write("contact-events", &queued(CONTACT, QUEUE));
    demo.wait_for_record("floorwalker.kpis", |record| {
        record["entity"] == format!("queue:{QUEUE}")
    });
    let surge = alert(
        "queue:q/surge",
        "queue.surge",
        "<b>41</b> contacts came in 10 minutes; 22 are usual.",
        "Move 3 agents there.",
    );
    let absence = alert(
        "queue:q/absence",
        "queue.absence",
        "3 agents left within 5 minutes.",
        "Ask where they are.",
    );
    write_alert(&demo, &surge);
    write_alert(&demo, &absence);
    let shown = json!({
        "queue": QUEUE, "contact": CONTACT, "surge": surge["id"], "absence": absence["id"],
    });
    let base = format!("http://127.0.0.1:{}", demo.http);
    let output = node("pages.mjs", &[&base, &shown.to_string()]).output();
    let output = output.expect("node: run scripts/setup");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains(" passed, 0 failed"), "{printed}");
    demo.end();
}

#[test]
fn a_supervisor_silences_an_alert_and_ends_the_silence() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for(" events/s", 60);
    let why = "<b>41</b> contacts came in 10 minutes; 22 are usual.";
    let mut surge = alert("queue:q/surge", "queue.surge", why, "Move 3 agents there.");
    surge["subject"] = json!("queue:billing");
    surge["queue"] = json!("billing");
    surge["contacts"] = json!([]);
    write_alert(&demo, &surge);
    let base = format!("http://127.0.0.1:{}", demo.http);
    let id = surge["id"].as_str().unwrap();
    let output = node("silence.mjs", &[&base, id, why]).output();
    let output = output.expect("node: run scripts/setup");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(output.status.success(), "{printed}");
    demo.end();
}

/// A script that is ended on drop.
struct Script {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Script {
    fn start(mut command: Command) -> Self {
        let spawned = command.stdout(Stdio::piped()).spawn();
        let mut process = spawned.expect("node: run scripts/setup");
        let stdout = process.stdout.take().unwrap();
        let lines = BufReader::new(stdout).lines();
        Self { process, lines }
    }

    fn expect(&mut self, word: &str) {
        let line = self.lines.next().map(Result::unwrap);
        assert_eq!(line.as_deref(), Some(word));
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_page_shows_that_its_process_is_gone_and_goes_on_with_the_next() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for(" events/s", 60);
    let http = demo.http;
    let mut script = Script::start(node("line.mjs", &[&format!("http://127.0.0.1:{http}")]));
    script.expect("open");
    // As `kill -9` does.
    drop(demo);
    script.expect("down");
    let next = Demo::start_at(http, &["--plain"]);
    script.expect("again");
    next.end();
}

/// The status line and headers of an answer, in small letters, as they come over the wire.
fn head(port: u16, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let host = format!("host: 127.0.0.1:{port}");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\n{host}\r\nconnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    head.to_ascii_lowercase()
}

fn assert_has(head: &str, lines: &[&str]) {
    for line in lines {
        assert!(head.lines().any(|it| it == *line), "no `{line}` in {head}");
    }
}

#[test]
fn files_are_kept_by_browsers_and_sent_compressed() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for("http", 60);
    let (_, page) = get(demo.http, "/").unwrap();
    let script = page.split("src=\"").nth(1).unwrap();
    let script = script.split('"').next().unwrap();
    let swedish = head(demo.http, "/", "accept-language: sv\r\n");
    assert_has(
        &swedish,
        &[
            "http/1.1 200 ok",
            "cache-control: no-cache",
            "content-type: text/html; charset=utf-8",
        ],
    );
    let file = head(demo.http, script, "accept-encoding: gzip\r\n");
    assert_has(
        &file,
        &[
            "content-type: text/javascript; charset=utf-8",
            "content-encoding: gzip",
            "cache-control: public, max-age=31536000, immutable",
            "x-content-type-options: nosniff",
        ],
    );
    let tag = file.lines().find_map(|line| line.strip_prefix("etag: "));
    // Only the name of the header has small letters; so has what the tag is made of, but for its first one.
    let tag = tag.unwrap().replacen('w', "W", 1);
    let again = head(demo.http, script, &format!("if-none-match: {tag}\r\n"));
    assert_has(&again, &["http/1.1 304 not modified"]);
    let name = script.split('/').next_back().unwrap();
    let older = head(demo.http, &format!("/assets/older/{name}"), "");
    assert_has(&older, &["http/1.1 200 ok", "cache-control: no-cache"]);
    assert!(!older.contains("content-encoding"), "{older}");
    let missing = head(demo.http, "/assets/older/no.js", "");
    assert_has(&missing, &["http/1.1 404 not found"]);
    demo.end();
}
