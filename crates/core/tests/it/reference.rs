//! The reference recount against the contract's own figures, and in small cases with known answers.

use floorwalker_core::{
    decode::{Decoded, decode},
    event::{Event, EventId, Span, Timestamp, line},
};
use floorwalker_testkit::reference::{
    Abandons, Durations, Obligation, Ratio, Scorecard, Settings, recount,
};

use crate::golden::agrees;

const EXAMPLE: &str = include_str!("../../../../tests/data/worked-example.txt");
const EXAMPLE_JSON: &str = include_str!("../../../../tests/data/worked-example.events.jsonl");
const HOUR: Option<Span> = Some(Span::from_secs(3_600));

fn at(time: &str) -> Timestamp {
    line::parse(&format!("{time} ended x by=system"))
        .unwrap()
        .occurred_at
}

fn example(window: Option<Span>) -> impl Fn(&str) -> Scorecard {
    let events = line::parse_all(EXAMPLE).unwrap();
    let counted = recount(&events, &Settings::default(), at("10:30:00"));
    move |entity| counted.card(entity, window)
}

const GROUPS: [&str; 4] = ["all", "channel:voice", "queue:billing", "queue:tech"];

#[test]
fn worked_example_is_the_same_log_in_both_files() {
    let events = line::parse_all(EXAMPLE).unwrap();
    let numbered = (1..).zip(events).map(|(number, event)| {
        let id = EventId::new(&format!("e{number}"));
        Decoded::Event(Event { id, ..event })
    });
    let decoded = EXAMPLE_JSON.lines().map(|json| decode(json.as_bytes()));
    assert_eq!(
        decoded.collect::<Result<Vec<_>, _>>(),
        Ok(numbered.collect())
    );
}

#[test]
fn worked_example_counts() {
    for window in [HOUR, None] {
        let card = example(window);
        let counts = |entity: &str| {
            let card = card(entity);
            (card.offered, card.answered, card.abandoned)
        };
        assert_eq!(counts("all"), (4, 2, 1));
        assert_eq!(counts("channel:voice"), (4, 2, 1));
        assert_eq!(counts("queue:billing"), (3, 1, 1));
        assert_eq!(counts("queue:tech"), (1, 1, 0));
        assert_eq!(counts("agent:ana"), (0, 1, 0));
        assert_eq!(counts("agent:bo"), (0, 1, 0));
    }
}

/// Numerator, denominator, and the interval in tenths of a percent.
fn ratio(ratio: Ratio) -> (u64, u64, Option<(f64, f64)>) {
    let tenths = |value: f64| (value * 1_000.0).round() / 10.0;
    let interval = ratio
        .interval()
        .map(|(low, high)| (tenths(low), tenths(high)));
    (ratio.num, ratio.den, interval)
}

#[test]
fn worked_example_service_levels() {
    let card = example(HOUR);
    let answer = |entity: &str| ratio(card(entity).sla["voice answer"].compliance());
    assert_eq!(answer("all"), (1, 3, Some((6.1, 79.2))));
    assert_eq!(answer("channel:voice"), (1, 3, Some((6.1, 79.2))));
    assert_eq!(answer("queue:billing"), (1, 2, Some((9.5, 90.5))));
    assert_eq!(answer("queue:tech"), (0, 1, Some((0.0, 79.3))));
    assert_eq!(answer("agent:ana"), (1, 1, Some((20.7, 100.0))));
    assert_eq!(answer("agent:bo"), (0, 1, Some((0.0, 79.3))));
    assert_eq!(card("all").sla["voice answer"].excluded, 1);
    assert_eq!(card("queue:billing").sla["voice answer"].excluded, 1);

    for entity in ["all", "channel:voice", "queue:billing", "agent:ana"] {
        let half = Ratio { num: 1, den: 2 };
        assert_eq!(card(entity).sla["voice accept"].compliance(), half);
        assert_eq!(card(entity).offer_miss, half);
    }
    for entity in ["queue:tech", "agent:bo"] {
        assert_eq!(card(entity).sla.get("voice accept"), None);
        assert_eq!(card(entity).offer_miss, Ratio::default());
    }
}

#[test]
fn worked_example_waits() {
    let card = example(HOUR);
    let asa = |entity: &str| card(entity).asa.mean;
    assert_eq!(
        GROUPS.map(asa),
        [Some(20.0), Some(20.0), Some(10.0), Some(30.0)]
    );
    assert_eq!(asa("agent:ana"), Some(10.0));
    assert_eq!(asa("agent:bo"), Some(30.0));
    let abandonment = |entity: &str| card(entity).abandonment.map(|it| (it.num, it.den));
    assert_eq!(
        GROUPS.map(abandonment),
        [Some((1, 3)), Some((1, 3)), Some((1, 2)), Some((0, 1))]
    );
    assert_eq!(abandonment("agent:ana"), None);
    let live = |entity: &str| {
        let live = card(entity).live?;
        Some((live.waiting, live.longest_wait, live.at_risk))
    };
    let one = Some((1, Some(600.0), 0));
    assert_eq!(GROUPS.map(live), [one, one, one, Some((0, None, 0))]);
    assert_eq!(live("agent:ana"), None);
}

