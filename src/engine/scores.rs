//! The last stage of a task: the panes of its agents, queues and groups, and the records they become on a beat.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Settings,
    clock::Clock,
    codec,
    entity::Entity,
    frame::Delta,
    gauge::{Gauge, Gauges},
    step::{OutTopic, Output},
    store::{Part, PartKey, Store},
};
use crate::{
    event::{Channel, Span, Text, Timestamp},
    kpi::{
        KpiRecord, Levels, Live, NamedTimes, Pane, Scorecard, Tally, Times, Window, reason_code,
    },
};

/// A source that comes to its end again and again, as a slow load does, has all records written no more often than this.
const END_AGAIN: Span = Span::from_secs(5);

#[derive(Debug)]
pub(super) struct Scores {
    settings: Arc<Settings>,
    levels: Levels,
    /// Entities whose records are not what was last written.
    changed: BTreeSet<Entity>,
    /// When an entity's panes next leave a window, by entity and by time.
    changes_at_by_entity: BTreeMap<Entity, Timestamp>,
    changes: BTreeSet<(Timestamp, Entity)>,
    gauges_by_entity: BTreeMap<Entity, Gauges>,
    /// Entities whose gauges the store does not have yet.
    gauges_changed: BTreeSet<Entity>,
    /// Entities of which something goes on: their records change with the clock alone.
    going_on: BTreeSet<Entity>,
    /// What lasts, while a restored store is taken up.
    steps_by_entity: BTreeMap<Entity, Tally>,
    /// They were written for this instant.
    gone_on_to: Timestamp,
    reasons_by_code: BTreeMap<u32, Text>,
    /// The store does not have all reasons yet.
    reasons_changed: bool,
    /// The image that is being written.
    image: Vec<u8>,
    /// Of the last records written with everything at its end: their instant, and when by the wall clock.
    ended: Option<(Timestamp, Timestamp)>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Beat {
    pub groups: bool,
    pub agents: bool,
}

/// What the records say beside the numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The clock of the records.
    pub at: Timestamp,
    pub began_at: Timestamp,
    /// A silent task was left out.
    pub left_out: bool,
}

