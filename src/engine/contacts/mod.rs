//! The contact stage of a task: loads a contact when something happens to it, and at the end of the step tells the difference.

mod change;
mod records;

pub(super) use change::Change;
pub(super) use records::contact_output;

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use self::records::due_record;
use super::{
    Settings,
    customers::{CaseSaid, Repeats},
    delta::Deltas,
    gauge::Waiting,
    step::{OutTopic, Output},
    store::{Part, PartKey, Store},
    timers::Timers,
    usual::Usual,
};
use crate::{
    alert::{self, AlertRecord, Context},
    contact::{Contact, Fold, Judgement, Outcome, Prediction, tell_changes},
    csat,
    customer::Judged,
    event::{ContactId, CustomerId, Event, Span, Text, Timestamp},
};

/// A contact whose next due time can't be met yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);
/// Decoded contacts that a task keeps at hand between steps, about 1.5 KB each.
const LOADED_MAX: usize = 2_048;
/// So many are never too many.
const LOADED_MIN: usize = 128;

#[derive(Debug)]
pub(super) struct Contacts {
    settings: Arc<Settings>,
    customer_key: [u8; 32],
    /// Contacts as they are decoded: those that late events may join, and others until there are too many.
    #[expect(
        clippy::vec_box,
        reason = "they are large, and the list grows and shrinks"
    )]
    loaded: Vec<Box<Loaded>>,
    place_by_contact: HashMap<ContactId, usize, FixedState>,
    /// With more than this in `loaded`, those that are sealed are let go.
    room: usize,
    /// Places in `loaded` of the contacts of the step being made, in the order in which they were touched.
    touched: Vec<usize>,
    timers: Timers<ContactId>,
    /// Contacts whose newest record is not written yet.
    records_due: BTreeSet<ContactId>,
    pub waiting: Waiting,
    pub usual: Usual,
    /// An alert's transition is among the changes.
    pub alert_pending: bool,
}

#[derive(Debug)]
struct Loaded {
    id: ContactId,
    key: PartKey,
    contact: Contact,
    /// As others know it, of a contact that was touched in this step.
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    fold: Fold,
    /// Whether the alarm had fired, and had ended.
    alarm: (bool, bool),
    judgement: Judgement,
}

/// What the end of a step needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub seq: u64,
    /// Up to here due times have been spoken of.
    pub spoken: Option<Timestamp>,
    /// Behind this no event comes from anywhere.
    pub horizon: Timestamp,
    /// More than a minute behind the wall clock.
    pub history: bool,
    /// Facts within so much time are told as one sum.
    pub grain: Span,
}

/// What a step's contacts have to say.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub outputs: &'a mut Vec<Output>,
    pub deltas: &'a mut Deltas,
    /// For the customers.
    pub cases: &'a mut Vec<CaseSaid>,
    pub clock_skew: &'a mut i64,
}

