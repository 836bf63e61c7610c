//! Signals: the counts that rules look at, by subject and pane of time.

use std::{collections::BTreeMap, fmt};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::event::{AgentId, Channel, ContactId, QueueId, Span, TeamId, Text, Timestamp};

/// Panes begin at whole multiples of this.
pub const PANE: Span = Span::from_secs(15);
/// Signals are kept for so long.
pub(super) const KEPT: Span = Span::from_secs(75 * 60);

/// What signals are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Subject {
    #[n(0)]
    Queue(#[n(0)] QueueId),
    /// What an agent did in a queue and channel.
    #[n(1)]
    AgentQueue(#[n(0)] QueueId, #[n(1)] Channel, #[n(2)] AgentId),
    /// The states of an agent.
    #[n(2)]
    Agent(#[n(0)] AgentId),
    /// A contact reason in the queue where such contacts begin.
    #[n(3)]
    Reason(#[n(0)] Text, #[n(1)] QueueId),
    /// The events of a channel.
    #[n(4)]
    Feed(#[n(0)] Channel),
    /// The records of a source topic.
    #[n(5)]
    Source(#[n(0)] Text),
    /// That an agent is there as one of a team.
    #[n(6)]
    Team(#[n(0)] TeamId, #[n(1)] AgentId),
}

/// One kind of count. Its code is part of the state's format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Offered,
    Answered,
    /// Short ones included.
    Abandoned,
    /// Waits that left for a callback.
    CallbacksAsked,
    /// Obligations of the queue or agent that were missed.
    Missed,
    Met,
    /// Answer obligations of a queue, missed and met.
    AnswersMissed,
    AnswersMet,
    /// Complete engagements on live channels; on others, turns of the agent.
    Handled,
    /// Sum of the natural logarithms of their seconds, in thousandths.
    LogHandle,
    /// Sum of the squares of these logarithms, in thousandths.
    LogHandleSquared,
    /// Sum of their seconds.
    HandleSeconds,
    /// Engagements that ended, and those of them that ended by a transfer.
    Ended,
    Transferred,
    /// Dispositions, and those that leave the matter unresolved.
    Dispositions,
    Unresolved,
    /// Surveys, those below the middle of their scale, and those at its top.
    Rated,
    RatedLow,
    RatedTop,
    /// Offers that rang out or were declined.
    OffersMissed,
    /// Seconds that those who gave up had waited, and those who were answered.
    SecondsWaited,
    /// Changes of whether an agent is there and logged on: by how much, and for the first, the milliseconds from the change to the end of
    /// the pane.
    PresentStep,
    PresentMillis,
    LoggedOnStep,
    /// Contacts begun with a reason.
    Begun,
    /// Events that were applied and repeated, by when they occurred; and all that arrived and those of them that came more than a
    /// minute behind their source's watermark, by that watermark.
    Applied,
    Repeated,
    Arrived,
    Late,
    /// Records that were read, and that became dead letters.
    Read,
    DeadLettered,
    /// Waits that began, by channel.
    OfferedBy(Channel),
    /// Waits that ended, by how many panes ago they had begun.
    WaitEnded {
        panes: u32,
    },
}

const WAIT_ENDED: u32 = 1 << 10;

impl Signal {
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::Offered => 0,
            Self::Answered => 1,
            Self::Abandoned => 2,
            Self::CallbacksAsked => 3,
            Self::Missed => 4,
            Self::Met => 5,
            Self::AnswersMissed => 6,
            Self::AnswersMet => 7,
            Self::Handled => 8,
            Self::LogHandle => 9,
            Self::LogHandleSquared => 10,
            Self::HandleSeconds => 11,
            Self::Ended => 12,
            Self::Transferred => 13,
            Self::Dispositions => 14,
            Self::Unresolved => 15,
            Self::Rated => 16,
            Self::RatedLow => 17,
            Self::RatedTop => 18,
            Self::OffersMissed => 19,
            Self::SecondsWaited => 20,
            Self::PresentStep => 23,
            Self::PresentMillis => 24,
            Self::LoggedOnStep => 25,
            Self::Begun => 27,
            Self::Applied => 28,
            Self::Repeated => 29,
            Self::Late => 30,
            Self::Read => 31,
            Self::DeadLettered => 32,
            Self::Arrived => 33,
            Self::OfferedBy(channel) => 40 + channel as u32,
            Self::WaitEnded { panes } => WAIT_ENDED.saturating_add(panes),
        }
    }
}

/// Counts of one subject in one pane, or in several. Sparse: only what is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Signals {
    /// Sorted by code.
    #[n(0)]
    counts: Vec<(u32, i64)>,
    /// Contacts for whom something went wrong, and how often.
    #[cbor(n(1), default, skip_if = "BTreeMap::is_empty")]
    contacts: BTreeMap<ContactId, i64>,
}

impl Signals {
    pub fn add(&mut self, signal: Signal, amount: i64) {
        self.add_code(signal.code(), amount);
    }

    /// Notes a contact for whom something went wrong.
    pub fn add_contact(&mut self, contact: &ContactId, amount: i64) {
        let known = self.contacts.entry(contact.clone()).or_default();
        *known += amount;
        if *known == 0 {
            self.contacts.remove(contact);
        }
    }

    fn add_code(&mut self, code: u32, amount: i64) {
        if amount == 0 {
            return;
        }
        match self.counts.binary_search_by_key(&code, |sum| sum.0) {
            Ok(place) if self.counts[place].1 + amount == 0 => {
                self.counts.remove(place);
            }
            Ok(place) => self.counts[place].1 += amount,
            Err(place) => self.counts.insert(place, (code, amount)),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for &(code, amount) in &other.counts {
            self.add_code(code, amount);
        }
        for (contact, amount) in &other.contacts {
            self.add_contact(contact, *amount);
        }
    }

    #[must_use]
    pub fn get(&self, signal: Signal) -> i64 {
        let code = signal.code();
        (self.counts.binary_search_by_key(&code, |sum| sum.0))
            .map_or(0, |place| self.counts[place].1)
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = (u32, i64)> {
        self.counts.iter().copied()
    }

    /// Returns the ended waits: how many panes before they had begun, and their number.
    pub fn waits_ended(&self) -> impl Iterator<Item = (u32, i64)> {
        let from = self.counts.partition_point(|sum| sum.0 < WAIT_ENDED);
        self.counts[from..]
            .iter()
            .map(|&(code, number)| (code - WAIT_ENDED, number))
    }

    /// Returns the contacts for whom something went wrong.
    pub fn contacts(&self) -> impl Iterator<Item = &ContactId> {
        let wronged = self.contacts.iter().filter(|(_, times)| **times > 0);
        wronged.map(|(contact, _)| contact)
    }

    /// Returns the counts alone.
    #[must_use]
    pub fn without_contacts(&self) -> Self {
        Self {
            counts: self.counts.clone(),
            contacts: BTreeMap::new(),
        }
    }

    /// Becomes the counts of another, without contacts.
    pub(super) fn copy_counts(&mut self, other: &Self) {
        self.counts.clone_from(&other.counts);
        self.contacts.clear();
    }

    pub fn forget_contacts(&mut self) {
        self.contacts.clear();
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.contacts.is_empty()
    }
}

/// The signals that a step emits: by subject, then by pane, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalBatch(HashMap<Subject, Vec<(Timestamp, Signals)>, FixedState>);

impl SignalBatch {
    /// Returns the signals of the pane that `at` lies in, to be added to.
    pub fn at(&mut self, subject: Subject, at: Timestamp) -> &mut Signals {
        pane_of(self.0.entry(subject).or_default(), at.floor(PANE))
    }

    pub fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        for (subject, panes) in other.0 {
            let known = self.0.entry(subject).or_default();
            for (pane, signals) in panes {
                pane_of(known, pane).merge(&signals);
            }
        }
    }

    /// Drops what has become zero. Returns whether nothing is left.
    pub fn drop_zeros(&mut self) -> bool {
        self.0.retain(|_, panes| {
            panes.retain(|(_, signals)| !signals.is_empty());
            !panes.is_empty()
        });
        self.0.is_empty()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns where the newest pane begins.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        let last = |panes: &Vec<(Timestamp, Signals)>| panes.last().map(|(pane, _)| *pane);
        self.0.values().filter_map(last).max()
    }

    /// Returns the subjects with their panes, in no order.
    pub fn into_subjects(self) -> impl Iterator<Item = (Subject, Vec<(Timestamp, Signals)>)> {
        self.0.into_iter()
    }

    /// Returns the subjects with their panes, in the order of the subjects.
    fn sorted(&self) -> Vec<(&Subject, &[(Timestamp, Signals)])> {
        let mut all: Vec<_> = (self.0.iter())
            .map(|(subject, panes)| (subject, panes.as_slice()))
            .collect();
        all.sort_unstable_by_key(|(subject, _)| *subject);
        all
    }
}

fn pane_of(panes: &mut Vec<(Timestamp, Signals)>, pane: Timestamp) -> &mut Signals {
    let place = panes.partition_point(|(start, _)| *start < pane);
    if panes.get(place).is_none_or(|(start, _)| *start != pane) {
        panes.insert(place, (pane, Signals::default()));
    }
    &mut panes[place].1
}

impl<C> Encode<C> for SignalBatch {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let all = self.sorted();
        encoder.map(all.len() as u64)?;
        for (subject, panes) in all {
            subject.encode(encoder, context)?;
            panes.encode(encoder, context)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for SignalBatch {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        let all = decoder.map_iter_with(context)?;
        all.collect::<Result<_, _>>().map(Self)
    }
}

impl Subject {
    /// Returns whether it is an agent, or an agent in a queue or team.
    #[must_use]
    pub const fn is_of_agent(&self) -> bool {
        matches!(self, Self::AgentQueue(..) | Self::Agent(_) | Self::Team(..))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(id) => write!(formatter, "queue:{id}"),
            Self::AgentQueue(queue, channel, agent) => {
                write!(
                    formatter,
                    "agent:{agent}/queue:{queue}/channel:{}",
                    channel.name()
                )
            }
            Self::Agent(id) => write!(formatter, "agent:{id}"),
            Self::Team(team, agent) => write!(formatter, "agent:{agent}/team:{team}"),
            Self::Reason(reason, queue) => write!(formatter, "reason:{reason}/queue:{queue}"),
            Self::Feed(channel) => write!(formatter, "feed:{}", channel.name()),
            Self::Source(topic) => write!(formatter, "feed:{topic}"),
        }
    }
}
