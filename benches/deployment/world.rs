//! The input of the throughput bench: calls of a simulated center with the states of its agents, and their recount.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use floorwalker_core::event::{Channel, Event, Timestamp};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{reference, states::with_states_of_work, voice::VoiceWorld};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fewer than the world makes of a contact: there are enough, and the rest is cut off.
const EVENTS_A_CONTACT: usize = 8;
/// With so many agents to a queue, and so many calls an hour to an agent, most are busy.
const AGENTS_A_QUEUE: usize = 100;
const CALLS_AN_HOUR: f64 = 12.5;
/// Contacts that are recounted together: the recount looks at each pair of them.
const RECOUNTED: usize = 3_000;
/// No sum over contacts: customers have several. And what the recount, which sees the contacts alone, does not know of agents.
const NOT_COMPARED: [&str; 3] = ["fcr", "fcr_confirmed", "fcr_no_customer"];

/// The input: one file of JSON lines, and its recount.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    #[serde(skip)]
    pub(crate) file: PathBuf,
    pub(crate) events: usize,
    pub(crate) contacts: usize,
    pub(crate) agents: usize,
    pub(crate) bytes: usize,
    pub(crate) hours: f64,
    /// When the last one occurred, as records spell it.
    pub(crate) newest: String,
    /// Whole numbers of the last record of each entity and window, by their paths.
    pub(crate) expected: BTreeMap<String, Counts>,
}

pub(crate) type Counts = BTreeMap<String, u64>;

impl World {
    pub(crate) fn find_or_make(wanted: usize, agents: usize) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
        let summary = folder.join(format!("states-{wanted}-{agents}.json"));
        let file = folder.join(format!("states-{wanted}-{agents}.jsonl"));
        if let Ok(text) = fs::read(&summary)
            && let Ok(world) = serde_json::from_slice::<Self>(&text)
        {
            return Self { file, ..world };
        }
        fs::create_dir_all(&folder).expect("a folder");
        println!("making {wanted} events in {}", folder.display());
        let world = Self::make((wanted, agents), file);
        let text = serde_json::to_vec(&world).expect("JSON");
        fs::write(summary, text).expect("a file");
        world
    }

    fn make((wanted, agents): (usize, usize), file: PathBuf) -> Self {
        let default = VoiceWorld::default();
        let calls = wanted / EVENTS_A_CONTACT;
        let world = VoiceWorld {
            seed: 7,
            contacts: calls,
            agents,
            queues: agents.div_ceil(AGENTS_A_QUEUE),
            customers: calls,
            rate: CALLS_AN_HOUR * agents as f64,
            // Days ago: nothing of it may lie in the future.
            start: Timestamp(default.start.0 - 10 * 86_400_000_000),
        };
        let mut events = with_states_of_work(&world.events());
        events.truncate(wanted);
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            panic!("no events");
        };
        let (newest, hours) = (
            last.occurred_at,
            (last.occurred_at - first.occurred_at).as_secs() / 3_600.0,
        );
        let bytes = write(&file, &events);
        let count = events.len();
        let events_by_contact = by_contact(events);
        Self {
            file,
            events: count,
            contacts: events_by_contact.len(),
            agents,
            bytes,
            hours,
            newest: newest.to_string(),
            expected: recount(events_by_contact, newest),
        }
    }
}

fn write(file: &Path, events: &[Event]) -> usize {
    let mut lines = BufWriter::new(fs::File::create(file).expect("a file"));
    let mut bytes = 0;
    for event in events {
        let json = jsonl(event);
        bytes += json.len();
        writeln!(lines, "{json}").expect("room on the disk");
    }
    lines.flush().expect("room on the disk");
    bytes
}

fn by_contact(events: Vec<Event>) -> BTreeMap<String, Vec<Event>> {
    let mut events_by_contact: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events {
        if let Some(contact) = event.contact() {
            let contact = contact.as_str().to_owned();
            events_by_contact.entry(contact).or_default().push(event);
        }
    }
    events_by_contact
}

/// Sums over contacts, so that they can be counted some at a time.
fn recount(
    events_by_contact: BTreeMap<String, Vec<Event>>,
    clock: Timestamp,
) -> BTreeMap<String, Counts> {
    let settings = reference::Settings {
        channel_default: Channel::Other,
        ..reference::Settings::default()
    };
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    let all: Vec<Vec<Event>> = events_by_contact.into_values().collect();
    for contacts in all.chunks(RECOUNTED) {
        let recount = reference::recount(&contacts.concat(), &settings, clock);
        for record in recount.records(clock) {
            let sum = sums.entry(key_of(&record)).or_default();
            for (path, count) in counts_of(&record["kpis"]) {
                *sum.entry(path).or_default() += count;
            }
        }
    }
    sums
}

pub(crate) fn window_of(key: &str) -> Option<&str> {
    key.rsplit_once('/').map(|(_, window)| window)
}

pub(crate) fn key_of(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    format!("{}/{}", text("entity"), text("window"))
}

/// The whole numbers in a record, but those that are not compared and zeros.
pub(crate) fn counts_of(kpis: &Value) -> Counts {
    let mut counts = Counts::new();
    let mut open = vec![(String::new(), kpis)];
    while let Some((path, value)) = open.pop() {
        if let Some(members) = value.as_object() {
            let compared = members
                .iter()
                .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()));
            open.extend(compared.map(|(name, inner)| (format!("{path}/{name}"), inner)));
        } else if let Some(count) = value.as_u64().filter(|count| *count > 0) {
            counts.insert(path, count);
        }
    }
    counts
}
