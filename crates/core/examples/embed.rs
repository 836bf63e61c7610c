//! Embeds the engine: events in, the figures of each queue out. Without Kafka, and in memory alone.
//!
//! `cargo run -p floorwalker-core --example embed -- tests/data/worked-example.events.jsonl`

#![expect(clippy::print_stdout, reason = "is for people")]

use std::{collections::BTreeMap, error::Error, fs, sync::Arc};

use floorwalker_core::{
    decode::Format,
    engine::{InputId, OutTopic, Settings, Source, SourceClock},
    event::Timestamp,
    local::Cluster,
};
use serde_json::Value;

/// A source whose events are of the past, with default settings for all else.
fn settings() -> Settings {
    Settings {
        tasks: 4,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Events,
            format: Format::Json,
            lateness: None,
        }],
        ..Settings::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file of JSON lines?")?;
    let settings = Arc::new(settings());
    // The engine reads no clock: any time after the events will do.
    let mut cluster = Cluster::new(&settings, Timestamp::parse("2030-01-01T00:00:00Z")?)?;
    let input = InputId {
        source: 0,
        partition: 0,
    };
    cluster.add_input(input);
    for line in fs::read_to_string(path)?.lines() {
        cluster.feed(input, line.as_bytes().to_vec());
    }
    cluster.run_until_quiet(1_000)?;

    // A later record of a key replaces the one before, as in a compacted topic.
    let mut latest = BTreeMap::new();
    for (_, output) in &cluster.outputs {
        if output.topic == OutTopic::Kpis
            && let (Some(key), Some(payload)) = (&output.key, &output.payload)
        {
            latest.insert(key, serde_json::from_slice::<Value>(payload)?);
        }
    }
    for record in latest.values() {
        let (entity, window) = (&record["entity"], &record["window"]);
        if window == "all" && entity.as_str().is_some_and(|it| it.starts_with("queue:")) {
            let kpis = &record["kpis"];
            println!(
                "{}: {} answered after {} s on average, {} abandoned",
                entity.as_str().unwrap_or_default(),
                kpis["answered"],
                kpis["asa"]["mean"],
                kpis["abandoned"]
            );
        }
    }
    Ok(())
}
