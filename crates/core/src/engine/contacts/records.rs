//! Records of contacts: which are due, and what is in them.

use super::Contacts;
use crate::{
    alert,
    contact::{Contact, ContactRecord},
    engine::{
        Settings,
        step::{OutTopic, Output},
        store::{PartKey, Store},
    },
    event::ContactId,
};

impl Contacts {
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
}

pub(super) fn due_record(id: &ContactId, contact: &Contact, settings: &Settings) -> Option<Output> {
    let is_known = contact.version > 0;
    is_known.then(|| contact_output(id, contact, settings))
}

/// Returns the record of a contact as it is now.
pub(in crate::engine) fn contact_output(
    id: &ContactId,
    contact: &Contact,
    settings: &Settings,
) -> Output {
    let mut alerts = alert::ids(id.as_str(), &contact.fold, &settings.alert);
    let alarm = (contact.prediction.as_ref()).and_then(|it| it.alarm.as_ref());
    alerts.extend(alarm.map(|alarm| alert::alarm_id(id.as_str(), alarm)));
    let record = ContactRecord::new(id.as_str(), contact, alerts, &settings.contact);
    Output::json(OutTopic::Contacts, id.as_str(), &record)
}
