//! The program as a person runs it, on the tests' broker.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output},
    time::{Duration, Instant},
};

use floorwalker::kafka::topics::Topic;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};

use crate::{
    broker::{address, pause},
    process::kafka_settings,
};

pub(crate) fn floorwalker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floorwalker"));
    command.args(arguments);
    command
}

/// What a command prints, once it has ended well.
pub(crate) fn stdout(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = floorwalker(arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Returns the error output of a command that fails, and its exit code.
pub(crate) fn refusal(arguments: &[&str]) -> (String, i32) {
    let output = floorwalker(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} went well");
    let printed = String::from_utf8(output.stderr).unwrap();
    (printed, output.status.code().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "tests watch real processes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Makes a topic that is not ours to make.
pub(crate) fn create_topic(name: &str, partitions: i32) {
    create_topic_with(name, partitions, &[]);
}

pub(crate) fn create_topic_with(name: &str, partitions: i32, settings: &[(&str, &str)]) {
    let kafka = kafka_settings(&address(), "any", "setup");
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().unwrap();
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let topic = (settings.iter()).fold(topic, |topic, (setting, value)| topic.set(setting, value));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let results = runtime
        .block_on(admin.create_topics([&topic], &AdminOptions::new()))
        .unwrap();
    results[0].as_ref().unwrap();
    for _ in 0..100 {
        let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10));
        if (metadata.unwrap().topics().iter()).any(|known| known.name() == name) {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("topic {name} was made and is not there");
}

pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
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

/// Killed on drop.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(self) {
        assert!(self.end_by("-INT").success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end_by(mut self, signal: &str) -> ExitStatus {
        let process = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A deployment with one source of past events, `PREFIX.calls`, of four tasks; each process has a configuration of its own.
pub(crate) struct Site {
    pub(crate) prefix: String,
    folder: tempfile::TempDir,
    configs: Vec<(PathBuf, u16)>,
    running: Vec<Running>,
}

impl Site {
    /// Makes the topics. `engine` is further lines of the section `[engine]`.
    pub(crate) fn new(prefix: &str, partitions: i32, processes: usize, engine: &str) -> Self {
        let site = Self::without_topics(prefix, processes, engine);
        create_topic(&site.source(), partitions);
        let created = stdout(&["topics", "create", "--config", &site.config(0)]);
        assert_eq!(created.lines().count(), Topic::ALL.len(), "{created}");
        site
    }

    pub(crate) fn without_topics(prefix: &str, processes: usize, engine: &str) -> Self {
        let mut folder = tempfile::tempdir().unwrap();
        folder.disable_cleanup(true);
        let configs = (0..processes)
            .map(|number| write_config(folder.path(), prefix, number, engine))
            .collect();
        Self {
            prefix: prefix.to_owned(),
            folder,
            configs,
            running: Vec::new(),
        }
    }

    pub(crate) fn source(&self) -> String {
        format!("{}.calls", self.prefix)
    }

    pub(crate) fn config(&self, process: usize) -> String {
        self.configs[process].0.display().to_string()
    }

    /// Of its files; stays if the test fails.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&self, process: usize) -> u16 {
        self.configs[process].1
    }

    pub(crate) fn run(&mut self) {
        (0..self.configs.len()).for_each(|number| self.run_one(number, "work,serve"));
    }

    pub(crate) fn run_one(&mut self, number: usize, roles: &str) {
        let config = self.config(number);
        let mut command = floorwalker(&["run", "--config", &config, "--roles", roles]);
        let log = fs::File::create(self.folder().join(format!("{number}.log"))).unwrap();
        command
            .env("RUST_LOG", "info,floorwalker=debug")
            .stderr(log);
        self.running.push(Running::start(command));
    }

    /// Asks the only process to end as an orchestrator does, and returns how long it took.
    pub(crate) fn terminate(&mut self) -> Duration {
        let began_at = now();
        let status = self.running.remove(0).end_by("-TERM");
        assert!(status.success(), "{status}: {}", self.folder().display());
        now().duration_since(began_at)
    }

    pub(crate) fn log(&self, process: usize) -> String {
        fs::read_to_string(self.folder().join(format!("{process}.log"))).unwrap()
    }

    /// What a page of the first process answers, once it is as expected.
    pub(crate) fn wait_for(
        &self,
        path: &str,
        seconds: u64,
        is_it: impl Fn(u16, &str) -> bool,
    ) -> String {
        let mut last = None;
        for _ in 0..seconds * 5 {
            last = get(self.port(0), path);
            if let Some((status, text)) = &last
                && is_it(*status, text)
            {
                return text.clone();
            }
            pause(Duration::from_millis(200));
        }
        panic!("{path} answers {last:?}: {}", self.folder().display());
    }

    /// The id of the process that was started as the so many-th.
    pub(crate) fn process(&self, number: usize) -> u32 {
        self.running[number].id()
    }

    /// Interrupts all processes and waits for their end.
    pub(crate) fn stop(&mut self) {
        self.running.drain(..).for_each(Running::interrupt);
    }

    /// Kills all processes, as kill -9 does.
    pub(crate) fn kill(&mut self) {
        self.running.clear();
    }

    pub(crate) fn wait_until_ready(&self) {
        let ready = |port| get(port, "/readyz").is_some_and(|(status, _)| status == 200);
        for _ in 0..900 {
            if self.tasks() == 4 && self.configs.iter().all(|(_, port)| ready(*port)) {
                return;
            }
            pause(Duration::from_millis(100));
        }
        panic!("not ready: {}", self.folder().display());
    }

    /// The sum over the processes of a counter of `floorwalker_lifetime_events`.
    pub(crate) fn events(&self, outcome: &str) -> u64 {
        self.gauge(&format!(
            "floorwalker_lifetime_events{{outcome=\"{outcome}\"}} "
        ))
    }

    /// Tasks that run, of all processes.
    pub(crate) fn tasks(&self) -> u64 {
        self.gauge("floorwalker_tasks{phase=\"running\"} ")
    }

    fn gauge(&self, name: &str) -> u64 {
        let number = |port: u16| {
            let (_, text) = get(port, "/metrics")?;
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.parse::<u64>().ok()
        };
        let numbers = self.configs.iter().filter_map(|(_, port)| number(*port));
        numbers.sum()
    }

    /// Every record that was sent is counted once, and nothing is on its way. The last repeats change no figure, and what a task has
    /// counted is missing while it changes hands: both are waited for.
    pub(crate) fn assert_balance(&self, sent: u64) {
        let outcomes = ["applied", "repeated", "skipped", "dead_lettered"];
        let counted = || {
            let accounted: u64 = outcomes.map(|outcome| self.events(outcome)).iter().sum();
            let [read, forwarded, received] =
                ["read", "forwarded", "received"].map(|outcome| self.events(outcome));
            (read, accounted, forwarded.abs_diff(received))
        };
        for _ in 0..900 {
            if counted() == (sent, sent, 0) {
                return;
            }
            pause(Duration::from_millis(100));
        }
        panic!("{:?} of {sent}: {}", counted(), self.folder().display());
    }

    pub(crate) fn end(mut self) {
        self.running.drain(..).for_each(Running::interrupt);
        self.folder.disable_cleanup(false);
    }
}

fn write_config(folder: &Path, prefix: &str, number: usize, engine: &str) -> (PathBuf, u16) {
    let port = free_port();
    let path = folder.join(format!("{number}.toml"));
    let text = format!(
        "http.listen = \"127.0.0.1:{port}\"\n\
         [kafka]\nbrokers = \"{}\"\nprefix = \"{prefix}\"\ninstance = \"i{number}\"\nreplication = 1\n\
         [engine]\ntasks = 4\n{engine}\n\
         [[source]]\ntopic = \"{prefix}.calls\"\nclock = \"events\"\n",
        address()
    );
    fs::write(&path, text).unwrap();
    (path, port)
}
