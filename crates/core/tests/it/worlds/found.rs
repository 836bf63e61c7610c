//! What worlds have found, as small tables: the engine and the recount agree, and a figure is as docs/numbers.md defines it.

use floorwalker_core::event::{Span, Timestamp, line};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;

use super::{counting, made::Arrival, terms::Terms};

/// A line is an event, or where all is compared: `compared`, or `compared at TIME`. Then follow figures of the last record.
fn last(terms: &Terms, log: &str, entity: &str, path: &str) -> Value {
    let arrivals: Vec<Arrival> = log.lines().map(|it| arrival(it.trim())).collect();
    let (compared, records) = counting::records(terms, &arrivals);
    compared.unwrap_or_else(|differs| panic!("{differs}"));
    let record = &records[&(entity.to_owned(), "all".to_owned())];
    record["kpis"].pointer(path).cloned().unwrap_or_default()
}

fn arrival(line: &str) -> Arrival {
    match line.strip_prefix("compared") {
        None => Arrival::Event(Box::new(line::parse(line).unwrap()), 0),
        Some("") => Arrival::Stop(None),
        Some(at) => Arrival::Stop(Some(
            Timestamp::parse(at.trim_start_matches(" at ")).unwrap(),
        )),
    }
}

#[test]
fn what_a_late_event_made_due_is_emitted_at_once() {
    let log = "10:09:00 state ana state=available
        compared
        10:00:00 declined c1 agent=ana cause=missed channel=voice
        compared
        10:00:10 offered c1 agent=ana
        compared";
    let missed = last(
        &Terms::default(),
        log,
        "agent:ana",
        "/sla/voice accept/missed",
    );
    assert_eq!(missed, 1);
}

#[test]
fn a_contact_is_remembered_until_nothing_of_it_can_come() {
    // Its age was up at 10:00:00, but what is four minutes late had occurred before.
    let log = "10:00:00 offered c1 agent=ana channel=chat
        compared
        2026-11-23T10:03:00Z state ana state=available
        compared
        2026-11-23T09:59:00Z queued c1 queue=q
        compared";
    let missed = last(&Terms::default(), log, "queue:q", "/sla/chat answer/missed");
    assert_eq!(missed, 1);
}

#[test]
fn what_is_reported_at_the_instant_of_the_end_comes_after_it() {
    let mut terms = Terms::default();
    terms.settings.contact.first_contact.transfer_breaks = true;
    terms.recounted.fcr.transfer_breaks = true;
    let log = "10:00:00 queued c1 queue=q channel=voice customer=k1
        10:00:05 answered c1 agent=ana
        10:01:00 ended c1 by=customer
        10:01:00 reported c1 agent=bo talk=5
        compared";
    assert_eq!(last(&terms, log, "queue:q", "/fcr/resolved"), 1);
}

#[test]
fn who_is_at_risk_has_a_record_before_anything_is_decided() {
    // 24 h for a first response; 18 h are three quarters of it.
    let log = "10:00:00 message c1 by=customer channel=email queue=q
        compared at 2026-11-23T04:00:00Z";
    let at_risk = last(&Terms::default(), log, "queue:q", "/live/at_risk");
    assert_eq!(at_risk, 1);
}

#[test]
fn who_is_remembered_does_not_depend_on_delivery() {
    let log = "10:00:00 queued c1 queue=q channel=chat
        10:50:00 message c1 by=customer
        11:40:00 message c1 by=customer
        13:00:00 queued c1 queue=r
        13:30:00 answered c1 agent=ana";
    let mut terms = Terms::default();
    terms.settings.tasks = 2;
    terms.age_to(Span::from_secs(3_600));
    let mut lines: Vec<&str> = log.lines().map(str::trim).collect();
    let random = &mut StdRng::seed_from_u64(1);
    for _ in 0..300 {
        lines.shuffle(random);
        let mut arrive = |text: &&str| {
            let event = line::parse(text).unwrap();
            Arrival::Event(Box::new(event), random.random_range(0..2))
        };
        let mut arrivals: Vec<Arrival> = lines.iter().map(&mut arrive).collect();
        arrivals.push(Arrival::Stop(None));
        let (compared, records) = counting::records(&terms, &arrivals);
        compared.unwrap_or_else(|differs| panic!("{arrivals:#?}: {differs}"));
        let of = |queue: &str| &records[&(queue.to_owned(), "all".to_owned())]["kpis"];
        assert_eq!(of("queue:q")["offered"], 1, "{arrivals:#?}");
        assert_eq!(of("queue:q")["answered"], 0, "{arrivals:#?}");
        assert_eq!(of("queue:r")["answered"], 1, "{arrivals:#?}");
    }
}
