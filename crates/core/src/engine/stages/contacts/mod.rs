//! The contact stage of a task: loads a contact when something happens to it, and at the end of the step emits the difference.

mod baseline;
mod change;
mod loaded;
mod records;
mod waiting;

pub(in crate::engine) use change::SettingsChange;
pub(in crate::engine) use records::contact_output;

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use self::{baseline::HandleTimeBaseline, loaded::Loaded, records::due_record, waiting::Waiting};
use crate::{
    contact::{Contact, EventOutcome, diff_facts},
    customer::JudgementUpdate,
    engine::{
        Settings,
        exchange::message::{CaseUpdate, Repeats},
        stages::step_end::{Effects, StepEnd},
        state::store::{Part, PartKey, Store},
        step::Output,
        time::timers::Timers,
    },
    event::{ContactId, CustomerId, Event, Text, Timestamp},
};

/// Decoded contacts that a task keeps at hand between steps, about 1.5 KB each.
const LOADED_MAX: usize = 2_048;
/// So many are never too many.
const LOADED_MIN: usize = 128;

#[derive(Debug)]
pub(in crate::engine) struct Contacts {
    settings: Arc<Settings>,
    customer_key: [u8; 32],
    /// Contacts as they are decoded: those that late events may join, and others until there are too many.
    #[expect(
        clippy::vec_box,
        reason = "they are large, and the list grows and shrinks"
    )]
    loaded: Vec<Box<Loaded>>,
    place_by_contact: HashMap<ContactId, usize, FixedState>,
    /// With more than this in `loaded`, those that are sealed are evicted.
    loaded_max: usize,
    /// Places in `loaded` of the contacts of the step being made, in the order in which they were touched.
    touched: Vec<usize>,
    timers: Timers<ContactId>,
    /// Contacts whose id the next one waits for, by when it may have it.
    successions: Timers<ContactId>,
    /// Contacts whose newest record is not written yet.
    records_due: BTreeSet<ContactId>,
    pub waiting: Waiting,
    pub baseline: HandleTimeBaseline,
    /// An alert's transition is among the changes.
    pub alert_pending: bool,
}

