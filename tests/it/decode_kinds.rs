//! Payloads of messages, reports, tickets, agents' states and acknowledgements.

use floorwalker::event::{
    AgentState, AgentStateChanged, AlertAcknowledged, Author, Body, EngagementReported, Id, Key,
    MessageSent, Span, Text,
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
