//! A statement of the directory applies from its time, however late it arrives: the engine and the recount agree.

use std::sync::Arc;

use floorwalker_core::{
    contact::{ContactSettings, Measure, Policy},
    directory::{Directory, Statement},
    engine::{InputId, Settings, TaskId},
    event::{Channel, Event, QueueId, Span, Timestamp, line},
    local::{Cluster, Crash},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use floorwalker_testkit::{faults, random::Random, reference, text::TextWorld, voice::VoiceWorld};
use serde_json::{Value, json};

use crate::agreement::{
    DISORDER, compare_with, empty, feed, last_records, reference_settings, with_states,
};

const TEAMS: [Option<&str>; 4] = [Some("red"), Some("blue"), Some("night"), None];
const SITES: [Option<&str>; 3] = [Some("north"), None, Some("abroad")];

/// Input of the engine, and what the recount makes of it.
struct Changes {
    statements: Vec<String>,
    recounted: reference::Settings,
}

/// Queues go from team to team, the first two policies get other terms, are taken out and come back.
fn changes(events: &[Event], configured: &Settings, seed: u64) -> Changes {
    let mut random = Random::new(seed);
    let (first, last) = (events[0].occurred_at, events[events.len() - 1].occurred_at);
    let length = last - first;
    let mut statements = Vec::new();
    let mut recounted = recounted(configured);
    for queue in ["q", "billing", "tech", "chat", "care", "queue-1"] {
        for place in 0..3 {
            let from = first + Span(length.0 * (place * 3 + random.below(3) as i64) / 9);
            let (team, site) = (TEAMS[random.below(4)], SITES[random.below(3)]);
            let subject = format!("queue:{queue}");
            statements
                .push(json!({"subject": subject, "valid_from": from, "team": team, "site": site}));
            recounted.moves.push(reference::Move {
                from,
                queue: queue.to_owned(),
                team: team.map(str::to_owned),
                site: site.map(str::to_owned),
            });
        }
    }
    recounted.moves.sort_by_key(|it| it.from);
    let thirds = [1, 2].map(|third| first + Span(length.0 * third / 3));
    for policy in configured.contact.policies.iter().take(2) {
        let seconds = 5 + random.below(60) as i64;
        statements.push(json!({
            "subject": format!("policy:{}", policy.name), "valid_from": thirds[0],
            "measure": policy.measure.name(), "channel": policy.channel.map(Channel::name),
            "threshold": seconds, "abandons": "positive", "short_abandon": 1,
        }));
        recounted = with_terms(recounted, &policy.name, seconds, thirds);
        statements.push(json!({"subject": format!("policy:{}", policy.name), "valid_from": thirds[1], "removed": true}));
    }
    statements.push(json!({
        "subject": "policy:new promise", "valid_from": thirds[1], "measure": "resolution", "threshold": 300, "queues": ["q", "tech"],
    }));
    recounted.policies.push(reference::Policy {
        name: "new promise".to_owned(),
        channel: None,
        queues: Some(["q", "tech"].map(QueueId::new).into_iter().collect()),
        from: thirds[1],
        ..reference::Policy::new(
            Channel::Voice,
            reference::Measure::Resolution,
            Span::from_secs(300),
        )
    });
    Changes {
        statements: statements.iter().map(Value::to_string).collect(),
        recounted,
    }
}

/// As configured up to the first third, by other terms up to the second, then as configured again.
fn with_terms(
    settings: reference::Settings,
    name: &str,
    seconds: i64,
    [changed, back]: [Timestamp; 2],
) -> reference::Settings {
    let change = |policy: reference::Policy| {
        if policy.name != name {
            return vec![policy];
        }
        let before = reference::Policy {
            until: changed,
            ..policy.clone()
        };
        let between = reference::Policy {
            threshold: Span::from_secs(seconds),
            abandons: reference::Abandons::Positive,
            flow_outs: reference::FlowOuts::Exclude,
            short_abandon: Some(Span::from_secs(1)),
            opens: reference::Opens::Contact,
            queues: None,
            calendar: None,
            from: changed,
            until: back,
            ..policy.clone()
        };
        vec![
            before,
            between,
            reference::Policy {
                from: back,
                ..policy
            },
        ]
    };
    reference::Settings {
        policies: settings.policies.into_iter().flat_map(change).collect(),
        ..settings
    }
}

fn recounted(configured: &Settings) -> reference::Settings {
    let policies = configured.contact.policies.iter().map(|policy| {
        let measure = match policy.measure {
            Measure::Accept => reference::Measure::Accept,
            Measure::Answer => reference::Measure::Answer,
            Measure::FirstResponse => reference::Measure::FirstResponse,
            Measure::NextResponse => reference::Measure::NextResponse,
            Measure::Resolution => reference::Measure::Resolution,
        };
        reference::Policy {
            name: policy.name.clone(),
            channel: policy.channel,
            ..reference::Policy::new(Channel::Voice, measure, policy.threshold)
        }
    });
    reference::Settings {
        policies: policies.collect(),
        ..reference_settings()
    }
}

/// Promises of every measure; nothing is sealed, so that a change is corrected however late it comes.
fn settings(tasks: u16) -> Arc<Settings> {
    let promise = |measure, channel: Option<Channel>, seconds| Policy {
        channel,
        name: format!(
            "{} {}",
            channel.map_or("any", Channel::name),
            measure_name(measure)
        ),
        ..Policy::standard(measure, Channel::Voice, Span::from_secs(seconds), 0.8)
    };
    let mut settings = (*events_settings(tasks, Settings::default().recovery_max_bytes)).clone();
    settings.lateness = Span::from_secs(60 * 86_400);
    settings.contact.policies = vec![
        promise(Measure::Answer, None, 20),
        promise(Measure::Resolution, None, 120),
        promise(Measure::FirstResponse, Some(Channel::Chat), 30),
        promise(Measure::NextResponse, None, 60),
        promise(Measure::Accept, Some(Channel::Voice), 15),
    ];
    Arc::new(settings)
}

fn measure_name(measure: Measure) -> &'static str {
    measure.name()
}

