//! Small worlds in which anything happens: calls, conversations and chaos, then changed in every way that events allow.

use std::collections::{BTreeMap, BTreeSet};

use floorwalker_core::{
    decode::{Decoded, decode},
    event::{
        AgentId, AgentState, AgentStateChanged, Author, Body, Channel, ContactId, ContactQueued,
        CustomerId, Direction, Event, EventId, Key, QueueId, Span, Timestamp,
    },
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{
    chaos::chaos, faults, random::Random, states, text::TextWorld, voice::VoiceWorld,
};

use super::{reaching, terms::Terms};

/// Some with a team and a site, some without.
pub(crate) const QUEUES: [&str; 4] = ["q", "r", "care", "tech"];
/// How late an event comes at most.
pub(crate) const DISORDER: Span = Span::from_secs(300);
const HOUR: i64 = 3_600;
const AT_WORK: [AgentState; 3] = [AgentState::Offered, AgentState::Engaged, AgentState::WrapUp];
/// How the id of an event begins that its content makes.
const UNNAMED: &str = "~";

/// What arrives, in this order, and where all is compared on the way.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// With its place among partitions.
    Event(Box<Event>, usize),
    /// Everything is at its end, at least at this instant; `None`: at the newest event.
    Stop(Option<Timestamp>),
}

/// The events of a world, in order, each once.
pub(crate) fn events(random: &mut Random, terms: &Terms) -> Vec<Event> {
    let contacts = 4 + random.below(14);
    let mut world = Making {
        contacts_by_world: [0; 3].map(|_| random.below(contacts) + 1),
        events: Vec::new(),
        random,
        terms,
    };
    world.begin();
    world.rename();
    world.mix_in();
    world.say_again();
    world.lose_some();
    world.direct();
    world.reach_out();
    world.wait_long();
    let grain = world.coarsen();
    if world.random.chance(0.5) {
        world.close_gaps();
    }
    world.say_in_time();
    world.send_states(grain);
    world.number();
    if world.random.chance(0.2) {
        return world.events.iter().map(without_id).collect();
    }
    world.events
}

/// As a feed without ids has it: the content is the id.
fn without_id(event: &Event) -> Event {
    let named = Event {
        id: EventId::new(UNNAMED),
        ..event.clone()
    };
    match decode(bare_json(&named).as_bytes()) {
        Ok(Decoded::Event(unnamed)) => unnamed,
        other => panic!("{other:?}"),
    }
}

/// What a producer sends: an id that is the content is left out.
pub(crate) fn bare_json(event: &Event) -> String {
    let json = jsonl(event);
    match has_id(event) {
        true => json,
        false => json.replacen(&format!("\"event_id\":\"{}\",", event.id), "", 1),
    }
}

fn has_id(event: &Event) -> bool {
    !event.id.as_str().starts_with(UNNAMED)
}

/// The same events as they arrive, with stops.
pub(crate) fn arrivals(random: &mut Random, events: &[Event]) -> Vec<Arrival> {
    let mut events = events.to_vec();
    if random.chance(0.3) && events.iter().all(has_id) {
        events = faults::contradict(&events, 0.1, random.bits());
        contradict_at_once(random, &mut events);
    }
    let doubled = faults::double(&events, 0.15, random.bits());
    if random.chance(0.5) {
        by_prefix(random, &doubled)
    } else {
        by_time(random, &doubled)
    }
}

/// Some of what contradicts comes from the same instant: content decides which of the two counts.
fn contradict_at_once(random: &mut Random, events: &mut [Event]) {
    for place in 1..events.len() {
        let (before, rest) = events.split_at_mut(place);
        let (one, other) = (&before[place - 1], &mut rest[0]);
        if one.id == other.id && one.key == other.key && random.chance(0.3) {
            other.occurred_at = one.occurred_at;
            if random.chance(0.3) {
                other.sequence =
                    [None, one.sequence.map(|it| it.saturating_sub(1))][random.below(2)];
            }
        }
    }
}

fn shuffled(random: &mut Random, events: &[Event]) -> Vec<Arrival> {
    let arrived = faults::shuffle(events, DISORDER, random.bits());
    let place = |event| Arrival::Event(Box::new(event), random.below(1 << 16));
    arrived.into_iter().map(place).collect()
}

