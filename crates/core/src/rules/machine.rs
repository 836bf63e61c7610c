//! The machine of all rules: takes signals, and judges them at the end of each pane.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use minicbor::{Decode, Encode};

use super::{
    GroupRule, Life, RuleKind,
    agent::pass_states,
    alarm::{Alarm, Tracked},
    queue::QueueView,
    series::{Series, Totals},
    signal::{PANE, Signals, Subject},
    state::{AgentState, PastDays, QueueState},
};
use crate::{
    contact::ContactSettings,
    event::{AgentId, Channel, QueueId, Span, Timestamp},
    rules::RulesSettings,
};

/// Signals are kept for so long.
pub(super) const KEPT: Span = Span::from_secs(75 * 60);
/// Contacts behind counts are kept for so long.
const CONTACTS_KEPT: Span = Span::from_secs(1_800);
/// When there has been no signal for so long, no rule has anything left to look at.
const SILENT_AFTER: Span = Span::from_secs(2 * 3_600);
/// Where nothing happens, rules are judged so often.
const LOOKS_EVERY: Span = Span::from_secs(60);
/// So much of a subject's series is one part of the state.
const BLOCK: Span = Span::from_secs(300);
const AGENT_BLOCK: Span = Span::from_secs(1_800);
/// Who has not been seen for so long is forgotten.
const AGENT_KEPT: Span = Span::from_secs(7 * 86_400);

