//! Revision of a contact's prediction, whenever its fold changes.

use super::{CsatSettings, Features, Outlook, Surroundings};
use crate::{
    contact::{Alarm, Concern, Contact},
    event::Span,
};

/// Revises the prediction, unless the contact is over: then the last prediction stays. Must be called whenever the fold may have changed. `handle_time_baseline` is that of the contact's queue; `alarms` is whether the rule is on.
pub fn revise(
    contact: &mut Contact,
    handle_time_baseline: Option<Span>,
    alarms: bool,
    settings: &CsatSettings,
) {
    if contact.fold.over_since.is_some() {
        return;
    }
    let attributes = &contact.fold.attributes;
    let Some(now) = contact.newest_at() else {
        return;
    };
    if !contact.fold.has_inbound_leg() {
        return;
    }
    let usual = handle_time_baseline
        .unwrap_or_else(|| settings.handle_time_baseline_of(attributes.channel()));
    let around = Surroundings {
        now,
        handle_time_baseline: usual,
        repeats: (contact.prediction.as_ref()).and_then(|prediction| prediction.repeats),
    };
    let features = Features::of(&contact.fold, &around);
    let outlook = settings.model.predict(&features);
    let prediction = contact.prediction.get_or_insert_default();
    prediction.low_thousandths = thousandths(outlook.low);
    if alarms && outlook.low >= settings.threshold {
        let value_thousandths = i32::from(prediction.low_thousandths);
        prediction.fire(Concern::LowPredicted, || Alarm {
            at: now,
            began_at: contact.fold.began_at.unwrap_or(now),
            value_thousandths,
            reasons: in_words(&outlook, &features),
            ended_at: None,
        });
    }
}

fn in_words(outlook: &Outlook, features: &Features) -> Vec<String> {
    let reasons = outlook.reasons.iter().flatten();
    reasons.map(|reason| features.words(*reason)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to 999"
)]
fn thousandths(low: f64) -> u16 {
    (low * 1e3).round().clamp(1.0, 999.0) as u16
}
