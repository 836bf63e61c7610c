//! The KPI stage of a task: the panes of its agents, queues and groups, and the records they become on a beat.

mod expected;
mod known;
mod records;
mod sums;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{
    expected::Expected,
    sums::{Sums, add_to, move_up},
};
use crate::{
    engine::{
        Settings,
        entity::Entity,
        exchange::{gauge::Gauge, names::Names},
        stages::{
            agents::Agents,
            live_gauges::LiveGauges,
            record_time::{Beat, RecordTime},
        },
        state::{
            codec,
            pane_blocks::PaneBlocks,
            store::{Part, PartKey, Store},
        },
        step::Output,
    },
    event::{AgentId, Channel, Span, Text, Timestamp},
    kpi::{Accumulator, Day, Levels, LiveState, Pane, PaneBlock, reason_code},
};

/// Minimum interval between full rewrites when a source reaches its end again and again, as in a slow load.
const END_AGAIN: Span = Span::from_secs(5);

#[derive(Debug)]
pub(in crate::engine) struct Kpis {
    settings: Arc<Settings>,
    levels: Levels,
    /// Entities whose records are not what was last written.
    changed: BTreeSet<Entity>,
    /// When an entity's panes next leave a window or their day.
    expected: Expected,
    gauges: LiveGauges,
    /// Entities with an open state or a waiting contact: their records change as time passes.
    active_entities: BTreeSet<Entity>,
    /// The state-duration steps of each entity, during a restore only.
    steps_by_entity: BTreeMap<Entity, Accumulator>,
    /// The instant that their records were last written for.
    active_written_at: Timestamp,
    /// Groups and agents are known to have been written up to these times before a restore.
    groups_written_to: Timestamp,
    agents_written_to: Timestamp,
    reasons_by_code: BTreeMap<u32, Text>,
    /// The store does not have all reasons yet.
    reasons_changed: bool,
    /// The image that is being written.
    image: Vec<u8>,
    /// When records were last written for the end of all inputs: event time, and wall-clock time.
    ended: Option<(Timestamp, Timestamp)>,
}

