//! Watermarks: what `now` means to a machine, one for each stage. No machine ever reads the wall clock.
//!
//! The watermark of an input follows from the events that were read of it. A task sends its watermarks to the others; stage by
//! stage, a watermark waits for the slowest sender, so that a backlog raises no false alarm and loses no window update.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::{
    engine::SourceClock,
    event::{Span, Timestamp},
};

/// Watermark of one stage: no earlier event is expected, except late ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::engine) enum Watermark {
    /// One of the inputs has not been read yet.
    #[default]
    Unknown,
    At(Timestamp),
    /// All inputs are at their end and none follows the wall clock: this is the newest event.
    Ended(Timestamp),
}

/// How far the inputs of a task have been read, for lateness. Variants are ordered by how little they hold back other tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::engine) enum InputProgress {
    #[default]
    Unknown,
    /// No earlier event comes from the inputs, whatever other tasks do.
    At(Timestamp),
    /// The inputs have been at their end for `idle_timeout`, or there are none.
    Idle,
}

impl Watermark {
    /// Returns the watermark of a stage with these inputs: the slowest of those that go on; the newest event when all have ended.
    #[must_use]
    pub(in crate::engine) fn combine(inputs: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Ended(Timestamp::MIN);
        for input in inputs {
            all = match (all, input) {
                (Self::Unknown, _) | (_, Self::Unknown) => return Self::Unknown,
                (Self::Ended(one), Self::Ended(other)) => Self::Ended(one.max(other)),
                (Self::At(one), Self::At(other)) => Self::At(one.min(other)),
                (Self::At(at), Self::Ended(_)) | (Self::Ended(_), Self::At(at)) => Self::At(at),
            };
        }
        all
    }

    /// Returns the watermark delayed by `span`. An ended one is unchanged: nothing is on its way.
    #[must_use]
    pub(in crate::engine) fn behind(self, span: Span) -> Self {
        match self {
            Self::At(at) => Self::At(at - span),
            Self::Unknown | Self::Ended(_) => self,
        }
    }

    /// Moves the watermark on, never back.
    pub(in crate::engine) fn advance(&mut self, to: Self) {
        let before = self.at().unwrap_or(Timestamp::MIN);
        *self = match to {
            Self::Unknown => *self,
            Self::At(at) => Self::At(at.max(before)),
            Self::Ended(at) => Self::Ended(at.max(before)),
        };
    }

    /// Returns its time, whether at its end or not.
    #[must_use]
    pub(in crate::engine) const fn at(self) -> Option<Timestamp> {
        match self {
            Self::Unknown => None,
            Self::At(at) | Self::Ended(at) => Some(at),
        }
    }

    /// Returns its time if all inputs are at their end.
    #[must_use]
    pub(in crate::engine) const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Unknown | Self::At(_) => None,
            Self::Ended(at) => Some(at),
        }
    }

    #[must_use]
    pub(in crate::engine) const fn has_ended(self) -> bool {
        self.ended_at().is_some()
    }
}

/// A known [`Watermark`] as state and frames hold it.
#[derive(Debug, Encode, Decode)]
struct Encoded {
    #[n(0)]
    at: Timestamp,
    #[n(1)]
    ended: bool,
}

impl Watermark {
    fn encoded(self) -> Option<Encoded> {
        let ended = self.has_ended();
        self.at().map(|at| Encoded { at, ended })
    }
}

impl<C> Encode<C> for Watermark {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        self.encoded().encode(encoder, ctx)
    }

    fn is_nil(&self) -> bool {
        *self == Self::Unknown
    }
}

impl<'b, C> Decode<'b, C> for Watermark {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let encoded = Option::<Encoded>::decode(decoder, ctx)?;
        Ok(match encoded {
            None => Self::Unknown,
            Some(Encoded { at, ended: false }) => Self::At(at),
            Some(Encoded { at, ended: true }) => Self::Ended(at),
        })
    }

    fn nil() -> Option<Self> {
        Some(Self::Unknown)
    }
}

/// In state and frames, idle inputs stand at the last of all instants.
const IDLE: Timestamp = Timestamp::MAX;

impl<C> Encode<C> for InputProgress {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let at = match self {
            Self::Unknown => None,
            Self::At(at) => Some(*at),
            Self::Idle => Some(IDLE),
        };
        at.encode(encoder, ctx)
    }

    fn is_nil(&self) -> bool {
        *self == Self::Unknown
    }
}

