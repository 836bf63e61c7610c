//! What is logged of Kafka: each cause once a minute, and one line when it answers again.
//!
//! A process has one cluster, but a dozen clients, and all of them notice an outage many times a second. So this is the
//! process's, not a client's.

use std::{collections::BTreeMap, fmt, sync::Mutex, time::Duration};

use rdkafka::{config::RDKafkaLogLevel, error::KafkaError, types::RDKafkaErrorCode};

use super::{
    clock::Tick,
    lock::lock,
    trouble::{Trouble, split_line},
};
use floorwalker_core::event::Span;

/// A cause is logged no more often.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// An outage is over when nothing was wrong for this long.
const CALM: Duration = Duration::from_secs(3);
/// What is over sooner is not worth a line of its own.
const PASSING: Duration = Duration::from_secs(1);
/// Kafka is silent when no broker has answered any client for this long; live, answers come many times a second.
const SILENT_AFTER: Duration = Duration::from_secs(5);

static OUTAGE: Mutex<Outage> = Mutex::new(Outage::new());

struct Outage {
    logged: BTreeMap<String, LastLogged>,
    began_at: Option<Tick>,
    troubled_at: Option<Tick>,
    trouble: Option<Trouble>,
    answered_at: Option<Tick>,
}

struct LastLogged {
    at: Tick,
    /// Left out since.
    more: u64,
}

impl Outage {
    const fn new() -> Self {
        Self {
            logged: BTreeMap::new(),
            began_at: None,
            troubled_at: None,
            trouble: None,
            answered_at: None,
        }
    }

    /// How many were left out, if it is this cause's turn.
    fn turn(&mut self, cause: &str, now: Tick) -> Option<u64> {
        match self.logged.get_mut(cause) {
            Some(logged) if now.since(logged.at) < LOGGED_EVERY => {
                logged.more += 1;
                None
            }
            Some(logged) => {
                logged.at = now;
                Some(std::mem::take(&mut logged.more))
            }
            None => {
                let logged = LastLogged { at: now, more: 0 };
                self.logged.insert(cause.to_owned(), logged);
                Some(0)
            }
        }
    }

    fn note_trouble(&mut self, trouble: Option<Trouble>, now: Tick) {
        self.began_at.get_or_insert(now);
        self.troubled_at = Some(now);
        self.trouble = trouble.or(self.trouble);
    }

    /// How long it lasted, if it is over.
    fn note_answer(&mut self, now: Tick) -> Option<Duration> {
        self.answered_at = Some(now);
        if self.troubled_at.is_some_and(|at| now.since(at) < CALM) {
            return None;
        }
        let began_at = self.began_at.take()?;
        let troubled_at = self.troubled_at.unwrap_or(began_at);
        // Of one connection, or what an idle client logs later: no outage.
        if troubled_at.since(began_at) < PASSING {
            return None;
        }
        self.logged.clear();
        self.trouble = None;
        Some(now.since(began_at))
    }

    fn silent(&self, now: Tick) -> Option<Duration> {
        let silent = now.since(self.answered_at?);
        (silent >= SILENT_AFTER).then_some(silent)
    }
}

/// Warns, at most once a minute for one cause.
pub(super) fn warn(cause: &str, line: fmt::Arguments<'_>) {
    let turn = lock(&OUTAGE).turn(cause, Tick::now());
    match turn {
        Some(0) => tracing::warn!("{line}"),
        Some(more) => tracing::warn!("{line} ({more} more like it in between)"),
        None => {}
    }
}

/// Warns of what a poll returned, unless the client has logged it already.
pub(super) fn warn_of_poll(cause: &str, error: &KafkaError) {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure) => {}
        _ => warn(cause, format_args!("{cause}: {error}")),
    }
}

/// A broker answered at the start: what comes now is of another outage.
pub(super) fn begin_anew() {
    let mut outage = lock(&OUTAGE);
    *outage = Outage::new();
    outage.answered_at = Some(Tick::now());
}

/// Hands librdkafka's log lines to ours.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, line: &str) {
    let (broker, rest) = split_line(line);
    if let Some(trouble) = Trouble::of(rest) {
        return log_trouble(trouble, broker, rest);
    }
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => {
            warn(facility, format_args!("librdkafka: {facility}: {rest}"));
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{line}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{line}"),
    }
}

