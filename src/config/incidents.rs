//! A timetable of incidents for `simulate`, as TOML: one `[[incident]]` each.

use std::{fs, path::Path};

use serde::Deserialize;
use toml::Spanned;

use super::{
    fault::{ConfigError, Fault, located},
    mistakes,
    value::Parsed,
};
use floorwalker_core::event::Span;
use floorwalker_simulator::{Incident, IncidentKind, WorldSettings};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timetable {
    #[serde(default)]
    incident: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: Spanned<String>,
    /// Since the start.
    at: Parsed<Span>,
    #[serde(rename = "for")]
    lasts: Parsed<Span>,
    queue: Option<Spanned<String>>,
    desk: Option<Spanned<String>>,
    agent: Option<Spanned<String>>,
    factor: Option<Spanned<f64>>,
    share: Option<Spanned<f64>>,
    by: Option<Spanned<Parsed<Span>>>,
}

/// Reads the incidents that are to strike this world.
///
/// # Errors
/// When the file can't be read or holds a mistake.
pub fn load_incidents(path: &Path, world: &WorldSettings) -> Result<Vec<Incident>, ConfigError> {
    let file = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, world).map_err(|faults| located(faults, &file, &text)),
        Err(cause) => Err(ConfigError::Unreadable { file, cause }),
    }
}

fn parse(text: &str, world: &WorldSettings) -> Result<Vec<Incident>, Vec<Fault>> {
    mistakes::find(mistakes::document(text)?, |timetable: Timetable| {
        let rows = timetable.incident.into_iter();
        rows.map(|row| incident(row, world)).collect()
    })
}

fn incident(row: Row, world: &WorldSettings) -> Result<Incident, Fault> {
    let (begins, lasts) = (row.at.0, row.lasts.0);
    let kind = kind(row, world)?;
    Ok(Incident {
        kind,
        begins,
        lasts,
    })
}

fn kind(mut row: Row, world: &WorldSettings) -> Result<IncidentKind, Fault> {
    let name = row.kind.get_ref().clone();
    let kind = match name.as_str() {
        "surge" => IncidentKind::Surge {
            factor: factor(&row.kind, row.factor.take())?,
            queue: known(row.queue.take(), world.queue_names(), "queue")?,
        },
        "slow_tool" => IncidentKind::SlowTool {
            factor: factor(&row.kind, row.factor.take())?,
        },
        "agents_absent" => IncidentKind::AgentsAbsent {
            share: share(&row.kind, row.share.take())?,
            desk: known(row.desk.take(), desks(world), "desk")?,
        },
        "struggling_agent" => IncidentKind::StrugglingAgent {
            agent: agent(&mut row),
        },
        "rushing_agent" => IncidentKind::RushingAgent {
            agent: agent(&mut row),
        },
        "bad_release" => IncidentKind::BadRelease,
        "abandonment_wave" => IncidentKind::AbandonmentWave {
            factor: factor(&row.kind, row.factor.take())?,
            queue: known(row.queue.take(), world.queue_names(), "queue")?,
        },
        "callback_storm" => IncidentKind::CallbackStorm {
            share: share(&row.kind, row.share.take())?,
            queue: known(row.queue.take(), world.queue_names(), "queue")?,
        },
        "gaming_agent" => IncidentKind::GamingAgent {
            agent: agent(&mut row),
        },
        "slow_drift" => IncidentKind::SlowDrift {
            factor: factor(&row.kind, row.factor.take())?,
            agent: agent(&mut row),
        },
        "burned_out_agent" => IncidentKind::BurnedOutAgent {
            agent: agent(&mut row),
        },
        _ => return of_feed(row, world),
    };
    nothing_left(&row, &name)?;
    Ok(kind)
}

fn of_feed(mut row: Row, world: &WorldSettings) -> Result<IncidentKind, Fault> {
    let name = row.kind.get_ref().clone();
    let desk = known(row.desk.take(), desks(world), "desk")?;
    let kind = match name.as_str() {
        "acd_outage" => IncidentKind::AcdOutage { desk },
        "feed_lags" => IncidentKind::FeedLags {
            by: lag(&row.kind, row.by.take())?,
            desk,
        },
        "feed_doubles" => IncidentKind::FeedDoubles { desk },
        _ => {
            let names = IncidentKind::NAMES.join(", ");
            return Err(fault(&row.kind, format!("`{name}` is not one of {names}")));
        }
    };
    nothing_left(&row, &name)?;
    Ok(kind)
}

fn agent(row: &mut Row) -> Option<String> {
    row.agent.take().map(Spanned::into_inner)
}

fn lag(kind: &Spanned<String>, given: Option<Spanned<Parsed<Span>>>) -> Result<Span, Fault> {
    given.map(|given| given.into_inner().0).ok_or_else(|| {
        let sentence = format!("a {} needs a `by`, such as \"3m\"", kind.get_ref());
        fault(kind, sentence)
    })
}

fn desks(world: &WorldSettings) -> impl Iterator<Item = &str> {
    world.desks.iter().map(|desk| desk.name.as_str())
}

fn factor(kind: &Spanned<String>, given: Option<Spanned<f64>>) -> Result<f64, Fault> {
    number(kind, "factor", given, 0.0..=20.0)
}

fn share(kind: &Spanned<String>, given: Option<Spanned<f64>>) -> Result<f64, Fault> {
    number(kind, "share", given, 0.0..=1.0)
}

fn number(
    kind: &Spanned<String>,
    name: &str,
    given: Option<Spanned<f64>>,
    range: std::ops::RangeInclusive<f64>,
) -> Result<f64, Fault> {
    let (least, most) = (range.start(), range.end());
    let Some(given) = given else {
        let sentence = format!("a {} needs a `{name}`, {least} to {most}", kind.get_ref());
        return Err(fault(kind, sentence));
    };
    match range.contains(given.get_ref()) {
        true => Ok(given.into_inner()),
        false => Err(fault(&given, format!("`{name}` is {least} to {most}"))),
    }
}

fn known<'a>(
    given: Option<Spanned<String>>,
    names: impl Iterator<Item = &'a str>,
    what: &str,
) -> Result<Option<String>, Fault> {
    let Some(given) = given else {
        return Ok(None);
    };
    let names: Vec<&str> = names.collect();
    if names.contains(&given.get_ref().as_str()) {
        return Ok(Some(given.into_inner()));
    }
    let (name, names) = (given.get_ref(), names.join(", "));
    let sentence = format!("there is no {what} `{name}`; write one of {names}");
    Err(fault(&given, sentence))
}

/// Refuses what the kind does not use: it would be ignored.
fn nothing_left(row: &Row, kind: &str) -> Result<(), Fault> {
    let texts = [
        ("queue", &row.queue),
        ("desk", &row.desk),
        ("agent", &row.agent),
    ];
    let numbers = [("factor", &row.factor), ("share", &row.share)];
    let texts = texts
        .iter()
        .filter_map(|(name, given)| Some((*name, given.as_ref()?.span())));
    let numbers = numbers
        .iter()
        .filter_map(|(name, given)| Some((*name, given.as_ref()?.span())));
    let by = row.by.iter().map(|given| ("by", given.span()));
    match texts.chain(numbers).chain(by).next() {
        None => Ok(()),
        Some((name, at)) => Err(Fault {
            at,
            sentence: format!("a {kind} has no `{name}`; leave it out"),
        }),
    }
}

fn fault<T>(given: &Spanned<T>, sentence: String) -> Fault {
    Fault {
        at: given.span(),
        sentence,
    }
}
