//! The embedded broker of `demo`: librdkafka's mock cluster behind a port of our choice.
//!
//! All in memory, 5,242,880 bytes and 100,000 batches a partition: what is older goes. Nothing of it outlives the process.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    thread,
};

use anyhow::Context as _;
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime,
    sync::oneshot,
};

use super::{broker::Broker, settings::KafkaSettings, topic::Topic};

/// What to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// Where clients find it, on this machine only; 0: any.
    pub port: u16,
    pub prefix: String,
    pub tasks: u16,
    /// Each of them gets as many partitions as there are tasks.
    pub sources: Vec<String>,
}

/// A broker in this process, until it is dropped.
#[expect(
    missing_debug_implementations,
    reason = "holds a cluster, which has nothing to show"
)]
pub struct Embedded {
    cluster: MockCluster<'static, DefaultProducerContext>,
    door: Door,
    prefix: String,
}

impl Embedded {
    /// Makes the broker and all topics.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(settings: EmbeddedSettings) -> anyhow::Result<Self> {
        let cluster = MockCluster::new(1).context("embedded broker")?;
        let ours = Topic::ALL.map(|topic| topic.name(&settings.prefix));
        for topic in ours.iter().chain(&settings.sources) {
            (cluster.create_topic(topic, i32::from(settings.tasks), 1))
                .with_context(|| format!("topic `{topic}` on the embedded broker"))?;
        }
        let listener =
            (cluster.bootstrap_servers().parse()).context("where the embedded broker listens")?;
        Ok(Self {
            cluster,
            door: Door::open(settings.port, listener)?,
            prefix: settings.prefix,
        })
    }

    /// Where clients find it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.door.address
    }

    /// How this process reaches it.
    #[must_use]
    pub fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            brokers: self.cluster.bootstrap_servers(),
            broker: Broker::Embedded,
            prefix: self.prefix.clone(),
            ..KafkaSettings::default()
        }
    }
}

/// The mock cluster listens where the system has room, and redirects its clients there; whoever comes to the port that people know is
/// led there first.
struct Door {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Door {
    fn open(port: u16, listener: SocketAddr) -> anyhow::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let door = (runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))))
            .with_context(|| {
                format!("port {port} of the embedded broker; choose another with `--port`")
            })?;
        let address = door.local_addr()?;
        // `localhost` may mean this one first; a machine without it does as well.
        let door6 =
            (runtime.block_on(TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())))).ok();
        let (stop, stopped) = oneshot::channel();
        let work = async move {
            tokio::select! {
                () = lead(door, listener) => {}
                () = lead_if_open(door6, listener) => {}
                _ = stopped => {}
            }
        };
        let thread = thread::Builder::new()
            .name("broker-door".to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            tracing::error!("embedded broker: the thread of its port panicked");
        }
    }
}

async fn lead_if_open(door: Option<TcpListener>, listener: SocketAddr) {
    match door {
        Some(door) => lead(door, listener).await,
        None => std::future::pending().await,
    }
}

async fn lead(door: TcpListener, listener: SocketAddr) {
    loop {
        match door.accept().await {
            Ok((client, _)) => drop(tokio::spawn(pass_on(client, listener))),
            Err(error) => {
                tracing::warn!("embedded broker: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn pass_on(mut client: TcpStream, listener: SocketAddr) {
    let passed = async {
        let mut broker = TcpStream::connect(listener).await?;
        copy_bidirectional(&mut client, &mut broker).await
    };
    if let Err(error) = passed.await {
        tracing::debug!("embedded broker, a client: {error}");
    }
}
