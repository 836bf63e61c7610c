//! `replay`: files through the whole engine in memory, then a report.

mod arguments;
mod outcome;
mod outputs;
mod run;

use anyhow::Context as _;
use serde_json::{Value, json};

pub(super) use self::arguments::Replay;
use self::{outcome::Outcome, outputs::write_lines, run::Run};
use super::{
    config_file::ConfigFile,
    directory::{self, FileStatements},
    input::Files,
    print::{print_json, print_line},
    progress,
    recorded::{self, no_event},
    report::{History, Record, Rejected, Report, Sheets, Sources, page, thousands},
};
use floorwalker_core::{contact::Policy, engine::Settings};

pub(super) fn replay(mut arguments: Replay) -> anyhow::Result<()> {
    arguments.expect_places()?;
    let settings = settings(&arguments.config)?;
    let files = Files::new(std::mem::take(&mut arguments.files));
    let statements = match &arguments.directory {
        Some(file) => directory::read(&Files::new(vec![file.clone()]), &settings.contact)?,
        None => FileStatements::default(),
    };
    let mut run = Run::new(settings, arguments.at, &statements)?;
    let bar = progress::of_files(files.paths());
    run.read(&files, &bar)?;
    bar.finish_and_clear();
    let counting = progress::of_unknown("counting");
    run.finish()?;
    counting.finish_and_clear();
    let outputs = Outputs {
        rejected: (run.outcome.rejections).list(&run.reading.skipped, &files),
        run: &run,
        files: &files,
    };
    let outcome = &run.outcome;
    write_lines(arguments.kpis.as_deref(), outcome.kpis.values())?;
    write_lines(arguments.contacts.as_deref(), outcome.contacts.values())?;
    write_lines(arguments.alerts.as_deref(), &outcome.alerts)?;
    write_lines(arguments.scorecards.as_deref(), outcome.scorecards.values())?;
    write_lines(arguments.recognitions.as_deref(), &outcome.recognitions)?;
    outputs.report(&arguments)?;
    outputs.verdict(arguments.strict)
}

fn settings(config: &ConfigFile) -> anyhow::Result<Settings> {
    let loaded = config.load_if_given()?;
    let settings = loaded.map_or_else(Settings::default, |(_, it)| it.engine);
    Ok(recorded::settings(settings))
}

/// What was counted, for a report.
struct Outputs<'r> {
    run: &'r Run,
    files: &'r Files,
    rejected: Vec<Rejected>,
}

impl Outputs<'_> {
    /// The report in every form that was asked for.
    fn report(&self, arguments: &Replay) -> anyhow::Result<()> {
        let run = self.run;
        let outcome = &run.outcome;
        let records: Vec<Record> = outcome.records_of_all_time()?;
        let history = History::of(
            outcome.contacts.values(),
            run.zone.clone(),
            run.reading.clock(),
        )?;
        let scorecards = outcome.desks()?;
        let fired = outcome.fired();
        let in_force = |policy: &&Policy| {
            run.reading
                .clock()
                .is_none_or(|at| policy.in_force.holds(at))
        };
        let policies: Vec<Policy> = run.policies.iter().filter(in_force).cloned().collect();
        let report = Report {
            title: self.title(),
            counters: run.counters(),
            contacts: outcome.contacts.len() as u64,
            records: &records,
            history: &history,
            scorecards: &scorecards,
            policies: &policies,
            scales: run.scales,
            fired: &fired,
            rejected: &self.rejected,
        };
        if let Some(path) = &arguments.html {
            std::fs::write(path, page(&report)?).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = &arguments.csv {
            Sheets::from(path.clone()).write(&Sources {
                kpis: outcome.kpi_bytes(),
                contacts: outcome.contacts.values().map(Vec::as_slice).collect(),
                history: &history,
                scorecards: &scorecards,
            })?;
        }
        match arguments.json {
            true => print_json(&self.report_as_json(outcome)?),
            false => print_line(format_args!("{report}")),
        }
    }

    fn report_as_json(&self, outcome: &Outcome) -> anyhow::Result<Value> {
        let records: Vec<Value> = outcome.records_of_all_time()?;
        Ok(json!({
            "clock": self.run.reading.clock(),
            "later": self.run.reading.later,
            "events": self.run.counters(),
            "contacts": outcome.contacts.len(),
            "alerts": outcome.alerts.len(),
            "fired": outcome.fired(),
            "recognitions": outcome.recognitions.len(),
            "rejected": self.rejected,
            "kpis": records,
        }))
    }

    fn title(&self) -> String {
        let files = self.files;
        let Some(clock) = self.run.reading.clock() else {
            return match self.run.counters().read {
                0 => format!("{files}: no events"),
                read => format!("{files}: no event among {} lines", thousands(read)),
            };
        };
        match self.run.reading.later {
            0 => format!("{files} at {clock}"),
            later => format!("{files} at {clock}, {later} later events left out"),
        }
    }

    /// # Errors
    /// When nothing could be used, or, if `strict`, not all.
    fn verdict(&self, strict: bool) -> anyhow::Result<()> {
        let counters = self.run.counters();
        let (read, letters) = (counters.read, counters.dead_lettered);
        let is_useless = read > 0 && counters.applied + counters.repeated == 0;
        let is_refused = is_useless || strict && letters > 0;
        if !is_refused {
            return Ok(());
        }
        let sentence = match is_useless {
            true => format!("no event among {} lines of {}", thousands(read), self.files),
            false => format!(
                "{} of {} lines could not be used",
                thousands(letters),
                thousands(read)
            ),
        };
        Err(no_event(sentence, &self.rejected))
    }
}
