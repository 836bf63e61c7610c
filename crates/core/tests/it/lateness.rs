//! How late an event may come is its source's affair.

use std::sync::Arc;

use floorwalker_core::{
    engine::{InputId, OutTopic, Settings, Source, SourceRecord, Task, TaskId},
    event::Span,
    local::Cluster,
};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};

use crate::agreement::last_records;

const STRICT: u16 = 0;
const PATIENT: u16 = 1;
const USUAL: u16 = 2;
/// A source's clock is its eighth-newest event.
const EVENTS_OF_A_CLOCK: usize = 8;

fn line(id: &str, at: &str) -> Vec<u8> {
    line_of(id, &format!("2026-03-02T{at}Z"))
}

fn line_of(id: &str, instant: &str) -> Vec<u8> {
    format!(
        r#"{{"occurred_at":"{instant}","source":"acd","type":"contact_queued","contact_id":"{id}","channel":"voice","queue":"q"}}"#
    )
    .into_bytes()
}

/// One task and three sources: a minute, an hour, and the engine's ten minutes.
fn cluster() -> Cluster {
    let defaults = events_settings(1, Settings::default().recovery_max_bytes);
    let named = |topic: &str, lateness: Option<i64>| Source {
        topic: topic.to_owned(),
        lateness: lateness.map(Span::from_secs),
        ..defaults.sources[0].clone()
    };
    let settings = Arc::new(Settings {
        sources: vec![
            named("strict", Some(60)),
            named("patient", Some(3_600)),
            named("usual", None),
        ],
        ..(*defaults).clone()
    });
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    all_sources().for_each(|it| cluster.add_input(input(it)));
    cluster
}

fn all_sources() -> impl Iterator<Item = u16> {
    [STRICT, PATIENT, USUAL].into_iter()
}

fn input(source: u16) -> InputId {
    InputId {
        source,
        partition: 0,
    }
}

/// As many events as a source's clock takes, all read.
fn send(cluster: &mut Cluster, source: u16, at: &str) {
    for number in 0..EVENTS_OF_A_CLOCK {
        cluster.feed(input(source), line(&format!("{source}-{number}-{at}"), at));
    }
    cluster.run_until_quiet(50).unwrap();
}

/// Topic, reason and sentence of each.
fn dead_letters(cluster: &Cluster) -> Vec<String> {
    let outputs = cluster.outputs.iter().map(|(_, output)| output);
    let letters = outputs.filter(|output| output.topic == OutTopic::DeadLetters);
    letters
        .map(|output| {
            let header = |name: &str| {
                let found = output.headers.iter().find(|(key, _)| key == name);
                String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
            };
            ["topic", "reason", "sentence"]
                .map(|name| header(&format!("floorwalker-{name}")))
                .join(" ")
        })
        .collect()
}

#[test]
fn what_is_at_a_limit_is_within_it() {
    let mut cluster = cluster();
    let wall = cluster.wall;
    let ahead = |micros| (wall + Span::from_secs(300) + Span(micros)).to_string();
    for (name, micros) in [("within", 0), ("ahead", 1)] {
        cluster.feed(input(USUAL), line_of(name, &ahead(micros)));
    }
    for number in 0..EVENTS_OF_A_CLOCK {
        cluster.feed(input(PATIENT), line(&format!("p{number}"), "12:00:00"));
    }
    for instant in ["11:00:00", "10:59:59.999999"] {
        cluster.feed(input(PATIENT), line(instant, instant));
    }
    cluster.run_until_quiet(50).unwrap();
    let mut letters = dead_letters(&cluster);
    letters.sort();
    assert_eq!(letters.len(), 2, "{letters:#?}");
    assert!(
        letters[1].starts_with("usual future it says that it occurred at"),
        "{letters:#?}"
    );
    assert!(letters[1].contains(&ahead(1)), "{letters:#?}");
    assert!(
        letters[0].starts_with("patient late it occurred at 2026-03-02T10:59:59.999999Z"),
        "{letters:#?}"
    );
}

