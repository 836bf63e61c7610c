//! `replay`: files through the whole engine in memory, then a report.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    contacts::Contacts,
    directory::{self, Said},
    input::{Files, Place},
    progress,
    report::{Desk, History, Record, Rejected, Report, Scales, Sheets, Sources, page, thousands},
    say,
};
use crate::{
    config::Config,
    contact::Policy,
    decode::{Decoded, Format, decode},
    engine::{InputId, OutTopic, Output, Placement, Settings, Source, SourceClock},
    event::{Body, Event, Text, Timestamp},
    kafka::clock,
    kpi::Window,
    sim::cluster::Cluster,
};

/// Records of an input that a task takes in before it commits a step.
const STEP_RECORDS: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Files of JSON lines, plain or gzip, several read by time like one; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The TOML file of settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Statements of the directory, as `directory put` takes them
    #[arg(long, value_name = "FILE")]
    directory: Option<PathBuf>,
    /// The clock at which to count, as RFC 3339; by default the newest event's time
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    at: Option<Timestamp>,
    /// Where to write the KPI records of every entity and window
    #[arg(long, value_name = "FILE")]
    kpis: Option<PathBuf>,
    /// Where to write the contact records
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
    /// Where to write the alert records
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Where to write the scorecards of every agent in each queue and channel
    #[arg(long, value_name = "FILE")]
    scorecards: Option<PathBuf>,
    /// Where to write the report as a page with charts, for any browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Where to write CSV: to a file one row per entity, window and KPI; to a folder, one that exists or ends in `/`, contacts
    /// and their parts too
    #[arg(long, value_name = "FILE|FOLDER/")]
    csv: Option<PathBuf>,
    /// The report as one JSON object, with the KPI records of the window `all`
    #[arg(long)]
    json: bool,
}

pub(super) fn replay(mut arguments: Replay) -> anyhow::Result<()> {
    arguments.expect_places()?;
    let settings = settings(arguments.config.as_deref())?;
    let files = Files::new(std::mem::take(&mut arguments.files));
    let statements = match &arguments.directory {
        Some(file) => directory::read(&Files::new(vec![file.clone()]), &settings.contact)?,
        None => Said::default(),
    };
    let mut run = Run::new(settings, arguments.at, &statements)?;
    let bar = progress::of_files(files.paths());
    files.each_line_by_time(&bar, time_of, |place, line| {
        run.take(place, line);
        Ok(())
    })?;
    bar.finish_and_clear();
    let counting = progress::of_unknown("counting");
    run.finish()?;
    counting.finish_and_clear();
    let outcome = run.outcome(&files)?;
    write_lines(arguments.kpis.as_deref(), outcome.kpis.values())?;
    write_lines(arguments.contacts.as_deref(), outcome.contacts.values())?;
    write_lines(arguments.alerts.as_deref(), &outcome.alerts)?;
    write_lines(arguments.scorecards.as_deref(), outcome.scorecards.values())?;
    run.tell(&arguments, &outcome, &files)
}

/// Names may hold what a terminal would obey.
fn printable(text: &str) -> String {
    text.replace(|sign: char| sign.is_control() && sign != '\n', "\u{fffd}")
}

fn time_of(line: &[u8]) -> Option<Timestamp> {
    match decode(line) {
        Ok(Decoded::Event(event)) => Some(event.occurred_at),
        _ => None,
    }
}

impl Replay {
    /// Told before the counting, not after.
    fn expect_places(&self) -> anyhow::Result<()> {
        let mut known: Vec<PathBuf> = (self.files.iter())
            .chain(&self.config)
            .chain(&self.directory)
            .map(|path| real(path))
            .collect();
        for file in self.outputs() {
            let shown = file.display();
            ensure!(
                file != Path::new("-"),
                "`-` is no file to write; name one, such as /dev/stdout"
            );
            let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|it| !it.is_dir()) {
                let folder = folder.display();
                anyhow::bail!("{shown}: there is no folder {folder}; make it, or write elsewhere");
            }
            ensure!(!file.is_dir(), "{shown} is a folder; name a file to write");
            // Devices may be named twice.
            if file.exists() && !file.is_file() {
                continue;
            }
            let place = real(&file);
            let is_free = !known.contains(&place);
            ensure!(
                is_free,
                "{shown} is read, or written by another option; write elsewhere"
            );
            known.push(place);
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let files = [
            &self.kpis,
            &self.contacts,
            &self.alerts,
            &self.scorecards,
            &self.html,
        ];
        let sheet = self.csv.clone().map(Sheets::from);
        let sheet = sheet.as_ref().and_then(Sheets::file);
        let files = files.into_iter().flatten().cloned();
        files.chain(sheet.map(Path::to_owned)).collect()
    }
}

