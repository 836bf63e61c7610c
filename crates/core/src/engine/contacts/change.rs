//! Settings that change while contacts go on: what was told by the old ones and is otherwise by the new is corrected.

use std::sync::Arc;

use super::Contacts;
use crate::{
    contact::{Contact, Fold, diff_facts},
    engine::{
        Settings,
        delta::Deltas,
        gauge::Waiting,
        store::{Part, Store},
    },
    event::{ContactId, Span, Timestamp},
};

/// From when on what is otherwise, and within how much time facts are told as one sum.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Change<'a> {
    pub settings: &'a Arc<Settings>,
    pub from: Timestamp,
    pub grain: Span,
}

impl Contacts {
    /// Goes by other settings: corrects what contacts told of the time since `from` where it is otherwise by them.
    pub(in crate::engine) fn go_by(
        &mut self,
        change: &Change<'_>,
        store: &Store,
        deltas: &mut Deltas,
    ) {
        let Change {
            settings,
            from,
            grain,
        } = *change;
        self.settings = Arc::clone(settings);
        self.wait_on(self.waiting.now, store);
        let mut otherwise = Vec::new();
        self.for_each(store, |id, contact, told, _| {
            if contact.newest_at().max(told.last_transition_at) < Some(from) {
                return;
            }
            diff_facts(&Fold::default(), told, |fact, _| {
                deltas.move_fact(fact, settings, grain);
            });
            if contact.differs_under(&settings.contact) {
                otherwise.push(id.clone());
            }
        });
        for id in otherwise {
            let place = self.touch(&id, store);
            self.loaded[place].contact.apply_settings(&settings.contact);
            self.predict(place);
        }
    }

    /// Counts who waits for the teams and sites of now.
    pub(in crate::engine) fn wait_on(&mut self, now: Timestamp, store: &Store) {
        if self.waiting.go_on(&self.settings, now) {
            self.for_each(store, |_, _, told, waiting| waiting.count(told, 1));
        }
    }

    /// All contacts, those too that the store does not have yet, each with its fold as others know it.
    fn for_each(
        &mut self,
        store: &Store,
        mut visit: impl FnMut(&ContactId, &Contact, &Fold, &mut Waiting),
    ) {
        for loaded in &self.loaded {
            let told = (loaded.before.as_ref()).map_or(&loaded.contact.fold, |before| &before.fold);
            visit(&loaded.id, &loaded.contact, told, &mut self.waiting);
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
