//! Tables and properties of the customer's state machine.

use proptest::prelude::*;

use super::{CaseId, Customer, Finality, diff_facts};
use crate::{
    contact::{Case, CaseEnd, FactKind, FirstContact, Judgement, Resolution},
    event::{AgentId, Channel, ContactId, QueueId, Span, Timestamp},
};
use Resolution::{Repeated, Resolved, Unresolved};

const HOUR: i64 = 3_600;
const WEEK: i64 = 168 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn end(seconds: i64, own: Resolution) -> CaseEnd {
    CaseEnd {
        at: at(seconds),
        agent: AgentId::new("ana"),
        queue: Some(QueueId::new("billing")),
        channel: Channel::Voice,
        own,
    }
}

fn case(began: i64, end: Option<CaseEnd>) -> Case {
    Case {
        began_at: at(began),
        reason: None,
        end,
    }
}

fn resolved(began: i64, ended: i64) -> Case {
    case(began, Some(end(ended, Resolved)))
}

/// Returns the resolution of the first of these contacts, provisional and settled.
fn first_of(cases: &[Case], now: i64, fcr: &FirstContact) -> [Option<Resolution>; 2] {
    let mut customer = Customer::default();
    for (number, case) in cases.iter().enumerate() {
        customer.handle_case(id(number), Some(case.clone()), None, fcr);
    }
    customer.handle_timeout(at(now), fcr);
    [customer.resolution(id(0)), customer.confirmed(id(0))]
}

fn id(number: usize) -> CaseId {
    CaseId::of(&format!("c{number}"))
}

#[test]
fn a_contact_is_repeated_by_one_that_begins_within_its_window() {
    let table = [
        (vec![], Resolved),
        (vec![case(59, None)], Resolved),
        (vec![case(60, None)], Repeated),
        (vec![case(60 + WEEK - 1, None)], Repeated),
        (vec![case(60 + WEEK, None)], Resolved),
        (vec![case(10, None), resolved(100, 200)], Repeated),
    ];
    for (others, expected) in table {
        let cases: Vec<Case> = [resolved(0, 60)].into_iter().chain(others).collect();
        let fcr = FirstContact::default();
        let expected = Some(expected);
        assert_eq!(first_of(&cases, 60 + WEEK - 1, &fcr), [expected, None]);
        assert_eq!(first_of(&cases, 60 + WEEK, &fcr), [expected, expected]);
    }
}

#[test]
fn the_resolution_of_the_contact_itself_outranks_a_repeat() {
    let fcr = FirstContact::default();
    let unresolved = case(0, Some(end(60, Unresolved)));
    let cases = [unresolved, case(90, None)];
    assert_eq!(
        first_of(&cases, WEEK * 2, &fcr),
        [Some(Unresolved), Some(Unresolved)]
    );
}

#[test]
fn with_same_reason_only_an_equal_reason_repeats() {
    let fcr = FirstContact {
        same_reason: true,
        ..FirstContact::default()
    };
    let with = |reason, case: Case| Case { reason, ..case };
    let table = [
        (Some(1), Some(1), Repeated),
        (Some(1), Some(2), Resolved),
        (Some(1), None, Resolved),
        (None, None, Repeated),
    ];
    for (one, other, expected) in table {
        let cases = [with(one, resolved(0, 60)), with(other, case(90, None))];
        assert_eq!(
            first_of(&cases, 100, &fcr)[0],
            Some(expected),
            "{one:?} {other:?}"
        );
    }
}

#[test]
fn a_contact_that_turns_out_to_be_anothers_repeats_nothing() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
    customer.handle_case(id(1), Some(case(90, None)), None, &fcr);
    assert_eq!(customer.resolution(id(0)), Some(Repeated));
    customer.handle_case(id(1), None, None, &fcr);
    assert_eq!(customer.resolution(id(0)), Some(Resolved));
}

#[test]
fn evicted_facts_stay_emitted_and_nothing_is_evicted_while_it_can_change() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
    assert_eq!(customer.next_due_at(&fcr), Some(at(60 + WEEK)));
    customer.handle_timeout(at(60 + WEEK), &fcr);
    customer.evict(at(60 + WEEK), &fcr, drop);
    assert!(!customer.is_empty(), "its contact may still send an update");
    customer.handle_expired(id(0));
    assert_eq!(customer.next_eviction_at(&fcr), Some(at(60 + WEEK)));
    customer.evict(at(60 + WEEK), &fcr, drop);
    assert!(customer.is_empty());
}

#[test]
fn a_repeating_contact_is_kept_as_long_as_the_one_that_it_repeats() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
    customer.handle_case(id(1), Some(case(90, None)), None, &fcr);
    customer.handle_expired(id(1));
    let long_after = at(10 * WEEK);
    customer.handle_timeout(long_after, &fcr);
    customer.evict(long_after, &fcr, drop);
    assert_eq!(customer.next_due_at(&fcr), None);
    customer.handle_timeout(long_after, &fcr);
    assert_eq!(customer.confirmed(id(0)), Some(Repeated));
    customer.handle_expired(id(0));
    customer.evict(long_after, &fcr, drop);
    assert!(customer.is_empty());
}

#[test]
fn an_id_that_stands_for_many_customers_does_not_grow_without_limit() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    for number in 0..500 {
        let began = i64::try_from(number).unwrap() * HOUR;
        customer.handle_case(id(number), Some(resolved(began, began + 60)), None, &fcr);
        customer.evict(at(began), &fcr, drop);
    }
    assert!(customer.to_image().len() < 5_000);
    assert_eq!(customer.resolution(id(499)), Some(Resolved));
    assert_eq!(customer.resolution(id(498)), Some(Repeated));
}

