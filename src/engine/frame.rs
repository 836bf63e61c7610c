//! What a task sends to another: forwarded events, what contacts say to customers, deltas, gauges, and the clocks of the sender. Sections of one transaction
//! for one destination are joined end to end into one record of the exchange.

use std::{cmp::Ordering, collections::BTreeSet};

use minicbor::{Decode, Decoder, Encode};

use super::{
    clock::Clock,
    codec,
    customers::{CaseSaid, Repeats},
    desk::Desk,
    entity::Entity,
    gauge::Gauge,
};
use crate::{
    customer::Judged,
    decode::Format,
    event::{AgentId, Text, Timestamp},
    kpi::Tally,
};

/// One sender's part of a frame.
#[derive(Debug, PartialEq, Default, Encode, Decode)]
pub(super) struct Section {
    #[n(0)]
    pub from: u16,
    /// The sender's step.
    #[n(1)]
    pub seq: u64,
    /// The sender's last step before it that had a section for this destination: a gap is a lost frame, an old
    /// `seq` a repeat.
    #[n(2)]
    pub previous: u64,
    #[n(3)]
    pub clocks: SenderClocks,
    #[n(4)]
    pub forwards: Vec<Forward>,
    #[n(5)]
    pub deltas: Vec<Delta>,
    #[n(6)]
    pub gauges: Vec<(Entity, Gauge)>,
    #[n(7)]
    pub cases: Vec<CaseSaid>,
    #[cbor(n(8), default)]
    pub agent_facts: Vec<AgentFacts>,
    /// Reasons of being away that the deltas count.
    #[cbor(n(9), default)]
    pub reasons: BTreeSet<Text>,
    #[cbor(n(10), default)]
    pub repeats: Vec<Repeats>,
    #[cbor(n(11), default)]
    pub desk_facts: Vec<DeskFacts>,
    #[cbor(n(12), default)]
    pub judged: Vec<Judged>,
}

/// What a sender says of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct SenderClocks {
    /// Of its inputs.
    #[n(0)]
    pub source: Option<Clock>,
    /// Behind this no event comes from its inputs, whatever other tasks do. [`Timestamp::MAX`]: they have been silent for long.
    #[n(1)]
    pub safe: Option<Timestamp>,
    /// Of its contact stage: no fact earlier will come, but for late evidence.
    #[n(2)]
    pub contact: Option<Clock>,
    /// The oldest event that its inputs ever held.
    #[n(3)]
    pub began_at: Option<Timestamp>,
    /// Of its customer stage.
    #[n(4)]
    pub customer: Option<Clock>,
    /// Of its agent stage.
    #[n(5)]
    pub agent: Option<Clock>,
    /// No fact will be told that is older than this by more than the lateness, but for sums that are corrected.
    #[n(6)]
    pub sealed: Option<Timestamp>,
}

impl SenderClocks {
    pub(super) fn see_event(&mut self, at: Timestamp) {
        self.began_at = Some(self.began_at.map_or(at, |known| known.min(at)));
    }
}

/// An event for a contact of another task, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Forward {
    #[n(0)]
    pub topic: Text,
    #[n(1)]
    pub partition: i32,
    #[n(2)]
    pub offset: i64,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub key: Option<Vec<u8>>,
    #[cbor(n(4), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    #[n(5)]
    pub headers: Vec<(Text, Option<minicbor::bytes::ByteVec>)>,
    /// Of the payload: by the reader's settings, which the receiver's may differ from.
    #[cbor(n(6), default)]
    pub format: Format,
}

/// What contacts say of an agent at an instant, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct AgentFacts {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub at: Timestamp,
    #[n(2)]
    pub sums: Tally,
}

/// Facts about one entity within one second, or one finest pane, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Delta {
    #[n(0)]
    pub entity: Entity,
    /// Where that begins.
    #[n(1)]
    pub second: Timestamp,
    #[n(2)]
    pub tally: Tally,
}

/// Facts of one desk within one grain of time, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct DeskFacts {
    #[n(0)]
    pub desk: Desk,
    /// Where that begins.
    #[n(1)]
    pub at: Timestamp,
    #[n(2)]
    pub sums: Tally,
}

impl DeskFacts {
    pub(super) fn cmp_place(&self, other: &Self) -> Ordering {
        (&self.desk, self.at).cmp(&(&other.desk, other.at))
    }
}

impl Delta {
    /// Takes the sums out.
    pub(super) fn take(&mut self) -> Self {
        Self {
            entity: self.entity.clone(),
            second: self.second,
            tally: std::mem::take(&mut self.tally),
        }
    }
}

impl Section {
    #[must_use]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(self)
    }

    /// Sums up deltas of one entity and second, and facts of one agent and instant; a gauge's last value counts.
    pub(super) fn join_deltas(&mut self) {
        sum_up(
            &mut self.deltas,
            |a, b| (&a.entity, a.second).cmp(&(&b.entity, b.second)),
            |delta| &mut delta.tally,
        );
        sum_up(
            &mut self.agent_facts,
            |a, b| (&a.agent, a.at).cmp(&(&b.agent, b.at)),
            |facts| &mut facts.sums,
        );
        sum_up(&mut self.desk_facts, DeskFacts::cmp_place, |facts| {
            &mut facts.sums
        });
        self.gauges.sort_by(|a, b| a.0.cmp(&b.0));
        self.gauges.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = next.1;
            }
            same
        });
    }

    /// The sections of a frame.
    ///
    /// # Errors
    /// When the bytes are not sections end to end.
    pub(super) fn read_all(frame: &[u8]) -> Result<Vec<Self>, minicbor::decode::Error> {
        let mut decoder = Decoder::new(frame);
        let mut sections = Vec::new();
        while decoder.position() < frame.len() {
            sections.push(decoder.decode()?);
        }
        Ok(sections)
    }
}

/// Sorts; those that are equal become one, with the sums of all, and none is left without sums.
fn sum_up<Item>(
    items: &mut Vec<Item>,
    order: impl Fn(&Item, &Item) -> Ordering,
    sums: impl Fn(&mut Item) -> &mut Tally,
) {
    items.sort_by(&order);
    items.dedup_by(|next, sum| {
        let same = order(next, sum) == Ordering::Equal;
        if same {
            sums(sum).merge(sums(next));
        }
        same
    });
    items.retain_mut(|item| !sums(item).is_empty());
}
