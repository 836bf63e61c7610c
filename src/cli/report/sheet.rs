//! Records as CSV, for analysts.
//!
//! `kpis.csv` is tidy: one row per entity, window and KPI. Numbers stand as they do in the records; what is absent is empty.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    desk::{self, Desk},
    history::{Course, History},
};
use floorwalker_core::{contact::ContactRecord, event::Timestamp};

/// One number of one entity in one window.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    entity: &'a str,
    window: &'a str,
    clock: &'a str,
    kpi: String,
    value: Option<String>,
    num: Option<String>,
    /// Of a mean, how many it is of.
    den: Option<String>,
    low: Option<String>,
    high: Option<String>,
}

#[derive(Debug, Serialize)]
struct ContactRow<'a> {
    contact_id: &'a str,
    channel: Option<&'a str>,
    direction: &'a str,
    customer: Option<&'a str>,
    reason: Option<&'a str>,
    began_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    resolution: Option<&'a str>,
    resolution_settled: Option<bool>,
    csat: Option<f64>,
    predicted_low: Option<f64>,
}

/// The fields of a contact's parts as columns, in the order in which they are written.
const WAITS: [&str; 8] = [
    "queue",
    "queued_at",
    "ended_at",
    "outcome",
    "wait",
    "agent",
    "callback",
    "reached_at",
];
const ATTEMPTS: [&str; 6] = ["queue", "leg", "queued_at", "ended_at", "outcome", "agent"];
const ENGAGEMENTS: [&str; 14] = [
    "agent",
    "queue",
    "leg",
    "direction",
    "callback",
    "answered_at",
    "ended_at",
    "talk",
    "hold",
    "wrap",
    "handle",
    "transferred",
    "complete",
    "reported",
];
const OBLIGATIONS: [&str; 7] = [
    "policy",
    "queue",
    "opened_at",
    "due_at",
    "outcome",
    "decided_at",
    "agent",
];

/// Where CSV goes: KPI records alone to a file, all there is to a folder.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Sheets {
    File(PathBuf),
    Folder(PathBuf),
}

/// What is written, each record as JSON.
#[derive(Debug)]
pub(in crate::cli) struct Sources<'a> {
    pub(in crate::cli) kpis: Vec<&'a [u8]>,
    pub(in crate::cli) contacts: Vec<&'a [u8]>,
    pub(in crate::cli) history: &'a History,
    pub(in crate::cli) scorecards: &'a [Desk],
}

impl From<PathBuf> for Sheets {
    /// A folder is what is one, or ends in a slash.
    fn from(path: PathBuf) -> Self {
        let ends_as_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        match ends_as_folder || path.is_dir() {
            true => Self::Folder(path),
            false => Self::File(path),
        }
    }
}

impl Sheets {
    /// The one file, if it is not a folder.
    pub(in crate::cli) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Folder(_) => None,
        }
    }

    pub(in crate::cli) fn write(&self, of: &Sources<'_>) -> anyhow::Result<()> {
        let folder = match self {
            Self::File(path) => return write(path, |sheet| kpis(sheet, &of.kpis)),
            Self::Folder(path) => path,
        };
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let file = |name: &str| folder.join(name);
        write(&file("kpis.csv"), |sheet| kpis(sheet, &of.kpis))?;
        write(&file("scorecards.csv"), |sheet| {
            scorecards(sheet, of.scorecards)
        })?;
        write(&file("over-time.csv"), |sheet| over_time(sheet, of.history))?;
        write(&file("contacts.csv"), |sheet| contacts(sheet, &of.contacts))?;
        write(&file("waits.csv"), |sheet| {
            parts(sheet, &WAITS, &of.contacts, |contact| &contact.episodes)
        })?;
        write(&file("attempts.csv"), |sheet| {
            parts(sheet, &ATTEMPTS, &of.contacts, |contact| &contact.attempts)
        })?;
        write(&file("engagements.csv"), |sheet| {
            parts(sheet, &ENGAGEMENTS, &of.contacts, |contact| {
                &contact.engagements
            })
        })?;
        write(&file("obligations.csv"), |sheet| {
            parts(sheet, &OBLIGATIONS, &of.contacts, |contact| {
                &contact.obligations
            })
        })
    }
}

