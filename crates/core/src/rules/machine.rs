//! The machine of all rules: takes signals, and judges them at the end of each pane.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use minicbor::{Decode, Encode};

use super::{
    GroupRule, Life, Recognition, RuleKind, StateKey,
    agent::pass_states,
    alarm::{Alarm, Alarms},
    journal::Journal,
    queue::{Lately, QueueView, spans_of_queues},
    recognition::{Doer, Merits},
    series::{SeriesBySubject, Totals},
    signal::{KEPT, PANE, Signal, SignalBatch, Signals, Subject},
    state::{AgentState, PastDays, QueueState},
    windows::{Running, Windows},
};
use crate::{
    contact::ContactSettings,
    event::{AgentId, Channel, QueueId, Span, Timestamp},
    rules::RulesSettings,
};

/// Contacts behind counts are kept for so long.
const CONTACTS_KEPT: Span = Span::from_secs(1_800);
/// When there has been no signal for so long, no rule has anything left to look at.
const SILENT_AFTER: Span = Span::from_secs(2 * 3_600);
/// Where nothing happens, rules are judged so often.
pub(super) const LOOKS_EVERY: Span = Span::from_secs(60);
/// Peers are seen over so long.
const PEERS_OVER: Span = Span::from_secs(2_700);
/// Where less has happened than in so many panes, and fewer wait, there is nothing to judge.
const PANES_MIN: usize = 3;
const WAITING_MIN: i64 = 3;
/// What no rule asks for any more is dropped so often.
const FORGETS_EVERY: Span = Span::from_secs(900);
/// Who has not been seen for so long is forgotten.
const AGENT_KEPT: Span = Span::from_secs(7 * 86_400);

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
    pub(super) series: SeriesBySubject,
    pub(super) journal: Journal,
    /// Of all agents of a queue and channel together; made of theirs.
    pub(super) peers: BTreeMap<(QueueId, Channel), Running>,
    /// Over which they are summed: that of the evidence about agents, and that of `agent.sla`.
    pub(super) peer_spans: [Span; 2],
    pub(super) queues: BTreeMap<QueueId, QueueState>,
    pub(super) days: BTreeMap<QueueId, PastDays>,
    pub(super) agents: BTreeMap<AgentId, AgentState>,
    /// Who has served a queue lately; made of the agents' states.
    pub(super) servers: BTreeMap<QueueId, BTreeSet<AgentId>>,
    /// The newest pane in which an agent missed what they owed; made of the series. Of all others `agent.sla` finds nothing.
    pub(super) missed_at: HashMap<AgentId, Timestamp, FixedState>,
    pub(super) alarms: Alarms,
    pub(super) merits: BTreeMap<Doer, Merits>,
    /// Who did anything in the pane that is judged.
    pub(super) did_anything: BTreeSet<Doer>,
    pub(super) recognitions: Vec<Recognition>,
    /// Running sums over [`Self::spans`]; made of the series.
    pub(super) windows: BTreeMap<QueueId, Windows>,
    /// The spans that rules about queues look back over, ascending.
    pub(super) spans: Vec<Span>,
    /// The subjects with signals in each pane that is not judged yet, some more than once.
    pub(super) subjects: BTreeMap<Timestamp, Vec<Subject>>,
    pub(super) changed: BTreeSet<StateKey>,
}

impl Rules {
    #[must_use]
    pub fn new(settings: &RulesSettings, contacts: &ContactSettings) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            contacts: Arc::new(contacts.clone()),
            clock: Clock::default(),
            series: SeriesBySubject::default(),
            journal: Journal::default(),
            peers: BTreeMap::new(),
            peer_spans: [PEERS_OVER, settings.of(RuleKind::AgentSla).window],
            queues: BTreeMap::new(),
            days: BTreeMap::new(),
            agents: BTreeMap::new(),
            servers: BTreeMap::new(),
            missed_at: HashMap::default(),
            alarms: Alarms::default(),
            merits: BTreeMap::new(),
            did_anything: BTreeSet::new(),
            recognitions: Vec::new(),
            windows: BTreeMap::new(),
            spans: spans_of_queues(settings),
            subjects: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Applies other promises.
    pub fn apply_settings(&mut self, contacts: &ContactSettings) {
        self.contacts = Arc::new(contacts.clone());
    }

    /// Adds the signals of a step.
    pub fn add(&mut self, batch: SignalBatch) {
        self.journal.add(&batch);
        for (subject, panes) in batch.into_subjects() {
            for (pane, signals) in panes {
                self.add_pane(pane, &subject, signals);
            }
        }
    }

