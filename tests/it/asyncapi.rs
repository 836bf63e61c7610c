//! The AsyncAPI document describes the topics that there are.

use std::collections::{BTreeMap, BTreeSet};

use floorwalker::kafka::topics::Topic;
use floorwalker_core::{engine::OutTopic, schema::RECORDS};
use floorwalker_testkit::harness::schema;

#[test]
fn the_asyncapi_document_has_all_topics_that_are_for_others() {
    let document = schema("asyncapi.json");
    let channels = document["channels"].as_object().unwrap().values();
    let described = channels.map(|channel| channel["address"].as_str().unwrap());
    let described: BTreeSet<String> = described.map(str::to_owned).collect();
    let of_others = (Topic::ALL.into_iter()).filter(|topic| match topic {
        Topic::Tasks | Topic::Exchange | Topic::State | Topic::Notifications => false,
        Topic::Alerts
        | Topic::Kpis
        | Topic::Contacts
        | Topic::Scorecards
        | Topic::Recognition
        | Topic::Acknowledgements
        | Topic::Silences
        | Topic::Directory
        | Topic::DeadLetters => true,
    });
    let topics = of_others.map(|topic| topic.name("{prefix}"));
    let topics: BTreeSet<String> = topics.chain(["{source}".to_owned()]).collect();
    assert_eq!(described, topics);
    let of_records = RECORDS.map(|kind| (kind.name, format!("{{prefix}}.{}", kind.topic)));
    let of_outputs = [
        ("alert", OutTopic::Alerts),
        ("kpi", OutTopic::Kpis),
        ("contact", OutTopic::Contacts),
        ("scorecard", OutTopic::Scorecards),
        ("recognition", OutTopic::Recognitions),
    ];
    let of_outputs = of_outputs.map(|(kind, output)| (kind, Topic::from(output).name("{prefix}")));
    assert_eq!(BTreeMap::from(of_records), BTreeMap::from(of_outputs));
}
