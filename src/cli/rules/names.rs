//! The rules by name: those about groups (queues, agents, reasons, feeds, all work), and those about contacts.

use floorwalker_core::{alert::RULES_OF_CONTACTS, engine::Settings, rules::RuleKind};

/// Returns those about groups, in the order in which they are judged.
pub(super) fn of_groups() -> impl Iterator<Item = &'static str> {
    RuleKind::ALL.into_iter().map(RuleKind::name)
}

pub(super) fn all() -> impl Iterator<Item = &'static str> {
    of_groups().chain(RULES_OF_CONTACTS)
}

/// Returns the rules that are off.
pub(super) fn off(settings: &Settings) -> Vec<&'static str> {
    let kinds = RuleKind::ALL.into_iter();
    let of_groups = kinds.map(|kind| (kind.name(), settings.rules.of(kind).enabled));
    let alert = &settings.alert;
    let of_contacts = [&alert.at_risk, &alert.missed, &alert.low_predicted];
    let of_contacts = RULES_OF_CONTACTS
        .into_iter()
        .zip(of_contacts.map(|rule| rule.enabled));
    let off = of_groups.chain(of_contacts).filter(|(_, is_on)| !is_on);
    off.map(|(name, _)| name).collect()
}
