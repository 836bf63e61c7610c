//! From what the file says to settings that keep the rules.

mod calendar;
mod kafka;
mod kpi;
mod policy;
mod scorecards;

use std::ops::RangeInclusive;

use toml::Spanned;

use super::{
    Config, Fault,
    file::{self, File, Time},
    value::Said,
};
use crate::{
    alert::{AlertSettings, Rule},
    contact::ContactSettings,
    engine::Settings,
    event::Span,
    serve::ServeSettings,
};

const TASKS: RangeInclusive<i64> = 1..=1_000;
/// What a state log needs at the least to turn over in whole records.
const RECOVERY_BYTES: RangeInclusive<i64> = 16_000_000..=i64::MAX;
/// At 2 KB a record, 10 million are all the memory of a large machine.
const RECORDS_HELD: RangeInclusive<i64> = 1..=10_000_000;
const WORST_AGENTS: RangeInclusive<i64> = 0..=1_000;
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
    by_channel(&mut engine.csat.usual_handle, &file.csat.usual_handle)?;
    let threshold = file.alerts.csat_low_predicted.threshold.take();
    put(&mut engine.csat.threshold, share(threshold, false)?);
    engine.alert = alert(file.alerts)?;
    put(
        &mut engine.output_format,
        file.outputs.format.map(|Said(format)| format),
    );
    let mut http = crate::serve::HttpSettings::default();
    put(
        &mut http.listen,
        file.http.listen.map(|Said(address)| address),
    );
    Ok(Config {
        engine,
        kafka,
        http,
        serve: serve(&file.serve)?,
    })
}

fn engine(said: &file::Engine) -> Result<Settings, Fault> {
    let mut settings = Settings::default();
    if let Some(tasks) = &said.tasks {
        settings.tasks = narrow(tasks, TASKS)?;
    }
    put(&mut settings.lateness, over_zero(said.lateness.as_ref())?);
    put(
        &mut settings.future_max,
        over_zero(said.future_max.as_ref())?,
    );
    put(&mut settings.grace, time(said.grace.as_ref()));
    put(&mut settings.hold_max, over_zero(said.hold_max.as_ref())?);
    put(&mut settings.heartbeat, over_zero(said.heartbeat.as_ref())?);
    if settings.hold_max <= settings.heartbeat {
        let at = said.hold_max.as_ref().or(said.heartbeat.as_ref());
        let sentence =
            "a task is silent only after several heartbeats: `hold_max` must be over `heartbeat`";
        return Err(at.map_or_else(Fault::default, |at| at.fault(sentence)));
    }
    if let Some(bytes) = &said.recovery_max_bytes {
        settings.recovery_max_bytes = narrow(bytes, RECOVERY_BYTES)?;
    }
    Ok(settings)
}

fn contact(said: &file::Contact) -> Result<ContactSettings, Fault> {
    let mut settings = ContactSettings::default();
    put(
        &mut settings.short_abandon,
        time(said.short_abandon.as_ref()),
    );
    put(
        &mut settings.wrap_up_max,
        over_zero(said.wrap_up_max.as_ref())?,
    );
    put(
        &mut settings.remember_min,
        over_zero(said.remember_min.as_ref())?,
    );
    if let Some(channels) = &said.no_wrap_up {
        settings.no_wrap_up = channels.iter().map(|Said(channel)| *channel).collect();
    }
    by_channel(&mut settings.max_age, &said.max_age)?;
    Ok(settings)
}

fn by_channel(settings: &mut [Span; 8], said: &file::ByChannel) -> Result<(), Fault> {
    let said = [
        &said.voice,
        &said.chat,
        &said.email,
        &said.social,
        &said.sms,
        &said.messaging,
        &said.video,
        &said.other,
    ];
    for (setting, of_channel) in settings.iter_mut().zip(said) {
        put(setting, over_zero(of_channel.as_ref())?);
    }
    Ok(())
}

