//! SLA policies.

use std::sync::Arc;

use toml::Spanned;

use super::{At as _, calendar, put, share, time};
use crate::{
    config::{Fault, file, value::Said},
    contact::{Calendar, Measure, Opens, Policy},
    decode::TEXT_BYTES_MAX,
    event::{QueueId, Span},
};

const TARGET: f64 = 0.8;
const AT_RISK_AT: f64 = 0.75;
/// Each is matched against every wait, offer and turn.
const POLICIES_MAX: usize = 100;

pub(super) fn policies(
    list: Vec<file::Policy>,
    short_abandon: Span,
    calendars: &[Arc<Calendar>],
) -> Result<Vec<Policy>, Fault> {
    let mut policies: Vec<Policy> = Vec::new();
    for said in list {
        let at = match &said.name {
            Some(name) => Spanned::new(name.span(), ()),
            None => Spanned::new(said.measure.span(), ()),
        };
        let policy = policy(said, short_abandon, calendars)?;
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

fn policy(
    said: file::Policy,
    short_abandon: Span,
    calendars: &[Arc<Calendar>],
) -> Result<Policy, Fault> {
    short_within_threshold(&said, short_abandon)?;
    let calendar = calendar::of_policy(&said, calendars)?;
    let mut policy = Policy {
        name: name(&said)?,
        measure: said.measure.get_ref().0,
        channel: said.channel.map(|Said(channel)| channel),
        queues: said.queues.iter().map(queue).collect::<Result<_, _>>()?,
        threshold: said.threshold.get_ref().0,
        target: share(said.target, true)?.unwrap_or(TARGET),
        at_risk_at: share(said.at_risk_at, false)?.unwrap_or(AT_RISK_AT),
        abandons: Default::default(),
        short_abandon: time(said.short_abandon.as_ref()),
        flow_outs: Default::default(),
        opens: Default::default(),
        calendar,
    };
    put(&mut policy.abandons, said.abandons.map(|Said(word)| word));
    if let Some(opens) = &said.opens {
        policy.opens = opens_of(opens, policy.measure)?;
    }
    put(&mut policy.flow_outs, said.flow_outs.map(|Said(word)| word));
    Ok(policy)
}

fn opens_of(said: &Spanned<Said<Opens>>, measure: Measure) -> Result<Opens, Fault> {
    if measure == Measure::FirstResponse {
        return Ok(said.get_ref().0);
    }
    Err(said.fault("only a `first_response` says what `opens` it; remove it"))
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

fn short_within_threshold(said: &file::Policy, default: Span) -> Result<(), Fault> {
    let threshold = said.threshold.get_ref().0;
    if threshold == Span::ZERO {
        return Err(said
            .threshold
            .fault("a threshold must be over zero; write for instance \"20s\""));
    }
    let (at, short) = match &said.short_abandon {
        Some(own) => (own, own.get_ref().0),
        None => (&said.threshold, default),
    };
    let is_abandoned = said.measure.get_ref().0 != Measure::Accept;
    if short > threshold && (is_abandoned || said.short_abandon.is_some()) {
        return Err(at.fault(format!(
            "an abandon is short up to {} s, but the threshold is {} s; write a `short_abandon` not over it",
            short.as_secs(),
            threshold.as_secs()
        )));
    }
    Ok(())
}
