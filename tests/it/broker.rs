//! A real Apache Kafka broker, fetched from Maven Central and started on a free port.
//!
//! Needs `mvn` and Java 17. The jars stay in `.cache/kafka`. The broker ends with the process that started it, however
//! that ends: a shell between the two kills it when its standard input closes.

use std::{
    cell::RefCell,
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use rdkafka::{ClientConfig, consumer::BaseConsumer, consumer::Consumer as _};

const VERSION: &str = "4.1.0";
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Any 16 bytes in URL-safe base64: by this the harness knows its broker from another on the same port.
const CLUSTER_ID_TAIL: &str = "loorwalkerTests";

#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) address: String,
    process: Child,
    jars: PathBuf,
    config: PathBuf,
    cluster_id: String,
    /// Holds the broker's files; removed with it.
    pub(crate) folder: tempfile::TempDir,
}

/// What a broker has besides what all have.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// More listeners, such as `,SSL://127.0.0.1:9093`.
    pub(crate) listeners: String,
    /// Where clients find them, if not there.
    pub(crate) advertised: Option<String>,
    pub(crate) lines: Vec<String>,
    /// Arguments to format its folder with.
    pub(crate) format: Vec<String>,
}

static SHARED: LazyLock<Broker> = LazyLock::new(Broker::start);

/// The broker that all tests of this process share.
#[must_use]
pub(crate) fn shared() -> &'static Broker {
    &SHARED
}

thread_local! {
    static OWN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Where this test's broker is: the shared one, unless it has one of its own.
#[must_use]
pub(crate) fn address() -> String {
    let own = OWN.with_borrow(Clone::clone);
    own.unwrap_or_else(|| shared().address.clone())
}

/// From now on this test's broker is there.
pub(crate) fn use_here(address: &str) {
    OWN.set(Some(address.to_owned()));
}

impl Broker {
    /// A broker that a test may kill: from now on it is this test's.
    #[must_use]
    pub(crate) fn start_own() -> Self {
        Self::start_own_with(&|_| Extra::default())
    }

    /// As [`Self::start_own`], with more settings; they may name files in the broker's folder.
    #[must_use]
    pub(crate) fn start_own_with(extra: &dyn Fn(&Path) -> Extra) -> Self {
        let broker = Self::start_with(extra);
        use_here(&broker.address);
        broker
    }

    /// `kill -9`; its files stay.
    pub(crate) fn kill(&mut self) {
        self.signal("-KILL");
        // Closed before, it would remove the files.
        let input = self.process.stdin.take();
        self.process.wait().expect("its end");
        drop(input);
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(&self.jars, &self.config, self.folder.path());
        let cluster_id = self.cluster_id.clone();
        assert!(self.is_ready(&cluster_id), "Kafka did not come back");
    }

    /// Of the broker itself.
    pub(crate) fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.folder.path().join("pid")).expect("its id");
        let sent = Command::new("kill").args([name, pid.trim()]).status();
        assert!(sent.expect("kill").success());
    }

    /// # Panics
    /// Panics with what to install when `mvn` or `java` is missing, or with the broker's log when it doesn't come up.
    #[must_use]
    pub(crate) fn start() -> Self {
        Self::start_with(&|_| Extra::default())
    }

    fn start_with(extra: &dyn Fn(&Path) -> Extra) -> Self {
        let jars = fetch_jars();
        for _ in 0..3 {
            if let Some(broker) = Self::try_start(&jars, extra) {
                return broker;
            }
        }
        panic!("no Kafka broker after three attempts");
    }

    fn try_start(jars: &Path, extra: &dyn Fn(&Path) -> Extra) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (port, controller_port) = (free_port(), free_port());
        let extra = extra(folder.path());
        let config = write_config(folder.path(), port, controller_port, &extra);
        let cluster_id = format!("{}{CLUSTER_ID_TAIL}", random_letters(7));
        java(jars)
            .args(["kafka.tools.StorageTool", "format", "-t", &cluster_id, "-c"])
            .arg(&config)
            .args(extra.format)
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
            .then_some(())?;
        let process = spawn(jars, &config, folder.path());
        let mut broker = Self {
            address: format!("127.0.0.1:{port}"),
            process,
            jars: jars.to_owned(),
            config,
            cluster_id: cluster_id.clone(),
            folder,
        };
        broker.is_ready(&cluster_id).then_some(broker)
    }

    /// `false` when it ended, or the port turned out to be somebody else's.
    fn is_ready(&mut self, cluster_id: &str) -> bool {
        let polls = READY_WITHIN.as_millis() / 100;
        for _ in 0..polls {
            if let Some(status) = self.process.try_wait().expect("the broker's state") {
                // Its log does not name the cause if the port is taken.
                print_line(format_args!("Kafka ended with {status}:\n{}", self.log()));
                return false;
            }
            if TcpStream::connect(&self.address).is_ok()
                && let Some(found) = cluster_id_at(&self.address)
            {
                return found == cluster_id;
            }
            pause(Duration::from_millis(100));
        }
        panic!(
            "Kafka did not come up within {READY_WITHIN:?}:\n{}",
            self.log()
        );
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("out.log")).unwrap_or_default()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

