//! What the state takes in memory: per agent with all windows, per contact, per customer.
//!
//! `cargo bench -p floorwalker-core --bench memory [-- DAYS]`

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![expect(clippy::unwrap_used, reason = "what a bench does not expect may panic")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floorwalker_core::{
    engine::{Holder, InputId, Placement, Settings, Source, SourceClock},
    event::{Body, ContactId, Event, Span, Timestamp},
    local::Cluster,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{states, voice::VoiceWorld};

const AGENTS: usize = 30;
const CONTACTS_A_DAY: usize = 40;
const DAYS: usize = 8;
const TASKS: u16 = 12;
/// Later than any event of the world.
const WALL: Timestamp = Timestamp(1_893_456_000_000_000);

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let days = numbers.next().unwrap_or(DAYS);
    let world = VoiceWorld {
        seed: 7,
        contacts: AGENTS * CONTACTS_A_DAY * days,
        agents: AGENTS,
        rate: (AGENTS * CONTACTS_A_DAY) as f64 / 24.0,
        customers: AGENTS * CONTACTS_A_DAY * days / 2,
        ..VoiceWorld::default()
    };
    let calls = world.events();
    let with_states = states::with_states(&calls, Span::ZERO, 7);
    println!("{AGENTS} agents, {CONTACTS_A_DAY} contacts a day and agent, {days} days");
    for (name, events) in [("contacts alone", &calls), ("with states", &with_states)] {
        let memory = run(events).memory();
        println!("{name}");
        print(&memory, "agent", |it| matches!(it, Holder::Agent(_)));
        print(&memory, "queue or group", |it| {
            matches!(it, Holder::Group(_))
        });
        print(&memory, "contact remembered", |it| {
            matches!(it, Holder::Contact(_))
        });
        print(&memory, "customer", |it| matches!(it, Holder::Customer(_)));
    }
    let open = without_ends(&calls);
    let ids: BTreeSet<String> = open
        .iter()
        .filter_map(Event::contact)
        .map(ContactId::to_string)
        .collect();
    println!("contacts cut short in the middle");
    print(
        &run(&open).memory(),
        "contact open",
        |it| matches!(it, Holder::Contact(id) if ids.contains(id)),
    );
}

/// The last hours' contacts, each up to where it is answered.
fn without_ends(calls: &[Event]) -> Vec<Event> {
    let last = calls.last().unwrap().occurred_at;
    let mut answered = BTreeSet::new();
    let mut open = Vec::new();
    for event in calls
        .iter()
        .filter(|it| it.occurred_at > last - Span::from_secs(2 * 3_600))
    {
        let contact = event.contact().unwrap();
        if !answered.contains(contact) {
            open.push(event.clone());
        }
        if matches!(event.body, Body::AgentAnswered(_)) {
            answered.insert(contact.clone());
        }
    }
    open.retain(|event| answered.contains(event.contact().unwrap()));
    open
}

fn run(events: &[Event]) -> Cluster {
    let settings = Arc::new(Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Events,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        ..Settings::default()
    });
    let mut cluster = Cluster::new(&settings, WALL).unwrap();
    let input = |partition| InputId {
        source: 0,
        partition,
    };
    for partition in 0..i32::from(TASKS) {
        cluster.add_input(input(partition));
    }
    let placement = Placement::new(TASKS);
    for (number, event) in events.iter().enumerate() {
        let partition = i32::from(placement.owner_of(&event.key).0);
        cluster.feed(input(partition), jsonl(event).into_bytes());
        // As much as comes in some hours: facts must not pile up ahead of the clock.
        if number % 5_000 == 4_999 {
            cluster.run_until_quiet(1_000).unwrap();
            cluster.outputs.clear();
        }
    }
    cluster.run_until_quiet(1_000).unwrap();
    cluster
}

fn print(memory: &BTreeMap<Holder, usize>, name: &str, is_one: impl Fn(&Holder) -> bool) {
    let mut bytes: Vec<usize> = (memory.iter())
        .filter(|(holder, _)| is_one(holder))
        .map(|(_, bytes)| *bytes)
        .collect();
    bytes.sort_unstable();
    let Some(most) = bytes.last() else { return };
    let mean = bytes.iter().sum::<usize>() as f64 / bytes.len() as f64;
    println!(
        "  {name:20} {:6} of them, {mean:8.0} bytes each, at most {most}",
        bytes.len()
    );
}
