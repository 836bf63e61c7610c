//! Verbs of lines and the pairs that belong to them, kind by kind.

use super::{LineError, Pairs, escape, unescape};
use crate::event::{
    AgentId, AgentLeft, AgentState, AgentStateChanged, AlertAcknowledged, AtAgent, Author, Body,
    ContactQueued, DeclineCause, Direction, EndedBy, EngagementReported, LeftWhy, MessageSent,
    Span, Survey, Text, TransferTarget, Transferred, WrapUpEnded,
};

pub(super) fn parse(verb: &str, pairs: &mut Pairs) -> Result<Body, LineError> {
    Ok(match verb {
        "transferred" => Body::Transferred(parse_transferred(pairs)?),
        "queued" => Body::ContactQueued(parse_queued(pairs)?),
        "left" => Body::ContactLeftQueue(pairs.must_be("why", LeftWhy::from_name)?),
        "offered" => Body::AgentOffered(parse_at_agent(pairs)?),
        "declined" => Body::OfferDeclined(
            pairs.agent()?,
            pairs.must_be("cause", DeclineCause::from_name)?,
        ),
        "answered" => Body::AgentAnswered(parse_at_agent(pairs)?),
        "agent_left" => Body::AgentLeft(AgentLeft {
            agent: pairs.agent()?,
            leg: pairs.text("leg"),
        }),
        "paused" => Body::ContactPaused(pairs.text("reason")),
        "continued" => Body::ContactContinued(pairs.text("reason")),
        "hold_started" => Body::HoldStarted(pairs.agent()?),
        "hold_ended" => Body::HoldEnded(pairs.agent()?),
        "message" => Body::MessageSent(parse_message(pairs)?),
        "ended" => Body::ContactEnded(
            pairs.must_be("by", EndedBy::from_name)?,
            pairs.text("reason"),
        ),
        "wrap_up_ended" => Body::WrapUpEnded(WrapUpEnded {
            agent: pairs.agent()?,
            disposition: pairs.text("disposition"),
            resolved: pairs.named("resolved", boolean)?,
        }),
        "reported" => Body::EngagementReported(parse_reported(pairs)?),
        "resolved" => Body::ContactResolved(pairs.id("agent")),
        "reopened" => Body::ContactReopened(pairs.id("agent")),
        "survey" => {
            let score = pairs.must_be("score", survey)?;
            Body::SurveyAnswered(score, pairs.text("comment"))
        }
        "state" => Body::AgentStateChanged(parse_state(pairs)?),
        "acknowledged" => Body::AlertAcknowledged(AlertAcknowledged {
            by: pairs.text("by").ok_or(LineError::Missing("by"))?,
            note: pairs.text("note"),
        }),
        _ => return Err(LineError::Verb(verb.to_owned())),
    })
}

fn parse_transferred(pairs: &mut Pairs) -> Result<Transferred, LineError> {
    let targets = [
        pairs.id("to_queue").map(TransferTarget::Queue),
        pairs.id("to_agent").map(TransferTarget::Agent),
        pairs.text("to_external").map(TransferTarget::External),
    ];
    let mut given = targets.into_iter().flatten();
    let transferred = Transferred {
        agent: pairs.agent()?,
        to: given.next(),
        warm: pairs.named("warm", boolean)?.unwrap_or(false),
    };
    match given.next() {
        Some(_) => Err(LineError::Twice("to_…".to_owned())),
        None => Ok(transferred),
    }
}

fn parse_queued(pairs: &mut Pairs) -> Result<ContactQueued, LineError> {
    let queued = ContactQueued {
        queue: pairs.id("queue"),
        direction: pairs.named("direction", Direction::from_name)?,
        priority: pairs.named("priority", |text| text.parse().ok())?,
        reason: pairs.text("reason"),
        leg: pairs.text("leg"),
        thread: pairs.text("thread"),
    };
    let inbound = queued.direction.unwrap_or(Direction::Inbound) == Direction::Inbound;
    if inbound && queued.queue.is_none() {
        return Err(LineError::Missing("queue"));
    }
    Ok(queued)
}

fn parse_at_agent(pairs: &mut Pairs) -> Result<AtAgent, LineError> {
    Ok(AtAgent {
        agent: pairs.agent()?,
        queue: pairs.id("queue"),
        leg: pairs.text("leg"),
    })
}

