//! Events as protobuf: what a producer would send.

use prost::Message as _;

use floorwalker_core::{
    event::{
        AgentState, AgentStateChanged, AtAgent, Author, Body, Channel, ContactQueued, DeclineCause,
        Direction, EndedBy, EngagementReported, Event, Key, LeftWhy, MessageSent, Span,
        TransferTarget, Transferred,
    },
    proto::{self, event::Body as Kind, from_timestamp, transferred::Target},
};

/// The producer's name in the envelope.
const SOURCE: &str = "sim";

/// Returns an event as the bytes of one `floorwalker.v1.Event`.
#[must_use]
pub fn protobuf(event: &Event) -> Vec<u8> {
    let message = proto::Event {
        event_id: Some(event.id.to_string()),
        occurred_at: Some(from_timestamp(event.occurred_at)),
        source: Some(SOURCE.to_owned()),
        contact_id: event.contact().map(ToString::to_string),
        channel: event.channel.map(|it| number(&Channel::ALL, it)),
        customer_id: event.customer.as_ref().map(ToString::to_string),
        sequence: event.sequence,
        body: Some(kind(event)),
    };
    message.encode_to_vec()
}

fn kind(event: &Event) -> Kind {
    match &event.body {
        Body::Transferred(it) => Kind::Transferred(transferred(it)),
        Body::ContactQueued(it) => Kind::ContactQueued(queued(it)),
        Body::ContactLeftQueue(why) => Kind::ContactLeftQueue(proto::ContactLeftQueue {
            why: Some(number(&LeftWhy::ALL, *why)),
        }),
        Body::AgentOffered(it) => Kind::AgentOffered(offered(it)),
        Body::OfferDeclined(agent, cause) => Kind::OfferDeclined(proto::OfferDeclined {
            agent: Some(agent.to_string()),
            cause: Some(number(&DeclineCause::ALL, *cause)),
        }),
        Body::AgentAnswered(it) => Kind::AgentAnswered(answered(it)),
        Body::AgentLeft(it) => Kind::AgentLeft(proto::AgentLeft {
            agent: Some(it.agent.to_string()),
            leg: it.leg.as_ref().map(ToString::to_string),
        }),
        Body::ContactPaused(reason) => Kind::ContactPaused(proto::ContactPaused {
            reason: reason.as_ref().map(ToString::to_string),
        }),
        Body::ContactContinued(reason) => Kind::ContactContinued(proto::ContactContinued {
            reason: reason.as_ref().map(ToString::to_string),
        }),
        Body::HoldStarted(agent) => Kind::HoldStarted(proto::HoldStarted {
            agent: Some(agent.to_string()),
        }),
        Body::HoldEnded(agent) => Kind::HoldEnded(proto::HoldEnded {
            agent: Some(agent.to_string()),
        }),
        Body::MessageSent(it) => Kind::MessageSent(message(it)),
        Body::ContactEnded(by, reason) => Kind::ContactEnded(proto::ContactEnded {
            by: Some(number(&EndedBy::ALL, *by)),
            reason: reason.as_ref().map(ToString::to_string),
        }),
        Body::WrapUpEnded(it) => Kind::WrapUpEnded(proto::WrapUpEnded {
            agent: Some(it.agent.to_string()),
            disposition: it.disposition.as_deref().map(str::to_owned),
            resolved: it.resolved,
        }),
        Body::EngagementReported(it) => Kind::EngagementReported(reported(it)),
        Body::ContactResolved(agent) => Kind::ContactResolved(proto::ContactResolved {
            agent: agent.as_ref().map(ToString::to_string),
        }),
        Body::ContactReopened(agent) => Kind::ContactReopened(proto::ContactReopened {
            agent: agent.as_ref().map(ToString::to_string),
        }),
        Body::SurveyAnswered(it, comment) => Kind::SurveyAnswered(proto::SurveyAnswered {
            score: Some(it.score),
            scale_min: Some(it.scale_min),
            scale_max: Some(it.scale_max),
            comment: comment.as_ref().map(ToString::to_string),
        }),
        Body::AgentStateChanged(it) => Kind::AgentStateChanged(state(&event.key, it)),
        Body::AlertAcknowledged(it) => Kind::AlertAcknowledged(proto::AlertAcknowledged {
            alert: Some(event.key.as_str().to_owned()),
            by: Some(it.by.to_string()),
            note: it.note.as_ref().map(ToString::to_string),
        }),
    }
}