#[test]
fn a_customer_of_one_contact_takes_few_bytes() {
    let mut customer = Customer::default();
    let fcr = FirstContact::default();
    customer.handle_case(
        id(0),
        Some(resolved(1_700_000_000, 1_700_000_300)),
        None,
        &fcr,
    );
    customer.armed_at = customer.next_due_at(&fcr);
    let bytes = customer.to_image().len();
    assert!(bytes <= 64, "{bytes}");
}

/// Returns the judgements sent to `c0` in a step from one state to the other.
fn judgements(before: &Customer, after: &mut Customer, now: i64) -> Vec<Judgement> {
    let finality = Finality {
        window: Span::from_secs(WEEK),
        lateness: Span::from_secs(600),
    };
    let mut sent = Vec::new();
    after.emit_judgements(before, Some(at(now)), finality, |judged| {
        assert_eq!((judged.contact.as_str(), judged.round), ("c0", 3));
        sent.push(judged.judgement);
    });
    sent
}

#[test]
fn a_contact_receives_only_what_it_cannot_know_itself_and_the_final_judgement_once() {
    let fcr = FirstContact::default();
    let settled = |resolution| Judgement {
        settled: Some(resolution),
        repeated: resolution == Repeated,
    };
    let table = [(None, settled(Resolved)), (Some(90), settled(Repeated))];
    for (again, final_judgement) in table {
        let mut customer = Customer::default();
        customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
        customer.subscribe(&ContactId::new("c0"), 3);
        assert_eq!(judgements(&Customer::default(), &mut customer, 60), []);
        let mut before = customer.clone();
        if let Some(began) = again {
            customer.handle_case(id(1), Some(case(began, None)), None, &fcr);
            let repeated = Judgement {
                repeated: true,
                settled: None,
            };
            assert_eq!(judgements(&before, &mut customer, began), [repeated]);
        }
        let due = 60 + WEEK + 600;
        for (now, expected) in [
            (due - 1, vec![]),
            (due, vec![final_judgement]),
            (due + 1, vec![]),
        ] {
            before.clone_from(&customer);
            customer.handle_timeout(at(now), &fcr);
            assert_eq!(judgements(&before, &mut customer, now), expected, "{now}");
        }
    }
}

#[test]
fn above_the_limit_the_oldest_contacts_are_judged_as_they_are() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    let mut received = Vec::new();
    for number in 0..150 {
        let began = i64::try_from(number).unwrap() * HOUR;
        customer.handle_case(id(number), Some(resolved(began, began + 60)), None, &fcr);
        customer.subscribe(&ContactId::new(&format!("c{number}")), 0);
        customer.evict(at(began), &fcr, |judged| {
            received.push((judged.contact, judged.judgement.settled));
        });
    }
    assert_eq!(received.len(), 50);
    assert_eq!(received[0], (ContactId::new("c0"), Some(Repeated)));
}

/// A few contacts that begin and end on a coarse grid, so that ties are common.
fn cases() -> impl Strategy<Value = Vec<Case>> {
    let own = prop_oneof![Just(Resolved), Just(Repeated), Just(Unresolved)];
    let one = (
        0..8_i64,
        prop::option::of((0..8_i64, own)),
        prop::option::of(0..2_u32),
    );
    let case = one.prop_map(|(began, ended, reason)| Case {
        began_at: at(began * WEEK / 4),
        reason,
        end: ended.map(|(length, resolution)| end((began + length) * WEEK / 4, resolution)),
    });
    prop::collection::vec(case, 1..6)
}

/// Sums of the emitted facts, by time and kind.
#[derive(Default, PartialEq, Debug)]
struct Emitted(Vec<(Timestamp, String, i64)>);

impl Emitted {
    fn add(&mut self, before: &Customer, after: &Customer, fcr: &FirstContact) {
        diff_facts(before, after, fcr, |fact, sign| {
            let kind: FactKind = fact.kind;
            let key = format!("{kind:?} {:?}", fact.audience);
            let known =
                (self.0.iter_mut()).find(|(at, name, _)| (*at, &**name) == (fact.at, &*key));
            match known {
                Some((.., sum)) => *sum += sign,
                None => self.0.push((fact.at, key, sign)),
            }
        });
        self.0.retain(|(.., sum)| *sum != 0);
        self.0.sort();
    }
}

proptest! {
    #[test]
    fn any_order_repetition_and_detour_end_in_the_same_state(
        cases in cases(),
        order in prop::collection::vec((0..6_usize, any::<bool>()), 0..20),
        same_reason: bool,
    ) {
        let fcr = FirstContact { same_reason, window: Span::from_secs(WEEK), ..FirstContact::default() };
        let (mut straight, mut sums) = (Customer::default(), Emitted::default());
        for (number, case) in cases.iter().enumerate() {
            straight.handle_case(id(number), Some(case.clone()), None, &fcr);
        }
        straight.handle_timeout(at(2 * WEEK), &fcr);
        sums.add(&Customer::default(), &straight, &fcr);
        let (mut detour, mut emitted) = (Customer::default(), Emitted::default());
        let mut now = 0;
        let last = (0..cases.len()).rev().map(|number| (number, true));
        for (number, present) in order.into_iter().chain(last) {
            let before = detour.clone();
            now = (now + WEEK / 8).min(2 * WEEK);
            if let Some(case) = cases.get(number) {
                detour.handle_case(id(number), present.then(|| case.clone()), Some(at(now)), &fcr);
            }
            emitted.add(&before, &detour, &fcr);
        }
        let before = detour.clone();
        detour.handle_timeout(at(2 * WEEK), &fcr);
        emitted.add(&before, &detour, &fcr);
        prop_assert_eq!(&straight, &detour);
        prop_assert_eq!(sums, emitted);
        prop_assert_eq!(Customer::from_image(&straight.to_image()).unwrap(), straight);
    }
}
