//! `rules test`: recorded events under one or two configurations, and the alerts of each.

mod agents;
mod compare;
mod figures;
mod names;
mod period;
mod raised;
mod show;
mod timeline;
mod trial;

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::ensure;
use clap::{Args, Subcommand};
use serde::Serialize;

use self::{
    compare::only,
    period::Period,
    raised::Raised,
    show::{Shown, Signs},
    trial::{Side, Trial, each},
};
use super::{
    config_file::ConfigFile,
    directory::{self, FileStatements},
    input::Files,
    print::{print_json, print_line},
    progress,
    recorded::{self, Reading, no_event},
    report::thousands,
};
use crate::{config::Environment, kafka::clock};
use floorwalker_core::engine::Settings;

const EXAMPLE: &str = "Example: what would a lower threshold have raised last week?

    floorwalker rules test monday.jsonl.gz tuesday.jsonl.gz --config floorwalker.toml --against lower.toml";

#[derive(Debug, Subcommand)]
pub(super) enum RulesAction {
    /// Replays recorded events under one or two configurations, and shows which alerts each would have raised
    #[command(before_help = EXAMPLE)]
    Test(Box<Test>),
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Files of events, several counted like one, in any order; JSON lines or an array, plain, gzip or zstd; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
    /// A second configuration to compare with; variables and `--set` replace settings of both
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Statements of the directory, as `directory put` takes them
    #[arg(long, value_name = "FILE")]
    directory: Option<PathBuf>,
    /// Only this rule, such as queue.surge; may be repeated
    #[arg(long = "rule", value_name = "NAME")]
    rules: Vec<String>,
    /// Lists all alerts that only one configuration raises, not the first 20 of each
    #[arg(long, requires = "against")]
    all: bool,
    /// Draws with ASCII characters; by default only where LC_ALL, LC_CTYPE or LANG names another encoding than UTF-8
    #[arg(long)]
    ascii: bool,
    /// Everything as one JSON object, with all alerts
    #[arg(long)]
    json: bool,
}

/// What came of a test.
#[derive(Debug, Serialize)]
struct Tested {
    files: String,
    #[serde(flatten)]
    period: Period,
    a: Side,
    b: Option<Side>,
    /// What only one side raises; absent with one configuration.
    only_a: Option<Vec<Raised>>,
    only_b: Option<Vec<Raised>>,
}

pub(super) fn rules(action: &RulesAction) -> anyhow::Result<()> {
    match action {
        RulesAction::Test(arguments) => test(arguments),
    }
}

fn test(arguments: &Test) -> anyhow::Result<()> {
    let tested = arguments.run()?;
    if arguments.json {
        return print_json(&serde_json::to_value(&tested)?);
    }
    let shown = Shown {
        tested: &tested,
        signs: Signs::of(arguments.ascii, &Environment::of_process()),
        lists_all: arguments.all,
    };
    print_line(format_args!("{}", shown.to_string().trim_end()))
}

impl Test {
    fn run(&self) -> anyhow::Result<Tested> {
        let mut configs = vec![Configured::load(&self.config)?];
        if let Some(file) = &self.against {
            let mut other = Configured::load(&self.config.with_file(file.clone()))?;
            // Which task has what changes no figure, and one partition serves both.
            other.settings.tasks = configs[0].settings.tasks;
            configs.push(other);
        }
        let own = configs.iter().flat_map(|it| names::own(&it.settings));
        let own: BTreeSet<String> = own.cloned().collect();
        for rule in &self.rules {
            names::check(rule, &own)?;
        }
        let files = Files::new(self.files.clone());
        let wall = clock::wall();
        let mut reading = Reading::new(&configs[0].settings, None, wall);
        let mut trials = Vec::new();
        for config in &configs {
            let statements = self.statements(&config.settings)?;
            trials.push(Trial::new(config.settings.clone(), wall, &statements)?);
        }
        let agents = read(&mut reading, &files, &mut trials)?;
        let is_useful = trials.iter().all(Trial::has_events);
        let period = Period::of(&reading, agents.len()).filter(|_| is_useful);
        let Some(period) = period else {
            return Err(nothing(&trials, &reading, &files));
        };
        let wanted = |rule: &str| self.rules.is_empty() || self.rules.iter().any(|it| it == rule);
        let mut sides = configs.into_iter().zip(trials).map(|(config, trial)| {
            let rejected = trial.rejected(&reading, &files);
            trial.into_side(
                (config.place, &config.settings),
                rejected,
                (&period, &own),
                &wanted,
            )
        });
        let (a, b) = (sides.next(), sides.next());
        let a = a.ok_or_else(|| anyhow::anyhow!("no configuration was tried"))?;
        let alone = |these: Option<&Side>, others: Option<&Side>| {
            let (these, others) = these.zip(others)?;
            Some(only(&these.alerts, &others.alerts, period.until))
        };
        let only_a = alone(Some(&a), b.as_ref());
        let only_b = alone(b.as_ref(), Some(&a));
        Ok(Tested {
            files: files.to_string(),
            period,
            a,
            b,
            only_a,
            only_b,
        })
    }

    fn statements(&self, settings: &Settings) -> anyhow::Result<FileStatements> {
        let Some(file) = &self.directory else {
            return Ok(FileStatements::default());
        };
        let file = Files::new(vec![file.clone()]);
        ensure!(
            self.against.is_none() || file.can_be_read_again(),
            "{file} is no file that can be read twice, once for each configuration"
        );
        directory::read(&file, &settings.contact)
    }
}

/// A configuration, and what the output calls it.
struct Configured {
    place: String,
    settings: Settings,
}

impl Configured {
    fn load(file: &ConfigFile) -> anyhow::Result<Self> {
        let loaded = file.load_if_given()?;
        let (place, settings) = loaded.map_or_else(
            || ("the defaults".to_owned(), Settings::default()),
            |(place, config)| (place, config.engine),
        );
        Ok(Self {
            place,
            settings: recorded::settings(settings),
        })
    }
}

/// Lets all trials see all events to their end. Returns the agents that the events name.
fn read(
    reading: &mut Reading,
    files: &Files,
    trials: &mut [Trial],
) -> anyhow::Result<BTreeSet<String>> {
    let mut agents = BTreeSet::new();
    let bar = progress::of_files(files.paths());
    reading.read(
        (files, &bar),
        |event| {
            let agent = agents::of(event).map(|agent| agent.as_str());
            if let Some(agent) = agent.filter(|agent| !agents.contains(*agent)) {
                agents.insert(agent.to_owned());
            }
        },
        |place, partition, line| {
            let mut is_due = false;
            for trial in &mut *trials {
                is_due |= trial.feed(place, partition, line);
            }
            match is_due {
                true => each(trials, Trial::turn),
                false => Ok(()),
            }
        },
    )?;
    bar.finish_and_clear();
    let counting = progress::of_unknown("counting");
    each(trials, Trial::finish)?;
    counting.finish_and_clear();
    Ok(agents)
}

/// Why there is nothing to test.
fn nothing(trials: &[Trial], reading: &Reading, files: &Files) -> anyhow::Error {
    let useless = trials.iter().find(|trial| !trial.has_events());
    let read = useless.map_or(0, |trial| trial.counters().read);
    if read == 0 {
        return anyhow::anyhow!("no events in {files}: there is nothing to test");
    }
    let rejected = useless.map_or_else(Vec::new, |trial| trial.rejected(reading, files));
    let sentence = format!("no event among {} lines of {files}", thousands(read));
    no_event(sentence, &rejected)
}