/// A writer of rows whose cells no spreadsheet takes for formulas.
struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    fn new(out: W) -> Self {
        let rows = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        Self(rows)
    }

    fn write_record<C: AsRef<str>>(
        &mut self,
        cells: impl IntoIterator<Item = C>,
    ) -> csv::Result<()> {
        let cells = cells.into_iter();
        let cells: Vec<String> = cells.map(|cell| harmless(cell.as_ref())).collect();
        self.0.write_record(cells)
    }

    fn serialize(&mut self, row: impl Serialize) -> anyhow::Result<()> {
        let mut alone = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(Vec::new());
        alone.serialize(row)?;
        let bytes = alone
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        let mut cells = csv::ReaderBuilder::new()
            .has_headers(false)
            .buffer_capacity(bytes.len())
            .from_reader(bytes.as_slice());
        for record in cells.records() {
            self.write_record(&record?)?;
        }
        Ok(())
    }
}

/// A spreadsheet computes what begins like a formula, and some run programs: an apostrophe makes it text, as OWASP has it. Numbers
/// stay numbers.
fn harmless(cell: &str) -> String {
    let is_number = || {
        let of_digits = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        cell.bytes().all(of_digits) && cell.parse::<f64>().is_ok()
    };
    let formula = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match cell.starts_with(formula) && !is_number() {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

fn write(
    path: &Path,
    fill: impl FnOnce(&mut Sheet<fs::File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let written = || {
        let mut sheet = Sheet::new(fs::File::create(path)?);
        fill(&mut sheet)?;
        Ok(sheet.0.flush()?)
    };
    let written: anyhow::Result<()> = written();
    written.with_context(|| path.display().to_string())
}

const KPI_COLUMNS: [&str; 9] = [
    "entity", "window", "clock", "kpi", "value", "num", "den", "low", "high",
];

fn kpis<W: Write>(sheet: &mut Sheet<W>, records: &[&[u8]]) -> anyhow::Result<()> {
    sheet.write_record(KPI_COLUMNS)?;
    for record in records {
        let record: Value = read(record)?;
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let rows = Rows {
            entity: text("entity"),
            window: text("window"),
            clock: text("clock"),
        };
        if let Some(numbers) = record["kpis"].as_object() {
            for row in rows.of_object("", numbers) {
                sheet.serialize(row)?;
            }
        }
    }
    Ok(())
}

/// Makes rows of what one record holds.
#[derive(Debug, Clone, Copy)]
struct Rows<'a> {
    entity: &'a str,
    window: &'a str,
    clock: &'a str,
}

impl<'a> Rows<'a> {
    fn row(self, kpi: String, value: &Value) -> Row<'a> {
        Row {
            entity: self.entity,
            window: self.window,
            clock: self.clock,
            kpi,
            value: number(value),
            ..Row::default()
        }
    }

    /// A share is a row with all its columns; what stands beside it has a row of its own.
    fn of_object(self, name: &str, object: &Map<String, Value>) -> Vec<Row<'a>> {
        let share = object.get("interval").map(|interval| Row {
            num: number(&object["num"]),
            den: number(&object["den"]),
            low: number(&interval[0]),
            high: number(&interval[1]),
            ..self.row(name.to_owned(), &object["value"])
        });
        let in_share = |part: &str| ["value", "num", "den", "interval"].contains(&part);
        let beside = object
            .iter()
            .filter(|(part, _)| share.is_none() || !in_share(part));
        let beside = beside.flat_map(|(part, value)| {
            let kpi = match name {
                "" => part.clone(),
                name => format!("{name}.{part}"),
            };
            self.of_value(kpi, value, (part == "mean").then(|| &object["n"]))
        });
        let beside: Vec<_> = beside.collect();
        share.into_iter().chain(beside).collect()
    }

    fn of_value(self, kpi: String, value: &Value, of: Option<&Value>) -> Vec<Row<'a>> {
        match value {
            Value::Object(object) => self.of_object(&kpi, object),
            Value::Number(_) => vec![Row {
                den: of.and_then(number),
                ..self.row(kpi, value)
            }],
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => Vec::new(),
        }
    }
}

