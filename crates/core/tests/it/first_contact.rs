//! First-contact resolution as its settings have it: the engine and the recount agree.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    contact::{ContactSettings, FirstContact},
    engine::{OutTopic, Settings},
    event::{ContactId, Event, Span, Timestamp, line},
    local::Cluster,
};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use floorwalker_testkit::{
    faults,
    reference::{self, Fcr, Recount, Resolution, recount},
    voice::VoiceWorld,
};
use serde_json::Value;

use crate::agreement::{
    add_inputs, chaos_with_early_attributes, compare_recounted, feed, last_records,
    reference_settings, with_states,
};

fn run(events: &[Event], tasks: u16, first_contact: FirstContact, end_at: Timestamp) -> Cluster {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    let settings = Arc::new(Settings {
        contact: ContactSettings {
            first_contact,
            ..ContactSettings::default()
        },
        ..(*defaults).clone()
    });
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    add_inputs(&mut cluster, tasks);
    cluster.end_at(end_at);
    feed(&mut cluster, events, tasks, 1);
    cluster.run_until_quiet(200).unwrap();
    cluster
}

fn agree(events: &[Event], tasks: u16, settings: FirstContact, what: &str) {
    let last = events.iter().map(|event| event.occurred_at).max().unwrap();
    let clock = last + Span::from_secs(600);
    let disordered = faults::shuffle(&faults::double(events, 0.2, 7), Span::from_secs(300), 7);
    let cluster = run(&disordered, tasks, settings, clock);
    let fcr = Fcr {
        window: settings.window,
        transfer_breaks: settings.transfer_breaks,
        same_reason: settings.same_reason,
    };
    let as_recounted = reference::Settings {
        fcr,
        ..reference_settings()
    };
    let counted = recount(events, &as_recounted, clock);
    compare_recounted(clock, counted.records(clock), &cluster, what);
    let settled_at = settings.window + Settings::default().lateness;
    compare_contacts(&counted, clock, settled_at, &cluster, what);
    let all = last_records(&cluster)[&("all".to_owned(), "all".to_owned())]["kpis"].clone();
    for name in ["fcr", "fcr_confirmed"] {
        for part in ["resolved", "repeated", "unresolved"] {
            assert!(
                all[name][part].as_i64() > Some(0),
                "{what}: no {part} {name}"
            );
        }
    }
}

/// Compares the newest records of contacts with the recount. A resolution is settled `settled_at` after the end.
fn compare_contacts(
    counted: &Recount,
    clock: Timestamp,
    settled_at: Span,
    cluster: &Cluster,
    what: &str,
) {
    let found = contacts(cluster);
    for (contact, record) in &found {
        let expected = counted.resolved_by_contact.get(&ContactId::new(contact));
        let expected = expected.map(|it| {
            let settled = it.confirmed.filter(|_| it.ended_at + settled_at <= clock);
            (name(settled.unwrap_or(it.so_far)), settled.is_some())
        });
        let [resolution, settled] =
            ["resolution", "resolution_settled"].map(|field| &record[field]);
        let recorded = resolution.as_str().zip(settled.as_bool());
        assert_eq!(recorded, expected, "{what}: {contact}");
    }
    let has = |name: &str, value: Value| found.values().any(|it| it[name] == value);
    for resolution in ["resolved", "repeated", "unresolved"] {
        assert!(has("resolution", resolution.into()), "{what}: {resolution}");
    }
    assert!(has("resolution_settled", true.into()), "{what}");
}

const fn name(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Resolved => "resolved",
        Resolution::Repeated => "repeated",
        Resolution::Unresolved => "unresolved",
    }
}

/// The newest record of each contact.
fn contacts(cluster: &Cluster) -> BTreeMap<String, Value> {
    let outputs = cluster.outputs.iter().map(|(_, output)| output);
    let records = outputs.filter(|output| output.topic == OutTopic::Contacts);
    records
        .map(|output| {
            let record: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
            (record["contact_id"].as_str().unwrap().to_owned(), record)
        })
        .collect()
}

fn every_policy() -> impl Iterator<Item = FirstContact> {
    (0..8).map(|number| FirstContact {
        enabled: true,
        window: Span::from_secs([1_800, 7_200][number & 1]),
        transfer_breaks: number & 2 != 0,
        same_reason: number & 4 != 0,
    })
}

#[test]
fn voice_worlds_agree_under_every_policy() {
    for (number, settings) in every_policy().enumerate() {
        let world = VoiceWorld {
            seed: number as u64,
            contacts: 600,
            customers: 200,
            ..VoiceWorld::default()
        };
        let what = format!("{settings:?}");
        let events = with_states(&world.events(), number as u64);
        agree(&events, [1, 5][number % 2], settings, &what);
    }
}

#[test]
fn contacts_to_which_anything_happens_agree_under_every_policy() {
    for (number, settings) in every_policy().enumerate() {
        let events = with_states(
            &chaos_with_early_attributes(number as u64, 400),
            number as u64,
        );
        let what = format!("chaos {settings:?}");
        agree(&events, [3, 1][number % 2], settings, &what);
    }
}

/// Returns one kind of figure of `all`: resolved, repeated, unresolved.
fn figures(cluster: &Cluster, name: &str) -> [i64; 3] {
    let records = last_records(cluster);
    let record: &Value = &records[&("all".to_owned(), "all".to_owned())];
    ["resolved", "repeated", "unresolved"].map(|part| record["kpis"][name][part].as_i64().unwrap())
}