#[test]
fn worked_example_handle_times() {
    let card = example(HOUR);
    let aht = |entity: &str| {
        let aht = card(entity).aht;
        let parts = [aht.talk, aht.hold, aht.wrap].map(Option::unwrap);
        (aht.handle.mean.unwrap(), parts)
    };
    assert_eq!(aht("all"), (167.5, [130.0, 15.0, 22.5]));
    assert_eq!(aht("channel:voice"), (167.5, [130.0, 15.0, 22.5]));
    assert_eq!(aht("queue:billing"), (125.0, [80.0, 30.0, 15.0]));
    assert_eq!(aht("queue:tech"), (210.0, [180.0, 0.0, 30.0]));
    assert_eq!(aht("agent:ana"), (125.0, [80.0, 30.0, 15.0]));
    assert_eq!(aht("agent:bo"), (210.0, [180.0, 0.0, 30.0]));
    let Durations { n, p50, p90, .. } = card("all").aht.handle;
    assert_eq!((n, p50, p90), (2, Some(125.0), Some(210.0)));
    assert_eq!(card("all").aht.hold_when_held, Some(30.0));
    assert_eq!(card("all").aht.held, 1);
}

#[test]
fn worked_example_outcomes() {
    let card = example(HOUR);
    let transfer = |entity: &str| card(entity).transfer_rate;
    let of = |num, den| Ratio { num, den };
    assert_eq!(
        GROUPS.map(transfer),
        [of(1, 2), of(1, 2), of(1, 1), of(0, 1)]
    );
    assert_eq!(
        [transfer("agent:ana"), transfer("agent:bo")],
        [of(1, 1), of(0, 1)]
    );
    let fcr = |entity: &str| card(entity).fcr.ratio();
    assert_eq!(GROUPS.map(fcr), [of(0, 1), of(0, 1), of(0, 1), of(0, 0)]);
    assert_eq!([fcr("agent:ana"), fcr("agent:bo")], [of(0, 1), of(0, 0)]);
    assert_eq!(card("all").fcr.repeated, 1);
    let csat = |entity: &str| card(entity).csat.mean;
    assert_eq!(GROUPS.map(csat), [Some(0.75), Some(0.75), None, Some(0.75)]);
    assert_eq!([csat("agent:ana"), csat("agent:bo")], [None, Some(0.75)]);
}

/// Figures that the contract has in words below the log.
#[test]
fn worked_example_obligations() {
    let events = line::parse_all(EXAMPLE).unwrap();
    let counted = recount(&events, &Settings::default(), at("10:30:00"));
    let decided = |policy: &str| {
        let of_policy = |it: &&Obligation| it.policy == policy;
        let shown = |it: &Obligation| {
            let agent = it.agent.as_ref().map_or("-", |agent| agent.as_str());
            let decided_at = it.decided_at.unwrap().to_string();
            let time = decided_at.strip_prefix("2026-11-22T").unwrap();
            format!("{} {:?} {time} {agent}", it.contact, it.outcome)
        };
        let all = counted.obligations.iter().filter(of_policy);
        all.map(shown).collect::<Vec<_>>()
    };
    assert_eq!(
        decided("voice answer"),
        [
            "c1 Met 10:00:10Z ana",
            "c1 Missed 10:02:20Z -",
            "c2 Excluded 10:10:12Z -",
            "c3 Missed 10:20:20Z -"
        ]
    );
    assert_eq!(
        decided("voice accept"),
        ["c1 Met 10:00:10Z ana", "c3 Missed 10:20:23Z ana"]
    );
}

#[test]
fn a_hundred_calls_under_the_three_treatments_of_abandons() {
    let mut log = String::new();
    for call in 0..100 {
        let end = match call {
            0..70 => "10:00:19 answered",
            70..80 => "10:00:10 ended",
            _ => "10:01:00 answered",
        };
        let detail = if call / 10 == 7 {
            "by=customer"
        } else {
            "agent=ana"
        };
        log += &format!("10:00:00 queued c{call} queue=q\n{end} c{call} {detail}\n");
    }
    let events = line::parse_all(&log).unwrap();
    let compliance = |abandons| {
        let mut settings = Settings::default();
        for policy in &mut settings.policies {
            policy.abandons = abandons;
        }
        agrees(&settings, &events, at("10:30:00"));
        let card = recount(&events, &settings, at("10:30:00")).card("all", HOUR);
        let value = card.sla["voice answer"].compliance().value().unwrap();
        format!("{:.1}", value * 100.0)
    };
    assert_eq!(compliance(Abandons::Ignore), "77.8");
    assert_eq!(compliance(Abandons::Negative), "70.0");
    assert_eq!(compliance(Abandons::Positive), "80.0");
}
