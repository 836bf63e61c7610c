//! `demo`: the broker, the simulator and all roles in one process, and what goes on there on the terminal.

mod board;
mod feed;
mod plain;
mod pulse;
mod scene;
mod screen;
mod text;

use std::{
    io::{self, IsTerminal as _},
    net::SocketAddr,
    sync::Arc,
    thread,
};

use clap::Args;

use super::{journal::Journal, stop::stop_in_time};
use crate::{
    kafka::{
        self, Embedded, EmbeddedSettings, KafkaSettings, Progress, Stop,
        clock::{self, Tick, Wall},
    },
    serve::{Configured, HttpSettings, ReadSide, ServeSettings, Server, Site},
};
use floorwalker_core::{
    decode::Format,
    engine::{Settings, Source, SourceClock},
    event::Span,
};
use pulse::PulseMeter;
use scene::{Addresses, Scene};

const PREFIX: &str = "floorwalker";
const SOURCE: &str = "contact-events";
/// Enough for a few cores; each task sends each other its clocks twice a second.
const TASKS: u16 = 4;
const PORT: u16 = 9092;
/// Faster, and a record's way through the broker takes longer than the engine waits.
const SPEED_MAX: i64 = 30;
/// What the embedded broker and one worker bear at any speed, by far.
const AGENTS_MAX: i64 = 2_000;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many agents work there
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=AGENTS_MAX))]
    agents: u32,
    /// How many times as fast as life it goes
    #[arg(long, value_name = "X", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=SPEED_MAX))]
    speed: u32,
    /// Another seed makes another day
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where the broker listens, on this machine only; 0 is any port
    #[arg(long, value_name = "P", default_value_t = PORT)]
    port: u16,
    /// Where HTTP listens
    #[arg(long, value_name = "ADDRESS", default_value_t = HttpSettings::default().listen)]
    listen: SocketAddr,
    /// Lets other machines ask, too: nobody is asked who they are
    #[arg(long)]
    allow_anonymous: bool,
    /// Prints lines, also to a terminal
    #[arg(long)]
    plain: bool,
}

impl Demo {
    pub(super) fn takes_the_screen(&self) -> bool {
        !self.plain && io::stdout().is_terminal() && io::stdin().is_terminal()
    }
}

pub(super) fn demo(arguments: &Demo, journal: &Journal) -> anyhow::Result<()> {
    let http = HttpSettings {
        listen: arguments.listen,
        allow_anonymous: arguments.allow_anonymous,
        ..HttpSettings::default()
    };
    anyhow::ensure!(
        http.exposure().is_none(),
        "other machines reach {}, and the demo asks nobody who they are; add --allow-anonymous if that is meant",
        arguments.listen
    );
    let broker = Embedded::start(EmbeddedSettings {
        port: arguments.port,
        prefix: PREFIX.to_owned(),
        tasks: TASKS,
        sources: vec![SOURCE.to_owned()],
    })?;
    let kafka = KafkaSettings {
        wall: wall(arguments.speed),
        ..broker.settings()
    };
    let settings = Arc::new(settings(arguments.speed));
    let stop = stop_in_time()?;
    let progress = Arc::new(Progress::default());
    let configured = Configured {
        contact: settings.contact.clone(),
        places: settings.kpi.places.clone(),
    };
    let settings_of_both = (ServeSettings::default(), configured);
    let (side, follower) = ReadSide::start(&kafka, TASKS, settings_of_both, &stop)?;
    let site = Site {
        progress: Arc::clone(&progress),
        works: true,
        read: Some(Arc::clone(&side)),
        notify: None,
    };
    let server = Server::start(&http, site)?;
    let mut scene = Scene {
        addresses: Addresses {
            broker: broker.address(),
            http: server.address,
        },
        agents: arguments.agents,
        wall: kafka.wall,
        targets: (settings.contact.policies.iter())
            .map(|policy| (policy.name.clone(), policy.target))
            .collect(),
        model: Arc::clone(&side.model),
        progress: Arc::clone(&progress),
        meter: PulseMeter::new(),
    };
    // What was there before comes first: the figures begin full.
    let feed = feed::Feed::open(&kafka, SOURCE, arguments.agents, arguments.seed)?;
    thread::scope(|scope| {
        let parts = [
            scope.spawn(|| ending(&stop, || feed.play(&stop))),
            scope.spawn(|| ending(&stop, || kafka::run(&kafka, &settings, &stop, &progress))),
        ];
        let shown = ending(&stop, || match arguments.takes_the_screen() {
            true => screen::show(&mut scene, journal, &stop),
            false => plain::show(&mut scene, &stop),
        });
        let ended: Vec<_> = parts.into_iter().map(join).collect();
        let ended = ended.into_iter().collect::<anyhow::Result<()>>();
        ended.and(follower.join()).and(shown)
    })
}

/// One part gone, however it went, all go.
fn ending(stop: &Stop, part: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let result = part();
    stop.request();
    result
}

fn join(part: thread::ScopedJoinHandle<'_, anyhow::Result<()>>) -> anyhow::Result<()> {
    part.join()
        .unwrap_or_else(|_| Err(anyhow::anyhow!("a part of the demo panicked")))
}

fn wall(speed: u32) -> Wall {
    match speed {
        1 => Wall::Machine,
        speed => Wall::Simulated {
            from: clock::wall(),
            began: Tick::now(),
            speed,
        },
    }
}

/// Waits for what is on its way last as long by the machine's clock, however fast the simulator's goes.
fn settings(speed: u32) -> Settings {
    let settings = Settings::default();
    let fast = |span: Span| Span(span.0 * i64::from(speed));
    Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: SOURCE.to_owned(),
            clock: SourceClock::Wall,
            format: Format::default(),
            lateness: None,
        }],
        grace: fast(settings.grace),
        heartbeat: fast(settings.heartbeat),
        idle_timeout: fast(settings.idle_timeout),
        ..settings
    }
}
