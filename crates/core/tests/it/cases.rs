//! Small inputs that once gave wrong figures, with the right ones: each through the engine and the recount.

use std::fs;

use floorwalker_core::decode::{Decoded, decode};
use floorwalker_testkit::harness::data;
use serde_json::Value;

use crate::{
    rules::faults,
    worlds::{Arrival, Promise, Terms, records},
};

/// Lays numbers of the records of `tests/data/cases/FILE` beside the right ones: `queue:q`, or `queue:q/1h`, and a number by its path.
fn check(file: &str, expected: &[(&str, &str, f64)]) {
    check_by(&Terms::default(), file, expected);
}

/// The same by other settings than the page's.
fn check_by(terms: &Terms, file: &str, expected: &[(&str, &str, f64)]) {
    let text = fs::read_to_string(data("cases").join(file)).unwrap();
    let event = |line: &str| match decode(line.as_bytes()) {
        Ok(Decoded::Event(event)) => Arrival::Event(event.into(), 0),
        other => panic!("{file}: {line}: {other:?}"),
    };
    let mut arrivals: Vec<Arrival> = text.lines().map(event).collect();
    arrivals.push(Arrival::Stop(None));
    let (agreed, found) = records(terms, &arrivals);
    assert!(agreed.is_ok(), "{file}: {}", agreed.unwrap_err());
    for (entity, path, value) in expected {
        let (name, window) = entity.split_once('/').unwrap_or((entity, "all"));
        let record = found.get(&(name.to_owned(), window.to_owned()));
        let record = record.unwrap_or_else(|| panic!("{file}: no record of {entity}"));
        let number = record.pointer(&format!("/kpis/{}", path.replace('.', "/")));
        let number = number.and_then(Value::as_f64);
        assert_eq!(number, Some(*value), "{file}: {entity} {path}");
    }
}

#[test]
fn a_callback_is_its_waits() {
    check(
        "callback.jsonl",
        &[
            ("queue:q", "callbacks.asked", 1.0),
            ("queue:q", "callbacks.reached", 1.0),
            ("queue:q", "callbacks.time.mean", 1_145.0),
            ("queue:q", "left", 1.0),
            ("queue:q", "outbound.attempts", 0.0),
            ("agent:ana", "handled", 1.0),
            ("agent:ana", "handled_outbound", 0.0),
            ("agent:ana", "aht.mean", 330.0),
            ("agent:ana", "fcr.resolved", 1.0),
        ],
    );
}

#[test]
fn who_is_only_called_back_is_handled_resolved_and_surveyed() {
    check(
        "callback-only.jsonl",
        &[
            ("agent:bo", "handled", 1.0),
            ("agent:bo", "fcr.resolved", 1.0),
            ("agent:bo", "csat.n", 1.0),
            ("agent:bo", "csat.mean", 0.0),
            ("agent:bo", "csat_response.value", 1.0),
            ("queue:q", "callbacks.asked", 1.0),
            ("queue:q", "callbacks.reached", 1.0),
            ("queue:q", "callbacks.time.n", 1.0),
            ("queue:q", "callbacks.time.mean", 485.0),
        ],
    );
}

#[test]
fn a_wait_that_is_called_back_leaves_nothing_unresolved() {
    check(
        "callback-fcr.jsonl",
        &[
            ("agent:ana", "fcr.resolved", 1.0),
            ("agent:ana", "fcr.unresolved", 0.0),
            ("agent:bo", "handled", 1.0),
            ("agent:bo", "csat.mean", 1.0),
            ("agent:bo", "resolved_said.value", 1.0),
            ("queue:r", "callbacks.asked", 1.0),
            ("queue:r", "callbacks.reached", 1.0),
            ("queue:r", "callbacks.time.mean", 485.0),
            ("agent:bo", "callbacks.time.mean", 485.0),
        ],
    );
}

#[test]
fn attempts_are_counted_by_their_outcome() {
    check(
        "dialer.jsonl",
        &[
            ("all", "outbound.attempts", 3.0),
            ("all", "outbound.answered", 1.0),
            ("all", "outbound.silent", 1.0),
            ("all", "outbound.unreached", 1.0),
            ("all", "abandoned", 0.0),
            ("agent:ana", "handled_outbound", 1.0),
        ],
    );
}

#[test]
fn a_thread_that_is_queued_again_is_repeated() {
    check(
        "thread-again.jsonl",
        &[
            ("agent:ana", "fcr.num", 0.0),
            ("agent:ana", "fcr.den", 1.0),
            ("agent:ana", "fcr.repeated", 1.0),
        ],
    );
}

/// One policy alone, written as in `rules.txt`.
fn promised(policy: &str) -> Terms {
    let mut terms = Terms::default();
    let promise = Promise::parse(policy.split(' '));
    terms.settings.contact.policies = vec![promise.policy()];
    terms.recounted.policies = vec![promise.recounted()];
    terms
}

#[test]
fn a_mail_takes_as_long_as_our_turn() {
    check(
        "email-overnight.jsonl",
        &[
            ("agent:ana", "handled", 1.0),
            ("agent:ana", "incomplete", 0.0),
            ("agent:ana", "aht.n", 1.0),
            ("agent:ana", "aht.mean", 300.0),
            ("queue:q", "aht.mean", 300.0),
        ],
    );
}

