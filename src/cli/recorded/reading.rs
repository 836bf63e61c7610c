//! Files of events, read whole and handed over by time.

use std::collections::BTreeMap;

use indicatif::ProgressBar;

use crate::cli::input::{Files, Place, Sorter};
use floorwalker_core::{
    decode::{Decoded, decode},
    engine::{Placement, Settings},
    event::{Event, Text, Timestamp},
};

/// What was found while reading.
pub(in crate::cli) struct Reading {
    placement: Placement,
    /// What occurred after it is left out.
    at: Option<Timestamp>,
    /// What occurred after it is a dead letter.
    expected_until: Timestamp,
    /// Events that occurred after `at`.
    pub(in crate::cli) later: u64,
    /// By type: how many events, and where the first is.
    pub(in crate::cli) skipped: BTreeMap<Text, (u64, Place)>,
    pub(in crate::cli) oldest: Option<Timestamp>,
    pub(in crate::cli) newest: Option<Timestamp>,
}

impl Reading {
    pub(in crate::cli) fn new(settings: &Settings, at: Option<Timestamp>, wall: Timestamp) -> Self {
        Self {
            placement: Placement::new(settings.tasks),
            at,
            expected_until: wall + settings.future_max,
            later: 0,
            skipped: BTreeMap::new(),
            oldest: None,
            newest: None,
        }
    }

    /// A file is whole: its lines are sorted by time, so that none of them is late. Each event is noted as it is read; each line is
    /// fed with its partition, those without an event first.
    pub(in crate::cli) fn read(
        &mut self,
        (files, bar): (&Files, &ProgressBar),
        mut note: impl FnMut(&Event),
        mut feed: impl FnMut(Place, u16, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut events = Sorter::default();
        files.each_line(bar, |place, line| match decode(line) {
            Ok(Decoded::Event(event)) if self.at.is_some_and(|at| event.occurred_at > at) => {
                self.later += 1;
                Ok(())
            }
            Ok(Decoded::Event(event)) => {
                if event.occurred_at <= self.expected_until {
                    self.see(event.occurred_at);
                    note(&event);
                }
                let partition = self.placement.owner_of(&event.key).0;
                events.push(event.occurred_at, place, (partition, line))
            }
            Ok(Decoded::Unknown(kind)) => {
                self.skipped.entry(kind).or_insert((0, place)).0 += 1;
                feed(place, 0, line)
            }
            Err(_) => feed(place, 0, line),
        })?;
        events.each(|(_, place), partition, line| feed(place, partition, line))
    }

    fn see(&mut self, at: Timestamp) {
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        self.newest = self.newest.max(Some(at));
    }

    /// Returns the clock of all numbers.
    pub(in crate::cli) fn clock(&self) -> Option<Timestamp> {
        self.at.or(self.newest)
    }
}
