//! Events as protobuf: what a producer would send.

use prost::Message as _;

use crate::{
    event::{
        AtAgent, Body, Channel, ContactQueued, DeclineCause, Direction, EndedBy, Event, LeftWhy,
        TransferTarget, Transferred,
    },
    proto::{self, event::Body as Kind, from_timestamp, transferred::Target},
};

/// The producer's name in the envelope.
const SOURCE: &str = "sim";

/// The event as the bytes of one `floorwalker.v1.Event`.
#[must_use]
pub fn protobuf(event: &Event) -> Vec<u8> {
    let message = proto::Event {
        event_id: Some(event.id.to_string()),
        occurred_at: Some(from_timestamp(event.occurred_at)),
        source: Some(SOURCE.to_owned()),
        contact_id: Some(event.contact.to_string()),
        channel: event.channel.map(|said| number(&Channel::ALL, said)),
        customer_id: event.customer.as_ref().map(ToString::to_string),
        body: Some(kind(&event.body)),
    };
    message.encode_to_vec()
}

fn kind(body: &Body) -> Kind {
    match body {
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
        Body::HoldStarted(agent) => Kind::HoldStarted(proto::HoldStarted {
            agent: Some(agent.to_string()),
        }),
        Body::HoldEnded(agent) => Kind::HoldEnded(proto::HoldEnded {
            agent: Some(agent.to_string()),
        }),
        Body::ContactEnded(by) => Kind::ContactEnded(proto::ContactEnded {
            by: Some(number(&EndedBy::ALL, *by)),
            reason: None,
        }),
        Body::WrapUpEnded(it) => Kind::WrapUpEnded(proto::WrapUpEnded {
            agent: Some(it.agent.to_string()),
            disposition: it.disposition.as_deref().map(str::to_owned),
            resolved: it.resolved,
        }),
        Body::SurveyAnswered(it) => Kind::SurveyAnswered(proto::SurveyAnswered {
            score: Some(it.score),
            scale_min: Some(it.scale_min),
            scale_max: Some(it.scale_max),
            comment: None,
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
        direction: it.direction.map(|said| number(&Direction::ALL, said)),
        priority: it.priority,
        reason: it.reason.as_ref().map(ToString::to_string),
        leg: it.leg.as_ref().map(ToString::to_string),
        thread: None,
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

/// Words are counted from 1; 0 is unsaid.
fn number<T: PartialEq + Copy>(all: &[T], word: T) -> i32 {
    let place = all.iter().position(|known| *known == word);
    place
        .and_then(|place| i32::try_from(place + 1).ok())
        .unwrap_or_default()
}
