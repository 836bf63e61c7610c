//! When records are due, and of which instant they are.

use crate::{
    engine::{entity::Entity, time::watermarks::Watermark},
    event::{Span, Timestamp},
};

/// Which records are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::engine) struct Beat {
    pub groups: bool,
    pub agents: bool,
}

/// What records hold beside the numbers.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct RecordTime {
    /// The clock of the records.
    pub at: Timestamp,
    pub began_at: Timestamp,
    /// An idle task was left out.
    pub left_out: bool,
}

impl Beat {
    #[must_use]
    pub(in crate::engine) const fn includes(self, entity: &Entity) -> bool {
        if entity.is_agent() {
            self.agents
        } else {
            self.groups
        }
    }

    #[must_use]
    pub(in crate::engine) const fn any(self) -> bool {
        self.groups || self.agents
    }
}

/// Returns the instant that records are of: the end of the last whole grain of time, or with everything at its end the newest event.
#[must_use]
pub(in crate::engine) fn record_clock(watermark: Watermark, grain: Span) -> Option<Timestamp> {
    match watermark {
        Watermark::Unknown => None,
        Watermark::At(at) => Some(at.floor(grain) - Span(1)),
        Watermark::Ended(at) => Some(at),
    }
}
