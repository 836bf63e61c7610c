//! Settings of rules, built in and of one's own.

use floorwalker_core::{
    event::Span,
    rules::{Of, RecognitionKind, RuleKind},
};

use crate::config::{check, parse};

#[test]
fn a_rule_takes_other_bounds() {
    let text = "[rules.\"queue.surge\"]\nthreshold = 6\nqueues = [\"billing\"]\nfor = \"1m\"\nrepeat_every = \"0s\"\nescalate_after = \"5m\"";
    let config = parse(text);
    let rule = config.engine.rules.of(RuleKind::QueueSurge);
    assert!((rule.threshold - 6.0).abs() < 1e-9 && (rule.urgent - 6.7).abs() < 1e-9);
    assert_eq!(rule.queues.len(), 1);
    assert_eq!(rule.timing.lasts, Span::from_secs(60));
    assert_eq!(rule.timing.repeat_every, None);
    assert_eq!(rule.escalate_after, Some(Span::from_secs(300)));
}

#[test]
fn recognition_takes_other_bounds() {
    let text = "[rules.\"recognition.streak\"]\nthreshold = 8\nrepeat_every = \"1d\"\nrecipients = [\"leads\"]\n[rules.\"recognition.target_held\"]\nenabled = false\nwindow = \"24h\"\nchannels = [\"voice\"]";
    let config = parse(text);
    let streak = config.engine.rules.recognition_of(RecognitionKind::Streak);
    assert!((streak.threshold - 8.0).abs() < 1e-9 && streak.enabled);
    assert_eq!(streak.repeat_every, Span::from_secs(86_400));
    assert_eq!(streak.recipients, ["leads"]);
    let held = config
        .engine
        .rules
        .recognition_of(RecognitionKind::TargetHeld);
    assert_eq!((held.enabled, held.channels.len()), (false, 1));
    assert_eq!(held.window, Span::from_secs(86_400));
}

#[test]
fn a_rule_with_a_formula_is_ones_own() {
    let text = "[rules.\"billing.flood\"]\nof = \"agent\"\nwhen = \"low_ratings.w1h.n >= 5 && low_ratings.w1h.value > 0.4\"\nwhy = \"{name}: {low_ratings.w1h.n} ratings\"\nseverity = \"critical\"";
    let config = parse(text);
    let [own] = &config.engine.rules.own[..] else {
        panic!("{:?}", config.engine.rules.own);
    };
    assert_eq!((own.name.as_str(), own.of), ("billing.flood", Of::Agent));
    assert_eq!(
        config.engine.rules.kind_of("billing.flood"),
        Some(RuleKind::Own(0))
    );
}

#[test]
fn mistakes_in_rules_are_named_where_they_stand() {
    for (text, expect) in [
        (
            "[rules.\"queue.sruge\"]\nthreshold = 5",
            "f.toml:1:8: there is no rule `queue.sruge`; did you mean `queue.surge`? One of your own has a `when`",
        ),
        (
            "[rules.\"queue.surge\"]\nclear = 5",
            "f.toml:2:9: the rule would hold and be clear at once: `clear` must not be over the threshold, 3.6",
        ),
        (
            "[rules.\"queue.surge\"]\nwindow = \"7s\"",
            "f.toml:2:10: a rule looks back over whole quarters of a minute, an hour at most; write for instance \"10m\"",
        ),
        (
            "[rules.\"sla.burn\"]\nthreshold = 14.4",
            "f.toml:2:13: this can never be reached: with a target of 90 % (policy `chat answer`) the error budget burns 10.0 times as fast as allowed at most",
        ),
        (
            "[rules.\"queue.surge\"]\nwhen = \"live.waiting > 3\"",
            "f.toml:2:8: `queue.surge` is built in and has no `when`; give your rule a name of its own",
        ),
        (
            "[rules.\"billing.flood\"]\nwhen = \"live.waits > 3\"",
            "f.toml:2:8: `live.waits > 3`, line 1, column 1: there is no figure `live.waits`; did you mean `live.waiting`?",
        ),
        (
            "[rules.\"billing.flood\"]\nwhen = \"live.waiting > 3\"\nof = \"team\"",
            "f.toml:3:6: `team` is unknown here; write queue, agent or all",
        ),
        (
            "[rules.\"billing.flood\"]\nwhen = \"live.waiting > 3\"\nthreshold = 3",
            "f.toml:3:13: a rule of your own has no `threshold`; write it into `when`, which fires it, or `clear_when`, which ends it",
        ),
        (
            "[rules.\"billing.flood\"]\nwhen = \"live.waiting > 3\"\nwhy = \"{live.waiting\"",
            "f.toml:3:7: `{live.waiting`, line 1, column 1: `{` stands alone; write a formula in braces, or `{{`",
        ),
        (
            "[rules.\"sla.missed\"]\nwhen = \"live.waiting > 3\"",
            "f.toml:1:8: `sla.missed` is a rule about contacts; name yours otherwise",
        ),
        (
            "[rules.\"Flood!\"]\nwhen = \"live.waiting > 3\"",
            "f.toml:1:8: a rule's name has 1 to 64 of a-z, 0-9 and `._-`, such as \"billing.flood\"",
        ),
    ] {
        check(text, expect);
    }
}

#[test]
fn mistakes_in_recognition_are_named_where_they_stand() {
    for (text, expect) in [
        (
            "[rules.\"recognition.strek\"]\nthreshold = 5",
            "f.toml:1:8: there is no rule `recognition.strek`; did you mean `recognition.streak`? One of your own has a `when`",
        ),
        (
            "[rules.\"recognition.streak\"]\nthreshold = 1",
            "f.toml:2:13: it is a number of ratings; write one from 2 to 100",
        ),
        (
            "[rules.\"recognition.streak\"]\nwindow = \"8h\"",
            "f.toml:2:10: a streak lasts until a rating below the top: it has no `window`, its `threshold` counts the ratings",
        ),
        (
            "[rules.\"recognition.target_held\"]\nseverity = \"critical\"",
            "f.toml:1:8: `recognition.target_held` calls nobody and is over at once: it has no `severity`",
        ),
        (
            "[rules.\"recognition.target_held\"]\nthreshold = 1.5",
            "f.toml:2:13: it is a share of the misses that the target allows; write a number over 0, up to 1",
        ),
        (
            "[rules.\"recognition.improvement\"]\nwindow = \"90m\"",
            "f.toml:2:10: recognition looks back over whole hours, 48 at most; write for instance \"8h\"",
        ),
    ] {
        check(text, expect);
    }
}