/// Stops anywhere, while events are on their way; each at the newest so far.
fn by_prefix(random: &mut Random, events: &[Event]) -> Vec<Arrival> {
    let mut arrivals = shuffled(random, events);
    for _ in 0..3 {
        let place = 1 + random.below(arrivals.len());
        arrivals.insert(place, Arrival::Stop(None));
    }
    arrivals.push(Arrival::Stop(late_end(random, events)));
    arrivals
}

/// Stops at instants by which everything has arrived that had occurred.
fn by_time(random: &mut Random, events: &[Event]) -> Vec<Arrival> {
    let (first, last) = ends(events);
    let any_instant = |_| {
        let at = first + random.up_to(last - first);
        let grain = Span::from_secs([0, 5, 60][random.below(3)]);
        if grain > Span::ZERO {
            at.floor(grain)
        } else {
            at
        }
    };
    let mut stops: Vec<Timestamp> = (0..3).map(any_instant).collect();
    stops.sort();
    let mut arrivals = Vec::new();
    let mut rest = events.to_vec();
    for stop in stops {
        let (now, later) = rest
            .into_iter()
            .partition(|event| event.occurred_at <= stop);
        rest = later;
        let now: Vec<Event> = now;
        arrivals.extend(shuffled(random, &now));
        if !arrivals.is_empty() {
            arrivals.push(Arrival::Stop(Some(stop)));
        }
    }
    arrivals.extend(shuffled(random, &rest));
    arrivals.push(Arrival::Stop(late_end(random, events)));
    arrivals
}

/// From at once to when everybody is settled and forgotten.
fn late_end(random: &mut Random, events: &[Event]) -> Option<Timestamp> {
    let later = match random.below(7) {
        0 => Span::from_secs(10),
        1 => Span::from_secs(2_400) + random.up_to(Span::from_secs(60)),
        2 => Span::from_secs(26 * HOUR),
        3 => Span::from_secs(8 * 24 * HOUR),
        4 => Span::from_secs(45 * 24 * HOUR),
        _ => return None,
    };
    Some(ends(events).1 + later)
}

fn ends(events: &[Event]) -> (Timestamp, Timestamp) {
    let times = || events.iter().map(|event| event.occurred_at);
    (times().min().unwrap(), times().max().unwrap())
}

struct Making<'w> {
    contacts_by_world: [usize; 3],
    events: Vec<Event>,
    random: &'w mut Random,
    terms: &'w Terms,
}

