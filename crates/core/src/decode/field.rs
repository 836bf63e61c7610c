//! Fields of a flat JSON object, read in one pass: the known ones, borrowed, each of any type until a rule needs one.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Rejection, RejectionCode, TEXT_BYTES_MAX};
use crate::event::{AlertId, Id, Text, Timestamp};

/// An alert's id is a subject, which holds an id, and a digest.
const ALERT_ID_BYTES_MAX: usize = TEXT_BYTES_MAX + 64;

/// Known fields, by their names in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
pub(super) enum Key {
    EventId,
    OccurredAt,
    Sequence,
    Type,
    ContactId,
    Channel,
    CustomerId,
    Agent,
    Queue,
    Direction,
    Priority,
    Reason,
    Leg,
    ToQueue,
    ToAgent,
    ToExternal,
    Warm,
    Why,
    Cause,
    By,
    Disposition,
    Resolved,
    Score,
    ScaleMin,
    ScaleMax,
    Public,
    Text,
    Sentiment,
    Talk,
    Hold,
    WrapUp,
    HoldCount,
    Comment,
    Thread,
    State,
    Team,
    Site,
    Skills,
    Alert,
    Note,
    #[serde(other)]
    Ignored,
}

const KEYS: usize = Key::Ignored as usize;

impl Key {
    const NAMES: [&'static str; KEYS] = [
        "event_id",
        "occurred_at",
        "sequence",
        "type",
        "contact_id",
        "channel",
        "customer_id",
        "agent",
        "queue",
        "direction",
        "priority",
        "reason",
        "leg",
        "to_queue",
        "to_agent",
        "to_external",
        "warm",
        "why",
        "cause",
        "by",
        "disposition",
        "resolved",
        "score",
        "scale_min",
        "scale_max",
        "public",
        "text",
        "sentiment",
        "talk",
        "hold",
        "wrap_up",
        "hold_count",
        "comment",
        "thread",
        "state",
        "team",
        "site",
        "skills",
        "alert",
        "note",
    ];

    pub(super) fn name(self) -> &'static str {
        Self::NAMES.get(self as usize).copied().unwrap_or("?")
    }
}

#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    #[default]
    Unsaid,
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(Cow<'a, str>),
    /// A time of protobuf, which has a type for it.
    Time(Timestamp),
    /// A number of protobuf that is infinite or no number at all.
    NotFinite,
    List(Vec<Self>),
    Object,
}

/// Known fields of one object.
#[derive(Debug)]
pub(super) struct Fields<'a>([Field<'a>; KEYS]);

impl<'a> Fields<'a> {
    pub(super) const fn none() -> Self {
        Self([const { Field::Unsaid }; KEYS])
    }

    pub(super) fn put(&mut self, key: Key, value: Field<'a>) {
        if let Some(field) = self.0.get_mut(key as usize) {
            *field = value;
        }
    }

    pub(super) fn read(json: &'a str) -> Result<Self, Rejection> {
        let start = json.trim_ascii_start();
        if !start.is_empty() && !start.starts_with('{') {
            let sentence = "the payload is not a JSON object".to_owned();
            return Err(Rejection::of(RejectionCode::NotAnObject, sentence));
        }
        let mut fields = Fields::none();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer
            .deserialize_map(Filler(&mut fields))
            .and_then(|()| deserializer.end())
            .map_err(|fault| Rejection::not_json(&fault))?;
        Ok(fields)
    }

