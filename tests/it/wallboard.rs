//! The wallboard in Debian's chromium, on a running `demo`. `tests/browser` has what happens in the browser; `scripts/setup` installs its tools.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::demo::{Demo, queued};

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
fn alert(id: &str, rule: &str, why: &str, action: &str) -> Value {
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

/// Answers of the files themselves, without a browser.
#[test]
fn files_are_kept_by_browsers_and_sent_compressed() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for("http", 60);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", demo.http);
    let mut page = agent.get(url("/")).call().unwrap();
    let header = |answer: &ureq::http::Response<ureq::Body>, name: &str| {
        let value = answer.headers().get(name);
        value.map(|it| it.to_str().unwrap().to_owned())
    };
    assert_eq!(page.status(), 200);
    assert_eq!(
        header(&page, "content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(header(&page, "cache-control").as_deref(), Some("no-cache"));
    let text = page.body_mut().read_to_string().unwrap();
    let script = text.split("src=\"").nth(1).unwrap();
    let script = script.split('"').next().unwrap();
    let asked = agent
        .get(url(script))
        .header("accept-encoding", "gzip")
        .call()
        .unwrap();
    assert_eq!(
        [
            "content-type",
            "content-encoding",
            "cache-control",
            "x-content-type-options"
        ]
        .map(|name| header(&asked, name).unwrap()),
        [
            "text/javascript; charset=utf-8",
            "gzip",
            "public, max-age=31536000, immutable",
            "nosniff"
        ]
    );
    let tag = header(&asked, "etag").unwrap();
    let again = agent
        .get(url(script))
        .header("if-none-match", &tag)
        .call()
        .unwrap();
    assert_eq!(again.status(), 304);
    let other = script.split('/').next_back().unwrap();
    let older = agent
        .get(url(&format!("/assets/older/{other}")))
        .call()
        .unwrap();
    assert_eq!(header(&older, "cache-control").as_deref(), Some("no-cache"));
    let missing = agent.get(url("/assets/older/no.js")).call().unwrap();
    assert_eq!(missing.status(), 404);
    demo.end();
}