fn events(seed: u64) -> Vec<Event> {
    let events = if seed.is_multiple_of(2) {
        VoiceWorld {
            seed,
            contacts: 150,
            ..VoiceWorld::default()
        }
        .events()
    } else {
        TextWorld {
            seed,
            contacts: 150,
            ..TextWorld::default()
        }
        .events()
    };
    with_states(&events, seed)
}

/// When the statements are made: before all events, after them, or between.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    First,
    Last,
    Between,
}

fn run(
    events: &[Event],
    changes: &Changes,
    settings: &Arc<Settings>,
    arrival: Arrival,
    seed: u64,
) -> Cluster {
    let mut cluster = empty(settings);
    let mut statements = changes.statements.iter();
    if let Arrival::First = arrival {
        statements
            .by_ref()
            .for_each(|it| cluster.state(it.as_bytes()));
    }
    if let Arrival::Between = arrival {
        for part in events.chunks(events.len() / 25) {
            feed(&mut cluster, part, settings.tasks, seed);
            for task in 0..settings.tasks {
                cluster.advance(TaskId(task), 7).unwrap();
            }
            statements
                .by_ref()
                .take(1)
                .for_each(|it| cluster.state(it.as_bytes()));
        }
    } else {
        feed(&mut cluster, events, settings.tasks, seed);
    }
    cluster.run_until_quiet(200).unwrap();
    statements.for_each(|it| cluster.state(it.as_bytes()));
    cluster.run_until_quiet(200).unwrap();
    cluster
}

#[test]
fn a_change_applies_from_its_time_however_late_it_arrives() {
    for seed in 0..6 {
        let events = events(seed);
        let tasks = [1, 2, 5][seed as usize % 3];
        let settings = settings(tasks);
        let changes = changes(&events, &settings, seed);
        let shuffled = faults::shuffle(&faults::double(&events, 0.2, seed), DISORDER, seed);
        for arrival in [Arrival::First, Arrival::Last, Arrival::Between] {
            let cluster = run(&shuffled, &changes, &settings, arrival, seed);
            let what = format!("world {seed}, {tasks} tasks, arrival {arrival:?}");
            compare_with(&changes.recounted, &events, &cluster, &what);
        }
    }
}