/// Waits. The only place of the tests that does.
#[expect(clippy::disallowed_methods, reason = "tests watch real processes")]
pub(crate) fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Prints a line for whoever looks into a run: seeds, folders, figures.
#[expect(clippy::print_stderr, reason = "is for people")]
pub(crate) fn print_line(line: std::fmt::Arguments<'_>) {
    eprintln!("{line}");
}

fn cluster_id_at(address: &str) -> Option<String> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("log_level", "0")
        .create()
        .expect("a client");
    consumer.client().fetch_cluster_id(Duration::from_secs(2))
}

fn random_letters(count: usize) -> String {
    (0..count)
        .map(|_| char::from(rand::random_range(b'a'..=b'z')))
        .collect()
}

/// Lies below the ports that outgoing connections are given: none of them takes it before somebody listens there, and who looks for a
/// broker that is down is not connected with itself.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = rand::random_range(10_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn java(jars: &Path) -> Command {
    let mut command = Command::new("java");
    command.arg("-cp").arg(jars.join("*"));
    command.stderr(Stdio::null());
    command
}

fn spawn(jars: &Path, config: &Path, folder: &Path) -> Child {
    let out = fs::File::create(folder.join("out.log")).expect("a log file");
    let err = out.try_clone().expect("the same log file");
    Command::new("sh")
        .args([
            "-c",
            // The broker's input is not ours, so that only this shell holds the pipe's end.
            "java -Xmx512m -Xms512m -XX:+UseSerialGC -cp \"$1/*\" kafka.Kafka \"$2\" </dev/null & p=$!; echo $p >\"$3/pid\"; \
             (while kill -0 $p 2>/dev/null; do sleep 1; done; kill $$) & \
             cat >/dev/null; kill -9 $p; rm -rf \"$3\"",
            "kafka",
        ])
        .args([jars, config, folder])
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(err)
        .spawn()
        .expect("sh")
}

fn write_config(folder: &Path, port: u16, controller_port: u16, extra: &Extra) -> PathBuf {
    let logs = folder.join("data");
    let lines = [
        "process.roles=broker,controller".to_owned(),
        "node.id=1".to_owned(),
        format!("controller.quorum.voters=1@127.0.0.1:{controller_port}"),
        format!(
            "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}{}",
            extra.listeners
        ),
        format!(
            "advertised.listeners=PLAINTEXT://127.0.0.1:{port}{}",
            extra.advertised.as_ref().unwrap_or(&extra.listeners)
        ),
        "controller.listener.names=CONTROLLER".to_owned(),
        "inter.broker.listener.name=PLAINTEXT".to_owned(),
        format!("log.dirs={}", logs.display()),
        "auto.create.topics.enable=false".to_owned(),
        "group.initial.rebalance.delay.ms=50".to_owned(),
        "offsets.topic.replication.factor=1".to_owned(),
        "offsets.topic.num.partitions=5".to_owned(),
        "transaction.state.log.replication.factor=1".to_owned(),
        "transaction.state.log.min.isr=1".to_owned(),
        "transaction.state.log.num.partitions=5".to_owned(),
        "share.coordinator.state.topic.replication.factor=1".to_owned(),
        "share.coordinator.state.topic.num.partitions=1".to_owned(),
        "log.cleaner.dedupe.buffer.size=16777216".to_owned(),
        "num.network.threads=2".to_owned(),
        "num.io.threads=4".to_owned(),
    ];
    let path = folder.join("server.properties");
    let lines: Vec<String> = lines.into_iter().chain(extra.lines.clone()).collect();
    fs::write(&path, lines.join("\n")).expect("a properties file");
    path
}

/// Fetches the broker's jars once; whoever comes meanwhile waits.
fn fetch_jars() -> PathBuf {
    need(
        "java",
        "Java 17 (Debian: apt install openjdk-17-jre-headless)",
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cache = root.join(".cache/kafka");
    let jars = cache.join(VERSION);
    fs::create_dir_all(&cache).expect("the cache folder");
    let lock = fs::File::create(cache.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if !jars.join("complete").exists() {
        need("mvn", "Maven (Debian: apt install maven)");
        copy_dependencies(&root.join("tests/it/kafka/pom.xml"), &jars);
        fs::write(jars.join("complete"), "").expect("a mark");
    }
    jars
}

fn copy_dependencies(pom: &Path, jars: &Path) {
    let output = Command::new("mvn")
        .args([
            "-q",
            "-B",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
        ])
        .arg(format!("-Dkafka.version={VERSION}"))
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .arg("-f")
        .arg(pom)
        .output()
        .expect("mvn");
    if !output.status.success() {
        std::io::stderr().write_all(&output.stdout).ok();
        panic!("mvn could not fetch Apache Kafka {VERSION}");
    }
}

fn need(program: &str, package: &str) {
    let found = Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(found, "tests against a real broker need {package}");
}

#[test]
fn a_broker_starts_and_names_its_cluster() {
    assert!(cluster_id_at(&shared().address).is_some());
}