    fn add_pane(&mut self, pane: Timestamp, subject: &Subject, signals: Signals) {
        if self.clock.judged_to.is_some_and(|to| pane < to - KEPT) {
            return;
        }
        if self.clock.began_at.is_none_or(|began_at| pane < began_at) {
            self.clock.began_at = Some(pane);
            self.changed.insert(StateKey::Clock);
        }
        if self.clock.judged_to.is_none_or(|to| to <= pane) {
            (self.subjects.entry(pane).or_default()).push(subject.clone());
        } else {
            // What comes after its pane was judged has still changed who waits and who is there.
            self.pass_subject(pane, subject, &signals);
        }
        self.add_to_series(pane, subject, signals);
    }

    pub(super) fn add_to_series(&mut self, pane: Timestamp, subject: &Subject, signals: Signals) {
        if let Subject::AgentQueue(queue, channel, agent) = subject {
            let group = (queue.clone(), *channel);
            let peers = self.peers.entry(group).or_default();
            peers.add(pane, &signals, &self.peer_spans);
            if signals.get(Signal::Missed) != 0 {
                let missed_at = self.missed_at.entry(agent.clone()).or_insert(pane);
                *missed_at = pane.max(*missed_at);
            }
        }
        if let Subject::Queue(queue) = subject
            && let Some(windows) = self.windows.get_mut(queue)
        {
            windows.add_late(pane, &signals, &self.spans);
        }
        self.series.add(pane, subject, signals);
    }

