//! One record in twenty is rubbish: each ends in the dead letters byte for byte, and the figures don't notice.

use floorwalker_testkit::harness::{self};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use floorwalker::kafka::topics::Topic;
use rand::{Rng as _, RngCore as _, SeedableRng as _, rngs::StdRng};
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
    types::RDKafkaErrorCode,
};
use serde_json::{Value, json};

use crate::{
    binary::Site,
    broker::{address, pause},
    kafka_golden::{CALLS, replayed, wait_for_kpis},
    readback::{Seen, read_all},
};

const SEED: u64 = 5;
const PARTITIONS: i32 = 5;
/// Before the eighth event of a partition it has no clock that an event could be late by.
const CLEAN_LINES: usize = 200;

type Headers = Vec<(String, Option<Vec<u8>>)>;

/// A record to be sent, and the reason why it can't be used.
#[derive(Debug)]
struct Sent {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Headers,
    reason: Option<&'static str>,
}

/// A good event, made bad.
fn spoil(line: &str, number: usize, random: &mut StdRng) -> (Option<Vec<u8>>, &'static str) {
    let with = |field: &str, value: Value| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["event_id"] = json!(format!("bad-{number}"));
        event[field] = value;
        Some(event.to_string().into_bytes())
    };
    let noise = |length: usize, source: &mut StdRng| {
        let mut noise = vec![0; length];
        source.fill_bytes(&mut noise);
        // No text begins with this, whatever follows.
        noise[0] = 0xFF;
        Some(noise)
    };
    match number % 26 {
        0 => (with("contact_id", json!(7)), "wrong_type"),
        1 => (with("type", json!(["contact_ended"])), "wrong_type"),
        2 => (with("occurred_at", json!({})), "wrong_type"),
        3 => (with("contact_id", json!("")), "empty_id"),
        4 => (with("contact_id", json!("x".repeat(300))), "too_long"),
        5 => (with("contact_id", Value::Null), "missing_field"),
        6 => (with("channel", json!("pigeon")), "unknown_word"),
        7 => (with("occurred_at", json!("yesterday")), "invalid_time"),
        8 => (with("occurred_at", json!("2001-02-03T04:05:06Z")), "late"),
        9 => (with("occurred_at", json!("2150-01-01T00:00:00Z")), "future"),
        10 => (with("occurred_at", json!(1e300)), "wrong_type"),
        number @ 11..18 => (
            with("occurred_at", absurd_time(number)),
            "time_out_of_range",
        ),
        18 => (
            line.get(..line.len() / 2)
                .map(|half| half.as_bytes().to_vec()),
            "invalid_json",
        ),
        19 => (Some(br#"[{"contact_id":"c"}]"#.to_vec()), "not_an_object"),
        20 => (Some(b"null".to_vec()), "not_an_object"),
        21 => (
            Some(line.replace("contact", "\u{0}\u{1}").into_bytes()),
            "invalid_json",
        ),
        22 => {
            let mut bytes = line.as_bytes().to_vec();
            let place = random.random_range(0..bytes.len());
            bytes[place] = 0xC3;
            bytes.insert(place, 0xC3);
            (Some(bytes), "invalid_utf8")
        }
        23 => (Some(Vec::new()), "invalid_json"),
        24 => (None, "tombstone"),
        _ if number % 78 == 25 => (noise(1_000_000, random), "too_large"),
        _ => (noise(random.random_range(1..5_000), random), "invalid_utf8"),
    }
}

fn absurd_time(number: usize) -> Value {
    match number {
        12 => json!("1970-01-01T00:00:00Z"),
        13 => json!(0),
        14 => json!(-1),
        15 => json!("0001-01-01T00:00:00Z"),
        16 => json!(253_402_300_799_000_i64),
        _ => json!(i64::MIN),
    }
}

fn headers(random: &mut StdRng) -> Headers {
    let header = |kind: u32| match kind {
        0 => ("trace".to_owned(), Some(vec![0xFF, 0x00, 0xC3])),
        1 => ("trace".to_owned(), Some(b"again".to_vec())),
        2 => ("nothing".to_owned(), None),
        _ => ("empty".to_owned(), Some(Vec::new())),
    };
    (0..random.random_range(0..4))
        .map(|_| header(random.random_range(0..4)))
        .collect()
}

fn key(line: &str, random: &mut StdRng) -> Option<Vec<u8>> {
    match random.random_range(0..4) {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(vec![0x00, 0xFE, 0xFF]),
        _ => Some(line.as_bytes()[..20].to_vec()),
    }
}

/// The call center, one bad record for nineteen good ones.
fn records(random: &mut StdRng) -> Vec<Sent> {
    let mut records = Vec::new();
    for (number, line) in harness::call_center_lines().into_iter().enumerate() {
        if number >= CLEAN_LINES && number % 19 == 0 {
            let (payload, reason) = spoil(&line, number / 19, random);
            records.push(Sent {
                key: key(&line, random),
                payload,
                headers: headers(random),
                reason: Some(reason),
            });
        }
        // Which no version knows, or this one does not count.
        if number % 1_000 == 999 {
            let mut event: Value = serde_json::from_str(&line).unwrap();
            event["type"] = json!("coffee_brewed");
            records.push(good(event.to_string(), random));
        }
        records.push(good(line, random));
    }
    records
}

fn good(line: String, random: &mut StdRng) -> Sent {
    Sent {
        key: key(&line, random),
        payload: Some(line.into_bytes()),
        headers: headers(random),
        reason: None,
    }
}

/// Sends all, at any partition; each record with where it came to lie.
fn send(topic: &str, records: Vec<Sent>, random: &mut StdRng) -> BTreeMap<(i32, i64), Sent> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .set("enable.idempotence", "true")
        .set("message.max.bytes", "1048588")
        .create()
        .unwrap();
    let mut next = [0; 5];
    let mut sent = BTreeMap::new();
    for it in records {
        let partition = random.random_range(0..PARTITIONS);
        let headers = it.headers.iter();
        let headers = headers.fold(OwnedHeaders::new(), |headers, (key, value)| {
            let value = value.as_deref();
            headers.insert(Header { key, value })
        });
        let mut record = BaseRecord::<[u8], [u8]>::to(topic)
            .partition(partition)
            .headers(headers);
        record.key = it.key.as_deref();
        record.payload = it.payload.as_deref();
        while let Err((error, back)) = producer.send(record) {
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            assert!(full, "{error}");
            record = back;
            producer.poll(Duration::from_millis(5));
        }
        let offset = &mut next[usize::try_from(partition).unwrap()];
        sent.insert((partition, *offset), it);
        *offset += 1;
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    sent
}

/// The five headers that were added, and those that the record had.
fn split(letter: &Seen) -> (BTreeMap<&str, String>, Headers) {
    let (original, added) = letter.headers.split_at(letter.headers.len() - 5);
    let text = |value: &Option<Vec<u8>>| String::from_utf8(value.clone().unwrap()).unwrap();
    let added = added.iter();
    let added =
        added.map(|(name, value)| (name.strip_prefix("floorwalker-").unwrap(), text(value)));
    (added.collect(), original.to_vec())
}

fn assert_letter(letter: &Seen, sent: &BTreeMap<(i32, i64), Sent>, topic: &str) -> (i32, i64) {
    let (added, original) = split(letter);
    let place = (
        added["partition"].parse().unwrap(),
        added["offset"].parse().unwrap(),
    );
    let record = &sent[&place];
    assert_eq!(added["topic"], topic);
    assert_eq!(Some(added["reason"].as_str()), record.reason, "{added:?}");
    assert!(added["sentence"].len() > 10, "{added:?}");
    assert!(letter.payload == record.payload, "{place:?}: {added:?}");
    assert_eq!(letter.key, record.key, "{place:?}");
    assert_eq!(original, record.headers, "{place:?}");
    place
}

#[test]
fn each_bad_record_is_a_dead_letter_byte_for_byte_and_all_figures_are_right() {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut site = Site::new("garbage", PARTITIONS, 2, "");
    let expected = replayed(CALLS.as_ref(), site.folder());
    let records = records(&mut random);
    let skipped = harness::call_center_lines().len() / 1_000;
    let sent = send(&site.source(), records, &mut random);
    let bad: BTreeSet<(i32, i64)> = (sent.iter())
        .filter(|(_, record)| record.reason.is_some())
        .map(|(place, _)| *place)
        .collect();
    eprintln!(
        "seed {SEED}: {} of {} records are bad",
        bad.len(),
        sent.len()
    );
    site.run();
    let differ = wait_for_kpis(&site, &expected);
    assert!(differ.is_empty(), "{}: {differ}", site.folder().display());
    let mut letters = Vec::new();
    // The last may be committed after the last figure.
    for _ in 0..120 {
        pause(Duration::from_millis(500));
        letters = read_all(&Topic::DeadLetters.name(&site.prefix));
        if letters.len() >= bad.len() {
            break;
        }
    }
    assert_eq!(letters.len(), bad.len());
    let topic = site.source();
    let found: BTreeSet<_> = letters
        .iter()
        .map(|letter| assert_letter(letter, &sent, &topic))
        .collect();
    assert_eq!(found, bad);
    site.assert_balance(sent.len() as u64);
    assert_eq!(site.events("dead_lettered"), bad.len() as u64);
    assert_eq!(site.events("skipped"), skipped as u64);
    site.end();
}
