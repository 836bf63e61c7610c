//! Which names have figures of their own. A feed that makes up names (a queue for each call) must not fill memory: behind the
//! limit of its kind a new name counts for the overflow entity, `queue:(other)`, and everything it did still counts for
//! the channel and all.
//!
//! The task that owns an entity admits its name, at its first fact, as long as the task's share of the limit lasts. A name
//! that is admitted stays so. Names of the settings and of the directory are always admitted. A name that was refused may be
//! admitted later, under a higher limit or by the directory: then its facts from an instant on are its own and earlier ones stay
//! with the overflow entity, so that a correction goes where the fact went.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::{
    engine::{
        Settings,
        agent_queue::{AgentQueue, PeerGroup},
        entity::Entity,
        exchange::{grain::ScorecardGrains, time_series::TimeSeries},
        limits::{Kind, Limits, OVERFLOW},
        name::Name,
        state::{
            codec,
            store::{PartKey, Store},
        },
    },
    event::{AgentId, QueueId, Span, Text, Timestamp},
    kpi::{Accumulator, Levels, Place, StateDuration},
};

/// What is known of a name.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    /// From this instant on its facts are its own.
    Admitted(Timestamp),
    /// What of it lasts at this moment, counted for the overflow entity: until that is over it can't be admitted.
    Refused(Accumulator),
}

/// How many names of a kind one task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Names that were admitted.
    pub names: usize,
    /// Facts, summed up, that went to the overflow entity since the task was restored.
    pub over_limit: u64,
}

#[derive(Debug)]
pub(in crate::engine) struct Names {
    limits: Limits,
    tasks: u16,
    /// `since` is a multiple of it: facts are rounded down to a grain that divides it.
    pane: Span,
    scorecard_pane: Span,
    known: HashMap<Name, Known, FixedState>,
    held: BTreeMap<Kind, Held>,
    /// Admitted whatever the limit, and beside it.
    configured: BTreeSet<Entity>,
    /// Names that were admitted within the limit.
    taken: BTreeMap<Kind, usize>,
    /// The latest fact of each kind that went to the overflow entity.
    overflowed_to: BTreeMap<Kind, Timestamp>,
    /// What the store does not have yet.
    changed: BTreeSet<Name>,
    overflow_changed: BTreeSet<Kind>,
    /// A name of each kind that was refused since this was last taken.
    refusals: BTreeMap<Kind, String>,
}

