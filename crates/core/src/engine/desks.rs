//! The desks of a task: their panes, and on a beat of their own the scorecards they become, each among its peers.
//!
//! Panes lie in the store and are the state; what is kept here of a desk follows from them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Settings, codec,
    desk::{Desk, Room},
    leaves::Leaves,
    scores::Moment,
    step::{OutTopic, Output},
    store::{PartKey, Store},
};
use crate::{
    balance::{BalanceSettings, Figures, Guard, Measured, Peers, ScorecardRecord, measures},
    event::{AgentId, Span, Timestamp},
    kpi::{Accumulator, KpiSettings, Levels, PaneEdit},
};

#[derive(Debug)]
pub(super) struct Desks {
    settings: Arc<Settings>,
    levels: Levels,
    seats_by_room: BTreeMap<Room, BTreeMap<AgentId, Seat>>,
    /// Rooms with a desk whose figures are not what was last written.
    changed: BTreeSet<Room>,
    /// When panes next enter or leave a window, by room.
    changes: BTreeSet<(Timestamp, Room)>,
    /// The image that is being written.
    image: Vec<u8>,
}

/// What is known of one desk.
#[derive(Debug)]
struct Seat {
    changed: bool,
    /// When time alone changes its figures.
    changes_at: Option<Timestamp>,
    figures: Figures,
    /// Of its record. `None`: it has none.
    written: Option<Written>,
}

/// Hashes of a record as it was last written: a part of the state, so that a restored task writes no record anew and removes none that
/// it has not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Written {
    /// The desk's own figures, and where it stands, roughly.
    #[n(0)]
    roughly: u64,
    #[n(1)]
    exactly: u64,
}

/// The two windows, as of whose levels the panes lie.
const RECENT: usize = 0;
const BASELINE: usize = 1;

/// The grains of time in which facts are told to desks, and of their records' clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grains {
    live: Span,
    catching_up: Span,
}

impl Grains {
    /// Live, a minute or what divides it and the panes: a scorecard looks back over a day.
    pub(super) fn new(settings: &BalanceSettings) -> Self {
        const LIVE: Span = Span::from_secs(60);
        let pane = levels(settings).finest_pane();
        let (mut live, mut rest) = (pane.0, LIVE.0);
        while rest != 0 {
            (live, rest) = (rest, live % rest);
        }
        Self {
            live: Span(live),
            catching_up: pane,
        }
    }

    pub(super) const fn get(self, history: bool) -> Span {
        if history { self.catching_up } else { self.live }
    }
}

fn levels(settings: &BalanceSettings) -> Levels {
    Levels::new(&KpiSettings {
        windows: vec![settings.window.clone(), settings.baseline.clone()],
        ..KpiSettings::default()
    })
}