impl Contacts {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        const PURPOSE: &str = "floorwalker 2026 customer pseudonym";
        let key = settings.contact.privacy_key.as_bytes();
        Self {
            settings: Arc::clone(settings),
            customer_key: blake3::derive_key(PURPOSE, key),
            loaded: Vec::new(),
            place_by_contact: HashMap::default(),
            loaded_max: LOADED_MIN,
            touched: Vec::new(),
            timers: Timers::default(),
            successions: Timers::default(),
            records_due: BTreeSet::new(),
            waiting: Waiting::new(settings),
            baseline: HandleTimeBaseline::default(),
            alert_pending: false,
        }
    }

    /// Restores a contact: its timer, and whether it waits.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        id: &ContactId,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        if let Some(armed_at) = Contact::armed_at_if_quiet(image)? {
            debug_assert_eq!(armed_at, Contact::from_image(image)?.armed_at);
            armed_at
                .into_iter()
                .for_each(|at| self.timers.insert(at, id.clone()));
            return Ok(());
        }
        let contact = Contact::from_image(image)?;
        self.waiting.count(&contact.fold, 1);
        if let Some(at) = contact.armed_at {
            self.timers.insert(at, id.clone());
        }
        if let Some(at) = contact.successor_due_at(&self.settings.contact) {
            self.successions.insert(at, id.clone());
        }
        Ok(())
    }

    #[must_use]
    pub(in crate::engine) fn has_records(&self) -> bool {
        !self.records_due.is_empty()
    }

    /// Writes the records that are due, of contacts as the store has them.
    pub(in crate::engine) fn write_records(&mut self, store: &Store, outputs: &mut Vec<Output>) {
        for id in std::mem::take(&mut self.records_due) {
            if let Some(place) = self.place_by_contact.get(&id) {
                let contact = &self.loaded[*place].contact;
                outputs.extend(due_record(&id, contact, &self.settings));
            } else if let Some(image) = store.get(&PartKey::contact(&id))
                && let Ok(contact) = Contact::from_image(image)
            {
                outputs.extend(due_record(&id, &contact, &self.settings));
            }
        }
    }

    /// Notes, while a restore reads the log, what a step changed and whether it wrote the records that were due.
    pub(in crate::engine) fn restore_step(&mut self, changed: &[Part], written: bool) {
        if written || !self.settings.contact_records {
            self.records_due.clear();
            return;
        }
        for part in changed {
            if let Part::Contact(id) = part
                && !self.records_due.contains(id)
            {
                self.records_due.insert(id.clone());
            }
        }
    }

    /// Applies an event to its contact. `None`: it has none.
    pub(in crate::engine) fn handle_event(
        &mut self,
        event: Event,
        store: &Store,
    ) -> Option<EventOutcome> {
        let contact = event.contact()?;
        let enabled = self.settings.contact.first_contact.enabled;
        let named = event.customer.as_ref().filter(|_| enabled);
        let customer = named.map(|customer| self.pseudonym(customer));
        let settings = Arc::clone(&self.settings);
        let place = self.touch(contact, store);
        let loaded = &mut self.loaded[place];
        let outcome = (loaded.contact).handle_event(event, customer, &settings.contact);
        self.predict(place);
        Some(outcome)
    }

    /// Predicts anew for a touched contact; notes whether an alert is due.
    fn predict(&mut self, place: usize) {
        let loaded = &mut self.loaded[place];
        loaded.predict(&self.baseline, &self.settings);
        self.alert_pending |= loaded.alerts_changed();
    }

    /// Takes the customer's answer to the first update of a contact.
    pub(in crate::engine) fn handle_repeats(&mut self, repeats: &Repeats, store: &Store) {
        if !self.knows(&repeats.contact, store) {
            return;
        }
        let place = self.touch(&repeats.contact, store);
        if let Some(prediction) = &mut self.loaded[place].contact.prediction {
            prediction.repeats = Some(repeats.earlier);
            self.predict(place);
        }
    }

    /// Takes how the customer judged a contact.
    pub(in crate::engine) fn handle_judged(&mut self, judged: &JudgementUpdate, store: &Store) {
        if !self.knows(&judged.contact, store) {
            return;
        }
        let place = self.touch(&judged.contact, store);
        let customer_link = self.loaded[place].contact.customer_link.as_mut();
        if let Some(customer_link) =
            customer_link.filter(|customer_link| customer_link.round == judged.round)
        {
            customer_link.judgement = judged.judgement;
        }
    }

    fn knows(&self, id: &ContactId, store: &Store) -> bool {
        self.place_by_contact.contains_key(id) || store.get(&PartKey::contact(id)).is_some()
    }

    /// Fires the timers of contacts that are due. Returns whether any fired.
    pub(in crate::engine) fn handle_timeout(
        &mut self,
        now: Timestamp,
        late_cutoff: Timestamp,
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
                    // What it was armed for was met: nothing to emit, nothing to log.
                    self.timers.insert(wanted, id);
                    continue;
                }
                any = true;
                self.touch(&id, store);
                let loaded = &mut self.loaded[place];
                loaded.contact.armed_at = None;
                (loaded.contact).handle_timeout(now, late_cutoff, &settings.contact);
                self.predict(place);
            }
        }
        any
    }

    /// Touches the contacts whose id the next one waits for, so that they expire. Returns whether there were any.
    pub(in crate::engine) fn handle_successions(
        &mut self,
        source_watermark: Timestamp,
        store: &Store,
    ) -> bool {
        let mut any = false;
        while let Some(due) = self.successions.pop(source_watermark) {
            for (_, id) in due {
                if self.knows(&id, store) {
                    self.touch(&id, store);
                    any = true;
                }
            }
        }
        any
    }

    /// Returns the keyed hash of a customer: the only name of it that is kept or leaves the process.
    fn pseudonym(&self, customer: &CustomerId) -> Text {
        let hash = blake3::keyed_hash(&self.customer_key, customer.as_str().as_bytes());
        let hex = hash.to_hex();
        Text::new(&format!("h:{}", hex.get(..16).unwrap_or_default()))
    }

    /// Returns the contact's place in `loaded`.
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
        if loaded.touch() {
            self.touched.push(place);
        }
        place
    }

    fn load(&mut self, id: &ContactId, store: &Store) -> usize {
        self.loaded.push(Box::new(Loaded::new(id, store)));
        let place = self.loaded.len() - 1;
        self.place_by_contact.insert(id.clone(), place);
        place
    }

    /// Ends the step: emits what changed, stores the contacts, sets their timers.
    pub(in crate::engine) fn finish(
        &mut self,
        end: &StepEnd,
        store: &mut Store,
        effects: &mut Effects,
    ) {
        self.alert_pending = false;
        let mut all_loaded = std::mem::take(&mut self.loaded);
        for place in std::mem::take(&mut self.touched) {
            self.finish_contact(&mut all_loaded[place], end, store, effects);
        }
        self.loaded = all_loaded;
        self.baseline.save(store);
        if self.loaded.len() > self.loaded_max {
            self.evict();
        }
    }

    fn finish_contact(
        &mut self,
        loaded: &mut Loaded,
        end: &StepEnd,
        store: &mut Store,
        effects: &mut Effects,
    ) {
        let settings = Arc::clone(&self.settings);
        let mut expired = loaded.catch_up(end, &self.baseline, &settings);
        self.emit_changes(loaded, end, effects);
        while expired {
            self.emit_final(loaded, effects);
            let Some(successor) = loaded.contact.successor(&settings.contact) else {
                break;
            };
            loaded.contact = successor;
            loaded.predict(&self.baseline, &settings);
            expired = loaded.catch_up(end, &self.baseline, &settings);
            self.emit_changes(loaded, end, effects);
        }
        if !expired && let Some(due) = loaded.arm(end.timers_fired_to, &settings) {
            self.timers.insert(due, loaded.id.clone());
        }
        if let Some(at) = loaded.contact.successor_due_at(&settings.contact) {
            self.successions.insert(at, loaded.id.clone());
        }
        loaded.save(expired, store);
    }

    /// Emits what the step changed of a contact.
    fn emit_changes(&mut self, loaded: &mut Loaded, end: &StepEnd, effects: &mut Effects) {
        let before = loaded.before.take().unwrap_or_default();
        if !before.differs_from(loaded) {
            return;
        }
        let (was, is) = (&before.fold, &loaded.contact.fold);
        diff_facts(was, is, |fact, sign| {
            // What is taken back was emitted under the reason of then.
            let reason = if sign < 0 { was } else { is }.attributes.reason.as_ref();
            effects.facts.add_fact((fact, reason), sign, end.grain);
            (self.baseline).observe(fact, sign, self.settings.limits.queues);
        });
        (effects.facts).add_signals(&loaded.id, &before.fold, &loaded.contact.fold);
        if loaded.emit_changes(&before, end, &self.settings, effects) {
            self.records_due.insert(loaded.id.clone());
        }
        self.waiting.count(&before.fold, -1);
        self.waiting.count(&loaded.contact.fold, 1);
    }

    /// Emits the last of a contact that has expired.
    fn emit_final(&mut self, loaded: &Loaded, effects: &mut Effects) {
        let expired = CaseUpdate::expired(&loaded.id, &loaded.contact.fold);
        effects.cases.extend(expired);
        // Behind this there is nothing left to write on a beat.
        if self.records_due.remove(&loaded.id) {
            (effects.outputs).extend(due_record(&loaded.id, &loaded.contact, &self.settings));
        }
    }

    /// Keeps at hand what will be asked for again soon: contacts that are not sealed, unless they too are too many.
    fn evict(&mut self) {
        self.loaded.retain(|loaded| !loaded.contact.is_sealed());
        if self.loaded.len() > LOADED_MAX / 2 {
            self.loaded.clear();
        }
        self.loaded_max = (self.loaded.len() * 2).max(LOADED_MIN);
        self.place_by_contact.clear();
        let ids = self.loaded.iter().map(|loaded| loaded.id.clone());
        self.place_by_contact.extend(ids.zip(0..));
    }
}
