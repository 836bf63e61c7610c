//! What `replay` prints: plain text for a terminal, from KPI records of the window `all`, and from contact records where
//! it is about the course of time.

mod desk;
mod history;
mod hours;
mod number;
mod page;
mod plot;
mod scale;
mod sheet;

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use self::{
    history::Bins,
    number::{percent, score, seconds, share},
    scale::Scale,
};
use floorwalker_core::{
    contact::Policy,
    engine::Counters,
    kpi::{Callbacks, KpiRecord, Outbound, Scorecard},
};

pub(super) use self::{
    desk::Desk,
    history::History,
    number::{counted, thousands},
    page::page,
    scale::Scales,
    sheet::{Sheets, Sources},
};

/// A KPI record that was read back.
pub(super) type Record = KpiRecord<'static>;
type Kpis = Scorecard<'static>;

/// All that was found out.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) title: String,
    pub(super) counters: Counters,
    pub(super) contacts: u64,
    pub(super) records: &'a [Record],
    pub(super) history: &'a History,
    pub(super) scorecards: &'a [Desk],
    /// Where the targets stand.
    pub(super) policies: &'a [Policy],
    pub(super) scales: Scales,
    pub(super) fired: &'a [Fired],
    pub(super) rejected: &'a [Rejected],
}

/// Payloads that broke one rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Rejected {
    pub(super) reason: String,
    pub(super) count: u64,
    /// `file:line` of the first.
    pub(super) first: String,
    pub(super) sentence: String,
    /// What to do, if the first looks like something that is known.
    pub(super) hint: Option<&'static str>,
}

/// Alerts of one rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Fired {
    pub(super) rule: String,
    pub(super) fired: u64,
    /// At the clock.
    pub(super) still_firing: u64,
}

impl fmt::Display for Fired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.rule, thousands(self.fired))?;
        match self.still_firing {
            0 => Ok(()),
            open => write!(formatter, " ({} still)", thousands(open)),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\n\n{}", self.title, self.summary().trim_fmt())?;
        for of in [Kind::Queue, Kind::Agent] {
            let rows = self.rows(of);
            if !rows.is_empty() {
                writeln!(formatter, "\n{}", self.table(of, &rows))?;
            }
        }
        desk::write(self.scorecards, formatter)?;
        self.plots(formatter)?;
        rejections(self.rejected, formatter)
    }
}

/// Whose numbers a table shows. Waits are the queue's: an agent has only those it ended.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Queue,
    Agent,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Queue => "queue:",
            Self::Agent => "agent:",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Queue => "Queues",
            Self::Agent => "Agents",
        }
    }

    fn header(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Queue => &["Queue", "Offered", "Answered", "Abandoned"],
            Self::Agent => &["Agent", "Answered", "Handled"],
        };
        names.iter().map(ToString::to_string).collect()
    }

    fn counts(self, kpis: &Kpis) -> Vec<i64> {
        match self {
            Self::Queue => vec![kpis.offered, kpis.answered, kpis.abandoned],
            Self::Agent => vec![kpis.answered, kpis.handled],
        }
    }
}