impl Desks {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            levels: levels(&settings.balance),
            seats_by_room: BTreeMap::new(),
            changed: BTreeSet::new(),
            changes: BTreeSet::new(),
            image: Vec::new(),
        }
    }

    /// Takes up a desk of a restored store.
    pub(super) fn take_up(&mut self, desk: &Desk) {
        self.note_changed(desk);
    }

    /// Takes up, from a restored store, what the record of a desk is.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn take_up_written(
        &mut self,
        desk: &Desk,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let written = codec::from_bytes(image)?;
        if let Some(seat) = self.note_changed(desk) {
            seat.written = Some(written);
        }
        Ok(())
    }

    fn note_changed(&mut self, desk: &Desk) -> Option<&mut Seat> {
        if !self.changed.contains(&desk.room) {
            self.changed.insert(desk.room.clone());
        }
        let seats = self.seats_by_room.entry(desk.room.clone()).or_default();
        if !seats.contains_key(&desk.agent) {
            seats.insert(desk.agent.clone(), Seat::new());
        }
        let seat = seats.get_mut(&desk.agent)?;
        seat.changed = true;
        Some(seat)
    }

    /// Adds facts of one desk, oldest first, as of the clock of the records.
    pub(super) fn apply(
        &mut self,
        desk: &Desk,
        facts: &[(Timestamp, Accumulator)],
        now: Timestamp,
        store: &mut Store,
    ) {
        // Behind the baseline nothing counts any more.
        let edits = facts.iter().filter_map(|(at, sums)| {
            let pane = self.levels.place(*at, now)?;
            Some(PaneEdit::merge(pane, Cow::Borrowed(sums)))
        });
        Leaves::of_desk(desk).edit(edits.collect(), &mut self.image, store);
        self.note_changed(desk);
    }

    /// Whether there is anything to write at `at`.
    #[must_use]
    pub(super) fn has_changes(&self, at: Timestamp) -> bool {
        let expected = self.changes.first().is_some_and(|(then, _)| *then <= at);
        expected || !self.changed.is_empty()
    }

    /// Everything is at its end: all records once more, so that all tell of the same instant.
    pub(super) fn handle_end(&mut self) {
        self.changed.extend(self.seats_by_room.keys().cloned());
    }

    /// Writes the scorecards that have changed, each room at a time; at the end of all inputs to the letter.
    pub(super) fn write(
        &mut self,
        moment: Moment,
        ended: bool,
        store: &mut Store,
        outputs: &mut Vec<Output>,
    ) {
        while let Some((at, _)) = self.changes.first()
            && *at <= moment.at
            && let Some((_, room)) = self.changes.pop_first()
        {
            self.changed.insert(room);
        }
        for room in std::mem::take(&mut self.changed) {
            let Some(mut seats) = self.seats_by_room.remove(&room) else {
                continue;
            };
            outputs.extend(self.refresh(&room, &mut seats, moment.at, store));
            let next = seats.values().filter_map(|seat| seat.changes_at).min();
            self.changes.extend(next.map(|at| (at, room.clone())));
            let mut out = (&mut *store, &mut *outputs);
            self.write_room(&room, &mut seats, (moment, ended), &mut out);
            if !seats.is_empty() {
                self.seats_by_room.insert(room, seats);
            }
        }
    }

    /// Sums up the panes of the desks that have changed. Of whom nothing is left, the record goes too: removals are returned.
    fn refresh(
        &mut self,
        room: &Room,
        seats: &mut BTreeMap<AgentId, Seat>,
        at: Timestamp,
        store: &mut Store,
    ) -> Vec<Output> {
        let mut removals = Vec::new();
        seats.retain(|agent, seat| {
            let due = seat.changes_at.is_some_and(|then| then <= at);
            if !seat.changed && !due {
                return true;
            }
            let desk = Desk {
                room: room.clone(),
                agent: agent.clone(),
            };
            let leaves = Leaves::of_desk(&desk);
            if self.settings.balance.enabled {
                self.move_up(&leaves, at, store);
            } else {
                forget(&leaves, &mut self.image, store);
            }
            seat.sum_up(&leaves, &self.levels, at, store);
            let stays = !leaves.panes(store).is_empty();
            if !stays && seat.written.is_some() {
                store.remove(&PartKey::scorecard(&desk));
                removals.push(removal(&desk));
            }
            stays
        });
        removals
    }

    /// Joins panes that have left their level's window to those of the next. Empty ones go.
    fn move_up(&mut self, leaves: &Leaves, at: Timestamp, store: &mut Store) {
        let mut edits = Vec::new();
        for (pane, image) in leaves.panes(store) {
            let to = self.levels.move_up(pane, at).filter(|_| !image.is_empty());
            if to == Some(pane) {
                continue;
            }
            let sums = Accumulator::of_images([image]);
            edits.push(PaneEdit::delete(pane));
            edits.extend(to.map(|to| PaneEdit::merge(to, Cow::Owned(sums))));
        }
        leaves.edit(edits, &mut self.image, store);
    }

    fn write_room(
        &self,
        room: &Room,
        seats: &mut BTreeMap<AgentId, Seat>,
        (moment, ended): (Moment, bool),
        (store, outputs): &mut (&mut Store, &mut Vec<Output>),
    ) {
        let settings = &self.settings.balance;
        let peers = Peers::of(seats.values().map(|seat| &seat.figures), settings);
        for (agent, seat) in seats {
            let desk = Desk {
                room: room.clone(),
                agent: agent.clone(),
            };
            let record = self.record(&desk, &seat.figures, &peers, moment);
            if record.measures.is_empty() {
                if seat.written.take().is_some() {
                    store.remove(&PartKey::scorecard(&desk));
                    outputs.push(removal(&desk));
                }
                continue;
            }
            let output = Output::json(OutTopic::Scorecards, &desk.name(), &record);
            let written = Written {
                roughly: rough_hash(&seat.figures, &record),
                exactly: xxh3_64(output.payload.as_deref().unwrap_or_default()),
            };
            let same = |known: Written| match ended {
                true => known.exactly == written.exactly,
                false => known.roughly == written.roughly,
            };
            if !seat.written.is_some_and(same) {
                seat.written = Some(written);
                store.put(&PartKey::scorecard(&desk), &codec::to_bytes(&written));
                outputs.push(output);
            }
        }
    }

    fn record<'a>(
        &'a self,
        desk: &'a Desk,
        figures: &Figures,
        peers: &Peers,
        moment: Moment,
    ) -> ScorecardRecord<'a> {
        let settings = &self.settings.balance;
        let starts = self.levels.window_starts(moment.at, None);
        ScorecardRecord {
            agent: desk.agent.as_str().into(),
            queue: desk.room.queue.as_str().into(),
            channel: desk.room.channel.name().into(),
            clock: moment.at,
            window: settings.window.name.as_str().into(),
            baseline: settings.baseline.name.as_str().into(),
            partial: moment.left_out || starts[BASELINE] < moment.began_at,
            measures: measures(figures, peers, settings),
            guard: Guard::of(figures, settings),
        }
    }
}

impl Seat {
    fn new() -> Self {
        Self {
            changed: true,
            changes_at: None,
            figures: Figures::default(),
            written: None,
        }
    }

    /// As the panes have it at `at`.
    fn sum_up(&mut self, leaves: &Leaves, levels: &Levels, at: Timestamp, store: &Store) {
        let (mut recent, mut baseline) = (Vec::new(), Vec::new());
        let mut changes_at: Option<Timestamp> = None;
        let starts = levels.window_starts(at, None);
        for (pane, image) in leaves.panes(store) {
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
fn forget(leaves: &Leaves, image: &mut Vec<u8>, store: &mut Store) {
    let known = leaves.panes(store).into_iter();
    let edits = known.map(|(pane, _)| PaneEdit::delete(pane)).collect();
    leaves.edit(edits, image, store);
}

fn removal(desk: &Desk) -> Output {
    Output {
        topic: OutTopic::Scorecards,
        key: Some(desk.name().into_bytes()),
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

/// The place to a twentieth, the median to two digits.
fn rough_standing(measured: &Measured) -> String {
    let place = measured.peers.place.map(|place| (place * 20.0).round());
    let median = measured.peers.median.unwrap_or(-1.0);
    format!("{place:?} {median:.1e};")
}