/// As the file system knows it, also of a file that is not there yet.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let of_folder = || {
        let folder = folder.unwrap_or_else(|| Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    let known = path.canonicalize().ok();
    known.or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

/// One source that is keyed as its producers should: every event lands on the task that owns its contact.
fn settings(config: Option<&Path>) -> anyhow::Result<Settings> {
    let mut settings = match config {
        Some(path) => Config::load(path)?.engine,
        None => Settings::default(),
    };
    let lateness = settings.lateness_max();
    settings.sources = vec![Source {
        topic: "replay".to_owned(),
        clock: SourceClock::Events,
        format: Format::Json,
        lateness: Some(lateness),
    }];
    settings.output_format = Format::Json;
    let windows = &mut settings.kpi.windows;
    if !windows.contains(&Window::all()) {
        windows.push(Window::all());
    }
    Ok(settings)
}

struct Run {
    cluster: Cluster,
    placement: Placement,
    at: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// Events that occurred after `at`.
    later: u64,
    scales: Scales,
    /// By type: how many events, and where the first is.
    skipped: BTreeMap<Text, (u64, Place)>,
    /// What occurred later is a dead letter.
    expected_until: Timestamp,
    policies: Vec<Policy>,
    /// Of the hours of the week.
    zone: TimeZone,
    /// Where the record of each offset stood, by partition.
    places_by_partition: Vec<Vec<Place>>,
}

impl Run {
    fn new(settings: Settings, at: Option<Timestamp>, statements: &Said) -> anyhow::Result<Self> {
        let tasks = settings.tasks;
        let wall = at.map_or_else(clock::wall, |at| at.max(clock::wall()));
        let future_max = settings.future_max;
        let policies = (statements.directory).contact_settings(&settings.contact);
        let zone = settings.kpi.zone.clone();
        let mut cluster = Cluster::new(&Arc::new(settings), wall)?;
        for (_, json) in &statements.lines {
            cluster.state(json);
        }
        for partition in 0..i32::from(tasks) {
            cluster.add_input(InputId {
                source: 0,
                partition,
            });
        }
        Ok(Self {
            cluster,
            placement: Placement::new(tasks),
            at,
            newest: None,
            later: 0,
            scales: Scales::default(),
            skipped: BTreeMap::new(),
            expected_until: wall + future_max,
            policies: policies.policies,
            zone,
            places_by_partition: vec![Vec::new(); usize::from(tasks)],
        })
    }

    fn take(&mut self, place: Place, line: &[u8]) {
        let mut partition = 0;
        match decode(line) {
            Ok(Decoded::Event(event)) if self.at.is_some_and(|at| event.occurred_at > at) => {
                self.later += 1;
                return;
            }
            Ok(Decoded::Event(event)) => {
                partition = self.placement.owner_of(&event.key).0;
                self.note(&event);
            }
            Ok(Decoded::Unknown(kind)) => self.skipped.entry(kind).or_insert((0, place)).0 += 1,
            Err(_) => {}
        }
        let input = InputId {
            source: 0,
            partition: partition.into(),
        };
        self.cluster.feed(input, line.to_vec());
        self.places_by_partition[usize::from(partition)].push(place);
    }

    fn note(&mut self, event: &Event) {
        if event.occurred_at > self.expected_until {
            return;
        }
        self.newest = self.newest.max(Some(event.occurred_at));
        if let Body::SurveyAnswered(survey, _) = &event.body {
            self.scales.add(survey);
        }
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(at) = self.at {
            self.cluster.end_at(at);
        }
        self.cluster.run_until_quiet(STEP_RECORDS)?;
        Ok(())
    }

    fn outcome(&mut self, files: &Files) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut rejected = Rejections::default();
        for (_, output) in std::mem::take(&mut self.cluster.outputs) {
            match output.topic {
                OutTopic::Kpis => keep_last(&mut outcome.kpis, output),
                OutTopic::Alerts => outcome.alerts.extend(output.payload),
                OutTopic::DeadLetters => rejected.add(&output, |partition, offset| {
                    let place = self.places_by_partition.get(partition)?.get(offset)?;
                    Some(*place)
                }),
                OutTopic::Contacts => outcome.take_contact(output)?,
                OutTopic::Scorecards => keep_last(&mut outcome.scorecards, output),
            }
        }
        for output in self.cluster.contact_records() {
            outcome.take_contact(output)?;
        }
        for (kind, (count, first)) in std::mem::take(&mut self.skipped) {
            rejected.skip(&kind, count, first);
        }
        outcome.rejected = rejected.into_list(files);
        Ok(outcome)
    }

    /// The report in every form that was asked for.
    fn tell(&self, arguments: &Replay, outcome: &Outcome, files: &Files) -> anyhow::Result<()> {
        let records: Vec<Record> = outcome.records_of_all_time()?;
        let history = History::of(outcome.contacts.values(), self.zone.clone())?;
        let scorecards = outcome.desks()?;
        let clock = self.at.or(self.newest);
        let in_force = |policy: &&Policy| clock.is_none_or(|at| policy.in_force.holds(at));
        let policies: Vec<Policy> = self.policies.iter().filter(in_force).cloned().collect();
        let report = Report {
            title: self.title(files),
            counters: self.cluster.counters(),
            contacts: outcome.contacts.len() as u64,
            records: &records,
            history: &history,
            scorecards: &scorecards,
            policies: &policies,
            scales: self.scales,
            rejected: &outcome.rejected,
        };
        if let Some(path) = &arguments.html {
            std::fs::write(path, page(&report)?).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = &arguments.csv {
            Sheets::from(path.clone()).write(&Sources {
                kpis: bytes_of(&outcome.kpis),
                contacts: outcome.contacts.values().map(Vec::as_slice).collect(),
                history: &history,
                scorecards: &scorecards,
            })?;
        }
        match arguments.json {
            true => say(format_args!("{}", self.report_as_json(outcome)?)),
            false => say(format_args!("{}", printable(&report.to_string()))),
        }
    }

    fn report_as_json(&self, outcome: &Outcome) -> anyhow::Result<String> {
        let records: Vec<Value> = outcome.records_of_all_time()?;
        let report = json!({
            "clock": self.at.or(self.newest),
            "later": self.later,
            "events": self.cluster.counters(),
            "contacts": outcome.contacts.len(),
            "alerts": outcome.alerts.len(),
            "rejected": outcome.rejected,
            "kpis": records,
        });
        Ok(report.to_string())
    }

    fn title(&self, files: &Files) -> String {
        let Some(clock) = self.at.or(self.newest) else {
            return match self.cluster.counters().read {
                0 => format!("{files}: no events"),
                read => format!("{files}: no event among {} lines", thousands(read)),
            };
        };
        match self.later {
            0 => format!("{files} at {clock}"),
            later => format!("{files} at {clock}, {later} later events left out"),
        }
    }
}

/// Records by key, and alerts in the order in which they were raised.
#[derive(Default)]
struct Outcome {
    kpis: BTreeMap<Vec<u8>, Vec<u8>>,
    contacts: Contacts,
    scorecards: BTreeMap<Vec<u8>, Vec<u8>>,
    alerts: Vec<Vec<u8>>,
    rejected: Vec<Rejected>,
}

impl Outcome {
    /// The KPI records of the window `all`.
    fn records_of_all_time<R: DeserializeOwned>(&self) -> anyhow::Result<Vec<R>> {
        let of_all_time = self.kpis.iter().filter(|(key, _)| key.ends_with(b"/all"));
        read_all(of_all_time.map(|(_, payload)| payload))
    }

    fn take_contact(&mut self, output: Output) -> anyhow::Result<()> {
        let (id, payload) = (output.key.unwrap_or_default(), output.payload);
        payload.map_or(Ok(()), |record| self.contacts.take(id, record))
    }

    fn desks(&self) -> anyhow::Result<Vec<Desk>> {
        read_all(self.scorecards.values())
    }
}

fn read_all<'r, R: DeserializeOwned>(
    records: impl Iterator<Item = &'r Vec<u8>>,
) -> anyhow::Result<Vec<R>> {
    records
        .map(|payload| serde_json::from_slice(payload))
        .collect::<Result<_, _>>()
        .context("a record that was just written")
}

