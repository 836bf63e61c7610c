//! The contact stage of a task: loads a contact when something happens to it, and at the end of the step tells the difference.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    Settings, TaskError, codec,
    delta::Deltas,
    gauge::Waiting,
    step::{OutTopic, Output},
    store::{Part, PartKey, Store},
    timers::Timers,
};
use crate::{
    alert::{self, AlertRecord, Context},
    contact::{Contact, ContactRecord, Fold, Outcome, tell_changes},
    event::{ContactId, CustomerId, Event, Span, Text, Timestamp},
};

/// A contact whose next due time can't be met yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);

#[derive(Debug)]
pub(super) struct Contacts {
    settings: Arc<Settings>,
    customer_key: [u8; 32],
    /// Contacts of the step being made, in the order in which they were touched.
    touched: Vec<Touched>,
    place_by_contact: HashMap<ContactId, usize, FixedState>,
    timers: Timers,
    pub waiting: Waiting,
    /// An alert's transition is among the changes.
    pub alert_pending: bool,
}

#[derive(Debug)]
struct Touched {
    id: ContactId,
    key: PartKey,
    /// The fold as others know it.
    before: Fold,
    contact: Contact,
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
            touched: Vec::new(),
            place_by_contact: HashMap::default(),
            timers: Timers::default(),
            waiting: Waiting::default(),
            alert_pending: false,
        }
    }

    /// Takes up the contacts of a restored store: their timers, and who waits.
    ///
    /// # Errors
    /// When a contact can't be decoded.
    pub(super) fn start(&mut self, store: &Store, task: u16) -> Result<(), TaskError> {
        for (part, image) in store.iter() {
            let Part::Contact(id) = part else { continue };
            let contact = decode(image).map_err(|cause| TaskError::Corrupt { task, cause })?;
            self.waiting.count(&contact.fold, 1);
            if let Some(at) = contact.armed_at {
                self.timers.insert(at, id);
            }
        }
        self.waiting.take_changed();
        Ok(())
    }

    pub(super) fn handle_event(&mut self, event: Event, store: &Store) -> Outcome {
        let customer = event
            .customer
            .as_ref()
            .map(|customer| self.pseudonym(customer));
        let place = self.touch(&event.contact, store);
        let touched = &mut self.touched[place];
        let outcome = (touched.contact).handle_event(event, customer, &self.settings.contact);
        self.alert_pending |= touched.alerts_changed();
        outcome
    }

    /// Lets time pass for those who are due. True if anybody was.
    pub(super) fn handle_timeout(
        &mut self,
        now: Timestamp,
        horizon: Timestamp,
        store: &Store,
    ) -> bool {
        let mut any = false;
        while let Some(due) = self.timers.pop(now) {
            any = true;
            for (_, id) in due {
                let place = self.touch(&id, store);
                let touched = &mut self.touched[place];
                touched.contact.armed_at = None;
                (touched.contact).handle_timeout(now, horizon, &self.settings.contact);
                self.alert_pending |= touched.alerts_changed();
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

    fn touch(&mut self, id: &ContactId, store: &Store) -> usize {
        if let Some(place) = self.place_by_contact.get(id) {
            return *place;
        }
        let key = PartKey::contact(id);
        let contact: Contact = (store.get(&key))
            .and_then(|image| decode(image).ok())
            .unwrap_or_default();
        let place = self.touched.len();
        self.touched.push(Touched {
            id: id.clone(),
            key,
            before: contact.fold.clone(),
            contact,
        });
        self.place_by_contact.insert(id.clone(), place);
        place
    }

    /// Ends the step: tells what changed, stores the contacts, sets their timers.
    pub(super) fn finish(&mut self, ending: Ending, store: &mut Store, said: &mut Said<'_>) {
        self.alert_pending = false;
        self.place_by_contact.clear();
        let settings = Arc::clone(&self.settings);
        for mut touched in std::mem::take(&mut self.touched) {
            touched.catch_up(ending, &settings);
            if touched.before != touched.contact.fold {
                touched.tell(ending, &settings, said);
                self.waiting.count(&touched.before, -1);
                self.waiting.count(&touched.contact.fold, 1);
            }
            self.arm(&mut touched, ending.spoken);
            let forgotten = (ending.spoken)
                .is_some_and(|now| touched.contact.is_forgotten(now, &settings.contact));
            if forgotten {
                store.remove(touched.key);
            } else {
                store.put(touched.key, &codec::to_bytes(&touched.contact));
            }
        }
    }

    fn arm(&mut self, touched: &mut Touched, spoken: Option<Timestamp>) {
        let lateness = self.settings.lateness;
        let mut due = (touched.contact).next_due_at(lateness, &self.settings.contact);
        if spoken.is_some_and(|now| due <= now) {
            due = spoken.unwrap_or(due) + ASK_AGAIN;
        }
        if touched.contact.armed_at.is_none_or(|armed| due < armed) {
            touched.contact.armed_at = Some(due);
            self.timers.insert(due, touched.id.clone());
        }
    }
}

impl Touched {
    fn alerts_changed(&self) -> bool {
        alert::outlook(&self.before) != alert::outlook(&self.contact.fold)
    }

    /// Speaks of what was due already when its event came.
    fn catch_up(&mut self, ending: Ending, settings: &Settings) {
        let Some(now) = ending.spoken else { return };
        let due = self
            .contact
            .next_due_at(settings.lateness, &settings.contact);
        if due <= now {
            (self.contact).handle_timeout(now, ending.horizon, &settings.contact);
        }
    }

    fn tell(&mut self, ending: Ending, settings: &Settings, said: &mut Said<'_>) {
        let (before, after) = (&self.before, &self.contact.fold);
        *said.clock_skew += i64::from(after.clock_skews) - i64::from(before.clock_skews);
        tell_changes(before, after, |fact, sign| {
            said.deltas.add_fact(fact, sign, ending.grain);
        });
        let context = Context {
            contact: self.id.as_str(),
            before,
            after,
            now: ending.spoken.or(after.began_at).unwrap_or_default(),
            history: ending.history,
            seq: ending.seq,
            contact_settings: &settings.contact,
            alert_settings: &settings.alert,
        };
        for transition in alert::transitions(before, after, &settings.alert) {
            let record = AlertRecord::new(&transition, &context);
            said.outputs
                .push(Output::json(OutTopic::Alerts, &record.id, &record));
        }
        if self.contact.is_over() {
            self.contact.version += 1;
            said.outputs.push(self.record(settings));
        }
    }

    fn record(&self, settings: &Settings) -> Output {
        contact_output(&self.id, &self.contact, settings)
    }
}

/// The record of a contact as it is now.
pub(super) fn contact_output(id: &ContactId, contact: &Contact, settings: &Settings) -> Output {
    let alerts = alert::ids(id.as_str(), &contact.fold, &settings.alert);
    let record = ContactRecord::new(id.as_str(), contact, alerts, &settings.contact);
    Output::json(OutTopic::Contacts, id.as_str(), &record)
}

pub(super) fn decode(image: &[u8]) -> Result<Contact, String> {
    codec::from_bytes(image).map_err(|error| error.to_string())
}
