//! Settings that change while contacts go on: facts that were emitted by the old ones and differ by the new are corrected.

use std::sync::Arc;

use super::{Contacts, waiting::Waiting};
use crate::{
    contact::{Contact, Fold, diff_facts},
    engine::{
        Settings,
        exchange::fact_batch::FactBatch,
        state::store::{Part, Store},
    },
    event::{ContactId, Span, Timestamp},
};

/// Other settings: from when on they differ, and within how much time facts are emitted as one sum.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct SettingsChange<'a> {
    pub settings: &'a Arc<Settings>,
    pub from: Timestamp,
    pub grain: Span,
}

impl Contacts {
    /// Applies other settings: corrects what contacts emitted of the time since `from` where it differs by them.
    pub(in crate::engine) fn apply_settings(
        &mut self,
        change: &SettingsChange<'_>,
        store: &Store,
        batch: &mut FactBatch,
    ) {
        let SettingsChange {
            settings,
            from,
            grain,
        } = *change;
        self.settings = Arc::clone(settings);
        self.wait_on(self.waiting.now, store);
        let mut differing = Vec::new();
        self.for_each(store, |id, contact, emitted, _| {
            if contact.newest_at().max(emitted.last_transition_at) < Some(from) {
                return;
            }
            diff_facts(&Fold::default(), emitted, |fact, _| {
                batch.move_fact(fact, settings, grain);
            });
            if contact.differs_under(&settings.contact) {
                differing.push(id.clone());
            }
        });
        for id in differing {
            let place = self.touch(&id, store);
            self.loaded[place].contact.apply_settings(&settings.contact);
            self.predict(place);
        }
    }

    /// Counts the contacts that wait, by the teams and sites of now.
    pub(in crate::engine) fn wait_on(&mut self, now: Timestamp, store: &Store) {
        if self.waiting.advance(&self.settings, now) {
            self.for_each(store, |_, _, emitted, waiting| waiting.count(emitted, 1));
        }
    }

    /// Visits all contacts, those too that the store does not have yet, each with its fold as others know it.
    fn for_each(
        &mut self,
        store: &Store,
        mut visit: impl FnMut(&ContactId, &Contact, &Fold, &mut Waiting),
    ) {
        for loaded in &self.loaded {
            let emitted =
                (loaded.before.as_ref()).map_or(&loaded.contact.fold, |before| &before.fold);
            visit(&loaded.id, &loaded.contact, emitted, &mut self.waiting);
        }
        let stored = store.iter().filter_map(|(part, image)| {
            let Part::Contact(id) = part else { return None };
            Some((id, image))
        });
        for (id, image) in stored.filter(|(id, _)| !self.place_by_contact.contains_key(id)) {
            if let Ok(contact) = Contact::from_image(image) {
                visit(&id, &contact, &contact.fold, &mut self.waiting);
            }
        }
    }
}
