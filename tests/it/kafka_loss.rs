//! `exchange` or `state` is gone: the deployment refuses to start, names what is lost, and goes on once that is accepted.

use floorwalker_testkit::harness::{self};
use std::{collections::BTreeMap, fs, time::Duration};

use floorwalker::kafka::topics::Topic;
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
};
use serde_json::Value;

use crate::{
    binary::{Site, floorwalker, get, refusal, stdout},
    broker::{pause, shared},
    process::kafka_settings,
};

const TASKS: i32 = 4;

/// The lines of some contacts, in order of time.
fn part(range: std::ops::Range<usize>) -> Vec<String> {
    let mut by_contact: BTreeMap<String, usize> = BTreeMap::new();
    let lines = harness::call_center_lines();
    let contact = |line: &String| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["contact_id"].as_str().unwrap().to_owned()
    };
    let mut kept = Vec::new();
    for line in &lines {
        let next = by_contact.len();
        let number = *by_contact.entry(contact(line)).or_insert(next);
        if range.contains(&number) {
            kept.push(line.clone());
        }
    }
    kept
}

fn load(site: &Site, lines: &[String]) {
    let path = site.folder().join("part.jsonl");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let (file, topic) = (path.display().to_string(), site.source());
    stdout(&[
        "load",
        &file,
        "--topic",
        &topic,
        "--config",
        &site.config(0),
    ]);
}

/// Until so many more events were read and all were used.
fn wait_for_events(site: &Site, before: u64, lines: &[String]) {
    let wanted = before + lines.len() as u64;
    for _ in 0..600 {
        if site.events("applied") == wanted {
            return;
        }
        pause(Duration::from_millis(100));
    }
    let folder = site.folder().display();
    panic!(
        "{} applied, {wanted} expected: {folder}",
        site.events("applied")
    );
}

fn assert_accounted(site: &Site) {
    let outcomes = ["applied", "repeated", "skipped", "dead_lettered", "lost"];
    let counted: u64 = outcomes.into_iter().map(|it| site.events(it)).sum();
    assert_eq!(site.events("read"), counted);
    assert_eq!(site.events("forwarded"), site.events("received"));
}

fn admin() -> (AdminClient<DefaultClientContext>, tokio::runtime::Runtime) {
    let kafka = kafka_settings(&shared().address, "any", "setup");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    (kafka.client("test").create().unwrap(), runtime.unwrap())
}

/// Removes all records of a topic, as retention would.
fn delete_records(topic: &str) {
    let (admin, runtime) = admin();
    let consumer: BaseConsumer = kafka_settings(&shared().address, "any", "setup")
        .client("test")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..TASKS {
        let ends = consumer.fetch_watermarks(topic, partition, Duration::from_secs(10));
        let end = Offset::Offset(ends.unwrap().1);
        list.add_partition_offset(topic, partition, end).unwrap();
    }
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    runtime
        .block_on(admin.delete_records(&list, &options))
        .unwrap();
}

fn delete_topic(topic: &str) {
    let (admin, runtime) = admin();
    let deleted = runtime.block_on(admin.delete_topics(&[topic], &AdminOptions::new()));
    deleted.unwrap()[0].as_ref().unwrap();
    for _ in 0..100 {
        let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10));
        if (metadata.unwrap().topics().iter()).all(|known| known.name() != topic) {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{topic} is still there");
}

