//! What is owed for what is written: by the fold, in any order, and by the recount.

use floorwalker_core::{
    contact::{Contact, ContactSettings, Measure, Opens, Policy, Verdict},
    event::{Channel, Event, Span, Timestamp, line},
};
use floorwalker_testkit::reference;

const CLOCK: &str = "12:00:00 ended x by=system";

/// One policy of each measure of conversations: 60 s, 60 s and an hour.
fn settings(opens: Opens) -> ContactSettings {
    let policy = |measure, seconds| Policy {
        name: short_name(measure).to_owned(),
        channel: None,
        opens,
        ..Policy::standard(measure, Channel::Email, Span::from_secs(seconds), 0.9)
    };
    ContactSettings {
        policies: vec![
            policy(Measure::FirstResponse, 60),
            policy(Measure::NextResponse, 60),
            policy(Measure::Resolution, 3_600),
        ],
        ..ContactSettings::default()
    }
}

fn short_name(measure: Measure) -> &'static str {
    match measure {
        Measure::FirstResponse => "first",
        Measure::NextResponse => "next",
        Measure::Resolution => "resolution",
        Measure::Accept | Measure::Answer => "",
    }
}

fn recounted(opens: Opens) -> reference::Settings {
    let policy = |measure, name: &str, seconds| reference::Policy {
        name: name.to_owned(),
        channel: None,
        opens: match opens {
            Opens::Contact => reference::Opens::Contact,
            Opens::Queued => reference::Opens::Queued,
        },
        ..reference::Policy::new(Channel::Email, measure, Span::from_secs(seconds))
    };
    reference::Settings {
        policies: vec![
            policy(reference::Measure::FirstResponse, "first", 60),
            policy(reference::Measure::NextResponse, "next", 60),
            policy(reference::Measure::Resolution, "resolution", 3_600),
        ],
        ..reference::Settings::default()
    }
}

fn time(at: Timestamp) -> String {
    at.to_string().get(11..19).unwrap().to_owned()
}

fn fold(events: &[Event], settings: &ContactSettings, clock: Timestamp) -> Contact {
    let mut contact = Contact::default();
    for event in events {
        contact.handle_event(event.clone(), None, settings);
    }
    contact.handle_timeout(clock, Timestamp::MIN, settings);
    contact
}

/// `first 10:00:00 met 10:00:30 ana`, sorted.
fn folded(events: &[Event], settings: &ContactSettings, clock: Timestamp) -> Vec<String> {
    let contact = fold(events, settings, clock);
    let shown = contact.fold.obligations.iter().map(|it| {
        let outcome = it.decided.map_or("open".to_owned(), |decided| {
            let verdict = match decided.verdict {
                Verdict::Met => "met",
                Verdict::Missed => "missed",
                Verdict::Excluded => "excluded",
            };
            format!("{verdict} {}", time(decided.at))
        });
        let agent = it.agent.as_ref().map_or("-", |agent| agent.as_str());
        let name = short_name(it.owed.measure());
        format!("{name} {} {outcome} {agent}", time(it.opened_at))
    });
    sorted(shown.collect())
}