impl Making<'_> {
    fn begin(&mut self) {
        let [calls, threads, others] = self.contacts_by_world;
        let start = self.terms.start;
        let hours = *self.random.pick(&[0.2, 1.0, 6.0, 40.0, 200.0]);
        let all = (calls + threads + others) as f64;
        let calls = VoiceWorld {
            seed: self.random.bits(),
            contacts: calls,
            agents: 4,
            queues: 3,
            customers: 6,
            start,
            rate: all / hours,
        };
        let threads = TextWorld {
            seed: self.random.bits(),
            contacts: threads,
            agents: 4,
            customers: 6,
            start,
            between: Span((3.6e9 * hours / all) as i64),
        };
        let mut others = chaos(self.random.bits(), others, start);
        let mut begun = BTreeMap::new();
        for event in &mut others {
            let spread = Span((3.6e9 * hours) as i64);
            let shift = begun
                .entry(event.key.clone())
                .or_insert_with(|| whole_seconds(self.random, spread));
            event.occurred_at = event.occurred_at + *shift;
        }
        self.events = calls.events();
        self.events.extend(threads.events());
        self.events.extend(others);
        self.sort();
    }

    fn sort(&mut self) {
        self.events.sort_by(Event::cmp_in_order);
    }

    /// Few agents, queues and customers for all, so that they meet.
    fn rename(&mut self) {
        let (agents, customers) = (2 + self.random.below(3), 2 + self.random.below(5));
        let with_customer = *self.random.pick(&[0.0, 0.1, 0.6]);
        for event in &mut self.events {
            agents_of(&mut event.body, &mut |agent| {
                *agent = AgentId::new(&format!("a{}", small(agent.as_str()) % agents));
            });
            queues_of(&mut event.body, &mut |queue| {
                *queue = QueueId::new(QUEUES[small(queue.as_str()) % QUEUES.len()]);
            });
            let own = event.customer.as_ref().map(|it| small(it.as_str()));
            let any = self
                .random
                .chance(with_customer)
                .then(|| self.random.below(100));
            let number = own.or(any).map(|number| number % customers);
            event.customer = number.map(|number| CustomerId::new(&format!("k{number}")));
        }
        self.rename_channels();
    }

    fn rename_channels(&mut self) {
        let mut channel_by_contact = BTreeMap::new();
        for event in &mut self.events {
            let random = &mut *self.random;
            let other = channel_by_contact
                .entry(event.key.clone())
                .or_insert_with(|| random.chance(0.4).then(|| *random.pick(&Channel::ALL)));
            if let Some(other) = other {
                event.channel = event.channel.map(|_| *other);
                if self.random.chance(0.1) {
                    event.channel = Some(*self.random.pick(&Channel::ALL));
                }
            }
        }
    }

    fn contacts(&self) -> Vec<ContactId> {
        let contacts: BTreeSet<&ContactId> =
            self.events.iter().filter_map(Event::contact).collect();
        contacts.into_iter().cloned().collect()
    }

    /// What happens to chaos may happen to anybody.
    fn mix_in(&mut self) {
        let share = *self.random.pick(&[0.0, 0.03, 0.15]);
        let contacts = self.contacts();
        let strange = chaos(self.random.bits(), 20, self.terms.start);
        let mut strange = strange.into_iter();
        for number in 0..self.events.len() {
            if !self.random.chance(share) {
                continue;
            }
            let Some(mut event) = strange.next() else {
                break;
            };
            event.occurred_at =
                self.events[number].occurred_at + whole_seconds(self.random, Span::from_secs(60));
            event.key = Key::Contact(self.random.pick(&contacts).clone());
            event.id = EventId::new(&format!("m{number}"));
            event.channel = None;
            agents_of(&mut event.body, &mut |agent| {
                *agent = AgentId::new(&format!("a{}", small(agent.as_str()) % 3));
            });
            self.events.push(event);
        }
        self.sort();
    }

    /// The same under another id, later.
    fn say_again(&mut self) {
        let share = *self.random.pick(&[0.0, 0.02, 0.1]);
        for number in 0..self.events.len() {
            if self.random.chance(share) {
                let mut again = self.events[number].clone();
                let later = *self.random.pick(&[0, 1, 7, 300, 2_000]);
                again.occurred_at = again.occurred_at + Span::from_secs(later);
                again.id = EventId::new(&format!("w{number}"));
                self.events.push(again);
            }
        }
        self.sort();
    }

    fn lose_some(&mut self) {
        let share = *self.random.pick(&[0.0, 0.03, 0.2]);
        let random = &mut *self.random;
        self.events.retain(|_| !random.chance(share));
    }

    /// Some contacts and legs are not inbound.
    fn direct(&mut self) {
        for contact in self.contacts() {
            if !self.random.chance(0.12) {
                continue;
            }
            let direction = *self.random.pick(&Direction::ALL);
            let later_ones = self.random.chance(0.3);
            let mut first = true;
            for queued in self
                .events
                .iter_mut()
                .filter_map(|it| waits_of(it, &contact))
            {
                if std::mem::take(&mut first) != later_ones {
                    queued.direction = Some(direction);
                    queued.queue.get_or_insert(QueueId::new(QUEUES[1]));
                }
            }
        }
    }

    fn reach_out(&mut self) {
        let contacts = self.contacts();
        reaching::add(self.random, &contacts, &mut self.events);
        self.sort();
    }

    /// Hours in which nothing happens to a contact.
    fn wait_long(&mut self) {
        for contact in self.contacts() {
            if !self.random.chance(0.25) {
                continue;
            }
            let theirs: Vec<usize> = (self.events.iter().enumerate())
                .filter(|(_, event)| event.contact() == Some(&contact))
                .map(|(place, _)| place)
                .collect();
            let from = self.random.below(theirs.len());
            let gap = match self.random.below(4) {
                0 => Span::from_secs(1_800),
                1 => self.random.up_to(Span::from_secs(20 * HOUR)),
                2 => self.random.up_to(Span::from_secs(15 * 24 * HOUR)),
                _ => self.random.up_to(Span::from_secs(5 * 24 * HOUR)),
            };
            for place in &theirs[from..] {
                let at = &mut self.events[*place].occurred_at;
                *at = *at + gap;
            }
        }
        self.sort();
    }

    /// Feeds of whole seconds and minutes, with many ties.
    fn coarsen(&mut self) -> Span {
        let grain = Span::from_secs(*self.random.pick(&[0, 0, 1, 5, 60]));
        if grain > Span::ZERO {
            for event in &mut self.events {
                event.occurred_at = event.occurred_at.floor(grain);
            }
            self.sort();
        }
        grain
    }

    /// After this a contact may be another under the same id.
    fn age_min(&self) -> Span {
        let ages = self.terms.settings.contact.max_age;
        ages.into_iter().min().unwrap()
    }

    /// Nobody is forgotten before the last word on them.
    fn close_gaps(&mut self) {
        let gap_max = self.age_min() - Span::from_secs(1_200);
        let mut last_by_contact: BTreeMap<Key, (Timestamp, Span)> = BTreeMap::new();
        for event in &mut self.events {
            let (last, pulled) = last_by_contact
                .entry(event.key.clone())
                .or_insert((event.occurred_at, Span::ZERO));
            let at = event.occurred_at - *pulled;
            let over = (at - *last - gap_max).max(Span::ZERO);
            *pulled = *pulled + over;
            event.occurred_at = at - over;
            *last = event.occurred_at;
        }
        self.sort();
    }

    /// Attributes of the whole contact do not reach back into what is sealed.
    fn say_in_time(&mut self) {
        if self.terms.settings.lateness > Span::from_secs(24 * HOUR) {
            return;
        }
        for contact in self.contacts() {
            let places: Vec<usize> = (self.events.iter().enumerate())
                .filter(|(_, event)| event.contact() == Some(&contact))
                .map(|(place, _)| place)
                .collect();
            self.say_at_once(&places);
            // An event that may begin a contact of its own has them too.
            let gap_max = self.age_min();
            let is_near = |one: &usize, next: &usize| {
                self.events[*next].occurred_at - self.events[*one].occurred_at <= gap_max
            };
            let spells: Vec<Vec<usize>> = places.chunk_by(is_near).map(<[usize]>::to_vec).collect();
            for spell in &spells {
                self.say_at_once(spell);
            }
        }
    }

    /// Gives the first of these events, if they are one contact, the attributes of the whole.
    fn say_at_once(&mut self, places: &[usize]) {
        self.say_who_at_once(places);
        let (mut first_at, mut queued_at, mut named) = (None, None, false);
        for place in places {
            let event = &mut self.events[*place];
            if first_at.is_none() && event.channel.is_none() {
                event.channel = Some(*self.random.pick(&Channel::ALL));
            }
            let since = event.occurred_at - *first_at.get_or_insert(event.occurred_at);
            let in_time = since <= DISORDER;
            // At one instant a sequence may have another order.
            if let Body::ContactQueued(first) = &mut event.body
                && *queued_at.get_or_insert(event.occurred_at) == event.occurred_at
                && !in_time
            {
                first.direction = None;
                first.queue.get_or_insert(QueueId::new(QUEUES[1]));
            }
            let mut names = false;
            queues_of(&mut event.body, &mut |_| names = true);
            named |= names && !matches!(event.body, Body::Transferred(_));
            if !named {
                name_queue(&mut event.body);
            }
        }
    }

    /// Whose contact it is, too: who came back is settled a window later, for good.
    fn say_who_at_once(&mut self, places: &[usize]) {
        let of_somebody = |place: &&usize| self.events[**place].customer.is_some();
        let (Some(first), Some(named)) = (places.first(), places.iter().find(of_somebody)) else {
            return;
        };
        let customer = self.events[*named].customer.clone();
        if self.events[*named].occurred_at - self.events[*first].occurred_at > DISORDER {
            self.events[*first].customer = customer;
        }
    }

    /// Some contacts and agents have numbered events, in any order; some of those miss a number.
    fn number(&mut self) {
        let (keys, missing) = (
            *self.random.pick(&[0.0, 0.0, 0.0, 0.5, 1.0]),
            *self.random.pick(&[0.0, 0.02, 0.3]),
        );
        let mut numbered_by_key = BTreeMap::new();
        for event in &mut self.events {
            let numbered = numbered_by_key
                .entry(event.key.clone())
                .or_insert_with(|| self.random.chance(keys));
            if *numbered && !self.random.chance(missing) {
                event.sequence = Some(*self.random.pick(&[i64::MIN, -3, 0, 1, 2, 7, i64::MAX]));
            }
        }
    }

    /// Of a coarse feed they are coarse too, or not.
    fn send_states(&mut self, grain: Span) {
        let lead = Span::from_secs(*self.random.pick(&[0, 3 * HOUR, 40 * HOUR]));
        if self.events.is_empty() {
            self.events.push(one_state(self.terms.start));
        } else if self.random.chance(0.8) {
            self.events = thinned(
                states::with_states(&self.events, lead, self.random.bits()),
                self.random,
            );
            if grain > Span::ZERO && self.random.chance(0.7) {
                for event in &mut self.events {
                    event.occurred_at = event.occurred_at.floor(grain);
                }
            }
            self.sort();
        }
        if self.random.chance(0.3) {
            self.say_available();
        }
    }

    /// Feeds that send "available" all day, whatever the agents have to do.
    fn say_available(&mut self) {
        let share = *self.random.pick(&[0.5, 1.0]);
        for event in &mut self.events {
            if let Body::AgentStateChanged(changed) = &mut event.body
                && AT_WORK.contains(&changed.state)
                && self.random.chance(share)
            {
                changed.state = AgentState::Available;
            }
        }
    }
}