impl Contacts {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        const PURPOSE: &str = "floorwalker 2026 customer pseudonym";
        let key = settings.contact.privacy_key.as_bytes();
        Self {
            settings: Arc::clone(settings),
            customer_key: blake3::derive_key(PURPOSE, key),
            loaded: Vec::new(),
            place_by_contact: HashMap::default(),
            room: LOADED_MIN,
            touched: Vec::new(),
            timers: Timers::default(),
            records_due: BTreeSet::new(),
            waiting: Waiting::new(settings),
            usual: Usual::default(),
            alert_pending: false,
        }
    }

    /// Takes up a contact of a restored store: its timer, and whether it waits.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn take_up(
        &mut self,
        id: &ContactId,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let contact = Contact::from_image(image)?;
        self.waiting.count(&contact.fold, 1);
        if let Some(at) = contact.armed_at {
            self.timers.insert(at, id.clone());
        }
        Ok(())
    }

    /// Notes, while a restore reads the log, what a step changed and whether it wrote the records that were due.
    pub(super) fn restore_step(&mut self, changed: &[PartKey], written: bool) {
        if written {
            self.records_due.clear();
            return;
        }
        let contacts = changed.iter().filter_map(|key| match Part::of(&key.bytes) {
            Some(Part::Contact(id)) => Some(id),
            _ => None,
        });
        self.records_due.extend(contacts);
    }

    /// `None`: it happened to no contact.
    pub(super) fn handle_event(&mut self, event: Event, store: &Store) -> Option<Outcome> {
        let contact = event.contact()?;
        let named = event.customer.as_ref();
        let customer = named.map(|customer| self.pseudonym(customer));
        let settings = Arc::clone(&self.settings);
        let place = self.touch(contact, store);
        let loaded = &mut self.loaded[place];
        let outcome = (loaded.contact).handle_event(event, customer, &settings.contact);
        self.predict(place);
        Some(outcome)
    }

    /// Predicts anew for a touched contact; notes whether somebody has to be told.
    fn predict(&mut self, place: usize) {
        let loaded = &mut self.loaded[place];
        loaded.predict(&self.usual, &self.settings);
        self.alert_pending |= loaded.alerts_changed();
    }

    /// Takes what the customer says of a contact when it hears of it first.
    pub(super) fn handle_repeats(&mut self, repeats: &Repeats, store: &Store) {
        if !self.knows(&repeats.contact, store) {
            return;
        }
        let place = self.touch(&repeats.contact, store);
        if let Some(prediction) = &mut self.loaded[place].contact.prediction {
            prediction.repeats = Some(repeats.earlier);
            self.predict(place);
        }
    }

    /// Takes what became of a contact as its customer has it.
    pub(super) fn handle_judged(&mut self, judged: &Judged, store: &Store) {
        if !self.knows(&judged.contact, store) {
            return;
        }
        let place = self.touch(&judged.contact, store);
        let standing = self.loaded[place].contact.standing.as_mut();
        if let Some(standing) = standing.filter(|standing| standing.round == judged.round) {
            standing.judgement = judged.judgement;
        }
    }

    fn knows(&self, id: &ContactId, store: &Store) -> bool {
        self.place_by_contact.contains_key(id) || store.get(&PartKey::contact(id)).is_some()
    }

    /// Lets time pass for those who are due. True if anybody was.
    pub(super) fn handle_timeout(
        &mut self,
        now: Timestamp,
        horizon: Timestamp,
        store: &Store,
    ) -> bool {
        self.wait_on(now, store);
        let settings = Arc::clone(&self.settings);
        let mut any = false;
        while let Some(due) = self.timers.pop(now) {
            for (_, id) in due {
                if !self.knows(&id, store) {
                    continue;
                }
                let place = self.place(&id, store);
                let wanted = self.loaded[place].next_due_at(&settings);
                if wanted > now {
                    // What it was armed for was met: nothing to say, nothing to log.
                    self.timers.insert(wanted, id);
                    continue;
                }
                any = true;
                self.touch(&id, store);
                let loaded = &mut self.loaded[place];
                loaded.contact.armed_at = None;
                (loaded.contact).handle_timeout(now, horizon, &settings.contact);
                self.predict(place);
            }
        }
        any
    }

    /// The keyed hash under which a customer is known inside and leaves the process.
    fn pseudonym(&self, customer: &CustomerId) -> Text {
        let hash = blake3::keyed_hash(&self.customer_key, customer.as_str().as_bytes());
        let hex = hash.to_hex();
        Text::new(&format!("h:{}", hex.get(..16).unwrap_or_default()))
    }

    /// The contact's place in `loaded`.
    fn place(&mut self, id: &ContactId, store: &Store) -> usize {
        match self.place_by_contact.get(id) {
            Some(place) => *place,
            None => self.load(id, store),
        }
    }

    /// Notes that the contact is about to change. Returns its place.
    fn touch(&mut self, id: &ContactId, store: &Store) -> usize {
        let place = self.place(id, store);
        let loaded = &mut self.loaded[place];
        if loaded.before.is_none() {
            loaded.before = Some(Before {
                fold: loaded.contact.fold.clone(),
                alarm: loaded.alarm(),
                judgement: loaded.judgement(),
            });
            self.touched.push(place);
        }
        place
    }

    fn load(&mut self, id: &ContactId, store: &Store) -> usize {
        let key = PartKey::contact(id);
        let contact = (store.get(&key)).and_then(|image| Contact::from_image(image).ok());
        self.loaded.push(Box::new(Loaded {
            id: id.clone(),
            key,
            contact: contact.unwrap_or_default(),
            before: None,
        }));
        let place = self.loaded.len() - 1;
        self.place_by_contact.insert(id.clone(), place);
        place
    }

    /// Ends the step: tells what changed, stores the contacts, sets their timers.
    pub(super) fn finish(&mut self, ending: Ending, store: &mut Store, said: &mut Said<'_>) {
        self.alert_pending = false;
        let settings = Arc::clone(&self.settings);
        for place in std::mem::take(&mut self.touched) {
            let loaded = &mut self.loaded[place];
            let Some(before) = loaded.before.take() else {
                continue;
            };
            let forgotten = loaded.catch_up(ending, &self.usual, &settings);
            if before.differs_from(loaded) {
                tell_changes(&before.fold, &loaded.contact.fold, |fact, sign| {
                    said.deltas.add_fact(fact, sign, ending.grain);
                    self.usual.learn(fact, sign);
                });
                if loaded.tell(&before, ending, &settings, said) {
                    self.records_due.insert(loaded.id.clone());
                }
                self.waiting.count(&before.fold, -1);
                self.waiting.count(&loaded.contact.fold, 1);
            }
            if let Some(due) = loaded.arm(ending.spoken, &settings) {
                self.timers.insert(due, loaded.id.clone());
            }
            if forgotten {
                let farewell = CaseSaid::farewell(&loaded.id, &loaded.contact.fold);
                said.cases.extend(farewell);
                // Behind this there is nothing left to write on a beat.
                if self.records_due.remove(&loaded.id) {
                    (said.outputs).extend(due_record(&loaded.id, &loaded.contact, &settings));
                }
            }
            loaded.save(forgotten, store);
        }
        self.usual.save(store);
        if self.loaded.len() > self.room {
            self.let_go();
        }
    }

    /// Keeps at hand what will be asked for again soon: contacts that are not sealed, unless they too are too many.
    fn let_go(&mut self) {
        self.loaded.retain(|loaded| !loaded.contact.is_sealed());
        if self.loaded.len() > LOADED_MAX / 2 {
            self.loaded.clear();
        }
        self.room = (self.loaded.len() * 2).max(LOADED_MIN);
        self.place_by_contact.clear();
        let ids = self.loaded.iter().map(|loaded| loaded.id.clone());
        self.place_by_contact.extend(ids.zip(0..));
    }
}

