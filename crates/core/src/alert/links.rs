//! Links of records: paths of the HTTP API and of the wallboard.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Serialize;

/// Links: paths of the HTTP API, from the contact and its history to its queue's figures.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Links {
    wallboard: String,
    alert: String,
    contact: String,
    history: String,
    numbers: String,
}

/// Links of a record about an agent or group: its page, and its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EntityLinks {
    wallboard: String,
    numbers: String,
}

/// Characters that may stand in one segment of a path (RFC 3986).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, SEGMENT)
}

impl Links {
    pub(super) fn new(alert: &str, contact: &str, queue: Option<&str>) -> Self {
        let entity = queue.map_or_else(|| "all".to_owned(), |queue| format!("queue:{queue}"));
        Self {
            wallboard: format!("/contacts/{}", segment(contact)),
            alert: format!("/api/v1/alerts/{}", segment(alert)),
            contact: format!("/api/v1/contacts/{}", segment(contact)),
            history: format!("/api/v1/contacts/{}/history", segment(contact)),
            numbers: format!("/api/v1/entities/{}/kpis", segment(&entity)),
        }
    }

    /// Returns the links of an alert that is not about one contact, but about an entity of this name: to the newest contact behind it, if there
    /// is one, and otherwise to the alert itself.
    pub(crate) fn of_entity(alert: &str, entity: &str, contact: Option<&str>) -> Self {
        let path = format!("/api/v1/alerts/{}", segment(alert));
        let contact = contact.map(|contact| format!("/api/v1/contacts/{}", segment(contact)));
        Self {
            wallboard: format!("/alerts/{}", segment(alert)),
            history: (contact.as_ref())
                .map_or_else(|| path.clone(), |contact| format!("{contact}/history")),
            contact: contact.unwrap_or_else(|| path.clone()),
            alert: path,
            numbers: format!("/api/v1/entities/{}/kpis", segment(entity)),
        }
    }
}

impl EntityLinks {
    /// Returns the links of an entity of this name, `agent:ana` or `team:north`.
    pub(crate) fn of(entity: &str) -> Self {
        let page = entity.strip_prefix("agent:").map_or_else(
            || format!("/groups/{}", segment(entity)),
            |agent| format!("/agents/{}", segment(agent)),
        );
        Self {
            wallboard: page,
            numbers: format!("/api/v1/entities/{}/kpis", segment(entity)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_legal_paths_whatever_the_ids_hold() {
        let links = Links::new("contact:a/b c/9f", "a/b c", Some("câble"));
        assert_eq!(links.alert, "/api/v1/alerts/contact:a%2Fb%20c%2F9f");
        assert_eq!(links.history, "/api/v1/contacts/a%2Fb%20c/history");
        assert_eq!(links.numbers, "/api/v1/entities/queue:c%C3%A2ble/kpis");
        let nowhere = Links::new("contact:c/1", "c", None);
        assert_eq!(nowhere.numbers, "/api/v1/entities/all/kpis");
    }

    #[test]
    fn an_agent_has_a_page_and_so_has_a_group() {
        assert_eq!(EntityLinks::of("agent:a/b").wallboard, "/agents/a%2Fb");
        assert_eq!(EntityLinks::of("team:red").wallboard, "/groups/team:red");
        assert_eq!(
            EntityLinks::of("team:red").numbers,
            "/api/v1/entities/team:red/kpis"
        );
    }
}
