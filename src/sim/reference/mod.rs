//! The independent recount: every number of the contract straight from the set of events, slowly and plainly.
//!
//! Contract: knows the events and nothing else of this crate, so that it can disagree with it. [`recount`] is a function
//! of the set of events at or before the clock: order and repetition change nothing. What is dead-lettered (too late, of
//! a contact long forgotten) is for the caller to leave out. Where the contract leaves a choice, a comment says which.
//!
//! ```
//! use floorwalker::{event::line, sim::reference::{Settings, recount}};
//! let events = line::parse_all("10:00:00 queued c1 queue=billing\n10:00:10 answered c1 agent=ana").unwrap();
//! let clock = events[1].occurred_at;
//! let counted = recount(&events, &Settings::default(), clock);
//! assert_eq!(counted.card("queue:billing", None).asa.mean, Some(10.0));
//! ```

mod calendar;
mod concurrency;
mod fact;
mod obligation;
mod parts;
mod reading;
mod record;
mod resolution;
mod response;
mod scorecard;
mod settings;
mod telling;

pub use calendar::Calendar;
pub use obligation::{Obligation, Outcome};
pub use record::window_name;
pub use scorecard::{Aht, Csat, Durations, Live, Ratio, Resolutions, Scorecard, Sla};
pub use settings::{Abandons, Fcr, FlowOuts, Measure, Opens, Policy, Settings};

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{ContactId, Event, Span, Timestamp, line};
use concurrency::Open;
use fact::{Book, Fact, Whose};
use parts::Parts;

/// Every number at one clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Recount {
    /// By entity (`agent:ana`, `queue:billing`, `channel:voice`, `all`) and window: every entity that has a fact.
    pub cards: BTreeMap<(String, Option<Span>), Scorecard>,
    /// By contact, in the order of the policies, then of their opening.
    pub obligations: Vec<Obligation>,
}

impl Recount {
    /// The card of an entity in a window; an empty one when nothing was counted.
    #[must_use]
    pub fn card(&self, entity: &str, window: Option<Span>) -> Scorecard {
        let key = (entity.to_owned(), window);
        self.cards.get(&key).cloned().unwrap_or_default()
    }
}

/// Counts the events at or before the clock.
#[must_use]
pub fn recount(events: &[Event], settings: &Settings, clock: Timestamp) -> Recount {
    let all: Vec<Parts> = in_order(events, clock)
        .values()
        .filter_map(|events| reading::read(events, settings, clock))
        .collect();
    let mut book = Book::default();
    let mut obligations = Vec::new();
    for parts in &all {
        let theirs = obligation::of_contact(parts, settings, clock);
        book.contact(parts, &theirs, settings);
        obligations.extend(theirs);
    }
    resolution::book(&all, settings.fcr, clock, &mut book);
    let mut cards = cards(&book, &live(&all, &obligations, clock), settings, clock);
    let open = Open::of(&all, clock);
    for ((entity, window), card) in &mut cards {
        card.concurrency = open.concurrency(entity, from(*window, clock));
    }
    Recount { cards, obligations }
}

/// The events of each contact by the clock, in order, each once: of those with one id the first in order.
fn in_order(events: &[Event], clock: Timestamp) -> BTreeMap<&ContactId, Vec<&Event>> {
    let mut sorted: Vec<&Event> = (events.iter())
        .filter(|event| event.occurred_at <= clock)
        .collect();
    // Two contents of one id, kind and instant have no order in the contract: the least line counts here.
    sorted.sort_by(|one, other| {
        one.cmp_in_order(other)
            .then_with(|| line::print(one).cmp(&line::print(other)))
    });
    let mut seen = BTreeSet::new();
    let mut events_by_contact: BTreeMap<&ContactId, Vec<&Event>> = BTreeMap::new();
    for event in sorted {
        let Some(contact) = event.contact() else {
            continue;
        };
        if seen.insert((contact, &event.id)) {
            events_by_contact.entry(contact).or_default().push(event);
        }
    }
    events_by_contact
}

/// What is open at the clock, of every queue and group with an open wait or risk.
fn live(all: &[Parts], obligations: &[Obligation], clock: Timestamp) -> BTreeMap<String, Live> {
    let mut live_by_entity: BTreeMap<String, Live> = BTreeMap::new();
    for parts in all {
        let Some(wait) = parts.waits.last().filter(|wait| wait.end.is_none()) else {
            continue;
        };
        let waited = (clock - wait.queued_at).as_secs();
        let whose = Whose {
            agent: None,
            queue: Some(wait.queue.clone()),
            channel: Some(parts.channel),
        };
        for entity in whose.entities() {
            let live = live_by_entity.entry(entity).or_default();
            live.waiting += 1;
            live.longest_wait = Some(live.longest_wait.unwrap_or(0.0).max(waited));
        }
    }
    for (entity, at_risk) in at_risk(all, obligations, clock) {
        live_by_entity.entry(entity).or_default().at_risk = at_risk.len() as u64;
    }
    live_by_entity
}

/// The contacts with an open obligation past its `at_risk_at`, by queue and group; the instant itself is past it.
fn at_risk<'a>(
    all: &[Parts],
    obligations: &'a [Obligation],
    clock: Timestamp,
) -> BTreeMap<String, BTreeSet<&'a ContactId>> {
    let channel_by_contact: BTreeMap<&ContactId, _> = (all.iter())
        .map(|parts| (&parts.contact, parts.channel))
        .collect();
    let mut contacts_by_entity: BTreeMap<String, BTreeSet<&ContactId>> = BTreeMap::new();
    for obligation in obligations {
        if obligation.outcome != Outcome::Open || clock < obligation.at_risk_at {
            continue;
        }
        let whose = Whose {
            agent: None,
            queue: obligation.queue.clone(),
            channel: channel_by_contact.get(&obligation.contact).copied(),
        };
        for entity in whose.entities() {
            contacts_by_entity
                .entry(entity)
                .or_default()
                .insert(&obligation.contact);
        }
    }
    contacts_by_entity
}

fn cards(
    book: &Book,
    live: &BTreeMap<String, Live>,
    settings: &Settings,
    clock: Timestamp,
) -> BTreeMap<(String, Option<Span>), Scorecard> {
    let mut facts_by_entity: BTreeMap<&str, Vec<(Timestamp, &Fact)>> = BTreeMap::new();
    for booking in &book.0 {
        for entity in &booking.entities {
            facts_by_entity
                .entry(entity)
                .or_default()
                .push((booking.at, &booking.fact));
        }
    }
    let mut cards = BTreeMap::new();
    for (entity, facts) in facts_by_entity {
        for window in &settings.windows {
            let from = from(*window, clock);
            let inside: Vec<&Fact> = (facts.iter())
                .filter(|(at, _)| from <= *at && *at <= clock)
                .map(|(_, fact)| *fact)
                .collect();
            let group = !entity.starts_with("agent:");
            let mut card = Scorecard::of(&inside, group);
            card.live = group.then(|| live.get(entity).copied().unwrap_or_default());
            cards.insert((entity.to_owned(), *window), card);
        }
    }
    cards
}

/// A window slides by its pane, a sixtieth of it, at least 5 s; it ends with the pane the clock is in.
fn from(window: Option<Span>, clock: Timestamp) -> Timestamp {
    let Some(window) = window else {
        return Timestamp::MIN;
    };
    let pane = Span((window.0 / 60).max(Span::from_secs(5).0));
    clock.floor(pane) + pane - window
}
