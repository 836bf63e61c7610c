//! A leg of a contact: its direction, and the wait that it calls back.

use super::parts::{Parts, WaitEnd};
use floorwalker_core::event::Direction;

/// What the last ContactQueued of a leg made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) direction: Direction,
    /// The place of the wait that it calls back.
    pub(super) calls_back: Option<usize>,
}

impl Leg {
    /// Returns a leg that begins now.
    pub(super) fn beginning(direction: Direction, parts: &Parts) -> Self {
        let last = parts.waits.len().checked_sub(1);
        let asked = last.filter(|last| {
            let end = &parts.waits[*last].end;
            matches!(end, Some((_, WaitEnd::Left { callback: true })))
        });
        Self {
            direction,
            calls_back: asked.filter(|_| direction == Direction::Outbound),
        }
    }

    /// Returns whether its queueing is an attempt to reach somebody.
    pub(super) fn attempts(self) -> bool {
        self.direction == Direction::Outbound && self.calls_back.is_none()
    }
}