    /// Reads the value of one field with `pick`; `None` when absent or null.
    pub(super) fn value<'f, T>(
        &'f self,
        key: Key,
        expected: &str,
        pick: impl FnOnce(&'f Field<'a>) -> Option<T>,
    ) -> Result<Option<T>, Rejection> {
        let field = self.0.get(key as usize).unwrap_or(&Field::Null);
        if matches!(field, Field::Unsaid | Field::Null) {
            return Ok(None);
        }
        match pick(field) {
            Some(value) => Ok(Some(value)),
            None => Err(field.wrong(key, expected)),
        }
    }

    pub(super) fn text(&self, key: Key) -> Result<Option<&str>, Rejection> {
        self.value(key, "text", Field::as_text)
    }

    pub(super) fn bool(&self, key: Key) -> Result<Option<bool>, Rejection> {
        self.value(key, "true or false", Field::as_bool)
    }

    pub(super) fn integer(&self, key: Key) -> Result<Option<i64>, Rejection> {
        self.value(key, "a whole number of 64 bits", Field::as_integer)
    }

    pub(super) fn number(&self, key: Key) -> Result<Option<f64>, Rejection> {
        self.value(key, "a number", Field::as_number)
    }

    pub(super) fn id<Kind>(&self, key: Key) -> Result<Option<Id<Kind>>, Rejection> {
        match self.text(key)? {
            Some("") => Err(Rejection::of(
                RejectionCode::EmptyId,
                format!("`{}` is empty; leave it out if there is none", key.name()),
            )),
            Some(id) => Ok(Some(Id::new(short(key, id, TEXT_BYTES_MAX)?))),
            None => Ok(None),
        }
    }

    /// Reads what a person wrote, of any length; empty counts as absent.
    pub(super) fn prose(&self, key: Key) -> Result<Option<Text>, Rejection> {
        let given = self.text(key)?.filter(|prose| !prose.is_empty());
        Ok(given.map(Text::new))
    }

    /// Reads a list of remarks; empty ones count as absent.
    pub(super) fn remarks(&self, key: Key) -> Result<Vec<Text>, Rejection> {
        let given = self.value(key, "a list of texts", Field::as_texts)?;
        let remarks = given.into_iter().flatten();
        remarks
            .filter(|remark| !remark.is_empty())
            .map(|remark| Ok(Text::new(short(key, remark, TEXT_BYTES_MAX)?)))
            .collect()
    }

    pub(super) fn alert_id(&self) -> Result<Option<AlertId>, Rejection> {
        let key = Key::Alert;
        let Some(given) = self.text(key)? else {
            return Ok(None);
        };
        let alert = AlertId::new(short(key, given, ALERT_ID_BYTES_MAX)?);
        match alert.subject() {
            Some(_) => Ok(Some(alert)),
            None => Err(Rejection::of(
                RejectionCode::AlertWithoutSubject,
                format!(
                    "`alert` is `{}`; an alert's id is subject/digest",
                    excerpt(given)
                ),
            )),
        }
    }

    /// Reads free text; empty counts as absent.
    pub(super) fn remark(&self, key: Key) -> Result<Option<Text>, Rejection> {
        match self.text(key)? {
            None | Some("") => Ok(None),
            Some(remark) => Ok(Some(Text::new(short(key, remark, TEXT_BYTES_MAX)?))),
        }
    }

    /// Reads one of the allowed words.
    pub(super) fn word<T: Copy>(
        &self,
        key: Key,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<Option<T>, Rejection> {
        let Some(given) = self.text(key)? else {
            return Ok(None);
        };
        match all.iter().find(|word| name(**word) == given) {
            Some(meaning) => Ok(Some(*meaning)),
            None => Err(unknown_word(key, given, all.iter().map(|word| name(*word)))),
        }
    }
}

fn short(key: Key, text: &str, bytes_max: usize) -> Result<&str, Rejection> {
    if text.len() <= bytes_max {
        return Ok(text);
    }
    Err(Rejection::of(
        RejectionCode::TooLong,
        format!(
            "`{}` has {} bytes; at most {bytes_max} are kept",
            key.name(),
            text.len()
        ),
    ))
}

pub(super) fn unknown_word(
    key: Key,
    given: &str,
    words: impl Iterator<Item = &'static str>,
) -> Rejection {
    let list: Vec<&str> = words.collect();
    Rejection::of(
        RejectionCode::UnknownWord,
        format!(
            "`{}` is `{}`; it can be {}",
            key.name(),
            excerpt(given),
            list.join(", ")
        ),
    )
}

/// Returns the start of a text from the input, for a sentence.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    text.chars().take(CHARS_MAX).collect()
}

impl Field<'_> {
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    fn as_texts(&self) -> Option<Vec<&str>> {
        if let Self::List(items) = self {
            items.iter().map(Self::as_text).collect()
        } else {
            None
        }
    }

    const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    pub(super) const fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "scores are small")]
    const fn as_number(&self) -> Option<f64> {
        if let Self::Number(value) = self {
            Some(*value + 0.0)
        } else if let Self::Integer(value) = self {
            Some(*value as f64)
        } else {
            None
        }
    }

    fn wrong(&self, key: Key, expected: &str) -> Rejection {
        Rejection::of(
            RejectionCode::WrongType,
            format!(
                "`{}` is {}; expected {expected}",
                key.name(),
                self.describe()
            ),
        )
    }

    const fn describe(&self) -> &'static str {
        match self {
            Self::Unsaid => "missing",
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number with a fraction or over 64 bits",
            Self::Text(_) => "text",
            Self::Time(_) => "a time",
            Self::NotFinite => "not finite",
            Self::List(_) => "a list",
            Self::Object => "an object",
        }
    }
}

/// Fills the fields in place: moving them costs as much as parsing a time.
struct Filler<'f, 'a>(&'f mut Fields<'a>);

impl<'de> Visitor<'de> for Filler<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match self.0.0.get_mut(key as usize) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(slot @ Field::Unsaid) => *slot = map.next_value()?,
                Some(_) => return Err(A::Error::duplicate_field(key.name())),
            }
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Field<'de>, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field<'de>, E> {
        Ok(Field::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Field<'de>, E> {
        Ok(Field::Integer(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "over 64 signed bits anyway")]
    fn visit_u64<E>(self, value: u64) -> Result<Field<'de>, E> {
        Ok(i64::try_from(value).map_or(Field::Number(value as f64), Field::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Field<'de>, E> {
        Ok(Field::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Field::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Object)
    }
}