#[test]
fn a_task_that_loses_its_memory_knows_the_directory() {
    for seed in 0..4 {
        let events = events(seed);
        let settings = Arc::new(Settings {
            recovery_max_bytes: [1_400_000_000, 60_000][seed as usize % 2],
            ..(*settings(3)).clone()
        });
        let changes = changes(&events, &settings, seed);
        let mut cluster = empty(&settings);
        cluster.watch_shadows();
        let mut random = Random::new(seed);
        let mut statements = changes.statements.iter();
        for part in events.chunks(40) {
            feed(&mut cluster, part, 3, seed);
            statements
                .by_ref()
                .take(1)
                .for_each(|it| cluster.state(it.as_bytes()));
            let task = TaskId(random.below(3) as u16);
            let crash =
                [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit][random.below(3)];
            cluster.advance_and_crash(task, 30, crash).unwrap();
            (0..3).for_each(|each| {
                cluster.advance(TaskId(each), 30).unwrap();
            });
        }
        statements.for_each(|it| cluster.state(it.as_bytes()));
        cluster.run_until_quiet(200).unwrap();
        compare_with(
            &changes.recounted,
            &events,
            &cluster,
            &format!("world {seed}"),
        );
    }
}

fn send(cluster: &mut Cluster, text: &str) {
    let events = line::parse_all(text).unwrap();
    for (event, partition) in events.iter().zip((0..2).cycle()) {
        let input = InputId {
            source: 0,
            partition,
        };
        cluster.feed(input, jsonl(event).into_bytes());
    }
    cluster.run_until_quiet(100).unwrap();
}

fn kpis(cluster: &Cluster, entity: &str) -> Value {
    last_records(cluster)[&(entity.to_owned(), "all".to_owned())]["kpis"].clone()
}

