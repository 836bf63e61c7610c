//! What every setting is, and where it came from.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    layers::Places,
    secret::{MASK, is_secret},
    settings::Config,
};

/// Every setting with its default, as a test holds it to.
const DEFAULTS: &str = include_str!("../../config/floorwalker.toml");
/// Names that settings had once, and have now.
const FORMER: [(&str, &str); 1] = [("engine.hold_max", "engine.idle_timeout")];
pub(super) const BY_DEFAULT: &str = "default";

/// A setting, its value as TOML, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    pub setting: String,
    /// Secrets are masked.
    pub value: String,
    /// `FILE:LINE`, a variable of the environment, an option, or `default`.
    pub from: String,
}

impl fmt::Display for Effective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            value,
            from,
        } = self;
        write!(formatter, "{setting} = {value}  # {from}")
    }
}

type ByName = BTreeMap<String, Effective>;

pub(super) fn of(document: &DeTable<'_>, places: &Places<'_>, config: &Config) -> Vec<Effective> {
    let mut all = ByName::new();
    let from = |path: &[&str], value: &Spanned<DeValue<'_>>| origin(places, path, value);
    collect(document, &mut Vec::new(), &mut all, &from);
    for (former, now) in FORMER {
        if let Some(mut given) = all.remove(former) {
            now.clone_into(&mut given.setting);
            all.insert(now.to_owned(), given);
        }
    }
    let mut defaults = ByName::new();
    if let Ok(example) = DeTable::parse(DEFAULTS) {
        let by_default = |_: &[&str], _: &Spanned<DeValue<'_>>| BY_DEFAULT.to_owned();
        collect(
            example.get_ref(),
            &mut Vec::new(),
            &mut defaults,
            &by_default,
        );
    }
    let has_policies = document.contains_key("policy");
    for (name, default) in defaults {
        // The source of the defaults is an example.
        let is_replaced =
            name.starts_with("policy[") && has_policies || name.starts_with("source[");
        if !is_replaced {
            all.entry(name).or_insert(default);
        }
    }
    follow(&mut all, config);
    all.into_values().collect()
}

/// Where a value came from, and what was written there if that was not the value.
fn origin(places: &Places<'_>, path: &[&str], value: &Spanned<DeValue<'_>>) -> String {
    let at = value.span();
    let from = match places.given_at(&at) {
        Some(by) => by.to_owned(),
        None => {
            let place = places.line_at(&at);
            format!("{}:{}", place.file, place.line.unwrap_or_default())
        }
    };
    // A part of a secret may stand beside a variable.
    let written = places.written_at(&at);
    let written = written.filter(|written| written.starts_with("file:") || !is_secret(path));
    match written {
        Some(written) => format!("{from}, {written}"),
        None => from,
    }
}

/// A contact is remembered as long as it may be repeated, unless something else is given.
fn follow(all: &mut ByName, config: &Config) {
    let window_is_given = all
        .get("fcr.window")
        .is_some_and(|it| it.from != BY_DEFAULT);
    let remembered = all.get_mut("contact.remember_min");
    let remembered = remembered.filter(|it| it.from == BY_DEFAULT && window_is_given);
    let Some(remembered) = remembered else { return };
    let micros = u64::try_from(config.engine.contact.remember_min.0).unwrap_or_default();
    let span = humantime::format_duration(Duration::from_micros(micros)).to_string();
    remembered.value = format!("\"{}\"", span.replace(' ', ""));
    "follows fcr.window".clone_into(&mut remembered.from);
}

type From<'f> = dyn Fn(&[&str], &Spanned<DeValue<'_>>) -> String + 'f;

fn collect(table: &DeTable<'_>, path: &mut Vec<String>, all: &mut ByName, from: &From<'_>) {
    for (key, value) in table {
        path.push(key.get_ref().clone().into_owned());
        collect_value(value, path, all, from);
        path.pop();
    }
}

fn collect_value(
    value: &Spanned<DeValue<'_>>,
    path: &mut Vec<String>,
    all: &mut ByName,
    from: &From<'_>,
) {
    match value.get_ref() {
        DeValue::Table(inner) => collect(inner, path, all, from),
        DeValue::Array(elements) if elements.iter().any(|it| it.get_ref().is_table()) => {
            let list = path.pop().unwrap_or_default();
            for (index, element) in elements.iter().enumerate() {
                path.push(format!("{list}[{index}]"));
                collect_value(element, path, all, from);
                path.pop();
            }
            path.push(list);
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            let setting = path.join(".");
            let found = Effective {
                setting: setting.clone(),
                value: shown(&names, value.get_ref()),
                from: from(&names, value),
            };
            all.insert(setting, found);
        }
    }
}

/// As TOML, unless it is a secret.
fn shown(path: &[&str], value: &DeValue<'_>) -> String {
    let is_empty = value.as_str().is_some_and(str::is_empty);
    match is_secret(path) && !is_empty {
        true => format!("\"{MASK}\""),
        false => as_toml(value),
    }
}

fn as_toml(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.clone().into_owned()).to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(elements) => {
            let elements = elements.iter().map(|element| as_toml(element.get_ref()));
            format!("[{}]", elements.collect::<Vec<_>>().join(", "))
        }
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, inner)| {
                let key = toml::Value::String(key.get_ref().clone().into_owned());
                format!("{key} = {}", as_toml(inner.get_ref()))
            });
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
