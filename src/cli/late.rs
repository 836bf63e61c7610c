//! Whether a source will take events, found out before they are written: what is behind its clock becomes a dead letter.

use super::{
    failure::{Hint, warn},
    report::thousands,
};
use crate::config::Config;
use floorwalker_core::{
    engine::SourceClock,
    event::{Span, Timestamp},
};

/// The lateness of a source without a configuration.
const USUAL_LATENESS: Span = Span::from_secs(600);

/// The times of events, as they come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    lateness: Span,
    now: Timestamp,
    pub(super) events: u64,
    pub(super) newest: Timestamp,
    /// How many events are older than the lateness.
    old: u64,
    /// How many events come so much later than a newer one.
    out_of_order: u64,
}

/// What will read a topic, as far as is known.
#[derive(Debug)]
pub(super) struct Reader {
    topic: String,
    /// `None`: no configuration was given.
    config: Option<String>,
    /// `None`: it is not one of its sources.
    clock: Option<SourceClock>,
    lateness: Span,
}

impl Reader {
    /// The source of a configuration that a topic is.
    pub(super) fn of(config: Option<&(String, Config)>, topic: &str) -> Self {
        let engine = config.map(|(_, config)| &config.engine);
        let source = engine.and_then(|it| it.sources.iter().find(|it| it.topic == topic));
        let lateness = source.and_then(|source| source.lateness);
        let lateness = lateness.or(engine.map(|engine| engine.lateness));
        Self {
            topic: topic.to_owned(),
            config: config.map(|(place, _)| place.clone()),
            clock: source.map(|source| source.clock),
            lateness: lateness.unwrap_or(USUAL_LATENESS),
        }
    }

    pub(super) const fn times(&self, now: Timestamp) -> Times {
        Times {
            lateness: self.lateness,
            now,
            events: 0,
            newest: Timestamp::MIN,
            old: 0,
            out_of_order: 0,
        }
    }

    /// Warns of what will be late.
    ///
    /// # Errors
    /// When most of it will be, unless it is to be written anyway; with what to do.
    pub(super) fn expect(&self, times: &Times, cure: &str, anyway: bool) -> anyhow::Result<()> {
        let Self { topic, config, .. } = self;
        let limit = self.lateness;
        let (late, of, newest) = (times.old, thousands(times.events), times.newest);
        let aged = format!(
            "{} of {of} events are over {} s old, the newest of {newest}",
            thousands(late),
            limit.as_secs()
        );
        match (config, self.clock) {
            (None, _) if late > 0 => warn(&format!(
                "{aged}; a source with `clock = \"wall\"`, the default, makes dead letters of them (`late`): {cure}; --config FILE finds out"
            )),
            (Some(config), None) => warn(&format!(
                "`{topic}` is no [[source]] of {}: nothing will read it",
                config
            )),
            (Some(config), Some(SourceClock::Wall)) if late > 0 => {
                let sentence = format!(
                    "{aged}, and {} has `clock = \"wall\"` for `{topic}`: they would become dead letters (`late`)",
                    config
                );
                if late * 2 > times.events && !anyway {
                    let hint = format!("{cure}; --force writes them all the same");
                    return Err(Hint::below(sentence, hint));
                }
                warn(&format!("{sentence}: {cure}"));
            }
            (Some(_), Some(SourceClock::Events)) if times.out_of_order > 0 => warn(&format!(
                "{} of {of} events come over {} s behind a newer one; where they share a partition they become dead letters (`late`): \
                 --sort writes them in order",
                thousands(times.out_of_order),
                limit.as_secs()
            )),
            (None, _) | (_, Some(_)) => {}
        }
        Ok(())
    }
}

impl Times {
    pub(super) fn add(&mut self, at: Timestamp) {
        self.events += 1;
        self.out_of_order += u64::from(at < self.newest - self.lateness);
        self.newest = self.newest.max(at);
        self.old += u64::from(at < self.now - self.lateness);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn refusal(clock: &str, seconds_old: &[i64]) -> Option<String> {
        let text =
            format!("[[source]]\ntopic = \"calls\"\nclock = \"{clock}\"\nlateness = \"5m\"\n");
        let config = Config::parse("f.toml", &text).unwrap();
        let reader = Reader::of(Some(&("f.toml".to_owned(), config)), "calls");
        let mut times = reader.times(NOW);
        for seconds in seconds_old {
            times.add(NOW - Span::from_secs(*seconds));
        }
        let expected = reader.expect(&times, "be quick", false);
        let again = reader.expect(&times, "be quick", true);
        assert!(again.is_ok(), "{again:?}");
        expected.err().map(|error| error.to_string())
    }

    #[test]
    fn what_a_live_source_would_not_take_is_refused() {
        let sentence = refusal("wall", &[400, 301, 300]).unwrap();
        assert!(
            sentence.starts_with("2 of 3 events are over 300 s old, the newest of 2027-01-15T07:55:00Z, and f.toml has `clock = \"wall\"` for `calls`"),
            "{sentence}"
        );
        assert_eq!(refusal("wall", &[400, 300, 0]), None);
        assert_eq!(refusal("events", &[900_000, 400, 0]), None);
    }
}
