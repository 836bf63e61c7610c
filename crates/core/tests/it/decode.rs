//! Payloads and what they mean.

use std::borrow::Borrow;

use floorwalker_core::{
    decode::{Decoded, PAYLOAD_BYTES_MAX, RejectionCode, decode},
    event::{
        AtAgent, Body, Channel, ContactQueued, DeclineCause, Direction, EndedBy, Event, Id, Key,
        LeftWhy, Survey, Text, Timestamp, TransferTarget, Transferred, WrapUpEnded,
    },
};

const AT: &str = "\"occurred_at\":\"2026-11-22T09:14:08.250Z\"";

/// An event of `kind` on contact c1 with `rest` behind it.
pub(crate) fn json(kind: &str, rest: &str) -> String {
    let comma = if rest.is_empty() { "" } else { "," };
    format!(
        "{{\"event_id\":\"e1\",{AT},\"source\":\"acd-1\",\"type\":\"{kind}\",\"contact_id\":\"c1\"{comma}{rest}}}"
    )
}

pub(crate) fn event(json: &str) -> Event {
    match decode(json.as_bytes()) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{json}\n{other:?}"),
    }
}

/// Returns the body of an event of `kind` with the fields `rest`.
pub(crate) fn check_body(kind: &str, rest: &str, expect: impl Borrow<Body>) {
    assert_eq!(
        event(&json(kind, rest)).body,
        *expect.borrow(),
        "{kind} {rest}"
    );
}

/// The rejection of a whole payload, as `code: sentence`.
pub(crate) fn check_rejected(json: impl AsRef<[u8]>, expect: &str) {
    let rejection = decode(json.as_ref()).expect_err("should be rejected");
    assert_eq!(rejection.to_string(), expect);
}

/// The rejection of an event of `kind` with the fields `rest`.
pub(crate) fn check_broken(kind: &str, rest: &str, expect: &str) {
    check_rejected(json(kind, rest), expect);
}

fn at_agent(agent: &str, queue: Option<&str>, leg: Option<&str>) -> AtAgent {
    AtAgent {
        agent: Id::new(agent),
        queue: queue.map(Id::new),
        leg: leg.map(Text::new),
    }
}

#[test]
fn the_envelope_is_read() {
    let read = event(
        r#"{"event_id":"e7","occurred_at":"2026-11-22T09:14:08.250Z","source":"acd-1","type":"hold_started",
            "contact_id":"c1","agent":"ana","channel":"chat","customer_id":"k1"}"#,
    );
    let expect = Event {
        id: Id::new("e7"),
        occurred_at: Timestamp(1_795_338_848_250_000),
        sequence: None,
        key: Key::Contact(Id::new("c1")),
        channel: Some(Channel::Chat),
        customer: Some(Id::new("k1")),
        body: Body::HoldStarted(Id::new("ana")),
    };
    assert_eq!(read, expect);
}

#[test]
fn times_are_rfc_3339_with_any_offset_or_epoch_milliseconds() {
    let at = |given: &str| {
        event(
            &json("hold_ended", "\"agent\":\"ana\"")
                .replace(AT, &format!("\"occurred_at\":{given}")),
        )
        .occurred_at
        .to_string()
    };
    assert_eq!(at("\"2026-11-22T09:14:08Z\""), "2026-11-22T09:14:08Z");
    assert_eq!(
        at("\"2026-11-22T10:14:08.5+01:00\""),
        "2026-11-22T09:14:08.500Z"
    );
    assert_eq!(
        at("\"2026-11-22T09:14:08.1234569Z\""),
        "2026-11-22T09:14:08.123456Z"
    );
    assert_eq!(at("1795338848250"), "2026-11-22T09:14:08.250Z");
}

