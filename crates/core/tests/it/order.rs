//! The order of events: ids by value, and at one instant a matter of the set of events, not of their delivery.

use floorwalker_core::{
    contact::{Contact, ContactSettings},
    event::{EventId, line},
};

#[test]
fn ids_are_compared_with_their_numbers_by_value() {
    let in_order = [
        "",
        "1",
        "1-2",
        "1-10",
        "1a",
        "2",
        "007",
        "07",
        "7",
        "10",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "100000000000000000000000000",
        "a",
        "a0",
        "a1b2",
        "a1b10",
        "a01c",
        "a1c",
        "a2",
        "b",
        "ä1",
        "ä10",
        "٢٠",
        "٣",
    ];
    for (place, one) in in_order.iter().enumerate() {
        for (other_place, other) in in_order.iter().enumerate() {
            let found = EventId::new(one).cmp_by_value(&EventId::new(other));
            assert_eq!(found, place.cmp(&other_place), "{one:?} and {other:?}");
        }
    }
}

/// Every order in which these can arrive.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = permutations(last);
    let with_last = shorter.iter().flat_map(|places| {
        (0..count).map(move |place| {
            let mut longer = places.clone();
            longer.insert(place, last);
            longer
        })
    });
    with_last.collect()
}

fn check_every_arrival(log: &str) {
    let events = line::parse_all(log).unwrap();
    let mut first = None;
    for places in permutations(events.len()) {
        let mut contact = Contact::default();
        for place in &places {
            contact.handle_event(events[*place].clone(), None, &ContactSettings::default());
        }
        let first = first.get_or_insert_with(|| contact.fold.clone());
        assert_eq!(*first, contact.fold, "{places:?} of {log}");
    }
}

#[test]
fn a_contact_is_the_same_in_whatever_order_events_of_one_instant_arrive() {
    check_every_arrival(
        "10:00:00 queued c1 queue=q channel=voice
         10:00:10 offered c1 agent=bo sequence=3
         10:00:10 answered c1 agent=ana sequence=1
         10:00:10 declined c1 agent=bo cause=missed sequence=4
         10:00:10 ended c1 by=customer sequence=2
         10:00:10 hold_started c1 agent=ana",
    );
}

#[test]
fn a_late_event_without_a_sequence_gives_an_instant_the_order_of_rows() {
    let settings = ContactSettings::default();
    let mut contact = Contact::default();
    let log = line::parse_all(
        "10:00:00 queued c1 queue=q channel=voice
         10:00:10 ended c1 by=customer sequence=1
         10:00:10 answered c1 agent=ana sequence=2
         10:00:10 hold_started c1 agent=ana",
    );
    let skews: Vec<u32> = (log.unwrap().into_iter())
        .map(|event| {
            contact.handle_event(event, None, &settings);
            contact.fold.clock_skews
        })
        .collect();
    assert_eq!(
        skews,
        [0, 0, 1, 0],
        "an answer behind the end, until the last"
    );
}

#[test]
fn contents_of_one_id_that_arrive_in_any_order_leave_the_same_contact() {
    check_every_arrival(
        "10:00:00 queued c1 queue=q channel=voice
         10:00:10 answered c1 agent=ana id=b sequence=7
         10:00:10 ended c1 by=customer id=b sequence=5
         10:00:10 left c1 why=timeout id=b
         10:00:10 offered c1 agent=ana sequence=6
         10:00:10 ended c1 by=system sequence=4",
    );
}