/// States come every few minutes: in a world of days that is too many.
fn thinned(events: Vec<Event>, random: &mut Random) -> Vec<Event> {
    let states = events
        .iter()
        .filter(|event| event.contact().is_none())
        .count();
    let kept = (150.0 / states.max(1) as f64).min(1.0);
    events
        .into_iter()
        .filter(|event| event.contact().is_some() || random.chance(kept))
        .collect()
}

fn one_state(at: Timestamp) -> Event {
    Event {
        id: EventId::new("s0"),
        occurred_at: at,
        sequence: None,
        key: Key::Agent(AgentId::new("a0")),
        channel: None,
        customer: None,
        body: Body::AgentStateChanged(AgentStateChanged {
            state: AgentState::Available,
            reason: None,
            team: None,
            site: None,
            skills: Vec::new(),
        }),
    }
}

/// Of what opens something for a queue.
fn name_queue(body: &mut Body) {
    let q = || Some(QueueId::new(QUEUES[0]));
    if let Body::MessageSent(message) = body {
        message.queue = q();
    }
    if let Body::AgentOffered(offered) = body {
        offered.queue = q();
    }
    if let Body::ContactReopened(agent) = body {
        *body = Body::ContactResolved(agent.clone());
    }
}

fn whole_seconds(random: &mut Random, most: Span) -> Span {
    Span(random.up_to(most).0 / 1_000_000 * 1_000_000)
}