#[test]
fn every_kind_is_read() {
    check_body(
        "contact_queued",
        r#""queue":"billing","direction":"inbound","priority":3,"reason":"card lost","leg":"2""#,
        Body::ContactQueued(ContactQueued {
            queue: Some(Id::new("billing")),
            direction: Some(Direction::Inbound),
            priority: Some(3),
            reason: Some(Text::new("card lost")),
            leg: Some(Text::new("2")),
            thread: None,
        }),
    );
    check_body(
        "contact_left_queue",
        r#""why":"callback""#,
        Body::ContactLeftQueue(LeftWhy::Callback),
    );
    check_body(
        "agent_offered",
        r#""agent":"ana""#,
        Body::AgentOffered(at_agent("ana", None, None)),
    );
    check_body(
        "offer_declined",
        r#""agent":"ana","cause":"withdrawn""#,
        Body::OfferDeclined(Id::new("ana"), DeclineCause::Withdrawn),
    );
    check_body(
        "agent_answered",
        r#""agent":"ana","queue":"billing","leg":"2""#,
        Body::AgentAnswered(at_agent("ana", Some("billing"), Some("2"))),
    );
    check_body(
        "hold_started",
        r#""agent":"ana""#,
        Body::HoldStarted(Id::new("ana")),
    );
    check_body(
        "hold_ended",
        r#""agent":"ana""#,
        Body::HoldEnded(Id::new("ana")),
    );
    check_body(
        "contact_ended",
        r#""by":"system","reason":"idle""#,
        Body::ContactEnded(EndedBy::System, Some(Text::new("idle"))),
    );
    check_body(
        "wrap_up_ended",
        r#""agent":"ana","disposition":"refund","resolved":true"#,
        Body::WrapUpEnded(WrapUpEnded {
            agent: Id::new("ana"),
            disposition: Some(Text::new("refund")),
            resolved: Some(true),
        }),
    );
}

#[test]
fn a_transfer_names_at_most_one_target() {
    let transferred = |to| {
        Body::Transferred(Transferred {
            agent: Id::new("ana"),
            to,
            warm: false,
        })
    };
    let check = |rest: &str, to| {
        check_body(
            "transferred",
            &format!("\"agent\":\"ana\"{rest}"),
            transferred(to),
        );
    };
    check("", None);
    check(
        r#","to_queue":"tech""#,
        Some(TransferTarget::Queue(Id::new("tech"))),
    );
    check(
        r#","to_agent":"bo","warm":false"#,
        Some(TransferTarget::Agent(Id::new("bo"))),
    );
    check(
        r#","to_queue":null,"to_external":"+49 30 1234""#,
        Some(TransferTarget::External(Text::new("+49 30 1234"))),
    );
    check_broken(
        "transferred",
        r#""agent":"ana","to_queue":"tech","to_agent":"bo""#,
        "ambiguous_target: a transfer goes to one of `to_queue`, `to_agent`, `to_external`",
    );
}

#[test]
fn scores_are_whole_or_not() {
    let survey = |score| {
        let survey = Survey {
            score,
            scale_min: 1.0,
            scale_max: 5.0,
        };
        Body::SurveyAnswered(survey, None)
    };
    let scale = r#""scale_min":1,"scale_max":5.0"#;
    check_body(
        "survey_answered",
        &format!("\"score\":4,{scale}"),
        survey(4.0),
    );
    check_body(
        "survey_answered",
        &format!("\"score\":4.5,{scale}"),
        survey(4.5),
    );
    check_body(
        "survey_answered",
        &format!("\"score\":1,{scale}"),
        survey(1.0),
    );
    check_body(
        "survey_answered",
        &format!("\"score\":5e0,{scale}"),
        survey(5.0),
    );
}

#[test]
fn a_score_lies_on_a_scale_with_width() {
    let check = |rest, expect| check_broken("survey_answered", rest, expect);
    check(
        r#""score":6,"scale_min":1,"scale_max":5"#,
        "score_off_scale: the score 6.0 is off its scale, 1.0 to 5.0",
    );
    check(
        r#""score":1,"scale_min":1,"scale_max":1"#,
        "scale_without_width: the scale 1.0 to 1.0 has no width",
    );
    check(
        r#""score":3,"scale_min":5,"scale_max":1"#,
        "scale_without_width: the scale 5.0 to 1.0 has no width",
    );
    check(
        r#""score":0,"scale_min":-1.7e308,"scale_max":1.7e308"#,
        "scale_without_width: the scale -1.7e308 to 1.7e308 has no width",
    );
    check(
        r#""scale_min":1,"scale_max":5"#,
        "missing_field: survey_answered needs `score`",
    );
    check(
        r#""score":"4","scale_min":1,"scale_max":5"#,
        "wrong_type: `score` is text; expected a number",
    );
}

