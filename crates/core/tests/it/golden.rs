//! Small logs under the contract's rules for contacts and promises, one a test: the recount and the engine give the figures worked out by hand.

use std::sync::Arc;

use floorwalker_core::{
    contact::{self, ContactSettings, Measure},
    engine::Settings,
    event::{Channel, Event, Span, Timestamp},
};
use floorwalker_testkit::harness::events_settings;
use floorwalker_testkit::reference;

use crate::{
    agreement::{compare_at, empty, feed},
    reference_cases::{check, check_with},
};

/// The engine agrees with the recount at the clock, in every window, of events of which the first may name a channel.
pub(crate) fn agrees(settings: &reference::Settings, events: &[Event], clock: Timestamp) {
    let mut by_then: Vec<Event> = (events.iter())
        .filter(|event| event.occurred_at <= clock)
        .cloned()
        .collect();
    for event in &mut by_then {
        event.channel = event.channel.or(Some(settings.channel_default));
    }
    let mut engine = (*events_settings(2, Settings::default().recovery_max_bytes)).clone();
    engine.lateness = Span::from_secs(60 * 86_400);
    let policies = settings.policies.iter();
    engine.contact.policies = policies.map(|it| policy(it, settings)).collect();
    let mut cluster = empty(&Arc::new(engine));
    cluster.end_at(clock);
    feed(&mut cluster, &by_then, 2, 1);
    cluster.run_until_quiet(100).unwrap();
    compare_at(settings, clock, &by_then, &cluster, "engine");
}

fn policy(counted: &reference::Policy, settings: &reference::Settings) -> contact::Policy {
    let channel = counted.channel.unwrap_or(Channel::Other);
    let short = counted.short_abandon.unwrap_or(settings.short_abandon);
    contact::Policy {
        name: counted.name.clone(),
        channel: counted.channel,
        queues: counted.queues.iter().flatten().cloned().collect(),
        at_risk_at: counted.at_risk_at,
        short_abandon: Some(short.min(counted.threshold)),
        abandons: match counted.abandons {
            reference::Abandons::Ignore => contact::Abandons::Ignore,
            reference::Abandons::Negative => contact::Abandons::Negative,
            reference::Abandons::Positive => contact::Abandons::Positive,
        },
        flow_outs: match counted.flow_outs {
            reference::FlowOuts::Exclude => contact::FlowOuts::Exclude,
            reference::FlowOuts::Include => contact::FlowOuts::Include,
            reference::FlowOuts::Met => contact::FlowOuts::Met,
        },
        opens: match counted.opens {
            reference::Opens::Contact => contact::Opens::Contact,
            reference::Opens::Queued => contact::Opens::Queued,
        },
        ..contact::Policy::standard(measure(counted.measure), channel, counted.threshold, 0.8)
    }
}

fn measure(counted: reference::Measure) -> Measure {
    match counted {
        reference::Measure::Accept => Measure::Accept,
        reference::Measure::Answer => Measure::Answer,
        reference::Measure::FirstResponse => Measure::FirstResponse,
        reference::Measure::NextResponse => Measure::NextResponse,
        reference::Measure::Resolution => Measure::Resolution,
    }
}

#[test]
fn any_answer_ends_the_wait_but_a_monitors() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:05 queued c1 direction=monitor leg=3
         10:00:05 answered c1 agent=eve leg=3
         10:00:10 answered c1 agent=ana queue=other
         10:01:10 ended c1 by=customer
         10:01:20 wrap_up_ended c1 agent=ana",
        "10:30:00",
        &[
            ("queue:q", "offered=1 answered=1 answer=1/0/0 asa=10"),
            ("queue:other", "handled=1 aht=60+0+10 response=0/1"),
            ("agent:eve", ""),
        ],
    );
}

#[test]
fn consult_and_conference_make_several_engagements() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 answered c1 agent=bo
         10:02:10 ended c1 by=customer
         10:02:20 wrap_up_ended c1 agent=ana
         10:02:40 wrap_up_ended c1 agent=bo",
        "10:30:00",
        &[
            (
                "agent:ana",
                "answered=1 handled=1 answer=1/0/0 asa=10 aht=120+0+10",
            ),
            ("agent:bo", "handled=1 aht=60+0+30 response=0/1"),
            (
                "all",
                "offered=1 answered=1 handled=2 answer=1/0/0 asa=10 aht=90+0+20 response=0/1",
            ),
        ],
    );
}

#[test]
fn a_transfer_ends_the_talk_and_opens_nothing() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 transferred c1 agent=ana to_queue=r
         10:01:20 wrap_up_ended c1 agent=ana
         10:20:00 ended c1 by=customer",
        "10:30:00",
        &[
            (
                "queue:q",
                "offered=1 answered=1 handled=1 transferred=1 answer=1/0/0 asa=10 aht=60+0+10 response=0/1",
            ),
            ("queue:r", ""),
        ],
    );
}

#[test]
fn twenty_minutes_on_an_external_transfer_are_nobodys_handle_time() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 transferred c1 agent=ana to_external=bank
         10:01:20 wrap_up_ended c1 agent=ana
         10:21:10 ended c1 by=customer",
        "10:30:00",
        &[(
            "agent:ana",
            "answered=1 handled=1 transferred=1 answer=1/0/0 asa=10 aht=60+0+10 response=0/1",
        )],
    );
}

