//! One line per event: the parser and the printer undo each other.

use floorwalker_core::event::{
    AgentId, AgentLeft, AgentState, AgentStateChanged, AlertAcknowledged, AlertId, AtAgent, Author,
    Body, Channel, ContactId, ContactQueued, CustomerId, DeclineCause, Direction, EndedBy,
    EngagementReported, Event, EventId, Key, KeyKind, LeftWhy, MessageSent, QueueId, SiteId, Span,
    Survey, TeamId, Text, Timestamp, TransferTarget, Transferred, WrapUpEnded,
    line::{self, LineError},
};
use proptest::{option, prelude::*, sample::select};

fn word() -> impl Strategy<Value = String> {
    prop_oneof![Just("ana".to_owned()), "\\PC{0,6}", "[ %=\\n\\tä√/.]{0,4}"]
}

fn agent() -> impl Strategy<Value = AgentId> {
    word().prop_map(|text| AgentId::new(&text))
}

fn queue() -> impl Strategy<Value = QueueId> {
    word().prop_map(|text| QueueId::new(&text))
}

fn text() -> impl Strategy<Value = Text> {
    word().prop_map(|text| Text::new(&text))
}

fn at_agent() -> impl Strategy<Value = AtAgent> {
    (agent(), option::of(queue()), option::of(text())).prop_map(|(agent, queue, leg)| AtAgent {
        agent,
        queue,
        leg,
    })
}

fn transferred() -> impl Strategy<Value = Transferred> {
    let to = prop_oneof![
        queue().prop_map(TransferTarget::Queue),
        agent().prop_map(TransferTarget::Agent),
        text().prop_map(TransferTarget::External),
    ];
    (agent(), option::of(to), any::<bool>()).prop_map(|(agent, to, warm)| Transferred {
        agent,
        to,
        warm,
    })
}

fn queued() -> impl Strategy<Value = ContactQueued> {
    let direction = option::of(select(Direction::ALL.to_vec()));
    let reason_and_leg = (option::of(text()), option::of(text()), option::of(text()));
    (queue(), direction, any::<Option<i64>>(), reason_and_leg).prop_map(
        |(queue, direction, priority, (reason, leg, thread))| ContactQueued {
            queue: Some(queue),
            direction,
            priority,
            reason,
            leg,
            thread,
        },
    )
}

fn survey() -> impl Strategy<Value = Survey> {
    (-1e6..1e6, 1e-3..1e6, 0.0..=1.0).prop_map(|(scale_min, width, share): (f64, f64, f64)| {
        let scale_max = scale_min + width;
        Survey {
            score: (scale_min + share * width).clamp(scale_min, scale_max),
            scale_min,
            scale_max,
        }
    })
}

fn message() -> impl Strategy<Value = Body> {
    let author = prop_oneof![
        Just(Author::Customer),
        Just(Author::Bot),
        Just(Author::System),
        agent().prop_map(Author::Agent),
    ];
    let optional = (option::of(text()), option::of(-1.0..=1.0));
    (author, any::<bool>(), option::of(queue()), optional).prop_map(
        |(by, public, queue, (text, sentiment))| {
            Body::MessageSent(MessageSent {
                by,
                public,
                queue,
                text,
                sentiment,
            })
        },
    )
}

fn reported() -> impl Strategy<Value = Body> {
    let span = || option::of((-1_000_000_000_i64..1_000_000_000_000).prop_map(Span));
    let spans = (span(), span(), span());
    let reports = (agent(), option::of(text()), spans, any::<Option<u32>>()).prop_map(
        |(agent, leg, (talk, hold, wrap_up), hold_count)| EngagementReported {
            agent,
            leg,
            talk,
            hold,
            wrap_up,
            hold_count,
        },
    );
    reports
        .prop_filter("names a part", EngagementReported::names_a_part)
        .prop_map(Body::EngagementReported)
}