#[test]
fn an_inbound_wait_needs_a_queue_and_others_do_not() {
    let needs = "wait_without_queue: an inbound contact_queued needs a `queue`";
    check_broken("contact_queued", "", needs);
    check_broken(
        "contact_queued",
        r#""direction":"inbound","queue":null"#,
        needs,
    );
    for direction in ["outbound", "internal", "monitor"] {
        event(&json(
            "contact_queued",
            &format!("\"direction\":\"{direction}\""),
        ));
    }
}

#[test]
fn unknown_fields_are_ignored_and_null_is_absent() {
    let rest = r#""agent":"ana","queue":null,"skills":[1,{"a":[[]]}],"score":"none","x":1e999"#;
    check_body(
        "agent_answered",
        rest,
        Body::AgentAnswered(at_agent("ana", None, None)),
    );
}

#[test]
fn escapes_are_read() {
    check_body(
        "hold_ended",
        r#""agent":"\u00e4nne \"\ud83d\ude00\"""#,
        Body::HoldEnded(Id::new("änne \"😀\"")),
    );
}

#[test]
fn unknown_kinds_are_skipped_whatever_they_hold() {
    let check = |json: &str, kind: &str| {
        assert_eq!(
            decode(json.as_bytes()),
            Ok(Decoded::Unknown(Text::new(kind)))
        );
    };
    check(
        r#"{"type":"coffee_brewed","contact_id":7,"occurred_at":[]}"#,
        "coffee_brewed",
    );
    check(&json(&"x".repeat(100), ""), &"x".repeat(64));
}

#[test]
fn a_missing_field_is_named() {
    check_rejected("{}", "missing_field: an event needs `type`");
    check_rejected(
        format!("{{{AT},\"type\":\"contact_ended\",\"by\":\"agent\"}}"),
        "missing_field: contact_ended needs `contact_id`",
    );
    check_rejected(
        r#"{"type":"contact_ended","contact_id":"c1","by":"agent"}"#,
        "missing_field: contact_ended needs `occurred_at`",
    );
    check_broken(
        "contact_ended",
        "",
        "missing_field: contact_ended needs `by`",
    );
    check_broken(
        "agent_answered",
        "",
        "missing_field: agent_answered needs `agent`",
    );
    check_broken(
        "offer_declined",
        r#""agent":"a""#,
        "missing_field: offer_declined needs `cause`",
    );
}

#[test]
fn a_wrong_type_is_named() {
    check_broken(
        "hold_ended",
        r#""agent":7"#,
        "wrong_type: `agent` is a whole number; expected text",
    );
    check_broken(
        "hold_ended",
        r#""agent":{"id":"a"}"#,
        "wrong_type: `agent` is an object; expected text",
    );
    check_broken(
        "hold_ended",
        r#""agent":["a"]"#,
        "wrong_type: `agent` is a list; expected text",
    );
    check_broken(
        "wrap_up_ended",
        r#""agent":"a","resolved":"yes""#,
        "wrong_type: `resolved` is text; expected true or false",
    );
    check_broken(
        "contact_queued",
        r#""queue":"q","priority":1.5"#,
        "wrong_type: `priority` is a number with a fraction or over 64 bits; expected a whole number of 64 bits",
    );
}

#[test]
fn an_unknown_word_is_reported_with_the_allowed_ones() {
    check_broken(
        "contact_ended",
        r#""by":"robot""#,
        "unknown_word: `by` is `robot`; it can be customer, agent, system",
    );
    check_broken(
        "hold_ended",
        r#""agent":"a","channel":"Voice""#,
        "unknown_word: `channel` is `Voice`; it can be voice, chat, email, social, sms, messaging, video, other",
    );
}

#[test]
fn ids_are_neither_empty_nor_long() {
    check_broken(
        "hold_ended",
        r#""agent":"""#,
        "empty_id: `agent` is empty; leave it out if there is none",
    );
    let agent = format!("\"agent\":\"{}\"", "ä".repeat(129));
    check_broken(
        "hold_ended",
        &agent,
        "too_long: `agent` has 258 bytes; at most 256 are kept",
    );
    event(&json(
        "hold_ended",
        &format!("\"agent\":\"{}\"", "ä".repeat(128)),
    ));
}

