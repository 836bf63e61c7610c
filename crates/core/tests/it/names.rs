//! Names beyond a limit are counted together, whatever their order, and nothing is lost.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    engine::{InputId, Kind, Limits, Settings, TaskId},
    event::{Span, Timestamp},
    local::{Cluster, Crash},
};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use serde_json::Value;

use crate::agreement::last_records;

const OTHER: &str = "queue:(other)";

fn settings(tasks: u16, limits: Limits) -> Arc<Settings> {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    Arc::new(Settings {
        limits,
        ..(*defaults).clone()
    })
}

fn queues(most: usize) -> Limits {
    Limits {
        queues: most,
        ..Limits::default()
    }
}

fn cluster(settings: &Arc<Settings>) -> Cluster {
    let mut cluster = Cluster::new(settings, SETTINGS_WALL).unwrap();
    cluster.watch_shadows();
    for partition in 0..i32::from(settings.tasks) {
        cluster.add_input(input(partition));
    }
    cluster
}

const fn input(partition: i32) -> InputId {
    InputId {
        source: 0,
        partition,
    }
}

fn send(cluster: &mut Cluster, number: usize, second: usize, rest: &str) {
    let at = Timestamp::parse("2026-03-02T10:00:00Z").unwrap() + Span::from_secs(second as i64);
    let event = format!(
        r#"{{"event_id":"{number}-{second}-{}","occurred_at":"{at}","source":"acd","contact_id":"c{number}",{rest}}}"#,
        rest.len()
    );
    cluster.feed(
        input((number % 4) as i32 % partitions(cluster)),
        event.into_bytes(),
    );
}

fn partitions(cluster: &Cluster) -> i32 {
    // Task 0 is there always; more are known by their counters.
    i32::try_from(cluster.tasks()).unwrap()
}

