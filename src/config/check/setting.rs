//! Checks of a single setting.

use std::ops::RangeInclusive;

use toml::Spanned;

use crate::config::{fault::Fault, file::Time, value::Parsed};
use floorwalker_core::event::{Channel, QueueId, Span};

/// The fewest observations that show anything.
pub(super) const MINIMUM: RangeInclusive<i64> = 1..=100_000;

pub(super) trait At {
    /// A mistake in this value.
    fn fault(&self, sentence: impl Into<String>) -> Fault;
}

impl<T> At for Spanned<T> {
    fn fault(&self, sentence: impl Into<String>) -> Fault {
        Fault {
            at: self.span(),
            sentence: sentence.into(),
        }
    }
}

pub(super) fn put<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

pub(super) fn time(given: Option<&Time>) -> Option<Span> {
    given.map(|time| time.get_ref().0)
}

pub(super) fn over_zero(given: Option<&Time>) -> Result<Option<Span>, Fault> {
    match given {
        Some(zero) if zero.get_ref().0 == Span::ZERO => {
            Err(zero.fault("this must be over zero; write for instance \"1s\""))
        }
        _ => Ok(time(given)),
    }
}

pub(super) fn narrow<T: TryFrom<i64>>(
    given: &Spanned<i64>,
    range: RangeInclusive<i64>,
) -> Result<T, Fault> {
    let number = *given.get_ref();
    let fits = range.contains(&number);
    match T::try_from(number) {
        Ok(number) if fits => Ok(number),
        _ if *range.end() == i64::MAX => Err(given.fault(format!(
            "{number} is too low; the least is {}",
            range.start()
        ))),
        _ => Err(given.fault(format!(
            "{number} is out of range; write {} to {}",
            range.start(),
            range.end()
        ))),
    }
}

/// A share from over 0, and up to 1 or, unless `one`, below it.
pub(super) fn share(given: Option<Spanned<f64>>, one: bool) -> Result<Option<f64>, Fault> {
    let Some(given) = given else { return Ok(None) };
    let share = *given.get_ref();
    if share > 0.0 && (share < 1.0 || one && share <= 1.0) {
        return Ok(Some(share));
    }
    let limit = if one { "up to 1" } else { "below 1" };
    Err(given.fault(format!(
        "{share} is no share over 0 and {limit}; write 80 % as 0.8"
    )))
}

/// Adds recipients, each of which needs a name.
pub(super) fn add_recipients(
    recipients: &mut Vec<String>,
    given: Option<Vec<Spanned<String>>>,
) -> Result<(), Fault> {
    for recipient in given.into_iter().flatten() {
        if recipient.get_ref().is_empty() {
            return Err(recipient.fault("a recipient needs a name, such as \"team:north\""));
        }
        recipients.push(recipient.into_inner());
    }
    Ok(())
}

pub(super) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Returns the queues and channels that a rule looks at.
pub(super) fn scope(
    queues: Option<Vec<Spanned<String>>>,
    channels: Option<Vec<Parsed<Channel>>>,
) -> Result<(Vec<QueueId>, Vec<Channel>), Fault> {
    let queues = queues.into_iter().flatten().map(|queue| {
        if queue.get_ref().is_empty() {
            return Err(queue.fault("a queue needs a name, such as \"billing\""));
        }
        Ok(QueueId::new(queue.get_ref()))
    });
    let channels = channels.into_iter().flatten();
    Ok((
        queues.collect::<Result<_, _>>()?,
        channels.map(|Parsed(channel)| channel).collect(),
    ))
}
