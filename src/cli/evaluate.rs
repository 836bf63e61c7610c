//! `evaluate`: how good alerts are on days of which it is known what went wrong.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, bail};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use super::{
    config_file::ConfigFile,
    input::Files,
    print::{print_json, print_line},
    progress,
};
use floorwalker_core::{engine::Settings, event::Span};
use floorwalker_evaluation::{Day, Feed, KindScore, Rules, Score, read_truth};
use floorwalker_simulator::{Faults, WorldSettings, drawn_incidents};

/// What is wrong with an agent is to be known by then, in seconds.
const SOON: f64 = 5_400.0;

#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// A file of events in the order in which they arrived, as `simulate --out` writes it
    #[arg(
        value_name = "FILE",
        required_unless_present = "seeds",
        requires = "truth"
    )]
    file: Option<PathBuf>,
    /// What really happened on that day, as `simulate --truth` writes it
    #[arg(long, value_name = "FILE", requires = "file")]
    truth: Option<PathBuf>,
    /// Simulates two days for each of these seeds instead: one with drawn incidents, one without any
    #[arg(long, value_name = "FIRST-LAST", conflicts_with = "file", value_parser = seeds)]
    seeds: Option<Seeds>,
    /// People on the payroll of a simulated day
    #[arg(long, default_value_t = 200, requires = "seeds", value_parser = clap::value_parser!(u32).range(1..=50_000))]
    agents: u32,
    /// How long a simulated day is, in hours
    #[arg(long, default_value_t = 8, requires = "seeds", value_parser = clap::value_parser!(u16).range(1..=168))]
    hours: u16,
    #[command(flatten)]
    config: ConfigFile,
    /// Writes each incident and each alert of the days, with what it names, as one JSON object a line
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// The figures as one JSON object
    #[arg(long)]
    json: bool,
}

/// The first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seeds(u64, u64);

pub(super) fn evaluate(arguments: &Evaluate) -> anyhow::Result<()> {
    let loaded = arguments.config.load_if_given()?;
    let settings = loaded.map_or_else(Settings::default, |(_, config)| config.engine);
    let (struck, quiet) = match (arguments.seeds, &arguments.file, &arguments.truth) {
        (Some(seeds), ..) => simulated(arguments, seeds, &settings)?,
        (None, Some(file), Some(truth)) => (vec![recorded(file, truth, settings)?], Vec::new()),
        (None, ..) => {
            bail!("there is nothing to evaluate: name a FILE and its --truth, or --seeds")
        }
    };
    if let Some(path) = &arguments.alerts {
        let lines = alert_lines(&struck, true)
            .chain(alert_lines(&quiet, false))
            .collect::<String>();
        fs::write(path, lines).with_context(|| path.display().to_string())?;
    }
    let engine = Score::of(&struck, &quiet, Rules::Engine);
    let fixed = Score::of(&struck, &quiet, Rules::Fixed);
    if arguments.json {
        return print_json(&json!({"floorwalker": engine, "fixed_thresholds": fixed}));
    }
    let days = |days: &[Day]| {
        format!(
            "{} {}",
            days.len(),
            if days.len() == 1 { "day" } else { "days" }
        )
    };
    print_line(format_args!(
        "{} with incidents, {} without",
        days(&struck),
        days(&quiet)
    ))?;
    print_line(format_args!("{}", incidents(&engine, &fixed)))?;
    print_line(format_args!("{}", alerts(&engine, &fixed)))
}

/// Returns a line for each incident, with when it was named, and for each alert that is not of one contact, with what it names.
fn alert_lines(days: &[Day], is_struck: bool) -> impl Iterator<Item = String> {
    (1..).zip(days).flat_map(move |(number, day): (u32, &Day)| {
        let incidents = day.incidents.iter().map(move |incident| {
            let named = day.first_to_name(incident);
            json!({"day": number, "incident": incident, "named_at": named.map(|alert| alert.fired_at),
                "by": named.map(|alert| &alert.rule)})
        });
        let of_groups = day.alerts.iter().filter(|alert| !alert.is_of_contact());
        let alerts = of_groups.map(move |alert| {
            let named = day.named_by(alert).map(|incident| &incident.kind);
            json!({"day": number, "struck": is_struck, "alert": alert, "names": named})
        });
        incidents.chain(alerts).map(|line| format!("{line}\n")).collect::<Vec<_>>()
    })
}

fn recorded(file: &Path, truth: &Path, settings: Settings) -> anyhow::Result<Day> {
    let text = fs::read_to_string(truth).with_context(|| truth.display().to_string())?;
    let incidents = read_truth(&text).map_err(|(line, error)| {
        anyhow::anyhow!(
            "{}:{line}: no line of a truth file: {error}",
            truth.display()
        )
    })?;
    let files = Files::new(vec![file.to_owned()]);
    let bar = progress::of_files(files.paths());
    let mut feed = Feed::new(settings);
    files.each_line(&bar, |_, line| Ok(feed.deliver(line)?))?;
    bar.finish_and_clear();
    let day = feed.finish(incidents)?;
    day.with_context(|| format!("{} has no event", file.display()))
}

