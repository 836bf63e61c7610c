//! Short strings and ids: up to 24 bytes lie inline, so copies allocate nothing.

use std::{fmt, marker::PhantomData, ops::Deref};

use compact_str::CompactString;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// Short text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(CompactString);

impl Text {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(CompactString::new(text))
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, formatter)
    }
}

impl<C> Encode<C> for Text {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.str(self)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Text {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        decoder.str().map(Self::new)
    }
}

/// An id of one kind: an agent's can't be taken for a queue's.
pub struct Id<Kind> {
    text: Text,
    kind: PhantomData<fn() -> Kind>,
}

#[derive(Debug)]
pub enum Agent {}
#[derive(Debug)]
pub enum Contact {}
#[derive(Debug)]
pub enum Customer {}
#[derive(Debug)]
pub enum Queue {}
#[derive(Debug)]
pub enum Team {}
#[derive(Debug)]
pub enum Site {}
#[derive(Debug)]
pub enum Alert {}
#[derive(Debug)]
pub enum Occurrence {}

pub type AgentId = Id<Agent>;
pub type ContactId = Id<Contact>;
pub type CustomerId = Id<Customer>;
pub type QueueId = Id<Queue>;
pub type TeamId = Id<Team>;
pub type SiteId = Id<Site>;
/// `<subject>/<digest>`, see [`AlertId::subject`].
pub type AlertId = Id<Alert>;
pub type EventId = Id<Occurrence>;

impl<Kind> Id<Kind> {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: Text::new(text),
            kind: PhantomData,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl AlertId {
    /// Returns the entity or contact that the alert is about: all before the last `/`.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let (subject, _) = self.as_str().rsplit_once('/')?;
        Some(subject).filter(|subject| !subject.is_empty())
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            kind: PhantomData,
        }
    }
}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<Kind> std::hash::Hash for Id<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, formatter)
    }
}

impl<C, Kind> Encode<C> for Id<Kind> {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        self.text.encode(encoder, context)
    }
}

impl<'b, C, Kind> Decode<'b, C> for Id<Kind> {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        Text::decode(decoder, context).map(|text| Self {
            text,
            kind: PhantomData,
        })
    }
}
