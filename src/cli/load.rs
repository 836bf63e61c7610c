//! `load`: a file's events into a topic.

use std::{borrow::Cow, path::PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    config_file::ConfigFile,
    input::{Files, Place, Sorter},
    late::{Reader, Times},
    print::print_line,
    progress,
    report::thousands,
};
use crate::kafka::{KafkaSettings, LoadKey, LoadSettings, Loader, clock};
use floorwalker_core::{
    decode::{Decoded, decode},
    event::{Span, Timestamp},
};

#[derive(Debug, Args)]
pub(super) struct Load {
    /// A file of events: JSON lines or an array, plain, gzip or zstd; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The topic to write to
    #[arg(long)]
    topic: String,
    #[command(flatten)]
    config: ConfigFile,
    /// Where Kafka is, such as localhost:9092
    #[arg(long, conflicts_with = "config")]
    brokers: Option<String>,
    /// What decides a line's partition
    #[arg(long, value_enum, default_value_t)]
    key: Key,
    /// Lines a second; as fast as it goes if left out
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Moves all times by one span, so that the newest is `now` or this instant; events are written in order
    #[arg(long, value_name = "now|TIME", value_parser = as_of)]
    as_of: Option<AsOf>,
    /// Writes the events in order of their times
    #[arg(long)]
    sort: bool,
    /// Writes also what the source will not take
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Key {
    /// The contact: its events stay in order
    #[default]
    Contact,
    /// Any partition
    Random,
}

#[derive(Debug, Clone, Copy)]
enum AsOf {
    Now,
    Time(Timestamp),
}

fn as_of(text: &str) -> Result<AsOf, String> {
    if text == "now" {
        return Ok(AsOf::Now);
    }
    let time = Timestamp::parse(text);
    time.map(AsOf::Time).map_err(|error| error.to_string())
}

const CURE: &str = "for a load of the past set `clock = \"events\"` for the source in the configuration; \
                    --as-of now makes the newest event one of now";

pub(super) fn load(arguments: &Load) -> anyhow::Result<()> {
    let (kafka, reader) = arguments.target()?;
    let files = Files::new(vec![arguments.file.clone()]);
    let settings = LoadSettings {
        topic: arguments.topic.clone(),
        key: match arguments.key {
            Key::Contact => LoadKey::Contact,
            Key::Random => LoadKey::Random,
        },
        rate: arguments.rate,
    };
    let bar = progress::of_files(files.paths());
    let loaded = if arguments.sort || arguments.as_of.is_some() {
        let sorted = Sorted::read(&files, &bar, arguments.as_of, &reader)?;
        reader.expect(&sorted.times, CURE, arguments.force)?;
        let mut loader = Loader::new(&kafka, &settings)?;
        sorted.write(&mut loader)?;
        loader.finish()?
    } else {
        if files.can_be_read_again() {
            let times = survey(&files, &reader)?;
            reader.expect(&times, CURE, arguments.force)?;
        }
        let mut loader = Loader::new(&kafka, &settings)?;
        files.each_line(&bar, |_, line| loader.send(line))?;
        loader.finish()?
    };
    bar.finish_and_clear();
    print_line(format_args!(
        "{} lines, {} bytes in {:.1} s to {}",
        thousands(loaded.lines),
        thousands(loaded.bytes),
        loaded.took.as_secs_f64(),
        settings.topic,
    ))
}

impl Load {
    fn target(&self) -> anyhow::Result<(KafkaSettings, Reader)> {
        let loaded = self.config.load_if_given()?;
        let reader = Reader::of(loaded.as_ref(), &self.topic);
        let mut kafka = loaded.map_or_else(KafkaSettings::default, |(_, it)| it.kafka);
        if let Some(brokers) = &self.brokers {
            kafka.brokers.clone_from(brokers);
        }
        Ok((kafka, reader))
    }
}

fn time_of(line: &[u8]) -> Option<Timestamp> {
    match decode(line) {
        Ok(Decoded::Event(event)) => Some(event.occurred_at),
        Ok(Decoded::Unknown(_)) | Err(_) => None,
    }
}

fn survey(files: &Files, reader: &Reader) -> anyhow::Result<Times> {
    let mut times = reader.times(clock::wall());
    files.each_line(&ProgressBar::hidden(), |_, line| {
        if let Some(at) = time_of(line) {
            times.add(at);
        }
        Ok(())
    })?;
    Ok(times)
}

/// A file by time, with what is no event in front.
struct Sorted {
    lines: Sorter,
    times: Times,
    /// By which all times are moved.
    shift: Span,
}

impl Sorted {
    fn read(
        files: &Files,
        bar: &ProgressBar,
        as_of: Option<AsOf>,
        reader: &Reader,
    ) -> anyhow::Result<Self> {
        let mut lines = Sorter::default();
        // Of each event in order, for what the source makes of them once they are moved.
        let mut at = Vec::new();
        files.each_line(bar, |place: Place, line| {
            let time = time_of(line);
            at.extend(time);
            lines.push(time.unwrap_or(Timestamp::MIN), place, (0, line))
        })?;
        let now = clock::wall();
        let newest = at.iter().max().copied();
        let wanted = as_of.map(|it| match it {
            AsOf::Now => now,
            AsOf::Time(time) => time,
        });
        let ends = wanted.zip(newest);
        let shift = ends.map_or(Span::ZERO, |(to, from)| to - from);
        at.sort_unstable();
        let mut times = reader.times(now);
        at.into_iter().for_each(|at| times.add(at + shift));
        Ok(Self {
            lines,
            times,
            shift,
        })
    }

    fn write(self, loader: &mut Loader) -> anyhow::Result<()> {
        let shift = self.shift;
        self.lines
            .each(|_, _, line| loader.send(&moved(line, shift)))
    }
}

/// An event with its time moved, all else byte for byte as it was.
fn moved(line: &[u8], by: Span) -> Cow<'_, [u8]> {
    match by {
        Span::ZERO => Cow::Borrowed(line),
        by => moved_time(line, by).map_or(Cow::Borrowed(line), Cow::Owned),
    }
}

fn moved_time(line: &[u8], by: Span) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Timed<'a> {
        #[serde(borrow)]
        occurred_at: &'a RawValue,
    }
    let at = time_of(line)? + by;
    let Timed { occurred_at } = serde_json::from_slice(line).ok()?;
    let text = occurred_at.get();
    let begins = text.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let new = match text.starts_with('"') {
        true => format!("\"{at}\""),
        false => at.0.div_euclid(1_000).to_string(),
    };
    let before = line.get(..begins)?;
    let behind = line.get(begins + text.len()..)?;
    Some([before, new.as_bytes(), behind].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_event_differs_in_its_time_only() {
        let event = |at: &str| {
            format!(
                r#"{{ "event_id":"e1", "occurred_at": {at} ,"source":"s","type":"contact_ended","contact_id":"c","by":"customer"}}"#
            )
        };
        let table = [
            ("\"2021-01-01T09:00:00+01:00\"", "\"2021-01-02T08:00:00Z\""),
            ("1609488000000", "1609574400000"),
        ];
        for (before, after) in table {
            let line = event(before);
            let found = moved(line.as_bytes(), Span::from_secs(86_400));
            assert_eq!(str::from_utf8(&found).unwrap(), event(after));
        }
        let strange = b"{\"occurred_at\":\"noon\"}";
        assert_eq!(&*moved(strange, Span::from_secs(1)), strange);
    }
}