impl Report<'_> {
    fn rows(&self, of: Kind) -> Vec<(&str, &Kpis)> {
        let records = self.records.iter();
        let mut rows: Vec<_> = records
            .filter_map(|record| Some((record.entity.strip_prefix(of.prefix())?, &record.kpis)))
            .collect();
        rows.sort_by_key(|(name, _)| *name);
        rows
    }

    fn summary(&self) -> Table {
        let mut table = plain_table();
        table.add_row(["Events", &events(&self.counters)]);
        table.add_row(["Contacts", &thousands(self.contacts)]);
        table.add_row(["Alerts", &self.alerts()]);
        let all = self.records.iter().find(|record| record.entity == "all");
        let Some(Record { kpis, .. }) = all else {
            return table;
        };
        table.add_row(["Waits", &waits(kpis)]);
        if kpis.callbacks.asked > 0 {
            table.add_row(["Callbacks", &callbacks_text(&kpis.callbacks)]);
        }
        if kpis.outbound.attempts > 0 {
            table.add_row(["Outbound attempts", &outbound_text(&kpis.outbound)]);
        }
        for (policy, compliance) in kpis.sla.iter() {
            let excluded = thousands(compliance.excluded);
            let text = format!("{}; {excluded} excluded", share(&compliance.ratio));
            table.add_row([&format!("SLA {policy}"), &text]);
        }
        table.add_row([
            "Speed of answer",
            &number::mean(kpis.asa.n, kpis.asa.mean, &kpis.asa.percentiles),
        ]);
        table.add_row(["Handle time", &handle_time(kpis)]);
        table.add_row(["First contact", &first_contact(kpis)]);
        table.add_row(["Said resolved", &share(&kpis.resolved_said)]);
        table.add_row(["Satisfaction", &satisfaction(kpis, self.scales.only())]);
        table
    }

    /// `sla.missed 12 (3 still), sla.at_risk 20`.
    fn alerts(&self) -> String {
        let rules: Vec<String> = self.fired.iter().map(ToString::to_string).collect();
        match rules.is_empty() {
            true => "none fired".to_owned(),
            false => rules.join(", "),
        }
    }

    fn table(&self, of: Kind, rows: &[(&str, &Kpis)]) -> Table {
        let policies = policies_of(rows);
        let bins = self.history.bins();
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        let mut header = of.header();
        header.extend(policies.iter().map(|policy| (*policy).to_owned()));
        header.extend(["ASA s", "AHT s", "FCR", "Resolved", "CSAT"].map(str::to_owned));
        let numbers = header.len();
        header.extend(bins.map(distribution_header));
        table.set_header(header);
        for (name, kpis) in rows {
            let mut row = self.row(of, name, kpis, &policies);
            let entity = format!("{}{name}", of.prefix());
            row.extend(bins.map(|bins| self.distribution(&entity, bins)));
            table.add_row(row);
        }
        for column in table.column_iter_mut().take(numbers).skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn distribution(&self, entity: &str, bins: Bins) -> String {
        plot::distribution(&self.history.distribution(entity, bins))
    }

    fn row(&self, of: Kind, name: &str, kpis: &Kpis, policies: &[&str]) -> Vec<String> {
        let mut row = vec![name.to_owned()];
        row.extend(of.counts(kpis).into_iter().map(thousands));
        row.extend(policies.iter().map(|policy| {
            kpis.sla
                .get(policy)
                .map_or_else(String::new, |compliance| percent(compliance.ratio.value))
        }));
        row.push(seconds(kpis.asa.mean));
        row.push(seconds(kpis.aht.mean));
        row.push(percent(kpis.fcr.ratio.value));
        row.push(percent(kpis.resolved_said.value));
        row.push(score(kpis.csat.mean, self.scales.only()));
        row
    }

    fn plots(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let courses = [
            ("Service level", self.history.levels()),
            ("Resolution", self.history.resolution()),
        ];
        for (what, course) in courses {
            let Some(course) = course else { continue };
            let (step, from) = (course.step_name, course.from);
            let partly = course.partial().map_or_else(String::new, |until| {
                format!("; the last is not whole: it ends at {until}")
            });
            writeln!(
                formatter,
                "\n{what} from {from} on, each column {step}{partly}"
            )?;
            let name = |name: &str| match self.target(name) {
                Some(target) => format!("{name}, target {:.0} %", target * 100.0),
                None => name.to_owned(),
            };
            write!(formatter, "{}", plot::course(&course, name))?;
        }
        if let Some(waits) = self.history.waits_by_hour() {
            let most = thousands(waits.values().max().copied().unwrap_or_default());
            let key = format!("░ ▒ ▓ █ are quarters of {most}, · is nobody");
            let zone = self.history.zone_name();
            writeln!(formatter, "\nWaits by hour of the week, {zone}; {key}")?;
            write!(formatter, "{}", plot::hours(&waits))?;
        }
        for sentence in self.differences() {
            writeln!(formatter, "\n{sentence}")?;
        }
        Ok(())
    }

    fn target(&self, policy: &str) -> Option<f64> {
        let mut policies = self.policies.iter();
        policies
            .find(|it| it.name == policy)
            .map(|found| found.target)
    }

    /// Where contact records and KPI records count differently, and why.
    fn differences(&self) -> Vec<String> {
        let all = self.records.iter().find(|record| record.entity == "all");
        let Some(Record { kpis, .. }) = all else {
            return Vec::new();
        };
        let mut sentences = Vec::new();
        let (handles, means_of) = (self.history.handles("all"), kpis.aht.n);
        if i64::try_from(handles) != Ok(means_of) {
            sentences.push(format!(
                "Distributions are of the {} complete inbound engagements of contact records; means and percentiles are of {}.",
                thousands(handles),
                thousands(means_of)
            ));
        }
        for (policy, compliance) in kpis.sla.iter() {
            let (drawn, counted) = (self.history.decisions(policy), compliance.ratio.den);
            if i64::try_from(drawn) != Ok(counted) {
                sentences.push(format!(
                    "Over time, {policy} has the {} decisions of contact records; its figures have {}.",
                    thousands(drawn),
                    thousands(counted)
                ));
            }
        }
        let (drawn, counted) = (self.history.resolutions(), kpis.fcr.ratio.den);
        if i64::try_from(drawn) != Ok(counted) {
            sentences.push(format!(
                "Over time, first-contact resolution has the {} ended contacts of contact records; its figure has {}.",
                thousands(drawn),
                thousands(counted)
            ));
        }
        sentences
    }
}