impl Kpis {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            levels: Levels::new(&settings.kpi),
            changed: BTreeSet::new(),
            expected: Expected::default(),
            gauges: LiveGauges::default(),
            active_entities: BTreeSet::new(),
            steps_by_entity: BTreeMap::new(),
            active_written_at: Timestamp::MIN,
            groups_written_to: Timestamp::MIN,
            agents_written_to: Timestamp::MIN,
            reasons_by_code: BTreeMap::new(),
            reasons_changed: false,
            image: Vec::new(),
            ended: None,
        }
    }

    /// Applies other settings. Queues may be at other sites, where the day is another.
    pub(in crate::engine) fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
        if self.levels.days_differ() {
            let known = self.expected.entities();
            let queues = known.filter(|entity| matches!(entity, Entity::Queue(_)));
            self.changed.extend(queues.cloned());
        }
    }

    #[must_use]
    pub(in crate::engine) fn finest_pane(&self) -> Span {
        self.levels.finest_pane()
    }

    /// Restores a block of panes.
    pub(in crate::engine) fn restore_pane_block(&mut self, entity: &Entity, block: PaneBlock<'_>) {
        for (pane, image) in block.panes() {
            self.restore_pane(entity, pane, image);
        }
    }

    fn restore_pane(&mut self, entity: &Entity, pane: Pane, image: &[u8]) {
        let now = if entity.is_agent() {
            self.agents_written_to
        } else {
            self.groups_written_to
        };
        let changes_at = self.levels.changes_at(pane, now);
        self.expected.expect(entity, changes_at);
        self.expected
            .expect(entity, self.levels.day_ends_at(pane, now));
        let may_have_moved = matches!(entity, Entity::Queue(_)) && self.levels.days_differ();
        if may_have_moved && !self.changed.contains(entity) {
            self.changed.insert(entity.clone());
        }
        let steps = Accumulator::of_images([image]).state_durations();
        if !steps.is_empty() {
            let known = self.steps_by_entity.entry(entity.clone()).or_default();
            known.merge(&steps);
        }
    }

    /// Restores an entity's gauges.
    ///
    /// # Errors
    /// When they can't be decoded.
    pub(in crate::engine) fn restore_gauges(
        &mut self,
        entity: &Entity,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.gauges.restore(entity, image)?;
        self.changed.insert(entity.clone());
        Ok(())
    }

    /// Restores the reasons.
    ///
    /// # Errors
    /// When they can't be decoded.
    pub(in crate::engine) fn restore_reasons(
        &mut self,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let reasons: Vec<Text> = codec::from_bytes(image)?;
        self.learn_reasons(reasons);
        self.reasons_changed = false;
        Ok(())
    }

    /// Ends a restore: all parts were handed over.
    pub(in crate::engine) fn start(&mut self, names: &Names) {
        for entity in self.gauges.start(names) {
            self.changed.remove(entity);
        }
        let steps = std::mem::take(&mut self.steps_by_entity).into_iter();
        let active_entities = steps.filter(|(_, steps)| steps.has_open_state());
        self.active_entities = active_entities.map(|(entity, _)| entity).collect();
    }

    /// Records reasons, so that sums that are keyed by their codes can be named.
    pub(in crate::engine) fn learn_reasons(&mut self, reasons: impl IntoIterator<Item = Text>) {
        for reason in reasons {
            let known = self.reasons_by_code.insert(reason_code(&reason), reason);
            self.reasons_changed |= known.is_none();
        }
    }

    /// Notes, while a restore reads the log, what a step changed and what it wrote, with its clock.
    pub(in crate::engine) fn restore_step(
        &mut self,
        changed: &[Part],
        written: Beat,
        clock: Option<Timestamp>,
    ) {
        for part in changed {
            if let Part::PaneBlock(entity, _) | Part::Gauges(entity) = part
                && !written.includes(entity)
                && !self.changed.contains(entity)
            {
                self.changed.insert(entity.clone());
            }
        }
        self.changed.retain(|entity| !written.includes(entity));
        let to = clock.map(|clock| clock.floor(self.finest_pane()) - Span(1));
        if let Some(to) = to.filter(|_| written.groups) {
            self.groups_written_to = to;
        }
        if let Some(to) = to.filter(|_| written.agents) {
            self.agents_written_to = to;
        }
    }

    /// Expects a change of each agent that moves at `at`: its local day may differ.
    pub(in crate::engine) fn expect_moves(
        &mut self,
        moves: impl IntoIterator<Item = (AgentId, Timestamp)>,
    ) {
        for (agent, at) in moves {
            let agent = Entity::Agent(agent);
            // Without figures nothing changes; with the first ones the record is written anyway.
            if self.levels.days_differ() && self.expected.has(&agent) {
                self.expected.expect(&agent, Some(at));
            }
        }
    }

    /// Adds sums of one entity, oldest first.
    pub(in crate::engine) fn apply(
        &mut self,
        entity: &Entity,
        facts: &[(Timestamp, Accumulator)],
        now: Timestamp,
        store: &mut Store,
    ) {
        let (mut leaves_at, mut edits) = (None, Vec::with_capacity(facts.len()));
        for (at, sums) in facts {
            let pane = self.levels.place(*at, now);
            if pane.is_none() {
                known::add_behind(entity, sums, store);
            }
            edits.push(add_to(pane, Cow::Borrowed(sums)));
            let next = pane.and_then(|pane| self.levels.leaves_at(pane));
            leaves_at = next.into_iter().chain(leaves_at).min();
        }
        PaneBlocks::of(entity).edit(edits, &mut self.image, store);
        self.expected.expect(entity, leaves_at);
        if !self.changed.contains(entity) {
            self.changed.insert(entity.clone());
        }
    }

    /// Takes the gauge of a task, for the entity itself or for the overflow entity.
    pub(in crate::engine) fn set_gauge(
        &mut self,
        entity: Entity,
        sender: u16,
        gauge: Gauge,
        own: bool,
    ) {
        self.gauges.set(&entity, sender, gauge, own);
        if own {
            self.changed.insert(entity);
        }
    }

    /// Takes the gauges of contacts that wait where no figures are kept, by overflow entity.
    pub(in crate::engine) fn take_overflow_gauges(&mut self) -> Vec<(Entity, Gauge)> {
        self.gauges.take_over_changed()
    }

    /// Forgets the gauges of a task that has lost its state: none of its contacts waits any more.
    pub(in crate::engine) fn forget_gauges(&mut self, sender: u16) {
        for (entity, own) in self.gauges.entities() {
            self.set_gauge(entity, sender, Gauge::default(), own);
        }
    }

    /// Ends the step: stores the gauges and the reasons that it has brought.
    pub(in crate::engine) fn finish(&mut self, store: &mut Store) {
        if std::mem::take(&mut self.reasons_changed) {
            let reasons: Vec<&Text> = self.reasons_by_code.values().collect();
            store.put(&PartKey::reasons(), &codec::to_bytes(&reasons));
        }
        self.gauges.save(store);
    }

    /// Marks the entities as changed that time alone changes: panes that leave a window or day, open states.
    fn take_expected(&mut self, now: Timestamp, beat: Beat) {
        while let Some(entity) = self.expected.pop(now) {
            self.changed.insert(entity);
        }
        if self.active_written_at < now {
            let active_entities = self.active_entities.iter();
            let due = active_entities.filter(|entity| beat.includes(entity));
            self.changed.extend(due.cloned());
        }
    }

    /// Returns whether there is anything to write for `beat` at `at`.
    pub(in crate::engine) fn has_changes(&mut self, at: Timestamp, beat: Beat) -> bool {
        self.take_expected(at, beat);
        self.changed.iter().any(|entity| beat.includes(entity))
    }

    /// Returns whether all inputs have ended at a new instant, and the last rewrite for an end is at least [`END_AGAIN`] ago.
    pub(in crate::engine) fn ends_anew(&self, at: Timestamp, wall: Timestamp) -> bool {
        self.ended
            .is_none_or(|(last, written_at)| last != at && written_at + END_AGAIN <= wall)
    }

    /// All inputs have ended: marks all records as due, so that all are of the same instant.
    pub(in crate::engine) fn handle_end(&mut self, at: Timestamp, wall: Timestamp, store: &Store) {
        if !self.ends_anew(at, wall) {
            return;
        }
        self.ended = Some((at, wall));
        for (part, _) in store.iter() {
            if let Part::PaneBlock(entity, _) | Part::Gauges(entity) = part
                && !self.gauges.is_over(&entity)
            {
                self.changed.insert(entity);
            }
        }
    }

    /// Inputs run again: the next end counts as new, even at the same instant.
    pub(in crate::engine) fn handle_running(&mut self) {
        if let Some((at, _)) = &mut self.ended {
            *at = Timestamp::MIN;
        }
    }

    /// Writes the records of changed entities. An agent's day is that of its place in `agents`.
    pub(in crate::engine) fn write_records(
        &mut self,
        time: RecordTime,
        beat: Beat,
        (agents, store): (&Agents, &mut Store),
        outputs: &mut Vec<Output>,
    ) {
        self.take_expected(time.at, beat);
        let (due, later) = std::mem::take(&mut self.changed)
            .into_iter()
            .partition(|entity| beat.includes(entity));
        self.changed = later;
        let mut any_channel = false;
        for entity in due {
            // An entity whose facts were all retracted before its first record gets no record.
            let live = self.gauges.of(&entity, time.at);
            let waits = live.is_some_and(|live| live.waiting + live.at_risk > 0);
            if !waits && !known::is_known(&entity, store) {
                self.active_entities.remove(&entity);
                continue;
            }
            any_channel |= matches!(entity, Entity::Channel(_) | Entity::All);
            let today = self.day_of(&entity, time.at, agents);
            self.move_up(&entity, time.at, today, store);
            self.expected
                .expect(&entity, self.moves_at(&entity, time.at, agents));
            if entity == Entity::All {
                continue;
            }
            let sums = Sums::new(&entity, time.at, today, &self.levels, store);
            outputs.extend(self.records(&entity, live, &sums, time));
            self.note_active(&entity, live, &sums);
            known::note(&entity, store);
        }
        if any_channel {
            known::note(&Entity::All, store);
            outputs.extend(self.records_of_all(time, store));
        }
        if beat.agents {
            self.active_written_at = time.at;
        }
    }

    /// Returns the local day of an entity. One without a site has the zone of all.
    fn day_of(&self, entity: &Entity, now: Timestamp, agents: &Agents) -> Option<Day> {
        let site = match entity {
            Entity::Site(site) => Some(site),
            Entity::Agent(agent) => agents.site_of(agent, now),
            Entity::Queue(queue) => {
                let place = self.settings.kpi.places.of(queue, now);
                place.and_then(|place| place.site.as_ref())
            }
            Entity::Team(_) | Entity::Channel(_) | Entity::Reason(_) | Entity::All => None,
        };
        self.levels.day(site, now)
    }

    /// Returns when an agent or a queue will be where the day may be another.
    fn moves_at(&self, entity: &Entity, now: Timestamp, agents: &Agents) -> Option<Timestamp> {
        let moves_at = match entity {
            Entity::Agent(agent) => agents.moves_at(agent, now),
            Entity::Queue(queue) => self.settings.kpi.places.changes_at(queue, now),
            Entity::Channel(_)
            | Entity::All
            | Entity::Team(_)
            | Entity::Site(_)
            | Entity::Reason(_) => None,
        };
        moves_at.filter(|_| self.levels.days_differ())
    }

    fn note_active(&mut self, entity: &Entity, live: Option<LiveState>, sums: &Sums) {
        let waits = live.is_some_and(|live| live.waiting > 0);
        if waits || sums.until_now.has_open_state() {
            if !self.active_entities.contains(entity) {
                self.active_entities.insert(entity.clone());
            }
        } else {
            self.active_entities.remove(entity);
        }
    }

    /// Makes the records of all: the sum of the channels, and what all agents do.
    fn records_of_all(&mut self, time: RecordTime, store: &Store) -> Vec<Output> {
        let today = self.levels.day(None, time.at);
        let sums_of = |entity: &Entity| Sums::new(entity, time.at, today, &self.levels, store);
        let mut sums = sums_of(&Entity::All);
        let mut all = LiveState::default();
        for entity in Channel::ALL.map(Entity::Channel) {
            let of_channel = sums_of(&entity);
            (sums.windows.iter_mut().zip(&of_channel.windows))
                .for_each(|(sum, of_channel)| sum.accumulator.merge(&of_channel.accumulator));
            self.gauges
                .of(&entity, time.at)
                .iter()
                .for_each(|live| all.add(live));
        }
        self.note_active(&Entity::All, Some(all), &sums);
        self.records(&Entity::All, Some(all), &sums, time)
    }

    /// Merges panes that have left their level's window into the next level; expects the next change.
    fn move_up(&mut self, entity: &Entity, now: Timestamp, today: Option<Day>, store: &mut Store) {
        let kept = move_up(entity, now, &self.levels, (&mut self.image, store));
        let kept = || kept.iter().copied();
        let changes_at = kept().filter_map(|pane| self.levels.changes_at(pane, now));
        let changes_at = changes_at.min();
        self.expected.expect(entity, changes_at);
        let day = today.filter(|day| kept().any(|pane| self.levels.covers(day.begins_at, pane)));
        self.expected.expect(entity, day.map(|day| day.ends_at));
    }
}
