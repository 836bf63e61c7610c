//! A simulated day at speed through the engine and the role `notify`, into a real Alertmanager and a webhook that is down for an hour of it.
//! `scripts/test notify_day -- --ignored --nocapture` runs the whole day, and prints the table of docs/notifications.md.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
};
use serde_json::Value;

use crate::{
    binary::{Running, Site, floorwalker, get, now},
    broker::{address, pause, print_line},
    catcher::{Answer, Catcher},
    notify::{transitions, webhook},
    notify_alertmanager::Alertmanager,
};

/// What a day is to be.
struct Day {
    prefix: &'static str,
    agents: u32,
    hours: u32,
    /// How many times as fast as life.
    speed: u32,
    seed: u32,
}

impl Day {
    /// So long lasts so many simulated minutes.
    fn minutes(&self, minutes: u32) -> Duration {
        Duration::from_secs(60) * minutes / self.speed
    }
}

/// What follows from the records of the topic: transitions that somebody is to be sent, in their order, and counts for the table.
#[derive(Debug, Default)]
struct Expected {
    transitions: Vec<String>,
    open: BTreeSet<String>,
    records: u64,
    of_contacts: u64,
    covered: u64,
    calls_nobody: u64,
}

impl Expected {
    /// Reads the whole topic, and decides by itself: no code is shared with the role.
    fn of(prefix: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", address())
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .create()
            .unwrap();
        let topic = format!("{prefix}.alerts");
        let mut list = TopicPartitionList::new();
        for partition in 0..4 {
            list.add_partition_offset(&topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&list).unwrap();
        let (mut expected, mut ends) = (Self::default(), 0);
        let mut sent: BTreeMap<String, String> = BTreeMap::new();
        while ends < 4 {
            match consumer.poll(Duration::from_secs(30)).expect("records") {
                Ok(record) => {
                    let record: Value = serde_json::from_slice(record.payload().unwrap()).unwrap();
                    expected.add(&record, &mut sent);
                }
                Err(KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{error}"),
            }
        }
        expected
    }

    fn add(&mut self, record: &Value, sent: &mut BTreeMap<String, String>) {
        self.records += 1;
        let id = record["id"].as_str().unwrap();
        if id.starts_with("contact:") {
            self.of_contacts += 1;
            return;
        }
        let level = record["escalation"].to_string();
        let transition = match (record["status"].as_str().unwrap(), sent.get(id)) {
            ("resolved", Some(_)) => {
                sent.remove(id);
                self.open.remove(id);
                "resolved"
            }
            ("firing", _) if !record["inhibited_by"].is_null() => {
                self.covered += 1;
                return;
            }
            ("firing", before) if record["interrupts"] == true => {
                let transition = match before {
                    None => "fired",
                    Some(before) if *before < level => "escalated",
                    Some(_) => "repeated",
                };
                sent.insert(id.to_owned(), level);
                self.open.insert(id.to_owned());
                transition
            }
            ("resolved", None) if !record["inhibited_by"].is_null() => {
                self.covered += 1;
                return;
            }
            _ => {
                self.calls_nobody += 1;
                return;
            }
        };
        self.transitions.push(format!("{transition} {id}"));
    }
}

fn counts(all: &[String]) -> String {
    let kinds = ["fired", "escalated", "repeated", "resolved"];
    let count = |kind: &str| all.iter().filter(|it| it.starts_with(kind)).count();
    let counts = kinds.map(|kind| count(kind).to_string());
    counts.join(" | ")
}

/// Plays the day, and returns the table.
fn play(day: &Day) -> String {
    let alertmanager = Alertmanager::start();
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let hook = Catcher::new(move |_, _| match down.load(Ordering::Relaxed) {
        true => Answer::Cut,
        false => Answer::Status(200),
    });
    let well = Catcher::well();
    let mut site = Site::new(day.prefix, 4, 1, "");
    // The day lies in the past of this machine.
    let settings = format!(
        "[notify]\nlate_max = \"3650d\"\n{}{}{}",
        alertmanager.settings("prom"),
        webhook("hook", &hook.url()),
        webhook("well", &well.url())
    );
    let mut file = fs::File::options()
        .append(true)
        .open(site.config(0))
        .unwrap();
    file.write_all(settings.as_bytes()).unwrap();
    site.run_one(0, "work,serve,notify");
    crate::notify::wait_until_active(&site, 0);
    let number = |number: u32| number.to_string();
    let mut simulate = floorwalker(&["simulate", "--incidents", "drawn", "--faults", "none"]);
    simulate
        .args(["--brokers", &address(), "--topic", &site.source()])
        .args([
            "--agents",
            &number(day.agents),
            "--hours",
            &number(day.hours),
        ])
        .args(["--seed", &number(day.seed), "--speed", &number(day.speed)])
        .args(["--start", "2026-01-05T08:00:00Z"]);
    let (began_at, simulated) = (now(), Running::start(simulate));
    // Down in the middle of the day, and a process that is killed meanwhile.
    pause(day.minutes(day.hours * 30 - 30));
    is_down.store(true, Ordering::Relaxed);
    let before = hook.taken().len();
    pause(day.minutes(30));
    site.kill();
    site.run_one(0, "work,serve,notify");
    pause(day.minutes(30));
    is_down.store(false, Ordering::Relaxed);
    let meanwhile = well.taken().len();
    assert!(simulated.wait().success());
    let took = now().duration_since(began_at);
    wait_until_read(&site);
    let expected = Expected::of(day.prefix);
    let count = expected.transitions.len();
    let caught = [&hook, &well].map(|hook| crate::notify_failures::once(&hook.wait_for(count)));
    for caught in &caught {
        assert_eq!(transitions(caught), expected.transitions);
    }
    let posted = alertmanager.wait_for(|active| active.len() == expected.open.len());
    let posted: BTreeSet<String> = (posted.iter())
        .map(|it| it["labels"]["incident"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(posted, expected.open);
    let received = received(&alertmanager);
    let mut table = String::new();
    let sent_twice = [&hook, &well].map(|it| it.taken().len() - count);
    writeln!(
        table,
        "{} h of {} agents in {:.0} s (seed {}), a process that is killed",
        day.hours,
        day.agents,
        took.as_secs_f64(),
        day.seed
    )
    .unwrap();
    writeln!(table, "alert records {}: of contacts {}, covered {}, of rules that call nobody {}, transitions {count}",
        expected.records, expected.of_contacts, expected.covered, expected.calls_nobody).unwrap();
    writeln!(
        table,
        "| | fired | escalated | repeated | resolved | sent twice |\n|---|---|---|---|---|---|"
    )
    .unwrap();
    writeln!(table, "| due | {} | |", counts(&expected.transitions)).unwrap();
    for (name, caught, twice) in [
        ("down for an hour", &caught[0], sent_twice[0]),
        ("well", &caught[1], sent_twice[1]),
    ] {
        writeln!(
            table,
            "| webhook {name} | {} | {twice} |",
            counts(&transitions(caught))
        )
        .unwrap();
    }
    writeln!(table, "Alertmanager received {received:?}, {} fire at the end; the webhook had {before} before it was down, the other {meanwhile} after that hour",
        expected.open.len()).unwrap();
    site.end();
    table
}

/// Until all events of the source are read, and nothing comes of them any more.
fn wait_until_read(site: &Site) {
    let mut last = String::new();
    let mut steady = 0;
    for _ in 0..1_200 {
        let text = get(site.port(0), "/metrics").map_or_else(String::new, |(_, text)| text);
        let lines = text.lines().filter(|line| {
            line.starts_with("floorwalker_input_lag_records{")
                || line.starts_with("floorwalker_lifetime_events{")
                || line.starts_with("floorwalker_notifications_total{")
        });
        let mut lines: Vec<&str> = lines.collect();
        lines.sort_unstable();
        let found = lines.join("\n");
        let lag = found
            .lines()
            .filter(|line| line.starts_with("floorwalker_input_lag"));
        let is_read = lag.clone().count() > 0 && lag.into_iter().all(|line| line.ends_with("} 0"));
        steady = if is_read && found == last {
            steady + 1
        } else {
            0
        };
        if steady >= 30 {
            return;
        }
        last = found;
        pause(Duration::from_millis(200));
    }
    panic!("it does not come to rest: {last}");
}

/// Alerts that Alertmanager was posted, firing and resolved; refreshed ones count each time.
fn received(alertmanager: &Alertmanager) -> [u64; 2] {
    let (_, text) = get(alertmanager.port, "/metrics").unwrap();
    ["firing", "resolved"].map(|status| {
        let begin =
            format!("alertmanager_alerts_received_total{{status=\"{status}\",version=\"v2\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.map_or(0, |it| it.parse().unwrap())
    })
}

#[test]
fn three_hours_at_speed_arrive_once_in_order() {
    let table = play(&Day {
        prefix: "day-short",
        agents: 60,
        hours: 3,
        speed: 360,
        seed: 4,
    });
    print_line(format_args!("{table}"));
}

#[test]
#[ignore = "takes minutes"]
fn a_day_at_speed_arrives_once_in_order() {
    let table = play(&Day {
        prefix: "day-long",
        agents: 120,
        hours: 24,
        speed: 360,
        seed: 4,
    });
    print_line(format_args!("{table}"));
}