fn parse_message(pairs: &mut Pairs) -> Result<MessageSent, LineError> {
    let name = pairs.take("by").ok_or(LineError::Missing("by"))?;
    let by = Author::from_name(&name, || pairs.agent())?;
    Ok(MessageSent {
        by: by.ok_or(LineError::Value {
            name: "by",
            value: name,
        })?,
        public: pairs.named("public", boolean)?.unwrap_or(true),
        queue: pairs.id("queue"),
        text: pairs.text("text"),
        sentiment: pairs.named("sentiment", |text| {
            let number = text.parse().ok();
            number.filter(|number| MessageSent::is_sentiment(*number))
        })?,
    })
}

fn parse_reported(pairs: &mut Pairs) -> Result<EngagementReported, LineError> {
    let report = EngagementReported {
        agent: pairs.agent()?,
        leg: pairs.text("leg"),
        talk: pairs.named("talk", seconds)?,
        hold: pairs.named("hold", seconds)?,
        wrap_up: pairs.named("wrap_up", seconds)?,
        hold_count: pairs.named("hold_count", |text| text.parse().ok())?,
    };
    match report.names_a_part() {
        true => Ok(report),
        false => Err(LineError::Missing("talk=, hold= or wrap_up")),
    }
}

fn parse_state(pairs: &mut Pairs) -> Result<AgentStateChanged, LineError> {
    Ok(AgentStateChanged {
        state: pairs.must_be("state", AgentState::from_name)?,
        reason: pairs.text("reason"),
        team: pairs.id("team"),
        site: pairs.id("site"),
        skills: pairs.named("skills", skills)?.unwrap_or_default(),
    })
}

/// `billing,es`: a comma in a skill is escaped once more.
fn skills(text: &str) -> Option<Vec<Text>> {
    text.split(',')
        .map(|skill| Some(Text::new(&unescape(skill).ok()?)))
        .collect()
}

fn seconds(text: &str) -> Option<Span> {
    text.parse().ok().and_then(Span::from_secs_f64)
}

fn boolean(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// `4/1..5`: the score and its scale.
fn survey(text: &str) -> Option<Survey> {
    let (score, scale) = text.split_once('/')?;
    let (scale_min, scale_max) = scale.split_once("..")?;
    let survey = Survey {
        score: score.parse().ok()?,
        scale_min: scale_min.parse().ok()?,
        scale_max: scale_max.parse().ok()?,
    };
    let on_scale = survey.scale_min <= survey.score && survey.score <= survey.scale_max;
    let finite = survey.scale_min.is_finite() && survey.scale_max.is_finite();
    (on_scale && finite && survey.scale_min < survey.scale_max).then_some(survey)
}

type Described = (&'static str, Vec<(&'static str, String)>);

/// Returns the verb and the pairs of an event.
pub(super) fn describe(body: &Body) -> Described {
    let some = |name, value: Option<String>| value.map(|value| (name, value));
    let agent = |agent: &AgentId| Some(("agent", agent.to_string()));
    let because = |reason: &Option<Text>| some("reason", reason.as_deref().map(str::to_owned));
    let (verb, pairs) = match body {
        Body::Transferred(it) => return describe_transferred(it),
        Body::ContactQueued(it) => return describe_queued(it),
        Body::ContactLeftQueue(why) => ("left", vec![Some(("why", why.name().to_owned()))]),
        Body::AgentOffered(it) => return describe_at_agent("offered", it),
        Body::OfferDeclined(by, cause) => {
            let cause = Some(("cause", cause.name().to_owned()));
            ("declined", vec![agent(by), cause])
        }
        Body::AgentAnswered(it) => return describe_at_agent("answered", it),
        Body::AgentLeft(it) => {
            let leg = some("leg", it.leg.as_deref().map(str::to_owned));
            ("agent_left", vec![agent(&it.agent), leg])
        }
        Body::ContactPaused(reason) => ("paused", vec![because(reason)]),
        Body::ContactContinued(reason) => ("continued", vec![because(reason)]),
        Body::HoldStarted(by) => ("hold_started", vec![agent(by)]),
        Body::HoldEnded(by) => ("hold_ended", vec![agent(by)]),
        Body::MessageSent(it) => return describe_message(it),
        Body::ContactEnded(by, reason) => {
            let by = Some(("by", by.name().to_owned()));
            ("ended", vec![by, because(reason)])
        }
        Body::WrapUpEnded(it) => (
            "wrap_up_ended",
            vec![
                agent(&it.agent),
                some("disposition", it.disposition.as_deref().map(str::to_owned)),
                some("resolved", it.resolved.map(|given| given.to_string())),
            ],
        ),
        Body::EngagementReported(it) => return describe_reported(it),
        Body::ContactResolved(by) => ("resolved", vec![by.as_ref().and_then(agent)]),
        Body::ContactReopened(by) => ("reopened", vec![by.as_ref().and_then(agent)]),
        Body::SurveyAnswered(it, comment) => {
            let score = format!("{}/{}..{}", it.score, it.scale_min, it.scale_max);
            let comment = some("comment", comment.as_deref().map(str::to_owned));
            ("survey", vec![Some(("score", score)), comment])
        }
        Body::AgentStateChanged(it) => return describe_state(it),
        Body::AlertAcknowledged(it) => {
            let note = some("note", it.note.as_deref().map(str::to_owned));
            ("acknowledged", vec![Some(("by", it.by.to_string())), note])
        }
    };
    (verb, pairs.into_iter().flatten().collect())
}