/// A part of the machine's state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum StateKey {
    /// How far it has judged.
    #[n(0)]
    Clock,
    /// The panes of a subject that begin within a stretch of time.
    #[n(1)]
    Block(#[n(0)] Subject, #[n(1)] Timestamp),
    #[n(2)]
    Queue(#[n(0)] QueueId),
    #[n(3)]
    PastDays(#[n(0)] QueueId),
    #[n(4)]
    Agent(#[n(0)] AgentId),
    /// The life of a rule's alert about a subject.
    #[n(5)]
    Alarm(#[n(0)] String, #[n(1)] String),
}

impl StateKey {
    /// Returns the name of what it is of; parts of one name lie together.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Clock => String::new(),
            Self::Block(subject, _) => subject.to_string(),
            Self::Queue(id) | Self::PastDays(id) => format!("queue:{id}"),
            Self::Agent(id) => format!("agent:{id}"),
            Self::Alarm(_, subject) => subject.clone(),
        }
    }
}

/// What all parts share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Clock {
    /// Everything before this has been judged.
    #[n(0)]
    pub judged_to: Option<Timestamp>,
    /// The first pane with a signal.
    #[n(1)]
    pub began_at: Option<Timestamp>,
    /// The last judged pane with a signal.
    #[n(2)]
    pub last_signal_at: Option<Timestamp>,
}

/// The rules of a deployment with what they remember. A function of the signals: the order in which they come within a pane, and within
/// [`RulesSettings::settle`] behind it, makes no difference.
#[derive(Debug)]
pub struct Rules {
    pub(super) settings: Arc<RulesSettings>,
    pub(super) contacts: Arc<ContactSettings>,
    pub(super) clock: Clock,
    pub(super) series: BTreeMap<Subject, Series>,
    /// Of all agents of a queue and channel together; made of theirs.
    pub(super) peers: BTreeMap<(QueueId, Channel), Series>,
    pub(super) queues: BTreeMap<QueueId, QueueState>,
    pub(super) days: BTreeMap<QueueId, PastDays>,
    pub(super) agents: BTreeMap<AgentId, AgentState>,
    /// Who has served a queue lately; made of the agents' states.
    pub(super) servers: BTreeMap<QueueId, BTreeSet<AgentId>>,
    pub(super) alarms: BTreeMap<(RuleKind, String), Tracked>,
    /// The subjects with signals, by pane; those of the past are kept while their signals are.
    subjects: BTreeMap<Timestamp, BTreeSet<Subject>>,
    changed: BTreeSet<StateKey>,
}

impl Rules {
    #[must_use]
    pub fn new(settings: &RulesSettings, contacts: &ContactSettings) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            contacts: Arc::new(contacts.clone()),
            clock: Clock::default(),
            series: BTreeMap::new(),
            peers: BTreeMap::new(),
            queues: BTreeMap::new(),
            days: BTreeMap::new(),
            agents: BTreeMap::new(),
            servers: BTreeMap::new(),
            alarms: BTreeMap::new(),
            subjects: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Applies other promises.
    pub fn apply_settings(&mut self, contacts: &ContactSettings) {
        self.contacts = Arc::new(contacts.clone());
    }

    /// Adds the signals of a subject in a pane.
    pub fn add(&mut self, pane: Timestamp, subject: &Subject, signals: &Signals) {
        if self.clock.judged_to.is_some_and(|to| pane < to - KEPT) {
            return;
        }
        if self.clock.began_at.is_none_or(|began_at| pane < began_at) {
            self.clock.began_at = Some(pane);
            self.changed.insert(StateKey::Clock);
        }
        if let Subject::AgentQueue(queue, channel, _) = subject {
            let group = (queue.clone(), *channel);
            self.peers.entry(group).or_default().add(pane, signals);
        }
        let start = pane.floor(block_of(subject));
        self.changed.insert(StateKey::Block(subject.clone(), start));
        let series = self.series.entry(subject.clone()).or_default();
        series.add(pane, signals);
        if self.clock.judged_to.is_none_or(|to| to <= pane) {
            self.subjects
                .entry(pane)
                .or_default()
                .insert(subject.clone());
        }
        // What comes after its pane was judged has still changed who waits and who is there.
        if self.clock.judged_to.is_some_and(|to| pane < to) {
            self.pass_subject(pane, subject, signals);
        }
    }

    /// Returns whether a pane has ended by `now`, less the time to settle, that is not judged yet.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_edge()
            .is_some_and(|edge| edge + self.settings.settle <= now)
    }

    fn next_edge(&self) -> Option<Timestamp> {
        let began_at = self.clock.began_at?;
        let judged = self.clock.judged_to.unwrap_or(began_at);
        Some(judged + PANE)
    }

    /// Judges all panes that have ended by `now`, less the time to settle. Returns the alerts that have changed, in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        while let Some(edge) = self.next_edge() {
            if now < edge + self.settings.settle {
                break;
            }
            if self.pass_silence(edge, now) {
                continue;
            }
            let is_empty = self.pass_pane(edge - PANE);
            self.clock.judged_to = Some(edge);
            self.changed.insert(StateKey::Clock);
            // While nothing happens it is enough to look now and then.
            if !is_empty || edge.floor(LOOKS_EVERY) == edge || self.is_any_alive() {
                self.judge(edge, &mut alarms);
            }
            self.forget(edge);
        }
        alarms
    }

    /// Passes over a long silence, in which no rule has anything to look at. Returns whether there was one.
    fn pass_silence(&mut self, edge: Timestamp, now: Timestamp) -> bool {
        let is_silent = self
            .clock
            .last_signal_at
            .is_none_or(|at| at + SILENT_AFTER < edge);
        let next = self.subjects.keys().next().copied();
        let to = next.unwrap_or(now - self.settings.settle).floor(PANE);
        if !is_silent || to <= edge {
            return false;
        }
        self.clock.judged_to = Some(to);
        self.changed.insert(StateKey::Clock);
        self.forget(to.floor(BLOCK));
        true
    }

    fn is_any_alive(&self) -> bool {
        let mut lives = self.alarms.values().map(|tracked| &tracked.life);
        lives.any(Life::is_alive)
    }

    /// Moves the states of queues and agents on over a pane. Returns whether it is empty.
    fn pass_pane(&mut self, start: Timestamp) -> bool {
        let subjects = self.subjects.remove(&start).unwrap_or_default();
        let is_empty = subjects.is_empty();
        if !is_empty {
            self.clock.last_signal_at = Some(start);
        }
        for subject in subjects {
            let signals = self
                .series
                .get(&subject)
                .and_then(|series| series.pane(start));
            let Some(signals) = signals.cloned() else {
                continue;
            };
            self.pass_subject(start, &subject, &signals);
            if let Subject::AgentQueue(queue, channel, agent) = subject {
                self.observe(start, (queue, channel), agent, &signals);
            }
        }
        is_empty
    }

    fn pass_subject(&mut self, start: Timestamp, subject: &Subject, signals: &Signals) {
        match subject {
            Subject::Queue(id) => {
                let queue = self.queues.entry(id.clone()).or_default();
                if queue.pass(start, signals) {
                    self.changed.insert(StateKey::Queue(id.clone()));
                }
                if queue.is_empty() {
                    self.queues.remove(id);
                }
            }
            Subject::Agent(id) => {
                pass_states(self.agents.entry(id.clone()).or_default(), start, signals);
                self.changed.insert(StateKey::Agent(id.clone()));
            }
            Subject::AgentQueue(..)
            | Subject::Reason(..)
            | Subject::Feed(_)
            | Subject::Source(_) => {}
        }
    }

    /// Drops what no rule asks for any more.
    fn forget(&mut self, now: Timestamp) {
        // Once in a block is often enough.
        if now.floor(BLOCK) != now {
            return;
        }
        let before = now - KEPT;
        let changed = &mut self.changed;
        for (subject, series) in &mut self.series {
            let step = block_of(subject);
            let Some((first, last)) = series.drop_before(before.floor(step)) else {
                continue;
            };
            let mut start = first.floor(step);
            while start <= last {
                changed.insert(StateKey::Block(subject.clone(), start));
                start = start + step;
            }
        }
        self.series.retain(|_, series| !series.is_empty());
        for series in self.peers.values_mut() {
            series.drop_before(before);
        }
        self.peers.retain(|_, series| !series.is_empty());
        self.forget_agents(now);
        let over: Vec<(RuleKind, String)> = (self.alarms.iter())
            .filter(|(_, tracked)| tracked.life.is_over(now))
            .map(|(key, _)| key.clone())
            .collect();
        for (kind, subject) in over {
            self.alarms.remove(&(kind, subject.clone()));
            self.changed
                .insert(StateKey::Alarm(kind.name().to_owned(), subject));
        }
    }

    fn forget_agents(&mut self, now: Timestamp) {
        let gone: Vec<AgentId> = (self.agents.iter())
            .filter(|(_, state)| {
                let served = state.served.values().filter_map(|served| served.last_at);
                let last = served.chain(state.changed_at).max();
                state.present <= 0 && last.is_none_or(|at| at + AGENT_KEPT < now)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.agents.remove(&id);
            self.servers.values_mut().for_each(|all| {
                all.remove(&id);
            });
            self.changed.insert(StateKey::Agent(id));
        }
    }

    pub(super) fn note_changed(&mut self, key: StateKey) {
        self.changed.insert(key);
    }

    pub(super) fn rule(&self, kind: RuleKind) -> &GroupRule {
        self.settings.of(kind)
    }

    /// Returns when signals began; `now` before there are any.
    pub(super) fn began_by(&self, now: Timestamp) -> Timestamp {
        self.clock.began_at.unwrap_or(now)
    }

    /// Returns a queue with what its rules ask for.
    pub(super) fn view<'a>(
        &'a self,
        id: &'a QueueId,
        series: &'a Series,
        now: Timestamp,
    ) -> QueueView<'a> {
        let parts = (self.queues.get(id), self.days.get(id));
        QueueView::new(id, (now, self.began_by(now)), series, parts)
    }

    /// Returns the agents who serve a queue, by what they have done lately.
    pub(super) fn serving(&self, queue: &QueueId) -> impl Iterator<Item = (&AgentId, &AgentState)> {
        let ids = self.servers.get(queue).into_iter().flatten();
        ids.filter_map(|id| self.agents.get_key_value(id))
    }

    /// Returns the counts of the peers of an agent over the last `span`.
    pub(super) fn peers_of(
        &self,
        (queue, channel, agent): (&QueueId, Channel, &AgentId),
        (to, span): (Timestamp, Span),
    ) -> Totals {
        let group = self.peers.get(&(queue.clone(), channel));
        let all = group.map_or_else(Totals::default, |series| series.last(to, span));
        let own = Subject::AgentQueue(queue.clone(), channel, agent.clone());
        let own = self.series.get(&own);
        own.map_or(all, |series| all.without(&series.last(to, span)))
    }

    /// Takes the parts that have changed since the last call, with their images; `None`: gone.
    pub fn take_changed(&mut self) -> Vec<(StateKey, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        (changed.into_iter())
            .map(|key| {
                let image = self.image(&key);
                (key, image)
            })
            .collect()
    }

    fn image(&self, key: &StateKey) -> Option<Vec<u8>> {
        match key {
            StateKey::Clock => Some(encode(&self.clock)),
            StateKey::Block(subject, start) => {
                let series = self.series.get(subject)?;
                let mut block = series.block(*start, *start + block_of(subject));
                block.forget_contacts(self.contacts_from());
                (!block.is_empty()).then(|| encode(&block))
            }
            StateKey::Queue(id) => self.queues.get(id).map(encode),
            StateKey::PastDays(id) => self.days.get(id).map(encode),
            StateKey::Agent(id) => self.agents.get(id).map(encode),
            StateKey::Alarm(kind, subject) => {
                let kind = RuleKind::from_name(kind)?;
                self.alarms.get(&(kind, subject.clone())).map(encode)
            }
        }
    }

    fn contacts_from(&self) -> Timestamp {
        let judged_to = self.clock.judged_to.unwrap_or(Timestamp::MIN);
        judged_to.floor(CONTACTS_KEPT) - CONTACTS_KEPT
    }

    /// Restores a part from its image.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub fn restore(&mut self, key: &StateKey, image: &[u8]) -> Result<(), minicbor::decode::Error> {
        match key {
            StateKey::Clock => self.clock = minicbor::decode(image)?,
            StateKey::Block(subject, _) => {
                let block: Series = minicbor::decode(image)?;
                if let Subject::AgentQueue(queue, channel, _) = subject {
                    let group = (queue.clone(), *channel);
                    self.peers.entry(group).or_default().append(&block);
                }
                for start in block.starts() {
                    let subjects = self.subjects.entry(start).or_default();
                    subjects.insert(subject.clone());
                }
                let series = self.series.entry(subject.clone()).or_default();
                series.append(&block);
            }
            StateKey::Queue(id) => {
                self.queues.insert(id.clone(), minicbor::decode(image)?);
            }
            StateKey::PastDays(id) => {
                self.days.insert(id.clone(), minicbor::decode(image)?);
            }
            StateKey::Agent(id) => {
                let state: AgentState = minicbor::decode(image)?;
                for (queue, _) in state.served.keys() {
                    (self.servers.entry(queue.clone()).or_default()).insert(id.clone());
                }
                self.agents.insert(id.clone(), state);
            }
            StateKey::Alarm(kind, subject) => {
                if let Some(kind) = RuleKind::from_name(kind) {
                    let tracked = minicbor::decode(image)?;
                    self.alarms.insert((kind, subject.clone()), tracked);
                }
            }
        }
        Ok(())
    }

    /// Ends a restore: all parts were handed over.
    pub fn start(&mut self) {
        if let Some(judged_to) = self.clock.judged_to {
            self.subjects = self.subjects.split_off(&judged_to);
        }
    }
}

const fn block_of(subject: &Subject) -> Span {
    if subject.is_of_agent() {
        AGENT_BLOCK
    } else {
        BLOCK
    }
}

fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing into memory can't fail.
    let written = minicbor::encode(value, &mut bytes);
    debug_assert!(written.is_ok());
    bytes
}
