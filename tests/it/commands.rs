//! The commands as a person types them, on a real broker.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output},
    time::Duration,
};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};

use crate::{
    broker::{pause, shared},
    process::kafka_settings,
};

const PREFIX: &str = "commands";
const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

fn floorwalker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floorwalker"));
    command.args(arguments);
    command
}

/// What a command prints, once it has ended well.
fn stdout(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = floorwalker(arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn config(folder: &Path, port: u16) -> String {
    let path = folder.join("floorwalker.toml");
    let text = format!(
        "http.listen = \"127.0.0.1:{port}\"\n\
         [kafka]\nbrokers = \"{}\"\nprefix = \"{PREFIX}\"\nreplication = 1\n\
         [engine]\ntasks = 4\n\
         [[source]]\ntopic = \"{PREFIX}.calls\"\nclock = \"events\"\n",
        shared().address
    );
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn create_source() {
    let kafka = kafka_settings(&shared().address, PREFIX, "setup");
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().unwrap();
    let name = format!("{PREFIX}.calls");
    let topic = NewTopic::new(&name, 4, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(admin.create_topics([&topic], &AdminOptions::new()))
        .unwrap();
}

fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent
        .get(format!("http://127.0.0.1:{port}{path}"))
        .call()
        .ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), text))
}

/// Asks until the answer is right.
fn wait_for(port: u16, path: &str, right: impl Fn(u16, &str) -> bool) {
    let mut last = None;
    for _ in 0..600 {
        last = get(port, path);
        if let Some((status, text)) = &last
            && right(*status, text)
        {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{path}: {last:?}");
}

/// Killed on drop.
struct Running(Child);

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self(floorwalker(arguments).spawn().unwrap())
    }

    /// As Ctrl-C does.
    fn interrupt(mut self) {
        let process = self.0.id().to_string();
        let sent = Command::new("kill").args(["-INT", &process]).status();
        assert!(sent.unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_deployment_is_made_fed_run_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = config(folder.path(), port);
    let config = ["--config", config.as_str()];
    assert!(stdout(&["check", config[0], config[1]]).contains("good; 1 sources, 3 policies"));

    let before = stdout(&["topics", "show", config[0], config[1]]);
    assert!(
        before.contains("topic `commands.state` does not exist"),
        "{before}"
    );
    let created = stdout(&["topics", "create", config[0], config[1]]);
    assert_eq!(created.lines().count(), 7, "{created}");
    create_source();

    let topic = format!("{PREFIX}.calls");
    let loaded = stdout(&["load", CALLS, "--topic", &topic, config[0], config[1]]);
    assert!(
        loaded.starts_with("22,162 lines, 4,424,021 bytes"),
        "{loaded}"
    );

    let process = Running::start(&["run", config[0], config[1]]);
    let applied = "floorwalker_events{outcome=\"applied\"} 22162";
    wait_for(port, "/metrics", |_, text| {
        text.lines().any(|line| line == applied)
    });
    wait_for(port, "/readyz", |status, _| status == 200);
    wait_for(port, "/healthz", |status, _| status == 200);
    process.interrupt();
    let shown = stdout(&["topics", "show", config[0], config[1]]);
    assert!(shown.contains("commands.state partitions=4"), "{shown}");
    assert!(!shown.contains("does not exist"), "{shown}");
}