fn describe_transferred(it: &Transferred) -> Described {
    let mut pairs = vec![("agent", it.agent.to_string())];
    pairs.extend(it.to.as_ref().map(|to| match to {
        TransferTarget::Queue(queue) => ("to_queue", queue.to_string()),
        TransferTarget::Agent(agent) => ("to_agent", agent.to_string()),
        TransferTarget::External(text) => ("to_external", text.to_string()),
    }));
    pairs.extend(it.warm.then(|| ("warm", "true".to_owned())));
    ("transferred", pairs)
}

fn describe_queued(it: &ContactQueued) -> Described {
    let pairs = [
        ("queue", it.queue.as_ref().map(ToString::to_string)),
        (
            "direction",
            it.direction.map(|given| given.name().to_owned()),
        ),
        ("priority", it.priority.map(|given| given.to_string())),
        ("reason", it.reason.as_ref().map(ToString::to_string)),
        ("leg", it.leg.as_ref().map(ToString::to_string)),
        ("thread", it.thread.as_ref().map(ToString::to_string)),
    ];
    ("queued", there(pairs))
}

fn describe_message(it: &MessageSent) -> Described {
    let pairs = [
        ("by", Some(it.by.name().to_owned())),
        ("agent", it.by.agent().map(ToString::to_string)),
        ("public", (!it.public).then(|| "false".to_owned())),
        ("queue", it.queue.as_ref().map(ToString::to_string)),
        ("text", it.text.as_ref().map(ToString::to_string)),
        ("sentiment", it.sentiment.map(|given| given.to_string())),
    ];
    ("message", there(pairs))
}

fn describe_reported(it: &EngagementReported) -> Described {
    let seconds = |span: Option<Span>| span.map(|span| span.as_secs().to_string());
    let pairs = [
        ("agent", Some(it.agent.to_string())),
        ("leg", it.leg.as_ref().map(ToString::to_string)),
        ("talk", seconds(it.talk)),
        ("hold", seconds(it.hold)),
        ("wrap_up", seconds(it.wrap_up)),
        ("hold_count", it.hold_count.map(|count| count.to_string())),
    ];
    ("reported", there(pairs))
}

fn describe_state(it: &AgentStateChanged) -> Described {
    let skills = it.skills.iter();
    let skills: Vec<String> = skills
        .map(|skill| escape(skill).replace(',', "%2C"))
        .collect();
    let pairs = [
        ("state", Some(it.state.name().to_owned())),
        ("reason", it.reason.as_ref().map(ToString::to_string)),
        ("team", it.team.as_ref().map(ToString::to_string)),
        ("site", it.site.as_ref().map(ToString::to_string)),
        ("skills", (!skills.is_empty()).then(|| skills.join(","))),
    ];
    ("state", there(pairs))
}

fn there<const N: usize>(
    pairs: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    let pairs = pairs.into_iter();
    pairs
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn describe_at_agent(verb: &'static str, it: &AtAgent) -> Described {
    let mut pairs = vec![("agent", it.agent.to_string())];
    pairs.extend(it.queue.as_ref().map(|queue| ("queue", queue.to_string())));
    pairs.extend(it.leg.as_ref().map(|leg| ("leg", leg.to_string())));
    (verb, pairs)
}
