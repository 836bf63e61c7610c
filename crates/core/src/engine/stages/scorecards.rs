//! The scorecard stage of a task: panes of agents in queues, and the scorecards they become on a beat of their own, each among its peers.
//!
//! Panes lie in the store and are the state; what is kept here of an agent in a queue follows from them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    balance::{Figures, Guard, Measured, Peers, ScorecardRecord, measures},
    engine::{
        Settings,
        agent_queue::{AgentQueue, PeerGroup},
        exchange::grain::scorecard_levels,
        stages::record_time::RecordTime,
        state::{
            codec,
            pane_blocks::PaneBlocks,
            store::{PartKey, Store},
        },
        step::{OutTopic, Output},
    },
    event::{AgentId, Timestamp},
    kpi::{Accumulator, Levels, PaneEdit},
};

#[derive(Debug)]
pub(in crate::engine) struct Scorecards {
    settings: Arc<Settings>,
    levels: Levels,
    members_by_group: BTreeMap<PeerGroup, BTreeMap<AgentId, PeerState>>,
    /// Groups with an agent whose figures are not what was last written.
    changed: BTreeSet<PeerGroup>,
    /// When panes next enter or leave a window, by group.
    changes: BTreeSet<(Timestamp, PeerGroup)>,
    /// The image that is being written.
    image: Vec<u8>,
}

/// What is known of one agent in a group.
#[derive(Debug)]
struct PeerState {
    changed: bool,
    /// When time alone changes its figures.
    changes_at: Option<Timestamp>,
    figures: Figures,
    /// Hashes of its record, if it has one.
    written: Option<Written>,
}

/// Hashes of a record as it was last written: a part of the state, so that a restored task writes no record anew and removes none that
/// it has not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Written {
    /// The agent's own figures, and where it stands, roughly.
    #[n(0)]
    roughly: u64,
    #[n(1)]
    exactly: u64,
}

/// The two windows, whose levels the panes are of.
const RECENT: usize = 0;
const BASELINE: usize = 1;

