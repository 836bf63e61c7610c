//! Events as protobuf: the same fields as in JSON, under the same rules.

use prost::{
    DecodeError, Message as _,
    bytes::Buf,
    encoding::{DecodeContext, decode_key, skip_field},
};

use super::{
    Decoded, Rejection, RejectionCode,
    field::{Field, Fields, Key},
    floorwalker,
};
use crate::{
    event::{AgentState, Author, Channel, DeclineCause, Direction, EndedBy, LeftWhy, Text},
    proto::{self, event::Body, to_timestamp, transferred::Target},
};

/// First field of a kind of event; the envelope's fields come before it.
const FIRST_KIND: u32 = 10;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Rejection> {
    let event = proto::Event::decode(bytes).map_err(|fault| not_protobuf(&fault))?;
    let Some(body) = &event.body else {
        return without_body(bytes);
    };
    let mut fields = envelope(&event);
    let kind = put_body(body, &mut fields);
    floorwalker::interpret(kind, &fields)
}

fn not_protobuf(fault: &DecodeError) -> Rejection {
    Rejection::of(
        RejectionCode::InvalidProtobuf,
        format!("the payload is not a floorwalker.v1.Event: {fault}"),
    )
}

/// An unknown kind leaves an unknown field.
fn without_body(bytes: &[u8]) -> Result<Decoded, Rejection> {
    match unknown_kind(bytes).map_err(|fault| not_protobuf(&fault))? {
        Some(field) => Ok(Decoded::Unknown(Text::new(&format!("field {field}")))),
        None => Err(Rejection::of(
            RejectionCode::MissingField,
            "an event needs a `body`".to_owned(),
        )),
    }
}

fn unknown_kind(mut bytes: &[u8]) -> Result<Option<u32>, DecodeError> {
    while bytes.has_remaining() {
        let (field, wire_type) = decode_key(&mut bytes)?;
        if field >= FIRST_KIND {
            return Ok(Some(field));
        }
        skip_field(wire_type, field, &mut bytes, DecodeContext::default())?;
    }
    Ok(None)
}

fn envelope(event: &proto::Event) -> Fields<'_> {
    let at = event.occurred_at.as_ref();
    let mut fields = Fields::none();
    fields.put(Key::EventId, text(event.event_id.as_ref()));
    fields.put(
        Key::OccurredAt,
        at.map_or(Field::Unsaid, |at| Field::Time(to_timestamp(at))),
    );
    fields.put(Key::Sequence, integer(event.sequence));
    fields.put(Key::ContactId, text(event.contact_id.as_ref()));
    fields.put(
        Key::Channel,
        word(event.channel, &Channel::ALL, Channel::name),
    );
    fields.put(Key::CustomerId, text(event.customer_id.as_ref()));
    fields
}

/// Returns the kind's name in JSON.
fn put_body<'e>(body: &'e Body, fields: &mut Fields<'e>) -> &'static str {
    match body {
        Body::Transferred(it) => put_transferred(it, fields),
        Body::ContactQueued(it) => put_queued(it, fields),
        Body::ContactLeftQueue(it) => {
            fields.put(Key::Why, word(it.why, &LeftWhy::ALL, LeftWhy::name));
            "contact_left_queue"
        }
        Body::AgentOffered(it) => {
            put_at_agent([&it.agent, &it.queue, &it.leg], fields);
            "agent_offered"
        }
        Body::OfferDeclined(it) => {
            let cause = word(it.cause, &DeclineCause::ALL, DeclineCause::name);
            fields.put(Key::Agent, text(it.agent.as_ref()));
            fields.put(Key::Cause, cause);
            "offer_declined"
        }
        Body::AgentAnswered(it) => {
            put_at_agent([&it.agent, &it.queue, &it.leg], fields);
            "agent_answered"
        }
        Body::AgentLeft(it) => {
            fields.put(Key::Agent, text(it.agent.as_ref()));
            fields.put(Key::Leg, text(it.leg.as_ref()));
            "agent_left"
        }
        Body::ContactPaused(it) => {
            fields.put(Key::Reason, text(it.reason.as_ref()));
            "contact_paused"
        }
        Body::ContactContinued(it) => {
            fields.put(Key::Reason, text(it.reason.as_ref()));
            "contact_continued"
        }
        Body::HoldStarted(it) => {
            fields.put(Key::Agent, text(it.agent.as_ref()));
            "hold_started"
        }
        Body::HoldEnded(it) => {
            fields.put(Key::Agent, text(it.agent.as_ref()));
            "hold_ended"
        }
        Body::ContactEnded(it) => {
            fields.put(Key::By, word(it.by, &EndedBy::ALL, EndedBy::name));
            fields.put(Key::Reason, text(it.reason.as_ref()));
            "contact_ended"
        }
        Body::WrapUpEnded(it) => put_wrap_up_ended(it, fields),
        Body::SurveyAnswered(it) => put_survey(it, fields),
        Body::MessageSent(it) => put_message(it, fields),
        Body::EngagementReported(it) => put_report(it, fields),
        Body::ContactResolved(it) => {
            fields.put(Key::Agent, text(it.agent.as_ref()));
            "contact_resolved"
        }
        Body::ContactReopened(it) => {
            fields.put(Key::Agent, text(it.agent.as_ref()));
            "contact_reopened"
        }
        Body::AgentStateChanged(it) => put_state(it, fields),
        Body::AlertAcknowledged(it) => {
            fields.put(Key::Alert, text(it.alert.as_ref()));
            fields.put(Key::By, text(it.by.as_ref()));
            fields.put(Key::Note, text(it.note.as_ref()));
            "alert_acknowledged"
        }
    }
}

