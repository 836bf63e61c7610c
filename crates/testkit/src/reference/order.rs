//! In which order the events of one contact or agent are read.

use std::collections::BTreeMap;

use floorwalker_core::event::{AgentState, Body, Event, EventId};

/// The way of an agent from contact to contact.
const CYCLE: [AgentState; 4] = [
    AgentState::Available,
    AgentState::Offered,
    AgentState::Engaged,
    AgentState::WrapUp,
];

/// The events of each contact or agent by time, each once: of those with one id the first.
pub(super) fn by_key<'a, Id: Ord>(
    events: &[&'a Event],
    id_of: impl Fn(&'a Event) -> Option<&'a Id>,
) -> BTreeMap<&'a Id, Vec<&'a Event>> {
    let mut first_by_id: BTreeMap<(&Id, &EventId), &Event> = BTreeMap::new();
    for event in events {
        let Some(id) = id_of(event) else {
            continue;
        };
        let first = first_by_id.entry((id, &event.id)).or_insert(event);
        if counts_before(event, first) {
            *first = event;
        }
    }
    let mut events_by_id: BTreeMap<&Id, Vec<&Event>> = BTreeMap::new();
    for ((id, _), event) in first_by_id {
        events_by_id.entry(id).or_default().push(event);
    }
    for theirs in events_by_id.values_mut() {
        theirs.sort_by_key(|event| event.occurred_at);
    }
    events_by_id
}

/// Of two contents of one id.
fn counts_before(one: &Event, other: &Event) -> bool {
    let place = |event: &Event| (event.occurred_at, event.sequence, event.body.rank());
    place(one)
        .cmp(&place(other))
        .then_with(|| one.body.cmp_content(&other.body))
        .then_with(|| one.channel.cmp(&other.channel))
        .is_lt()
}

/// The events of a contact in order.
pub(super) fn of_contact<'a>(by_time: &[&'a Event]) -> Vec<&'a Event> {
    let mut ordered = Vec::with_capacity(by_time.len());
    for instant in by_time.chunk_by(|one, other| one.occurred_at == other.occurred_at) {
        let mut instant = instant.to_vec();
        let sequenced = instant.iter().all(|event| event.sequence.is_some());
        instant.sort_by_cached_key(|event| {
            let sequence = event.sequence.filter(|_| sequenced);
            (sequence, event.body.rank(), Named::new(&event.id))
        });
        ordered.extend(instant);
    }
    ordered
}

/// The states of one instant in order; `held` is what the agent was before.
pub(super) fn of_states<'a>(instant: &[&'a Event], held: Option<AgentState>) -> Vec<&'a Event> {
    let mut rest = instant.to_vec();
    rest.sort_by_cached_key(|event| Named::new(&event.id));
    if rest.iter().all(|event| event.sequence.is_some()) {
        rest.sort_by_key(|event| event.sequence);
        return rest;
    }
    let behind = CYCLE.iter().position(|state| Some(*state) == held);
    let from = behind.map_or(0, |place| place + 1);
    let turns = CYCLE.iter().cycle().skip(from).take(CYCLE.len());
    let mut ordered = Vec::with_capacity(rest.len());
    for turn in turns.chain(&[AgentState::Away, AgentState::Offline]) {
        ordered.extend(rest.iter().filter(|event| state_of(event) == Some(*turn)));
    }
    ordered
}

fn state_of(event: &Event) -> Option<AgentState> {
    let Body::AgentStateChanged(change) = &event.body else {
        return None;
    };
    Some(change.state)
}

/// An id as it is compared: character by character, a run of digits as one number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    tokens: Vec<Token>,
    text: String,
}

/// A number stands among the characters where its digits do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    character: char,
    digits: usize,
    number: String,
}

impl Named {
    fn new(id: &EventId) -> Self {
        let text = id.as_str().to_owned();
        let mut tokens = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let mut number = String::new();
            if character.is_ascii_digit() {
                number.push(character);
                while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
            }
            let number = number.trim_start_matches('0').to_owned();
            tokens.push(Token {
                character: match character.is_ascii_digit() {
                    true => '0',
                    false => character,
                },
                digits: number.len(),
                number,
            });
        }
        Self { tokens, text }
    }
}
