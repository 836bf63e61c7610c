//! Sends the lines of a file to a topic, as a producer of events would.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use serde::Deserialize;

use super::{
    clock::{self, Tick},
    sender::Sender,
    settings::KafkaSettings,
};

/// Lines between two looks at the clock and at delivery reports.
const LINES_A_TURN: u64 = 256;

/// What to send, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSettings {
    /// One event a line; `.gz` is unpacked.
    pub file: PathBuf,
    pub topic: String,
    pub key: LoadKey,
    /// Lines a second; `None`: as fast as it goes.
    pub rate: Option<u64>,
}

/// What decides a line's partition, by the hash that Java's producers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadKey {
    /// The contact's id: each contact's events stay in order, and on the task that owns it.
    #[default]
    Contact,
    /// None: any partition.
    Random,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub lines: u64,
    pub bytes: u64,
    pub took: Duration,
}

/// Sends the file, and waits until the broker has all of it. The bar moves with what is read.
///
/// # Errors
/// When the file can't be read, or the broker does not take a line.
pub fn load(
    kafka: &KafkaSettings,
    load: &LoadSettings,
    bar: &ProgressBar,
) -> anyhow::Result<Loaded> {
    let mut lines = open(&load.file, bar)?;
    let sender = Sender::new(kafka, &load.topic)?;
    let began_at = Tick::now();
    let mut loaded = Loaded {
        lines: 0,
        bytes: 0,
        took: Duration::ZERO,
    };
    let mut line = Vec::new();
    while read_line(&mut *lines, &mut line)
        .with_context(|| format!("read {}", load.file.display()))?
    {
        if line.is_empty() {
            continue;
        }
        send(&sender, load, &line)?;
        loaded.lines += 1;
        loaded.bytes += line.len() as u64;
        if loaded.lines.is_multiple_of(LINES_A_TURN) {
            sender.poll()?;
            keep_rate(load.rate, loaded.lines, began_at);
        }
    }
    sender.finish()?;
    loaded.took = Tick::now().since(began_at);
    Ok(loaded)
}

fn open(file: &Path, bar: &ProgressBar) -> anyhow::Result<Box<dyn BufRead>> {
    let reader = std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
    let reader = bar.wrap_read(reader);
    if file.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(std::io::BufReader::new(MultiGzDecoder::new(
            reader,
        ))));
    }
    Ok(Box::new(std::io::BufReader::with_capacity(1 << 20, reader)))
}

/// `false` behind the last line; leaves out the line's end.
fn read_line(lines: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = lines.read_until(b'\n', line)?;
    while line
        .last()
        .is_some_and(|byte| *byte == b'\n' || *byte == b'\r')
    {
        line.pop();
    }
    Ok(read > 0)
}

fn send(sender: &Sender, load: &LoadSettings, line: &[u8]) -> anyhow::Result<()> {
    let contact = match load.key {
        LoadKey::Contact => contact_id(line),
        LoadKey::Random => None,
    };
    sender.send(contact.as_deref().map(str::as_bytes), line)
}

/// A line without one is sent all the same: it becomes a dead letter where all can see it.
fn contact_id(line: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow)]
        contact_id: Option<std::borrow::Cow<'a, str>>,
    }
    serde_json::from_slice::<Keyed<'_>>(line).ok()?.contact_id
}

fn keep_rate(rate: Option<u64>, lines: u64, began_at: Tick) {
    let Some(rate) = rate else { return };
    let due = Duration::from_micros(lines.saturating_mul(1_000_000) / rate.max(1));
    clock::pause(due.saturating_sub(Tick::now().since(began_at)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_contact() {
        let found = contact_id(br#"{"event_id":"e","contact_id":"c\u00e9"}"#);
        assert_eq!(found.as_deref(), Some("c\u{e9}"));
        assert_eq!(contact_id(b"not json"), None);
    }
}