impl Names {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Settings) -> Self {
        let mut names = Self {
            limits: settings.limits.clone(),
            tasks: settings.tasks,
            pane: Levels::new(&settings.kpi).finest_pane(),
            scorecard_pane: ScorecardGrains::new(&settings.balance).get(true),
            known: HashMap::default(),
            held: BTreeMap::new(),
            configured: BTreeSet::new(),
            taken: BTreeMap::new(),
            overflowed_to: BTreeMap::new(),
            changed: BTreeSet::new(),
            overflow_changed: BTreeSet::new(),
            refusals: BTreeMap::new(),
        };
        names.apply_settings(settings, []);
        names
    }

    /// Applies other settings: their names, and further ones of the directory, are always admitted.
    pub(in crate::engine) fn apply_settings(
        &mut self,
        settings: &Settings,
        further: impl IntoIterator<Item = Entity>,
    ) {
        self.configured = further.into_iter().collect();
        let policies = settings.contact.policies.iter();
        let of_policies = policies.flat_map(|policy| &policy.queues);
        let queues = settings.kpi.places.queues().chain(of_policies);
        (self.configured).extend(queues.cloned().map(Entity::Queue));
        let sites = settings.kpi.zones_by_site.keys();
        (self.configured).extend(sites.cloned().map(Entity::Site));
        for Place { team, site } in settings.kpi.places.all() {
            (self.configured).extend(team.clone().map(Entity::Team));
            (self.configured).extend(site.clone().map(Entity::Site));
        }
    }

    /// Restores a name.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        name: &Name,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let (since, lasting): (Option<Timestamp>, Accumulator) = codec::from_bytes(image)?;
        let known = since.map_or(Known::Refused(lasting), Known::Admitted);
        if let (Known::Admitted(_), Some(kind)) = (&known, name.kind()) {
            self.count(name, kind);
        }
        self.known.insert(name.clone(), known);
        Ok(())
    }

    /// Restores how far a kind overflowed.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore_overflow(
        &mut self,
        kind: Kind,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.overflowed_to.insert(kind, codec::from_bytes(image)?);
        Ok(())
    }

    /// Stores what has changed.
    pub(in crate::engine) fn save(&mut self, store: &mut Store) {
        for name in std::mem::take(&mut self.changed) {
            let key = PartKey::name(&name);
            let image = match self.known.get(&name) {
                Some(Known::Admitted(since)) => (Some(*since), Accumulator::default()),
                Some(Known::Refused(lasting)) => (None, lasting.clone()),
                None => {
                    store.remove(&key);
                    continue;
                }
            };
            store.put(&key, &codec::to_bytes(&image));
        }
        for kind in std::mem::take(&mut self.overflow_changed) {
            if let Some(to) = self.overflowed_to.get(&kind) {
                store.put(&PartKey::overflow(kind), &codec::to_bytes(to));
            }
        }
    }

    /// Splits the facts of an entity: what is its own, and what counts for the overflow entity.
    pub(in crate::engine) fn split(
        &mut self,
        entity: &Entity,
        facts: TimeSeries,
    ) -> (TimeSeries, TimeSeries) {
        let name = Name::Entity(entity.clone());
        let since = self.since(&name);
        let (own, over) = facts.split(since);
        if !over.sums().is_empty() {
            self.note_over(&name, over.sums());
        }
        (own, over)
    }

    /// Splits the facts of an agent in a queue, by the queue first and then by the agent. Returns its own, and the rest with the overflow
    /// names that it counts for.
    pub(in crate::engine) fn split_agent_queue(
        &mut self,
        agent_queue: &AgentQueue,
        facts: TimeSeries,
    ) -> (TimeSeries, Vec<(AgentQueue, TimeSeries)>) {
        let mut others = Vec::new();
        let group = Name::PeerGroup(agent_queue.group.clone());
        let (kept, of_group) = facts.split(self.since(&group));
        if !of_group.sums().is_empty() {
            self.note_over(&group, of_group.sums());
            let other = PeerGroup {
                queue: QueueId::new(OVERFLOW),
                channel: agent_queue.group.channel,
            };
            let agent = agent_queue.agent.clone();
            others.push((
                AgentQueue {
                    group: other,
                    agent,
                },
                of_group,
            ));
        }
        if kept.sums().is_empty() {
            return (kept, others);
        }
        let name = Name::AgentQueue(agent_queue.clone());
        let (own, over) = kept.split(self.since(&name));
        if !over.sums().is_empty() {
            self.note_over(&name, over.sums());
            let other = AgentQueue {
                group: agent_queue.group.clone(),
                agent: AgentId::new(OVERFLOW),
            };
            others.push((other, over));
        }
        (own, others)
    }

    /// Returns what a reason of being away is counted as; `by` is the step at `at`.
    pub(in crate::engine) fn reason<'r>(
        &mut self,
        reason: &'r str,
        at: Timestamp,
        by: i64,
    ) -> &'r str {
        let name = Name::Reason(Text::new(reason));
        if at >= self.since(&name) {
            return reason;
        }
        let mut step = Accumulator::default();
        step.step(StateDuration::Away(reason), at, by);
        self.note_over(&name, &[(at, step)]);
        OVERFLOW
    }

    /// Returns whether what happens now in a queue or group counts for itself.
    pub(in crate::engine) fn admits(&mut self, entity: &Entity) -> bool {
        self.since(&Name::Entity(entity.clone())) < Timestamp::MAX
    }

    /// Returns whether it has been admitted, without asking for it now.
    pub(in crate::engine) fn has(&self, entity: &Entity) -> bool {
        let name = Name::Entity(entity.clone());
        name.kind().is_none() || matches!(self.known.get(&name), Some(Known::Admitted(_)))
    }

    /// Returns the instant from which facts are the name's own. [`Timestamp::MAX`]: it is refused.
    fn since(&mut self, name: &Name) -> Timestamp {
        let Some(kind) = name.kind() else {
            return Timestamp::MIN;
        };
        match self.known.get(name) {
            Some(Known::Admitted(since)) => return *since,
            Some(Known::Refused(_)) => return Timestamp::MAX,
            None => {}
        }
        let taken = self.taken.get(&kind).copied().unwrap_or(0);
        if taken >= self.share(kind) && !self.is_configured(name) {
            return Timestamp::MAX;
        }
        let of_scorecards = matches!(kind, Kind::PeerGroup | Kind::Scorecard);
        let pane = if of_scorecards {
            self.scorecard_pane
        } else {
            self.pane
        };
        let since =
            (self.overflowed_to.get(&kind)).map_or(Timestamp::MIN, |to| to.floor(pane) + pane);
        self.known.insert(name.clone(), Known::Admitted(since));
        self.count(name, kind);
        self.changed.insert(name.clone());
        since
    }

    fn is_configured(&self, name: &Name) -> bool {
        match name {
            Name::Entity(entity) => self.configured.contains(entity),
            Name::PeerGroup(group) => {
                let queue = Entity::Queue(group.queue.clone());
                self.configured.contains(&queue)
            }
            Name::AgentQueue(_) | Name::Reason(_) => false,
        }
    }

    /// Counts a name that is admitted. Those of the settings take nobody's place.
    fn count(&mut self, name: &Name, kind: Kind) {
        self.held.entry(kind).or_default().names += 1;
        if !self.is_configured(name) {
            *self.taken.entry(kind).or_default() += 1;
        }
    }

    /// Returns how many names a task may admit. Names are spread by a hash, some tasks have more of them: by six standard
    /// deviations at most.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of names"
    )]
    pub(in crate::engine) fn share(&self, kind: Kind) -> usize {
        let limit = self.limits.of(kind);
        if kind == Kind::Reason || self.tasks <= 1 || limit == usize::MAX {
            return limit;
        }
        let tasks = f64::from(self.tasks);
        let mean = limit as f64 / tasks;
        let share = mean + 6.0 * (mean * (1.0 - 1.0 / tasks)).sqrt();
        (share.ceil() as usize).min(limit)
    }

    fn note_over(&mut self, name: &Name, over: &[(Timestamp, Accumulator)]) {
        let (Some(kind), Some((last, _))) = (name.kind(), over.last()) else {
            return;
        };
        self.held.entry(kind).or_default().over_limit += over.len() as u64;
        let to = self.overflowed_to.entry(kind).or_insert(Timestamp::MIN);
        if *last > *to {
            *to = *last;
            self.overflow_changed.insert(kind);
        }
        self.refusals.entry(kind).or_insert_with(|| name.shown());
        if matches!(self.known.get(name), Some(Known::Admitted(_))) {
            return;
        }
        let mut lasting = Accumulator::default();
        over.iter()
            .for_each(|(_, sums)| lasting.merge(&sums.state_durations()));
        if let Some(Known::Refused(known)) = self.known.get(name) {
            lasting.merge(known);
        }
        let changed = if lasting.has_open_state() {
            self.known.insert(name.clone(), Known::Refused(lasting));
            true
        } else {
            self.known.remove(name).is_some()
        };
        if changed {
            self.changed.insert(name.clone());
        }
    }

    /// Takes a name of each kind that was refused since the last call.
    pub(in crate::engine) fn take_refusals(&mut self) -> BTreeMap<Kind, String> {
        std::mem::take(&mut self.refusals)
    }

    pub(in crate::engine) const fn held(&self) -> &BTreeMap<Kind, Held> {
        &self.held
    }
}
