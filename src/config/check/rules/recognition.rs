//! What is recognized.

use std::ops::RangeInclusive;

use toml::Spanned;

use crate::config::{
    check::setting::{At as _, MINIMUM, add_recipients, narrow, over_zero, put, scope},
    fault::Fault,
    file,
};
use floorwalker_core::{
    event::Span,
    rules::{RecognitionKind, RecognitionRule, RulesSettings},
};

const HOUR: Span = Span::from_secs(3_600);
/// What is done is remembered by the hour for so long.
const WINDOW_MAX: Span = Span::from_secs(48 * 3_600);
/// Ratings of so many quarters of a minute are remembered.
const STREAK: RangeInclusive<f64> = 2.0..=100.0;

pub(super) fn settings(
    rules: &mut RulesSettings,
    (kind, name): (RecognitionKind, &Spanned<String>),
    mut given: file::GroupRule,
) -> Result<(), Fault> {
    refuse_others((kind, name), &given)?;
    let mut rule = RecognitionRule::of(kind);
    put(&mut rule.enabled, given.enabled);
    (rule.queues, rule.channels) = scope(given.queues.take(), given.channels.take())?;
    if let Some(given) = &given.threshold {
        rule.threshold = threshold(kind, given)?;
    }
    if let Some(given) = &given.window {
        let window = over_zero(Some(given))?.unwrap_or(rule.window);
        if window > WINDOW_MAX || window.0 % HOUR.0 != 0 {
            return Err(given.fault(
                "recognition looks back over whole hours, 48 at most; write for instance \"8h\"",
            ));
        }
        rule.window = window;
    }
    if let Some(minimum) = &given.minimum {
        rule.minimum = narrow(minimum, MINIMUM)?;
    }
    put(
        &mut rule.repeat_every,
        over_zero(given.repeat_every.as_ref())?,
    );
    add_recipients(&mut rule.recipients, given.recipients)?;
    rules.recognition.insert(kind, rule);
    Ok(())
}

fn threshold(kind: RecognitionKind, given: &Spanned<f64>) -> Result<f64, Fault> {
    let threshold = *given.get_ref();
    let sentence = match kind {
        RecognitionKind::TargetHeld if !(threshold > 0.0 && threshold <= 1.0) => {
            "it is a share of the misses that the target allows; write a number over 0, up to 1"
        }
        RecognitionKind::Streak if !STREAK.contains(&threshold) => {
            "it is a number of ratings; write one from 2 to 100"
        }
        RecognitionKind::Improvement if !(threshold > 0.0 && threshold.is_finite()) => {
            "it counts standard deviations; write a number over 0"
        }
        RecognitionKind::TargetHeld | RecognitionKind::Streak | RecognitionKind::Improvement => {
            return Ok(threshold);
        }
    };
    Err(given.fault(sentence))
}

/// Refuses what only an alert has.
fn refuse_others(
    (kind, whole): (RecognitionKind, &Spanned<String>),
    given: &file::GroupRule,
) -> Result<(), Fault> {
    let named = |name: &'static str, at: Option<std::ops::Range<usize>>| at.map(|at| (name, at));
    let of_streak = kind == RecognitionKind::Streak;
    let wrong = [
        named("when", given.when.as_ref().map(Spanned::span)),
        named("of", given.of.as_ref().map(Spanned::span)),
        named("clear_when", given.clear_when.as_ref().map(Spanned::span)),
        named("value", given.value.as_ref().map(Spanned::span)),
        named("why", given.why.as_ref().map(Spanned::span)),
        named("action", given.action.as_ref().map(Spanned::span)),
        named("clear", given.clear.as_ref().map(Spanned::span)),
        named("urgent", given.urgent.as_ref().map(Spanned::span)),
        named("for", given.r#for.as_ref().map(Spanned::span)),
        named("clear_for", given.clear_for.as_ref().map(Spanned::span)),
        named(
            "escalate_after",
            given.escalate_after.as_ref().map(Spanned::span),
        ),
        named("runbook", given.runbook.as_ref().map(Spanned::span)),
        named("severity", given.severity.as_ref().map(|_| whole.span())),
        named("interrupts", given.interrupts.map(|_| whole.span())),
        named(
            "window",
            given
                .window
                .as_ref()
                .map(Spanned::span)
                .filter(|_| of_streak),
        ),
        named(
            "minimum",
            given
                .minimum
                .as_ref()
                .map(Spanned::span)
                .filter(|_| of_streak),
        ),
    ];
    match wrong.into_iter().flatten().next() {
        None => Ok(()),
        Some((name, at)) => Err(Fault {
            at,
            sentence: match name {
                "window" | "minimum" => format!(
                    "a streak lasts until a rating below the top: it has no `{name}`, its `threshold` counts the ratings"
                ),
                _ => format!(
                    "`{}` calls nobody and is over at once: it has no `{name}`",
                    kind.name()
                ),
            },
        }),
    }
}
