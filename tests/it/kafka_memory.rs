//! A process that reads back takes no more memory than the one that read on.

use std::{fs, time::Duration};

use floorwalker::kafka::{KafkaSettings, topics::Topic};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    binary::{Site, get},
    broker::{pause, print_line, shared},
};

const ENTITIES: usize = 300;
/// How often each entity's record is replaced: as a day of beats does.
const TIMES: usize = 1_000;

/// Of `/proc/PID/status`, in bytes.
fn memory(process: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB").trim();
    kilobytes.parse::<f64>().unwrap() * 1_024.0
}

/// Writes records that replace each other, as a deployment does, compressed as it does.
fn write(prefix: &str) -> String {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &shared().address)
        .set("compression.type", "zstd")
        .set("compression.level", "1")
        .set("linger.ms", "50")
        .create()
        .unwrap();
    let text = fs::read_to_string("tests/data/kpi-record.json").unwrap();
    let mut record: Value = serde_json::from_str(&text).unwrap();
    let window = record["window"].as_str().unwrap().to_owned();
    let topic = Topic::Kpis.name(prefix);
    let mut clock = String::new();
    for time in 0..TIMES {
        let (hours, rest) = (time / 3_600, time % 3_600);
        clock = format!("2026-11-22T{hours:02}:{:02}:{:02}Z", rest / 60, rest % 60);
        record["clock"] = clock.as_str().into();
        for entity in 0..ENTITIES {
            let name = format!("agent:a{entity}");
            record["entity"] = name.as_str().into();
            let (key, payload) = (format!("{name}/{window}"), record.to_string());
            loop {
                let sent = BaseRecord::to(&topic)
                    .partition((entity % 4) as i32)
                    .key(&key)
                    .payload(&payload);
                if producer.send(sent).is_ok() {
                    break;
                }
                producer.poll(Duration::from_millis(5));
            }
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    clock
}

/// Until the process shows all records as of `clock`.
fn wait_for(port: u16, clock: &str) {
    let mut page = String::new();
    for _ in 0..1_200 {
        let found = get(port, "/api/v1/entities");
        page = found.map_or_else(String::new, |(_, text)| text);
        if page.matches(clock).count() == ENTITIES {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("no {clock} in {page}");
}

/// Returns the memory of a process as soon as it is at most `bytes`, or after a while: what is freed goes back to the system little by
/// little.
fn settled(process: u32, bytes: f64) -> f64 {
    let mut found = memory(process, "VmRSS:");
    for _ in 0..30 {
        if found <= bytes {
            break;
        }
        pause(Duration::from_secs(1));
        found = memory(process, "VmRSS:");
    }
    found
}

/// 300,000 records of 300 keys, half a gigabyte unpacked.
#[test]
fn a_restart_takes_the_memory_of_the_process_before_it() {
    let mut site = Site::new("memory", 4, 2, "");
    site.run_one(0, "serve");
    wait_for_answer(site.port(0));
    let clock = write(&site.prefix);
    wait_for(site.port(0), &clock);
    pause(Duration::from_secs(2));
    let before = memory(site.process(0), "VmRSS:");
    site.run_one(1, "serve");
    wait_for(site.port(1), &clock);
    let most = memory(site.process(1), "VmHWM:");
    let after = settled(site.process(1), 1.3 * before);
    let in_mb = [before, most, after].map(|bytes| (bytes / 1e6).round());
    print_line(format_args!(
        "{in_mb:?} MB before the restart, at most after it, and then"
    ));
    let ahead = KafkaSettings::READ_BACK_BYTES_MAX as f64;
    assert!(most <= 1.3 * before + ahead, "{in_mb:?} MB");
    assert!(after <= 1.3 * before, "{in_mb:?} MB");
    site.end();
}

fn wait_for_answer(port: u16) {
    for _ in 0..900 {
        if get(port, "/readyz").is_some_and(|(status, _)| status == 200) {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("not ready");
}
