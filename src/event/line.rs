//! One line per event: `10:00:04 offered c1 agent=ana`. For test tables, logs and failure reports.
//!
//! Time (`HH:MM:SS[.ffffff]` of 2026-11-22 UTC, `MM:SS.mmm` of its first hour, or RFC 3339), verb, contact, then
//! `name=value` pairs in any order. In a value (and a contact) white space, control characters and `%` are `%` and
//! two hexadecimal digits a byte. Without `id=` an event's id is its line. [`print()`] then [`parse`] gives the event back.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    AgentId, AtAgent, Body, Channel, ContactId, ContactQueued, CustomerId, DeclineCause, Direction,
    EndedBy, Event, EventId, LeftWhy, Survey, Text, Timestamp, TransferTarget, Transferred,
    WrapUpEnded,
};

/// The day of times without a date.
const DAY: &str = "2026-11-22";

/// Why a line is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("a line is a time, a verb and a contact, then name=value pairs")]
    Short,
    #[error("`{0}` is not a time: HH:MM:SS[.ffffff], MM:SS.mmm or RFC 3339")]
    Time(String),
    #[error("no verb `{0}`")]
    Verb(String),
    #[error("`{0}` is not name=value")]
    Pair(String),
    #[error("`{0}` stands twice")]
    Twice(String),
    #[error("`{0}=` is needed here")]
    Missing(&'static str),
    #[error("`{value}` cannot be the value of `{name}`")]
    Value { name: &'static str, value: String },
    #[error("`{0}=` has no meaning here")]
    Unknown(String),
    #[error("`{0}` holds a broken % escape")]
    Escape(String),
    #[error("line {number}: {error}")]
    At { number: usize, error: Box<Self> },
}

/// Reads one line.
///
/// # Errors
/// When it is not exactly one event: nothing in a line is ignored.
pub fn parse(line: &str) -> Result<Event, LineError> {
    let mut words = line.split_ascii_whitespace();
    let (Some(time), Some(verb), Some(contact)) = (words.next(), words.next(), words.next()) else {
        return Err(LineError::Short);
    };
    let mut pairs = Pairs::read(words)?;
    let occurred_at = parse_time(time)?;
    let body = parse_body(verb, &mut pairs)?;
    let mut event = Event {
        id: EventId::new(""),
        occurred_at,
        contact: ContactId::new(&unescape(contact)?),
        channel: pairs.named("channel", Channel::from_name)?,
        customer: pairs.take("customer").map(|text| CustomerId::new(&text)),
        body,
    };
    event.id = match pairs.take("id") {
        Some(id) => EventId::new(&id),
        None => EventId::new(&canonical(&event)),
    };
    pairs.finish()?;
    Ok(event)
}

/// Reads a log: a line per event, empty lines and those that begin with `#` aside.
///
/// # Errors
/// At the first line that is not an event, with its number.
pub fn parse_all(text: &str) -> Result<Vec<Event>, LineError> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            parse(line).map_err(|error| LineError::At {
                number,
                error: Box::new(error),
            })
        })
        .collect()
}

/// The event as a line. Its id only where it is not the line itself.
#[must_use]
pub fn print(event: &Event) -> String {
    let mut line = canonical(event);
    if event.id.as_str() != line {
        put(&mut line, "id", event.id.as_str());
    }
    line
}

/// The line without the id.
fn canonical(event: &Event) -> String {
    let (verb, pairs) = describe(&event.body);
    let mut line = format!(
        "{} {verb} {}",
        print_time(event.occurred_at),
        escape(event.contact.as_str())
    );
    for (name, value) in pairs {
        put(&mut line, name, &value);
    }
    if let Some(channel) = event.channel {
        put(&mut line, "channel", channel.name());
    }
    if let Some(customer) = &event.customer {
        put(&mut line, "customer", customer.as_str());
    }
    line
}

fn parse_time(text: &str) -> Result<Timestamp, LineError> {
    let full = match (text.contains('T'), text.matches(':').count()) {
        (true, _) => text.to_owned(),
        (false, 1) => format!("{DAY}T00:{text}Z"),
        (false, 2) => format!("{DAY}T{text}Z"),
        (false, _) => return Err(LineError::Time(text.to_owned())),
    };
    Timestamp::parse(&full).map_err(|_| LineError::Time(text.to_owned()))
}

fn print_time(at: Timestamp) -> String {
    let full = at.to_string();
    full.strip_prefix(DAY)
        .and_then(|rest| rest.strip_prefix('T')?.strip_suffix('Z'))
        .map(str::to_owned)
        .unwrap_or(full)
}

