//! Makes settings that keep the rules of what the file holds.

mod calendar;
mod http;
mod kafka;
mod kpi;
mod maintenance;
mod notify;
mod policy;
mod rules;
mod scorecards;
mod serve;
mod setting;

use std::ops::RangeInclusive;

use self::setting::{At as _, add_recipients, count, narrow, over_zero, put, share, time};
use super::{
    fault::Fault,
    file::{self, File, Time},
    settings::Config,
    value::Parsed,
};
use floorwalker_core::{
    alert::{AlertSettings, Rule},
    contact::ContactSettings,
    engine::{Limits, Settings},
    event::Span,
};

const TASKS: RangeInclusive<i64> = 1..=1_000;
/// What a state log needs at the least to turn over in whole records.
const RECOVERY_BYTES: RangeInclusive<i64> = 16_000_000..=i64::MAX;
/// Names with figures of their own, of one kind.
const NAMES: RangeInclusive<i64> = 1..=10_000_000;
/// One contact is no repeat.
const REPEATS: RangeInclusive<i64> = 2..=1_000;
const PRIVACY_KEY_BYTES_MIN: usize = 16;

pub(super) fn config(mut file: File) -> Result<Config, Fault> {
    let kafka = kafka::settings(file.kafka)?;
    let mut contact = contact(&file.contact)?;
    first_contact(&mut contact, &file.fcr, file.contact.remember_min.as_ref())?;
    contact.calendars = calendar::calendars(&file.calendars)?;
    if let Some(policies) = file.policy {
        contact.policies = policy::policies(policies, &contact)?;
    }
    contact.privacy_key = privacy_key(file.privacy)?;
    let mut engine = engine(&file.engine)?;
    engine.sources = kafka::sources(file.source, &kafka.prefix)?;
    engine.contact = contact;
    engine.kpi = kpi::settings(file.kpi)?;
    engine.kpi.places = kpi::places(file.queues)?;
    engine.kpi.zones_by_site = kpi::zones(&file.sites)?;
    engine.balance = scorecards::settings(&file.scorecards)?;
    by_channel(
        &mut engine.csat.handle_time_baseline,
        &file.csat.usual_handle,
    )?;
    let threshold = file.alerts.csat_low_predicted.threshold.take();
    put(&mut engine.csat.threshold, share(threshold, false)?);
    put(&mut engine.rules.settle, time(file.alerts.settle.as_ref()));
    engine.alert = alert(file.alerts)?;
    rules::settings(&mut engine.rules, file.rules, &engine.contact)?;
    put(
        &mut engine.output_format,
        file.outputs.format.map(|Parsed(format)| format),
    );
    put(&mut engine.contact_records, file.outputs.contacts);
    engine.limits = limits(&file.limits)?;
    let mut serve = serve::settings(file.serve, &engine.kpi.windows)?;
    let own_rules = engine.rules.own.iter().map(|own| own.name.as_str());
    let own_rules: Vec<&str> = own_rules.collect();
    serve.maintenance = maintenance::windows(&file.maintenance, &own_rules)?;
    let notify = notify::settings(&file.notify, &engine.rules)?;
    Ok(Config {
        engine,
        kafka,
        http: http::settings(file.http)?,
        serve,
        notify,
    })
}

fn engine(given: &file::Engine) -> Result<Settings, Fault> {
    let mut settings = Settings::default();
    if let Some(tasks) = &given.tasks {
        settings.tasks = narrow(tasks, TASKS)?;
    }
    put(&mut settings.lateness, over_zero(given.lateness.as_ref())?);
    put(
        &mut settings.future_max,
        over_zero(given.future_max.as_ref())?,
    );
    put(&mut settings.grace, time(given.grace.as_ref()));
    put(
        &mut settings.idle_timeout,
        over_zero(given.idle_timeout.as_ref())?,
    );
    put(
        &mut settings.heartbeat,
        over_zero(given.heartbeat.as_ref())?,
    );
    if settings.idle_timeout <= settings.heartbeat {
        let at = given.idle_timeout.as_ref().or(given.heartbeat.as_ref());
        let sentence =
            "a task is idle only after several heartbeats: `idle_timeout` must be over `heartbeat`";
        return Err(at.map_or_else(Fault::default, |at| at.fault(sentence)));
    }
    if let Some(bytes) = &given.recovery_max_bytes {
        settings.recovery_max_bytes = narrow(bytes, RECOVERY_BYTES)?;
    }
    Ok(settings)
}