impl Scores {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            levels: Levels::new(&settings.kpi),
            changed: BTreeSet::new(),
            changes_at_by_entity: BTreeMap::new(),
            changes: BTreeSet::new(),
            gauges_by_entity: BTreeMap::new(),
            gauges_changed: BTreeSet::new(),
            going_on: BTreeSet::new(),
            steps_by_entity: BTreeMap::new(),
            gone_on_to: Timestamp::MIN,
            reasons_by_code: BTreeMap::new(),
            reasons_changed: false,
            image: Vec::new(),
            ended: None,
        }
    }

    pub(super) fn go_by(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    #[must_use]
    pub(super) fn finest_pane(&self) -> Span {
        self.levels.finest_pane()
    }

    /// Takes up a pane of a restored store.
    pub(super) fn take_up_pane(&mut self, entity: &Entity, pane: Pane, image: &[u8]) {
        self.expect_change(entity, self.levels.leaves_at(pane));
        let steps = Tally::of_images([image]).lasting();
        if !steps.is_empty() {
            let known = self.steps_by_entity.entry(entity.clone()).or_default();
            known.merge(&steps);
        }
    }

    /// Takes up an entity's gauges of a restored store.
    ///
    /// # Errors
    /// When they can't be decoded.
    pub(super) fn take_up_gauges(
        &mut self,
        entity: &Entity,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let gauges = codec::from_bytes(image)?;
        self.gauges_by_entity.insert(entity.clone(), gauges);
        self.changed.insert(entity.clone());
        Ok(())
    }

    /// Takes up the reasons of a restored store.
    ///
    /// # Errors
    /// When they can't be decoded.
    pub(super) fn take_up_reasons(&mut self, image: &[u8]) -> Result<(), minicbor::decode::Error> {
        let reasons: Vec<Text> = codec::from_bytes(image)?;
        self.learn_reasons(reasons);
        self.reasons_changed = false;
        Ok(())
    }

    /// All parts of a restored store were taken up.
    pub(super) fn start(&mut self) {
        let steps = std::mem::take(&mut self.steps_by_entity).into_iter();
        let going_on = steps.filter(|(_, steps)| steps.goes_on());
        self.going_on = going_on.map(|(entity, _)| entity).collect();
    }

    /// Takes the names of what the sums count.
    pub(super) fn learn_reasons(&mut self, reasons: impl IntoIterator<Item = Text>) {
        for reason in reasons {
            let known = self.reasons_by_code.insert(reason_code(&reason), reason);
            self.reasons_changed |= known.is_none();
        }
    }

    /// Notes, while a restore reads the log, what a step changed and what it wrote.
    pub(super) fn restore_step(&mut self, changed: &[PartKey], written: Beat) {
        let entities = changed.iter().filter_map(|key| match Part::of(&key.bytes) {
            Some(Part::Pane(entity, _) | Part::Gauges(entity)) => Some(entity),
            _ => None,
        });
        self.changed.extend(entities);
        self.changed.retain(|entity| !written.includes(entity));
    }

    /// Adds deltas of one entity, oldest first.
    pub(super) fn apply(&mut self, deltas: &[Delta], clock: Option<Clock>, store: &mut Store) {
        let Some(Delta { entity, .. }) = deltas.first() else {
            return;
        };
        let now = clock.map_or(Timestamp::MIN, |clock| clock.at);
        let panes = PartKey::panes(entity);
        let levels = &self.levels;
        let place = |delta: &Delta| levels.place(delta.second, now);
        let mut leaves_at = None;
        for of_pane in deltas.chunk_by(|one, next| place(one) == place(next)) {
            let (first, more) = (&of_pane[0].tally, &of_pane[1..]);
            let mut sum = Cow::Borrowed(first);
            more.iter()
                .for_each(|delta| sum.to_mut().merge(&delta.tally));
            let Some(pane) = place(&of_pane[0]) else {
                keep_lasting(&panes, &sum, &mut self.image, store);
                continue;
            };
            add_to_pane(&panes.with_pane(pane), &sum, &mut self.image, store);
            leaves_at = levels.leaves_at(pane).into_iter().chain(leaves_at).min();
        }
        self.expect_change(entity, leaves_at);
        if !self.changed.contains(entity) {
            self.changed.insert(entity.clone());
        }
    }

    pub(super) fn set_gauge(&mut self, entity: Entity, sender: u16, gauge: Gauge) {
        let gauges = self.gauges_by_entity.entry(entity.clone()).or_default();
        gauges.set(sender, gauge);
        self.gauges_changed.insert(entity.clone());
        self.changed.insert(entity);
    }

    /// Stores the gauges and the reasons that the step has brought.
    pub(super) fn save(&mut self, store: &mut Store) {
        if std::mem::take(&mut self.reasons_changed) {
            let reasons: Vec<&Text> = self.reasons_by_code.values().collect();
            store.put(&PartKey::reasons(), &codec::to_bytes(&reasons));
        }
        for entity in std::mem::take(&mut self.gauges_changed) {
            let key = PartKey::gauges(&entity);
            match self.gauges_by_entity.get(&entity) {
                Some(gauges) if !gauges.is_empty() => store.put(&key, &codec::to_bytes(gauges)),
                _ => {
                    self.gauges_by_entity.remove(&entity);
                    store.remove(&key);
                }
            }
        }
    }

    /// What a queue or group looks like now.
    fn live(&self, entity: &Entity, now: Timestamp) -> Option<Live> {
        let live = || {
            let gauges = self.gauges_by_entity.get(entity);
            gauges.map_or_else(Live::default, |gauges| gauges.live(now))
        };
        (!entity.is_agent()).then(live)
    }

    fn expect_change(&mut self, entity: &Entity, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        match self.changes_at_by_entity.get(entity) {
            Some(known) if *known <= at => return,
            Some(known) => {
                self.changes.remove(&(*known, entity.clone()));
            }
            None => {}
        }
        self.changes_at_by_entity.insert(entity.clone(), at);
        self.changes.insert((at, entity.clone()));
    }

    /// Time alone changes what leaves a window, and what goes on.
    fn take_expected(&mut self, now: Timestamp, beat: Beat) {
        while let Some((at, _)) = self.changes.first()
            && *at <= now
            && let Some((_, entity)) = self.changes.pop_first()
        {
            self.changes_at_by_entity.remove(&entity);
            self.changed.insert(entity);
        }
        if self.gone_on_to < now {
            let going_on = self.going_on.iter();
            let due = going_on.filter(|entity| beat.includes(entity));
            self.changed.extend(due.cloned());
        }
    }

    /// Whether there is anything to write for `beat` at `at`.
    pub(super) fn has_changes(&mut self, at: Timestamp, beat: Beat) -> bool {
        self.take_expected(at, beat);
        self.changed.iter().any(|entity| beat.includes(entity))
    }

    /// Whether everything has come to its end at another instant than before, and not a moment ago.
    pub(super) fn ends_anew(&self, at: Timestamp, wall: Timestamp) -> bool {
        self.ended
            .is_none_or(|(last, said_at)| last != at && said_at + END_AGAIN <= wall)
    }

    /// Everything is at its end: all records once more, so that all tell of the same instant.
    pub(super) fn handle_end(&mut self, at: Timestamp, wall: Timestamp, store: &Store) {
        if !self.ends_anew(at, wall) {
            return;
        }
        self.ended = Some((at, wall));
        for (part, _) in store.iter() {
            if let Part::Pane(entity, _) | Part::Gauges(entity) = part {
                self.changed.insert(entity);
            }
        }
    }

    /// Writes the records of changed entities.
    pub(super) fn write(
        &mut self,
        moment: Moment,
        beat: Beat,
        store: &mut Store,
        outputs: &mut Vec<Output>,
    ) {
        self.take_expected(moment.at, beat);
        let (due, later) = std::mem::take(&mut self.changed)
            .into_iter()
            .partition(|entity| beat.includes(entity));
        self.changed = later;
        let mut any_channel = false;
        for entity in due {
            any_channel |= matches!(entity, Entity::Channel(_) | Entity::All);
            self.move_up(&entity, moment.at, store);
            if entity == Entity::All {
                continue;
            }
            let live = self.live(&entity, moment.at);
            let sums = self.window_sums(&entity, moment.at, store);
            outputs.extend(self.records(&entity, live, &sums, moment));
            self.note_going_on(&entity, live, &sums);
        }
        if any_channel {
            outputs.extend(self.records_of_all(moment, store));
        }
        if beat.agents {
            self.gone_on_to = moment.at;
        }
    }

    fn note_going_on(&mut self, entity: &Entity, live: Option<Live>, sums: &Sums) {
        let waits = live.is_some_and(|live| live.waiting > 0);
        if waits || sums.until_now.goes_on() {
            if !self.going_on.contains(entity) {
                self.going_on.insert(entity.clone());
            }
        } else {
            self.going_on.remove(entity);
        }
    }

    /// All is the sum of the channels, and what all agents do.
    fn records_of_all(&mut self, moment: Moment, store: &Store) -> Vec<Output> {
        let mut sums = self.window_sums(&Entity::All, moment.at, store);
        let mut all = Live::default();
        for entity in Channel::ALL.map(Entity::Channel) {
            let of_channel = self.window_sums(&entity, moment.at, store);
            (sums.windows.iter_mut().zip(&of_channel.windows))
                .for_each(|(sum, tally)| sum.merge(tally));
            self.live(&entity, moment.at)
                .iter()
                .for_each(|live| all.add(live));
        }
        self.note_going_on(&Entity::All, Some(all), &sums);
        self.records(&Entity::All, Some(all), &sums, moment)
    }

    /// Joins panes that have left their level's window to those of the next, those for one pane at once; expects the next change.
    fn move_up(&mut self, entity: &Entity, now: Timestamp, store: &mut Store) {
        let keys = PartKey::panes(entity);
        let panes = store.panes(&keys).into_iter();
        let places: Vec<(Option<Pane>, Pane)> = panes
            .map(|(pane, _)| (self.levels.move_up(pane, now), pane))
            .collect();
        let moved = |(to, from): &(Option<Pane>, Pane)| *to != Some(*from);
        for group in places.chunk_by(|one, next| one.0 == next.0) {
            let from: Vec<PartKey> = (group.iter().filter(|place| moved(place)))
                .map(|(_, from)| keys.with_pane(*from))
                .collect();
            if from.is_empty() {
                continue;
            }
            let tally = Tally::of_images(from.iter().filter_map(|from| store.get(from)));
            match group[0].0 {
                Some(to) => add_to_pane(&keys.with_pane(to), &tally, &mut self.image, store),
                None => keep_lasting(&keys, &tally, &mut self.image, store),
            }
            from.iter().for_each(|from| store.remove(from));
        }
        let leave_at = places
            .iter()
            .filter_map(|place| self.levels.leaves_at(place.0?));
        self.expect_change(entity, leave_at.min());
    }

    fn records(
        &self,
        entity: &Entity,
        live: Option<Live>,
        sums: &Sums,
        moment: Moment,
    ) -> Vec<Output> {
        let name = entity.name();
        let windows = self.settings.kpi.windows.iter().enumerate();
        let record = |((place, window), tally): ((usize, &Window), &Tally)| {
            let times = entity.has_agents().then(|| {
                let from = self.levels.window_start(place, moment.at);
                self.name_times(tally.times(&sums.until_now, from, moment.at))
            });
            let reaches_back =
                (window.length).is_some_and(|length| moment.at - length < moment.began_at);
            let record = KpiRecord {
                entity: &name,
                window: &window.name,
                clock: moment.at,
                partial: moment.left_out || reaches_back,
                kpis: Scorecard::new(tally, &self.settings.contact.policies, live, times),
            };
            let key = format!("{name}/{}", window.name);
            Output::json(OutTopic::Kpis, &key, &record)
        };
        windows.zip(&sums.windows).map(record).collect()
    }

    fn name_times(&self, times: Times) -> NamedTimes<'_> {
        let named = times.away.iter().filter_map(|(code, time)| {
            let reason = self.reasons_by_code.get(code)?;
            Some((&**reason, *time))
        });
        let mut away: Vec<(&str, Span)> = named.collect();
        away.sort_unstable();
        NamedTimes { times, away }
    }

    /// The sums of each window: each is the one before and the panes that only it covers.
    fn window_sums(&self, entity: &Entity, now: Timestamp, store: &Store) -> Sums {
        let mut images = vec![Vec::new(); self.levels.windows() + 1];
        let panes = store.panes(&PartKey::panes(entity)).into_iter();
        for (pane, image) in panes.filter(|(pane, _)| pane.start <= now) {
            let windows = 0..self.levels.windows();
            let first = windows
                .into_iter()
                .find(|w| self.levels.window_covers(*w, pane, now));
            images[first.unwrap_or(self.levels.windows())].push(image);
        }
        let mut windows: Vec<Tally> = images.into_iter().map(Tally::of_images).collect();
        for window in 1..windows.len() {
            let (shorter, longer) = windows.split_at_mut(window);
            longer[0].merge(&shorter[window - 1]);
        }
        let until_now = windows.pop().unwrap_or_default().lasting();
        Sums { windows, until_now }
    }
}

