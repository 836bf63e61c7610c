//! The signals of one subject over time.

use std::collections::VecDeque;

use minicbor::{Decode, Encode};

use super::signal::{Signal, Signals};
use crate::event::{ContactId, Span, Timestamp};

/// Signals whose totals are asked for have codes below this.
const TOTALS: usize = 48;

/// Panes of signals, oldest first; empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub(super) struct Series(#[n(0)] VecDeque<(Timestamp, Signals)>);

/// Counts over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals([i64; TOTALS]);

impl Default for Totals {
    fn default() -> Self {
        Self([0; TOTALS])
    }
}

impl Series {
    pub(super) fn add(&mut self, pane: Timestamp, signals: &Signals) {
        let place = self.0.partition_point(|(start, _)| *start < pane);
        match self.0.get_mut(place).filter(|(start, _)| *start == pane) {
            Some((_, known)) => {
                known.merge(signals);
                if known.is_empty() {
                    self.0.remove(place);
                }
            }
            None => self.0.insert(place, (pane, signals.clone())),
        }
    }

    /// Appends later panes.
    pub(super) fn append(&mut self, block: &Self) {
        for (start, signals) in &block.0 {
            self.add(*start, signals);
        }
    }

    /// Forgets the contacts behind the counts of panes that begin before `before`.
    pub(super) fn forget_contacts(&mut self, before: Timestamp) {
        let old = self.0.iter_mut().filter(|(start, _)| *start < before);
        old.for_each(|(_, signals)| signals.forget_contacts());
        self.0.retain(|(_, signals)| !signals.is_empty());
    }

    /// Returns the panes that begin in a stretch of time, as they are stored.
    pub(super) fn block(&self, from: Timestamp, to: Timestamp) -> Self {
        Self(self.between(from, to).cloned().collect())
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
        for (_, signals) in self.between(from, to) {
            totals.merge(signals);
        }
        totals
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

    /// Returns where its panes begin.
    pub(super) fn starts(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().map(|(start, _)| *start)
    }

    /// Drops panes that begin before `before`. Returns the first and the last that went.
    pub(super) fn drop_before(&mut self, before: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let count = self.0.partition_point(|(start, _)| *start < before);
        let mut gone = self.0.drain(..count).map(|(start, _)| start);
        let first = gone.next()?;
        Some((first, gone.next_back().unwrap_or(first)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Totals {
    pub(super) fn merge(&mut self, signals: &Signals) {
        for (code, amount) in signals.counts() {
            if let Some(total) = self.0.get_mut(code as usize) {
                *total += amount;
            }
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
