//! What people wrote and who they are stays inside: outputs have a keyed hash of the customer, and no prose.

use std::sync::Arc;

use floorwalker_core::{
    engine::{OutTopic, Output, Settings},
    event::line,
    local::Cluster,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::events_settings;
use serde_json::Value;

use crate::agreement::{empty, feed};

const LOG: [&str; 8] = [
    "10:00:00 queued c1 queue=q channel=chat customer=secret-kim reason=invoice",
    "10:00:01 message c1 by=customer text=secret-text",
    "10:00:10 answered c1 agent=ana",
    "10:00:40 message c1 by=agent agent=ana text=secret-answer",
    "10:01:00 ended c1 by=customer",
    "10:01:10 wrap_up_ended c1 agent=ana",
    "10:02:00 survey c1 score=1/1..5 comment=secret-word",
    "10:03:00 queued c2 queue=q channel=chat customer=secret-kim",
];

/// All that was written, when the key of the deployment is this.
fn outputs(key: &str) -> Vec<Output> {
    let mut settings: Settings = (*events_settings(2, 1_400_000_000)).clone();
    settings.contact.privacy_key = key.to_owned();
    let mut cluster: Cluster = empty(&Arc::new(settings));
    let events: Vec<_> = LOG.map(|text| line::parse(text).unwrap()).into();
    assert!(jsonl(&events[6]).contains("secret-word"));
    feed(&mut cluster, &events, 2, 1);
    cluster.end_at(
        line::parse("22:00:00 left c9 why=other")
            .unwrap()
            .occurred_at,
    );
    cluster.run_until_quiet(50).unwrap();
    let outputs = std::mem::take(&mut cluster.outputs).into_iter();
    outputs.map(|(_, output)| output).collect()
}

/// The customers of the contacts, as their last records name them.
fn customers(outputs: &[Output]) -> [String; 2] {
    ["c1", "c2"].map(|contact| {
        let of_contact = |output: &&Output| {
            output.topic == OutTopic::Contacts && output.key.as_deref() == Some(contact.as_bytes())
        };
        let last = outputs.iter().rev().find(of_contact).unwrap();
        let record: Value = serde_json::from_slice(last.payload.as_ref().unwrap()).unwrap();
        record["customer"].as_str().unwrap().to_owned()
    })
}

#[test]
fn no_prose_leaves_and_customers_only_as_a_hash() {
    let outputs = outputs("one key");
    let topics = [OutTopic::Kpis, OutTopic::Contacts, OutTopic::Alerts];
    for topic in topics {
        assert!(outputs.iter().any(|it| it.topic == topic), "{topic:?}");
    }
    for output in &outputs {
        let key = output.key.as_deref().unwrap_or_default();
        let payload = output.payload.as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(&[key, payload].concat()).into_owned();
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn a_customer_has_one_hash_under_a_key_and_another_under_another() {
    let [one, two] = customers(&outputs("one key"));
    assert_eq!(one, two);
    assert!(one.starts_with("h:"), "{one}");
    let [other, _] = customers(&outputs("another key"));
    assert_ne!(one, other);
}