/// The sums of one entity at a clock.
struct Sums {
    /// Shortest first.
    windows: Vec<Tally>,
    /// Of what lasts: all there ever was.
    until_now: Tally,
}

impl Beat {
    #[must_use]
    pub(super) const fn includes(self, entity: &Entity) -> bool {
        if entity.is_agent() {
            self.agents
        } else {
            self.groups
        }
    }

    #[must_use]
    pub(super) const fn any(self) -> bool {
        self.groups || self.agents
    }
}

/// The instant that records can tell of: all of the last whole grain of time, or with everything at its end the newest event.
#[must_use]
pub(super) fn record_clock(clock: Clock, grain: Span) -> Timestamp {
    if clock.ended {
        clock.at
    } else {
        clock.at.floor(grain) - Span(1)
    }
}

fn add_to_pane(key: &PartKey, tally: &Tally, image: &mut Vec<u8>, store: &mut Store) {
    image.clear();
    tally.write_merged(store.get(key).unwrap_or_default(), image);
    if image.is_empty() {
        store.remove(key);
    } else {
        store.put(key, image);
    }
}

/// What goes on is not over when its beginning leaves the longest window.
fn keep_lasting(panes: &PartKey, tally: &Tally, image: &mut Vec<u8>, store: &mut Store) {
    let lasting = tally.lasting();
    if !lasting.is_empty() {
        add_to_pane(&panes.with_pane(Levels::BEYOND), &lasting, image, store);
    }
}
