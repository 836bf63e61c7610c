//! Fields of a statement, by kind of subject. Durations are in seconds; unknown fields are refused.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::Content;
use crate::{
    contact::{Abandons, ContactSettings, FlowOuts, InForce, Measure, Opens, Policy},
    decode::TEXT_BYTES_MAX,
    event::{
        Channel, QueueId, SiteId, Span, TeamId, Timestamp,
        names::{words, words_or_null},
    },
    kpi::Place,
};

/// Longest duration: ten years, so that adding times can't overflow.
const SECONDS_MAX: f64 = 3_650.0 * 86_400.0;

type Fields = Map<String, Value>;

/// The fields of a statement of a queue.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfQueue {
    /// What people call it.
    title: Option<String>,
    /// That answers for it.
    #[schemars(regex(pattern = r"\S"), length(max = TEXT_BYTES_MAX))]
    team: Option<String>,
    /// That answers for it.
    #[schemars(regex(pattern = r"\S"), length(max = TEXT_BYTES_MAX))]
    site: Option<String>,
}

/// The fields of a statement of a team, a site or an agent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfTitled {
    /// What people call it.
    title: Option<String>,
}

/// The fields of a statement of a policy.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPolicy {
    #[schemars(extend("enum" = words(&Measure::ALL, Measure::name)))]
    measure: String,
    /// Absent: every channel.
    #[schemars(extend("enum" = words_or_null(&Channel::ALL, Channel::name)))]
    channel: Option<String>,
    /// Absent: every queue.
    #[serde(default)]
    #[schemars(inner(length(min = 1, max = TEXT_BYTES_MAX)))]
    queues: Vec<String>,
    /// Seconds.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = SECONDS_MAX))]
    threshold: f64,
    /// Share of decided obligations to be met.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    target: Option<f64>,
    /// Share of the threshold after which an open obligation is at risk.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    at_risk_at: Option<f64>,
    /// Verdict of an abandon in time: excluded, missed or met.
    #[schemars(extend("enum" = words_or_null(&Abandons::ALL, Abandons::name)))]
    abandons: Option<String>,
    /// Seconds; an abandon before this is always excluded.
    #[schemars(extend("minimum" = 0, "maximum" = SECONDS_MAX))]
    short_abandon: Option<f64>,
    /// Verdict of a flow-out in time: excluded, missed or met.
    #[schemars(extend("enum" = words_or_null(&FlowOuts::ALL, FlowOuts::name)))]
    flow_outs: Option<String>,
    /// Verdict in time of a wait that left for a callback. Absent: as for other flow-outs.
    #[schemars(extend("enum" = words_or_null(&FlowOuts::ALL, FlowOuts::name)))]
    callbacks: Option<String>,
    /// What opens a first response: the customer's first message or wait, or the first wait. A next response: the customer's
    /// message, or the next wait if a bot writes before it is due.
    #[schemars(extend("enum" = words_or_null(&Opens::ALL, Opens::name)))]
    opens: Option<String>,
    /// Name of a calendar in the configuration.
    calendar: Option<String>,
    /// Whether its clock stands while the contact is paused; absent: only that of a resolution does.
    pauses: Option<bool>,
}

/// The fields beside `removed`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfNothing {}

/// Reads RFC 3339 with an offset, or whole milliseconds since 1970.
pub(super) fn time(given: Option<&Value>) -> Result<Timestamp, String> {
    const EXPECTED: &str = "`valid_from` is since when it is so: write a time such as \"2026-03-02T08:00:00Z\", or milliseconds since 1970";
    let read = match given {
        Some(Value::String(text)) => Timestamp::parse(text).ok(),
        Some(Value::Number(millis)) => millis.as_i64().map(Timestamp::from_millis),
        _ => None,
    };
    read.ok_or_else(|| EXPECTED.to_owned())
}

pub(super) fn flag(name: &str, given: Option<Value>) -> Result<bool, String> {
    match given {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(other) => Err(format!("`{name}` is {other}; write true or leave it out")),
    }
}

pub(super) fn nothing(fields: Fields) -> Result<Content, String> {
    let OfNothing {} = read(fields).map_err(|error| {
        format!("what is removed has no further fields, but there is more: {error}")
    })?;
    Ok(Content::Removed)
}

pub(super) fn queue(fields: Fields) -> Result<Content, String> {
    let OfQueue { title, team, site } = read(fields)?;
    let place = Place {
        team: id("team", team)?.as_deref().map(TeamId::new),
        site: id("site", site)?.as_deref().map(SiteId::new),
    };
    Ok(Content::Queue(title, place))
}