/// A contact must be remembered for as long as it may be repeated: unsaid, `remember_min` follows.
fn first_contact(
    contact: &mut ContactSettings,
    said: &file::FirstContact,
    remember_min: Option<&Time>,
) -> Result<(), Fault> {
    let settings = &mut contact.first_contact;
    put(&mut settings.window, over_zero(said.window.as_ref())?);
    put(&mut settings.transfer_breaks, said.transfer_breaks);
    put(&mut settings.same_reason, said.same_reason);
    match remember_min {
        Some(least) if contact.remember_min < settings.window => Err(least.fault(
            "a contact must be remembered while it may be repeated: `contact.remember_min` must be no less than `fcr.window`",
        )),
        _ => {
            contact.remember_min = contact.remember_min.max(settings.window);
            Ok(())
        }
    }
}

fn serve(said: &file::Serve) -> Result<ServeSettings, Fault> {
    let mut settings = ServeSettings::default();
    let limits = [
        (&mut settings.contacts_max, &said.contacts_max),
        (&mut settings.alerts_max, &said.alerts_max),
        (&mut settings.entities_max, &said.entities_max),
    ];
    for (limit, wanted) in limits {
        if let Some(wanted) = wanted {
            *limit = count(narrow(wanted, RECORDS_HELD)?);
        }
    }
    if let Some(agents) = &said.worst_agents {
        settings.worst_agents = count(narrow(agents, WORST_AGENTS)?);
    }
    put(&mut settings.all_agents, said.all_agents);
    Ok(settings)
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn privacy_key(said: file::Privacy) -> Result<String, Fault> {
    let Some(key) = said.key else {
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

fn alert(said: file::Alerts) -> Result<AlertSettings, Fault> {
    let mut settings = AlertSettings::default();
    rule(&mut settings.at_risk, said.at_risk)?;
    rule(&mut settings.missed, said.missed)?;
    let low = said.csat_low_predicted;
    rule(
        &mut settings.low_predicted,
        file::Rule {
            enabled: low.enabled,
            severity: low.severity,
            recipients: low.recipients,
        },
    )?;
    Ok(settings)
}

fn rule(rule: &mut Rule, said: file::Rule) -> Result<(), Fault> {
    put(&mut rule.enabled, said.enabled);
    put(
        &mut rule.severity,
        said.severity.map(|Said(severity)| severity),
    );
    for recipient in said.recipients.into_iter().flatten() {
        if recipient.get_ref().is_empty() {
            return Err(recipient.fault("a recipient needs a name, such as \"team:north\""));
        }
        rule.recipients.push(recipient.into_inner());
    }
    Ok(())
}

trait At {
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

fn put<T>(setting: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *setting = said;
    }
}

fn time(said: Option<&Time>) -> Option<Span> {
    said.map(|time| time.get_ref().0)
}

fn over_zero(said: Option<&Time>) -> Result<Option<Span>, Fault> {
    match said {
        Some(zero) if zero.get_ref().0 == Span::ZERO => {
            Err(zero.fault("this must be over zero; write for instance \"1s\""))
        }
        _ => Ok(time(said)),
    }
}

fn narrow<T: TryFrom<i64>>(said: &Spanned<i64>, range: RangeInclusive<i64>) -> Result<T, Fault> {
    let number = *said.get_ref();
    let fits = range.contains(&number);
    match T::try_from(number) {
        Ok(number) if fits => Ok(number),
        _ if *range.end() == i64::MAX => Err(said.fault(format!(
            "{number} is too low; the least is {}",
            range.start()
        ))),
        _ => Err(said.fault(format!(
            "{number} is out of range; write {} to {}",
            range.start(),
            range.end()
        ))),
    }
}

/// A share from over 0, and up to 1 or, unless `one`, below it.
fn share(said: Option<Spanned<f64>>, one: bool) -> Result<Option<f64>, Fault> {
    let Some(said) = said else { return Ok(None) };
    let share = *said.get_ref();
    if share > 0.0 && (share < 1.0 || one && share <= 1.0) {
        return Ok(Some(share));
    }
    let limit = if one { "up to 1" } else { "below 1" };
    Err(said.fault(format!(
        "{share} is no share over 0 and {limit}; write 80 % as 0.8"
    )))
}