impl Before {
    /// Whether there is something to tell.
    fn differs_from(&self, loaded: &Loaded) -> bool {
        self.fold != loaded.contact.fold
            || self.alarm != loaded.alarm()
            || self.judgement != loaded.judgement()
    }
}

impl Loaded {
    fn next_due_at(&self, settings: &Settings) -> Timestamp {
        (self.contact).next_due_at(settings.lateness_max(), &settings.contact)
    }

    /// When the contact wants to be called, if it is earlier than it will be. What it was armed for may have passed with nothing
    /// to say.
    fn arm(&mut self, spoken: Option<Timestamp>, settings: &Settings) -> Option<Timestamp> {
        let mut due = self.next_due_at(settings);
        if let Some(now) = spoken.filter(|now| due <= *now) {
            let transition = self.contact.next_transition_at(&settings.contact);
            due = transition.map_or(now + ASK_AGAIN, |at| at.min(now + ASK_AGAIN));
        }
        let armed = self.contact.armed_at.filter(|at| Some(*at) > spoken);
        let earlier = armed.is_none_or(|armed| due < armed);
        earlier.then(|| *self.contact.armed_at.insert(due))
    }

    /// Stores the contact, or forgets it.
    fn save(&mut self, forgotten: bool, store: &mut Store) {
        if forgotten {
            self.contact = Contact::default();
            store.remove(&self.key);
        } else {
            store.put(&self.key, &self.contact.write_image());
        }
    }

