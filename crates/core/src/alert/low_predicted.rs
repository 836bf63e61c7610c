//! Alert record of a contact that is likely to be rated low: why, in words, and what can still be done.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    escalation::Reason,
    record::{AlertRecord, Context, LOW_PREDICTED, Links},
};
use crate::{
    contact::{Alarm, Engagement, Fold},
    csat::CsatSettings,
    event::{Channel, Timestamp},
};

/// Returns the alert's id, made of the contact and of its beginning as known when the alert fired, so that the same input always gives the same.
#[must_use]
pub fn alarm_id(contact: &str, alarm: &Alarm) -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(LOW_PREDICTED.as_bytes());
    bytes.extend_from_slice(&alarm.began_at.0.to_be_bytes());
    format!("contact:{contact}/{:016x}", xxh3_64(&bytes))
}

impl<'a> AlertRecord<'a> {
    /// Makes the record of the firing alarm, or with `ended_at` of its end.
    #[must_use]
    pub fn of_alarm(
        alarm: &Alarm,
        ended_at: Option<Timestamp>,
        context: &Context<'a>,
        settings: &CsatSettings,
    ) -> Self {
        let rule = &context.alert_settings.low_predicted;
        let fold = context.after;
        let (queue, agent) = (queue(fold), talking(fold));
        let value = f64::from(alarm.low_thousandths) / 1e3;
        let reason = if fold.over_since.is_some() {
            Reason::Ended
        } else {
            Reason::Stale
        };
        let id = alarm_id(context.contact, alarm);
        AlertRecord {
            links: Links::new(&id, context.contact, queue),
            id,
            rule: Cow::Borrowed(LOW_PREDICTED),
            status: if ended_at.is_some() {
                "resolved"
            } else {
                "firing"
            },
            severity: rule.severity.name(),
            score: score(value, settings.threshold),
            subject: format!("contact:{}", context.contact),
            group: queue.map(|queue| format!("queue:{queue}")),
            policy: None,
            starts_at: alarm.at,
            at: ended_at.unwrap_or(alarm.at),
            ends_at: ended_at,
            reason: ended_at.map(|_| reason.name()),
            history: context.history,
            value,
            threshold: settings.threshold,
            unit: "probability",
            formula: format!("P(low rating) of at least {}", settings.threshold),
            n: 1,
            why: why(context.contact, alarm, value),
            action: action(context.contact, agent, ended_at.is_some()),
            causes: Vec::new(),
            contacts: vec![Cow::Borrowed(context.contact)],
            contacts_more: 0,
            agents: agent.into_iter().map(Cow::Borrowed).collect(),
            queue: queue.map(Cow::Borrowed),
            team: None,
            channel: fold.attributes.channel.map(Channel::name),
            recipients: rule.recipients_for(queue),
            escalation: 0,
            ack: None,
            inhibited_by: None,
            interrupts: false,
            flapping: false,
            runbook: None,
            seq: context.seq,
        }
    }
}

/// Returns the queue last waited in, otherwise that of the last engagement.
fn queue(fold: &Fold) -> Option<&str> {
    let waited_in = fold.episodes.last().map(|episode| &episode.queue);
    let engaged_in = || fold.engagements.last()?.queue.as_ref();
    waited_in.or_else(engaged_in).map(|queue| queue.as_str())
}

fn talking(fold: &Fold) -> Option<&str> {
    let talking = fold.engagements.iter().rfind(|one| Engagement::talks(one));
    talking.map(|engagement| engagement.agent.as_str())
}

/// Returns 6 at the threshold, 10 where the rating is sure to be low.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to 10"
)]
fn score(value: f64, threshold: f64) -> u8 {
    let beyond = (value - threshold) / (1.0 - threshold);
    (6.0 + 4.0 * beyond).clamp(1.0, 10.0) as u8
}

fn why(contact: &str, alarm: &Alarm, value: f64) -> String {
    let percent = value * 100.0;
    let likely = format!("{contact} is likely to be rated low ({percent:.0} %)");
    match alarm.reasons.split_last() {
        None => format!("{likely}."),
        Some((only, [])) => format!("{likely}: it {only}."),
        Some((last, others)) => format!("{likely}: it {} and {last}.", others.join(", ")),
    }
}

fn action(contact: &str, agent: Option<&str>, ended: bool) -> String {
    match (ended, agent) {
        (true, _) => "Call the customer back if the matter may still be open.".to_owned(),
        (false, Some(agent)) => {
            format!("Have a supervisor join {agent} on {contact}, or call the customer back.")
        }
        (false, None) => {
            format!("Take {contact} now, with somebody who can settle it in one go.")
        }
    }
}