/// Waits until a process is not ready and its log names the remedy.
fn assert_refuses(site: &mut Site, cause: &str) {
    site.run();
    let log = site.folder().join("0.log");
    for _ in 0..600 {
        let logged = fs::read_to_string(&log).unwrap();
        if logged.contains(cause) {
            assert!(logged.contains("floorwalker accept-loss"), "{logged}");
            let ready = get(site.port(0), "/readyz").map(|(status, _)| status);
            assert_eq!(ready, Some(503));
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("no `{cause}` in {}", log.display());
}

/// Returns the output of `accept-loss`, once the group knows that no process runs any more.
fn accept(site: &Site) -> String {
    let config = site.config(0);
    for _ in 0..60 {
        let mut command = floorwalker(&["accept-loss", "--config", &config, "--yes"]);
        let output = command.output().unwrap();
        if output.status.success() {
            return String::from_utf8(output.stdout).unwrap();
        }
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(printed.contains("stop all processes first"), "{printed}");
        pause(Duration::from_secs(1));
    }
    panic!("the group does not become empty");
}

#[test]
fn a_deployment_goes_on_without_lost_frames_and_without_a_lost_state() {
    let mut site = Site::new("loss", TASKS, 1, "");
    let config = site.config(0);
    let (first, second, third) = (part(0..600), part(650..1_200), part(1_250..1_800));
    let offered = |lines: &[String]| {
        let queued = lines.iter().filter(|line| line.contains("contact_queued"));
        queued.count() as u64
    };
    let (first_offered, third_offered) = (offered(&first), offered(&third));
    load(&site, &first);
    site.run();
    site.wait_until_ready();
    wait_for_events(&site, 0, &first);
    // Of all of them a step is committed.
    assert_offered(&site, first_offered);
    let nothing = floorwalker(&["accept-loss", "--config", &config])
        .output()
        .unwrap();
    let running = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(running.contains("stop all processes first"), "{running}");

    go_on_without_frames(&mut site, &second);
    go_on_without_state(&mut site, &third);
    assert_offered(&site, third_offered);
    site.end();
}

/// What a process had sent when it was killed is in the exchange alone.
fn go_on_without_frames(site: &mut Site, second: &[String]) {
    site.kill();
    delete_records(&Topic::Exchange.name(&site.prefix));
    assert_refuses(site, " lost");
    site.kill();
    let frames = accept(site);
    assert!(
        frames.contains("loses what other tasks have sent it"),
        "{frames}"
    );
    assert!(!frames.contains("loses its state"), "{frames}");
    site.run();
    site.wait_until_ready();
    let before_second = site.events("applied");
    load(site, second);
    wait_for_events(site, before_second, second);
    assert_accounted(site);
}

fn go_on_without_state(site: &mut Site, third: &[String]) {
    let config = site.config(0);
    site.stop();
    let state = Topic::State.name(&site.prefix);
    delete_topic(&state);
    let (missing, _) = refusal(&["run", "--config", &config]);
    assert!(
        missing.contains(&format!("topic `{state}` does not exist")),
        "{missing}"
    );
    stdout(&["topics", "create", "--config", &config]);
    assert_refuses(site, "state log of task");
    site.kill();
    let (unasked, code) = loop {
        let (printed, exit) = refusal(&["accept-loss", "--config", &config]);
        if !printed.contains("stop all processes first") {
            break (printed, exit);
        }
        pause(Duration::from_secs(1));
    };
    assert_eq!(code, 1);
    assert!(unasked.contains("nothing was changed"), "{unasked}");
    let states = accept(site);
    for task in 0..TASKS {
        assert!(
            states.contains(&format!("task {task} loses its state")),
            "{states}"
        );
    }
    let again = stdout(&["accept-loss", "--config", &config]);
    assert!(again.contains("nothing is lost"), "{again}");
    site.run();
    site.wait_until_ready();
    let before = site.events("applied");
    load(site, third);
    wait_for_events(site, before, third);
    assert_accounted(site);
}

/// Figures begin anew with what is read since.
fn assert_offered(site: &Site, offered: u64) {
    let mut text = String::new();
    for _ in 0..900 {
        let path = "/api/v1/entities/all/kpis?window=all";
        text = get(site.port(0), path).map_or_else(String::new, |(_, body)| body);
        if text.contains(&format!("\"offered\":{offered},")) {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{offered} offered expected: {text}");
}
