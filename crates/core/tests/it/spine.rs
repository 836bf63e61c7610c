//! The whole engine in memory, against published and worked figures.

use floorwalker_core::{engine::OutTopic, event::line, local::Cluster};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::{call_center_lines, run};
use serde_json::Value;

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
