//! The signals of one subject over time.

use std::collections::{BTreeMap, VecDeque};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::signal::{Signal, Signals, Subject};
use crate::event::{ContactId, Span, Timestamp};

/// Signals whose totals are asked for have codes below this.
const TOTALS: usize = 48;

/// Panes of signals, oldest first; empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Series(VecDeque<(Timestamp, Signals)>);

/// The series of all subjects.
#[derive(Debug, Default)]
pub(super) struct SeriesBySubject {
    /// Of agents, and of agents in queues: the most, and never gone through one by one.
    agents: HashMap<Subject, Series, FixedState>,
    others: BTreeMap<Subject, Series>,
}

/// Counts over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals([i64; TOTALS]);

impl Default for Totals {
    fn default() -> Self {
        Self([0; TOTALS])
    }
}

impl Series {
    pub(super) fn add(&mut self, pane: Timestamp, signals: Signals) {
        let place = self.0.partition_point(|(start, _)| *start < pane);
        match self.0.get_mut(place).filter(|(start, _)| *start == pane) {
            Some((_, known)) => {
                known.merge(&signals);
                if known.is_empty() {
                    self.0.remove(place);
                }
            }
            None => self.0.insert(place, (pane, signals)),
        }
    }

    /// Forgets the contacts behind the counts of panes that begin in a stretch of time.
    fn forget_contacts(&mut self, from: Timestamp, to: Timestamp) {
        let first = self.0.partition_point(|(start, _)| *start < from);
        let last = self.0.partition_point(|(start, _)| *start < to);
        for (_, signals) in self.0.range_mut(first..last) {
            signals.forget_contacts();
        }
    }

    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl DoubleEndedIterator<Item = &(Timestamp, Signals)> {
        let first = self.0.partition_point(|(start, _)| *start < from);
        let last = self.0.partition_point(|(start, _)| *start < to);
        self.0.range(first..last.max(first))
    }

    /// Returns the counts of the panes that begin in `span` up to `to`.
    pub(super) fn last(&self, to: Timestamp, span: Span) -> Totals {
        self.totals(to - span, to)
    }

    /// Returns the counts of the panes that begin from `from` on and before `to`.
    pub(super) fn totals(&self, from: Timestamp, to: Timestamp) -> Totals {
        let mut totals = Totals::default();
        self.merge_into(&mut totals, (from, to), 1);
        totals
    }

    /// Adds the counts of the panes that begin in a stretch of time to `totals`, `sign` times.
    pub(super) fn merge_into(
        &self,
        totals: &mut Totals,
        (from, to): (Timestamp, Timestamp),
        sign: i64,
    ) {
        for (_, signals) in self.between(from, to) {
            totals.merge(signals, sign);
        }
    }

    pub(super) fn pane(&self, start: Timestamp) -> Option<&Signals> {
        let place = self.0.partition_point(|(known, _)| *known < start);
        (self.0.get(place)).and_then(|(known, signals)| (*known == start).then_some(signals))
    }

    /// Returns the panes from `from` on and before `to`, newest first.
    pub(super) fn newest(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &(Timestamp, Signals)> {
        self.between(from, to).rev()
    }

    /// Returns the contacts behind the counts, newest first.
    pub(super) fn contacts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &ContactId> {
        (self.newest(from, to)).flat_map(|(_, signals)| signals.contacts())
    }

    /// Drops panes that begin before `before`.
    pub(super) fn drop_before(&mut self, before: Timestamp) {
        if self.0.front().is_none_or(|(start, _)| before <= *start) {
            return;
        }
        let count = self.0.partition_point(|(start, _)| *start < before);
        self.0.drain(..count);
    }

    pub(super) fn panes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SeriesBySubject {
    pub(super) fn get(&self, subject: &Subject) -> Option<&Series> {
        if subject.is_of_agent() {
            self.agents.get(subject)
        } else {
            self.others.get(subject)
        }
    }

    pub(super) fn add(&mut self, pane: Timestamp, subject: &Subject, signals: Signals) {
        let series = if subject.is_of_agent() {
            self.agents.entry(subject.clone()).or_default()
        } else {
            self.others.entry(subject.clone()).or_default()
        };
        series.add(pane, signals);
    }

    /// Returns all but those of agents, in the order of their subjects.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Subject, &Series)> {
        self.others.iter()
    }

    /// Drops panes that begin before `before`, and the contacts of panes in a stretch of time.
    pub(super) fn forget(&mut self, before: Timestamp, contacts: (Timestamp, Timestamp)) {
        let forget = |series: &mut Series| {
            series.drop_before(before);
            series.forget_contacts(contacts.0, contacts.1);
            !series.is_empty()
        };
        self.agents.retain(|_, series| forget(series));
        self.others.retain(|_, series| forget(series));
    }
}

impl Totals {
    /// Adds counts `sign` times.
    pub(super) fn merge(&mut self, signals: &Signals, sign: i64) {
        for (code, amount) in signals.counts() {
            // Sorted by code.
            let Some(total) = self.0.get_mut(code as usize) else {
                break;
            };
            *total += sign * amount;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (total, theirs) in self.0.iter_mut().zip(other.0) {
            *total += theirs;
        }
    }

    pub(super) fn without(mut self, other: &Self) -> Self {
        for (total, theirs) in self.0.iter_mut().zip(other.0) {
            *total -= theirs;
        }
        self
    }

    pub(super) fn count(&self, signal: Signal) -> i64 {
        self.0.get(signal.code() as usize).copied().unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of hours")]
    pub(super) fn get(&self, signal: Signal) -> f64 {
        self.count(signal) as f64
    }

    /// Returns the mean of the logarithms of handle times, and their standard deviation.
    pub(super) fn log_handle(&self) -> Option<(f64, f64)> {
        let n = self.get(Signal::Handled);
        if n < 1.0 {
            return None;
        }
        let mean = self.get(Signal::LogHandle) / 1e3 / n;
        let squares = self.get(Signal::LogHandleSquared) / 1e3 / n;
        Some((mean, (squares - mean * mean).max(0.0).sqrt()))
    }
}