fn number(value: &Value) -> Option<String> {
    value.as_number().map(ToString::to_string)
}

/// A row for each measure of each agent in each queue and channel.
fn scorecards<W: Write>(sheet: &mut Sheet<W>, desks: &[Desk]) -> anyhow::Result<()> {
    sheet.write_record(desk::SHEET)?;
    for row in desks.iter().flat_map(desk::sheet_rows) {
        sheet.write_record(row)?;
    }
    Ok(())
}

/// Service level and resolution by steps of time, in the columns of KPIs; the clock is the end of a step, or of what is known of it.
fn over_time<W: Write>(sheet: &mut Sheet<W>, history: &History) -> anyhow::Result<()> {
    sheet.write_record(KPI_COLUMNS)?;
    let level = |policy: &str| format!("sla.{policy}");
    if let Some(levels) = history.levels() {
        course(sheet, &levels, level)?;
    }
    if let Some(resolution) = history.resolution() {
        course(sheet, &resolution, |_| "fcr".to_owned())?;
    }
    Ok(())
}

fn course<W: Write>(
    sheet: &mut Sheet<W>,
    course: &Course,
    kpi: impl Fn(&str) -> String,
) -> anyhow::Result<()> {
    for (name, shares) in &course.shares_by_name {
        for (index, share) in shares.iter().enumerate() {
            let clock = course.end(index).to_string();
            let share = serde_json::to_value(share)?;
            let rows = Rows {
                entity: "all",
                window: course.step_name,
                clock: &clock,
            };
            for row in rows.of_value(kpi(name), &share, None) {
                sheet.serialize(row)?;
            }
        }
    }
    Ok(())
}

fn contacts<W: Write>(sheet: &mut Sheet<W>, records: &[&[u8]]) -> anyhow::Result<()> {
    sheet.write_record([
        "contact_id",
        "channel",
        "direction",
        "customer",
        "reason",
        "began_at",
        "ended_at",
        "resolution",
        "resolution_settled",
        "csat",
        "predicted_low",
    ])?;
    for record in records {
        let contact: ContactRecord<'static> = read(record)?;
        sheet.serialize(ContactRow {
            contact_id: &contact.contact_id,
            channel: contact.channel.as_deref(),
            direction: &contact.direction,
            customer: contact.customer.as_deref(),
            reason: contact.reason.as_deref(),
            began_at: contact.began_at,
            ended_at: contact.ended_at,
            resolution: contact.resolution.as_deref(),
            resolution_settled: contact.resolution_settled,
            csat: contact.csat.score,
            predicted_low: contact.csat.predicted_low,
        })?;
    }
    Ok(())
}

/// A row for each part of each contact, behind the contact's id.
fn parts<W: Write, P: Serialize>(
    sheet: &mut Sheet<W>,
    columns: &[&str],
    records: &[&[u8]],
    of: impl for<'c> Fn(&'c ContactRecord<'static>) -> &'c [P],
) -> anyhow::Result<()> {
    sheet.write_record(["contact_id"].iter().chain(columns))?;
    for record in records {
        let contact: ContactRecord<'static> = read(record)?;
        for part in of(&contact) {
            sheet.serialize((&contact.contact_id, part))?;
        }
    }
    Ok(())
}

