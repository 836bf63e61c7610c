//! Who is called about alerts: receivers, and the routes to them.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use lettre::message::Mailbox;
use reqwest::Url;
use toml::Spanned;

use super::{
    calendar::zone,
    maintenance::{hours, read_matchers},
    setting::{At as _, narrow, over_zero, put, time},
};
use crate::{
    config::{
        fault::Fault,
        file,
        value::{Parsed, ReceiverWord},
    },
    notify::{
        EmailSettings, EmailTls, NotifySettings, ReceiverKind, ReceiverSettings, Route, Routes,
        Secret,
    },
};
use floorwalker_core::{
    event::Span,
    rules::{RuleKind, RulesSettings},
    silence::{Matchers, Pattern},
};

/// Each has a consumer and a thread.
const RECEIVERS_MAX: usize = 100;
const ROUTES_MAX: usize = 1_000;
/// Kafka allows a group's id 249 bytes, and the prefix takes a part.
const NAME_BYTES_MAX: usize = 40;
const PORT: RangeInclusive<i64> = 1..=65_535;
const TIMEOUT: Duration = Duration::from_secs(10);
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

pub(super) fn settings(
    given: &file::Notify,
    rules: &RulesSettings,
) -> Result<NotifySettings, Fault> {
    let mut settings = NotifySettings {
        wallboard: given.wallboard.as_ref().map(wallboard).transpose()?,
        ..NotifySettings::default()
    };
    put(&mut settings.group_wait, time(given.group_wait.as_ref()));
    put(
        &mut settings.group_interval,
        time(given.group_interval.as_ref()),
    );
    put(&mut settings.late_max, over_zero(given.late_max.as_ref())?);
    let mut names = BTreeMap::new();
    for (name, own) in &given.receivers {
        if settings.receivers.len() == RECEIVERS_MAX {
            return Err(name.fault(format!("there are more than {RECEIVERS_MAX} receivers")));
        }
        let checked = receiver_name(name)?;
        settings.receivers.insert(checked.clone(), receiver(own)?);
        names.insert(checked, name);
    }
    settings.routes = routes(&given.route, &names, rules, settings.group_interval)?;
    Ok(settings)
}

