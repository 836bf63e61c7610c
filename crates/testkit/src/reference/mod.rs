//! The independent recount: every number of the contract, straight from the set of events, slowly and plainly.
//!
//! Contract: knows the events and nothing else of this crate, so that it can disagree with it. [`recount`] is a function
//! of the set of events at or before the clock: order and repetition change nothing. What is dead-lettered (too late) is
//! for the caller to leave out. Where the contract leaves a choice, a comment states it.
//!
//! ```
//! use floorwalker_core::event::line;
//! use floorwalker_testkit::reference::{Settings, recount};
//!
//! let events = line::parse_all("10:00:00 queued c1 queue=billing\n10:00:10 answered c1 agent=ana").unwrap();
//! let clock = events[1].occurred_at;
//! let counted = recount(&events, &Settings::default(), clock);
//! assert_eq!(counted.card("queue:billing", None).asa.mean, Some(10.0));
//! ```

mod balance;
mod calendar;
mod concurrency;
mod conversation;
mod fact;
mod leg;
mod memory;
mod obligation;
mod occupancy;
mod order;
mod outbound;
mod parts;
mod policies;
mod reading;
mod record;
mod resolution;
mod response;
mod roster;
mod scorecard;
mod settings;
mod student;
mod today;
mod window;
mod wrap_up;

pub use balance::Balance;
pub use calendar::Calendar;
pub use fact::Resolution;
pub use obligation::{Obligation, Outcome};
pub use occupancy::Occupancy;
pub use resolution::Resolved;
pub use scorecard::{
    Aht, Callbacks, Csat, Durations, Live, Outbound, Ratio, Resolutions, Scorecard, Sla,
};
pub use settings::{Abandons, Fcr, FlowOuts, Measure, Move, Opens, Policy, Settings};
pub use window::window_name;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use concurrency::Open;
use fact::{Book, Fact, Whose};
use floorwalker_core::event::{ContactId, Event, Key, Span, Timestamp};
use occupancy::States;
use parts::Parts;
use roster::Roster;

/// Every number at one clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Recount {
    /// By entity (`agent:ana`, `queue:billing`, `team:red`, `site:north`, `channel:voice`, `reason:outage`, `all`) and window: every entity
    /// that has a fact, be it time in a state or with an engagement, or somebody at risk.
    pub cards: BTreeMap<(String, Option<Span>), Scorecard>,
    /// Cards of the same entities since their local midnight.
    pub today: BTreeMap<String, Scorecard>,
    /// Obligations by contact, in the order of the policies, then of their opening.
    pub obligations: Vec<Obligation>,
    /// What became of inbound contacts of known customers that have an end.
    pub resolved_by_contact: BTreeMap<ContactId, Resolved>,
    /// Durations that would have been negative, of all contacts.
    pub clock_skews: u64,
}

impl Recount {
    /// Returns the card of an entity in a window; an empty one when nothing was counted.
    #[must_use]
    pub fn card(&self, entity: &str, window: Option<Span>) -> Scorecard {
        let key = (entity.to_owned(), window);
        self.cards.get(&key).cloned().unwrap_or_default()
    }
}

/// Counts every number of the events at or before the clock.
#[must_use]
pub fn recount(events: &[Event], settings: &Settings, clock: Timestamp) -> Recount {
    with_book(events, settings, clock, |counted, roster| Recount {
        cards: counted.cards(settings, clock),
        today: counted.today(settings, roster, clock),
        obligations: counted.obligations.clone(),
        resolved_by_contact: counted.resolved_by_contact.clone(),
        clock_skews: counted.clock_skews,
    })
}

/// Returns the scorecards of all agents by key, from what [`recount`] books: each agent beside the others in each queue and channel.
#[must_use]
pub fn scorecards(
    events: &[Event],
    settings: &Settings,
    balance: &Balance,
    clock: Timestamp,
) -> BTreeMap<String, Value> {
    with_book(events, settings, clock, |counted, _| {
        let bookings = counted.book.bookings.iter();
        let facts = bookings.filter_map(|it| Some((it.at, it.desk.as_ref()?, &it.fact)));
        balance::scorecards(facts, balance, clock)
    })
}

/// Books the facts of the events at or before the clock.
fn with_book<R>(
    events: &[Event],
    settings: &Settings,
    clock: Timestamp,
    count: impl FnOnce(&Counted<'_>, &Roster<'_>) -> R,
) -> R {
    let past = |event: &&Event| event.occurred_at <= clock;
    let events: Vec<&Event> = events.iter().filter(past).collect();
    let events_by_contact = order::by_key(&events, Event::contact);
    let events_by_agent = order::by_key(&events, |event| match &event.key {
        Key::Agent(agent) => Some(agent),
        Key::Contact(_) | Key::Alert(_) => None,
    });
    let roster = Roster::new((&settings.queues, &settings.moves), events_by_agent, clock);
    let in_order = events_by_contact
        .values()
        .map(|theirs| order::of_contact(theirs));
    let in_order: Vec<Vec<&Event>> = in_order.collect();
    let all: Vec<Parts> = (in_order.iter())
        .flat_map(|theirs| memory::contacts(theirs, settings))
        .filter_map(|theirs| reading::read(theirs, settings, clock))
        .collect();
    let mut book = Book::new(&roster);
    let mut obligations = Vec::new();
    for parts in &all {
        let theirs = policies::of_contact(parts, settings, clock);
        book.contact(parts, &theirs, settings);
        obligations.extend(theirs);
    }
    let resolved_by_contact = resolution::book(&all, settings.fcr, clock, &mut book);
    let counted = Counted {
        clock_skews: all.iter().map(|parts| parts.clock_skews).sum(),
        live_by_entity: live(&all, &obligations, &roster, clock),
        states: States::of(&all, &roster, clock),
        open: Open::of(&all, &roster, clock),
        book,
        obligations,
        resolved_by_contact,
    };
    count(&counted, &roster)
}