#[test]
fn absurd_times_are_rejected() {
    let check = |given: &str, expect: &str| {
        let json =
            json("hold_ended", "\"agent\":\"a\"").replace(AT, &format!("\"occurred_at\":{given}"));
        check_rejected(json, expect);
    };
    check(
        "1795338848",
        "time_out_of_range: `occurred_at` is 1970-01-21T18:42:18.848Z, outside the years 2000 to 2200; whole numbers are milliseconds since 1970",
    );
    check(
        "\"2201-01-01T00:00:00Z\"",
        "time_out_of_range: `occurred_at` is 2201-01-01T00:00:00Z, outside the years 2000 to 2200; whole numbers are milliseconds since 1970",
    );
    check(
        "\"yesterday\"",
        "invalid_time: `occurred_at`: `yesterday` is not an RFC 3339 time with an offset, such as 2026-11-22T09:14:08.250Z",
    );
    check(
        "true",
        "wrong_type: `occurred_at` is true or false; expected an RFC 3339 time or epoch milliseconds",
    );
}

#[test]
fn broken_text_is_rejected_where_it_breaks() {
    check_rejected(
        "",
        "invalid_json: EOF while parsing a value at line 1 column 0",
    );
    check_rejected(
        "{\"type\":\n\"x\"",
        "invalid_json: EOF while parsing an object at line 2 column 3",
    );
    check_rejected(
        "{} {}",
        "invalid_json: trailing characters at line 1 column 4",
    );
    check_rejected(" [1]", "not_an_object: the payload is not a JSON object");
    check_rejected("\"x\"", "not_an_object: the payload is not a JSON object");
    check_rejected(
        "{\"type\":\"a\",\n \"type\":null}",
        "duplicate_field: duplicate field `type` at line 2 column 7",
    );
    check_rejected(
        b"{\n\"a\xff",
        "invalid_utf8: the payload is not UTF-8 at line 2 column 3",
    );
}

#[test]
fn a_payload_has_a_longest_length() {
    let padded = |length: usize| {
        let json = json("hold_ended", "\"agent\":\"a\"");
        " ".repeat(length - json.len()) + &json
    };
    event(&padded(PAYLOAD_BYTES_MAX));
    check_rejected(
        padded(PAYLOAD_BYTES_MAX + 1),
        "too_large: the payload has 262145 bytes; at most 262144 are read",
    );
}

#[test]
fn without_an_id_the_content_is_the_id() {
    let id = |json: &str| event(json).id.to_string();
    let first = id(
        r#"{"occurred_at":"2026-11-22T09:14:08.250Z","source":"a","type":"survey_answered","contact_id":"c1","score":4,"scale_min":1,"scale_max":5}"#,
    );
    assert_eq!(first, "~85efddd131497125265a96f3b0a3fd9b");
    let same = id(
        r#"{"scale_max":5.0,"score":4.0,"contact_id":"c1","scale_min":1,"type":"survey_answered","source":"b","occurred_at":1795338848250}"#,
    );
    assert_eq!(first, same);
    let other = id(
        r#"{"occurred_at":"2026-11-22T09:14:08.250Z","source":"a","type":"survey_answered","contact_id":"c1","score":5,"scale_min":1,"scale_max":5}"#,
    );
    assert_ne!(first, other);
    let of = |customer: &str, channel: &str, contact: &str, at: &str| {
        id(&format!(
            r#"{{"occurred_at":"2026-11-22T09:14:{at}Z","source":"a","type":"contact_resolved","contact_id":"{contact}","channel":"{channel}","customer_id":"{customer}"}}"#
        ))
    };
    let all = [
        of("k1", "email", "c1", "08"),
        of("k2", "email", "c1", "08"),
        of("k1", "chat", "c1", "08"),
        of("k1", "email", "c2", "08"),
        of("k1", "email", "c1", "09"),
    ];
    let different: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn codes_have_names_of_their_own() {
    let names: std::collections::BTreeSet<_> = RejectionCode::ALL.map(RejectionCode::name).into();
    assert_eq!(names.len(), RejectionCode::ALL.len());
}