fn looked_up(events: &[Event], settings: &reference::Settings, clock: Timestamp) -> Vec<String> {
    let recount = reference::recount(events, settings, clock);
    let shown = recount.obligations.iter().map(|it| {
        let outcome = it.decided_at.map_or("open".to_owned(), |at| {
            format!("{:?} {}", it.outcome, time(at)).to_lowercase()
        });
        let agent = it.agent.as_ref().map_or("-", |agent| agent.as_str());
        format!("{} {} {outcome} {agent}", it.policy, time(it.opened_at))
    });
    sorted(shown.collect())
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

/// Checks what is owed by 12:00:00 in a log of emails, unless a line has another channel.
fn check_opening(opens: Opens, log: &str, expect: &[&str]) {
    let mut events = line::parse_all(log).unwrap();
    if let Some(first) = events.first_mut() {
        first.channel = first.channel.or(Some(Channel::Email));
    }
    let clock = line::parse(CLOCK).unwrap().occurred_at;
    let expect = sorted(expect.iter().map(|it| (*it).to_owned()).collect());
    assert_eq!(
        looked_up(&events, &recounted(opens), clock),
        expect,
        "recount of {log}"
    );
    let settings = settings(opens);
    assert_eq!(folded(&events, &settings, clock), expect, "{log}");
    events.reverse();
    assert_eq!(
        folded(&events, &settings, clock),
        expect,
        "backwards: {log}"
    );
}

fn check(log: &str, expect: &[&str]) {
    check_opening(Opens::Contact, log, expect);
}

#[test]
fn a_first_response_is_an_agents_first_public_message() {
    check(
        "10:00:00 message c1 by=customer
         10:00:30 message c1 by=agent agent=ana",
        &["first 10:00:00 met 10:00:30 ana"],
    );
}

#[test]
fn exactly_at_the_limit_is_in_time_and_later_changes_nothing() {
    check(
        "10:00:00 message c1 by=customer
         10:01:00 message c1 by=agent agent=ana",
        &["first 10:00:00 met 10:01:00 ana"],
    );
    check(
        "10:00:00 message c1 by=customer
         10:01:00.000001 message c1 by=agent agent=ana",
        &["first 10:00:00 missed 10:01:00 -"],
    );
}

#[test]
fn a_bot_never_answers() {
    check(
        "10:00:00 message c1 by=customer
         10:00:01 message c1 by=bot
         10:00:02 message c1 by=system
         10:00:50 message c1 by=agent agent=ana",
        &["first 10:00:00 met 10:00:50 ana"],
    );
}

#[test]
fn a_bots_greeting_is_no_first_message_of_our_side() {
    check(
        "09:59:00 message c1 by=bot
         10:00:00 message c1 by=customer
         10:00:50 message c1 by=agent agent=ana",
        &["first 10:00:00 met 10:00:50 ana"],
    );
}

#[test]
fn a_private_note_counts_for_nothing() {
    check(
        "10:00:00 message c1 by=customer public=false
         10:00:05 message c1 by=customer
         10:00:10 message c1 by=agent agent=bo public=false
         10:00:50 message c1 by=agent agent=ana",
        &["first 10:00:05 met 10:00:50 ana"],
    );
}

#[test]
fn nothing_is_owed_first_where_our_side_wrote_first() {
    check(
        "10:00:00 message c1 by=agent agent=ana
         10:05:00 message c1 by=customer
         10:05:30 message c1 by=agent agent=bo",
        &["next 10:05:00 met 10:05:30 bo"],
    );
}

#[test]
fn an_outbound_contact_is_owed_no_response() {
    check(
        "10:00:00 queued c1 queue=q direction=outbound
         10:05:00 message c1 by=customer
         10:05:30 message c1 by=agent agent=bo",
        &[],
    );
}

#[test]
fn the_wait_opens_a_first_response_if_it_comes_first() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 message c1 by=customer
         10:00:20 message c1 by=agent agent=ana",
        &[
            "first 10:00:00 met 10:00:20 ana",
            "resolution 10:00:00 missed 11:00:00 -",
        ],
    );
}

#[test]
fn with_opens_queued_messages_to_a_bot_do_not_count() {
    check_opening(
        Opens::Queued,
        "10:00:00 message c1 by=customer
         10:00:01 message c1 by=bot
         10:05:00 queued c1 queue=q
         10:05:20 message c1 by=agent agent=ana",
        &[
            "first 10:05:00 met 10:05:20 ana",
            "resolution 10:05:00 missed 11:05:00 -",
        ],
    );
}

#[test]
fn on_voice_the_answer_is_the_first_response() {
    check(
        "10:00:00 queued c1 queue=q channel=voice
         10:00:05 message c1 by=agent agent=bo
         10:00:20 answered c1 agent=ana
         10:30:00 resolved c1",
        &[
            "first 10:00:00 met 10:00:20 ana",
            "resolution 10:00:00 met 10:30:00 ana",
        ],
    );
}

#[test]
fn next_response_is_one_a_turn() {
    check(
        "10:00:00 message c1 by=customer
         10:00:30 message c1 by=agent agent=ana
         10:10:00 message c1 by=customer
         10:10:20 message c1 by=customer
         10:10:40 message c1 by=agent agent=bo
         10:10:50 message c1 by=agent agent=bo
         10:20:00 message c1 by=customer",
        &[
            "first 10:00:00 met 10:00:30 ana",
            "next 10:10:00 met 10:10:40 bo",
            "next 10:20:00 missed 10:21:00 -",
        ],
    );
}

