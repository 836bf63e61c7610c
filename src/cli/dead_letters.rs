//! `dead-letters`: what could not be used, why, and once more.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
};

use clap::{Args, Subcommand};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::{
    config_file::ConfigFile,
    escape::escaped_line,
    print::{print_json, print_line},
    report::{counted, thousands},
};
use crate::kafka::dead_letters::{self, DeadLetters, Letter, LetterPlace, Retried, RetriedTo};
use floorwalker_core::event::Timestamp;

/// In a line of a table; the whole sentence is in `show`.
const SENTENCE_CHARS: usize = 90;

#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersAction {
    /// Shows reasons with their counts and their newest letters
    List(List),
    /// Shows one letter whole, and whether it was sent once more
    Show(Show),
    /// Sends letters back to where they came from: same bytes, key and headers
    Retry(Retry),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    file: ConfigFile,
    /// Only those put aside for this reason
    #[arg(long)]
    reason: Option<String>,
    /// Only those that came from this topic
    #[arg(long)]
    topic: Option<String>,
    /// Only those put aside at or after this time, as RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    since: Option<Timestamp>,
    /// One line for each letter
    #[arg(long)]
    each: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Where the letter lies, as `list` shows it: partition/offset
    #[arg(value_name = "PLACE")]
    place: LetterPlace,
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object
    #[arg(long, conflicts_with = "payload")]
    json: bool,
    /// The payload alone, byte for byte
    #[arg(long)]
    payload: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(super) struct Retry {
    /// These letters, whether they were sent before or not
    #[arg(value_name = "PLACE", group = "which")]
    places: Vec<LetterPlace>,
    #[command(flatten)]
    file: ConfigFile,
    /// All letters of this reason that were not sent yet
    #[arg(long, group = "which")]
    reason: Option<String>,
    /// All letters that were not sent yet
    #[arg(long, group = "which")]
    all: bool,
}

pub(super) fn dead_letters(action: DeadLettersAction) -> anyhow::Result<()> {
    match action {
        DeadLettersAction::List(arguments) => list(&arguments),
        DeadLettersAction::Show(arguments) => show(&arguments),
        DeadLettersAction::Retry(arguments) => retry(&arguments),
    }
}

fn open(file: &ConfigFile) -> anyhow::Result<DeadLetters> {
    DeadLetters::open(&file.load()?.kafka)
}

impl List {
    fn picks(&self, letter: &Letter) -> bool {
        let reason = self.reason.as_ref().is_none_or(|it| *it == letter.reason);
        let topic = self.topic.as_ref().is_none_or(|it| *it == letter.topic);
        reason && topic && self.since.is_none_or(|since| letter.written_at >= since)
    }
}

/// The letters of one reason.
struct Reason {
    letters: u64,
    retried: u64,
    retried_to: RetriedTo,
    newest: Letter,
}

fn list(arguments: &List) -> anyhow::Result<()> {
    let letters = open(&arguments.file)?;
    let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
    letters.each(|letter| {
        if !arguments.picks(&letter) {
            return Ok(());
        }
        let retried = count(&mut reasons, &letter, &letters)?;
        match arguments.each {
            true => say_letter(&letter, retried, arguments.json),
            false => Ok(()),
        }
    })?;
    match (arguments.each, arguments.json) {
        (true, _) => Ok(()),
        (false, true) => (reasons.iter()).try_for_each(|(name, it)| say_reason(name, it)),
        (false, false) if reasons.is_empty() => print_line(format_args!("no letters")),
        (false, false) => print_line(format_args!("{}", table(reasons))),
    }
}

/// Counts a letter. Returns whether it was sent once more.
fn count(
    reasons: &mut BTreeMap<String, Reason>,
    letter: &Letter,
    letters: &DeadLetters,
) -> anyhow::Result<bool> {
    let Some(reason) = reasons.get_mut(&letter.reason) else {
        let retried_to = letters.retried_to(&letter.reason)?;
        let retried = letter.is_retried(&retried_to);
        let reason = Reason {
            letters: 1,
            retried: retried.into(),
            retried_to,
            newest: letter.clone(),
        };
        reasons.insert(letter.reason.clone(), reason);
        return Ok(retried);
    };
    let retried = letter.is_retried(&reason.retried_to);
    reason.letters += 1;
    reason.retried += u64::from(retried);
    if (letter.written_at, letter.place) > (reason.newest.written_at, reason.newest.place) {
        reason.newest = letter.clone();
    }
    Ok(retried)
}

