//! What a task sends to another: forwarded events, updates of cases, facts, gauges, and the watermarks of the sender. Sections of one
//! transaction for one destination are joined end to end into one record of the exchange.

use std::collections::BTreeSet;

use minicbor::{Decode, Decoder, Encode};

use crate::{
    agent::WrapUp,
    customer::JudgementUpdate,
    decode::Format,
    engine::{
        agent_queue::AgentQueue,
        entity::Entity,
        exchange::{
            gauge::Gauge,
            message::{CaseUpdate, Repeats},
            time_series::SortedSeries,
        },
        state::codec,
        time::watermarks::{InputProgress, Watermark},
    },
    event::{AgentId, Text, Timestamp},
    rules::SignalBatch,
};

/// One sender's part of a frame.
#[derive(Debug, PartialEq, Default, Encode, Decode)]
pub(in crate::engine) struct Section {
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
    pub watermarks: SenderWatermarks,
    #[n(4)]
    pub forwards: Vec<Forward>,
    /// Facts summed up by entity and second, or finest pane.
    #[n(5)]
    pub entity_facts: SortedSeries<Entity>,
    #[n(6)]
    pub gauges: Vec<(Entity, Gauge)>,
    #[n(7)]
    pub cases: Vec<CaseUpdate>,
    /// Facts of contacts about agents, by instant.
    #[cbor(n(8), default)]
    pub agent_facts: SortedSeries<AgentId>,
    /// Reasons of being away that the facts count.
    #[cbor(n(9), default)]
    pub reasons: BTreeSet<Text>,
    #[cbor(n(10), default)]
    pub repeats: Vec<Repeats>,
    #[cbor(n(11), default)]
    pub agent_queue_facts: SortedSeries<AgentQueue>,
    #[cbor(n(12), default)]
    pub judged: Vec<JudgementUpdate>,
    /// When wrap-ups of agents begin and end.
    #[cbor(n(13), default)]
    pub wrap_ups: SortedSeries<WrapUp>,
    /// What rules look at.
    #[cbor(n(14), default)]
    pub signals: SignalBatch,
}

/// The watermarks of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct SenderWatermarks {
    /// Of its inputs.
    #[n(0)]
    pub input: Watermark,
    /// How far its inputs have been read, for lateness.
    #[n(1)]
    pub input_progress: InputProgress,
    /// Of its contact stage: no fact earlier will come, but for late evidence.
    #[n(2)]
    pub contact: Watermark,
    /// The oldest event that its inputs ever held.
    #[n(3)]
    pub began_at: Option<Timestamp>,
    /// Of its customer stage.
    #[n(4)]
    pub customer: Watermark,
    /// Of its agent stage.
    #[n(5)]
    pub agent: Watermark,
    /// No fact will be emitted that is older than this by more than the lateness, but for sums that are corrected.
    #[n(6)]
    pub retention: Option<Timestamp>,
}

impl SenderWatermarks {
    pub(in crate::engine) fn see_event(&mut self, at: Timestamp) {
        self.began_at = Some(self.began_at.map_or(at, |known| known.min(at)));
    }
}

/// An event for a contact of another task, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(in crate::engine) struct Forward {
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
    /// Format of the payload by the reader's settings; the receiver's may differ.
    #[cbor(n(6), default)]
    pub format: Format,
}

impl Section {
    #[must_use]
    pub(in crate::engine) fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(self)
    }

    /// Drops sums that have become zero; a gauge's last value counts.
    pub(in crate::engine) fn tidy(&mut self) {
        self.entity_facts.drop_zeros();
        self.agent_facts.drop_zeros();
        self.wrap_ups.drop_zeros();
        self.agent_queue_facts.drop_zeros();
        self.signals.drop_zeros();
        self.gauges.sort_by(|a, b| a.0.cmp(&b.0));
        self.gauges.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = next.1;
            }
            same
        });
    }

    /// Reads the sections of a frame.
    ///
    /// # Errors
    /// When the bytes are not sections end to end.
    pub(in crate::engine) fn read_all(frame: &[u8]) -> Result<Vec<Self>, minicbor::decode::Error> {
        let mut decoder = Decoder::new(frame);
        let mut sections = Vec::new();
        while decoder.position() < frame.len() {
            sections.push(decoder.decode()?);
        }
        Ok(sections)
    }
}
