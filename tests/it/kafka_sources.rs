//! Source topics that change under a deployment: deleted and created again, cut by retention, hidden by an open transaction.

use std::time::Duration;

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    binary::{Site, create_topic, get},
    broker::{pause, shared},
    process::kafka_settings,
};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

fn admin() -> AdminClient<DefaultClientContext> {
    kafka_settings(&shared().address, "any", "test")
        .client("test")
        .create()
        .unwrap()
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("not within a minute: {what}");
}

/// Writes calls, each of one second after the one before.
fn produce(topic: &str, calls: std::ops::Range<u32>) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &shared().address)
        .create()
        .unwrap();
    send(&producer, topic, calls);
    producer.flush(ANSWER_WITHIN).unwrap();
}

fn send(producer: &BaseProducer, topic: &str, calls: std::ops::Range<u32>) {
    for call in calls {
        let line = format!(
            r#"{{"occurred_at":"2026-03-02T10:{:02}:{:02}Z","source":"acd","type":"contact_queued","contact_id":"c{call}","channel":"voice","queue":"q"}}"#,
            call / 60,
            call % 60
        );
        let record = BaseRecord::<(), _>::to(topic).partition(0).payload(&line);
        producer.send(record).unwrap();
    }
}

fn delete_topic(topic: &str) {
    let admin = admin();
    let results = wait_for(admin.delete_topics(&[topic], &AdminOptions::new())).unwrap();
    results[0].as_ref().unwrap();
    until("the topic is gone", || {
        let metadata = admin.inner().fetch_metadata(None, ANSWER_WITHIN).unwrap();
        metadata.topics().iter().all(|known| known.name() != topic)
    });
}

fn offered(site: &Site) -> u64 {
    let text = get(site.port(0), "/api/v1/entities/all/kpis?window=all").map(|(_, text)| text);
    let answer: Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
    answer["scorecards"][0]["kpis"]["offered"]
        .as_u64()
        .unwrap_or(0)
}

fn until_offered(site: &Site, count: u64) {
    until(&format!("{count} calls are counted"), || {
        offered(site) == count
    });
}

fn metric(site: &Site, series: &str) -> Option<f64> {
    let (_, text) = get(site.port(0), "/metrics")?;
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

fn readiness(site: &Site) -> String {
    get(site.port(0), "/readyz").unwrap().1
}

#[test]
fn a_source_that_was_deleted_and_created_again_is_read_whole() {
    let mut site = Site::new("anew", 1, 1, "");
    let source = site.source();
    site.run_one(0, "work,serve");
    produce(&source, 0..9);
    until_offered(&site, 9);
    // While it runs …
    delete_topic(&source);
    create_topic(&source, 1);
    produce(&source, 100..130);
    until_offered(&site, 39);
    let replaced = format!("floorwalker_source_topics_replaced_total{{topic=\"{source}\"}} ");
    assert_eq!(metric(&site, &replaced), Some(1.0));
    assert!(
        readiness(&site).contains("was deleted and created again"),
        "{}",
        readiness(&site)
    );
    // … and while it stands still.
    site.stop();
    delete_topic(&source);
    create_topic(&source, 1);
    produce(&source, 200..240);
    site.run_one(0, "work,serve");
    until_offered(&site, 79);
    assert_eq!(metric(&site, &replaced), Some(1.0));
    site.end();
}

#[test]
fn records_that_retention_took_are_counted_and_named() {
    let mut site = Site::new("retained", 1, 1, "");
    let source = site.source();
    site.run_one(0, "work,serve");
    produce(&source, 0..10);
    until_offered(&site, 10);
    site.stop();
    produce(&source, 10..20);
    let mut before = TopicPartitionList::new();
    before
        .add_partition_offset(&source, 0, Offset::Offset(15))
        .unwrap();
    let admin = admin();
    wait_for(admin.delete_records(&before, &AdminOptions::new())).unwrap();
    site.run_one(0, "work,serve");
    until_offered(&site, 15);
    let lost = format!("floorwalker_source_records_lost_total{{topic=\"{source}\"}} ");
    assert_eq!(metric(&site, &lost), Some(5.0));
    let body = readiness(&site);
    assert!(
        body.contains("5 records were removed before they were read"),
        "{body}"
    );
    site.end();
}

#[test]
fn what_an_open_transaction_hides_is_counted() {
    let mut site = Site::new("hidden", 1, 1, "");
    let source = site.source();
    site.run_one(0, "work,serve");
    produce(&source, 0..10);
    until_offered(&site, 10);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &shared().address)
        .set("transactional.id", "hidden-test")
        .create()
        .unwrap();
    producer.init_transactions(ANSWER_WITHIN).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, &source, 10..13);
    producer.flush(ANSWER_WITHIN).unwrap();
    let hidden = format!("floorwalker_input_hidden_records{{topic=\"{source}\",partition=\"0\"}} ");
    let lag = format!("floorwalker_input_lag_records{{topic=\"{source}\",partition=\"0\"}} ");
    until("three records are hidden", || {
        metric(&site, &hidden) == Some(3.0)
    });
    assert_eq!(metric(&site, &lag), Some(3.0), "lag counts them");
    assert_eq!(offered(&site), 10);
    producer.commit_transaction(ANSWER_WITHIN).unwrap();
    until_offered(&site, 13);
    until("nothing is hidden", || metric(&site, &hidden) == Some(0.0));
    until("nothing waits", || metric(&site, &lag) == Some(0.0));
    site.end();
}
