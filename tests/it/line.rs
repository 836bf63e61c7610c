//! One line per event: the parser and the printer undo each other.

use floorwalker::event::{
    AgentId, AtAgent, Body, Channel, ContactId, ContactQueued, CustomerId, DeclineCause, Direction,
    EndedBy, Event, EventId, LeftWhy, QueueId, Survey, Text, Timestamp, TransferTarget,
    Transferred, WrapUpEnded,
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
    let reason_and_leg = (option::of(text()), option::of(text()));
    (queue(), direction, any::<Option<i64>>(), reason_and_leg).prop_map(
        |(queue, direction, priority, (reason, leg))| ContactQueued {
            queue: Some(queue),
            direction,
            priority,
            reason,
            leg,
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

fn body() -> impl Strategy<Value = Body> {
    let wrap_up = (agent(), option::of(text()), any::<Option<bool>>());
    prop_oneof![
        transferred().prop_map(Body::Transferred),
        queued().prop_map(Body::ContactQueued),
        select(LeftWhy::ALL.to_vec()).prop_map(Body::ContactLeftQueue),
        at_agent().prop_map(Body::AgentOffered),
        (agent(), select(DeclineCause::ALL.to_vec())).prop_map(|(a, c)| Body::OfferDeclined(a, c)),
        at_agent().prop_map(Body::AgentAnswered),
        agent().prop_map(Body::HoldStarted),
        agent().prop_map(Body::HoldEnded),
        select(EndedBy::ALL.to_vec()).prop_map(Body::ContactEnded),
        wrap_up.prop_map(|(agent, disposition, resolved)| {
            Body::WrapUpEnded(WrapUpEnded {
                agent,
                disposition,
                resolved,
            })
        }),
        survey().prop_map(Body::SurveyAnswered),
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
    (names, occurred_at(), channel, body()).prop_map(
        |((contact, id, customer), occurred_at, channel, body)| Event {
            id: EventId::new(&id),
            occurred_at,
            contact: ContactId::new(&contact),
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
fn a_line_that_is_not_an_event_says_why() {
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
