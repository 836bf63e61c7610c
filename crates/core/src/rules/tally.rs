//! Counts of the events of a step, by channel or source: one or two for each event, so they are kept apart from other signals.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::signal::{PANE, Signal, SignalBatch, Subject};
use crate::event::{Channel, Text, Timestamp};

/// Events by channel and records by source, by pane.
#[derive(Debug, Default)]
pub struct FeedTally {
    channels: HashMap<(Timestamp, Channel), [i64; 4], FixedState>,
    sources: HashMap<(Timestamp, u16), [i64; 2], FixedState>,
}

/// What a channel's events count as.
const OF_CHANNEL: [Signal; 4] = [
    Signal::Arrived,
    Signal::Late,
    Signal::Applied,
    Signal::Repeated,
];
const OF_SOURCE: [Signal; 2] = [Signal::Read, Signal::DeadLettered];

impl FeedTally {
    /// Counts an event that has arrived when its source's watermark was at `at`.
    pub fn arrived(&mut self, channel: Channel, at: Timestamp, is_late: bool) {
        let [arrived, late, ..] = self.of_channel(channel, at);
        *arrived += 1;
        *late += i64::from(is_late);
    }

    /// Counts an event that occurred at `at`.
    pub fn applied(&mut self, channel: Channel, at: Timestamp, is_repeated: bool) {
        let [_, _, applied, repeated] = self.of_channel(channel, at);
        *(if is_repeated { repeated } else { applied }) += 1;
    }

    /// Counts a record that was read from the source of this number when its watermark was at `at`.
    pub fn read(&mut self, source: u16, at: Timestamp, is_rejected: bool) {
        let key = (at.floor(PANE), source);
        let [read, rejected] = self.sources.entry(key).or_default();
        *read += 1;
        *rejected += i64::from(is_rejected);
    }

    fn of_channel(&mut self, channel: Channel, at: Timestamp) -> &mut [i64; 4] {
        let key = (at.floor(PANE), channel);
        self.channels.entry(key).or_default()
    }

    /// Moves the counts to `batch`. `topic` returns the name of a source.
    pub fn move_to<'a>(&mut self, batch: &mut SignalBatch, topic: impl Fn(u16) -> &'a str) {
        for ((pane, channel), counts) in self.channels.drain() {
            let signals = batch.at(Subject::Feed(channel), pane);
            for (signal, count) in OF_CHANNEL.into_iter().zip(counts) {
                signals.add(signal, count);
            }
        }
        for ((pane, source), counts) in self.sources.drain() {
            let signals = batch.at(Subject::Source(Text::new(topic(source))), pane);
            for (signal, count) in OF_SOURCE.into_iter().zip(counts) {
                signals.add(signal, count);
            }
        }
    }
}
