//! Protobuf and JSON agree: events, rejections, records.

use floorwalker_core::{
    decode::{Decoded, Format, PAYLOAD_BYTES_MAX, decode},
    event::{AgentState, Author, Channel, DeclineCause, Direction, EndedBy, Event, LeftWhy, Text},
    proto::{self, event::Body, transferred::Target},
};
use floorwalker_testkit::harness::call_center_lines;
use floorwalker_testkit::protobuf::protobuf;
use proptest::prelude::*;
use prost::Message as _;

const AT: prost_types::Timestamp = prost_types::Timestamp {
    seconds: 1_795_338_848,
    nanos: 250_000_000,
};
const WORKED: &str = include_str!("../../../../tests/data/worked-example.events.jsonl");
const EVERY_KIND: &str = include_str!("../../../../tests/data/every-kind.events.jsonl");
/// The same as Google's implementation writes them, each behind its length.
const WORKED_BYTES: &[u8] = include_bytes!("../../../../tests/data/worked-example.events.binpb");
const EVERY_KIND_BYTES: &[u8] = include_bytes!("../../../../tests/data/every-kind.events.binpb");

fn message(body: Body) -> proto::Event {
    proto::Event {
        event_id: Some("e1".to_owned()),
        occurred_at: Some(AT),
        source: Some("acd-1".to_owned()),
        contact_id: Some("c1".to_owned()),
        channel: None,
        customer_id: None,
        sequence: None,
        body: Some(body),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn hold_ended(agent: &str) -> proto::Event {
    message(Body::HoldEnded(proto::HoldEnded { agent: some(agent) }))
}

fn event(bytes: &[u8]) -> Event {
    match Format::Protobuf.decode(bytes) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

/// The rejection, as `code: sentence`.
fn rejected(bytes: &[u8]) -> String {
    let rejection = Format::Protobuf.decode(bytes);
    rejection.expect_err("should be rejected").to_string()
}

fn check_rejected(message: &proto::Event, expect: &str) {
    assert_eq!(rejected(&message.encode_to_vec()), expect);
}

#[test]
fn an_event_is_the_same_in_both_formats() {
    let lines = call_center_lines();
    let lines = lines.iter().map(String::as_str);
    for line in lines.chain(WORKED.lines()).chain(EVERY_KIND.lines()) {
        let Ok(Decoded::Event(read)) = decode(line.as_bytes()) else {
            panic!("{line}");
        };
        assert_eq!(event(&protobuf(&read)), read);
    }
}

#[test]
fn events_are_spelled_as_elsewhere() {
    for (lines, mut rest) in [(WORKED, WORKED_BYTES), (EVERY_KIND, EVERY_KIND_BYTES)] {
        for line in lines.lines() {
            let length = prost::decode_length_delimiter(&mut rest).unwrap();
            let (bytes, behind) = rest.split_at(length);
            let read = Format::Protobuf.decode(bytes);
            assert!(matches!(read, Ok(Decoded::Event(_))), "{line}\n{read:?}");
            assert_eq!(read, decode(line.as_bytes()), "{line}");
            let again = proto::Event::decode(bytes).unwrap().encode_to_vec();
            assert_eq!(again, bytes, "{line}");
            rest = behind;
        }
        assert!(rest.is_empty());
    }
}

#[test]
fn words_are_numbered_in_their_order() {
    fn check<T: Copy>(all: &[T], name: fn(T) -> &'static str, prefix: &str, of: fn(i32) -> String) {
        assert_eq!(of(0), format!("{prefix}_UNSPECIFIED"));
        for (number, word) in (1..).zip(all) {
            assert_eq!(
                of(number),
                format!("{prefix}_{}", name(*word).to_uppercase())
            );
        }
        assert_eq!(of(all.len() as i32 + 1), "", "{prefix} has more words");
    }
    check(&Channel::ALL, Channel::name, "CHANNEL", |number| {
        proto::Channel::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
    check(&Direction::ALL, Direction::name, "DIRECTION", |number| {
        proto::Direction::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
    check(&LeftWhy::ALL, LeftWhy::name, "WHY", |number| {
        proto::contact_left_queue::Why::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
    check(&DeclineCause::ALL, DeclineCause::name, "CAUSE", |number| {
        proto::offer_declined::Cause::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
    check(&AgentState::ALL, AgentState::name, "STATE", |number| {
        proto::agent_state_changed::State::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
    check(
        &Author::NAMES,
        |name| name,
        "AUTHOR",
        |number| {
            proto::message_sent::Author::try_from(number)
                .map_or("", |it| it.as_str_name())
                .to_owned()
        },
    );
    check(&EndedBy::ALL, EndedBy::name, "PARTY", |number| {
        proto::contact_ended::Party::try_from(number)
            .map_or("", |it| it.as_str_name())
            .to_owned()
    });
}

#[test]
fn rules_are_those_of_json() {
    let queued = proto::ContactQueued::default();
    check_rejected(
        &message(Body::ContactQueued(queued)),
        "wait_without_queue: an inbound contact_queued needs a `queue`",
    );
    check_rejected(
        &message(Body::AgentAnswered(proto::AgentAnswered::default())),
        "missing_field: agent_answered needs `agent`",
    );
    check_rejected(
        &hold_ended(""),
        "empty_id: `agent` is empty; leave it out if there is none",
    );
    check_rejected(
        &hold_ended(&"ä".repeat(129)),
        "too_long: `agent` has 258 bytes; at most 256 are kept",
    );
    let by = |by| message(Body::ContactEnded(proto::ContactEnded { by, reason: None }));
    let unknown = "unknown_word: `by` is `9`; it can be customer, agent, system";
    check_rejected(&by(Some(9)), unknown);
    check_rejected(&by(Some(-1)), &unknown.replace('9', "-1"));
    for unsaid in [None, Some(0)] {
        check_rejected(&by(unsaid), "missing_field: contact_ended needs `by`");
    }
    let transferred = proto::Transferred {
        agent: some("ana"),
        target: Some(Target::ToQueue(String::new())),
        warm: None,
    };
    check_rejected(
        &message(Body::Transferred(transferred)),
        "empty_id: `to_queue` is empty; leave it out if there is none",
    );
}

#[test]
fn scores_are_numbers_on_their_scale() {
    let check = |score, scale_min, scale_max, expect: &str| {
        let survey = proto::SurveyAnswered {
            score,
            scale_min: Some(scale_min),
            scale_max: Some(scale_max),
            comment: None,
        };
        check_rejected(&message(Body::SurveyAnswered(survey)), expect);
    };
    check(
        Some(6.0),
        1.0,
        5.0,
        "score_off_scale: the score 6.0 is off its scale, 1.0 to 5.0",
    );
    check(
        None,
        1.0,
        5.0,
        "missing_field: survey_answered needs `score`",
    );
    let not_finite = "wrong_type: `score` is not finite; expected a number";
    check(Some(f64::NAN), 1.0, 5.0, not_finite);
    check(Some(f64::INFINITY), 1.0, 5.0, not_finite);
    check(
        Some(1.0),
        1.0,
        1.0,
        "scale_without_width: the scale 1.0 to 1.0 has no width",
    );
}

#[test]
fn reports_and_feelings_are_finite_and_in_their_range() {
    let reported = |talk| {
        let report = proto::EngagementReported {
            agent: some("ana"),
            talk: Some(talk),
            ..proto::EngagementReported::default()
        };
        message(Body::EngagementReported(report))
    };
    check_rejected(
        &reported(f64::NEG_INFINITY),
        "wrong_type: `talk` is not finite; expected a number",
    );
    check_rejected(
        &reported(1e300),
        "duration_out_of_range: `talk` is 1e300 s, over 31 years",
    );
    let felt = proto::MessageSent {
        by: Some(1),
        sentiment: Some(-1.5),
        ..proto::MessageSent::default()
    };
    check_rejected(
        &message(Body::MessageSent(felt)),
        "sentiment_off_scale: the sentiment -1.5 is off its scale, -1 to 1",
    );
}

#[test]
fn a_report_that_names_no_part_is_rejected() {
    let report = proto::EngagementReported {
        agent: some("ana"),
        hold_count: Some(2),
        ..proto::EngagementReported::default()
    };
    check_rejected(
        &message(Body::EngagementReported(report)),
        "report_without_part: engagement_reported needs at least one of `talk`, `hold`, `wrap_up`",
    );
}

#[test]
fn times_are_plausible() {
    let at = |occurred_at| {
        let mut message = hold_ended("ana");
        message.occurred_at = occurred_at;
        message
    };
    check_rejected(&at(None), "missing_field: hold_ended needs `occurred_at`");
    let seconds = |seconds, nanos| at(Some(prost_types::Timestamp { seconds, nanos }));
    for absurd in [0, i64::MIN, i64::MAX, 1_795_338_848_250] {
        let sentence = rejected(&seconds(absurd, -1).encode_to_vec());
        assert!(
            sentence.starts_with("time_out_of_range: `occurred_at` is "),
            "{sentence}"
        );
    }
    let cut = event(&seconds(1_795_338_848, 123_456_999).encode_to_vec());
    assert_eq!(cut.occurred_at.to_string(), "2026-11-22T09:14:08.123456Z");
}

#[test]
fn kinds_of_later_versions_are_skipped_and_nothing_at_all_is_not() {
    let mut bytes = proto::Event {
        body: None,
        ..hold_ended("ana")
    }
    .encode_to_vec();
    assert_eq!(rejected(&bytes), "missing_field: an event needs a `body`");
    assert_eq!(rejected(b""), "missing_field: an event needs a `body`");
    // Field 99, an empty message.
    bytes.extend([0x9A, 0x06, 0x00]);
    let unknown = Decoded::Unknown(Text::new("field 99"));
    assert_eq!(Format::Protobuf.decode(&bytes), Ok(unknown));
}

#[test]
fn what_is_no_message_is_named() {
    let json = WORKED.lines().next().unwrap();
    for bytes in [
        json.as_bytes(),
        b"\xFF\xFF",
        &hold_ended("ana").encode_to_vec()[..20],
    ] {
        let sentence = rejected(bytes);
        let expect = "invalid_protobuf: the payload is not a floorwalker.v1.Event: ";
        assert!(sentence.starts_with(expect), "{sentence}");
    }
    let long = vec![1; PAYLOAD_BYTES_MAX + 1];
    assert_eq!(
        rejected(&long),
        "too_large: the payload has 262145 bytes; at most 262144 are read"
    );
}

#[test]
fn a_schema_registrys_prefix_is_passed_over() {
    let id = [0, 0, 0, 1, 2];
    let json = WORKED.lines().next().unwrap().as_bytes();
    assert_eq!(decode(&[&id, json].concat()), decode(json));

    let bytes = hold_ended("ana").encode_to_vec();
    let short = [0].as_slice();
    let second_in_third = [4, 4, 2].as_slice();
    let far = [2, 0x80, 0x01].as_slice();
    for path in [short, second_in_third, far] {
        let framed = [&id, path, &bytes].concat();
        assert_eq!(event(&framed), event(&bytes));
    }
    let broken = "broken_prefix: the payload begins as one with a schema id does, with a byte 0, and ends within that prefix";
    let ends = [&[][..], &[0x80], &[4, 2], &[1], &[0xFF; 11]];
    for path in ends {
        assert_eq!(rejected(&[&id, path].concat()), broken);
    }
    assert_eq!(rejected(&[0]), broken);
    assert_eq!(decode(&id[..4]).unwrap_err().to_string(), broken);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(Format::Protobuf.decode(&bytes));
    }

    #[test]
    fn no_damaged_event_panics(
        line in 0..17_usize,
        prefix in prop::sample::select(vec![&[][..], &[0, 0, 0, 0, 1, 0], &[0, 0, 0, 0, 1, 2, 4]]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let json = WORKED.lines().nth(line).unwrap();
        let Ok(Decoded::Event(read)) = decode(json.as_bytes()) else { panic!("{json}") };
        let mut bytes = [prefix, &protobuf(&read)].concat();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        drop(Format::Protobuf.decode(&bytes));
        bytes.truncate(end.index(bytes.len() + 1));
        drop(Format::Protobuf.decode(&bytes));
    }
}
