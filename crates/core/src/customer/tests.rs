//! Tables and laws of the customer's machine.

use proptest::prelude::*;

use super::{Answering, CaseId, Customer, diff_facts};
use crate::{
    contact::{Case, CaseEnd, FirstContact, Judgement, Resolution, What},
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

/// What becomes of the first of these contacts, provisionally and when its time is up.
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
fn a_contact_is_repeated_by_one_that_begins_from_its_end_to_just_before_its_time_is_up() {
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
fn what_the_contact_says_of_itself_goes_before_a_repeat() {
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
fn what_is_forgotten_stays_told_and_nothing_is_forgotten_while_it_can_change() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
    assert_eq!(customer.next_due_at(&fcr), Some(at(60 + WEEK)));
    customer.handle_timeout(at(60 + WEEK), &fcr);
    customer.forget(at(60 + WEEK), &fcr, drop);
    assert!(!customer.is_empty(), "its contact may still say something");
    customer.handle_let_go(id(0));
    assert_eq!(customer.next_forgotten_at(&fcr), Some(at(60 + WEEK)));
    customer.forget(at(60 + WEEK), &fcr, drop);
    assert!(customer.is_empty());
}

#[test]
fn who_repeats_another_is_remembered_as_long_as_that_one() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
    customer.handle_case(id(1), Some(case(90, None)), None, &fcr);
    customer.handle_let_go(id(1));
    let long_after = at(10 * WEEK);
    customer.handle_timeout(long_after, &fcr);
    customer.forget(long_after, &fcr, drop);
    assert_eq!(customer.next_due_at(&fcr), None);
    customer.handle_timeout(long_after, &fcr);
    assert_eq!(customer.confirmed(id(0)), Some(Repeated));
    customer.handle_let_go(id(0));
    customer.forget(long_after, &fcr, drop);
    assert!(customer.is_empty());
}

#[test]
fn an_id_that_stands_for_many_customers_does_not_grow_without_limit() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    for number in 0..500 {
        let began = i64::try_from(number).unwrap() * HOUR;
        customer.handle_case(id(number), Some(resolved(began, began + 60)), None, &fcr);
        customer.forget(at(began), &fcr, drop);
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

/// What `c0` is told in a step from one state to the other.
fn told(before: &Customer, after: &mut Customer, now: i64) -> Vec<Judgement> {
    let answering = Answering {
        window: Span::from_secs(WEEK),
        lateness: Span::from_secs(600),
    };
    let mut told = Vec::new();
    after.answer(before, Some(at(now)), answering, |judged| {
        assert_eq!((judged.contact.as_str(), judged.round), ("c0", 3));
        told.push(judged.judgement);
    });
    told
}

#[test]
fn a_contact_hears_only_what_it_cannot_know_itself_and_the_last_word_once() {
    let fcr = FirstContact::default();
    let settled = |resolution| Judgement {
        settled: Some(resolution),
        repeated: resolution == Repeated,
    };
    let table = [(None, settled(Resolved)), (Some(90), settled(Repeated))];
    for (again, last_word) in table {
        let mut customer = Customer::default();
        customer.handle_case(id(0), Some(resolved(0, 60)), None, &fcr);
        customer.introduce(&ContactId::new("c0"), 3);
        assert_eq!(told(&Customer::default(), &mut customer, 60), []);
        let mut before = customer.clone();
        if let Some(began) = again {
            customer.handle_case(id(1), Some(case(began, None)), None, &fcr);
            let repeated = Judgement {
                repeated: true,
                settled: None,
            };
            assert_eq!(told(&before, &mut customer, began), [repeated]);
        }
        let due = 60 + WEEK + 600;
        for (now, expected) in [(due - 1, vec![]), (due, vec![last_word]), (due + 1, vec![])] {
            before.clone_from(&customer);
            customer.handle_timeout(at(now), &fcr);
            assert_eq!(told(&before, &mut customer, now), expected, "{now}");
        }
    }
}

#[test]
fn of_too_many_contacts_the_oldest_hear_that_they_are_judged_as_they_are() {
    let fcr = FirstContact::default();
    let mut customer = Customer::default();
    let mut heard = Vec::new();
    for number in 0..150 {
        let began = i64::try_from(number).unwrap() * HOUR;
        customer.handle_case(id(number), Some(resolved(began, began + 60)), None, &fcr);
        customer.introduce(&ContactId::new(&format!("c{number}")), 0);
        customer.forget(at(began), &fcr, |judged| {
            heard.push((judged.contact, judged.judgement.settled));
        });
    }
    assert_eq!(heard.len(), 50);
    assert_eq!(heard[0], (ContactId::new("c0"), Some(Repeated)));
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
        end: ended.map(|(length, said)| end((began + length) * WEEK / 4, said)),
    });
    prop::collection::vec(case, 1..6)
}

/// The sums of what was told, by time and kind.
#[derive(Default, PartialEq, Debug)]
struct Told(Vec<(Timestamp, String, i64)>);

impl Told {
    fn add(&mut self, before: &Customer, after: &Customer, fcr: &FirstContact) {
        diff_facts(before, after, fcr, |fact, sign| {
            let what: What = fact.what;
            let key = format!("{what:?} {:?}", fact.audience);
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
    fn any_order_any_repetition_and_any_detour_end_the_same(
        cases in cases(),
        order in prop::collection::vec((0..6_usize, any::<bool>()), 0..20),
        same_reason: bool,
    ) {
        let fcr = FirstContact { same_reason, window: Span::from_secs(WEEK), ..FirstContact::default() };
        let (mut straight, mut sums) = (Customer::default(), Told::default());
        for (number, case) in cases.iter().enumerate() {
            straight.handle_case(id(number), Some(case.clone()), None, &fcr);
        }
        straight.handle_timeout(at(2 * WEEK), &fcr);
        sums.add(&Customer::default(), &straight, &fcr);
        let (mut detour, mut told) = (Customer::default(), Told::default());
        let mut now = 0;
        let last = (0..cases.len()).rev().map(|number| (number, true));
        for (number, present) in order.into_iter().chain(last) {
            let before = detour.clone();
            now = (now + WEEK / 8).min(2 * WEEK);
            if let Some(case) = cases.get(number) {
                detour.handle_case(id(number), present.then(|| case.clone()), Some(at(now)), &fcr);
            }
            told.add(&before, &detour, &fcr);
        }
        let before = detour.clone();
        detour.handle_timeout(at(2 * WEEK), &fcr);
        told.add(&before, &detour, &fcr);
        prop_assert_eq!(&straight, &detour);
        prop_assert_eq!(sums, told);
        prop_assert_eq!(Customer::from_image(&straight.to_image()).unwrap(), straight);
    }
}
