//! One line per event: `10:00:04 offered c1 agent=ana`. For test tables, logs and failure reports.
//!
//! Time (`HH:MM:SS[.ffffff]` of 2026-11-22 UTC, `MM:SS.mmm` of its first hour, or RFC 3339), verb, contact (or agent, or
//! alert), then `name=value` pairs in any order. In a value (and a key) white space, control characters and `%` are `%` and
//! two hexadecimal digits a byte. Without `id=` an event's id is its line. [`print()`] then [`parse`] gives the event back.

mod body;

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    AgentId, AlertId, Body, Channel, ContactId, CustomerId, Event, EventId, Key, KeyKind, Text,
    Timestamp,
};

/// Day of times without a date.
const DAY: &str = "2026-11-22";

/// Reason why a line is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("a line is a time, a verb and a contact (agent, alert), then name=value pairs")]
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
    #[error("`{0}` is no alert's id: subject/digest")]
    Alert(String),
    #[error("line {number}: {error}")]
    At { number: usize, error: Box<Self> },
}

/// Parses one line.
///
/// # Errors
/// When it is not exactly one event: nothing in a line is ignored.
pub fn parse(line: &str) -> Result<Event, LineError> {
    let mut words = line.split_ascii_whitespace();
    let (Some(time), Some(verb), Some(key)) = (words.next(), words.next(), words.next()) else {
        return Err(LineError::Short);
    };
    let mut pairs = Pairs::read(words)?;
    let occurred_at = parse_time(time)?;
    let body = body::parse(verb, &mut pairs)?;
    let mut event = Event {
        id: EventId::new(""),
        occurred_at,
        sequence: pairs.named("sequence", |text| text.parse().ok())?,
        key: key_of(&body, &unescape(key)?)?,
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

/// Makes the key of events of this kind.
fn key_of(body: &Body, id: &str) -> Result<Key, LineError> {
    Ok(match body.key_kind() {
        KeyKind::Contact => Key::Contact(ContactId::new(id)),
        KeyKind::Agent => Key::Agent(AgentId::new(id)),
        KeyKind::Alert => {
            let alert = AlertId::new(id);
            if alert.subject().is_none() {
                return Err(LineError::Alert(id.to_owned()));
            }
            Key::Alert(alert)
        }
    })
}

/// Parses a log: one event a line; empty lines and those that begin with `#` are skipped.
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

/// Prints the event as a line. It has an id only where that differs from the line itself.
#[must_use]
pub fn print(event: &Event) -> String {
    let mut line = canonical(event);
    if event.id.as_str() != line {
        put(&mut line, "id", event.id.as_str());
    }
    line
}

/// Prints the line without the id.
fn canonical(event: &Event) -> String {
    let (verb, pairs) = body::describe(&event.body);
    let mut line = format!(
        "{} {verb} {}",
        print_time(event.occurred_at),
        escape(event.key.as_str())
    );
    for (name, value) in pairs {
        put(&mut line, name, &value);
    }
    if let Some(sequence) = event.sequence {
        put(&mut line, "sequence", &sequence.to_string());
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

/// Pairs of a line that are not used yet.
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
            Some(given) => Ok(Some(given)),
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