#[test]
fn a_miss_is_of_whoever_talks_when_it_is_due() {
    let log = |talk: &str| {
        format!(
            "10:00:00 message c1 by=customer
             {talk}
             10:02:00 message c1 by=agent agent=eve"
        )
    };
    let missed = |agent| format!("first 10:00:00 missed 10:01:00 {agent}");
    for (talk, agent) in [
        ("10:00:10 answered c1 agent=ana", "ana"),
        (
            "10:00:10 answered c1 agent=ana
             10:00:20 answered c1 agent=bo",
            "bo",
        ),
        (
            "10:00:10 answered c1 agent=ana
             10:01:00 transferred c1 agent=ana",
            "-",
        ),
        (
            "10:00:10 answered c1 agent=ana
             10:01:00.000001 transferred c1 agent=ana",
            "ana",
        ),
    ] {
        check(&log(talk), &[&missed(agent)]);
    }
}

#[test]
fn a_response_is_no_longer_owed_when_the_contact_is_over() {
    check(
        "10:00:00 message c1 by=customer
         10:00:30 ended c1 by=customer
         10:00:40 message c1 by=customer",
        &["first 10:00:00 excluded 10:00:30 -"],
    );
    check(
        "10:00:00 message c1 by=customer
         10:00:30 resolved c1 agent=ana
         10:00:40 message c1 by=customer",
        &["first 10:00:00 excluded 10:00:30 ana"],
    );
}

#[test]
fn an_abandon_in_time_is_excluded_and_stops_the_resolution_but_an_end_does_not() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:30 ended c1 by=customer
         10:20:00 resolved c1 agent=ana",
        &[
            "first 10:00:00 excluded 10:00:30 -",
            "resolution 10:00:00 excluded 10:00:30 -",
        ],
    );
    check(
        "10:00:00 queued c1 queue=q
         10:00:30 ended c1 by=agent
         10:20:00 resolved c1 agent=ana",
        &[
            "first 10:00:00 excluded 10:00:30 -",
            "resolution 10:00:00 met 10:20:00 ana",
        ],
    );
}

#[test]
fn a_move_to_another_queue_ends_no_response_but_a_flow_out_does() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:30 queued c1 queue=r
         10:00:40 message c1 by=agent agent=ana
         10:01:00 resolved c1",
        &[
            "first 10:00:00 met 10:00:40 ana",
            "resolution 10:00:00 met 10:01:00 -",
        ],
    );
    check(
        "10:00:00 queued c1 queue=q
         10:00:30 left c1 why=callback
         10:00:40 message c1 by=agent agent=ana
         10:01:00 resolved c1",
        &[
            "first 10:00:00 excluded 10:00:30 -",
            "resolution 10:00:00 met 10:01:00 -",
        ],
    );
}

#[test]
fn a_reopening_owes_a_response_and_a_resolution_if_none_runs() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 message c1 by=agent agent=ana
         10:10:00 resolved c1 agent=ana
         10:20:00 message c1 by=customer
         10:20:00 reopened c1
         10:20:10 message c1 by=customer
         10:20:30 message c1 by=agent agent=bo
         10:30:00 ended c1 by=agent
         10:40:00 reopened c1
         10:50:00 resolved c1 agent=bo",
        &[
            "first 10:00:00 met 10:00:10 ana",
            "resolution 10:00:00 met 10:10:00 ana",
            "next 10:20:00 met 10:20:30 bo",
            "resolution 10:20:00 met 10:50:00 bo",
            "next 10:40:00 missed 10:41:00 -",
        ],
    );
}

#[test]
fn reopening_what_is_not_over_changes_nothing() {
    check(
        "10:00:00 message c1 by=customer
         10:00:10 reopened c1
         10:00:20 message c1 by=agent agent=ana",
        &["first 10:00:00 met 10:00:20 ana"],
    );
}

#[test]
fn a_rate_of_first_responses_counts_each_contact_once() {
    let settings = ContactSettings {
        policies: ["one", "two"]
            .map(|name| Policy {
                name: name.to_owned(),
                ..settings(Opens::Contact).policies[0].clone()
            })
            .to_vec(),
        ..ContactSettings::default()
    };
    let events = line::parse_all("10:00:00 message c1 by=customer channel=sms").unwrap();
    let clock = line::parse(CLOCK).unwrap().occurred_at;
    let mut rated = Vec::new();
    let contact = fold(&events, &settings, clock);
    floorwalker_core::contact::diff_facts(&Default::default(), &contact.fold, |fact, sign| {
        if let floorwalker_core::contact::FactKind::FirstResponse { met } = fact.kind {
            rated.push((met, sign));
        }
    });
    assert_eq!(rated, [(false, 1)]);
}
