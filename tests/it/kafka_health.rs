//! Health: a process that makes no progress is not ready, but alive.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use rdkafka::{admin::AdminClient, admin::AdminOptions, client::DefaultClientContext};

use crate::{
    binary::{Site, create_topic, floorwalker, free_port, now, refusal, stdout},
    broker::{Broker, address, pause},
    process::kafka_settings,
};

fn is_not_ready(part: &str) -> impl Fn(u16, &str) -> bool {
    move |status, text| {
        let answer: serde_json::Value = serde_json::from_str(text).unwrap();
        status == 503 && answer["ready"] == false && answer["reasons"].to_string().contains(part)
    }
}

fn is_well(status: u16, _text: &str) -> bool {
    status == 200
}

fn delete_topic(name: &str) {
    let kafka = kafka_settings(&address(), "any", "setup");
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let deleted = runtime.block_on(admin.delete_topics(&[name], &AdminOptions::new()));
    deleted.unwrap()[0].as_ref().unwrap();
}

#[test]
fn a_missing_source_is_a_reason_not_to_be_ready() {
    let mut site = Site::without_topics("health-source", 1, "");
    stdout(&["topics", "create", "--config", &site.config(0)]);
    site.run();
    let missing = "source topic `health-source.calls` does not exist: create it, or correct";
    site.wait_for("/readyz", 60, is_not_ready(missing));
    site.wait_for("/healthz", 1, is_well);
    let run = "floorwalker_tasks{phase=\"running\"} 4";
    site.wait_for("/metrics", 60, |_, text| text.contains(run));
    pause(Duration::from_secs(2));
    let metrics = site.wait_for("/metrics", 1, is_well);
    let absurd = metrics.lines().find(|line| {
        let number = line
            .rsplit(' ')
            .next()
            .and_then(|number| number.parse::<f64>().ok());
        line.contains("delay_seconds{") && number.is_some_and(|number| number > 1e10)
    });
    assert_eq!(absurd, None, "a clock that nobody knows has no delay");
    create_topic(&site.source(), 4);
    site.wait_for("/readyz", 90, is_well);
    site.end();
}

#[test]
fn a_deleted_internal_topic_is_a_reason_not_to_be_ready() {
    let mut site = Site::new("health-state", 4, 1, "");
    site.run();
    site.wait_until_ready();
    delete_topic("health-state.state");
    site.wait_for("/readyz", 60, |status, _| status == 503);
    site.wait_for(
        "/readyz",
        60,
        is_not_ready("topic `health-state.state` does not exist"),
    );
    site.wait_for("/healthz", 1, is_well);
    let took = site.terminate();
    assert!(took < Duration::from_secs(10), "{took:?}");
    site.end();
}

/// Lines of a log from a certain length on, without those that report progress.
fn warnings(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
        .collect()
}

fn assert_ends(site: &mut Site, when: &str) {
    let took = site.terminate();
    assert!(took < Duration::from_secs(10), "{when}: {took:?}");
}

/// Down before the start, up, killed, up, hung: and asked to end in each of them.
#[test]
fn a_process_that_waits_for_kafka_logs_it_once_a_minute_and_stops_on_request() {
    let mut broker = Broker::start_own();
    let mut site = Site::new("health-down", 4, 1, "");
    broker.kill();
    site.run();
    let waiting = "waiting for Kafka at 127.0.0.1";
    site.wait_for("/readyz", 30, is_not_ready(waiting));
    site.wait_for("/readyz", 60, is_not_ready("connection refused"));
    site.wait_for("/healthz", 1, is_well);
    assert_ends(&mut site, "before the start");

    site.run();
    broker.restart();
    site.wait_for("/readyz", 90, is_well);
    let before = site.log(0).len();
    let since = || site.log(0).split_off(before);
    broker.kill();
    site.wait_for("/readyz", 60, is_not_ready("Kafka has not answered for"));
    pause(Duration::from_secs(25));
    site.wait_for("/readyz", 1, is_not_ready("connection refused"));
    site.wait_for("/healthz", 1, is_well);
    let log = since();
    let logged = warnings(&log);
    assert!(
        logged.len() <= 20,
        "{} lines: {}",
        logged.len(),
        logged.join("\n")
    );
    assert!(
        logged
            .iter()
            .any(|line| line.contains("connection refused")),
        "{}",
        logged.join("\n")
    );
    broker.restart();
    site.wait_for("/readyz", 90, is_well);
    let over = || since().matches("Kafka answers again, after").count();
    for _ in 0..150 {
        if over() > 0 {
            break;
        }
        pause(Duration::from_millis(200));
    }
    assert_eq!(over(), 1, "{}", since());

    broker.kill();
    pause(Duration::from_secs(3));
    assert_ends(&mut site, "killed");

    broker.restart();
    site.run();
    site.wait_for("/readyz", 90, is_well);
    broker.signal("-STOP");
    site.wait_for("/readyz", 40, is_not_ready("Kafka has not answered for"));
    site.wait_for("/healthz", 1, is_well);
    assert_ends(&mut site, "hung");
    broker.signal("-CONT");
    site.end();
}

/// Each command names a broker that is down before it gives up.
#[test]
fn a_broker_that_is_down_is_named_within_three_seconds() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("down.toml");
    let text = format!("[kafka]\nbrokers = \"{nobody}\"\n[[source]]\ntopic = \"calls\"\n");
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let file = "tests/data/worked-example.events.jsonl";
    let commands: [&[&str]; 7] = [
        &["topics", "show", "--config", config],
        &["topics", "create", "--config", config],
        &["dead-letters", "list", "--config", config],
        &["directory", "list", "--config", config],
        &["check", "--connect", "--config", config],
        &["load", file, "--topic", "calls", "--brokers", &nobody],
        &[
            "simulate",
            "--hours",
            "1",
            "--topic",
            "calls",
            "--brokers",
            &nobody,
        ],
    ];
    for arguments in commands {
        let began_at = now();
        let mut child = floorwalker(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let named = lines.find(|line| line.as_ref().is_ok_and(|it| it.contains(&nobody)));
        let took = now().duration_since(began_at);
        drop(child.kill());
        drop(child.wait());
        let line = named
            .unwrap_or_else(|| panic!("{arguments:?} prints nothing"))
            .unwrap();
        assert!(line.contains("connection refused"), "{line}");
        // Three seconds, and room for a busy machine.
        assert!(took < Duration::from_secs(6), "{arguments:?}: {took:?}");
    }
}

#[test]
fn an_unknown_broker_host_is_reported_at_once() {
    let (printed, code) = refusal(&[
        "load",
        "tests/data/worked-example.events.jsonl",
        "--topic",
        "calls",
        "--brokers",
        "kafka.invalid:9092",
    ]);
    assert_eq!(code, 1);
    let part = "Kafka at kafka.invalid:9092: unknown host: correct the host's name";
    assert!(printed.contains(part), "{printed}");
}