/// Logs the errors of a client. The end of a partition comes this way too, and is no error; nor is an offset that is not there, which who
/// reads is given and judges.
pub(super) fn log_error(error: &KafkaError, reason: &str) {
    match (error.rdkafka_error_code(), Trouble::of(reason)) {
        (Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset), _) => {}
        (Some(RDKafkaErrorCode::AllBrokersDown), _) => {
            lock(&OUTAGE).note_trouble(None, Tick::now());
        }
        (_, Some(trouble)) => log_trouble(trouble, broker_of(reason), reason),
        (code, None) => {
            let cause = format!("{code:?}");
            warn(&cause, format_args!("Kafka: {error}: {reason}"));
        }
    }
}

fn log_trouble(trouble: Trouble, broker: &str, line: &str) {
    lock(&OUTAGE).note_trouble(Some(trouble), Tick::now());
    let (words, cure) = (trouble.words(), trouble.cure());
    // Other threads than those of brokers have names, too.
    let at = if broker.contains(':') {
        broker
    } else {
        "Kafka"
    };
    match trouble.needs_a_person() {
        true => warn(words, format_args!("{at}: {words}: {cure} ({line})")),
        false => warn(words, format_args!("{at}: {words} ({line})")),
    }
}

/// Returns the broker of `host:port/number: …`.
fn broker_of(reason: &str) -> &str {
    let name = reason.split_once('/').map_or("", |(name, _)| name);
    name.rsplit("://").next().unwrap_or_default()
}

/// Takes note of when the last answer of any broker to a client was.
pub(super) fn note_last_answer(idle: Option<Duration>) {
    let now = Tick::now();
    if idle.is_some_and(|idle| idle < SILENT_AFTER) {
        let over = lock(&OUTAGE).note_answer(now);
        if let Some(lasted) = over {
            tracing::info!("Kafka answers again, after {} s", lasted.as_secs());
        }
        return;
    }
    let silent = lock(&OUTAGE).silent(now);
    if let Some(silent) = silent {
        lock(&OUTAGE).note_trouble(None, now);
        let seconds = silent.as_secs();
        warn(
            "silent",
            format_args!("Kafka has not answered for {seconds} s"),
        );
    }
}

/// Whether something was wrong with the connections within this time.
pub(super) fn troubled_within(length: Duration) -> bool {
    let troubled_at = lock(&OUTAGE).troubled_at;
    troubled_at.is_some_and(|at| Tick::now().since(at) < length)
}

/// How long Kafka has been silent, and why, as far as is known; `None` while it answers, or before it first did.
pub(super) fn silence() -> Option<(Span, Option<&'static str>)> {
    let outage = lock(&OUTAGE);
    let silent = outage.silent(Tick::now())?;
    let silent = Span(i64::try_from(silent.as_micros()).unwrap_or(i64::MAX));
    Some((silent, outage.trouble.map(Trouble::words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once_a_minute_with_how_often_it_came() {
        let mut outage = Outage::new();
        let start = Tick::now();
        let after = |seconds| start.after(Duration::from_secs(seconds));
        assert_eq!(outage.turn("refused", start), Some(0));
        assert_eq!(outage.turn("refused", after(1)), None);
        assert_eq!(outage.turn("refused", after(59)), None);
        assert_eq!(outage.turn("closed", after(59)), Some(0));
        assert_eq!(outage.turn("refused", after(60)), Some(2));
    }

    #[test]
    fn an_outage_is_over_once_when_nothing_was_wrong_for_a_while() {
        let mut outage = Outage::new();
        let start = Tick::now();
        let after = |seconds| start.after(Duration::from_secs(seconds));
        assert_eq!(outage.note_answer(start), None);
        outage.note_trouble(Some(Trouble::Refused), after(1));
        outage.note_trouble(None, after(30));
        assert_eq!(outage.silent(after(30)), Some(Duration::from_secs(30)));
        assert_eq!(outage.note_answer(after(31)), None, "one broker of three");
        assert_eq!(outage.note_answer(after(34)), Some(Duration::from_secs(33)));
        assert_eq!(outage.note_answer(after(35)), None);
        outage.note_trouble(Some(Trouble::Closed), after(40));
        assert_eq!(outage.note_answer(after(44)), None, "one connection");
        assert_eq!(outage.note_answer(after(45)), None);
        assert_eq!(outage.silent(after(46)), None);
    }
}