impl Scorecards {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            levels: scorecard_levels(&settings.balance),
            members_by_group: BTreeMap::new(),
            changed: BTreeSet::new(),
            changes: BTreeSet::new(),
            image: Vec::new(),
        }
    }

    /// Restores an agent in a queue.
    pub(in crate::engine) fn restore(&mut self, agent_queue: &AgentQueue) {
        self.note_changed(agent_queue);
    }

    /// Restores what was last written of an agent in a queue.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore_written(
        &mut self,
        agent_queue: &AgentQueue,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let written = codec::from_bytes(image)?;
        if let Some(member) = self.note_changed(agent_queue) {
            member.written = Some(written);
        }
        Ok(())
    }

    fn note_changed(&mut self, agent_queue: &AgentQueue) -> Option<&mut PeerState> {
        if !self.changed.contains(&agent_queue.group) {
            self.changed.insert(agent_queue.group.clone());
        }
        let members = self
            .members_by_group
            .entry(agent_queue.group.clone())
            .or_default();
        if !members.contains_key(&agent_queue.agent) {
            members.insert(agent_queue.agent.clone(), PeerState::new());
        }
        let member = members.get_mut(&agent_queue.agent)?;
        member.changed = true;
        Some(member)
    }

    /// Adds facts of one agent in a queue, oldest first, as of the clock of the records.
    pub(in crate::engine) fn apply(
        &mut self,
        agent_queue: &AgentQueue,
        facts: &[(Timestamp, Accumulator)],
        now: Timestamp,
        store: &mut Store,
    ) {
        // Behind the baseline nothing counts any more.
        let edits = facts.iter().filter_map(|(at, sums)| {
            let pane = self.levels.place(*at, now)?;
            Some(PaneEdit::merge(pane, Cow::Borrowed(sums)))
        });
        PaneBlocks::of_agent_queue(agent_queue).edit(edits.collect(), &mut self.image, store);
        self.note_changed(agent_queue);
    }

    /// Returns whether there is anything to write at `at`.
    #[must_use]
    pub(in crate::engine) fn has_changes(&self, at: Timestamp) -> bool {
        let expected = self.changes.first().is_some_and(|(then, _)| *then <= at);
        expected || !self.changed.is_empty()
    }

    /// Everything is at its end: makes all records due once more, so that all are of the same instant.
    pub(in crate::engine) fn handle_end(&mut self) {
        self.changed.extend(self.members_by_group.keys().cloned());
    }

    /// Writes the scorecards that have changed, group by group; at the end of all inputs to the letter.
    pub(in crate::engine) fn write_records(
        &mut self,
        time: RecordTime,
        ended: bool,
        store: &mut Store,
        outputs: &mut Vec<Output>,
    ) {
        while let Some((at, _)) = self.changes.first()
            && *at <= time.at
            && let Some((_, group)) = self.changes.pop_first()
        {
            self.changed.insert(group);
        }
        for group in std::mem::take(&mut self.changed) {
            let Some(mut members) = self.members_by_group.remove(&group) else {
                continue;
            };
            outputs.extend(self.refresh(&group, &mut members, time.at, store));
            let next = members
                .values()
                .filter_map(|member| member.changes_at)
                .min();
            self.changes.extend(next.map(|at| (at, group.clone())));
            let mut out = (&mut *store, &mut *outputs);
            self.write_group(&group, &mut members, (time, ended), &mut out);
            if !members.is_empty() {
                self.members_by_group.insert(group, members);
            }
        }
    }

    /// Sums up the panes of the agents that have changed. Where nothing is left, the record goes too: returns the removals.
    fn refresh(
        &mut self,
        group: &PeerGroup,
        members: &mut BTreeMap<AgentId, PeerState>,
        at: Timestamp,
        store: &mut Store,
    ) -> Vec<Output> {
        let mut removals = Vec::new();
        members.retain(|agent, member| {
            let due = member.changes_at.is_some_and(|then| then <= at);
            if !member.changed && !due {
                return true;
            }
            let agent_queue = AgentQueue {
                group: group.clone(),
                agent: agent.clone(),
            };
            let blocks = PaneBlocks::of_agent_queue(&agent_queue);
            if self.settings.balance.enabled {
                self.move_up(&blocks, at, store);
            } else {
                forget(&blocks, &mut self.image, store);
            }
            member.sum_up(&blocks, &self.levels, at, store);
            let stays = !blocks.panes(store).is_empty();
            if !stays && member.written.is_some() {
                store.remove(&PartKey::scorecard(&agent_queue));
                removals.push(removal(&agent_queue));
            }
            stays
        });
        removals
    }

    /// Joins panes that have left their level's window to those of the next. Empty ones go.
    fn move_up(&mut self, blocks: &PaneBlocks, at: Timestamp, store: &mut Store) {
        let mut edits = Vec::new();
        for (pane, image) in blocks.panes(store) {
            let to = self.levels.move_up(pane, at).filter(|_| !image.is_empty());
            if to == Some(pane) {
                continue;
            }
            let sums = Accumulator::of_images([image]);
            edits.push(PaneEdit::delete(pane));
            edits.extend(to.map(|to| PaneEdit::merge(to, Cow::Owned(sums))));
        }
        blocks.edit(edits, &mut self.image, store);
    }

    fn write_group(
        &self,
        group: &PeerGroup,
        members: &mut BTreeMap<AgentId, PeerState>,
        (time, ended): (RecordTime, bool),
        (store, outputs): &mut (&mut Store, &mut Vec<Output>),
    ) {
        let settings = &self.settings.balance;
        let peers = Peers::of(members.values().map(|member| &member.figures), settings);
        for (agent, member) in members {
            let agent_queue = AgentQueue {
                group: group.clone(),
                agent: agent.clone(),
            };
            let record = self.record(&agent_queue, &member.figures, &peers, time);
            if record.measures.is_empty() {
                if member.written.take().is_some() {
                    store.remove(&PartKey::scorecard(&agent_queue));
                    outputs.push(removal(&agent_queue));
                }
                continue;
            }
            let output = Output::json(OutTopic::Scorecards, &agent_queue.name(), &record);
            let written = Written {
                roughly: rough_hash(&member.figures, &record),
                exactly: xxh3_64(output.payload.as_deref().unwrap_or_default()),
            };
            let same = |known: Written| match ended {
                true => known.exactly == written.exactly,
                false => known.roughly == written.roughly,
            };
            if !member.written.is_some_and(same) {
                member.written = Some(written);
                store.put(
                    &PartKey::scorecard(&agent_queue),
                    &codec::to_bytes(&written),
                );
                outputs.push(output);
            }
        }
    }

    fn record<'a>(
        &'a self,
        agent_queue: &'a AgentQueue,
        figures: &Figures,
        peers: &Peers,
        time: RecordTime,
    ) -> ScorecardRecord<'a> {
        let settings = &self.settings.balance;
        let starts = self.levels.window_starts(time.at, None);
        ScorecardRecord {
            agent: agent_queue.agent.as_str().into(),
            queue: agent_queue.group.queue.as_str().into(),
            channel: agent_queue.group.channel.name().into(),
            clock: time.at,
            window: settings.window.name.as_str().into(),
            baseline: settings.baseline.name.as_str().into(),
            partial: time.left_out || starts[BASELINE] < time.began_at,
            measures: measures(figures, peers, settings),
            guard: Guard::of(figures, settings),
        }
    }
}