fn contact(given: &file::Contact) -> Result<ContactSettings, Fault> {
    let mut settings = ContactSettings::default();
    put(
        &mut settings.short_abandon,
        time(given.short_abandon.as_ref()),
    );
    put(
        &mut settings.wrap_up_max,
        over_zero(given.wrap_up_max.as_ref())?,
    );
    put(
        &mut settings.remember_min,
        over_zero(given.remember_min.as_ref())?,
    );
    if let Some(channels) = &given.no_wrap_up {
        settings.no_wrap_up = channels.iter().map(|Parsed(channel)| *channel).collect();
    }
    by_channel(&mut settings.max_age, &given.max_age)?;
    Ok(settings)
}

fn by_channel(settings: &mut [Span; 8], given: &file::ByChannel) -> Result<(), Fault> {
    let given = [
        &given.voice,
        &given.chat,
        &given.email,
        &given.social,
        &given.sms,
        &given.messaging,
        &given.video,
        &given.other,
    ];
    for (setting, of_channel) in settings.iter_mut().zip(given) {
        put(setting, over_zero(of_channel.as_ref())?);
    }
    Ok(())
}

/// A contact must be remembered for as long as it may be repeated: unsaid, `remember_min` follows.
fn first_contact(
    contact: &mut ContactSettings,
    given: &file::FirstContact,
    remember_min: Option<&Time>,
) -> Result<(), Fault> {
    let settings = &mut contact.first_contact;
    put(&mut settings.window, over_zero(given.window.as_ref())?);
    put(&mut settings.enabled, given.enabled);
    put(&mut settings.transfer_breaks, given.transfer_breaks);
    put(&mut settings.same_reason, given.same_reason);
    match remember_min {
        _ if !settings.enabled => Ok(()),
        Some(least) if contact.remember_min < settings.window => Err(least.fault(
            "a contact must be remembered while it may be repeated: `contact.remember_min` must be no less than `fcr.window`",
        )),
        _ => {
            contact.remember_min = contact.remember_min.max(settings.window);
            Ok(())
        }
    }
}

fn limits(given: &file::Limits) -> Result<Limits, Fault> {
    let mut limits = Limits::default();
    let kinds = [
        (&mut limits.agents, &given.agents),
        (&mut limits.queues, &given.queues),
        (&mut limits.teams, &given.teams),
        (&mut limits.sites, &given.sites),
        (&mut limits.reasons, &given.reasons),
        (&mut limits.scorecards, &given.scorecards),
        (&mut limits.contact_reasons, &given.contact_reasons),
    ];
    for (limit, wanted) in kinds {
        if let Some(number) = wanted {
            *limit = count(narrow(number, NAMES)?);
        }
    }
    Ok(limits)
}

fn privacy_key(given: file::Privacy) -> Result<String, Fault> {
    let Some(key) = given.key else {
        return Ok(String::new());
    };
    let length = key.get_ref().len();
    if length < PRIVACY_KEY_BYTES_MIN && length > 0 {
        return Err(key.fault(format!(
            "a key of {length} bytes can be guessed; write {PRIVACY_KEY_BYTES_MIN} random ones or more"
        )));
    }
    Ok(key.into_inner())
}

fn alert(given: file::Alerts) -> Result<AlertSettings, Fault> {
    let mut settings = AlertSettings::default();
    rule(&mut settings.at_risk, given.at_risk)?;
    rule(&mut settings.missed, given.missed)?;
    let low = given.csat_low_predicted;
    rule(
        &mut settings.low_predicted,
        file::Rule {
            enabled: low.enabled,
            severity: low.severity,
            recipients: low.recipients,
        },
    )?;
    let repeat = given.customer_repeat;
    rule(
        &mut settings.repeat,
        file::Rule {
            enabled: repeat.enabled,
            severity: repeat.severity,
            recipients: repeat.recipients,
        },
    )?;
    if let Some(contacts) = &repeat.contacts {
        settings.repeat_contacts = narrow(contacts, REPEATS)?;
    }
    rule(&mut settings.turned, given.sentiment_turned)?;
    Ok(settings)
}

fn rule(rule: &mut Rule, given: file::Rule) -> Result<(), Fault> {
    put(&mut rule.enabled, given.enabled);
    put(
        &mut rule.severity,
        given.severity.map(|Parsed(severity)| severity),
    );
    add_recipients(&mut rule.recipients, given.recipients)
}
