//! Payloads of messages, reports, tickets, agents' states and acknowledgements.

use floorwalker_core::event::{
    AgentLeft, AgentState, AgentStateChanged, AlertAcknowledged, Author, Body, EngagementReported,
    Id, Key, MessageSent, Span, Text,
};

use crate::decode::{check_body, check_broken, check_rejected, event, json};

fn message(by: Author, public: bool) -> MessageSent {
    MessageSent {
        by,
        public,
        queue: None,
        text: None,
        sentiment: None,
    }
}

#[test]
fn a_message_has_an_author_and_an_agent_a_name() {
    let check = |rest: &str, expect| check_body("message_sent", rest, Body::MessageSent(expect));
    check(r#""by":"customer""#, message(Author::Customer, true));
    check(r#""by":"bot","agent":"ana""#, message(Author::Bot, true));
    check(
        r#""by":"agent","agent":"ana","public":false"#,
        message(Author::Agent(Id::new("ana")), false),
    );
    check(
        r#""by":"system","queue":"mail","text":"héllo","sentiment":-1"#,
        MessageSent {
            queue: Some(Id::new("mail")),
            text: Some(Text::new("héllo")),
            sentiment: Some(-1.0),
            ..message(Author::System, true)
        },
    );
    check_broken(
        "message_sent",
        r#""by":"agent""#,
        "missing_field: message_sent needs `agent`",
    );
    check_broken(
        "message_sent",
        r#""by":"eve""#,
        "unknown_word: `by` is `eve`; it can be customer, bot, system, agent",
    );
    check_broken(
        "message_sent",
        r#""by":"bot","sentiment":1.5"#,
        "sentiment_off_scale: the sentiment 1.5 is off its scale, -1 to 1",
    );
}

#[test]
fn a_message_may_be_longer_than_a_remark() {
    let text = "x".repeat(10_000);
    let read = event(&json(
        "message_sent",
        &format!(r#""by":"customer","text":"{text}""#),
    ));
    let Body::MessageSent(message) = read.body else {
        panic!("a message")
    };
    assert_eq!(message.text.unwrap().len(), 10_000);
}

#[test]
fn a_reported_duration_is_below_31_years() {
    check_broken(
        "engagement_reported",
        r#""agent":"ana","hold":1e300"#,
        "duration_out_of_range: `hold` is 1e300 s, over 31 years",
    );
}

#[test]
fn a_report_that_names_no_part_is_rejected() {
    check_broken(
        "engagement_reported",
        r#""agent":"ana","leg":"1","hold_count":2"#,
        "report_without_part: engagement_reported needs at least one of `talk`, `hold`, `wrap_up`",
    );
}

#[test]
fn a_sequence_is_a_whole_number_of_64_bits() {
    let sequenced = |sequence: &str| {
        json(
            "hold_started",
            &format!(r#""agent":"ana","sequence":{sequence}"#),
        )
    };
    let read = |sequence: &str| event(&sequenced(sequence)).sequence;
    assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(read("9223372036854775807"), Some(i64::MAX));
    assert_eq!(read("0"), Some(0));
    assert_eq!(read("null"), None);
    for (sequence, is) in [
        (
            "9223372036854775808",
            "a number with a fraction or over 64 bits",
        ),
        ("1.5", "a number with a fraction or over 64 bits"),
        (r#""7""#, "text"),
        ("true", "true or false"),
        ("[1]", "a list"),
    ] {
        check_rejected(
            sequenced(sequence),
            &format!("wrong_type: `sequence` is {is}; expected a whole number of 64 bits"),
        );
    }
}

#[test]
fn without_an_id_the_sequence_is_part_of_the_content() {
    let id = |sequence: &str| {
        let named = json("hold_started", &format!(r#""agent":"ana"{sequence}"#));
        event(&named.replace(r#""event_id":"e1","#, "")).id
    };
    assert_eq!(id(r#","sequence":7"#), id(r#","sequence":7,"priority":1"#));
    assert_ne!(id(r#","sequence":7"#), id(r#","sequence":8"#));
    assert_ne!(id(r#","sequence":7"#), id(""));
}

#[test]
fn an_agent_leaves_and_a_contact_pauses_and_continues() {
    check_body(
        "agent_left",
        r#""agent":"ana","leg":"2""#,
        Body::AgentLeft(AgentLeft {
            agent: Id::new("ana"),
            leg: Some(Text::new("2")),
        }),
    );
    let pending = Some(Text::new("pending"));
    check_body(
        "contact_paused",
        r#""reason":"pending""#,
        Body::ContactPaused(pending.clone()),
    );
    check_body("contact_paused", "", Body::ContactPaused(None));
    check_body(
        "contact_continued",
        r#""reason":"pending""#,
        Body::ContactContinued(pending),
    );
    check_broken("agent_left", "", "missing_field: agent_left needs `agent`");
}

#[test]
fn an_agent_is_the_key_of_its_states() {
    let read = event(&json(
        "agent_state_changed",
        r#""agent":"ana","state":"away","reason":"lunch","team":"red","site":"graz","skills":["es","","billing"]"#,
    ));
    assert_eq!(read.key, Key::Agent(Id::new("ana")));
    let state = AgentStateChanged {
        state: AgentState::Away,
        reason: Some(Text::new("lunch")),
        team: Some(Id::new("red")),
        site: Some(Id::new("graz")),
        skills: vec![Text::new("es"), Text::new("billing")],
    };
    assert_eq!(read.body, Body::AgentStateChanged(state));
    check_broken(
        "agent_state_changed",
        r#""agent":"ana","state":"away","skills":[1]"#,
        "wrong_type: `skills` is a list; expected a list of texts",
    );
}

#[test]
fn an_alert_is_the_key_of_its_acknowledgement() {
    let acknowledged = |alert: &str| {
        json(
            "alert_acknowledged",
            &format!(r#""alert":"{alert}","by":"eve","note":"calls back""#),
        )
    };
    let read = event(&acknowledged("contact:c/1/0a"));
    let Key::Alert(alert) = &read.key else {
        panic!("an alert's")
    };
    assert_eq!(alert.subject(), Some("contact:c/1"));
    let by = AlertAcknowledged {
        by: Text::new("eve"),
        note: Some(Text::new("calls back")),
    };
    assert_eq!(read.body, Body::AlertAcknowledged(by));
    check_rejected(
        acknowledged("0a"),
        "alert_without_subject: `alert` is `0a`; an alert's id is subject/digest",
    );
}

#[test]
fn a_report_names_the_parts_it_knows() {
    check_body(
        "engagement_reported",
        r#""agent":"ana","leg":"2","talk":61.5,"hold":-1,"wrap_up":7,"hold_count":-2"#,
        Body::EngagementReported(EngagementReported {
            agent: Id::new("ana"),
            leg: Some(Text::new("2")),
            talk: Some(Span(61_500_000)),
            hold: Some(Span::from_secs(-1)),
            wrap_up: Some(Span::from_secs(7)),
            hold_count: Some(0),
        }),
    );
    check_body(
        "contact_resolved",
        r#""agent":"ana""#,
        Body::ContactResolved(Some(Id::new("ana"))),
    );
    check_body("contact_reopened", "", Body::ContactReopened(None));
}