impl PeerState {
    fn new() -> Self {
        Self {
            changed: true,
            changes_at: None,
            figures: Figures::default(),
            written: None,
        }
    }

    /// Sums up the panes at `at`.
    fn sum_up(&mut self, blocks: &PaneBlocks, levels: &Levels, at: Timestamp, store: &Store) {
        let (mut recent, mut baseline) = (Vec::new(), Vec::new());
        let mut changes_at: Option<Timestamp> = None;
        let starts = levels.window_starts(at, None);
        for (pane, image) in blocks.panes(store) {
            let reached = pane.start <= at;
            if reached && levels.covers(starts[RECENT], pane) {
                recent.push(image);
            } else if reached && levels.covers(starts[BASELINE], pane) {
                baseline.push(image);
            }
            let next = levels.changes_at(pane, at);
            changes_at = changes_at.into_iter().chain(next).min();
        }
        self.figures = Figures {
            recent: Accumulator::of_images(recent),
            baseline: Accumulator::of_images(baseline),
        };
        self.changes_at = changes_at;
        self.changed = false;
    }
}

/// Scorecards were switched off.
fn forget(blocks: &PaneBlocks, image: &mut Vec<u8>, store: &mut Store) {
    let known = blocks.panes(store).into_iter();
    let edits = known.map(|(pane, _)| PaneEdit::delete(pane)).collect();
    blocks.edit(edits, image, store);
}

fn removal(agent_queue: &AgentQueue) -> Output {
    Output {
        topic: OutTopic::Scorecards,
        key: Some(agent_queue.name().into_bytes()),
        payload: None,
        headers: Vec::new(),
    }
}

/// Peers that move a little are no news: their figures change with every contact of anybody.
fn rough_hash(figures: &Figures, record: &ScorecardRecord<'_>) -> u64 {
    let mut bytes = Vec::with_capacity(512);
    figures.recent.write_image(&mut bytes);
    bytes.push(u8::MAX);
    figures.baseline.write_image(&mut bytes);
    bytes.push(u8::from(record.partial));
    for measured in record.measures.values() {
        bytes.extend_from_slice(rough_standing(measured).as_bytes());
    }
    xxh3_64(&bytes)
}

/// Returns the place to a twentieth, the median to two digits.
fn rough_standing(measured: &Measured) -> String {
    let place = measured.peers.place.map(|place| (place * 20.0).round());
    let median = measured.peers.median.unwrap_or(-1.0);
    format!("{place:?} {median:.1e};")
}
