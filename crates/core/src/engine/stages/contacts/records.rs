//! Records of contacts.

use crate::{
    alert,
    contact::{Concern, Contact, ContactRecord},
    engine::{
        Settings,
        step::{OutTopic, Output},
    },
    event::ContactId,
};

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
    for concern in Concern::ALL {
        let alarm = (contact.prediction.as_ref()).and_then(|it| it.alarm(concern));
        alerts.extend(alarm.map(|alarm| alert::alarm_id(id.as_str(), (concern, alarm))));
    }
    let record = ContactRecord::new(id.as_str(), contact, alerts, &settings.contact);
    Output::json(OutTopic::Contacts, id.as_str(), &record)
}
