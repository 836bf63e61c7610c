//! `simulate`: a contact center's events, to a file or to a topic, at any speed.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use flate2::{Compression, write::GzEncoder};
use indicatif::ProgressBar;

use super::{
    config_file::ConfigFile,
    late::{Reader, Times},
    print::print_line,
    progress,
    report::thousands,
    stop::stop_on_interrupt,
};
use crate::{
    config::{Config, load_incidents},
    kafka::{
        KafkaSettings, Sender, Stop,
        clock::{self, Tick},
    },
};
use floorwalker_core::event::{Span, Timestamp};
use floorwalker_simulator::{
    Day, Delivery, Faults, Truth, World, WorldSettings, default_incidents, drawn_incidents,
};

/// Between two looks at whether it is time for the next record, or to stop.
const LOOKS_AGAIN: Duration = Duration::from_millis(20);
/// Records between two strokes of the progress bar.
const RECORDS_A_STROKE: u64 = 4_096;
const CURE: &str = "set `clock = \"events\"` for the source in the configuration, or let it run as fast as life (`--speed 1`)";
const HOURS_MAX: f64 = 366.0 * 24.0;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// People on the payroll; they work in shifts
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    agents: u32,
    /// How long to simulate, in hours
    #[arg(long, default_value = "1", value_parser = hours)]
    hours: Span,
    /// Another seed is another day
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first instant, as RFC 3339, in a center on UTC. By default to a file a Monday at eight; to a topic an
    /// instant from which it ends at the present, which the center takes for a Monday at ten
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    start: Option<Timestamp>,
    /// How many times as fast as life, or `max`; by default `max` to a file and 1 to a topic
    #[arg(long, value_name = "X|max", value_parser = speed)]
    speed: Option<Speed>,
    /// A file of JSON lines to write, `.gz` is packed; by default standard output
    #[arg(long, value_name = "FILE", conflicts_with = "topic")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
    /// Where Kafka is, such as localhost:9092
    #[arg(long, conflicts_with = "config", requires = "topic")]
    brokers: Option<String>,
    /// The topic to write to
    #[arg(long)]
    topic: Option<String>,
    /// Where to write what really happens, as JSON lines: incidents, how likely low ratings are, unsolved problems
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// What goes wrong: `none`, `default`, `drawn` by the seed, or a TOML file
    #[arg(
        long,
        default_value = "default",
        value_name = "none|default|drawn|FILE"
    )]
    incidents: String,
    /// What happens to events on their way
    #[arg(long, value_enum, default_value_t)]
    faults: Network,
    /// Writes also what the source will not take
    #[arg(long, requires = "topic")]
    force: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Network {
    /// They come at once, once and in order
    None,
    /// Some come late, twice or out of order, from skewed clocks, with garbage between them
    #[default]
    Default,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Speed {
    Max,
    Times(f64),
}

pub(super) fn simulate(arguments: &Simulate) -> anyhow::Result<()> {
    let usual = if arguments.topic.is_some() {
        Speed::Times(1.0)
    } else {
        Speed::Max
    };
    let pace = arguments.speed.unwrap_or(usual);
    let settings = settings(arguments, pace)?;
    let start = settings.start;
    let to_topic = arguments.topic.as_ref();
    anyhow::ensure!(
        to_topic.is_some() || arguments.config.config.is_none(),
        "--config is of use with --topic alone; name one, or leave it out"
    );
    let loaded = to_topic
        .map(|_| arguments.config.load_if_given())
        .transpose()?
        .flatten();
    if let Some(topic) = &arguments.topic {
        let reader = Reader::of(loaded.as_ref(), topic);
        reader.expect(
            &spread(&reader, start, arguments.hours, pace),
            CURE,
            arguments.force,
        )?;
    }
    let truth = arguments.truth.as_deref().map(create).transpose()?;
    let mut run = Run {
        bar: progress::of_seconds(whole(arguments.hours.as_secs())),
        pacer: Pacer::new(start, pace),
        sink: sink(arguments, loaded.map(|(_, config)| config))?,
        truth,
        stop: stop_on_interrupt()?,
        records: 0,
        bytes: 0,
    };
    run.all(World::new(settings, arguments.seed), start)?;
    let (records, bytes) = (thousands(run.records), thousands(run.bytes));
    let place = run.finish()?;
    match place {
        Some(place) => print_line(format_args!("{records} records, {bytes} bytes to {place}")),
        None => Ok(()),
    }
}

fn settings(arguments: &Simulate, pace: Speed) -> anyhow::Result<WorldSettings> {
    let agents = usize::try_from(arguments.agents)?;
    let mut settings = WorldSettings::new(agents, arguments.hours);
    if let Some(start) = arguments.start {
        settings.start = start;
    } else if arguments.topic.is_some() {
        settings.start = ends_now(arguments.hours, pace);
        settings.day = Day::busy_at(settings.start);
    }
    if let Network::Default = arguments.faults {
        settings.faults = Faults::default();
    }
    settings.incidents = match arguments.incidents.as_str() {
        "none" => Vec::new(),
        "default" => default_incidents(arguments.hours),
        "drawn" => drawn_incidents(&settings, arguments.seed),
        file => load_incidents(Path::new(file), &settings)?,
    };
    Ok(settings)
}

/// No event is ahead of the wall clock: at `speed` the world catches up with it at its very end.
#[expect(clippy::cast_possible_truncation, reason = "at most a year")]
fn ends_now(length: Span, pace: Speed) -> Timestamp {
    let takes = match pace {
        Speed::Max => Span::ZERO,
        Speed::Times(times) => Span((length.as_secs() / times * 1e6) as i64),
    };
    clock::wall() + takes - length.max(takes)
}

/// The ages that events will have when they are written, minute by minute of the simulated time.
fn spread(reader: &Reader, start: Timestamp, length: Span, pace: Speed) -> Times {
    let now = clock::wall();
    let mut times = reader.times(now);
    let minutes = whole(length.as_secs() / 60.0).max(1);
    for minute in 0..minutes {
        let since = Span::from_secs(i64::try_from(minute * 60).unwrap_or(i64::MAX));
        let age = (now - (start + since)).as_secs() + written_after(since, pace);
        times.add(now - Span::from_secs_f64(age).unwrap_or_default());
    }
    times
}

/// Seconds from the beginning of the run until what occurs then is written.
fn written_after(since: Span, pace: Speed) -> f64 {
    match pace {
        Speed::Max => 0.0,
        Speed::Times(times) => since.as_secs() / times,
    }
}

struct Run {
    bar: ProgressBar,
    pacer: Pacer,
    sink: Sink,
    truth: Option<Sink>,
    stop: Stop,
    records: u64,
    bytes: u64,
}

impl Run {
    fn all(&mut self, mut world: World, start: Timestamp) -> anyhow::Result<()> {
        while let Some(delivery) = world.next() {
            if !self.wait_for(delivery.at)? {
                break;
            }
            self.send(&delivery)?;
            for truth in world.take_truth() {
                self.write_truth(&truth)?;
            }
            if self.records.is_multiple_of(RECORDS_A_STROKE) {
                self.sink.rest()?;
                let lived = (delivery.at - start).as_secs();
                self.bar.set_position(whole(lived));
            }
        }
        Ok(())
    }

    /// False when asked to stop.
    fn wait_for(&mut self, at: Timestamp) -> anyhow::Result<bool> {
        loop {
            if self.stop.is_requested() {
                return Ok(false);
            }
            let wait = self.pacer.wait_for(at);
            if wait.is_zero() {
                return Ok(true);
            }
            self.sink.rest()?;
            clock::pause(wait.min(LOOKS_AGAIN));
        }
    }

    fn send(&mut self, delivery: &Delivery) -> anyhow::Result<()> {
        self.records += 1;
        self.bytes += delivery.payload.len() as u64;
        self.sink.take(Some(&delivery.key), &delivery.payload)
    }

    fn write_truth(&mut self, truth: &Truth) -> anyhow::Result<()> {
        match &mut self.truth {
            Some(sink) => sink.take(None, &serde_json::to_vec(truth)?),
            None => Ok(()),
        }
    }

    /// Where it went, if that has a name.
    fn finish(self) -> anyhow::Result<Option<String>> {
        self.bar.finish_and_clear();
        if let Some(truth) = self.truth {
            truth.finish()?;
        }
        self.sink.finish()
    }
}

/// Lets no record go before its time.
struct Pacer {
    start: Timestamp,
    began_at: Tick,
    pace: Speed,
}

impl Pacer {
    fn new(start: Timestamp, pace: Speed) -> Self {
        Self {
            start,
            began_at: Tick::now(),
            pace,
        }
    }

    fn wait_for(&self, at: Timestamp) -> Duration {
        let Speed::Times(times) = self.pace else {
            return Duration::ZERO;
        };
        let due = Duration::from_secs_f64((at - self.start).as_secs().max(0.0) / times);
        due.saturating_sub(Tick::now().since(self.began_at))
    }
}

enum Sink {
    Output(BufWriter<io::Stdout>),
    Plain(PathBuf, BufWriter<File>),
    Zipped(PathBuf, Box<GzEncoder<BufWriter<File>>>),
    Topic(String, Sender),
}

fn sink(arguments: &Simulate, config: Option<Config>) -> anyhow::Result<Sink> {
    match (&arguments.topic, &arguments.out) {
        (Some(topic), _) => {
            let kafka = kafka(arguments, config);
            Ok(Sink::Topic(topic.clone(), Sender::new(&kafka, topic)?))
        }
        (None, Some(file)) => create(file),
        (None, None) => Ok(Sink::Output(BufWriter::new(io::stdout()))),
    }
}

fn kafka(arguments: &Simulate, config: Option<Config>) -> KafkaSettings {
    let mut kafka = config.map_or_else(KafkaSettings::default, |config| config.kafka);
    if let Some(brokers) = &arguments.brokers {
        kafka.brokers.clone_from(brokers);
    }
    kafka
}

fn create(path: &Path) -> anyhow::Result<Sink> {
    let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    let file = BufWriter::with_capacity(1 << 16, file);
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    Ok(match zipped {
        true => {
            let packer = GzEncoder::new(file, Compression::default());
            Sink::Zipped(path.to_owned(), Box::new(packer))
        }
        false => Sink::Plain(path.to_owned(), file),
    })
}

impl Sink {
    fn take(&mut self, key: Option<&str>, payload: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Output(out) => Ok(line(out, payload)?),
            Self::Plain(path, file) => line(file, payload).with_context(|| written(path)),
            Self::Zipped(path, file) => line(file, payload).with_context(|| written(path)),
            Self::Topic(_, sender) => sender.send(key.map(str::as_bytes), payload),
        }
    }

    /// There is time until the next record.
    fn rest(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Output(out) => Ok(out.flush()?),
            Self::Plain(path, file) => file.flush().with_context(|| written(path)),
            Self::Zipped(..) => Ok(()),
            Self::Topic(_, sender) => sender.poll(),
        }
    }

    fn finish(self) -> anyhow::Result<Option<String>> {
        match self {
            Self::Output(mut out) => {
                out.flush()?;
                Ok(None)
            }
            Self::Plain(path, mut file) => {
                file.flush().with_context(|| written(&path))?;
                Ok(Some(path.display().to_string()))
            }
            Self::Zipped(path, file) => {
                let ended = file.finish().and_then(|mut file| file.flush());
                ended.with_context(|| written(&path))?;
                Ok(Some(path.display().to_string()))
            }
            Self::Topic(topic, sender) => {
                sender.finish()?;
                Ok(Some(topic))
            }
        }
    }
}

fn line(out: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    out.write_all(payload)?;
    out.write_all(b"\n")
}

fn written(path: &Path) -> String {
    format!("write {}", path.display())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of at most a year"
)]
const fn whole(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "at most a year")]
fn hours(text: &str) -> Result<Span, String> {
    let hours: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is not a number of hours"))?;
    match hours > 0.0 && hours <= HOURS_MAX {
        true => Ok(Span((hours * 3.6e9) as i64)),
        false => Err(format!("hours are over 0 and up to {HOURS_MAX}")),
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.parse::<f64>() {
        Ok(times) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
        _ => Err(format!(
            "`{text}` is neither `max` nor a number over 0, such as 60"
        )),
    }
}
