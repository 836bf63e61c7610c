//! Events as flat JSON, one a line: what a producer would send.

use serde::Serialize;

use floorwalker_core::event::{
    AgentStateChanged, AtAgent, Body, ContactQueued, EngagementReported, Event, Key, MessageSent,
    Span, TransferTarget, Transferred,
};

/// The producer's name in the envelope.
const SOURCE: &str = "sim";

/// Every field of every kind; those an event does not have are left out.
#[derive(Serialize, Default)]
struct Flat<'a> {
    event_id: &'a str,
    occurred_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i64>,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_queue: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_external: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale_min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentiment: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talk: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrap_up: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skills: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// Returns an event as one line of JSON, without the line's end.
#[must_use]
pub fn jsonl(event: &Event) -> String {
    let (agent, alert) = match &event.key {
        Key::Contact(_) => (None, None),
        Key::Agent(agent) => (Some(agent.as_str()), None),
        Key::Alert(alert) => (None, Some(alert.as_str())),
    };
    let envelope = Flat {
        agent,
        alert,
        event_id: event.id.as_str(),
        occurred_at: event.occurred_at.to_string(),
        sequence: event.sequence,
        source: SOURCE,
        contact_id: event.contact().map(|contact| contact.as_str()),
        channel: event.channel.map(|channel| channel.name()),
        customer_id: event.customer.as_ref().map(|customer| customer.as_str()),
        ..Flat::default()
    };
    // Text, finite numbers and booleans: there is nothing that could fail.
    serde_json::to_string(&with_body(envelope, &event.body)).unwrap_or_default()
}

fn with_body<'a>(flat: Flat<'a>, body: &'a Body) -> Flat<'a> {
    let kind = kind(body);
    let flat = Flat { kind, ..flat };
    match body {
        Body::Transferred(it) => with_transfer(flat, it),
        Body::ContactQueued(it) => with_queued(flat, it),
        Body::ContactLeftQueue(why) => Flat {
            why: Some(why.name()),
            ..flat
        },
        Body::AgentOffered(it) | Body::AgentAnswered(it) => with_agent(flat, it),
        Body::OfferDeclined(agent, cause) => Flat {
            agent: Some(agent.as_str()),
            cause: Some(cause.name()),
            ..flat
        },
        Body::AgentLeft(it) => Flat {
            agent: Some(it.agent.as_str()),
            leg: it.leg.as_deref(),
            ..flat
        },
        Body::ContactPaused(reason) | Body::ContactContinued(reason) => Flat {
            reason: reason.as_deref(),
            ..flat
        },
        Body::HoldStarted(agent) | Body::HoldEnded(agent) => Flat {
            agent: Some(agent.as_str()),
            ..flat
        },
        Body::MessageSent(it) => with_message(flat, it),
        Body::ContactEnded(by, reason) => Flat {
            by: Some(by.name()),
            reason: reason.as_deref(),
            ..flat
        },
        Body::WrapUpEnded(it) => Flat {
            agent: Some(it.agent.as_str()),
            disposition: it.disposition.as_deref(),
            resolved: it.resolved,
            ..flat
        },
        Body::EngagementReported(it) => with_report(flat, it),
        Body::ContactResolved(agent) | Body::ContactReopened(agent) => Flat {
            agent: agent.as_ref().map(|agent| agent.as_str()),
            ..flat
        },
        Body::AgentStateChanged(it) => with_state(flat, it),
        Body::AlertAcknowledged(it) => Flat {
            by: Some(&it.by),
            note: it.note.as_deref(),
            ..flat
        },
        Body::SurveyAnswered(it, comment) => Flat {
            comment: comment.as_deref(),
            score: Some(it.score),
            scale_min: Some(it.scale_min),
            scale_max: Some(it.scale_max),
            ..flat
        },
    }
}