#[test]
fn without_wrap_up_an_engagement_ends_with_the_talk_and_a_late_disposition_counts() {
    let log = "10:00:00 answered c1 agent=ana queue=q channel=email
         10:01:00 ended c1 by=customer
         12:00:00 wrap_up_ended c1 agent=ana resolved=true";
    let before = "handled=1 aht=60+0+0 response=0/1";
    check(log, "10:01:00", &[("agent:ana", before)]);
    let after = "handled=1 aht=60+0+0 resolved=1/1 response=0/1";
    check(log, "12:00:00", &[("agent:ana", after)]);
}

#[test]
fn an_engagement_is_stale_after_its_channels_longest_age() {
    let log = "10:00:00 answered c1 agent=ana queue=q channel=email";
    check(log, "2026-12-22T09:59:59.999999Z", &[("agent:ana", "")]);
    check(
        log,
        "2026-12-22T10:00:00Z",
        &[("agent:ana", "handled=1 incomplete=1")],
    );
}

#[test]
fn an_accept_is_excluded_when_its_wait_or_contact_ends() {
    for end in [
        "ended c1 by=customer",
        "left c1 why=callback",
        "queued c1 queue=r",
        "ended c1 by=system",
    ] {
        let log =
            format!("10:00:00 queued c1 queue=q\n10:00:01 offered c1 agent=ana\n10:00:06 {end}");
        check(&log, "10:00:10", &[("agent:ana", "accept=0/0/1")]);
    }
    let direct = "10:00:01 offered c1 agent=ana queue=q\n10:00:06 ended c1 by=customer";
    check(direct, "10:00:30", &[("agent:ana", "accept=0/0/1")]);
}

#[test]
fn a_leg_has_the_direction_of_its_last_queued_event_else_the_contacts() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:05 queued c1 queue=q leg=2
         10:00:06 queued c1 direction=outbound leg=2
         10:00:10 answered c1 agent=ana leg=9
         10:00:15 answered c1 agent=bo leg=2
         10:00:40 transferred c1 agent=bo to_agent=cy
         10:00:41 wrap_up_ended c1 agent=bo
         10:01:10 transferred c1 agent=ana to_agent=cy
         10:01:10 wrap_up_ended c1 agent=ana",
        "10:30:00",
        &[
            ("agent:bo", "outbound=1"),
            (
                "agent:ana",
                "answered=1 handled=1 transferred=1 answer=1/0/0 asa=10 aht=60+0+0",
            ),
        ],
    );
}

#[test]
fn every_policy_that_matches_makes_its_own_obligation() {
    let answer = |name: &str, seconds| reference::Policy {
        name: name.to_owned(),
        channel: None,
        ..reference::Policy::new(
            Channel::Voice,
            reference::Measure::Answer,
            Span::from_secs(seconds),
        )
    };
    let settings = reference::Settings {
        policies: vec![answer("quick", 5), answer("slow", 60)],
        ..reference::Settings::default()
    };
    check_with(
        &settings,
        "10:00:00 queued c1 queue=q\n10:00:10 answered c1 agent=ana",
        "10:00:10",
        &[(
            "queue:q",
            "offered=1 answered=1 quick=0/1/0 slow=1/0/0 asa=10",
        )],
    );
}

#[test]
fn with_nothing_decided_compliance_is_absent() {
    let events = floorwalker_core::event::line::parse_all(
        "10:00:00 queued c1 queue=q\n10:00:04 ended c1 by=customer\n10:00:05 queued c2 queue=q",
    )
    .unwrap();
    let clock = events[2].occurred_at;
    let counted = reference::recount(&events, &reference::Settings::default(), clock);
    let sla = &counted.card("queue:q", None).sla["voice answer"];
    assert_eq!((sla.excluded, sla.compliance().value()), (1, None));
    agrees(&reference::Settings::default(), &events, clock);
}

#[test]
fn the_default_policies_are_the_usual_standard() {
    let usual = [
        ("voice accept", 18, 0.8),
        ("voice answer", 20, 0.8),
        ("chat answer", 10, 0.9),
        ("email first_response", 86_400, 1.0),
        ("sms first_response", 900, 0.9),
        ("social first_response", 900, 0.9),
        ("messaging first_response", 900, 0.9),
    ];
    let ours = ContactSettings::default().policies;
    let ours = ours
        .iter()
        .map(|it| (it.name.as_str(), it.threshold.as_secs() as i64, it.target));
    assert!(ours.eq(usual));
    for policy in &ContactSettings::default().policies {
        assert!((policy.at_risk_at - 0.75).abs() < 1e-9, "{}", policy.name);
        assert_eq!(
            policy.abandons,
            contact::Abandons::Ignore,
            "{}",
            policy.name
        );
        assert_eq!(
            policy.flow_outs,
            contact::FlowOuts::Exclude,
            "{}",
            policy.name
        );
    }
    let recounted = reference::Settings::default().policies;
    let recounted = recounted
        .iter()
        .map(|it| (it.name.as_str(), it.threshold.as_secs() as i64));
    assert!(recounted.eq(usual.map(|(name, seconds, _)| (name, seconds))));
}
