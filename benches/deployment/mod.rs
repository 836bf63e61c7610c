//! A broker of its own, a source topic, and `floorwalker run` on them: what the benches measure.

#[path = "../../tests/it/broker.rs"]
#[expect(dead_code, reason = "the tests share one broker, a bench has its own")]
mod broker;

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use floorwalker::kafka::{
    KafkaSettings,
    clock::Tick,
    topics::{Topic, Topics},
};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
};

pub(crate) use broker::pause;

pub(crate) const TASKS: u16 = 12;
pub(crate) const SOURCE: &str = "contact-events";
pub(crate) const PREFIX: &str = "bench";
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Of /proc/PID/stat: `getconf CLK_TCK` on every Linux that we know.
const TICKS_A_SECOND: f64 = 100.0;

/// Everything is removed on drop.
pub(crate) struct Deployment {
    pub(crate) kafka: KafkaSettings,
    config: PathBuf,
    port: u16,
    pub(crate) broker: broker::Broker,
}

impl Deployment {
    /// A broker with the topics that a deployment with the default policies needs; `clock` is that of the source. `settings` are further lines
    /// of its configuration.
    pub(crate) fn create(clock: &str, settings: &str) -> Self {
        let broker = broker::Broker::start();
        let kafka = KafkaSettings {
            brokers: broker.address.clone(),
            prefix: PREFIX.to_owned(),
            replication: 1,
            ..KafkaSettings::default()
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let config = broker.folder.path().join("floorwalker.toml");
        let properties = if std::env::args().any(|word| word == "lz4") {
            "[kafka.properties]\n\"compression.type\" = \"lz4\"\n"
        } else {
            ""
        };
        let text = format!(
            "http.listen = \"127.0.0.1:{port}\"\n\
             [kafka]\nbrokers = \"{}\"\nprefix = \"{PREFIX}\"\nreplication = 1\n\
             {properties}\
             [engine]\ntasks = {TASKS}\n\
             [[source]]\ntopic = \"{SOURCE}\"\nclock = \"{clock}\"\n\
             {settings}",
            broker.address
        );
        fs::write(&config, text).expect("a configuration");
        let deployment = Self {
            kafka,
            config,
            port,
            broker,
        };
        deployment.create_topic(SOURCE);
        Topics::new(&deployment.kafka, TASKS)
            .and_then(|topics| topics.create())
            .expect("topics");
        pause(Duration::from_millis(500));
        deployment
    }

    /// With a partition for each task.
    pub(crate) fn create_topic(&self, name: &str) {
        let admin: AdminClient<DefaultClientContext> =
            self.kafka.client("bench").create().expect("a client");
        let topic = NewTopic::new(name, i32::from(TASKS), TopicReplication::Fixed(1));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let made = runtime
            .expect("a runtime")
            .block_on(admin.create_topics([&topic], &AdminOptions::new()));
        made.expect("a topic");
    }

    /// `floorwalker run` of the binary that was built along with the bench; its log is this process's standard error.
    pub(crate) fn run(&self, roles: &str) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_floorwalker"))
            .args(["run", "--roles", roles])
            .arg("--config")
            .arg(&self.config)
            .stdin(Stdio::null())
            .spawn()
            .expect("a process");
        Process {
            child,
            port: self.port,
        }
    }

    /// A reader of committed records of all partitions, from the first or the next.
    pub(crate) fn reader(&self, topic: &str, from: Offset) -> BaseConsumer {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.broker.address)
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("fetch.queue.backoff.ms", "1")
            .set("queued.max.messages.kbytes", "65536")
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::from(TASKS) {
            list.add_partition_offset(topic, partition, from)
                .expect("an offset");
        }
        consumer.assign(&list).expect("an assignment");
        consumer
    }

    /// Of one of the deployment's topics.
    pub(crate) fn topic(topic: Topic) -> String {
        topic.name(PREFIX)
    }
}

/// `floorwalker run`; killed on drop.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait_until_ready(&mut self) {
        let limit = Tick::now().after(READY_WITHIN);
        while !ureq::get(format!("http://127.0.0.1:{}/readyz", self.port))
            .call()
            .is_ok_and(|answer| answer.status() == 200)
        {
            let ended = self.child.try_wait().expect("the process's state");
            assert!(ended.is_none(), "floorwalker ended with {ended:?}");
            assert!(Tick::now() < limit, "not ready within {READY_WITHIN:?}");
            pause(Duration::from_millis(20));
        }
    }

    /// Returns the page `/metrics`; empty before it is served.
    pub(crate) fn metrics(&self) -> Metrics {
        let url = format!("http://127.0.0.1:{}/metrics", self.port);
        let text = ureq::get(url)
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_string());
        Metrics(text.unwrap_or_default())
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(mut self) {
        let sent = Command::new("kill")
            .args(["-INT", &self.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
        let ended = self.child.wait().expect("its end");
        assert!(ended.success(), "floorwalker ended with {ended}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// User and system time of a process, in seconds.
pub(crate) fn cpu_seconds(stat: &str) -> f64 {
    let text = fs::read_to_string(stat).unwrap_or_default();
    // The name of the program, in brackets, may hold spaces.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_A_SECOND
}

/// A page for Prometheus.
pub(crate) struct Metrics(String);

impl Metrics {
    /// The sum of the series that begin like this.
    pub(crate) fn sum(&self, series: &str) -> f64 {
        let values = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix(series)?;
            let whole = rest.starts_with([' ', '{', ',']) || series.ends_with('}');
            whole.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        values.sum()
    }

    /// Events by what became of them.
    pub(crate) fn events(&self, outcome: &str) -> f64 {
        self.sum(&format!(
            "floorwalker_lifetime_events{{outcome=\"{outcome}\"}}"
        ))
    }
}
