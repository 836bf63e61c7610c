//! The rules about queues, agents, reasons, feeds and all work.

mod own;
mod recognition;

use std::collections::BTreeMap;

use toml::Spanned;

use super::setting::{At as _, MINIMUM, add_recipients, narrow, over_zero, put, scope, time};
use crate::config::{
    fault::Fault,
    file::{self, Time},
    value::Parsed,
};
use floorwalker_core::{
    contact::{ContactSettings, Measure},
    event::Span,
    rules::{GroupRule, PANE, RecognitionKind, RuleKind, RulesSettings},
};

/// Signals are kept for an hour and a quarter.
const WINDOW_MAX: Span = Span::from_secs(3_600);

pub(super) fn settings(
    rules: &mut RulesSettings,
    all: BTreeMap<Spanned<String>, file::GroupRule>,
    contact: &ContactSettings,
) -> Result<(), Fault> {
    for (name, given) in all {
        if let Some(kind) = RecognitionKind::from_name(name.get_ref()) {
            recognition::settings(rules, (kind, &name), given)?;
            continue;
        }
        let Some(kind) = RuleKind::from_name(name.get_ref()) else {
            if given.when.is_none() {
                return Err(unknown(&name));
            }
            own::add(rules, &name, given)?;
            continue;
        };
        own::refuse_in(kind, &given)?;
        let threshold = given.threshold.clone();
        let mut rule = GroupRule::of(kind);
        apply(&mut rule, given)?;
        if kind == RuleKind::SlaBurn {
            burns(&rule, threshold.as_ref(), contact)?;
        }
        rules.by_kind.insert(kind, rule);
    }
    Ok(())
}

fn unknown(name: &Spanned<String>) -> Fault {
    let recognition = RecognitionKind::ALL.map(RecognitionKind::name);
    let all = [&RuleKind::ALL.map(RuleKind::name)[..], &recognition].concat();
    let near = (all.iter())
        .map(|known| (strsim::jaro_winkler(known, name.get_ref()), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(alike, _)| *alike > 0.8);
    let name_given = name.get_ref();
    name.fault(match near {
        Some((_, near)) => format!(
            "there is no rule `{name_given}`; did you mean `{near}`? One of your own has a `when`"
        ),
        None => format!(
            "there is no rule `{name_given}`; one of your own has a `when`, and built in are {}",
            all.join(", ")
        ),
    })
}

fn apply(rule: &mut GroupRule, given: file::GroupRule) -> Result<(), Fault> {
    put(&mut rule.enabled, given.enabled);
    put(&mut rule.interrupts, given.interrupts);
    let severity = given.severity.map(|Parsed(severity)| severity);
    put(&mut rule.severity, severity);
    (rule.queues, rule.channels) = scope(given.queues, given.channels)?;
    bounds(
        rule,
        [&given.threshold, &given.clear, &given.urgent].map(Option::as_ref),
    )?;
    put(&mut rule.window, window(given.window.as_ref())?);
    if let Some(minimum) = &given.minimum {
        rule.minimum = narrow(minimum, MINIMUM)?;
    }
    put(&mut rule.timing.lasts, time(given.r#for.as_ref()));
    put(&mut rule.timing.clear_for, time(given.clear_for.as_ref()));
    let or_never = |span: Option<&Time>| time(span).map(|it| (it > Span::ZERO).then_some(it));
    put(
        &mut rule.timing.repeat_every,
        or_never(given.repeat_every.as_ref()),
    );
    put(
        &mut rule.escalate_after,
        or_never(given.escalate_after.as_ref()),
    );
    add_recipients(&mut rule.recipients, given.recipients)?;
    put(&mut rule.runbook, given.runbook.map(Spanned::into_inner));
    Ok(())
}

/// What is clear must not hold, and what calls a person must.
fn bounds(
    rule: &mut GroupRule,
    [threshold, clear, urgent]: [Option<&Spanned<f64>>; 3],
) -> Result<(), Fault> {
    for given in [threshold, clear, urgent].into_iter().flatten() {
        if !given.get_ref().is_finite() || *given.get_ref() < 0.0 {
            let sentence = format!("{} is no bound; write a number from 0 on", given.get_ref());
            return Err(given.fault(sentence));
        }
    }
    if let Some(threshold) = threshold {
        let moved = *threshold.get_ref() - rule.threshold;
        rule.threshold += moved;
        rule.urgent = (rule.urgent + moved).max(rule.threshold);
        rule.clear = rule.clear.min(rule.threshold);
    }
    if let Some(clear) = clear {
        rule.clear = *clear.get_ref();
        if rule.clear > rule.threshold {
            return Err(clear.fault(format!(
                "the rule would hold and be clear at once: `clear` must not be over the threshold, {}",
                rule.threshold
            )));
        }
    }
    if let Some(urgent) = urgent {
        rule.urgent = *urgent.get_ref();
        if rule.urgent < rule.threshold {
            return Err(urgent.fault(format!(
                "the rule does not hold there yet: `urgent` must not be below the threshold, {}",
                rule.threshold
            )));
        }
    }
    Ok(())
}

fn window(given: Option<&Time>) -> Result<Option<Span>, Fault> {
    let window = over_zero(given)?;
    match (window, given) {
        (Some(window), Some(given)) if window > WINDOW_MAX || window.0 % PANE.0 != 0 => {
            Err(given.fault("a rule looks back over whole quarters of a minute, an hour at most; write for instance \"10m\""))
        }
        _ => Ok(window),
    }
}

/// No queue misses more than all of its answers: a burn beyond that can't be reached.
fn burns(
    rule: &GroupRule,
    threshold: Option<&Spanned<f64>>,
    contact: &ContactSettings,
) -> Result<(), Fault> {
    let answers = (contact.policies.iter()).filter(|it| it.measure == Measure::Answer);
    let highest = answers
        .filter(|policy| policy.target < 1.0)
        .map(|policy| (1.0 / (1.0 - policy.target), policy))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match (highest, threshold) {
        (Some((highest, policy)), Some(given)) if rule.enabled && rule.threshold > highest + 1e-9 => {
            Err(given.fault(format!(
                "this can never be reached: with a target of {:.0} % (policy `{}`) the error budget burns {highest:.1} times as fast as allowed at most",
                policy.target * 100.0,
                policy.name
            )))
        }
        _ => Ok(()),
    }
}