    /// Notes that somebody has taken an alert up. Returns whether it fires, and nobody had before.
    pub fn acknowledge(&mut self, alert: &str) -> bool {
        let found = self.alarms.iter().find(|(.., tracked)| tracked.id == alert);
        let Some((kind, subject, tracked)) = found else {
            return false;
        };
        if tracked.life.firing().is_none() || tracked.acknowledged {
            return false;
        }
        let (subject, mut tracked) = (subject.to_owned(), tracked.clone());
        tracked.acknowledged = true;
        self.changed.insert(StateKey::Alarm(
            self.settings.name_of(kind).to_owned(),
            subject.clone(),
        ));
        self.alarms.insert(kind, subject, tracked);
        true
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
            let awake = self.pass_pane(edge - PANE);
            self.clock.judged_to = Some(edge);
            self.changed.insert(StateKey::Clock);
            self.recognize(edge);
            // While nothing happens it is enough to look now and then.
            if awake.any || awake.all || self.is_any_alive() {
                self.judge(edge, &awake, &mut alarms);
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
        self.forget(to.floor(FORGETS_EVERY));
        true
    }

    fn is_any_alive(&self) -> bool {
        let mut lives = self.alarms.iter().map(|(.., tracked)| &tracked.life);
        lives.any(Life::is_alive)
    }

    /// Moves the states of queues and agents on over a pane. Returns what is to be looked at.
    fn pass_pane(&mut self, start: Timestamp) -> Awake {
        let edge = start + PANE;
        // What came late is looked at with what follows.
        self.did_anything.clear();
        let mut subjects = self.subjects.remove(&start).unwrap_or_default();
        subjects.sort_unstable();
        subjects.dedup();
        let mut awake = Awake {
            any: !subjects.is_empty(),
            all: edge.floor(LOOKS_EVERY) == edge,
            ..Awake::default()
        };
        if awake.any {
            self.clock.last_signal_at = Some(start);
        }
        let mut left_by_queue: BTreeMap<QueueId, usize> = BTreeMap::new();
        let mut signals = Signals::default();
        for subject in subjects {
            let series = self.series.get(&subject);
            let Some(counts) = series.and_then(|series| series.pane(start)) else {
                continue;
            };
            signals.copy_counts(counts);
            self.pass_subject(start, &subject, &signals);
            match subject {
                Subject::AgentQueue(queue, channel, agent) => {
                    self.observe(start, (queue, channel), agent, &signals);
                }
                Subject::Queue(queue) => {
                    awake.queues.insert(queue);
                }
                Subject::Reason(..) => awake.reasons = true,
                Subject::Agent(agent) if signals.get(Signal::LoggedOnStep) < 0 => {
                    let state = self.agents.get(&agent);
                    for (queue, _) in state.into_iter().flat_map(|state| state.served.keys()) {
                        *left_by_queue.entry(queue.clone()).or_default() += 1;
                    }
                }
                Subject::Agent(_) | Subject::Team(..) | Subject::Feed(_) | Subject::Source(_) => {}
            }
        }
        let several = left_by_queue.into_iter().filter(|(_, left)| *left > 1);
        awake.staffed = several.map(|(queue, _)| queue).collect();
        awake
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
                let began_at = self.began_by(start);
                let state = self.agents.entry(id.clone()).or_default();
                pass_states(state, start, signals, began_at);
                self.changed.insert(StateKey::Agent(id.clone()));
            }
            Subject::AgentQueue(queue, channel, agent) => {
                self.note_deeds(start, (queue, *channel, agent), signals);
            }
            Subject::Team(team, agent) => self.note_team(start, team, agent, signals),
            Subject::Reason(..) | Subject::Feed(_) | Subject::Source(_) => {}
        }
    }

    /// Drops what no rule asks for any more.
    fn forget(&mut self, now: Timestamp) {
        if now.floor(FORGETS_EVERY) != now {
            return;
        }
        let before = now - KEPT;
        let to = now - CONTACTS_KEPT;
        self.series.forget(before, (to - CONTACTS_KEPT, to));
        self.journal.forget(before);
        let series = &self.series;
        self.windows
            .retain(|queue, _| series.get(&Subject::Queue(queue.clone())).is_some());
        self.peers.retain(|_, peers| peers.forget(before));
        self.missed_at.retain(|_, at| before <= *at);
        self.forget_agents(now);
        let over: Vec<(RuleKind, String)> = (self.alarms.iter())
            .filter(|(.., tracked)| tracked.life.is_over(now))
            .map(|(kind, subject, _)| (kind, subject.to_owned()))
            .collect();
        for (kind, subject) in over {
            self.alarms.remove(kind, &subject);
            self.changed.insert(StateKey::Alarm(
                self.settings.name_of(kind).to_owned(),
                subject,
            ));
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

    /// Returns a queue with what its rules ask for; of a queue whose windows have been moved to `now`.
    pub(super) fn view<'a>(&'a self, id: &'a QueueId, now: Timestamp) -> Option<QueueView<'a>> {
        let parts = (self.queues.get(id), self.days.get(id));
        let lately = self.lately(self.windows.get(id)?);
        Some(QueueView::new(id, (now, self.began_by(now)), lately, parts))
    }

    /// Returns the counts of windows by their spans.
    pub(super) fn lately<'a>(&'a self, windows: &'a Windows) -> Lately<'a> {
        Lately {
            windows,
            spans: &self.spans,
        }
    }

    /// Moves the windows of a queue on. Returns whether there is anything to judge.
    pub(super) fn move_windows(&mut self, id: &QueueId, now: Timestamp) -> bool {
        let Some(series) = self.series.get(&Subject::Queue(id.clone())) else {
            return false;
        };
        // Of most names that were made up there is one contact, and no rule looks at so few.
        let waiting = self.queues.get(id).map_or(0, QueueState::waiting);
        if series.panes() < PANES_MIN && waiting < WAITING_MIN {
            // Sums that stand still would be of another time than those of a task that was restored.
            self.windows.remove(id);
            return false;
        }
        let windows = self.windows.entry(id.clone()).or_default();
        windows.move_to(now, series, &self.spans);
        true
    }

    /// Returns the agents who serve a queue, by what they have done lately.
    pub(super) fn serving(&self, queue: &QueueId) -> impl Iterator<Item = (&AgentId, &AgentState)> {
        let ids = self.servers.get(queue).into_iter().flatten();
        ids.filter_map(|id| self.agents.get_key_value(id))
    }

    /// Returns the counts of the peers of an agent over the time that evidence is seen in, before `to`.
    pub(super) fn peers_of(
        &mut self,
        (queue, channel, agent): (&QueueId, Channel, &AgentId),
        to: Timestamp,
    ) -> Totals {
        let group = self.peers.get_mut(&(queue.clone(), channel));
        let all = group.map(|peers| peers.move_to(to, &self.peer_spans).of(0));
        let all = all.unwrap_or_default();
        let own = Subject::AgentQueue(queue.clone(), channel, agent.clone());
        let own = self.series.get(&own);
        own.map_or(all, |series| all.without(&series.last(to, PEERS_OVER)))
    }
}

/// What has happened in a pane.
#[derive(Debug, Default)]
pub(super) struct Awake {
    /// Anything.
    pub any: bool,
    /// Everything is to be looked at, for it has not been for a while.
    pub all: bool,
    pub queues: BTreeSet<QueueId>,
    /// Several of those who serve them have left at once.
    pub staffed: BTreeSet<QueueId>,
    /// Contacts with a reason began.
    pub reasons: bool,
}