    fn alerts_changed(&self) -> bool {
        (self.before.as_ref()).is_none_or(|before| {
            before.alarm != self.alarm()
                || alert::outlook(&before.fold) != alert::outlook(&self.contact.fold)
        })
    }

    fn alarm(&self) -> (bool, bool) {
        let prediction = self.contact.prediction.as_ref();
        prediction.map_or((false, false), Prediction::life)
    }

    fn judgement(&self) -> Judgement {
        self.contact.standing.unwrap_or_default().judgement
    }

    fn predict(&mut self, usual: &Usual, settings: &Settings) {
        let fold = &self.contact.fold;
        let handle = usual.handle(fold.engagements.last().and_then(|one| one.queue.as_ref()));
        let alarms = settings.alert.low_predicted.enabled;
        csat::revise(&mut self.contact, handle, alarms, &settings.csat);
    }

    /// Speaks of what was due already when its event came. True if nothing more can come of it, and it is to be forgotten.
    fn catch_up(&mut self, ending: Ending, usual: &Usual, settings: &Settings) -> bool {
        let Some(now) = ending.spoken else {
            return false;
        };
        let due = self.next_due_at(settings);
        if due <= now {
            (self.contact).handle_timeout(now, ending.horizon, &settings.contact);
            self.predict(usual, settings);
        }
        let forgotten = (self.contact).is_forgotten(ending.horizon, &settings.contact);
        if forgotten {
            csat::end_alarm(&mut self.contact, Some(now));
        }
        forgotten
    }

    /// True if the contact's record is another now.
    fn tell(
        &mut self,
        before: &Before,
        ending: Ending,
        settings: &Settings,
        said: &mut Said<'_>,
    ) -> bool {
        let Contact { fold, standing, .. } = &mut self.contact;
        *said.clock_skew += i64::from(fold.clock_skews) - i64::from(before.fold.clock_skews);
        let say = |case| said.cases.push(case);
        CaseSaid::of_change(&self.id, &before.fold, fold, standing, say);
        let after = &self.contact.fold;
        let context = self.context(&before.fold, ending, settings);
        let transitions = alert::transitions(&before.fold, after, &settings.alert);
        let records = transitions
            .iter()
            .map(|transition| AlertRecord::new(transition, &context));
        let records = records.chain(self.alarm_records(before, &context, settings));
        let alerts_before = said.outputs.len();
        for record in records {
            said.outputs
                .push(Output::json(OutTopic::Alerts, &record.id, &record));
        }
        let alerts = said.outputs.len() - alerts_before;
        // Whoever follows an alert finds the contact, also while it is open; what was once written is kept right.
        let is_known = self.contact.version > 0;
        let due = self.contact.is_over() || is_known || alerts > 0;
        self.contact.version += u32::from(due);
        due
    }

    fn context<'a>(
        &'a self,
        before: &'a Fold,
        ending: Ending,
        settings: &'a Settings,
    ) -> Context<'a> {
        let after = &self.contact.fold;
        Context {
            contact: self.id.as_str(),
            before,
            after,
            now: ending.spoken.or(after.began_at).unwrap_or_default(),
            history: ending.history,
            seq: ending.seq,
            contact_settings: &settings.contact,
            alert_settings: &settings.alert,
        }
    }

    /// That a low rating is likely, and that there is nothing left to save.
    fn alarm_records<'a>(
        &'a self,
        before: &Before,
        context: &Context<'a>,
        settings: &Settings,
    ) -> impl Iterator<Item = AlertRecord<'a>> {
        let alarm = (self.contact.prediction.as_ref()).and_then(|it| it.alarm.as_ref());
        let ((had_fired, had_ended), (fired, ended)) = (before.alarm, self.alarm());
        let fires = (fired && !had_fired).then_some(None);
        let ends = (ended && !had_ended).then(|| alarm.and_then(|alarm| alarm.ended_at));
        let transitions = fires.into_iter().chain(ends);
        transitions.filter_map(move |ended_at| {
            Some(AlertRecord::of_alarm(
                alarm?,
                ended_at,
                context,
                &settings.csat,
            ))
        })
    }
}
