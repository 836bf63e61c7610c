//! First-contact resolution as its settings have it: the engine and the recount agree.

use std::sync::Arc;

use floorwalker::{
    contact::{ContactSettings, FirstContact},
    engine::Settings,
    event::{Event, Span, Timestamp, line},
    sim::{
        cluster::Cluster,
        faults,
        reference::{self, Fcr, recount},
        voice::VoiceWorld,
    },
};
use serde_json::Value;

use crate::{
    agreement::{
        add_inputs, chaos_said_in_time, compare_recounted, feed, last_records, reference_settings,
        with_states,
    },
    spine::{SETTINGS_WALL, events_settings},
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
    let records = recount(events, &as_recounted, clock).records(clock);
    compare_recounted(clock, records, &cluster, what);
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

fn every_policy() -> impl Iterator<Item = FirstContact> {
    (0..8).map(|number| FirstContact {
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
        let events = with_states(&chaos_said_in_time(number as u64, 400), number as u64);
        let what = format!("chaos {settings:?}");
        agree(&events, [3, 1][number % 2], settings, &what);
    }
}

/// What `all` says of one kind of figure: resolved, repeated, unresolved.
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
