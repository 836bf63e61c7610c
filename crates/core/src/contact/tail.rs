//! The tail of a contact: the events that late ones may still join, in order.
//!
//! The order within one instant depends on all events there: their sequence decides if every one has one, otherwise their kind.

use std::cmp::Ordering;

use minicbor::{Decode, Encode};

use super::fold::{Happening, Observation};
use crate::event::{Body, Channel, EventId, Text, Timestamp};

/// Event in the tail.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) struct Seen {
    #[n(0)]
    pub(super) id: EventId,
    #[n(1)]
    pub(super) at: Timestamp,
    #[n(2)]
    pub(super) channel: Option<Channel>,
    /// Keyed hash.
    #[n(3)]
    pub(super) customer: Option<Text>,
    #[n(4)]
    pub(super) body: Body,
    #[n(5)]
    pub(super) sequence: Option<i64>,
}

/// Inserts an event. True if it is the last and the order of the others is unchanged.
pub(super) fn put(tail: &mut Vec<Seen>, seen: Seen) -> bool {
    let from = tail.partition_point(|known| known.at < seen.at);
    let to = from + tail[from..].partition_point(|known| known.at == seen.at);
    let was_sequenced = is_sequenced(&tail[from..to]);
    tail.insert(to, seen);
    let is_last = to + 1 == tail.len();
    if from == to {
        return is_last;
    }
    let instant = &tail[from..=to];
    let sequenced = is_sequenced(instant);
    let follows = instant[to - from - 1]
        .cmp_at_instant(&instant[to - from], sequenced)
        .is_lt();
    if follows && sequenced == was_sequenced {
        return is_last;
    }
    sort_instant(tail, from);
    false
}

/// Removes an event; without it the others of its instant may have another order.
pub(super) fn take_out(tail: &mut Vec<Seen>, place: usize) {
    let at = tail.remove(place).at;
    let from = tail.partition_point(|known| known.at < at);
    sort_instant(tail, from);
}

/// Sorts the events of the instant that begins at this place.
fn sort_instant(tail: &mut [Seen], from: usize) {
    let Some(at) = tail.get(from).map(|first| first.at) else {
        return;
    };
    let length = tail[from..].partition_point(|known| known.at == at);
    let instant = &mut tail[from..from + length];
    let sequenced = is_sequenced(instant);
    instant.sort_by(|one, other| one.cmp_at_instant(other, sequenced));
}

fn is_sequenced(instant: &[Seen]) -> bool {
    instant.iter().all(|seen| seen.sequence.is_some())
}

impl Seen {
    /// Whether it counts instead of the other where two contents have one id. This must not depend on other events of the instant.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        let order = (self.at.cmp(&other.at)).then_with(|| self.cmp_at_instant(other, true));
        order == Ordering::Less
    }

    fn cmp_at_instant(&self, other: &Self, sequenced: bool) -> Ordering {
        let by_sequence = match sequenced {
            true => self.sequence.cmp(&other.sequence),
            false => Ordering::Equal,
        };
        by_sequence
            .then_with(|| self.body.rank().cmp(&other.body.rank()))
            .then_with(|| self.id.cmp_by_value(&other.id))
            .then_with(|| self.body.cmp_content(&other.body))
            .then_with(|| self.channel.cmp(&other.channel))
            .then_with(|| self.customer.cmp(&other.customer))
    }

    pub(super) const fn happening(&self) -> Happening<'_> {
        Happening {
            at: self.at,
            body: &self.body,
        }
    }

    pub(super) fn observation(&self) -> Observation<'_> {
        Observation {
            channel: self.channel,
            customer: self.customer.as_ref(),
            body: &self.body,
        }
    }
}
