//! How long a contact is remembered: an event after that is of another contact with the same id.

use super::{Settings, obligation::Outcome, policies, reading};
use floorwalker_core::event::{Event, Timestamp};

/// The events of one id, in order, contact by contact.
pub(super) fn contacts<'a, 'e>(
    events: &'a [&'e Event],
    settings: &Settings,
) -> Vec<&'a [&'e Event]> {
    let mut contacts = Vec::new();
    let mut rest = events;
    for place in 1..events.len() {
        let so_far = &rest[..rest.len() - (events.len() - place)];
        if !is_remembered(so_far, settings, events[place].occurred_at) {
            contacts.push(so_far);
            rest = &events[place..];
        }
    }
    contacts.push(rest);
    contacts
}

/// For the greatest age after its last event, for the least time after its end, and while anything is owed.
fn is_remembered(events: &[&Event], settings: &Settings, at: Timestamp) -> bool {
    let channel = settings.channel_of(events);
    let last = events.last().map(|event| event.occurred_at);
    if last.is_some_and(|last| at <= last + settings.max_age(channel)) {
        return true;
    }
    let before = Timestamp(at.0 - 1);
    let Some(parts) = reading::read(events, settings, before) else {
        return true;
    };
    let ended_at = parts.over_since.max(parts.end.map(|end| end.at));
    ended_at.is_some_and(|ended_at| at <= ended_at + settings.remember_min)
        || (policies::of_contact(&parts, settings, before).iter())
            .any(|owed| owed.outcome == Outcome::Open)
}
