//! The rules by name: those about groups (queues, agents, reasons, feeds, all work), those of one's own, and those about contacts.

use std::collections::BTreeSet;

use crate::cli::failure::WrongArgument;
use floorwalker_core::{
    alert::{RULES_OF_CONTACTS, concern_of},
    engine::Settings,
    rules::{RecognitionKind, RuleKind},
};

/// Returns those about groups: first those that are built in, in the order in which they are judged, then those of one's own.
pub(super) fn of_groups<'n>(own: &'n BTreeSet<String>) -> impl Iterator<Item = &'n str> {
    let built_in = RuleKind::ALL
        .into_iter()
        .map(|kind| -> &'n str { kind.name() });
    built_in.chain(own.iter().map(String::as_str))
}

/// Returns the names of the rules of one's own in a configuration.
pub(super) fn own(settings: &Settings) -> impl Iterator<Item = &String> {
    settings.rules.own.iter().map(|own| &own.name)
}

/// Returns those of `names` that the configuration lacks or has turned off.
pub(super) fn off<'n>(names: &[&'n str], settings: &Settings) -> Vec<&'n str> {
    let names = names.iter().copied();
    names.filter(|name| !is_on(name, settings)).collect()
}

fn is_on(name: &str, settings: &Settings) -> bool {
    let alert = &settings.alert;
    let of_contacts = concern_of(name).map(|concern| alert.of(concern));
    let of_contacts = of_contacts.or_else(|| {
        let rules = [&alert.at_risk, &alert.missed].into_iter();
        let mut named = RULES_OF_CONTACTS.into_iter().zip(rules);
        named
            .find(|(known, _)| *known == name)
            .map(|(_, rule)| rule)
    });
    of_contacts.map_or_else(
        || {
            let kind = settings.rules.kind_of(name);
            kind.is_some_and(|kind| settings.rules.of(kind).enabled)
        },
        |rule| rule.enabled,
    )
}

/// Checks that there is a rule of this name.
///
/// # Errors
/// When there is none: names the one that is most like it.
pub(super) fn check(name: &str, own: &BTreeSet<String>) -> Result<(), WrongArgument> {
    let recognition = RecognitionKind::ALL.map(RecognitionKind::name);
    let names = || of_groups(own).chain(RULES_OF_CONTACTS).chain(recognition);
    let all = names();
    let alike = all.map(|known| (strsim::jaro_winkler(known, name), known));
    match alike.max_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((_, known)) if known == name => Ok(()),
        Some((likeness, known)) if likeness > 0.8 => Err(WrongArgument(format!(
            "--rule {name}: there is no such rule; did you mean `{known}`?"
        ))),
        _ => {
            let names: Vec<&str> = names().collect();
            Err(WrongArgument(format!(
                "--rule {name}: there is no such rule; there are {}",
                names.join(", ")
            )))
        }
    }
}