fn parse_body(verb: &str, pairs: &mut Pairs) -> Result<Body, LineError> {
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
        "hold_started" => Body::HoldStarted(pairs.agent()?),
        "hold_ended" => Body::HoldEnded(pairs.agent()?),
        "ended" => Body::ContactEnded(pairs.must_be("by", EndedBy::from_name)?),
        "wrap_up_ended" => Body::WrapUpEnded(WrapUpEnded {
            agent: pairs.agent()?,
            disposition: pairs.text("disposition"),
            resolved: pairs.named("resolved", boolean)?,
        }),
        "survey" => Body::SurveyAnswered(pairs.must_be("score", survey)?),
        _ => return Err(LineError::Verb(verb.to_owned())),
    })
}

fn parse_transferred(pairs: &mut Pairs) -> Result<Transferred, LineError> {
    let targets = [
        pairs.id("to_queue").map(TransferTarget::Queue),
        pairs.id("to_agent").map(TransferTarget::Agent),
        pairs.text("to_external").map(TransferTarget::External),
    ];
    let mut said = targets.into_iter().flatten();
    let transferred = Transferred {
        agent: pairs.agent()?,
        to: said.next(),
        warm: pairs.named("warm", boolean)?.unwrap_or(false),
    };
    match said.next() {
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

/// The verb and the pairs that are there.
fn describe(body: &Body) -> Described {
    let some = |name, value: Option<String>| value.map(|value| (name, value));
    let agent = |agent: &AgentId| Some(("agent", agent.to_string()));
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
        Body::HoldStarted(by) => ("hold_started", vec![agent(by)]),
        Body::HoldEnded(by) => ("hold_ended", vec![agent(by)]),
        Body::ContactEnded(by) => ("ended", vec![Some(("by", by.name().to_owned()))]),
        Body::WrapUpEnded(it) => (
            "wrap_up_ended",
            vec![
                agent(&it.agent),
                some("disposition", it.disposition.as_deref().map(str::to_owned)),
                some("resolved", it.resolved.map(|said| said.to_string())),
            ],
        ),
        Body::SurveyAnswered(it) => {
            let score = format!("{}/{}..{}", it.score, it.scale_min, it.scale_max);
            ("survey", vec![Some(("score", score))])
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
        ("direction", it.direction.map(|said| said.name().to_owned())),
        ("priority", it.priority.map(|said| said.to_string())),
        ("reason", it.reason.as_ref().map(ToString::to_string)),
        ("leg", it.leg.as_ref().map(ToString::to_string)),
    ];
    let there = pairs.into_iter();
    let there = there.filter_map(|(name, value)| Some((name, value?)));
    ("queued", there.collect())
}

fn describe_at_agent(verb: &'static str, it: &AtAgent) -> Described {
    let mut pairs = vec![("agent", it.agent.to_string())];
    pairs.extend(it.queue.as_ref().map(|queue| ("queue", queue.to_string())));
    pairs.extend(it.leg.as_ref().map(|leg| ("leg", leg.to_string())));
    (verb, pairs)
}

fn put(line: &mut String, name: &str, value: &str) {
    line.push(' ');
    line.push_str(name);
    line.push('=');
    line.push_str(&escape(value));
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '%' || character.is_whitespace() || character.is_control() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a `String` cannot fail.
                write!(escaped, "%{byte:02X}").unwrap_or_default();
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn unescape(text: &str) -> Result<String, LineError> {
    let broken = || LineError::Escape(text.to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
        bytes.push(
            value
                .and_then(|it| u8::try_from(it).ok())
                .ok_or_else(broken)?,
        );
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// The pairs of a line that nobody has asked for yet.
struct Pairs(BTreeMap<String, String>);

impl Pairs {
    fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, LineError> {
        let mut pairs = BTreeMap::new();
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                return Err(LineError::Pair(word.to_owned()));
            };
            if pairs.insert(name.to_owned(), unescape(value)?).is_some() {
                return Err(LineError::Twice(name.to_owned()));
            }
        }
        Ok(Self(pairs))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn text(&mut self, name: &str) -> Option<Text> {
        self.take(name).map(|text| Text::new(&text))
    }

    fn id<Kind>(&mut self, name: &str) -> Option<super::Id<Kind>> {
        self.take(name).map(|text| super::Id::new(&text))
    }

    fn agent(&mut self) -> Result<AgentId, LineError> {
        self.id("agent").ok_or(LineError::Missing("agent"))
    }

    fn named<Value>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Option<Value>,
    ) -> Result<Option<Value>, LineError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match read(&value) {
            Some(said) => Ok(Some(said)),
            None => Err(LineError::Value { name, value }),
        }
    }

    fn must_be<Value>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Option<Value>,
    ) -> Result<Value, LineError> {
        self.named(name, read)?.ok_or(LineError::Missing(name))
    }

    fn finish(self) -> Result<(), LineError> {
        match self.0.into_keys().next() {
            Some(name) => Err(LineError::Unknown(name)),
            None => Ok(()),
        }
    }
}