fn state() -> impl Strategy<Value = Body> {
    let skills = proptest::collection::vec("[a, %]{1,3}", 0..3);
    let states = select(AgentState::ALL.to_vec());
    let place = (option::of(word()), option::of(word()));
    (states, option::of(text()), place, skills).prop_map(|(state, reason, (team, site), skills)| {
        Body::AgentStateChanged(AgentStateChanged {
            state,
            reason,
            team: team.map(|team| TeamId::new(&team)),
            site: site.map(|site| SiteId::new(&site)),
            skills: skills.iter().map(|skill| Text::new(skill)).collect(),
        })
    })
}

fn key(body: &Body, id: &str) -> Key {
    match body.key_kind() {
        KeyKind::Contact => Key::Contact(ContactId::new(id)),
        KeyKind::Agent => Key::Agent(AgentId::new(id)),
        KeyKind::Alert => Key::Alert(AlertId::new(&format!("contact:{id}/0"))),
    }
}

fn body() -> impl Strategy<Value = Body> {
    let wrap_up = (agent(), option::of(text()), any::<Option<bool>>());
    prop_oneof![
        transferred().prop_map(Body::Transferred),
        queued().prop_map(Body::ContactQueued),
        select(LeftWhy::ALL.to_vec()).prop_map(Body::ContactLeftQueue),
        at_agent().prop_map(Body::AgentOffered),
        (agent(), select(DeclineCause::ALL.to_vec())).prop_map(|(a, c)| Body::OfferDeclined(a, c)),
        at_agent().prop_map(Body::AgentAnswered),
        (agent(), option::of(text()))
            .prop_map(|(agent, leg)| Body::AgentLeft(AgentLeft { agent, leg })),
        option::of(text()).prop_map(Body::ContactPaused),
        option::of(text()).prop_map(Body::ContactContinued),
        agent().prop_map(Body::HoldStarted),
        agent().prop_map(Body::HoldEnded),
        (select(EndedBy::ALL.to_vec()), option::of(text()))
            .prop_map(|(by, why)| Body::ContactEnded(by, why)),
        message(),
        reported(),
        option::of(agent()).prop_map(Body::ContactResolved),
        option::of(agent()).prop_map(Body::ContactReopened),
        state(),
        (text(), option::of(text()))
            .prop_map(|(by, note)| Body::AlertAcknowledged(AlertAcknowledged { by, note })),
        wrap_up.prop_map(|(agent, disposition, resolved)| {
            Body::WrapUpEnded(WrapUpEnded {
                agent,
                disposition,
                resolved,
            })
        }),
        (survey(), option::of(text()))
            .prop_map(|(survey, comment)| Body::SurveyAnswered(survey, comment)),
    ]
}

fn occurred_at() -> impl Strategy<Value = Timestamp> {
    const DAY_STARTS_AT: i64 = 1_795_305_600_000_000;
    let micros = prop_oneof![
        DAY_STARTS_AT..DAY_STARTS_AT + 86_400_000_000,
        0..4_000_000_000_000_000_i64
    ];
    (micros, select(vec![1, 1_000, 1_000_000])).prop_map(|(at, unit)| Timestamp(at / unit * unit))
}

fn event() -> impl Strategy<Value = Event> {
    let channel = option::of(select(Channel::ALL.to_vec()));
    let names = ("\\PC{1,6}", word(), option::of(word()));
    let place = (occurred_at(), any::<Option<i64>>());
    (names, place, channel, body()).prop_map(
        |((key_id, id, customer), (occurred_at, sequence), channel, body)| Event {
            id: EventId::new(&id),
            occurred_at,
            sequence,
            key: key(&body, &key_id),
            channel,
            customer: customer.map(|text| CustomerId::new(&text)),
            body,
        },
    )
}

proptest! {
    #[test]
    fn an_event_comes_back_from_its_line(event in event()) {
        let printed = line::print(&event);
        prop_assert_eq!(printed.lines().count(), 1);
        prop_assert_eq!(line::parse(&printed), Ok(event));
    }

    #[test]
    fn an_event_without_an_id_is_called_by_its_line(event in event()) {
        let printed = line::print(&Event { id: EventId::new("!"), ..event });
        let bare = printed.strip_suffix(" id=!").unwrap();
        let parsed = line::parse(bare).unwrap();
        prop_assert_eq!(parsed.id.as_str(), bare);
        prop_assert_eq!(line::print(&parsed), bare);
    }
}

