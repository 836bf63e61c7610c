//! What a task sends to another: forwarded events, what contacts say to customers, deltas, gauges, and the clocks of the sender. Sections of one transaction
//! for one destination are joined end to end into one record of the exchange.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Decoder, Encode};

use super::{
    clock::Clock,
    codec,
    customers::{CaseSaid, Repeats},
    desk::Desk,
    entity::Entity,
    gauge::Gauge,
    series::Series,
};
use crate::{
    agent::WrapUp,
    customer::JudgementUpdate,
    decode::Format,
    event::{AgentId, Text, Timestamp},
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
    /// Facts summed up by entity and second, or finest pane.
    #[n(5)]
    pub deltas: BTreeMap<Entity, Series>,
    #[n(6)]
    pub gauges: Vec<(Entity, Gauge)>,
    #[n(7)]
    pub cases: Vec<CaseSaid>,
    /// What contacts say of agents, by instant.
    #[cbor(n(8), default)]
    pub agent_facts: BTreeMap<AgentId, Series>,
    /// Reasons of being away that the deltas count.
    #[cbor(n(9), default)]
    pub reasons: BTreeSet<Text>,
    #[cbor(n(10), default)]
    pub repeats: Vec<Repeats>,
    #[cbor(n(11), default)]
    pub desk_facts: BTreeMap<Desk, Series>,
    #[cbor(n(12), default)]
    pub judged: Vec<JudgementUpdate>,
    /// When wrap-ups of agents begin and end.
    #[cbor(n(13), default)]
    pub wrap_ups: BTreeMap<WrapUp, Series>,
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

impl Section {
    #[must_use]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(self)
    }

    /// Drops sums that have become zero; a gauge's last value counts.
    pub(super) fn tidy(&mut self) {
        self.deltas.retain(|_, sums| !sums.drop_zeros());
        self.agent_facts.retain(|_, sums| !sums.drop_zeros());
        self.wrap_ups.retain(|_, sums| !sums.drop_zeros());
        self.desk_facts.retain(|_, sums| !sums.drop_zeros());
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