/// What is open at the clock, of every queue and group with an open wait or risk.
fn live(
    all: &[Parts],
    obligations: &[Obligation],
    roster: &Roster<'_>,
    clock: Timestamp,
) -> BTreeMap<String, Live> {
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
            reason: None,
        };
        for entity in whose.entities(clock, roster) {
            let live = live_by_entity.entry(entity).or_default();
            live.waiting += 1;
            live.longest_wait = Some(live.longest_wait.unwrap_or(0.0).max(waited));
        }
    }
    for (entity, at_risk) in at_risk(all, obligations, roster, clock) {
        live_by_entity.entry(entity).or_default().at_risk = at_risk.len() as u64;
    }
    live_by_entity
}

/// The contacts with an open obligation past its `at_risk_at`, by queue and group; the instant itself is past it.
fn at_risk<'a>(
    all: &[Parts],
    obligations: &'a [Obligation],
    roster: &Roster<'_>,
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
            reason: None,
        };
        for entity in whose.entities(clock, roster) {
            contacts_by_entity
                .entry(entity)
                .or_default()
                .insert(&obligation.contact);
        }
    }
    contacts_by_entity
}

/// All that cards are made of.
struct Counted<'a> {
    book: Book<'a>,
    obligations: Vec<Obligation>,
    resolved_by_contact: BTreeMap<ContactId, Resolved>,
    clock_skews: u64,
    live_by_entity: BTreeMap<String, Live>,
    states: States<'a>,
    open: Open<'a>,
}

impl Counted<'_> {
    fn cards(
        &self,
        settings: &Settings,
        clock: Timestamp,
    ) -> BTreeMap<(String, Option<Span>), Scorecard> {
        let mut cards = BTreeMap::new();
        for (entity, facts) in self.facts_by_entity() {
            for window in &settings.windows {
                let card = self.card(entity, &facts, window::begins_at(*window, clock), clock);
                cards.insert((entity.to_owned(), *window), card);
            }
        }
        cards
    }

    fn today(
        &self,
        settings: &Settings,
        roster: &Roster<'_>,
        clock: Timestamp,
    ) -> BTreeMap<String, Scorecard> {
        let facts_by_entity = self.facts_by_entity().into_iter();
        let card = |(entity, facts): (&str, Vec<(Timestamp, &Fact)>)| {
            let midnight = today::began_at(entity, settings, roster, clock);
            let card = self.card(entity, &facts, midnight, clock);
            (entity.to_owned(), card)
        };
        facts_by_entity.map(card).collect()
    }

    fn facts_by_entity(&self) -> BTreeMap<&str, Vec<(Timestamp, &Fact)>> {
        let mut facts_by_entity: BTreeMap<&str, Vec<(Timestamp, &Fact)>> = BTreeMap::new();
        for booking in &self.book.bookings {
            for entity in &booking.entities {
                let facts = facts_by_entity.entry(entity).or_default();
                facts.push((booking.at, &booking.fact));
            }
        }
        // Who has somebody at risk, be it before anything was decided, has that to show.
        let live = self.live_by_entity.keys().map(String::as_str);
        for entity in self
            .states
            .entities()
            .chain(self.open.entities())
            .chain(live)
        {
            facts_by_entity.entry(entity).or_default();
        }
        facts_by_entity
    }

    /// Of what is from `from` to the clock.
    fn card(
        &self,
        entity: &str,
        facts: &[(Timestamp, &Fact)],
        from: Timestamp,
        clock: Timestamp,
    ) -> Scorecard {
        let inside: Vec<&Fact> = (facts.iter())
            .filter(|(at, _)| from <= *at && *at <= clock)
            .map(|(_, fact)| *fact)
            .collect();
        let without_agents = ["queue:", "channel:", "reason:"];
        let of_agents = !(without_agents.iter()).any(|kind| entity.starts_with(kind));
        let group = !entity.starts_with("agent:");
        let mut card = Scorecard::of(&inside, group);
        let live = self.live_by_entity.get(entity).copied();
        // Who waits is a queue's, whatever the reason.
        let has_waits = group && !entity.starts_with("reason:");
        card.live = has_waits.then(|| live.unwrap_or_default());
        card.occupancy = of_agents.then(|| self.states.occupancy(entity, from));
        card.concurrency = self.open.concurrency(entity, from);
        card
    }
}
