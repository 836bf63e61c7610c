//! The state of a task beside its parts: how far it has read, what it received of whom, what it counted. Written whole in each
//! state record.

use minicbor::{Decode, Encode};

use crate::{
    engine::{
        Counters,
        exchange::frame::SenderWatermarks,
        time::watermarks::{Watermark, WatermarkGenerator},
    },
    event::{Text, Timestamp},
};

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct Meta {
    /// Steps cut so far.
    #[n(0)]
    pub seq: u64,
    /// The version that wrote this.
    #[n(1)]
    pub writer: Text,
    #[n(2)]
    pub inputs: Vec<InputState>,
    /// Next offset of the exchange.
    #[n(3)]
    pub exchange_position: i64,
    /// By destination: the last step that had a section for it.
    #[n(4)]
    pub sent: Vec<u64>,
    /// By sender.
    #[n(5)]
    pub senders: Vec<SenderState>,
    #[n(6)]
    pub counters: Counters,
    /// Of the contact stage: timers up to here have fired.
    #[n(7)]
    pub contact_watermark: Watermark,
    /// Of the agents, queues and groups.
    #[n(8)]
    pub kpi_watermark: Watermark,
    /// The oldest event that the task's own inputs ever held.
    #[n(9)]
    pub began_at: Option<Timestamp>,
    /// This step wrote all queues and groups that had changed.
    #[n(10)]
    pub groups_written: bool,
    #[n(11)]
    pub agents_written: bool,
    /// This step wrote all records of contacts that were due.
    #[n(12)]
    pub contacts_written: bool,
    /// Of the customer stage: contacts whose time is up by then are settled.
    #[n(13)]
    pub customer_watermark: Watermark,
    /// Of the agent stage: states that were too old by then have ended.
    #[n(14)]
    pub agent_watermark: Watermark,
    /// The clock of a topic's records never goes back: records of an earlier clock than these are held back.
    #[cbor(n(15), default)]
    pub written_to: WrittenTo,
}

/// The newest clock that records of each kind were written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct WrittenTo {
    #[n(0)]
    pub groups: Option<Timestamp>,
    #[n(1)]
    pub agents: Option<Timestamp>,
    #[n(2)]
    pub scorecards: Option<Timestamp>,
}

/// How far one source partition has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct InputState {
    #[n(0)]
    pub topic: Text,
    #[n(1)]
    pub partition: i32,
    /// Next offset.
    #[n(2)]
    pub position: i64,
    #[n(3)]
    pub generator: WatermarkGenerator,
    /// Kafka's id of the topic that `position` is of, if the edge knows it.
    #[n(4)]
    pub topic_id: Option<Text>,
}

/// What is known of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(in crate::engine) struct SenderState {
    /// Its last step that was received.
    #[n(0)]
    pub seq: u64,
    #[n(1)]
    pub watermarks: SenderWatermarks,
    /// Frames of it are lost, and that was accepted: the next one is taken whatever it follows.
    #[cbor(n(2), default)]
    pub lost: bool,
}
