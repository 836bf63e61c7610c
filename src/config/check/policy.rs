//! SLA policies.

use std::sync::Arc;

use toml::Spanned;

use super::{At as _, put, share, time};
use crate::{
    config::{Fault, file, value::Said},
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
    for mut said in list {
        let at = match &said.name {
            Some(name) => Spanned::new(name.span(), ()),
            None => Spanned::new(said.measure.span(), ()),
        };
        let policy = policy(&mut said, settings)?;
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

fn policy(said: &mut file::Policy, settings: &ContactSettings) -> Result<Policy, Fault> {
    let mut policy = Policy {
        name: name(said)?,
        measure: said.measure.get_ref().0,
        channel: said.channel.as_ref().map(|Said(channel)| *channel),
        queues: said.queues.iter().map(queue).collect::<Result<_, _>>()?,
        threshold: said.threshold.get_ref().0,
        target: share(said.target.take(), true)?.unwrap_or(TARGET),
        at_risk_at: share(said.at_risk_at.take(), false)?.unwrap_or(AT_RISK_AT),
        abandons: Default::default(),
        short_abandon: time(said.short_abandon.as_ref()),
        flow_outs: Default::default(),
        opens: Default::default(),
        calendar: said
            .calendar
            .as_ref()
            .map(|it| calendar(it, settings))
            .transpose()?,
        in_force: InForce::ALWAYS,
    };
    put(
        &mut policy.abandons,
        said.abandons.as_ref().map(|Said(word)| *word),
    );
    put(
        &mut policy.opens,
        said.opens.as_ref().map(|it| it.get_ref().0),
    );
    put(
        &mut policy.flow_outs,
        said.flow_outs.as_ref().map(|Said(word)| *word),
    );
    match policy.fault(settings.short_abandon) {
        Some(fault) => Err(place_of(fault.field, said).fault(fault.sentence)),
        None => Ok(policy),
    }
}

fn name(said: &file::Policy) -> Result<String, Fault> {
    if let Some(name) = &said.name {
        return match name.get_ref().trim() {
            "" => Err(name.fault("the name is empty; leave it out for the default")),
            name => Ok(name.to_owned()),
        };
    }
    let measure = said.measure.get_ref().0.name();
    Ok(match said.channel {
        Some(Said(channel)) => format!("{} {measure}", channel.name()),
        None => measure.to_owned(),
    })
}

fn queue(said: &Spanned<String>) -> Result<QueueId, Fault> {
    if (1..=TEXT_BYTES_MAX).contains(&said.get_ref().len()) {
        return Ok(QueueId::new(said.get_ref()));
    }
    Err(said.fault(format!("a queue's id has 1 to {TEXT_BYTES_MAX} bytes")))
}

fn calendar(said: &Spanned<String>, settings: &ContactSettings) -> Result<Arc<Calendar>, Fault> {
    let found = settings.calendar(said.get_ref());
    found.map_err(|sentence| said.fault(sentence))
}

/// Where a rule of policies is broken.
fn place_of(field: &str, said: &file::Policy) -> Spanned<()> {
    let own = match field {
        "short_abandon" => said.short_abandon.as_ref().map(Spanned::span),
        "opens" => said.opens.as_ref().map(Spanned::span),
        _ => None,
    };
    Spanned::new(own.unwrap_or_else(|| said.threshold.span()), ())
}