fn wallboard(given: &Spanned<String>) -> Result<String, Fault> {
    let text = given.get_ref().trim_end_matches('/');
    match Url::parse(text) {
        Ok(url) if is_web(&url) => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(given.fault(format!(
            "`{text}` is no address of the wallboard such as \"https://floorwalker.example.com\""
        ))),
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn receiver_name(given: &Spanned<String>) -> Result<String, Fault> {
    let name = given.get_ref();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(name.clone());
    }
    Err(given.fault(format!(
        "`{name}` is no name of a receiver: write 1 to {NAME_BYTES_MAX} letters, digits, `-` and `_`, such as \"on-call\""
    )))
}

fn receiver(spanned: &Spanned<file::Receiver>) -> Result<ReceiverSettings, Fault> {
    let given = spanned.get_ref();
    let Parsed(word) = *given.kind.get_ref();
    only_own_fields(given, word)?;
    let lacks = |field: &str| spanned.fault(format!("missing field `{field}`"));
    let url = || -> Result<Secret, Fault> {
        let given = given.url.as_ref().ok_or_else(|| lacks("url"))?;
        web_url(given)
    };
    let kind = match word {
        ReceiverWord::Alertmanager => ReceiverKind::Alertmanager {
            url: url()?,
            token: given.token.as_ref().map(secret).transpose()?,
        },
        ReceiverWord::Webhook => ReceiverKind::Webhook {
            url: url()?,
            secret: signing_secret(given.secret.as_ref().ok_or_else(|| lacks("secret"))?)?,
        },
        ReceiverWord::Slack => ReceiverKind::Slack { url: url()? },
        ReceiverWord::Teams => ReceiverKind::Teams { url: url()? },
        ReceiverWord::PagerDuty => {
            let key = given.routing_key.as_ref();
            let own = given.url.as_ref().map(web_url).transpose()?;
            ReceiverKind::PagerDuty {
                url: own.unwrap_or_else(|| Secret::new(PAGERDUTY.to_owned())),
                routing_key: secret(key.ok_or_else(|| lacks("routing_key"))?)?,
            }
        }
        ReceiverWord::Email => ReceiverKind::Email(email(given, &lacks)?),
    };
    let timeout = over_zero(given.timeout.as_ref())?;
    let timeout = timeout.and_then(|span| u64::try_from(span.0).ok());
    Ok(ReceiverSettings {
        kind,
        timeout: timeout.map_or(TIMEOUT, Duration::from_micros),
    })
}

/// A field that a receiver of this kind does not have would be taken for one that has an effect.
fn only_own_fields(given: &file::Receiver, word: ReceiverWord) -> Result<(), Fault> {
    use ReceiverWord::{Alertmanager, Email, PagerDuty, Slack, Teams, Webhook};
    let span = |it: &Option<Spanned<String>>| it.as_ref().map(Spanned::span);
    let mail: &[ReceiverWord] = &[Email];
    let fields = [
        (
            "url",
            span(&given.url),
            &[Alertmanager, Webhook, Slack, Teams, PagerDuty][..],
        ),
        ("token", span(&given.token), &[Alertmanager][..]),
        ("secret", span(&given.secret), &[Webhook][..]),
        ("routing_key", span(&given.routing_key), &[PagerDuty][..]),
        ("host", span(&given.host), mail),
        ("port", given.port.as_ref().map(Spanned::span), mail),
        ("tls", given.tls.as_ref().map(Spanned::span), mail),
        ("username", span(&given.username), mail),
        ("password", span(&given.password), mail),
        ("from", span(&given.from), mail),
        ("to", given.to.as_ref().map(Spanned::span), mail),
    ];
    for (field, place, of) in fields {
        let Some(at) = place.filter(|_| !of.contains(&word)) else {
            continue;
        };
        return Err(Spanned::new(at, ()).fault(format!(
            "a receiver of this kind has no `{field}`; remove it, or correct `kind`"
        )));
    }
    Ok(())
}

/// Sentences leave the URL out: whoever knows it can write there.
fn web_url(given: &Spanned<String>) -> Result<Secret, Fault> {
    match Url::parse(given.get_ref()) {
        Ok(url) if is_web(&url) => Ok(Secret::new(given.get_ref().clone())),
        Ok(_) | Err(_) => {
            Err(given.fault("this is no URL that begins with https:// or http:// and names a host"))
        }
    }
}

fn secret(given: &Spanned<String>) -> Result<Secret, Fault> {
    match given.get_ref().is_empty() {
        true => Err(given.fault("this is empty; name a file such as \"file:/run/secrets/x\"")),
        false => Ok(Secret::new(given.get_ref().clone())),
    }
}

fn signing_secret(given: &Spanned<String>) -> Result<Secret, Fault> {
    let text = given.get_ref();
    if !text.is_empty() && standardwebhooks::Webhook::new(text).is_ok() {
        return Ok(Secret::new(text.clone()));
    }
    Err(given.fault(
        "this is no signing secret of the Standard Webhooks specification: `whsec_`, then 24 to 64 random bytes in base64; `openssl rand -base64 32` makes some",
    ))
}

fn email(given: &file::Receiver, lacks: &dyn Fn(&str) -> Fault) -> Result<EmailSettings, Fault> {
    let host = given.host.as_ref().ok_or_else(|| lacks("host"))?;
    let from = given.from.as_ref().ok_or_else(|| lacks("from"))?;
    let to = given.to.as_ref().ok_or_else(|| lacks("to"))?;
    if to.get_ref().is_empty() {
        return Err(to.fault("nobody is written to; name an address"));
    }
    let tls = given.tls.as_ref().map(|it| it.get_ref().0);
    let tls = tls.unwrap_or(EmailTls::StartTls);
    let port = given.port.as_ref();
    let port = port.map(|port| narrow(port, PORT)).transpose()?;
    match (&given.username, &given.password) {
        (Some(name), None) => return Err(name.fault("a login needs a `password`, too")),
        (None, Some(password)) => {
            return Err(password.fault("a login needs a `username`, too"));
        }
        (Some(name), Some(_)) if tls == EmailTls::Off => {
            let at = given.tls.as_ref();
            let at = Spanned::new(at.map_or_else(|| name.span(), Spanned::span), ());
            return Err(at.fault(
                "without TLS everybody on the way reads the password; use tls = \"starttls\" or \"tls\"",
            ));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let addresses = to.get_ref().iter().map(mailbox);
    Ok(EmailSettings {
        host: host.get_ref().clone(),
        port: port.unwrap_or_else(|| tls.default_port()),
        tls,
        username: given.username.as_ref().map(|it| it.get_ref().clone()),
        password: given.password.as_ref().map(secret).transpose()?,
        from: mailbox(from)?,
        to: addresses.collect::<Result<_, _>>()?,
    })
}

fn mailbox(given: &Spanned<String>) -> Result<Mailbox, Fault> {
    let text = given.get_ref();
    text.parse().map_err(|_| {
        given.fault(format!(
            "`{text}` is no address such as \"ops@example.com\" or \"Floorwalker <floorwalker@example.com>\""
        ))
    })
}

fn routes(
    given: &[Spanned<file::Route>],
    receivers: &BTreeMap<String, &Spanned<String>>,
    rules: &RulesSettings,
    group_interval: Span,
) -> Result<Routes, Fault> {
    let mut routes: Vec<Route> = Vec::new();
    for spanned in given {
        if routes.len() == ROUTES_MAX {
            return Err(spanned.fault(format!("there are more than {ROUTES_MAX} routes")));
        }
        let route = route(spanned.get_ref(), receivers, rules, group_interval)?;
        if let Some(place) = routes.iter().position(|before| before.hides(&route)) {
            return Err(spanned.fault(format!(
                "no alert comes to this route: notify.route[{place}] takes all that match it; put this one before it, or give that one `continue = true`"
            )));
        }
        routes.push(route);
    }
    for (name, at) in receivers.iter().filter(|_| !routes.is_empty()) {
        if !routes.iter().any(|route| route.to.contains(name)) {
            return Err(at.fault(format!(
                "no route leads to receiver `{name}`; name it in the `to` of a [[notify.route]], or remove it"
            )));
        }
    }
    Ok(Routes {
        all: routes,
        receivers: receivers.keys().cloned().collect(),
        group_interval,
    })
}

fn route(
    given: &file::Route,
    receivers: &BTreeMap<String, &Spanned<String>>,
    rules: &RulesSettings,
    group_interval: Span,
) -> Result<Route, Fault> {
    if given.to.get_ref().is_empty() {
        return Err(given
            .to
            .fault("nobody is called by this route; name a receiver"));
    }
    for to in given.to.get_ref() {
        if !receivers.contains_key(to.get_ref()) {
            return Err(unknown_receiver(to, receivers));
        }
    }
    let matchers = match &given.matchers {
        Some(given) => {
            let own: Vec<&str> = rules.own.iter().map(|own| own.name.as_str()).collect();
            let matchers = read_matchers(given.get_ref(), &own)?;
            calls_somebody(given, &matchers, rules)?;
            if matchers.is_empty() {
                return Err(given.fault("leave `matchers` out where every alert is meant"));
            }
            matchers
        }
        None => Matchers::default(),
    };
    if let Some(recipient) = &given.recipient {
        is_recipient(recipient, rules)?;
    }
    let names = given.to.get_ref().iter().map(|it| it.get_ref().clone());
    Ok(Route {
        matchers,
        recipient: given.recipient.as_ref().map(|it| it.get_ref().0.clone()),
        to: names.collect(),
        quiet: quiet(given)?,
        group_interval: time(given.group_interval.as_ref()).unwrap_or(group_interval),
        goes_on: given.r#continue.unwrap_or(false),
    })
}

/// Refuses matchers of rules that call nobody.
fn calls_somebody(
    given: &Spanned<file::Matchers>,
    matchers: &Matchers,
    rules: &RulesSettings,
) -> Result<(), Fault> {
    let Some(pattern) = &matchers.rule else {
        return Ok(());
    };
    let built_in = RuleKind::ALL
        .into_iter()
        .map(|kind| (kind.name(), rules.of(kind)));
    let own = rules.own.iter().map(|own| (own.name.as_str(), &own.rule));
    let mut meant = built_in
        .chain(own)
        .filter(|(name, _)| pattern.matches(name));
    match meant.any(|(_, rule)| rule.enabled && rule.interrupts) {
        true => Ok(()),
        false => Err(given.fault(format!(
            "no alert comes to this route: `{pattern}` calls nobody; `interrupts` of its rule is false, or it is about single contacts"
        ))),
    }
}

/// Refuses whoever gets no alert.
fn is_recipient(given: &Spanned<Parsed<Pattern>>, rules: &RulesSettings) -> Result<(), Fault> {
    let Parsed(pattern) = given.get_ref();
    let built_in = rules.by_kind.values();
    let all = built_in.chain(rules.own.iter().map(|own| &own.rule));
    let mut named = all.flat_map(|rule| &rule.recipients);
    let written = pattern.to_string();
    let is_owner = ["queue:", "agent:"]
        .iter()
        .any(|kind| written.starts_with(kind));
    let is_level = ["supervisors", "operations", "queue:", "agent:"];
    if is_owner
        || is_level.iter().any(|it| pattern.matches(it))
        || named.any(|it| pattern.matches(it))
    {
        return Ok(());
    }
    Err(given.fault(format!(
        "no alert has the recipient `{written}`; there are supervisors, operations, queue:NAME, agent:NAME, and those that rules name"
    )))
}

fn unknown_receiver(to: &Spanned<String>, receivers: &BTreeMap<String, &Spanned<String>>) -> Fault {
    let name = to.get_ref();
    let known: Vec<&str> = receivers.keys().map(String::as_str).collect();
    to.fault(match known.is_empty() {
        true => format!("there is no receiver `{name}`; add [notify.receivers.{name}]"),
        false => format!(
            "there is no receiver `{name}`; there are {}",
            known.join(", ")
        ),
    })
}

fn quiet(given: &file::Route) -> Result<Vec<floorwalker_core::contact::Hours>, Fault> {
    match (&given.quiet, &given.zone) {
        (None, None) => Ok(Vec::new()),
        (None, Some(zone)) => Err(zone.fault("a zone is of `quiet` hours; leave it out without")),
        (Some(quiet), None) => Err(quiet.fault("missing field `zone`")),
        (Some(quiet), Some(name)) => {
            let spans = quiet.get_ref().iter().map(|it| it.get_ref().0);
            let zone = zone(name)?;
            Ok(spans.map(|it| hours(it, zone.clone())).collect())
        }
    }
}