fn bytes_of(records: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<&[u8]> {
    records.values().map(Vec::as_slice).collect()
}

/// As a compacted topic does.
fn keep_last(records: &mut BTreeMap<Vec<u8>, Vec<u8>>, output: Output) {
    let key = output.key.unwrap_or_default();
    match output.payload {
        Some(payload) => drop(records.insert(key, payload)),
        None => drop(records.remove(&key)),
    }
}

/// Dead letters by reason: how many, and the first of them in the files.
#[derive(Default)]
struct Rejections(BTreeMap<String, (u64, Option<Place>, String)>);

impl Rejections {
    fn add(&mut self, letter: &Output, find: impl FnOnce(usize, usize) -> Option<Place>) {
        let header = |name: &str| {
            let found = letter.headers.iter().find(|(known, _)| known == name);
            let value = found.and_then(|(_, value)| value.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let number = |name| header(name).parse().ok();
        let place = number("floorwalker-partition")
            .zip(number("floorwalker-offset"))
            .and_then(|(partition, offset)| find(partition, offset));
        let (count, first, sentence) = self.0.entry(header("floorwalker-reason")).or_default();
        *count += 1;
        let earlier = match (place, *first) {
            (Some(place), Some(first)) => place < first,
            (place, first) => place.is_some() || first.is_none(),
        };
        if earlier {
            (*first, *sentence) = (place, header("floorwalker-sentence"));
        }
    }

    fn skip(&mut self, kind: &str, count: u64, first: Place) {
        let reason = format!("skipped `{kind}`");
        let sentence = "no event has this type; the README lists those that are known".to_owned();
        self.0.insert(reason, (count, Some(first), sentence));
    }

    /// The most frequent first.
    fn into_list(self, files: &Files) -> Vec<Rejected> {
        let mut list: Vec<_> = self
            .0
            .into_iter()
            .map(|(reason, (count, first, sentence))| Rejected {
                reason,
                count,
                first: first.map_or_else(String::new, |place| files.name(place)),
                sentence,
            })
            .collect();
        list.sort_by_key(|rejected| std::cmp::Reverse(rejected.count));
        list
    }
}

fn write_lines<'l>(
    path: Option<&Path>,
    lines: impl IntoIterator<Item = &'l Vec<u8>>,
) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for line in lines {
            file.write_all(line)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().with_context(|| path.display().to_string())
}
