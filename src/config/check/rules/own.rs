//! Rules of one's own: formulas in CEL.

use std::sync::Arc;

use toml::Spanned;

use super::apply;
use crate::config::{check::setting::At as _, fault::Fault, file, value::Parsed};
use floorwalker_core::{
    alert::RULES_OF_CONTACTS,
    rules::{Formula, GroupRule, Mistake, Of, OwnRule, RuleKind, RulesSettings, Template},
};

const NAME_MAX: usize = 64;
const RULES_MAX: usize = 200;

/// Adds a rule that has a `when`.
pub(super) fn add(
    settings: &mut RulesSettings,
    name: &Spanned<String>,
    mut given: file::GroupRule,
) -> Result<(), Fault> {
    check_name(name)?;
    if settings.own.len() >= RULES_MAX {
        return Err(name.fault(format!("there are more than {RULES_MAX} rules of your own")));
    }
    not_used(&given)?;
    let of = given.of.take().map_or(Of::Queue, |of| of.into_inner().0);
    let Some(when) = given.when.take() else {
        return Err(name.fault("a rule of your own needs a `when`, such as \"live.waiting > 10\""));
    };
    let condition = |text: &Spanned<String>| {
        Formula::condition(text.get_ref(), of).map_err(|mistake| fault(text, &mistake))
    };
    let sentence = |text: Option<Spanned<String>>, default: &str| match text {
        Some(text) => Template::new(text.get_ref(), of).map_err(|mistake| fault(&text, &mistake)),
        None => Template::new(default, of).map_err(|mistake| name.fault(mistake.to_string())),
    };
    let value = given.value.take();
    let own = OwnRule {
        name: name.get_ref().clone(),
        of,
        when: condition(&when)?,
        clear: given
            .clear_when
            .take()
            .as_ref()
            .map(condition)
            .transpose()?,
        value: (value.as_ref())
            .map(|text| Formula::value(text.get_ref(), of).map_err(|mistake| fault(text, &mistake)))
            .transpose()?,
        why: sentence(given.why.take(), &default_why(name.get_ref()))?,
        action: sentence(given.action.take(), "See what the rule is for.")?,
        rule: {
            let mut rule = GroupRule::of(RuleKind::Own(0));
            apply(&mut rule, given)?;
            rule
        },
    };
    settings.own.push(Arc::new(own));
    Ok(())
}

fn default_why(name: &str) -> String {
    format!("{{name}}: {name} holds.")
}

fn check_name(name: &Spanned<String>) -> Result<(), Fault> {
    let text = name.get_ref();
    if RULES_OF_CONTACTS.contains(&text.as_str()) {
        return Err(name.fault(format!(
            "`{text}` is a rule about contacts; name yours otherwise"
        )));
    }
    let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "._-".contains(it);
    if text.is_empty() || text.len() > NAME_MAX || !text.chars().all(is_plain) {
        return Err(name.fault(format!(
            "a rule's name has 1 to {NAME_MAX} of a-z, 0-9 and `._-`, such as \"billing.flood\""
        )));
    }
    Ok(())
}

/// Refuses what a rule of one's own does not look at.
fn not_used(given: &file::GroupRule) -> Result<(), Fault> {
    let sentence = |name: &str| {
        format!(
            "a rule of your own has no `{name}`; write it into `when`, which fires it, or `clear_when`, which ends it"
        )
    };
    let numbers = [
        ("threshold", &given.threshold),
        ("clear", &given.clear),
        ("urgent", &given.urgent),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            return Err(number.fault(sentence(name)));
        }
    }
    match (&given.window, &given.minimum) {
        (Some(window), _) => Err(window.fault(sentence("window"))),
        (None, Some(minimum)) => Err(minimum.fault(sentence("minimum"))),
        (None, None) => Ok(()),
    }
}

fn fault(text: &Spanned<String>, mistake: &Mistake) -> Fault {
    text.fault(format!("`{}`, {mistake}", text.get_ref()))
}

/// Refuses the settings of rules of one's own in a rule that is built in.
pub(super) fn refuse_in(kind: RuleKind, given: &file::GroupRule) -> Result<(), Fault> {
    let texts = [
        ("when", &given.when),
        ("clear_when", &given.clear_when),
        ("value", &given.value),
        ("why", &given.why),
        ("action", &given.action),
    ];
    let text = texts
        .iter()
        .find_map(|(name, text)| Some((*name, text.as_ref()?.span())));
    let of = given
        .of
        .as_ref()
        .map(|of: &Spanned<Parsed<Of>>| ("of", of.span()));
    match text.or(of) {
        None => Ok(()),
        Some((name, at)) => Err(Fault {
            at,
            sentence: format!(
                "`{}` is built in and has no `{name}`; give your rule a name of its own",
                kind.name()
            ),
        }),
    }
}