impl<'b, C> Decode<'b, C> for InputProgress {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let at = Option::<Timestamp>::decode(decoder, ctx)?;
        Ok(match at {
            None => Self::Unknown,
            Some(IDLE) => Self::Idle,
            Some(at) => Self::At(at),
        })
    }

    fn nil() -> Option<Self> {
        Some(Self::Unknown)
    }
}

/// The watermark of a source is the time of its eighth-newest event: up to seven events with clocks too far ahead don't move it.
const NEWEST: usize = 8;

/// Makes the watermark of one source partition from the times of its events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct WatermarkGenerator {
    /// The newest event times, ascending; at most [`NEWEST`].
    #[n(0)]
    newest: Vec<Timestamp>,
    #[n(1)]
    watermark: Option<Timestamp>,
}

impl WatermarkGenerator {
    pub(in crate::engine) fn observe(&mut self, at: Timestamp) {
        if self.newest.len() == NEWEST && at <= self.newest[0] {
            return;
        }
        let place = self.newest.partition_point(|known| *known <= at);
        self.newest.insert(place, at);
        if self.newest.len() > NEWEST {
            self.newest.remove(0);
        }
        if self.newest.len() == NEWEST {
            self.watermark = self.watermark.max(Some(self.newest[0]));
        }
    }

    /// Returns the watermark that lateness is measured by; `None` before the eighth event.
    #[must_use]
    pub(in crate::engine) const fn watermark(&self) -> Option<Timestamp> {
        self.watermark
    }

    /// Follows the wall clock: for a partition of a live source that has been read to its end.
    pub(in crate::engine) fn follow(&mut self, wall: Timestamp) {
        self.watermark = self.watermark.max(Some(wall));
    }

    /// Returns the watermark for the stages: `at_end` if everything has been read for now.
    #[must_use]
    pub(in crate::engine) fn stage_watermark(&self, kind: SourceClock, at_end: bool) -> Watermark {
        match (kind, at_end) {
            (SourceClock::Events, true) => {
                Watermark::Ended(self.newest.last().copied().unwrap_or(Timestamp::MIN))
            }
            _ => (self.watermark).map_or(Watermark::Unknown, Watermark::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_waits_for_its_slowest_input_and_ends_at_the_newest_event() {
        let running = |at| Watermark::At(Timestamp(at));
        let ended = |at| Watermark::Ended(Timestamp(at));
        let table: [(&[Watermark], Watermark); 5] = [
            (&[running(5), running(3)], running(3)),
            (&[running(5), ended(3)], running(5)),
            (&[ended(3), ended(7)], ended(7)),
            (&[running(5), Watermark::Unknown], Watermark::Unknown),
            (&[ended(9), running(5), ended(7), running(6)], running(5)),
        ];
        for (inputs, expected) in table {
            assert_eq!(
                Watermark::combine(inputs.iter().copied()),
                expected,
                "{inputs:?}"
            );
        }
    }

    #[test]
    fn what_is_known_of_inputs_is_read_back_from_its_bytes() {
        let (at, known) = (Timestamp(7), [0x82, 7, 0xf4]);
        let table: [(Watermark, &[u8]); 3] = [
            (Watermark::Unknown, &[0xf6]),
            (Watermark::At(at), &known),
            (Watermark::Ended(at), &[0x82, 7, 0xf5]),
        ];
        for (watermark, bytes) in table {
            assert_eq!(minicbor::to_vec(watermark).unwrap(), bytes);
            assert_eq!(decode::<Watermark>(bytes).unwrap(), watermark);
        }
        let inputs = [
            InputProgress::Unknown,
            InputProgress::At(at),
            InputProgress::Idle,
        ];
        for progress in inputs {
            let bytes = minicbor::to_vec(progress).unwrap();
            assert_eq!(decode::<InputProgress>(&bytes).unwrap(), progress);
        }
    }

    #[test]
    fn seven_wrong_clocks_move_nothing() {
        let mut source = WatermarkGenerator::default();
        (0..20).for_each(|at| source.observe(Timestamp(at)));
        assert_eq!(source.watermark(), Some(Timestamp(12)));
        (0..7).for_each(|wrong| source.observe(Timestamp(1_000_000 + wrong)));
        assert_eq!(source.watermark(), Some(Timestamp(19)));
    }
}