fn with_transfer<'a>(flat: Flat<'a>, it: &'a Transferred) -> Flat<'a> {
    let flat = Flat {
        agent: Some(it.agent.as_str()),
        warm: it.warm.then_some(true),
        ..flat
    };
    match &it.to {
        None => flat,
        Some(TransferTarget::Queue(queue)) => Flat {
            to_queue: Some(queue.as_str()),
            ..flat
        },
        Some(TransferTarget::Agent(agent)) => Flat {
            to_agent: Some(agent.as_str()),
            ..flat
        },
        Some(TransferTarget::External(to)) => Flat {
            to_external: Some(to),
            ..flat
        },
    }
}

fn with_queued<'a>(flat: Flat<'a>, it: &'a ContactQueued) -> Flat<'a> {
    Flat {
        queue: it.queue.as_ref().map(|queue| queue.as_str()),
        direction: it.direction.map(|direction| direction.name()),
        priority: it.priority,
        reason: it.reason.as_deref(),
        leg: it.leg.as_deref(),
        thread: it.thread.as_deref(),
        ..flat
    }
}

fn with_message<'a>(flat: Flat<'a>, it: &'a MessageSent) -> Flat<'a> {
    Flat {
        by: Some(it.by.name()),
        agent: it.by.agent().map(|agent| agent.as_str()),
        public: (!it.public).then_some(false),
        queue: it.queue.as_ref().map(|queue| queue.as_str()),
        text: it.text.as_deref(),
        sentiment: it.sentiment,
        ..flat
    }
}

fn with_report<'a>(flat: Flat<'a>, it: &'a EngagementReported) -> Flat<'a> {
    Flat {
        agent: Some(it.agent.as_str()),
        leg: it.leg.as_deref(),
        talk: it.talk.map(Span::as_secs),
        hold: it.hold.map(Span::as_secs),
        wrap_up: it.wrap_up.map(Span::as_secs),
        hold_count: it.hold_count,
        ..flat
    }
}

fn with_state<'a>(flat: Flat<'a>, it: &'a AgentStateChanged) -> Flat<'a> {
    Flat {
        state: Some(it.state.name()),
        reason: it.reason.as_deref(),
        team: it.team.as_ref().map(|team| team.as_str()),
        site: it.site.as_ref().map(|site| site.as_str()),
        skills: it.skills.iter().map(|skill| &**skill).collect(),
        ..flat
    }
}

fn with_agent<'a>(flat: Flat<'a>, it: &'a AtAgent) -> Flat<'a> {
    Flat {
        agent: Some(it.agent.as_str()),
        queue: it.queue.as_ref().map(|queue| queue.as_str()),
        leg: it.leg.as_deref(),
        ..flat
    }
}

const fn kind(body: &Body) -> &'static str {
    match body {
        Body::Transferred(_) => "transferred",
        Body::ContactQueued(_) => "contact_queued",
        Body::ContactLeftQueue(_) => "contact_left_queue",
        Body::AgentOffered(_) => "agent_offered",
        Body::OfferDeclined(..) => "offer_declined",
        Body::AgentAnswered(_) => "agent_answered",
        Body::AgentLeft(_) => "agent_left",
        Body::ContactPaused(_) => "contact_paused",
        Body::ContactContinued(_) => "contact_continued",
        Body::HoldStarted(_) => "hold_started",
        Body::HoldEnded(_) => "hold_ended",
        Body::MessageSent(_) => "message_sent",
        Body::ContactEnded(..) => "contact_ended",
        Body::WrapUpEnded(_) => "wrap_up_ended",
        Body::EngagementReported(_) => "engagement_reported",
        Body::ContactResolved(_) => "contact_resolved",
        Body::ContactReopened(_) => "contact_reopened",
        Body::SurveyAnswered(..) => "survey_answered",
        Body::AgentStateChanged(_) => "agent_state_changed",
        Body::AlertAcknowledged(_) => "alert_acknowledged",
    }
}
