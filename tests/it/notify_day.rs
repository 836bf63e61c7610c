//! A simulated day at speed through the engine and the role `notify`, into a real Alertmanager and a webhook that is down for an hour of it.
//! `scripts/test notify_day -- --ignored --nocapture` runs the whole day, and prints the table of docs/notifications.md.

use std::{
    collections::{BTreeMap, BTreeSet},
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

use floorwalker_core::event::{Span, Timestamp};

use crate::{
    binary::{Running, Site, floorwalker, get},
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
    /// Still firing, so soon after a message that it is left out.
    too_soon: u64,
}

/// The default of `notify.group_interval`.
const GROUP_INTERVAL: Span = Span::from_secs(300);

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
        let mut sent = BTreeMap::new();
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

    fn add(&mut self, record: &Value, sent: &mut BTreeMap<String, (String, Timestamp)>) {
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
                let at = Timestamp::parse(record["at"].as_str().unwrap()).unwrap();
                let transition = match before {
                    None => "fired",
                    Some((before, _)) if *before < level => "escalated",
                    Some((_, before)) if at < *before + GROUP_INTERVAL => {
                        self.too_soon += 1;
                        return;
                    }
                    Some(_) => "repeated",
                };
                sent.insert(id.to_owned(), (level, at));
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

/// A deployment that calls three receivers.
struct Deployment {
    site: Site,
    alertmanager: Alertmanager,
    /// Goes down.
    hook: Catcher,
    well: Catcher,
    is_down: Arc<AtomicBool>,
}

impl Deployment {
    fn start(prefix: &str) -> Self {
        let alertmanager = Alertmanager::start();
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let hook = Catcher::new(move |_, _| match down.load(Ordering::Relaxed) {
            true => Answer::Cut,
            false => Answer::Status(200),
        });
        let well = Catcher::well();
        let mut site = Site::new(prefix, 4, 1, "");
        // The day lies in the past of this machine.
        let settings = format!(
            "[notify]\nlate_max = \"3650d\"\n{}{}{}",
            alertmanager.settings("prom"),
            webhook("hook", &hook.url()),
            webhook("well", &well.url())
        );
        let mut file = (fs::File::options().append(true))
            .open(site.config(0))
            .unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        site.run_one(0, ROLES);
        crate::notify::wait_until_active(&site, 0);
        Self {
            site,
            alertmanager,
            hook,
            well,
            is_down,
        }
    }

    /// Returns how many transitions the webhook missed while it was down.
    fn play(&mut self, day: &Day) -> usize {
        let number = |number: u32| number.to_string();
        let mut simulate = floorwalker(&["simulate", "--incidents", "drawn", "--faults", "none"]);
        simulate
            .args(["--brokers", &address(), "--topic", &self.site.source()])
            .args([
                "--agents",
                &number(day.agents),
                "--hours",
                &number(day.hours),
            ])
            .args(["--seed", &number(day.seed), "--speed", &number(day.speed)])
            .args(["--start", "2026-01-05T08:00:00Z"]);
        let simulated = Running::start(simulate);
        // Down for an hour in which something happens, and the process is killed meanwhile.
        self.well.wait_for(1);
        self.is_down.store(true, Ordering::Relaxed);
        pause(day.minutes(30));
        self.site.kill();
        self.site.run_one(0, ROLES);
        pause(day.minutes(30));
        // On a slow machine the day is behind its clock.
        let missed = || self.well.taken().len() - self.hook.taken().len();
        for _ in 0..600 {
            if missed() > 0 {
                break;
            }
            pause(Duration::from_millis(100));
        }
        let missed = missed();
        self.is_down.store(false, Ordering::Relaxed);
        assert!(simulated.wait().success());
        wait_until_read(&self.site);
        missed
    }

    /// Compares what came with what follows from the records. Returns how many messages came twice, of both webhooks.
    fn check(&self, expected: &Expected) -> [usize; 2] {
        let count = expected.transitions.len();
        let twice = [&self.hook, &self.well].map(|hook| {
            hook.wait_for(count);
            let taken = hook.taken();
            let caught = crate::notify_failures::once(&taken);
            assert_eq!(transitions(&caught), expected.transitions);
            taken.len() - count
        });
        let open = expected.open.len();
        let posted = self.alertmanager.wait_for(|active| active.len() == open);
        let posted = posted.iter();
        let posted = posted.map(|it| it["labels"]["incident"].as_str().unwrap().to_owned());
        assert_eq!(posted.collect::<BTreeSet<String>>(), expected.open);
        twice
    }
}

const ROLES: &str = "work,serve,notify";

/// Plays the day, and prints the table.
fn play(day: &Day) {
    let mut deployment = Deployment::start(day.prefix);
    let missed = deployment.play(day);
    let expected = Expected::of(day.prefix);
    let twice = deployment.check(&expected);
    let [firing, resolved] = received(&deployment.alertmanager);
    let due = expected.transitions.len();
    let counted = counts(&expected.transitions);
    for line in [
        format!(
            "{} h of {} agents, seed {}: {} alert records, of contacts {}, covered {}, of rules that call nobody {}, \
             repeated too soon {}; {due} transitions, \
             {missed} of them while the webhook was down; {} alerts fire at the end",
            day.hours,
            day.agents,
            day.seed,
            expected.records,
            expected.of_contacts,
            expected.covered,
            expected.calls_nobody,
            expected.too_soon,
            expected.open.len(),
        ),
        "| | fired | escalated | repeated | resolved | sent twice |".to_owned(),
        format!("| due | {counted} | |"),
        format!("| webhook, down for an hour | {counted} | {} |", twice[0]),
        format!("| webhook, up all day | {counted} | {} |", twice[1]),
        format!("Alertmanager received {firing} firing, {resolved} resolved"),
    ] {
        print_line(format_args!("{line}"));
    }
    assert!(missed > 0, "nothing happened while it was down");
    deployment.site.end();
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
fn four_hours_at_speed_arrive_once_in_order() {
    play(&Day {
        prefix: "day-short",
        agents: 60,
        hours: 4,
        speed: 360,
        seed: 4,
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_day_at_speed_arrives_once_in_order() {
    play(&Day {
        prefix: "day-long",
        agents: 120,
        hours: 24,
        speed: 360,
        seed: 4,
    });
}
