//! Sums by time of one entity, agent or agent in a queue; and many of these by name, as a step emits them.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use minicbor::{Decode, Decoder, Encode, Encoder, decode::Error, encode};

use crate::{event::Timestamp, kpi::Accumulator};

/// Sums of facts by the instant, or by the beginning of the grain of time, that they are of: oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::engine) struct TimeSeries(Vec<(Timestamp, Accumulator)>);

/// Sums by time on their way to another task: by name, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct SortedSeries<Name>(Vec<(Name, TimeSeries)>);

/// The sums by time that a step emits, by the name they are of.
#[derive(Debug)]
pub(in crate::engine) struct TimeSeriesByName<Name>(HashMap<Name, TimeSeries, FixedState>);

impl TimeSeries {
    /// Returns the sums of `at`, to be added to.
    pub(in crate::engine) fn at(&mut self, at: Timestamp) -> &mut Accumulator {
        let place = self.find(at).unwrap_or_else(|place| {
            self.0.insert(place, (at, Accumulator::default()));
            place
        });
        &mut self.0[place].1
    }

    /// Returns where the sums of `at` lie, or belong.
    fn find(&self, at: Timestamp) -> Result<usize, usize> {
        self.0.binary_search_by_key(&at, |(known, _)| *known)
    }

    pub(in crate::engine) fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
        } else {
            for (at, sums) in other.0 {
                match self.find(at) {
                    Ok(place) => self.0[place].1.merge(&sums),
                    Err(place) => self.0.insert(place, (at, sums)),
                }
            }
        }
    }

    /// Parts what is of `since` and later from what is earlier.
    pub(in crate::engine) fn split(mut self, since: Timestamp) -> (Self, Self) {
        let place = self.0.partition_point(|(at, _)| *at < since);
        let later = self.0.split_off(place);
        (Self(later), self)
    }

    /// Drops sums of zero. Returns whether nothing is left.
    pub(in crate::engine) fn drop_zeros(&mut self) -> bool {
        self.0.retain(|(_, sums)| !sums.is_empty());
        self.0.is_empty()
    }

    pub(in crate::engine) fn sums(&self) -> &[(Timestamp, Accumulator)] {
        &self.0
    }

    pub(in crate::engine) fn into_sums(self) -> Vec<(Timestamp, Accumulator)> {
        self.0
    }
}

impl<Name> Default for SortedSeries<Name> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Name: Ord> SortedSeries<Name> {
    /// Adds sums of `name`; fast where names come in their order.
    pub(in crate::engine) fn merge(&mut self, name: Name, series: TimeSeries) {
        let is_last = self.0.last().is_none_or(|(last, _)| *last < name);
        let place = if is_last {
            Err(self.0.len())
        } else {
            self.0.binary_search_by(|(known, _)| known.cmp(&name))
        };
        match place {
            Ok(place) => self.0[place].1.merge(series),
            Err(place) => self.0.insert(place, (name, series)),
        }
    }

    /// Drops sums of zero.
    pub(in crate::engine) fn drop_zeros(&mut self) {
        self.0.retain_mut(|(_, sums)| !sums.drop_zeros());
    }
}

impl<Name> IntoIterator for SortedSeries<Name> {
    type Item = (Name, TimeSeries);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A map by name.
impl<C, Name: Encode<C>> Encode<C> for SortedSeries<Name> {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.map(self.0.len() as u64)?;
        for (name, series) in &self.0 {
            name.encode(encoder, ctx)?;
            series.encode(encoder, ctx)?;
        }
        Ok(())
    }
}

impl<'b, C, Name: Decode<'b, C> + Ord> Decode<'b, C> for SortedSeries<Name> {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let all = decoder.map_iter_with(ctx)?.collect::<Result<Vec<_>, _>>()?;
        let ordered = all.is_sorted_by(|(a, _): &(Name, TimeSeries), (b, _)| a < b);
        ordered.then_some(Self(all)).ok_or_else(damaged)
    }
}

impl<Name: Eq + Hash + Ord> TimeSeriesByName<Name> {
    pub(in crate::engine) fn new() -> Self {
        Self(HashMap::default())
    }

    /// Returns the sums of `name` of `at`, to be added to.
    pub(in crate::engine) fn at(&mut self, name: Name, at: Timestamp) -> &mut Accumulator {
        self.0.entry(name).or_default().at(at)
    }

    pub(in crate::engine) fn add(&mut self, more: impl IntoIterator<Item = (Name, TimeSeries)>) {
        for (name, series) in more {
            self.0.entry(name).or_default().merge(series);
        }
    }

    /// Takes those that are not zero, by name.
    pub(in crate::engine) fn take(&mut self) -> Vec<(Name, TimeSeries)> {
        let all = self.0.drain();
        let mut all: Vec<(Name, TimeSeries)> = all
            .filter_map(|(name, mut series)| (!series.drop_zeros()).then_some((name, series)))
            .collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}

/// Times and sums alternate, each time as the distance from the one before.
impl<C> Encode<C> for TimeSeries {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.array(2 * self.0.len() as u64)?;
        let mut last = 0;
        for (at, sums) in &self.0 {
            encoder.i64(at.0.wrapping_sub(last))?;
            sums.encode(encoder, ctx)?;
            last = at.0;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for TimeSeries {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let length = decoder.array()?;
        let length = length.ok_or_else(|| Error::message("a series without a length"))?;
        let mut series = Vec::new();
        let mut last = 0_i64;
        for _ in 0..length / 2 {
            last = last.wrapping_add(decoder.i64()?);
            series.push((Timestamp(last), Accumulator::decode(decoder, ctx)?));
        }
        let ordered = series.is_sorted_by(|(a, _), (b, _)| a < b);
        let whole = length.is_multiple_of(2) && ordered;
        whole.then_some(Self(series)).ok_or_else(damaged)
    }
}

fn damaged() -> Error {
    Error::message("a series is cut or out of order")
}