fn put_transferred<'e>(it: &'e proto::Transferred, fields: &mut Fields<'e>) -> &'static str {
    fields.put(Key::Agent, text(it.agent.as_ref()));
    fields.put(Key::Warm, truth(it.warm));
    if let Some(target) = &it.target {
        let (key, name) = match target {
            Target::ToQueue(name) => (Key::ToQueue, name),
            Target::ToAgent(name) => (Key::ToAgent, name),
            Target::ToExternal(name) => (Key::ToExternal, name),
        };
        fields.put(key, text(Some(name)));
    }
    "transferred"
}

fn put_queued<'e>(it: &'e proto::ContactQueued, fields: &mut Fields<'e>) -> &'static str {
    let direction = word(it.direction, &Direction::ALL, Direction::name);
    fields.put(Key::Queue, text(it.queue.as_ref()));
    fields.put(Key::Direction, direction);
    fields.put(Key::Priority, integer(it.priority));
    fields.put(Key::Reason, text(it.reason.as_ref()));
    fields.put(Key::Leg, text(it.leg.as_ref()));
    fields.put(Key::Thread, text(it.thread.as_ref()));
    "contact_queued"
}

fn put_at_agent<'e>([agent, queue, leg]: [&'e Option<String>; 3], fields: &mut Fields<'e>) {
    fields.put(Key::Agent, text(agent.as_ref()));
    fields.put(Key::Queue, text(queue.as_ref()));
    fields.put(Key::Leg, text(leg.as_ref()));
}

fn put_wrap_up_ended<'e>(it: &'e proto::WrapUpEnded, fields: &mut Fields<'e>) -> &'static str {
    fields.put(Key::Agent, text(it.agent.as_ref()));
    fields.put(Key::Disposition, text(it.disposition.as_ref()));
    fields.put(Key::Resolved, truth(it.resolved));
    "wrap_up_ended"
}

fn put_survey<'e>(it: &'e proto::SurveyAnswered, fields: &mut Fields<'e>) -> &'static str {
    fields.put(Key::Score, number(it.score));
    fields.put(Key::ScaleMin, number(it.scale_min));
    fields.put(Key::ScaleMax, number(it.scale_max));
    fields.put(Key::Comment, text(it.comment.as_ref()));
    "survey_answered"
}

fn put_message<'e>(it: &'e proto::MessageSent, fields: &mut Fields<'e>) -> &'static str {
    fields.put(Key::By, word(it.by, &Author::NAMES, |name| name));
    fields.put(Key::Agent, text(it.agent.as_ref()));
    fields.put(Key::Public, truth(it.public));
    fields.put(Key::Queue, text(it.queue.as_ref()));
    fields.put(Key::Text, text(it.text.as_ref()));
    fields.put(Key::Sentiment, number(it.sentiment));
    "message_sent"
}

fn put_report<'e>(it: &'e proto::EngagementReported, fields: &mut Fields<'e>) -> &'static str {
    fields.put(Key::Agent, text(it.agent.as_ref()));
    fields.put(Key::Leg, text(it.leg.as_ref()));
    fields.put(Key::Talk, number(it.talk));
    fields.put(Key::Hold, number(it.hold));
    fields.put(Key::WrapUp, number(it.wrap_up));
    fields.put(Key::HoldCount, integer(it.hold_count));
    "engagement_reported"
}

fn put_state<'e>(it: &'e proto::AgentStateChanged, fields: &mut Fields<'e>) -> &'static str {
    let skills = it.skills.iter().map(|skill| text(Some(skill)));
    fields.put(Key::Agent, text(it.agent.as_ref()));
    fields.put(
        Key::State,
        word(it.state, &AgentState::ALL, AgentState::name),
    );
    fields.put(Key::Reason, text(it.reason.as_ref()));
    fields.put(Key::Team, text(it.team.as_ref()));
    fields.put(Key::Site, text(it.site.as_ref()));
    fields.put(Key::Skills, Field::List(skills.collect()));
    "agent_state_changed"
}

fn text(given: Option<&String>) -> Field<'_> {
    given.map_or(Field::Unsaid, |given| Field::Text(given.as_str().into()))
}

fn truth(given: Option<bool>) -> Field<'static> {
    given.map_or(Field::Unsaid, Field::Bool)
}

fn integer(given: Option<i64>) -> Field<'static> {
    given.map_or(Field::Unsaid, Field::Integer)
}

fn number(given: Option<f64>) -> Field<'static> {
    match given {
        None => Field::Unsaid,
        Some(given) if given.is_finite() => Field::Number(given),
        Some(_) => Field::NotFinite,
    }
}

/// Returns the word of an enum whose numbers count the words from 1; 0 is absent.
fn word<T: Copy>(given: Option<i32>, all: &[T], name: fn(T) -> &'static str) -> Field<'static> {
    let Some(given) = given.filter(|number| *number != 0) else {
        return Field::Unsaid;
    };
    let place = usize::try_from(given - 1).unwrap_or(usize::MAX);
    match all.get(place) {
        Some(meaning) => Field::Text(name(*meaning).into()),
        None => Field::Text(given.to_string().into()),
    }
}
