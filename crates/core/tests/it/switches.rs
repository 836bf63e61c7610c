//! What is switched off leaves everything else as it was.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    engine::{InputId, OutTopic, Settings},
    event::Event,
    local::Cluster,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{
    harness::{SETTINGS_WALL, events_settings},
    voice::VoiceWorld,
};

fn events() -> Vec<Event> {
    VoiceWorld {
        contacts: 150,
        customers: 40,
        ..VoiceWorld::default()
    }
    .events()
}

/// Returns the last record of each key, as text.
fn last_records(
    events: &[Event],
    change: impl FnOnce(&mut Settings),
) -> BTreeMap<(OutTopic, Option<Vec<u8>>), String> {
    let mut settings = Settings::clone(&events_settings(2, 100_000_000));
    change(&mut settings);
    let mut cluster = Cluster::new(&Arc::new(settings), SETTINGS_WALL).unwrap();
    let input = InputId {
        source: 0,
        partition: 0,
    };
    cluster.add_input(input);
    for event in events {
        cluster.feed(input, jsonl(event).into_bytes());
    }
    cluster.run_until_quiet(1_000).unwrap();
    let outputs = cluster.outputs.iter();
    outputs
        .filter_map(|(_, output)| {
            let payload = output.payload.clone()?;
            let text = String::from_utf8(payload).unwrap();
            Some(((output.topic, output.key.clone()), text))
        })
        .collect()
}

#[test]
fn without_contact_records_all_other_records_are_the_same() {
    let mut with = last_records(&events(), |_| {});
    let without = last_records(&events(), |settings| settings.contact_records = false);
    let all = with.len();
    with.retain(|(topic, _), _| *topic != OutTopic::Contacts);
    assert!(with.len() + 100 < all, "{all}");
    assert_eq!(with, without);
}

#[test]
fn without_first_contact_resolution_all_records_are_as_if_nobody_was_named() {
    let nameless: Vec<Event> = events()
        .into_iter()
        .map(|event| Event {
            customer: None,
            ..event
        })
        .collect();
    let expected = last_records(&nameless, |_| {});
    let found = last_records(&events(), |settings| {
        settings.contact.first_contact.enabled = false;
    });
    assert_ne!(expected, last_records(&events(), |_| {}));
    assert_eq!(expected, found);
}