pub(super) fn titled(fields: Fields) -> Result<Content, String> {
    let OfTitled { title } = read(fields)?;
    Ok(Content::Title(title))
}

pub(super) fn policy(
    name: &str,
    fields: Fields,
    settings: &ContactSettings,
) -> Result<Content, String> {
    let given: OfPolicy = read(fields)?;
    let measure = word("measure", &given.measure, Measure::from_name, MEASURES)?;
    let default = Policy::standard(measure, Channel::Other, Span::ZERO, 0.8);
    let policy = Policy {
        name: name.to_owned(),
        channel: word_or_none("channel", given.channel, Channel::from_name, CHANNELS)?,
        queues: given
            .queues
            .iter()
            .map(|it| queue_id(it))
            .collect::<Result<_, _>>()?,
        threshold: seconds("threshold", given.threshold)?,
        target: share("target", given.target, true)?.unwrap_or(default.target),
        at_risk_at: share("at_risk_at", given.at_risk_at, false)?.unwrap_or(default.at_risk_at),
        abandons: word_or_none("abandons", given.abandons, Abandons::from_name, ABANDONS)?
            .unwrap_or_default(),
        short_abandon: given
            .short_abandon
            .map(|it| seconds("short_abandon", it))
            .transpose()?,
        flow_outs: word_or_none("flow_outs", given.flow_outs, FlowOuts::from_name, FLOW_OUTS)?
            .unwrap_or_default(),
        callbacks: word_or_none("callbacks", given.callbacks, FlowOuts::from_name, FLOW_OUTS)?,
        opens: word_or_none("opens", given.opens, Opens::from_name, OPENS)?.unwrap_or_default(),
        pauses: given.pauses.unwrap_or(default.pauses),
        calendar: given
            .calendar
            .map(|it| settings.calendar(&it))
            .transpose()?,
        in_force: InForce::ALWAYS,
        ..default
    };
    match policy.fault(settings.short_abandon) {
        Some(fault) => Err(format!("{}: {}", fault.field, fault.sentence)),
        None => Ok(Content::Policy(Box::new(policy))),
    }
}

const MEASURES: &str = "accept, answer, first_response, next_response or resolution";
const CHANNELS: &str = "voice, chat, email, social, sms, messaging, video or other";
const ABANDONS: &str = "ignore, negative or positive";
const FLOW_OUTS: &str = "exclude, include or met";
const OPENS: &str = "contact or queued";

fn read<T: DeserializeOwned>(fields: Fields) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

fn word<T>(
    field: &str,
    given: &str,
    from_name: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<T, String> {
    from_name(given).ok_or_else(|| format!("{field}: `{given}` is unknown here; write {expected}"))
}

fn word_or_none<T>(
    field: &str,
    given: Option<String>,
    from_name: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, String> {
    given
        .map(|given| word(field, &given, from_name, expected))
        .transpose()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "ten years of microseconds are far below 2^53"
)]
fn seconds(field: &str, given: f64) -> Result<Span, String> {
    if (0.0..=SECONDS_MAX).contains(&given) {
        return Ok(Span((given * 1e6).round() as i64));
    }
    Err(format!(
        "{field}: {given} s is out of range; write 0 to {SECONDS_MAX} seconds"
    ))
}

/// Reads a number over 0, and up to 1 or, unless `one`, below it.
fn share(field: &str, given: Option<f64>, one: bool) -> Result<Option<f64>, String> {
    match given {
        Some(share) if !(share > 0.0 && (share < 1.0 || one && share <= 1.0)) => Err(format!(
            "{field}: {share} is no share over 0 and {}; write 80 % as 0.8",
            if one { "up to 1" } else { "below 1" }
        )),
        given => Ok(given),
    }
}

fn id(field: &str, given: Option<String>) -> Result<Option<String>, String> {
    match given {
        Some(it) if it.trim().is_empty() || it.len() > TEXT_BYTES_MAX => Err(format!(
            "{field}: an id has 1 to {TEXT_BYTES_MAX} bytes; leave it out for none"
        )),
        given => Ok(given),
    }
}

fn queue_id(given: &str) -> Result<QueueId, String> {
    if (1..=TEXT_BYTES_MAX).contains(&given.len()) {
        return Ok(QueueId::new(given));
    }
    Err(format!("queues: an id has 1 to {TEXT_BYTES_MAX} bytes"))
}
