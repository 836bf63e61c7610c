//! What no record of Kafka can hold stops nothing: it is cut, or named, and the rest goes on.

use std::time::Duration;

use floorwalker::kafka::topics::Topic;
use floorwalker_core::engine::{CUT_PAYLOAD_BYTES, sha256};
use floorwalker_testkit::harness::{self};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    binary::{Site, create_topic_with, floorwalker, refusal, stdout},
    broker::{Broker, address, pause},
    readback::{Seen, read_all},
};

/// Beyond what our topics take, and what a producer with the usual settings can send.
const HUGE: usize = 20 << 20;

fn send(topic: &str, payloads: &[Vec<u8>]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .set("message.max.bytes", "100000000")
        .create()
        .unwrap();
    for (number, payload) in payloads.iter().enumerate() {
        let record = BaseRecord::<[u8], [u8]>::to(topic)
            .partition(number as i32 % 4)
            .key(b"key".as_slice())
            .payload(payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

fn events(count: usize) -> Vec<Vec<u8>> {
    let lines = harness::call_center_lines();
    lines
        .into_iter()
        .take(count)
        .map(String::into_bytes)
        .collect()
}

fn huge() -> Vec<u8> {
    (0..HUGE).map(|place| b'a' + (place % 23) as u8).collect()
}

fn site(prefix: &str) -> Site {
    let site = Site::without_topics(prefix, 1, "");
    create_topic_with(&site.source(), 4, &[("max.message.bytes", "40000000")]);
    stdout(&["topics", "create", "--config", &site.config(0)]);
    site
}

fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_current_thread().build();
    built.unwrap()
}

fn admin() -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address()).create().unwrap()
}

fn dead_letters(site: &Site, arguments: &[&str]) -> String {
    let config = site.config(0);
    stdout(&[&["dead-letters"], arguments, &["--config", &config]].concat())
}

/// The source forgets all that it holds.
fn forget(topic: &str) {
    let mut list = TopicPartitionList::new();
    for partition in 0..4 {
        let added = list.add_partition_offset(topic, partition, Offset::End);
        added.unwrap();
    }
    let admin = admin();
    let deleted = admin.delete_records(&list, &AdminOptions::new());
    runtime().block_on(deleted).unwrap();
}

#[test]
fn a_record_beyond_every_limit_is_a_cut_letter_and_nothing_waits_for_it() {
    let mut site = site("huge");
    let mut records = events(200);
    records.insert(100, huge());
    send(&site.source(), &records);
    site.run();
    site.wait_until_ready();
    site.assert_balance(201);
    assert_eq!(site.events("dead_lettered"), 1);
    site.wait_until_ready();

    let listed = dead_letters(&site, &["list", "--each", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["reason"], "too_large");
    assert_eq!(listed["cut"]["parts"], "payload");
    assert_eq!(listed["cut"]["bytes"], HUGE);
    assert_eq!(listed["cut"]["sha256"], sha256(&huge()));
    assert_eq!(listed["payload"].as_str().unwrap().len(), CUT_PAYLOAD_BYTES);
    let place = listed["place"].as_str().unwrap();
    let shown = dead_letters(&site, &["show", place]);
    assert!(shown.contains("still in `huge.calls`"), "{shown}");
    let config = site.config(0);
    let whole = [
        "dead-letters",
        "show",
        place,
        "--payload",
        "--config",
        &config,
    ];
    let written = floorwalker(&whole).output().unwrap().stdout;
    assert!(written == huge(), "{} bytes", written.len());

    let sent = dead_letters(&site, &["retry", "--all"]);
    assert_eq!(
        sent,
        "too_large: sent 1 letter, 20,971,520 bytes; 0 were sent before\n"
    );
    site.assert_balance(202);
    let is_huge = |it: &&Seen| it.payload.as_deref() == Some(&huge());
    assert_eq!(read_all(&site.source()).iter().filter(is_huge).count(), 2);
    let took = site.terminate();
    assert!(took < Duration::from_secs(10), "{took:?}");

    forget(&site.source());
    let lost = dead_letters(&site, &["show", place]);
    let part = "no longer holds its record at partition";
    assert!(lost.contains(part), "{lost}");
    let (printed, _) = refusal(&whole);
    let digest = format!("SHA-256 {}", sha256(&huge()));
    assert!(printed.contains(&digest), "{printed}");
    site.end();
}

fn limit(topic: &str, bytes: &str) {
    let resource = ResourceSpecifier::Topic(topic);
    let change = AlterConfig::new(resource)
        .set("max.message.bytes", bytes)
        .set("cleanup.policy", "delete");
    let done = runtime().block_on(admin().alter_configs([&change], &AdminOptions::new()));
    done.unwrap()[0].as_ref().unwrap();
}

/// Whatever the cause: a step that can't be committed is named, the other tasks go on, and mended it goes on by itself.
#[test]
fn a_step_that_can_not_be_committed_is_named_and_blocks_no_other_task() {
    let mut site = site("stuck");
    site.run();
    site.wait_until_ready();
    let letters = Topic::DeadLetters.name(&site.prefix);
    limit(&letters, "10000");
    let mut all = events(40);
    // More than the topic takes now, however it is compressed.
    let noise = (0..60_000).map(|_| rand::random_range(33..127)).collect();
    all.insert(20, noise);
    send(&site.source(), &all);

    let answer = site.wait_for("/readyz", 60, |status, text| {
        status == 503 && text.contains("can't commit step")
    });
    let named = format!("bytes for `{letters}`");
    assert!(
        answer.contains(&named) && answer.contains("raise the topic's limit"),
        "{answer}"
    );
    site.wait_for("/healthz", 1, |status, _| status == 200);
    // The others read on.
    let before = site.events("read");
    send(&site.source(), &all[..20]);
    for _ in 0..600 {
        if site.events("read") >= before + 10 {
            break;
        }
        pause(Duration::from_millis(100));
    }
    assert!(
        site.events("read") >= before + 10,
        "{}",
        site.folder().display()
    );
    limit(&letters, "16777216");
    site.wait_for("/readyz", 60, |status, _| status == 200);
    site.assert_balance(61);
    let of_noise = |it: &&Seen| it.payload.as_ref().is_some_and(|it| it.len() == 60_000);
    assert_eq!(read_all(&letters).iter().filter(of_noise).count(), 1);

    limit(&letters, "10000");
    send(&site.source(), &all[20..21]);
    site.wait_for("/readyz", 60, |status, text| {
        status == 503 && text.contains("can't commit step")
    });
    let took = site.terminate();
    assert!(took < Duration::from_secs(10), "{took:?}");
    site.end();
}

/// On a broker of its own: what it holds is large.
#[test]
fn many_large_records_are_read_in_steps_that_can_be_written() {
    let _broker = Broker::start_own();
    let mut site = site("heap");
    let large = |number: usize| {
        let mut payload = vec![b'x'; 3 << 20];
        payload[..8].copy_from_slice(&number.to_be_bytes());
        payload
    };
    let all: Vec<_> = (0..40).map(large).collect();
    send(&site.source(), &all);
    site.run();
    site.assert_balance(40);
    let letters = read_all(&Topic::DeadLetters.name(&site.prefix));
    assert_eq!(letters.len(), 40);
    assert!(
        letters
            .iter()
            .all(|it| it.payload.as_ref().is_some_and(|it| it.len() == 3 << 20))
    );
    site.wait_for("/readyz", 30, |status, _| status == 200);
    site.end();
}