fn waits_of<'e>(event: &'e mut Event, contact: &ContactId) -> Option<&'e mut ContactQueued> {
    let is_theirs = event.contact() == Some(contact);
    let Body::ContactQueued(queued) = &mut event.body else {
        return None;
    };
    is_theirs.then_some(queued)
}

/// The number at the end of a name, else one by its letters.
fn small(name: &str) -> usize {
    let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    digits
        .parse()
        .unwrap_or_else(|_| name.bytes().map(usize::from).sum())
}

fn agents_of(body: &mut Body, change: &mut dyn FnMut(&mut AgentId)) {
    match body {
        Body::AgentOffered(at) | Body::AgentAnswered(at) => change(&mut at.agent),
        Body::AgentLeft(it) => change(&mut it.agent),
        Body::Transferred(it) => change(&mut it.agent),
        Body::WrapUpEnded(it) => change(&mut it.agent),
        Body::EngagementReported(it) => change(&mut it.agent),
        Body::OfferDeclined(agent, _) | Body::HoldStarted(agent) | Body::HoldEnded(agent) => {
            change(agent);
        }
        Body::ContactResolved(agent) | Body::ContactReopened(agent) => {
            agent.iter_mut().for_each(change);
        }
        Body::MessageSent(it) => {
            if let Author::Agent(agent) = &mut it.by {
                change(agent);
            }
        }
        Body::ContactQueued(_)
        | Body::ContactLeftQueue(_)
        | Body::ContactPaused(_)
        | Body::ContactContinued(_)
        | Body::ContactEnded(..)
        | Body::SurveyAnswered(..)
        | Body::AgentStateChanged(_)
        | Body::AlertAcknowledged(_) => {}
    }
}

fn queues_of(body: &mut Body, change: &mut dyn FnMut(&mut QueueId)) {
    if let Body::ContactQueued(it) = body {
        it.queue.iter_mut().for_each(change);
    } else if let Body::AgentOffered(at) | Body::AgentAnswered(at) = body {
        at.queue.iter_mut().for_each(change);
    } else if let Body::MessageSent(it) = body {
        it.queue.iter_mut().for_each(change);
    }
}
