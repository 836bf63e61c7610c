//! What became of each source's records in this process, and the word when too much of one is put aside.

use std::{collections::BTreeMap, time::Duration};

use super::clock::Tick;
use floorwalker_core::engine::{OutTopic, Output};

/// How long records are counted before their share is judged.
const WINDOW: Duration = Duration::from_secs(5);
/// A source is logged once in this time.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Dead letters in a window, and their share of its records, that call for somebody.
const LETTERS_MIN: u64 = 10;
const SHARE_MAX: f64 = 0.1;

/// What this process has read of a source since it began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceProgress {
    pub read: u64,
    /// Dead letters that were committed, by reason.
    pub dead_letters: BTreeMap<String, u64>,
    /// While much of what is read can't be used: how much, why, and what to do.
    pub warning: Option<String>,
}

/// The sources of one worker, by topic.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<String, Source>);

#[derive(Debug, Default)]
struct Source {
    progress: SourceProgress,
    window: Option<Window>,
    logged_at: Option<Tick>,
}

#[derive(Debug)]
struct Window {
    since: Tick,
    read: u64,
    by_reason: BTreeMap<String, Reason>,
}

#[derive(Debug, Default)]
struct Reason {
    letters: u64,
    /// Where one of them stood, and what is wrong with it.
    example: String,
}

impl Sources {
    pub(super) fn note_read(&mut self, topic: &str, records: u64, now: Tick) {
        if records == 0 {
            return;
        }
        let source = self.source(topic);
        source.progress.read += records;
        source.window(now).read += records;
    }

    /// Counts the dead letters of a step that was committed.
    pub(super) fn note_outputs(&mut self, outputs: &[Output], now: Tick) {
        let letters = outputs.iter();
        for letter in letters.filter(|it| it.topic == OutTopic::DeadLetters) {
            let [topic, reason] = ["topic", "reason"].map(|name| header(letter, name));
            let source = self.source(topic);
            *source
                .progress
                .dead_letters
                .entry(reason.to_owned())
                .or_default() += 1;
            let by_reason = &mut source.window(now).by_reason;
            let reason = by_reason.entry(reason.to_owned()).or_default();
            if reason.letters == 0 {
                reason.example = example(letter);
            }
            reason.letters += 1;
        }
    }

    fn source(&mut self, topic: &str) -> &mut Source {
        self.0.entry(topic.to_owned()).or_default()
    }

    /// Judges what was counted; the warnings that are to be logged now.
    pub(super) fn judge(&mut self, now: Tick) -> Vec<String> {
        let sources = self.0.iter_mut();
        sources
            .filter_map(|(topic, source)| source.judge(topic, now))
            .collect()
    }

    pub(super) fn progress(&self) -> BTreeMap<String, SourceProgress> {
        let sources = self.0.iter();
        sources
            .map(|(topic, source)| (topic.clone(), source.progress.clone()))
            .collect()
    }
}

impl Source {
    fn window(&mut self, now: Tick) -> &mut Window {
        self.window.get_or_insert_with(|| Window {
            since: now,
            read: 0,
            by_reason: BTreeMap::new(),
        })
    }

    fn judge(&mut self, topic: &str, now: Tick) -> Option<String> {
        let is_over = |window: &mut Window| now.since(window.since) >= WINDOW;
        let window = self.window.take_if(is_over)?;
        self.progress.warning = window.warning(topic);
        let warning = self.progress.warning.clone()?;
        let is_due = (self.logged_at).is_none_or(|at| now.since(at) >= LOG_EVERY);
        is_due.then(|| {
            self.logged_at = Some(now);
            warning
        })
    }
}

impl Window {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn warning(&self, topic: &str) -> Option<String> {
        let letters: u64 = self.by_reason.values().map(|reason| reason.letters).sum();
        // Letters are committed a moment after their records were read.
        let read = self.read.max(letters);
        if letters < LETTERS_MIN || letters as f64 <= read as f64 * SHARE_MAX {
            return None;
        }
        let (name, most) = self.by_reason.iter().max_by_key(|(_, it)| it.letters)?;
        let (count, example, cure) = (most.letters, &most.example, cure(name));
        Some(format!(
            "source `{topic}`: {letters} of the last {read} records became dead letters, {count} of them `{name}`, such as {example}; \
             {cure}`floorwalker dead-letters list --config FILE --reason {name}` shows them"
        ))
    }
}

/// What helps most often.
fn cure(reason: &str) -> &'static str {
    match reason {
        "late" => {
            "a load of the past needs `clock = \"events\"` for this source, a slow feed a longer `lateness`; "
        }
        "future" => "the sender's clock is ahead of this machine's; ",
        _ => "",
    }
}

fn example(letter: &Output) -> String {
    let [topic, partition, offset, sentence] =
        ["topic", "partition", "offset", "sentence"].map(|name| header(letter, name));
    format!("{topic}/{partition}/{offset}: {sentence}")
}

fn header<'l>(letter: &'l Output, name: &str) -> &'l str {
    let named = |known: &str| known.strip_prefix("floorwalker-") == Some(name);
    // The record's own headers come first.
    let found = letter.headers.iter().rev().find(|(known, _)| named(known));
    let value = found.and_then(|(_, value)| str::from_utf8(value.as_deref()?).ok());
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(reason: &str) -> Output {
        let headers = [
            ("floorwalker-topic", "forged"),
            ("floorwalker-topic", "calls"),
            ("floorwalker-partition", "3"),
            ("floorwalker-offset", "17"),
            ("floorwalker-reason", reason),
            ("floorwalker-sentence", "it is strange"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), Some(value.into())));
        Output {
            topic: OutTopic::DeadLetters,
            key: None,
            payload: None,
            headers: headers.to_vec(),
        }
    }

    #[test]
    fn a_source_that_is_mostly_put_aside_is_spoken_of_once_a_minute() {
        let (mut sources, start) = (Sources::default(), Tick::now());
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let mut put_aside = |read, letters, reason, from| {
            sources.note_read("calls", read, at(from));
            sources.note_outputs(&vec![letter(reason); letters], at(from));
            let logged = sources.judge(at(from + 5));
            let progress = sources.progress()["calls"].clone();
            (logged, progress)
        };
        let few = put_aside(100, 9, "late", 0);
        assert_eq!((few.0.len(), few.1.warning), (0, None));
        let (most, progress) = put_aside(100, 90, "late", 10);
        let expected = "source `calls`: 90 of the last 100 records became dead letters, 90 of them `late`, such as calls/3/17: it is strange; \
                        a load of the past needs `clock = \"events\"`";
        assert!(most[0].starts_with(expected), "{most:?}");
        assert_eq!(progress.warning, Some(most[0].clone()));
        let soon = put_aside(100, 90, "invalid_json", 20);
        assert!(soon.0.is_empty() && soon.1.warning.is_some());
        assert_eq!(soon.1.read, 300);
        assert_eq!(soon.1.dead_letters["late"], 99);
        let later = put_aside(100, 90, "invalid_json", 80);
        assert!(later.0.len() == 1 && later.1.warning.is_some());
        let good = put_aside(1_000, 90, "late", 90);
        assert!(good.0.is_empty() && good.1.warning.is_none());
    }
}
