//! Values that are written as text: durations and words.

use std::{fmt, marker::PhantomData, net::SocketAddr};

use jiff::fmt::strtime::BrokenDownTime;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use crate::{notify::EmailTls, serve::Scope};
use floorwalker_core::{
    alert::Severity,
    contact::{Abandons, DAY_MINUTES, FlowOuts, LocalSpan, Measure, Opens},
    decode::Format,
    engine::SourceClock,
    event::{Channel, Span},
    rules::Of,
    silence::Pattern,
};

/// Times and spans are added without a care for overflow: this leaves room.
const SPAN_MAX: Span = Span::from_secs(3_650 * 86_400);

/// A value that is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parsed<T>(pub(super) T);

pub(super) trait Value: Sized {
    const EXPECTED: &'static str;

    /// # Errors
    /// A sentence: what is wrong and what to write instead.
    fn read(text: &str) -> Result<Self, String>;
}

impl<'de, T: Value> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ParsedVisitor(PhantomData))
    }
}

struct ParsedVisitor<T>(PhantomData<T>);

impl<T: Value> Visitor<'_> for ParsedVisitor<T> {
    type Value = Parsed<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Parsed<T>, E> {
        T::read(text).map(Parsed).map_err(E::custom)
    }
}

impl Value for Span {
    const EXPECTED: &'static str = "a duration such as \"20s\", \"5m\" or \"1h30m\"";

    fn read(text: &str) -> Result<Self, String> {
        let duration = humantime::parse_duration(text)
            .map_err(|cause| format!("`{text}` is not {}: {cause}", Self::EXPECTED))?;
        match i64::try_from(duration.as_micros()) {
            Ok(micros) if micros <= SPAN_MAX.0 => Ok(Self(micros)),
            _ => Err(format!("`{text}` is too long; the most is \"3650d\"")),
        }
    }
}

impl Value for Scope {
    const EXPECTED: &'static str = "\"metrics\", \"read\" or \"act\"";

    fn read(text: &str) -> Result<Self, String> {
        let known = Self::from_name(text);
        known.ok_or_else(|| format!("`{text}` is no scope; write {}", Self::EXPECTED))
    }
}

impl Value for LocalSpan {
    const EXPECTED: &'static str = "opening hours such as \"09:00-17:30\", over midnight \"22:00-06:00\", all day \"00:00-24:00\"";

    fn read(text: &str) -> Result<Self, String> {
        local_span(text).ok_or_else(|| format!("`{text}` is not {}", Self::EXPECTED))
    }
}

/// One that closes before it opens does so on the next day; one of no length is a mistake.
fn local_span(text: &str) -> Option<LocalSpan> {
    let (from, to) = text.split_once('-')?;
    let (opens, closes) = (minute_of_day(from)?, minute_of_day(to)?);
    if opens == closes || opens == DAY_MINUTES {
        return None;
    }
    let next_day = if closes < opens { DAY_MINUTES } else { 0 };
    Some(LocalSpan {
        opens,
        closes: closes + next_day,
    })
}

/// Returns the minutes since midnight of `HH:MM`, up to 24:00.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

/// Some days of the week, from Monday on, and the hours of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weekly {
    pub(super) days: [bool; 7],
    pub(super) span: LocalSpan,
}

impl Value for Weekly {
    const EXPECTED: &'static str = "days and hours such as \"Mon-Fri 22:00-06:00\", \"Sat,Sun 00:00-24:00\" or \"Mon-Sun 02:00-03:30\"";

    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split_once(' ');
        let read = parts.and_then(|(days, hours)| {
            Some(Self {
                days: days_of_week(days)?,
                span: local_span(hours)?,
            })
        });
        read.ok_or_else(|| format!("`{text}` is not {}", Self::EXPECTED))
    }
}

/// Reads `Mon`, `Mon-Fri`, `Fri-Mon`, or several with commas between them.
fn days_of_week(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| {
        let read = BrokenDownTime::parse("%a", name).ok()?;
        Some(
            read.weekday()?
                .to_monday_zero_offset()
                .unsigned_abs()
                .into(),
        )
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut next, last): (usize, usize) = (day(first)?, day(last)?);
        days[next] = true;
        while next != last {
            next = (next + 1) % days.len();
            days[next] = true;
        }
    }
    Some(days)
}

/// The kind of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceiverWord {
    Alertmanager,
    Webhook,
    Slack,
    Teams,
    PagerDuty,
    Email,
}

impl Value for ReceiverWord {
    const EXPECTED: &'static str = "alertmanager, webhook, slack, teams, pagerduty or email";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "alertmanager" => Ok(Self::Alertmanager),
            "webhook" => Ok(Self::Webhook),
            "slack" => Ok(Self::Slack),
            "teams" => Ok(Self::Teams),
            "pagerduty" => Ok(Self::PagerDuty),
            "email" => Ok(Self::Email),
            _ => Err(unknown::<Self>(text)),
        }
    }
}

impl Value for EmailTls {
    const EXPECTED: &'static str = "starttls, tls or none";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Implicit),
            "none" => Ok(Self::Off),
            _ => Err(unknown::<Self>(text)),
        }
    }
}

impl Value for Pattern {
    const EXPECTED: &'static str = "a value, or its beginning with `*` such as \"queue.*\"";

    fn read(text: &str) -> Result<Self, String> {
        Self::read(text)
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an address and a port such as \"127.0.0.1:8640\"";

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| unknown::<Self>(text))
    }
}

impl Value for Channel {
    const EXPECTED: &'static str = "voice, chat, email, social, sms, messaging, video or other";

    fn read(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for Measure {
    const EXPECTED: &'static str = "accept, answer, first_response, next_response or resolution";

    fn read(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for Opens {
    const EXPECTED: &'static str = "contact or queued";

    fn read(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for Abandons {
    const EXPECTED: &'static str = "ignore, negative or positive";

    fn read(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for FlowOuts {
    const EXPECTED: &'static str = "exclude, include or met";

    fn read(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for Severity {
    const EXPECTED: &'static str = "warning or critical";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "warning" => Ok(Self::Warning),
            "critical" => Ok(Self::Critical),
            _ => Err(unknown::<Self>(text)),
        }
    }
}

impl Value for Of {
    const EXPECTED: &'static str = "queue, agent or all";

    fn read(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|of| of.name() == text);
        known.ok_or_else(|| unknown::<Self>(text))
    }
}

impl Value for SourceClock {
    const EXPECTED: &'static str = "wall or events";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "wall" => Ok(Self::Wall),
            "events" => Ok(Self::Events),
            _ => Err(unknown::<Self>(text)),
        }
    }
}

impl Value for Format {
    const EXPECTED: &'static str = "json or protobuf";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "protobuf" => Ok(Self::Protobuf),
            _ => Err(unknown::<Self>(text)),
        }
    }
}

fn unknown<T: Value>(text: &str) -> String {
    format!("`{text}` is unknown here; write {}", T::EXPECTED)
}