fn table(reasons: BTreeMap<String, Reason>) -> Table {
    let mut rows: Vec<(String, Reason)> = reasons.into_iter().collect();
    rows.sort_by_key(|(_, reason)| std::cmp::Reverse(reason.letters));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["reason", "letters", "retried", "newest", "at", "sentence"]);
    for (name, reason) in rows {
        table.add_row([
            name,
            thousands(reason.letters),
            thousands(reason.retried),
            reason.newest.written_at.to_string(),
            reason.newest.place.to_string(),
            reason
                .newest
                .sentence
                .chars()
                .take(SENTENCE_CHARS)
                .collect(),
        ]);
    }
    for number in [1, 2] {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn say_reason(name: &str, reason: &Reason) -> anyhow::Result<()> {
    let line = json!({
        "reason": name,
        "letters": reason.letters,
        "retried": reason.retried,
        "newest": as_json(&reason.newest, reason.newest.is_retried(&reason.retried_to)),
    });
    print_json(&line)
}

fn say_letter(letter: &Letter, retried: bool, as_lines_of_json: bool) -> anyhow::Result<()> {
    if as_lines_of_json {
        return print_json(&as_json(letter, retried));
    }
    let Letter {
        place,
        written_at,
        topic,
        partition,
        offset,
        reason,
        sentence,
        ..
    } = letter;
    let retried = if retried { " (retried)" } else { "" };
    print_line(format_args!(
        "{place} {written_at} {topic}/{partition}/{offset} {reason}{retried}: {}",
        escaped_line(sentence)
    ))
}

/// What is not text is hexadecimal, under a name of its own.
fn as_json(letter: &Letter, retried: bool) -> Value {
    let headers = letter.headers.iter();
    let headers = headers.map(|(name, value)| {
        bytes_as_json("value", value.as_deref(), |map| {
            map.insert("name".to_owned(), json!(name));
        })
    });
    let mut whole = json!({
        "place": letter.place.to_string(),
        "written_at": letter.written_at,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "sentence": letter.sentence,
        "retried": retried,
        "headers": headers.collect::<Vec<_>>(),
    });
    if let Value::Object(map) = &mut whole {
        if let Some(cut) = &letter.cut {
            let cut = json!({ "parts": cut.parts, "bytes": cut.bytes, "sha256": cut.sha256 });
            map.insert("cut".to_owned(), cut);
        }
        for (name, bytes) in [("key", &letter.key), ("payload", &letter.payload)] {
            put_bytes(map, name, bytes.as_deref());
        }
    }
    whole
}

fn bytes_as_json(
    name: &str,
    bytes: Option<&[u8]>,
    complete: impl FnOnce(&mut serde_json::Map<String, Value>),
) -> Value {
    let mut map = serde_json::Map::new();
    put_bytes(&mut map, name, bytes);
    complete(&mut map);
    Value::Object(map)
}

fn put_bytes(map: &mut serde_json::Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => drop(map.insert(name.to_owned(), Value::Null)),
        Some((_, Ok(text))) => drop(map.insert(name.to_owned(), json!(text))),
        Some((bytes, Err(_))) => drop(map.insert(format!("{name}_hex"), json!(hex(bytes)))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn show(arguments: &Show) -> anyhow::Result<()> {
    let letters = open(&arguments.file)?;
    let letter = letters.get(arguments.place)?;
    if arguments.payload {
        let payload = letters.whole(letter)?.payload.unwrap_or_default();
        return Ok(io::stdout().write_all(&payload)?);
    }
    let retried = letter.is_retried(&letters.retried_to(&letter.reason)?);
    if arguments.json {
        return print_json(&as_json(&letter, retried));
    }
    print_line(format_args!(
        "letter {}, put aside at {}\nfrom {}, partition {}, offset {}\n{}: {}\n",
        letter.place,
        letter.written_at,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.reason,
        letter.sentence
    ))?;
    let line = |bytes: Option<&[u8]>| escaped_line(&readable(bytes));
    print_line(format_args!("key      {}", line(letter.key.as_deref())))?;
    for (name, value) in &letter.headers {
        print_line(format_args!(
            "header   {} = {}",
            escaped_line(name),
            line(value.as_deref())
        ))?;
    }
    print_line(format_args!(
        "payload  {}",
        readable(letter.payload.as_deref())
    ))?;
    let retried = if retried { "yes" } else { "no" };
    print_line(format_args!("retried  {retried}"))?;
    match &letter.cut {
        Some(_) => say_cut(&letters, &letter),
        None => Ok(()),
    }
}

/// What the letter lacks, and where the rest is.
fn say_cut(letters: &DeadLetters, letter: &Letter) -> anyhow::Result<()> {
    let Some(cut) = &letter.cut else {
        return Ok(());
    };
    print_line(format_args!(
        "cut      {} not whole: the record was too large; its payload has {} bytes, SHA-256 {}",
        cut.parts,
        thousands(cut.bytes),
        cut.sha256
    ))?;
    match letters.whole(letter.clone()) {
        Ok(_) => print_line(format_args!(
            "whole    still in `{}`: `dead-letters show {} --payload` writes it, `retry` sends it",
            letter.topic, letter.place
        )),
        Err(why) => print_line(format_args!("whole    {why:#}")),
    }
}

fn readable(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "none".to_owned();
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => {
            text.to_owned()
        }
        Ok(_) | Err(_) => format!("{} bytes, hexadecimal: {}", bytes.len(), hex(bytes)),
    }
}

fn retry(arguments: &Retry) -> anyhow::Result<()> {
    let letters = open(&arguments.file)?;
    if !arguments.places.is_empty() {
        let sent = dead_letters::retry_each(&letters, &arguments.places)?;
        return print_line(format_args!("{}", sent_line(&sent)));
    }
    let by_reason = dead_letters::retry(&letters, arguments.reason.as_deref())?;
    if by_reason.is_empty() {
        return print_line(format_args!("no letters"));
    }
    for (reason, sent) in by_reason {
        print_line(format_args!(
            "{reason}: {}; {} sent before",
            sent_line(&sent),
            counted(sent.before, "was", "were")
        ))?;
        if sent.gone > 0 {
            print_line(format_args!(
                "{reason}: too large to be kept whole, with a record that is gone from the source: {}",
                counted(sent.gone, "letter", "letters")
            ))?;
        }
    }
    Ok(())
}

fn sent_line(sent: &Retried) -> String {
    let letters = counted(sent.letters, "letter", "letters");
    format!("sent {letters}, {}", counted(sent.bytes, "byte", "bytes"))
}