fn queued(queue: &str) -> String {
    format!(r#""type":"contact_queued","channel":"voice","queue":"{queue}""#)
}

fn answered(agent: &str) -> String {
    format!(r#""type":"agent_answered","agent":"{agent}""#)
}

const ENDED: &str = r#""type":"contact_ended","by":"customer""#;
const WRAPPED: &str = r#""type":"wrap_up_ended","agent":"ana""#;

/// By entity, in the window `all`.
fn all_time(cluster: &Cluster, kind: &str) -> BTreeMap<String, Value> {
    let records = last_records(cluster).into_iter();
    let of_all =
        records.filter(|((entity, window), _)| window == "all" && entity.starts_with(kind));
    of_all
        .map(|((entity, _), record)| (entity, record["kpis"].clone()))
        .collect()
}

fn sum(of: &BTreeMap<String, Value>, count: &str) -> i64 {
    of.values().map(|kpis| kpis[count].as_i64().unwrap()).sum()
}

#[test]
fn names_beyond_the_limit_are_counted_together_and_nothing_is_lost() {
    for tasks in [1, 4] {
        let mut cluster = cluster(&settings(tasks, queues(20)));
        for number in 0..300 {
            send(
                &mut cluster,
                number,
                number,
                &queued(&format!("made-up-{number}")),
            );
            if number % 3 > 0 {
                send(&mut cluster, number, number + 5, &answered("ana"));
                send(&mut cluster, number, number + 65, ENDED);
                send(&mut cluster, number, number + 70, WRAPPED);
            }
        }
        cluster.run_until_quiet(50).unwrap();
        let queues = all_time(&cluster, "queue:");
        let held: usize = cluster.names(Kind::Queue);
        assert_eq!(queues.len(), held + 1, "{:?}", queues.keys());
        let most = if tasks == 1 { 20 } else { 4 * 20 };
        assert!((20..=most).contains(&held), "{held} of {tasks} tasks");
        assert_eq!(sum(&queues, "offered"), 300);
        assert_eq!(sum(&queues, "answered"), 200);
        assert_eq!(sum(&queues, "handled"), 200);
        assert!(
            queues[OTHER]["offered"].as_i64().unwrap() > 200,
            "{}",
            queues[OTHER]
        );
        let waiting = |kpis: &Value| kpis["live"]["waiting"].as_i64().unwrap();
        assert_eq!(queues.values().map(waiting).sum::<i64>(), 100);
        let channel = &all_time(&cluster, "channel:voice")["channel:voice"];
        assert_eq!(
            (channel["offered"].as_i64(), waiting(channel)),
            (Some(300), 100)
        );
    }
}

/// The first answer turns out to have been another's, a while before: the facts are retracted where they went.
#[test]
fn what_is_taken_back_is_taken_from_where_it_went() {
    let mut cluster = cluster(&settings(4, queues(1)));
    for number in 0..60 {
        send(&mut cluster, number, number, &queued(&format!("q{number}")));
        send(&mut cluster, number, number + 20, &answered("ana"));
    }
    cluster.run_until_quiet(50).unwrap();
    assert_eq!(sum(&all_time(&cluster, "queue:"), "answered"), 60);
    for number in 0..60 {
        send(&mut cluster, number, number + 10, ENDED);
    }
    for task in 0..4 {
        (cluster.advance_and_crash(TaskId(task), 50, Crash::AfterCommit)).unwrap();
    }
    cluster.run_until_quiet(50).unwrap();
    let queues = all_time(&cluster, "queue:");
    for (queue, kpis) in &queues {
        let [answered, abandoned] = ["answered", "abandoned"].map(|it| kpis[it].as_i64().unwrap());
        assert_eq!(answered, 0, "{queue}");
        assert_eq!(abandoned, kpis["offered"].as_i64().unwrap(), "{queue}");
    }
    assert_eq!(sum(&queues, "abandoned"), 60);
}

#[test]
fn agents_reasons_and_scorecards_have_limits_of_their_own() {
    let limits = Limits {
        agents: 3,
        reasons: 2,
        scorecards: 4,
        ..Limits::default()
    };
    let mut cluster = cluster(&settings(1, limits));
    for number in 0..12 {
        let agent = format!("a{number}");
        for (second, state) in [
            (number, format!(r#""state":"away","reason":"r{number}""#)),
            (number + 100, r#""state":"offline""#.to_owned()),
        ] {
            let at = Timestamp::parse("2026-03-02T10:00:00Z").unwrap() + Span::from_secs(second);
            let event = format!(
                r#"{{"event_id":"s{second}","occurred_at":"{at}","source":"acd","type":"agent_state_changed","agent":"{agent}",{state}}}"#
            );
            cluster.feed(input(0), event.into_bytes());
        }
        let number = usize::try_from(number).unwrap();
        send(&mut cluster, number, number, &queued("billing"));
        send(&mut cluster, number, number + 5, &answered(&agent));
        send(&mut cluster, number, number + 65, ENDED);
    }
    cluster.run_until_quiet(50).unwrap();
    let agents = all_time(&cluster, "agent:");
    assert_eq!(agents.len(), 4, "{:?}", agents.keys());
    assert_eq!(sum(&agents, "answered"), 12);
    let away = &all_time(&cluster, "all")["all"]["occupancy"]["away"];
    let reasons: BTreeMap<&String, &Value> = away.as_object().unwrap().iter().collect();
    assert_eq!(reasons.len(), 3, "{away}");
    assert_eq!(away["(other)"].as_f64(), Some(1_000.0), "{away}");
    let other = &agents["agent:(other)"]["occupancy"]["away"];
    assert_eq!(other["(other)"].as_f64(), Some(900.0), "{other}");
    let desks = cluster.outputs.iter().map(|(_, output)| output);
    let desks =
        desks.filter(|output| output.topic == floorwalker_core::engine::OutTopic::Scorecards);
    let names: std::collections::BTreeSet<_> = desks.map(|output| output.key.clone()).collect();
    assert!(names.len() <= 5, "{names:?}");
}

#[test]
fn queues_of_the_settings_are_always_counted_by_themselves() {
    let mut of = (*settings(1, queues(1))).clone();
    let place = floorwalker_core::kpi::Place::default();
    let named = ["named-1", "named-2", "named-3"].map(floorwalker_core::event::QueueId::new);
    of.kpi.places = named
        .into_iter()
        .map(|queue| (queue, place.clone()))
        .collect();
    let mut cluster = cluster(&Arc::new(of));
    for (number, queue) in ["x1", "x2", "x3", "named-1", "named-2", "named-3"]
        .iter()
        .enumerate()
    {
        send(&mut cluster, number, number, &queued(queue));
    }
    cluster.run_until_quiet(50).unwrap();
    let queues = all_time(&cluster, "queue:");
    let own = queues.keys().filter(|name| name.starts_with("queue:named"));
    assert_eq!(own.count(), 3, "{:?}", queues.keys());
    assert_eq!(sum(&queues, "offered"), 6);
    assert!(queues.contains_key(OTHER));
}
