//! Alerts about a whole contact: a low rating is likely, the customer comes back again and again, the mood has turned. Why, in words, and
//! what can still be done.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    AlertSettings,
    escalation::Reason,
    links::Links,
    record::{AlertRecord, Context, Essentials, rule_of},
};
use crate::{
    contact::{Alarm, BAD_MOOD, Concern, Contact, Engagement, Fold},
    csat::CsatSettings,
    event::{Span, Timestamp},
};

/// Fires what has come up about a contact since the last time, and ends all when the contact is over. Must be called whenever the fold or
/// what is known of the customer may have changed.
pub fn watch(contact: &mut Contact, settings: &AlertSettings) {
    let newest = contact.newest_at();
    let fold = &contact.fold;
    let (Some(prediction), Some(now)) = (&mut contact.prediction, newest) else {
        return;
    };
    if fold.over_since.is_some() {
        prediction.end_alarms(fold.over_since);
        return;
    }
    let alarm = |value_thousandths| Alarm {
        at: now,
        began_at: fold.began_at.unwrap_or(now),
        value_thousandths,
        reasons: Vec::new(),
        ended_at: None,
    };
    let contacts = prediction
        .repeats
        .map_or(1, |earlier| earlier.saturating_add(1));
    if settings.repeat.enabled && contacts >= settings.repeat_contacts {
        let thousandths = i32::try_from(contacts)
            .unwrap_or(i32::MAX)
            .saturating_mul(1_000);
        prediction.fire(Concern::Repeat, || alarm(thousandths));
    }
    if let (true, Some(mood)) = (settings.turned.enabled, fold.experience.turned_mood()) {
        prediction.fire(Concern::Turned, || alarm(mood));
    }
}

/// Returns the alert's id, made of the rule, the contact and its beginning as known when the alert fired, so that the same input always gives
/// the same.
#[must_use]
pub fn alarm_id(contact: &str, (concern, alarm): (Concern, &Alarm)) -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(rule_of(concern).as_bytes());
    bytes.extend_from_slice(&alarm.began_at.0.to_be_bytes());
    format!("contact:{contact}/{:016x}", xxh3_64(&bytes))
}

/// What differs from concern to concern in the record.
struct Wording {
    score: u8,
    threshold: f64,
    unit: &'static str,
    formula: String,
    why: String,
    action: String,
}

impl<'a> AlertRecord<'a> {
    /// Makes the record of an alarm that fires, or with `ended_at` of its end.
    #[must_use]
    pub fn of_alarm(
        (concern, alarm): (Concern, &Alarm),
        ended_at: Option<Timestamp>,
        context: &Context<'a>,
        csat: &CsatSettings,
    ) -> Self {
        let rule = context.alert_settings.of(concern);
        let fold = context.after;
        let (queue, agent) = (queue(fold), talking(fold));
        let value = f64::from(alarm.value_thousandths) / 1e3;
        let reason = if fold.over_since.is_some() {
            Reason::Ended
        } else {
            Reason::Stale
        };
        let id = alarm_id(context.contact, (concern, alarm));
        let wording = match concern {
            Concern::LowPredicted => low_predicted(alarm, (value, csat.threshold), context.contact),
            Concern::Repeat => repeat(value, context),
            Concern::Turned => turned(value, context.contact),
        };
        let action = if ended_at.is_some() {
            "Call the customer back if the matter may still be open.".to_owned()
        } else {
            agent.map_or(wording.action, |agent| {
                format!(
                    "Have a supervisor join {agent} on {}, or call the customer back.",
                    context.contact
                )
            })
        };
        let essentials = Essentials {
            links: Links::new(&id, context.contact, queue),
            id,
            rule: Cow::Borrowed(rule_of(concern)),
            severity: rule.severity,
            score: wording.score,
            subject: format!("contact:{}", context.contact),
            group: queue.map(|queue| format!("queue:{queue}")),
            starts_at: alarm.at,
            at: ended_at.unwrap_or(alarm.at),
            ended: ended_at.map(|_| reason.name()),
            history: context.history,
            value,
            threshold: wording.threshold,
            unit: wording.unit,
            formula: wording.formula,
            n: 1,
            why: wording.why,
            action,
            queue,
            channel: fold.attributes.channel,
            recipients: rule.recipients_for(queue),
            seq: context.seq,
        };
        AlertRecord {
            contacts: vec![Cow::Borrowed(context.contact)],
            agents: agent.into_iter().map(Cow::Borrowed).collect(),
            ..AlertRecord::of(essentials)
        }
    }
}

fn low_predicted(alarm: &Alarm, (value, threshold): (f64, f64), contact: &str) -> Wording {
    Wording {
        // 6 at the threshold, 10 where the rating is sure to be low.
        score: score((value - threshold) / (1.0 - threshold)),
        threshold,
        unit: "probability",
        formula: format!("P(low rating) of at least {threshold}"),
        why: why(contact, alarm, value),
        action: format!("Take {contact} now, with somebody who can settle it in one go."),
    }
}

fn repeat(contacts: f64, context: &Context<'_>) -> Wording {
    let contact = context.contact;
    let least = f64::from(context.alert_settings.repeat_contacts);
    let window = context.contact_settings.first_contact.window;
    let over = humane(window);
    Wording {
        score: score((contacts - least) / least.max(1.0)),
        threshold: least,
        unit: "contacts",
        formula: format!("contacts of a customer in {over} ≥ {least}"),
        why: format!("{contact}: contact {contacts} of this customer in {over}."),
        action: format!("Take {contact} with somebody who reads the history first."),
    }
}

fn turned(mood: f64, contact: &str) -> Wording {
    let bad = f64::from(BAD_MOOD) / 1e3;
    Wording {
        score: score((bad - mood) / (1.0 + bad)),
        threshold: bad,
        unit: "mood",
        formula: format!("running sentiment ≤ {bad} after two messages in a row"),
        why: format!("{contact}: the customer's messages have turned bad (mood {mood:+.1})."),
        action: format!("Reply to {contact} now, with somebody who can settle it."),
    }
}

/// Returns a window as people write it: `7 days`, `36 h`.
fn humane(window: Span) -> String {
    let hours = window.as_secs() / 3_600.0;
    match hours {
        24.0 => "a day".to_owned(),
        hours if hours >= 48.0 && hours % 24.0 < 1e-9 => format!("{} days", hours / 24.0),
        hours if hours >= 1.0 => format!("{hours} h"),
        _ => format!("{} s", window.as_secs()),
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

/// Returns 6 at the threshold, and up to 10 with how far it is beyond, as a share of the way.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to 10"
)]
fn score(beyond: f64) -> u8 {
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