/// By 10 minutes of lateness the contact is sealed at 10:30: its team is corrected, its promise stays.
#[test]
fn a_change_that_is_dated_back_corrects_teams_of_all_and_promises_of_what_is_not_sealed() {
    let mut cluster = Cluster::new(&events_settings(2, 1_000_000_000), SETTINGS_WALL).unwrap();
    for partition in 0..2 {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
    send(
        &mut cluster,
        "2026-03-02T10:00:00Z queued old queue=q channel=voice\n2026-03-02T10:00:30Z answered old agent=ana\n",
    );
    let mut clock = String::new();
    for number in 0..20 {
        clock.push_str(&format!(
            "2026-03-02T10:30:{number:02}Z queued n{number} queue=other channel=voice\n"
        ));
    }
    send(&mut cluster, &clock);
    send(
        &mut cluster,
        "2026-03-02T10:31:00Z queued new queue=q channel=voice\n2026-03-02T10:31:30Z answered new agent=ana\n",
    );
    let answer = |card: &Value| {
        (
            card["sla"]["voice answer"]["met"].clone(),
            card["sla"]["voice answer"]["missed"].clone(),
        )
    };
    assert_eq!(answer(&kpis(&cluster, "queue:q")), (json!(0), json!(2)));
    assert_eq!(kpis(&cluster, "team:red")["offered"], 2);
    cluster.state(br#"{"subject":"queue:q","valid_from":"2026-03-02T09:00:00Z","team":"night"}"#);
    cluster.state(br#"{"subject":"policy:voice answer","valid_from":"2026-03-02T09:00:00Z","measure":"answer","channel":"voice","threshold":40}"#);
    cluster.run_until_quiet(100).unwrap();
    assert_eq!(kpis(&cluster, "team:night")["offered"], 2, "old and new");
    assert_eq!(kpis(&cluster, "team:red")["offered"], 0);
    assert_eq!(
        answer(&kpis(&cluster, "queue:q")),
        (json!(1), json!(1)),
        "the new one alone"
    );
}

fn refusal(json: &str) -> String {
    let settings = ContactSettings::default();
    match Statement::read(json.as_bytes(), &settings) {
        Err(sentence) => sentence,
        Ok(_) => Directory::default()
            .apply(0, json.as_bytes(), &settings)
            .unwrap_err()
            .to_string(),
    }
}

#[test]
fn a_refused_statement_gets_a_sentence_on_what_to_write_instead() {
    for (json, expected) in [
        (
            "{",
            "this is no JSON object: EOF while parsing an object at line 1 column 1",
        ),
        (
            "{}",
            "`subject` names what this is about: write queue:ID, team:ID, site:ID, agent:ID or policy:NAME",
        ),
        (
            r#"{"subject":"desk:a"}"#,
            "`desk:a` is no subject; `subject` names what this is about: write queue:ID, team:ID, site:ID, agent:ID or policy:NAME",
        ),
        (
            r#"{"subject":"queue:a","valid_from":"today"}"#,
            "`valid_from` is since when it is so: write a time such as \"2026-03-02T08:00:00Z\", or milliseconds since 1970",
        ),
        (
            r#"{"subject":"queue:a","valid_from":0,"tame":"x"}"#,
            "unknown field `tame`, expected one of `title`, `team`, `site`",
        ),
        (
            r#"{"subject":"queue:a","valid_from":0,"team":" "}"#,
            "team: an id has 1 to 256 bytes; leave it out for none",
        ),
        (
            r#"{"subject":"site:a","valid_from":0,"zone":"Europe/Berlin"}"#,
            "unknown field `zone`, expected `title`",
        ),
        (
            r#"{"subject":"policy:p","valid_from":0,"measure":"speed","threshold":1}"#,
            "measure: `speed` is unknown here; write accept, answer, first_response, next_response or resolution",
        ),
        (
            r#"{"subject":"policy:p","valid_from":0,"measure":"answer","threshold":3}"#,
            "threshold: an abandon is short up to 5 s, but the threshold is 3 s; write a `short_abandon` not over it",
        ),
        (
            r#"{"subject":"policy:p","valid_from":0,"measure":"answer","threshold":30,"target":80}"#,
            "target: 80 is no share over 0 and up to 1; write 80 % as 0.8",
        ),
        (
            r#"{"subject":"policy:p","valid_from":0,"measure":"answer","threshold":30,"calendar":"office"}"#,
            "there is no calendar `office`; add a [calendars.office] with its `zone` and hours",
        ),
        (
            r#"{"subject":"team:a","valid_from":0,"removed":true,"title":"A"}"#,
            "what is removed has no further fields, but there is more: unknown field `title`, there are no fields",
        ),
        (
            r#"{"subject":"team:a","valid_from":0,"removed":"yes"}"#,
            "`removed` is \"yes\"; write true or leave it out",
        ),
    ] {
        assert_eq!(refusal(json), expected, "{json}");
    }
}

#[test]
fn of_two_statements_from_one_instant_the_later_in_the_topic_holds() {
    let configured = ContactSettings::default();
    let at = Timestamp::parse("2026-03-02T10:00:00Z").unwrap();
    let wait_of =
        |team: &str| format!(r#"{{"subject":"queue:q","valid_from":"{at}","team":"{team}"}}"#);
    let (wrong, right) = (wait_of("read"), wait_of("red"));
    for order in [[(4, &wrong), (9, &right)], [(9, &right), (4, &wrong)]] {
        let mut directory = Directory::default();
        for (offset, json) in order {
            directory
                .apply(offset, json.as_bytes(), &configured)
                .unwrap();
        }
        let restored = Directory::from_image(&directory.to_image(), &configured).unwrap();
        assert_eq!(restored, directory);
        let places = restored.places(&Default::default());
        let team = |then| {
            Some(
                places
                    .of(&QueueId::new("q"), then)?
                    .team
                    .clone()?
                    .to_string(),
            )
        };
        assert_eq!(team(at), Some("red".to_owned()));
        assert_eq!(team(at - Span(1)), None);
    }
}