const CALL: &str = "10:00:00 queued c1 queue=q channel=voice customer=k\n10:00:10 answered c1 agent=ana\n\
                    10:01:00 ended c1 by=customer\n10:01:30 wrap_up_ended c1 agent=ana";

#[test]
fn a_contact_is_settled_when_its_time_is_up_and_forgotten_after() {
    let again = "\n10:31:00 queued c2 queue=q channel=voice customer=k";
    let before = "\n10:30:59 queued c2 queue=q channel=voice customer=k";
    let table = [
        ("", "10:30:59", [1, 0, 0], [0, 0, 0]),
        ("", "10:31:00", [1, 0, 0], [1, 0, 0]),
        (again, "12:00:00", [1, 0, 0], [1, 0, 0]),
        (before, "10:30:59", [0, 1, 0], [0, 0, 0]),
        (before, "10:31:00", [0, 1, 0], [0, 1, 0]),
    ];
    let fcr = FirstContact {
        window: Span::from_secs(1_800),
        ..FirstContact::default()
    };
    for (more, clock, provisional, confirmed) in table {
        let events = line::parse_all(&format!("{CALL}{more}")).unwrap();
        let at = Timestamp::parse(&format!("2026-11-22T{clock}Z")).unwrap();
        for tasks in [1, 7] {
            let cluster = run(&events, tasks, fcr, at);
            assert_eq!(figures(&cluster, "fcr"), provisional, "{more} {clock}");
            assert_eq!(
                figures(&cluster, "fcr_confirmed"),
                confirmed,
                "{more} {clock}"
            );
        }
    }
}

/// Returns the resolution in the record of `c1`, and how often it was written.
fn resolution_of(events: &str, tasks: u16, until: &str) -> (Value, Value, usize) {
    let fcr = FirstContact {
        window: Span::from_secs(1_800),
        ..FirstContact::default()
    };
    let events = line::parse_all(events).unwrap();
    let at = Timestamp::parse(&format!("2026-11-22T{until}Z")).unwrap();
    let cluster = run(&events, tasks, fcr, at);
    let written = (cluster.outputs.iter())
        .filter(|(_, it)| it.topic == OutTopic::Contacts && it.key.as_deref() == Some(b"c1"));
    let record = &contacts(&cluster)["c1"];
    let [resolution, settled] = ["resolution", "resolution_settled"].map(|key| record[key].clone());
    (resolution, settled, written.count())
}

#[test]
fn a_contacts_record_has_its_resolution_and_whether_that_is_settled() {
    let again = "\n10:30:59 queued c2 queue=q channel=voice customer=k";
    let nobody = CALL.replace(" customer=k", "");
    let lost = "10:00:00 queued c1 queue=q channel=voice customer=k\n10:00:10 ended c1 by=customer";
    let no = CALL.replace(
        "wrap_up_ended c1 agent=ana",
        "wrap_up_ended c1 agent=ana resolved=false",
    );
    let table = [
        (CALL.to_owned(), "10:40:59", "resolved", Some(false)),
        (CALL.to_owned(), "10:41:00", "resolved", Some(true)),
        (
            format!("{CALL}{again}"),
            "10:40:59",
            "repeated",
            Some(false),
        ),
        (format!("{CALL}{again}"), "10:41:00", "repeated", Some(true)),
        (no, "12:00:00", "unresolved", Some(true)),
        (
            CALL.replace("c1 queue=q", "c1 direction=outbound queue=q"),
            "12:00:00",
            "",
            None,
        ),
        (nobody, "12:00:00", "", None),
        (lost.to_owned(), "12:00:00", "", None),
    ];
    for (events, until, resolution, settled) in table {
        for tasks in [1, 7] {
            let (found, is_settled, written) = resolution_of(&events, tasks, until);
            let expected = Some(resolution).filter(|name| !name.is_empty());
            assert_eq!(found.as_str(), expected, "{events} {until}");
            assert_eq!(is_settled.as_bool(), settled, "{events} {until}");
            assert!(written <= 3, "{events} {until}: {written} times");
        }
    }
}

#[test]
fn a_contact_that_turns_out_to_be_anothers_is_judged_by_its_own_customer_only() {
    // Late: it was not `k` who called, but `l`, who came back.
    let late = "\n09:59:59 message c1 by=bot customer=l channel=voice\n10:05:00 queued c2 queue=q channel=voice customer=l";
    let later = "\n10:06:00 queued c3 queue=q channel=voice customer=k";
    let table = [
        (format!("{CALL}{later}{late}"), "repeated"),
        (
            format!(
                "{CALL}{later}{}",
                late.replace(
                    "customer=l channel=voice\n10:05",
                    "customer=m channel=voice\n10:05"
                )
            ),
            "resolved",
        ),
    ];
    for (events, resolution) in table {
        for tasks in [1, 7] {
            for until in ["10:20:00", "12:00:00"] {
                let (found, settled, _) = resolution_of(&events, tasks, until);
                let settled = settled.as_bool();
                assert_eq!(
                    (found.as_str(), settled),
                    (Some(resolution), Some(until == "12:00:00"))
                );
            }
        }
    }
}