/// The days with incidents, and those without, side by side on all cores.
fn simulated(
    arguments: &Evaluate,
    Seeds(first, last): Seeds,
    settings: &Settings,
) -> anyhow::Result<(Vec<Day>, Vec<Day>)> {
    let days: Vec<(u64, bool)> = (first..=last)
        .flat_map(|seed| [(seed, true), (seed, false)])
        .collect();
    let bar = progress::of_unknown("playing days");
    let next = AtomicUsize::new(0);
    let play = || -> anyhow::Result<Vec<(usize, Day)>> {
        let mut played = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((seed, is_struck)) = days.get(place) else {
                return Ok(played);
            };
            let world = world(arguments, *seed, *is_struck)?;
            played.push((place, Day::of_world(world, *seed, settings.clone())?));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut all = thread::scope(|scope| -> anyhow::Result<Vec<(usize, Day)>> {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(play)).collect();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(played) => all.extend(played?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })?;
    bar.finish_and_clear();
    all.sort_by_key(|(place, _)| *place);
    let (struck, quiet): (Vec<_>, Vec<_>) = all.into_iter().partition(|(place, _)| place % 2 == 0);
    let played = |of: Vec<(usize, Day)>| of.into_iter().map(|(_, day)| day).collect();
    Ok((played(struck), played(quiet)))
}

fn world(arguments: &Evaluate, seed: u64, is_struck: bool) -> anyhow::Result<WorldSettings> {
    let length = Span::from_secs(i64::from(arguments.hours) * 3_600);
    let mut world = WorldSettings::new(usize::try_from(arguments.agents)?, length);
    world.faults = Faults::default();
    if is_struck {
        world.incidents = drawn_incidents(&world, seed);
    }
    Ok(world)
}

/// Incidents by kind: how many were named, and when.
fn incidents(engine: &Score, fixed: &Score) -> Table {
    let mut table = table([
        "incident",
        "of",
        "named",
        "calls",
        "in 90 min",
        "median",
        "worst",
        "fixed: named",
        "in 90 min",
        "median",
        "worst",
    ]);
    let mut all = (KindScore::default(), KindScore::default());
    let none = KindScore::default();
    for (kind, score) in &engine.by_kind {
        let of_fixed = fixed.by_kind.get(kind).unwrap_or(&none);
        table.add_row(row(kind, score, of_fixed));
        all.0.merge(score);
        all.1.merge(of_fixed);
    }
    table.add_row(row("all", &all.0, &all.1));
    table
}

fn row(kind: &str, engine: &KindScore, fixed: &KindScore) -> Vec<String> {
    let of = |score: &KindScore| {
        [
            score.named_within(SOON).to_string(),
            minutes(score.median()),
            minutes(score.worst()),
        ]
    };
    let first = [
        kind.to_owned(),
        engine.incidents.to_string(),
        engine.named().to_string(),
        engine.called.to_string(),
    ];
    first
        .into_iter()
        .chain(of(engine))
        .chain([fixed.named().to_string()])
        .chain(of(fixed))
        .collect()
}

fn minutes(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "–".to_owned(),
        |seconds| format!("{:.1} min", seconds / 60.0),
    )
}

/// How many alerts there were, and how many of them were about something.
fn alerts(engine: &Score, fixed: &Score) -> Table {
    let mut table = table([
        "alerts an hour for a supervisor of 40 agents",
        "floorwalker",
        "fixed",
    ]);
    let mut rate = |name: &str, of: fn(&Score) -> f64| {
        let cells = [engine, fixed].map(|score| format!("{:.2}", of(score)));
        table.add_row([name.to_owned()].into_iter().chain(cells));
    };
    rate(
        "about queues, agents and feeds, days with incidents",
        |it| it.struck_per_hour,
    );
    rate("days without", |it| it.quiet_per_hour);
    rate("with those about contacts, days with incidents", |it| {
        it.struck_with_contacts_per_hour
    });
    rate("days without", |it| it.quiet_with_contacts_per_hour);
    let cells = [engine, fixed].map(|score| match score.belonging {
        Some(share) => format!("{:.0} % of {}", share * 100.0, score.alerts),
        None => "–".to_owned(),
    });
    let name = "share that names an incident".to_owned();
    table.add_row([name].into_iter().chain(cells));
    table
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("`{text}` is no range of seeds such as 101-112");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |seed: &str| seed.trim().parse::<u64>().map_err(|_| wrong());
    let (first, last) = (number(first)?, number(last)?);
    if first > last || last - first >= 1_000 {
        return Err(wrong());
    }
    Ok(Seeds(first, last))
}