fn transferred(it: &Transferred) -> proto::Transferred {
    proto::Transferred {
        agent: Some(it.agent.to_string()),
        target: it.to.as_ref().map(|to| match to {
            TransferTarget::Queue(queue) => Target::ToQueue(queue.to_string()),
            TransferTarget::Agent(agent) => Target::ToAgent(agent.to_string()),
            TransferTarget::External(text) => Target::ToExternal(text.to_string()),
        }),
        warm: it.warm.then_some(true),
    }
}

fn queued(it: &ContactQueued) -> proto::ContactQueued {
    proto::ContactQueued {
        queue: it.queue.as_ref().map(ToString::to_string),
        direction: it.direction.map(|it| number(&Direction::ALL, it)),
        priority: it.priority,
        reason: it.reason.as_ref().map(ToString::to_string),
        leg: it.leg.as_ref().map(ToString::to_string),
        thread: it.thread.as_ref().map(ToString::to_string),
    }
}

fn offered(it: &AtAgent) -> proto::AgentOffered {
    proto::AgentOffered {
        agent: Some(it.agent.to_string()),
        queue: it.queue.as_ref().map(ToString::to_string),
        leg: it.leg.as_ref().map(ToString::to_string),
    }
}

fn answered(it: &AtAgent) -> proto::AgentAnswered {
    proto::AgentAnswered {
        agent: Some(it.agent.to_string()),
        queue: it.queue.as_ref().map(ToString::to_string),
        leg: it.leg.as_ref().map(ToString::to_string),
    }
}

fn message(it: &MessageSent) -> proto::MessageSent {
    let agent = match &it.by {
        Author::Agent(agent) => Some(agent.to_string()),
        Author::Customer | Author::Bot | Author::System => None,
    };
    proto::MessageSent {
        by: Some(number(&Author::NAMES, it.by.name())),
        agent,
        public: (!it.public).then_some(false),
        queue: it.queue.as_ref().map(ToString::to_string),
        text: it.text.as_ref().map(ToString::to_string),
        sentiment: it.sentiment,
    }
}

fn reported(it: &EngagementReported) -> proto::EngagementReported {
    proto::EngagementReported {
        agent: Some(it.agent.to_string()),
        leg: it.leg.as_ref().map(ToString::to_string),
        talk: it.talk.map(Span::as_secs),
        hold: it.hold.map(Span::as_secs),
        wrap_up: it.wrap_up.map(Span::as_secs),
        hold_count: it.hold_count.map(i64::from),
    }
}

fn state(agent: &Key, it: &AgentStateChanged) -> proto::AgentStateChanged {
    proto::AgentStateChanged {
        agent: Some(agent.as_str().to_owned()),
        state: Some(number(&AgentState::ALL, it.state)),
        reason: it.reason.as_ref().map(ToString::to_string),
        team: it.team.as_ref().map(ToString::to_string),
        site: it.site.as_ref().map(ToString::to_string),
        skills: it.skills.iter().map(ToString::to_string).collect(),
    }
}

/// Returns the number of a word: they count from 1, and 0 is unspecified.
fn number<T: PartialEq + Copy>(all: &[T], word: T) -> i32 {
    let place = all.iter().position(|known| *known == word);
    place
        .and_then(|place| i32::try_from(place + 1).ok())
        .unwrap_or_default()
}
