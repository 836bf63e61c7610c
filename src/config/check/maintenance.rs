//! Windows of maintenance: when alerts are expected, and which.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{calendar::zone, setting::At as _};
use crate::config::{
    fault::Fault,
    file::{self, Instant},
    value::{Parsed, Weekly},
};
use floorwalker_core::{
    alert::{RULES_OF_CONTACTS, Severity},
    contact::Hours,
    decode::TEXT_BYTES_MAX,
    event::{Channel, Timestamp},
    rules::RuleKind,
    silence::{Maintenance, Matchers, When},
};

/// Each is compared with every alert.
const WINDOWS_MAX: usize = 100;

pub(super) fn windows(
    given: &[Spanned<file::Maintenance>],
    own_rules: &[&str],
) -> Result<Vec<Maintenance>, Fault> {
    let mut windows: Vec<Maintenance> = Vec::new();
    for spanned in given {
        let window = spanned.get_ref();
        let name = name(&window.name)?;
        if windows.iter().any(|other| other.name == name) {
            return Err(window.name.fault(format!(
                "there is a window of maintenance `{name}` already; give this one a name of its own"
            )));
        }
        if windows.len() == WINDOWS_MAX {
            return Err(window.name.fault(format!(
                "there are more than {WINDOWS_MAX} windows of maintenance"
            )));
        }
        windows.push(Maintenance {
            name,
            matchers: matchers(&window.matchers, own_rules)?,
            when: when(spanned)?,
        });
    }
    Ok(windows)
}

fn name(given: &Spanned<String>) -> Result<String, Fault> {
    let name = given.get_ref().trim();
    if (1..=TEXT_BYTES_MAX).contains(&name.len()) {
        return Ok(name.to_owned());
    }
    Err(given.fault(format!(
        "a window's name has 1 to {TEXT_BYTES_MAX} bytes; alerts show it as `maintenance:NAME`"
    )))
}

fn matchers(given: &Spanned<file::Matchers>, own_rules: &[&str]) -> Result<Matchers, Fault> {
    let matchers = read_matchers(given.get_ref(), own_rules)?;
    match matchers.is_empty() {
        true => Err(given.fault(
            "without matchers this would silence every alert; name a rule, subject, queue, team, channel, severity or agent",
        )),
        false => Ok(matchers),
    }
}

/// Reads matchers, if there are any. Those that match nothing there is are mistakes.
pub(super) fn read_matchers(file: &file::Matchers, own_rules: &[&str]) -> Result<Matchers, Fault> {
    let rules = RuleKind::ALL.map(RuleKind::name).into_iter();
    let rules: Vec<&str> = rules
        .chain(RULES_OF_CONTACTS)
        .chain(own_rules.iter().copied())
        .collect();
    known(file.rule.as_ref(), "rule", &rules)?;
    known(
        file.channel.as_ref(),
        "channel",
        &Channel::ALL.map(Channel::name),
    )?;
    known(
        file.severity.as_ref(),
        "severity",
        &Severity::ALL.map(Severity::name),
    )?;
    let pattern = |matcher: &Option<file::Matcher>| {
        let matcher = matcher.as_ref();
        matcher.map(|it| it.get_ref().0.clone())
    };
    Ok(Matchers {
        rule: pattern(&file.rule),
        subject: pattern(&file.subject),
        queue: pattern(&file.queue),
        team: pattern(&file.team),
        channel: pattern(&file.channel),
        severity: pattern(&file.severity),
        agent: pattern(&file.agent),
    })
}

/// What matches none of the words that there are silences nothing.
fn known(given: Option<&file::Matcher>, kind: &str, words: &[&str]) -> Result<(), Fault> {
    let Some(given) = given else { return Ok(()) };
    let Parsed(pattern) = given.get_ref();
    if words.iter().any(|word| pattern.matches(word)) {
        return Ok(());
    }
    let written = pattern.to_string();
    let near = (words.iter())
        .map(|word| (strsim::jaro_winkler(word, &written), word))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(alike, _)| *alike > 0.8);
    Err(given.fault(match near {
        Some((_, near)) => format!("there is no {kind} `{written}`; did you mean `{near}`?"),
        None => format!(
            "there is no {kind} `{written}`; there are {}",
            words.join(", ")
        ),
    }))
}

fn when(window: &Spanned<file::Maintenance>) -> Result<When, Fault> {
    let given = window.get_ref();
    let lacks = |at: &Spanned<()>, field: &str| Err(at.fault(format!("missing field `{field}`")));
    let from = given.from.as_ref().map(instant).transpose()?;
    let to = given.to.as_ref().map(instant).transpose()?;
    let once = given.from.as_ref().or(given.to.as_ref());
    let once = once.map(|at| Spanned::new(at.span(), ()));
    let weekly = given.weekly.as_ref();
    let weekly = weekly.map(|at| Spanned::new(at.span(), at.get_ref().0));
    match (once, weekly) {
        (Some(_), Some(weekly)) => Err(weekly.fault(
            "a window holds once or each week: write either `from` and `to`, or `weekly` and `zone`",
        )),
        // Of the whole window: what was given and is wrong is a mistake of its own.
        (None, None) => Err(window.fault(
            "when does this window hold? write `from` and `to`, or `weekly` and `zone`",
        )),
        (Some(at), None) => match (from, to, &given.zone) {
            (.., Some(zone)) => Err(zone.fault("`from` and `to` have their offsets; leave the zone out")),
            (Some(from), Some(to), None) if from < to => Ok(When::Once { from, to }),
            (Some(_), Some(_), None) => Err(at_of(given.to.as_ref(), &at).fault("`to` must be after `from`")),
            (None, _, None) => lacks(&at, "from"),
            (_, None, None) => lacks(&at, "to"),
        },
        (None, Some(weekly)) => match &given.zone {
            Some(name) => Ok(When::Weekly(hours(*weekly.get_ref(), zone(name)?))),
            None => lacks(&Spanned::new(weekly.span(), ()), "zone"),
        },
    }
}

fn at_of(given: Option<&Instant>, other: &Spanned<()>) -> Spanned<()> {
    Spanned::new(given.map_or_else(|| other.span(), Spanned::span), ())
}

pub(super) fn hours(weekly: Weekly, zone: jiff::tz::TimeZone) -> Hours {
    Hours {
        zone,
        week: weekly
            .days
            .map(|has| if has { vec![weekly.span] } else { Vec::new() }),
        special_days: BTreeMap::new(),
    }
}

/// Quoted or not.
fn instant(given: &Instant) -> Result<Timestamp, Fault> {
    let text = given.get_ref().as_str().map(ToOwned::to_owned);
    let text = text.unwrap_or_else(|| given.get_ref().to_string());
    Timestamp::parse(&text).map_err(|_| {
        given.fault(format!(
            "`{text}` is no instant with an offset such as \"2026-12-24T18:00:00+01:00\""
        ))
    })
}