fn read<R: DeserializeOwned>(record: &[u8]) -> anyhow::Result<R> {
    serde_json::from_slice(record).context("a record that was just written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fill: impl FnOnce(&mut Sheet<Vec<u8>>) -> anyhow::Result<()>) -> String {
        let mut sheet = Sheet::new(Vec::new());
        fill(&mut sheet).unwrap();
        String::from_utf8(sheet.0.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn no_cell_is_a_formula() {
        let table = [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1+1", "'+1+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("-", "'-"),
            ("-5", "-5"),
            ("+4712345", "+4712345"),
            ("-0.25e-3", "-0.25e-3"),
            ("billing", "billing"),
            ("", ""),
        ];
        for (cell, expected) in table {
            assert_eq!(harmless(cell), expected);
            let row = text(|sheet| sheet.serialize((1, cell)));
            let mut read = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(row.as_bytes());
            let found = read.records().next().unwrap().unwrap();
            assert_eq!(found.get(1), Some(expected));
        }
    }

    #[test]
    fn each_number_of_a_record_is_a_row() {
        let record = br#"{"entity":"queue:a, \"b\"","window":"1h","clock":"2026-11-22T10:30:00Z","kpis":{
            "offered":4,"occupancy":null,
            "sla":{"voice answer":{"met":1,"missed":2,"excluded":0,"value":0.333333,"num":1,"den":3,"interval":[0.061,0.792]}},
            "asa":{"n":2,"mean":20.0,"p50":10.0},
            "fcr":{"resolved":0,"value":null,"num":0,"den":0,"interval":null}}}"#;
        let rows = text(|sheet| kpis(sheet, &[record]));
        let short = rows.replace("\"queue:a, \"\"b\"\"\",1h,2026-11-22T10:30:00Z,", "");
        insta::assert_snapshot!(short, @r"
        entity,window,clock,kpi,value,num,den,low,high
        asa.mean,20.0,,2,,
        asa.n,2,,,,
        asa.p50,10.0,,,,
        fcr,,0,0,,
        fcr.resolved,0,,,,
        offered,4,,,,
        sla.voice answer,0.333333,1,3,0.061,0.792
        sla.voice answer.excluded,0,,,,
        sla.voice answer.met,1,,,,
        sla.voice answer.missed,2,,,,
        ");
    }

    #[test]
    fn parts_stand_behind_their_contact() {
        let record = include_bytes!("../../../tests/data/contact-record.json");
        let waits = text(|sheet| parts(sheet, &WAITS, &[record], |contact| &contact.episodes));
        insta::assert_snapshot!(waits, @r"
        contact_id,queue,queued_at,ended_at,outcome,wait,agent,callback,reached_at
        c1,billing,2026-11-22T10:00:00Z,2026-11-22T10:00:10Z,answered,10.0,ana,false,
        c1,tech,2026-11-22T10:02:00Z,2026-11-22T10:02:30Z,answered,30.0,bo,false,
        ");
        let engagements = text(|sheet| {
            parts(sheet, &ENGAGEMENTS, &[record], |contact| {
                &contact.engagements
            })
        });
        insta::assert_snapshot!(engagements, @r"
        contact_id,agent,queue,leg,direction,callback,answered_at,ended_at,talk,hold,wrap,handle,transferred,complete,reported
        c1,ana,billing,,inbound,false,2026-11-22T10:00:10Z,2026-11-22T10:02:15Z,80.0,30.0,15.0,125.0,true,true,false
        c1,bo,tech,,inbound,false,2026-11-22T10:02:30Z,2026-11-22T10:06:00Z,180.0,0.0,30.0,210.0,false,true,false
        ");
        let obligations = text(|sheet| {
            parts(sheet, &OBLIGATIONS, &[record], |contact| {
                &contact.obligations
            })
        });
        insta::assert_snapshot!(obligations, @r"
        contact_id,policy,queue,opened_at,due_at,outcome,decided_at,agent
        c1,voice answer,billing,2026-11-22T10:00:00Z,2026-11-22T10:00:20Z,met,2026-11-22T10:00:10Z,ana
        c1,voice answer,tech,2026-11-22T10:02:00Z,2026-11-22T10:02:20Z,missed,2026-11-22T10:02:20Z,
        ");
        let over = text(|sheet| contacts(sheet, &[record]));
        insta::assert_snapshot!(over, @r"
        contact_id,channel,direction,customer,reason,began_at,ended_at,resolution,resolution_settled,csat,predicted_low
        c1,voice,inbound,h:5b0e,billing,2026-11-22T10:00:00Z,2026-11-22T10:05:30Z,repeated,false,0.75,0.31
        ");
    }
}
