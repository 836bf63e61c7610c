//! What agents and teams have done well, over the API of a process on a broker.

use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;
use std::time::Duration;

use floorwalker_core::proto::Record;

use crate::{
    broker::pause,
    serving::{Serving, local},
};

const RECORD: &str = include_str!("../data/recognition-record.json");

/// The record of the file, of another agent at another minute.
fn record(agent: &str, team: &str, minute: u8) -> (String, String) {
    let mut record: Value = serde_json::from_str(RECORD).unwrap();
    let id = format!("agent:{agent}/{minute}");
    record["id"] = id.as_str().into();
    record["agent"] = agent.into();
    record["team"] = team.into();
    record["at"] = format!("2025-01-06T15:{minute:02}:00Z").into();
    (id, record.to_string())
}

#[test]
fn recognitions_are_listed_by_agent_and_team_newest_first_in_pages() {
    let serving = Serving::start(&local());
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", serving.brokers())
        .create()
        .unwrap();
    let write = |key: &str, payload: &[u8]| {
        let record = BaseRecord::to("floorwalker.recognition")
            .key(key)
            .payload(payload);
        producer.send(record).unwrap();
    };
    for (agent, team, minute) in [("ana", "red", 10), ("ana", "blue", 30), ("bo", "red", 20)] {
        let (id, text) = record(agent, team, minute);
        write(&id, text.as_bytes());
    }
    let (id, text) = record("mei", "red", 40);
    let packed = Record::Recognition.to_protobuf(text.as_bytes()).unwrap();
    write(&id, &packed);
    producer.flush(Duration::from_secs(10)).unwrap();

    let list = |query: &str| {
        let answer = serving.ask("GET", &format!("/api/v1/recognitions{query}"), &[], "");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    };
    let ids = |query: &str| -> Vec<String> {
        let answer = list(query).json();
        let all = answer["recognitions"].as_array().unwrap().iter();
        all.map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    for _ in 0..300 {
        if ids("").len() == 4 {
            break;
        }
        pause(Duration::from_millis(100));
    }
    assert_eq!(
        ids(""),
        [
            "agent:mei/40",
            "agent:ana/30",
            "agent:bo/20",
            "agent:ana/10"
        ]
    );
    assert_eq!(ids("?agent=ana"), ["agent:ana/30", "agent:ana/10"]);
    assert_eq!(ids("?team=red&agent=ana"), ["agent:ana/10"]);
    assert_eq!(
        ids("?team=red"),
        ["agent:mei/40", "agent:bo/20", "agent:ana/10"]
    );
    assert_eq!(ids("?rule=recognition.streak"), Vec::<String>::new());
    let page = list("?limit=3");
    assert_eq!(page.json()["total"], 4);
    let next = page.header("link");
    let cursor = next.split("cursor=").nth(1).unwrap();
    let cursor = cursor.split('>').next().unwrap();
    assert_eq!(ids(&format!("?limit=3&cursor={cursor}")), ["agent:ana/10"]);
    let refused = serving.ask("GET", "/api/v1/recognitions?rank=1", &[], "");
    assert_eq!(refused.status, 400, "{refused:?}");
}
