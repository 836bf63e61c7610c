//! Who works in a contact center, by its events.

use floorwalker_core::event::{AgentId, Event, Key};

/// Returns the agent that an event is about, or who does what it is about.
pub(super) const fn of(event: &Event) -> Option<&AgentId> {
    if let Key::Agent(agent) = &event.key {
        return Some(agent);
    }
    event.body.agent()
}