#[test]
fn a_resolution_that_names_nobody_is_the_last_engageds() {
    check_by(
        &promised("name=res measure=resolution seconds=3600"),
        "res-noagent.jsonl",
        &[
            ("agent:ana", "sla.res.num", 1.0),
            ("agent:ana", "sla.res.den", 1.0),
            ("all", "sla.res.num", 1.0),
        ],
    );
}

#[test]
fn what_is_pending_is_not_late() {
    check_by(
        &promised("name=res measure=resolution seconds=3600"),
        "pending.jsonl",
        &[
            ("agent:ana", "sla.res.num", 1.0),
            ("agent:ana", "sla.res.den", 1.0),
        ],
    );
}

#[test]
fn what_a_bot_puts_off_is_promised_from_the_handoff() {
    check_by(
        &promised("name=next measure=next_response seconds=120 opens=queued"),
        "handoff_next.jsonl",
        &[
            ("all", "sla.next.num", 1.0),
            ("all", "sla.next.den", 1.0),
            ("queue:m", "sla.next.num", 1.0),
        ],
    );
}

/// The events of a file, and the code of each line that is none.
fn read(name: &str) -> (Vec<Arrival>, Vec<&'static str>) {
    let path = data("cases").join(name);
    let text = fs::read(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let (mut arrivals, mut rejected) = (Vec::new(), Vec::new());
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|it| !it.is_empty())
    {
        match decode(line) {
            Ok(Decoded::Event(event)) => arrivals.push(Arrival::Event(Box::new(event), 0)),
            Ok(Decoded::Unknown(kind)) => panic!("{name}: no kind {kind}"),
            Err(fault) => rejected.push(fault.code.name()),
        }
    }
    (arrivals, rejected)
}

/// The same by a table like those of `tests/data/rules.txt`, without events; `table` may have settings (`: …`) and a `clock`.
fn check_table(name: &str, table: &str) {
    let (arrivals, rejected) = read(name);
    assert_eq!(rejected, [""; 0], "{name}");
    let lines: Vec<&str> = table.lines().map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let faults = faults(&lines, arrivals);
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

#[test]
fn ids_with_numbers_are_compared_by_value() {
    check_table(
        "state-ids.jsonl",
        "clock 2025-03-10T11:00:00Z
         agent:ana > occupancy.occupied 60, occupancy.available 3540",
    );
}

#[test]
fn states_of_one_second_without_ids_go_through_the_cycle() {
    let agents = (0..40)
        .map(|agent| format!("agent:g{agent} > occupancy.occupied 60, occupancy.available 3540\n"));
    let table = format!("clock 2025-03-10T11:00:00Z\n{}", agents.collect::<String>());
    check_table("state-noid40.jsonl", &table);
}

#[test]
fn who_rang_beside_the_winner_in_the_second_of_the_answer_missed_nothing() {
    check_table(
        "queue_log_seconds.jsonl",
        "all > answered 1, offer_miss 0/1
         agent:2004 > offer_miss 0/1, sla.voice accept 1/1
         agent:2005 > offer_miss 0/0, sla.voice accept 0/0, sla.voice accept.excluded 1",
    );
}

#[test]
fn who_rang_beside_the_winner_and_came_back_after_the_answer_missed_nothing() {
    check_table(
        "ringall.jsonl",
        "all > answered 1, offer_miss 0/1
         agent:a > offer_miss 0/1
         agent:b > offer_miss 0/0
         agent:c > offer_miss 0/0",
    );
}

#[test]
fn a_report_does_not_make_its_own_delay_a_wrap_up() {
    check_table(
        "report-wrap.jsonl",
        "agent:ana > handled 1, incomplete 1, aht.n 0, aht.mean -",
    );
}

#[test]
fn a_report_that_names_no_part_is_no_event() {
    let (arrivals, rejected) = read("report-empty.jsonl");
    assert!(arrivals.is_empty());
    assert_eq!(rejected, ["report_without_part"]);
}

#[test]
fn a_report_with_a_leg_is_of_the_answer_without_one() {
    check_table(
        "report-leg.jsonl",
        "agent:bo > handled 0, aht.n 0
         clock 2025-03-10T11:30:00Z",
    );
}

#[test]
fn who_is_available_on_a_call_is_occupied() {
    check_table(
        "available_on_contact.jsonl",
        "agent:ana > occupancy.occupied 630, occupancy.available 570, occupancy.value 0.525, aht.mean 630
         all > occupancy.occupied 630, occupancy.available 570
         clock 2026-11-02T10:30:00Z",
    );
}

#[test]
fn an_outbound_call_beside_a_chat_makes_two_at_once() {
    check(
        "conc-out.jsonl",
        &[
            ("agent:ana", "concurrency", 2.0),
            ("all", "concurrency", 2.0),
            ("agent:ana", "handled_outbound", 1.0),
        ],
    );
}

#[test]
fn a_second_disposition_corrects_the_first() {
    check_table(
        "dispo-corrected.jsonl",
        "agent:ana > resolved_said 0/1, fcr 0/1, fcr.unresolved 1, handled 1, aht.wrap 25",
    );
}
