//! The first stage of a task: a record becomes an event in place, an event for another task, or a dead letter.

use crate::{
    decode::{Decoded, Format, Rejection},
    engine::{exchange::frame::Forward, step::SourceRecord},
    event::{Event, Span, Text, Timestamp},
};

/// What a record's key and headers may have together: they travel with an event to the task that owns it.
const REST_BYTES_MAX: usize = 256 << 10;

/// Where a record came from and what it was: all that a dead letter must hold.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Provenance<'a> {
    pub topic: &'a str,
    pub format: Format,
    pub record: &'a SourceRecord<'a>,
}

/// Why a record is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Fault {
    pub code: &'static str,
    pub sentence: String,
}

/// Decodes a record, and judges its event by the watermark of its partition and the wall clock.
pub(in crate::engine) fn read(
    from: &Provenance<'_>,
    clock: Option<Timestamp>,
    limits: TimeLimits,
) -> Result<Decoded, Fault> {
    let payload = from.record.payload.ok_or_else(|| Fault {
        code: "tombstone",
        sentence: "the record has no value; a source holds events only".to_owned(),
    })?;
    let rest = from.record.rest_bytes();
    if rest > REST_BYTES_MAX {
        return Err(Fault::rest_too_large(rest));
    }
    let decoded = (from.format.decode(payload)).map_err(Fault::from)?;
    if let Decoded::Event(event) = &decoded {
        limits.check(event, clock)?;
    }
    Ok(decoded)
}

/// How far an event may lie from the clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct TimeLimits {
    pub lateness: Span,
    pub future_max: Span,
    pub wall: Timestamp,
}

impl TimeLimits {
    fn check(self, event: &Event, clock: Option<Timestamp>) -> Result<(), Fault> {
        let at = event.occurred_at;
        if at > self.wall + self.future_max {
            let (ahead, allowed) = ((at - self.wall).as_secs(), self.future_max.as_secs());
            return Err(Fault {
                code: "future",
                sentence: format!(
                    "it says that it occurred at {at}, {ahead} s ahead of the wall clock; \
                     {allowed} s are allowed: set the sender's clock right"
                ),
            });
        }
        match clock {
            Some(clock) if at < clock - self.lateness => Err(Fault::late(at, clock, self.lateness)),
            _ => Ok(()),
        }
    }
}

impl Fault {
    fn rest_too_large(bytes: usize) -> Self {
        Self {
            code: "too_large",
            sentence: format!(
                "the record's key and headers have {bytes} bytes; at most {REST_BYTES_MAX} are read"
            ),
        }
    }

    fn late(at: Timestamp, clock: Timestamp, lateness: Span) -> Self {
        let (behind, allowed) = ((clock - at).as_secs(), lateness.as_secs());
        Self {
            code: "late",
            sentence: format!(
                "it occurred at {at}, {behind} s behind its partition's clock {clock}; \
                 {allowed} s are allowed (`lateness` of the source, else of the engine)"
            ),
        }
    }

    /// It happened before what is sealed of a contact or an agent.
    #[must_use]
    pub(in crate::engine) fn sealed(at: Timestamp) -> Self {
        Self {
            code: "sealed",
            sentence: format!(
                "it occurred at {at}, before what is sealed of its contact or agent: all tasks \
                 had passed that time by the allowed lateness, or had read on to the next contact of this id, or of \
                 over 2,048 events within the lateness these were the oldest"
            ),
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        let place = rejection.position.map_or_else(String::new, |position| {
            format!("line {}, column {}: ", position.line, position.column)
        });
        Self {
            code: rejection.code.name(),
            sentence: format!("{place}{}", rejection.sentence),
        }
    }
}

impl Provenance<'_> {
    /// Returns the record as another task gets it.
    #[must_use]
    pub(in crate::engine) fn forward(&self) -> Forward {
        let headers = self.record.headers.iter();
        Forward {
            topic: Text::new(self.topic),
            partition: self.record.input.partition,
            offset: self.record.offset,
            key: self.record.key.map(<[u8]>::to_vec),
            payload: self.record.payload.unwrap_or_default().to_vec(),
            format: self.format,
            headers: headers
                .map(|(name, value)| (Text::new(name), value.map(|value| value.to_vec().into())))
                .collect(),
        }
    }
}
