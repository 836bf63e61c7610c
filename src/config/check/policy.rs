//! SLA policies.

use std::sync::Arc;

use toml::Spanned;

use super::setting::{At as _, put, share, time};
use crate::config::{fault::Fault, file, value::Parsed};
use floorwalker_core::{
    contact::{Calendar, ContactSettings, InForce, Policy},
    decode::TEXT_BYTES_MAX,
    event::QueueId,
};

const TARGET: f64 = 0.8;
const AT_RISK_AT: f64 = 0.75;
/// Each is matched against every wait, offer and turn.
const POLICIES_MAX: usize = 100;

pub(super) fn policies(
    list: Vec<file::Policy>,
    settings: &ContactSettings,
) -> Result<Vec<Policy>, Fault> {
    let mut policies: Vec<Policy> = Vec::new();
    for mut given in list {
        let at = match &given.name {
            Some(name) => Spanned::new(name.span(), ()),
            None => Spanned::new(given.measure.span(), ()),
        };
        let policy = policy(&mut given, settings)?;
        if policies.iter().any(|other| other.name == policy.name) {
            return Err(at.fault(format!(
                "there is a policy `{}` already; give this one a `name` of its own",
                policy.name
            )));
        }
        if let Some(twin) = policies.iter().find(|other| other.code() == policy.code()) {
            return Err(at.fault(format!(
                "`{}` and `{}` look alike inside, where 16 bits stand for a name; change one of them",
                twin.name, policy.name
            )));
        }
        if policies.len() == POLICIES_MAX {
            return Err(at.fault(format!("there are more than {POLICIES_MAX} policies")));
        }
        policies.push(policy);
    }
    Ok(policies)
}

fn policy(given: &mut file::Policy, settings: &ContactSettings) -> Result<Policy, Fault> {
    let measure = given.measure.get_ref().0;
    let mut policy = Policy {
        name: name(given)?,
        measure,
        channel: given.channel.as_ref().map(|Parsed(channel)| *channel),
        queues: given.queues.iter().map(queue).collect::<Result<_, _>>()?,
        threshold: given.threshold.get_ref().0,
        target: share(given.target.take(), true)?.unwrap_or(TARGET),
        at_risk_at: share(given.at_risk_at.take(), false)?.unwrap_or(AT_RISK_AT),
        abandons: Default::default(),
        short_abandon: time(given.short_abandon.as_ref()),
        flow_outs: Default::default(),
        callbacks: given.callbacks.as_ref().map(|Parsed(word)| *word),
        opens: Default::default(),
        pauses: given.pauses.unwrap_or(measure.pauses()),
        calendar: given
            .calendar
            .as_ref()
            .map(|it| calendar(it, settings))
            .transpose()?,
        in_force: InForce::ALWAYS,
    };
    put(
        &mut policy.abandons,
        given.abandons.as_ref().map(|Parsed(word)| *word),
    );
    put(
        &mut policy.opens,
        given.opens.as_ref().map(|it| it.get_ref().0),
    );
    put(
        &mut policy.flow_outs,
        given.flow_outs.as_ref().map(|Parsed(word)| *word),
    );
    match policy.fault(settings.short_abandon) {
        Some(fault) => Err(place_of(fault.field, given).fault(fault.sentence)),
        None => Ok(policy),
    }
}

fn name(given: &file::Policy) -> Result<String, Fault> {
    if let Some(name) = &given.name {
        return match name.get_ref().trim() {
            "" => Err(name.fault("the name is empty; leave it out for the default")),
            name => Ok(name.to_owned()),
        };
    }
    let measure = given.measure.get_ref().0.name();
    Ok(match given.channel {
        Some(Parsed(channel)) => format!("{} {measure}", channel.name()),
        None => measure.to_owned(),
    })
}

fn queue(given: &Spanned<String>) -> Result<QueueId, Fault> {
    if (1..=TEXT_BYTES_MAX).contains(&given.get_ref().len()) {
        return Ok(QueueId::new(given.get_ref()));
    }
    Err(given.fault(format!("a queue's id has 1 to {TEXT_BYTES_MAX} bytes")))
}

fn calendar(given: &Spanned<String>, settings: &ContactSettings) -> Result<Arc<Calendar>, Fault> {
    let found = settings.calendar(given.get_ref());
    found.map_err(|sentence| given.fault(sentence))
}

/// Where a rule of policies is broken.
fn place_of(field: &str, given: &file::Policy) -> Spanned<()> {
    let own = match field {
        "short_abandon" => given.short_abandon.as_ref().map(Spanned::span),
        "opens" => given.opens.as_ref().map(Spanned::span),
        _ => None,
    };
    Spanned::new(own.unwrap_or_else(|| given.threshold.span()), ())
}