#[test]
fn every_way_to_write_a_time() {
    let at = |text: &str| {
        line::parse(&format!("{text} ended c1 by=customer"))
            .unwrap()
            .occurred_at
            .to_string()
    };
    assert_eq!(at("10:00:04"), "2026-11-22T10:00:04Z");
    assert_eq!(at("10:00:04.25"), "2026-11-22T10:00:04.250Z");
    assert_eq!(at("10:00:04.000001"), "2026-11-22T10:00:04.000001Z");
    assert_eq!(at("00:05.000"), "2026-11-22T00:00:05Z");
    assert_eq!(at("2021-01-01T10:12:58+01:00"), "2021-01-01T09:12:58Z");
}

#[test]
fn the_order_of_pairs_does_not_matter_to_the_id() {
    let one = line::parse("10:00:00 queued c1 customer=k1 queue=billing channel=voice").unwrap();
    let other = line::parse("10:00:00.0 queued c1 channel=voice queue=billing customer=k1");
    assert_eq!(Ok(one), other);
}

#[test]
fn every_kind_has_a_line() {
    for line in [
        "10:00:00 message c1 by=agent agent=ana public=false queue=mail text=call%20back sentiment=-0.25",
        "10:00:00 message c1 by=customer",
        "10:00:00 ended c1 by=system reason=idle",
        "10:00:00 reported c1 agent=ana leg=2 talk=61.5 hold=-1 wrap_up=0.000001 hold_count=2",
        "10:00:00 resolved c1 agent=ana",
        "10:00:00 reopened c1",
        "10:00:00 survey c1 score=4/1..5 comment=fast",
        "10:00:00 state ana state=away reason=lunch team=red site=graz skills=billing,es",
        "10:00:00 acknowledged contact:c1/0a by=eve note=calls%20back",
    ] {
        assert_eq!(line::print(&line::parse(line).unwrap()), line);
    }
}

#[test]
fn a_line_that_is_no_event_is_rejected_with_the_reason() {
    let why = |text: &str| line::parse(text).unwrap_err();
    let value = |name, value: &str| LineError::Value {
        name,
        value: value.to_owned(),
    };
    assert_eq!(why("10:00:00 queued"), LineError::Short);
    assert_eq!(why("10:00:00 queued c1"), LineError::Missing("queue"));
    assert_eq!(why("10 ended c1"), LineError::Time("10".to_owned()));
    assert_eq!(why("10:00:00 died c1"), LineError::Verb("died".to_owned()));
    assert_eq!(
        why("10:00:00 ended c1 by"),
        LineError::Pair("by".to_owned())
    );
    assert_eq!(
        why("10:00:00 ended c1 by=agent by=agent"),
        LineError::Twice("by".to_owned())
    );
    assert_eq!(why("10:00:00 ended c1 by=bot"), value("by", "bot"));
    assert_eq!(why("10:00:00 message c1 by=eve"), value("by", "eve"));
    assert_eq!(
        why("10:00:00 message c1 by=agent"),
        LineError::Missing("agent")
    );
    assert_eq!(
        why("10:00:00 message c1 by=customer sentiment=1.01"),
        value("sentiment", "1.01")
    );
    assert_eq!(
        why("10:00:00 reported c1 agent=ana talk=inf"),
        value("talk", "inf")
    );
    assert_eq!(
        why("10:00:00 acknowledged c1 by=eve"),
        LineError::Alert("c1".to_owned())
    );
    assert_eq!(
        why("10:00:00 ended c1 by=agent why=key"),
        LineError::Unknown("why".to_owned())
    );
    assert_eq!(
        why("10:00:00 survey c1 score=6/1..5"),
        value("score", "6/1..5")
    );
    assert_eq!(
        why("10:00:00 answered c1 agent=a%2"),
        LineError::Escape("a%2".to_owned())
    );
    assert_eq!(
        line::parse_all("# two\n\n10:00:00 ended c1 by=agent\n10:00:00 ended").unwrap_err(),
        LineError::At {
            number: 4,
            error: Box::new(LineError::Short)
        }
    );
}
