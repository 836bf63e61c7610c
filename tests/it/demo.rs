//! `demo`, as somebody runs it who has nothing else: its broker, which Debian's kcat writes to and reads from.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    binary::{Running, floorwalker, free_port, get, refusal},
    broker::pause,
};

/// A demo with lines for a summary; ended on drop.
pub(crate) struct Demo {
    port: u16,
    pub(crate) http: u16,
    running: Running,
    folder: tempfile::TempDir,
}

impl Demo {
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::start_at(free_port(), more)
    }

    /// With HTTP at this port.
    pub(crate) fn start_at(http: u16, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = floorwalker(&["demo", "--agents", "20", "--port", &port.to_string()]);
        command
            .args(["--listen", &format!("127.0.0.1:{http}")])
            .args(more)
            .stdout(fs::File::create(folder.path().join("printed")).unwrap());
        Self {
            port,
            http,
            running: Running::start(command),
            folder,
        }
    }

    fn printed(&self) -> PathBuf {
        self.folder.path().join("printed")
    }

    /// Until the summary has a line with this.
    pub(crate) fn wait_for(&self, text: &str, seconds: u32) {
        let printed = || fs::read_to_string(self.printed()).unwrap();
        let found = wait(seconds, || printed().contains(text).then_some(()));
        assert!(
            found.is_some(),
            "no `{text}` within {seconds} s:\n{}",
            printed()
        );
    }

    pub(crate) fn kcat(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kcat");
        command
            .args(["-q", "-b", &format!("localhost:{}", self.port)])
            .args(arguments);
        command
    }

    pub(crate) fn write(&self, topic: &str, event: &Value) {
        let mut kcat = self.kcat(&["-P", "-t", topic]);
        let mut kcat = kcat
            .stdin(Stdio::piped())
            .spawn()
            .expect("kcat: run scripts/setup");
        let mut lines = kcat.stdin.take().unwrap();
        writeln!(lines, "{event}").unwrap();
        drop(lines);
        assert!(kcat.wait().unwrap().success());
    }

    /// All that the topic holds.
    fn read(&self, topic: &str) -> Vec<Value> {
        let output = self.kcat(&["-C", "-e", "-t", topic]).output();
        let output = output.expect("kcat: run scripts/setup");
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    pub(crate) fn wait_for_record(&self, topic: &str, is: impl Fn(&Value) -> bool) -> Value {
        let found = wait(60, || self.read(topic).into_iter().rfind(&is));
        found.unwrap_or_else(|| panic!("not in `{topic}` within a minute"))
    }

    fn wait_for_answer(&self, path: &str) -> String {
        let found = || get(self.http, path).filter(|(status, _)| *status == 200);
        let (_, text) = wait(20, found).unwrap_or_else(|| panic!("no answer to {path}"));
        text
    }

    pub(crate) fn end(self) {
        self.running.interrupt();
    }
}

fn wait<T>(seconds: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..seconds * 4 {
        if let Some(found) = look() {
            return Some(found);
        }
        pause(std::time::Duration::from_millis(250));
    }
    None
}

pub(crate) fn queued(contact: &str, queue: &str) -> Value {
    json!({
        "event_id": format!("{contact}-1"),
        "occurred_at": floorwalker::kafka::clock::wall().to_string(),
        "source": "kcat",
        "type": "contact_queued",
        "contact_id": contact,
        "channel": "voice",
        "queue": queue,
    })
}

#[test]
fn an_event_that_kcat_writes_to_the_demo_is_counted_and_escalates() {
    let demo = Demo::start(&[]);
    demo.wait_for(" events/s", 60);
    demo.write("contact-events", &queued("from-kcat", "kcat-line"));
    let is_counted =
        |record: &Value| record["entity"] == "queue:kcat-line" && record["kpis"]["offered"] == 1;
    let score = demo.wait_for_record("floorwalker.kpis", is_counted);
    assert_eq!(score["kpis"]["live"]["waiting"], 1);
    let answer = demo.wait_for_answer("/api/v1/entities/queue:kcat-line/kpis?window=5m");
    assert!(answer.contains(r#""offered":1,"#), "{answer}");
    let alert = demo.wait_for_record("floorwalker.alerts", |record| {
        record["contacts"][0] == "from-kcat" && record["rule"] == "sla.missed"
    });
    assert_eq!(
        (&alert["status"], &alert["queue"]),
        (&json!("firing"), &json!("kcat-line"))
    );
    for link in ["contact", "history", "numbers"] {
        demo.wait_for_answer(alert["links"][link].as_str().unwrap());
    }
    demo.wait_for(" sla.missed from-kcat ", 10);
    demo.end();
}

#[test]
fn a_demo_at_ten_times_the_speed_of_life_goes_on_all_the_same() {
    let demo = Demo::start(&["--speed", "10", "--seed", "7"]);
    demo.wait_for(" sla.missed ", 60);
    demo.end();
}

#[test]
fn a_port_that_is_taken_is_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (printed, code) = refusal(&["demo", "--port", &port]);
    let expected = format!("port {port} of the embedded broker; choose another with `--port`");
    assert!(printed.contains(&expected), "{printed}");
    assert_eq!(code, 1);
}

#[test]
fn the_embedded_broker_refuses_what_it_can_not_do() {
    let demo = Demo::start(&["--plain"]);
    demo.wait_for("http", 30);
    let config = demo.folder.path().join("demo.toml");
    let text = format!(
        "[kafka]\nbrokers = \"localhost:{}\"\n[engine]\ntasks = 4\n[[source]]\ntopic = \"contact-events\"\n",
        demo.port
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    for action in ["create", "show"] {
        let (printed, _) = refusal(&["topics", action, "--config", config]);
        let part = "the embedded broker of `demo` at localhost:";
        assert!(printed.contains(part), "{action}: {printed}");
    }
}