/// What comes late is reckoned from the eighth-newest event, at the end of a source as before it.
#[test]
fn one_clock_that_is_ahead_at_the_end_seals_nothing() {
    let mut cluster = cluster();
    all_sources().for_each(|source| send(&mut cluster, source, "10:00:00"));
    for source in all_sources() {
        cluster.feed(input(source), line(&format!("{source}-ahead"), "12:00:00"));
    }
    cluster.run_until_quiet(50).unwrap();
    let answer = r#"{"occurred_at":"2026-03-02T10:00:07Z","source":"acd","type":"agent_answered","contact_id":"0-0-10:00:00","agent":"ana"}"#;
    cluster.feed(input(USUAL), answer.as_bytes().to_vec());
    cluster.run_until_quiet(50).unwrap();
    assert_eq!(dead_letters(&cluster), [""; 0]);
    let queue = &last_records(&cluster)[&("queue:q".to_owned(), "all".to_owned())]["kpis"];
    assert_eq!(queue["answered"], 1);
}

/// A second file is a little older than the first: the newest event is the same at both ends.
#[test]
fn an_end_at_the_same_instant_is_emitted_again_when_more_was_read_between() {
    let sources = events_settings(1, 0).sources.clone();
    let settings = Arc::new(Settings {
        tasks: 1,
        sources,
        ..Settings::default()
    });
    let partitions = [0, 1].map(|partition| InputId {
        source: 0,
        partition,
    });
    let mut task = Task::new(TaskId(0), &settings);
    task.start(0).unwrap();
    partitions.iter().for_each(|it| task.add_input(*it));
    let mut judged = Vec::new();
    let mut go_on = |running: &mut Task, now| {
        running.handle_timeout(now);
        judged.extend(
            running
                .poll_output()
                .map_or(Vec::new(), |step| step.outputs),
        );
    };
    let read = |running: &mut Task, place: usize, offset, payload: &[u8], now| {
        let record = SourceRecord {
            input: partitions[place],
            offset,
            key: None,
            payload: Some(payload),
            headers: &[],
        };
        running.handle_source(&record, now);
    };
    let at = |turn: i64| SETTINGS_WALL + Span::from_millis(200 * turn);
    for offset in 0..8 {
        let voice = line(&format!("a{offset}"), "09:59:50");
        read(&mut task, 0, offset, &voice, at(0));
    }
    let chat = String::from_utf8(line("chat", "10:00:04.5")).unwrap();
    let chat = chat.replace("voice", "chat").replace("\"q\"", "\"q2\"");
    read(&mut task, 0, 8, chat.as_bytes(), at(0));
    partitions.iter().for_each(|it| task.handle_end(*it, at(0)));
    (1..=100).for_each(|turn| go_on(&mut task, at(turn)));
    for offset in 0..10 {
        let voice = line(&format!("b{offset}"), "09:59:51");
        read(&mut task, 1, offset, &voice, at(101 + offset));
        go_on(&mut task, at(101 + offset));
    }
    task.handle_end(partitions[1], at(110));
    (111..=300).for_each(|turn| go_on(&mut task, at(turn)));
    let all = judged
        .iter()
        .rfind(|it| it.key.as_deref() == Some(b"all/all"))
        .unwrap();
    let all: serde_json::Value = serde_json::from_slice(all.payload.as_ref().unwrap()).unwrap();
    assert_eq!(all["kpis"]["offered"], 19, "{all}");
    assert_eq!(all["clock"], "2026-03-02T10:00:04.500Z", "{all}");
}

#[test]
fn what_is_sealed_is_final() {
    let mut cluster = cluster();
    for source in all_sources() {
        send(&mut cluster, source, "10:00:00");
    }
    let eve = r#"{"occurred_at":"2026-03-02T10:00:00Z","source":"wfm","type":"agent_state_changed","agent":"eve","state":"available"}"#;
    cluster.feed(input(STRICT), eve.as_bytes().to_vec());
    // Two sources fall silent; the third goes on alone.
    cluster.wall = cluster.wall + Span::from_secs(3_600);
    for at in ["12:00:00", "12:01:00", "12:02:00"] {
        send(&mut cluster, STRICT, at);
        cluster.wall = cluster.wall + Span::from_secs(100);
    }
    let answer = r#"{"occurred_at":"2026-03-02T10:00:07Z","source":"acd","type":"agent_answered","contact_id":"0-0-10:00:00","agent":"ana"}"#;
    let away = r#"{"occurred_at":"2026-03-02T10:00:07Z","source":"wfm","type":"agent_state_changed","agent":"eve","state":"away"}"#;
    for late in [answer, away] {
        cluster.feed(input(USUAL), late.as_bytes().to_vec());
    }
    cluster.run_until_quiet(50).unwrap();
    let letters = dead_letters(&cluster);
    let expected =
        "usual sealed it occurred at 2026-03-02T10:00:07Z, before what is sealed of its contact";
    assert_eq!(letters.len(), 2, "{letters:#?}");
    assert!(
        letters.iter().all(|it| it.starts_with(expected)),
        "{letters:#?}"
    );
    let queue = &last_records(&cluster)[&("queue:q".to_owned(), "all".to_owned())]["kpis"];
    assert_eq!(queue["answered"], 0);
    assert!(cluster.counters().balance());
}

