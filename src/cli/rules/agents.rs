//! Who works in a contact center, by its events.

use floorwalker_core::event::{AgentId, Body, Event, Key};

/// Returns the agent that an event is about, or who does what it is about.
pub(super) const fn of(event: &Event) -> Option<&AgentId> {
    if let Key::Agent(agent) = &event.key {
        return Some(agent);
    }
    match &event.body {
        Body::Transferred(transferred) => Some(&transferred.agent),
        Body::AgentOffered(at) | Body::AgentAnswered(at) => Some(&at.agent),
        Body::OfferDeclined(agent, _) | Body::HoldStarted(agent) | Body::HoldEnded(agent) => {
            Some(agent)
        }
        Body::AgentLeft(left) => Some(&left.agent),
        Body::MessageSent(message) => message.by.agent(),
        Body::WrapUpEnded(ended) => Some(&ended.agent),
        Body::EngagementReported(reported) => Some(&reported.agent),
        Body::ContactResolved(agent) | Body::ContactReopened(agent) => agent.as_ref(),
        Body::ContactQueued(_)
        | Body::ContactLeftQueue(_)
        | Body::ContactPaused(_)
        | Body::ContactContinued(_)
        | Body::ContactEnded(..)
        | Body::SurveyAnswered(..)
        | Body::AgentStateChanged(_)
        | Body::AlertAcknowledged(_) => None,
    }
}
