//! The whole engine in memory, against published and worked figures.

use std::sync::Arc;

use floorwalker::{
    engine::{InputId, OutTopic, Settings, Source, SourceClock},
    event::{QueueId, SiteId, TeamId, Timestamp, line},
    kpi::{KpiSettings, Place},
    sim::{cluster::Cluster, jsonl::jsonl},
};
use serde_json::Value;

use crate::agreement::GROUPS;

/// Later than any event of the tests.
pub(crate) const SETTINGS_WALL: Timestamp = Timestamp(1_893_456_000_000_000);

/// Default settings with one source of past events.
pub(crate) fn events_settings(tasks: u16, recovery_max_bytes: u64) -> Arc<Settings> {
    let source = Source {
        topic: "events".to_owned(),
        clock: SourceClock::Events,
        format: floorwalker::decode::Format::Json,
        lateness: None,
    };
    Arc::new(Settings {
        tasks,
        sources: vec![source],
        recovery_max_bytes,
        kpi: KpiSettings {
            places: GROUPS.into_iter().map(place).collect(),
            ..KpiSettings::default()
        },
        ..Settings::default()
    })
}

fn place((queue, team, site): (&str, Option<&str>, Option<&str>)) -> (QueueId, Place) {
    let place = Place {
        team: team.map(TeamId::new),
        site: site.map(SiteId::new),
    };
    (QueueId::new(queue), place)
}

pub(crate) fn call_center_lines() -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open("tests/data/pwc-call-center.events.jsonl.gz").unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

pub(crate) fn run(lines: &[String], tasks: u16, at: Option<&str>) -> Cluster {
    let settings = events_settings(tasks, Settings::default().recovery_max_bytes);
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    for partition in 0..i32::from(tasks) {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
    if let Some(at) = at {
        cluster.end_at(Timestamp::parse(at).unwrap());
    }
    for (number, line) in lines.iter().enumerate() {
        let partition = (number % usize::from(tasks)) as i32;
        cluster.feed(
            InputId {
                source: 0,
                partition,
            },
            line.as_bytes().to_vec(),
        );
    }
    cluster.run_until_quiet(1_000).unwrap();
    cluster
}

fn kpis(cluster: &Cluster, entity: &str, window: &str) -> Value {
    let key = format!("{entity}/{window}").into_bytes();
    let found = cluster
        .outputs
        .iter()
        .rfind(|(_, output)| output.topic == OutTopic::Kpis && output.key.as_ref() == Some(&key));
    let (_, output) = found.unwrap_or_else(|| panic!("no record {entity}/{window}"));
    serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap()
}

#[test]
fn published_figures_of_a_real_call_center() {
    let lines = call_center_lines();
    for tasks in [1, 12] {
        let cluster = run(&lines, tasks, None);
        let kpis = &kpis(&cluster, "all", "all")["kpis"];
        assert_eq!(
            (&kpis["answered"], &kpis["abandoned"]),
            (&4054.into(), &946.into())
        );
        assert_eq!(kpis["asa"]["mean"], 67.520_720);
        assert_eq!(kpis["resolved_said"]["num"], 3646);
        assert_eq!(kpis["csat"]["mean"], 0.600_888);
        let counters = cluster.counters();
        assert_eq!((counters.read, counters.applied), (22_162, 22_162));
        assert!(counters.balance());
        assert_eq!(counters.in_flight(), 0);
    }
}

#[test]
fn what_happens_to_agents_and_alerts_goes_to_their_tasks_and_is_counted() {
    const LINES: [&str; 4] = [
        "10:00:00 state ana state=available team=red skills=billing",
        "10:00:01 state bo state=away reason=lunch",
        "10:00:02 acknowledged contact:c1/0a by=eve",
        "10:00:03 acknowledged queue:billing/0b by=eve",
    ];
    let events = LINES.map(|text| jsonl(&line::parse(text).unwrap()));
    let cluster = run(&events, 4, None);
    let counters = cluster.counters();
    assert_eq!(
        (counters.read, counters.applied, counters.skipped),
        (4, 2, 2)
    );
    assert!(counters.forwarded > 0);
    assert_eq!(counters.received, counters.forwarded);
    assert!(counters.balance());
}
