//! The whole engine in memory, against published and worked figures.

use std::sync::Arc;

use floorwalker::{
    engine::{InputId, OutTopic, Settings, Source, SourceClock},
    event::Timestamp,
    sim::cluster::Cluster,
};
use serde_json::Value;

fn settings(tasks: u16) -> Arc<Settings> {
    let source = Source {
        topic: "events".to_owned(),
        clock: SourceClock::Events,
    };
    Arc::new(Settings {
        tasks,
        sources: vec![source],
        ..Settings::default()
    })
}

fn run(lines: &[&str], tasks: u16, at: Option<&str>) -> Cluster {
    let wall = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
    let mut cluster = Cluster::new(&settings(tasks), wall).unwrap();
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
    let mut text = String::new();
    let file = std::fs::File::open("tests/data/pwc-call-center.events.jsonl.gz").unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for tasks in [1, 12] {
        let cluster = run(&lines, tasks, None);
        let record = kpis(&cluster, "all", "all");
        println!("{record:#}");
        println!("{:#}", kpis(&cluster, "agent:Dan", "all"));
        println!("{:?}", cluster.counters());
        assert_eq!(record["kpis"]["answered"], 4054);
        assert!(cluster.counters().balance());
    }
}