#[test]
fn what_comes_from_before_the_next_contact_of_an_id_is_of_neither() {
    let mut cluster = cluster();
    // The first is remembered up to the third at 10:00. Once all is read up to the fourth there is the next.
    let [first, late, next] = [
        "2026-03-02T10:00:00Z",
        "2026-03-03T09:00:00Z",
        "2026-03-04T10:00:00Z",
    ]
    .map(|instant| line_of("c1", instant));
    cluster.feed(input(USUAL), first);
    cluster.feed(input(USUAL), next);
    cluster.run_until_quiet(50).unwrap();
    cluster.feed(input(PATIENT), late);
    cluster.run_until_quiet(50).unwrap();
    let letters = dead_letters(&cluster);
    assert_eq!(letters.len(), 1, "{letters:#?}");
    let expected =
        "patient sealed it occurred at 2026-03-03T09:00:00Z, before what is sealed of its contact";
    assert!(letters[0].starts_with(expected), "{letters:#?}");
    assert!(
        letters[0].contains("had read on to the next contact of this id"),
        "{letters:#?}"
    );
    let queue = &last_records(&cluster)[&("queue:q".to_owned(), "all".to_owned())]["kpis"];
    assert_eq!(queue["offered"], 2);
    assert!(cluster.counters().balance());
}

#[test]
fn each_source_has_its_own_lateness() {
    let mut cluster = cluster();
    for (source, name, latest_in_time, too_late) in [
        (STRICT, "strict", "11:59:00", "11:58:59"),
        (PATIENT, "patient", "11:00:00", "10:59:59"),
        (USUAL, "usual", "11:50:00", "11:49:59"),
    ] {
        for number in 0..EVENTS_OF_A_CLOCK {
            cluster.feed(input(source), line(&format!("{name}-{number}"), "12:00:00"));
        }
        cluster.feed(
            input(source),
            line(&format!("{name}-in-time"), latest_in_time),
        );
        cluster.feed(input(source), line(&format!("{name}-late"), too_late));
    }
    cluster.run_until_quiet(50).unwrap();
    let late = dead_letters(&cluster);
    let expected = [
        ("strict", 61, 60),
        ("patient", 3_601, 3_600),
        ("usual", 601, 600),
    ];
    assert_eq!(late.len(), expected.len(), "{late:#?}");
    for ((name, behind, allowed), found) in expected.into_iter().zip(&late) {
        assert!(found.starts_with(&format!("{name} late ")), "{found}");
        let figures = [
            format!(" {behind} s behind its partition's clock"),
            format!("{allowed} s are allowed (`lateness` of the source"),
        ];
        assert!(figures.iter().all(|it| found.contains(it)), "{found}");
    }
    let all = &last_records(&cluster)[&("queue:q".to_owned(), "all".to_owned())];
    assert_eq!(all["kpis"]["offered"], 3 * EVENTS_OF_A_CLOCK + 3);
}

#[test]
fn what_a_source_with_more_lateness_may_still_send_is_not_sealed() {
    let mut cluster = cluster();
    for at in ["11:10:00", "12:00:00", "12:05:00"] {
        for source in all_sources() {
            for number in 0..EVENTS_OF_A_CLOCK {
                cluster.feed(input(source), line(&format!("{source}-{number}-{at}"), at));
            }
        }
        cluster.run_until_quiet(50).unwrap();
    }
    // Almost an hour behind, to a contact of the strict source.
    let answer = r#"{"occurred_at":"2026-03-02T11:10:07Z","source":"acd","type":"agent_answered","contact_id":"0-0-11:10:00","agent":"ana"}"#;
    cluster.feed(input(PATIENT), answer.as_bytes().to_vec());
    cluster.run_until_quiet(50).unwrap();
    let queue = &last_records(&cluster)[&("queue:q".to_owned(), "all".to_owned())]["kpis"];
    assert_eq!(
        (&queue["answered"], &queue["asa"]["mean"]),
        (&1.into(), &7.0.into())
    );
    assert_eq!(cluster.counters().dead_lettered, 0);
}