/// Writes a table of what was left out, if anything was.
pub(super) fn rejections(rejected: &[Rejected], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rejected.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["Left out", "Count", "First", "Because"]);
    for it in rejected {
        table.add_row([&it.reason, &thousands(it.count), &it.first, &it.sentence]);
    }
    writeln!(formatter, "\n{table}")?;
    for it in rejected {
        if let Some(hint) = it.hint {
            writeln!(formatter, "{}: {hint}", it.first)?;
        }
    }
    Ok(())
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn policies_of<'r>(rows: &[(&str, &'r Kpis)]) -> Vec<&'r str> {
    let mut policies: Vec<&str> = Vec::new();
    for (policy, _) in rows.iter().flat_map(|(_, kpis)| kpis.sla.iter()) {
        if !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    policies
}

/// `Handle time, 0 to 400 s and more`.
fn distribution_header(bins: Bins) -> String {
    let (longest, _) = bins.range(bins.count - 1);
    format!("Handle time, 0 to {longest:.0} s and more")
}

fn events(counters: &Counters) -> String {
    format!(
        "{} read = {} applied + {} repeated + {} skipped + {} dead-lettered",
        thousands(counters.read),
        thousands(counters.applied),
        thousands(counters.repeated),
        thousands(counters.skipped),
        thousands(counters.dead_lettered),
    )
}

fn waits(kpis: &Kpis) -> String {
    let mut text = format!(
        "{} offered, {} answered, {} abandoned ({} short), {} left",
        thousands(kpis.offered),
        thousands(kpis.answered),
        thousands(kpis.abandoned),
        thousands(kpis.short_abandoned),
        thousands(kpis.left),
    );
    if let Some(abandonment) = &kpis.abandonment {
        text += &format!("; abandonment {}", share(abandonment));
    }
    text
}

fn callbacks_text(callbacks: &Callbacks) -> String {
    format!(
        "{} asked for, {} reached; {}",
        thousands(callbacks.asked),
        thousands(callbacks.reached),
        number::mean(
            callbacks.time.n,
            callbacks.time.mean,
            &callbacks.time.percentiles
        ),
    )
}

fn outbound_text(outbound: &Outbound) -> String {
    format!(
        "{}: {} answered, {} silent, {} unreached",
        thousands(outbound.attempts),
        thousands(outbound.answered),
        thousands(outbound.silent),
        thousands(outbound.unreached),
    )
}

fn handle_time(kpis: &Kpis) -> String {
    let aht = &kpis.aht;
    let mean = number::mean(aht.n, aht.mean, &aht.percentiles);
    if aht.mean.is_none() {
        return mean;
    }
    format!(
        "{mean}; talk {} + hold {} + wrap {}",
        seconds(aht.talk),
        seconds(aht.hold),
        seconds(aht.wrap),
    )
}

fn first_contact(kpis: &Kpis) -> String {
    let unknown = thousands(kpis.fcr_no_customer);
    format!("{}; {unknown} without a customer", share(&kpis.fcr.ratio))
}

fn satisfaction(kpis: &Kpis, scale: Option<Scale>) -> String {
    let csat = &kpis.csat;
    let Some(mean) = csat.mean else {
        return "no surveys".to_owned();
    };
    let surveys = thousands(csat.n);
    let low = share(&csat.low);
    match scale {
        Some(scale) => format!(
            "{:.2} of {} ({mean:.4} normalised) in {surveys} surveys; low {low}",
            scale.score(mean),
            scale.max,
        ),
        None => format!("{mean:.4} normalised in {surveys} surveys; low {low}"),
    }
}

#[cfg(test)]
mod tests;
