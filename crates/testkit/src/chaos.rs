//! Contacts to which anything happens at any time: no vendor sends them, every law must hold for them.
//!
//! Two agents and two queues on a grid of whole seconds, so that ties, repeats and contradictions are common; gaps of
//! minutes and hours now and then, so that timers fire between events, yet none so long that a contact is forgotten.

use super::random::Random;
use floorwalker_core::event::{
    AgentId, AgentLeft, AtAgent, Author, Body, Channel, ContactId, ContactQueued, CustomerId,
    DeclineCause, Direction, EndedBy, EngagementReported, Event, EventId, Key, LeftWhy,
    MessageSent, QueueId, Span, Survey, Text, Timestamp, TransferTarget, Transferred, WrapUpEnded,
};

const EVENTS_MAX: usize = 14;
/// Those that differ: in limits, in wrap-up, in what answers them.
const CHANNELS: [Channel; 6] = [
    Channel::Voice,
    Channel::Voice,
    Channel::Video,
    Channel::Chat,
    Channel::Sms,
    Channel::Email,
];

/// Returns the events of random contacts in time order. All event ids differ.
#[must_use]
pub fn chaos(seed: u64, contacts: usize, start: Timestamp) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut events: Vec<Event> = (0..contacts)
        .flat_map(|number| contact(&mut random, number, contacts, start))
        .collect();
    events.sort_by(Event::cmp_in_order);
    events
}

fn contact(random: &mut Random, number: usize, contacts: usize, start: Timestamp) -> Vec<Event> {
    let mut at = start + random.up_to(Span::from_secs(3_600));
    at = at.floor(Span::from_secs(1));
    let events = 1 + random.below(EVENTS_MAX);
    (0..events)
        .map(|event| {
            at = at + gap(random);
            Event {
                id: EventId::new(&format!("x{number}-{event}")),
                occurred_at: at,
                sequence: None,
                key: Key::Contact(ContactId::new(&format!("x{number}"))),
                channel: random.chance(0.1).then_some(*random.pick(&CHANNELS)),
                customer: customer(random, contacts),
                body: body(random),
            }
        })
        .collect()
}

fn gap(random: &mut Random) -> Span {
    match random.below(40) {
        0 => random.up_to(Span::from_secs(13 * 3_600)),
        1..4 => Span::from_secs(1_800),
        4..12 => Span::ZERO,
        12..16 => Span::from_secs([5, 15, 18, 20][random.below(4)]),
        16 => random.up_to(Span::from_secs(1)),
        _ => Span::from_secs(random.up_to(Span(30)).0),
    }
}

/// Of about as many contacts that every customer has some, and none too many.
fn customer(random: &mut Random, contacts: usize) -> Option<CustomerId> {
    let number = random.below(1 + contacts / 20);
    (random.chance(0.1)).then(|| CustomerId::new(&format!("k{number}")))
}

fn agent(random: &mut Random) -> AgentId {
    AgentId::new(["ana", "bo"][random.below(2)])
}

fn queue(random: &mut Random) -> QueueId {
    QueueId::new(["q", "r"][random.below(2)])
}

fn leg(random: &mut Random) -> Option<Text> {
    random.chance(0.15).then(|| Text::new("2"))
}

fn body(random: &mut Random) -> Body {
    match random.below(36) {
        0..2 => Body::Transferred(transferred(random)),
        2..6 => Body::ContactQueued(queued(random)),
        6 => Body::ContactLeftQueue(*random.pick(&LeftWhy::ALL)),
        7..10 => Body::AgentOffered(at_agent(random)),
        10..12 => Body::OfferDeclined(agent(random), *random.pick(&DeclineCause::ALL)),
        12..15 => Body::AgentAnswered(at_agent(random)),
        15 => Body::HoldStarted(agent(random)),
        16 => Body::HoldEnded(agent(random)),
        17..19 => Body::ContactEnded(*random.pick(&EndedBy::ALL), None),
        19..21 => Body::WrapUpEnded(WrapUpEnded {
            agent: agent(random),
            disposition: None,
            resolved: *random.pick(&[None, Some(false), Some(true)]),
        }),
        21..27 => Body::MessageSent(message(random)),
        27..29 => Body::EngagementReported(report(random)),
        29 => Body::ContactResolved(random.chance(0.5).then(|| agent(random))),
        30 => Body::ContactReopened(None),
        32 => Body::ContactPaused(random.chance(0.5).then(|| Text::new("pending"))),
        33..35 => Body::ContactContinued(None),
        35 => Body::AgentLeft(AgentLeft {
            agent: agent(random),
            leg: leg(random),
        }),
        _ => Body::SurveyAnswered(survey(random), None),
    }
}

fn message(random: &mut Random) -> MessageSent {
    let by = match random.below(10) {
        0..4 => Author::Customer,
        4 => Author::Bot,
        5 => Author::System,
        _ => Author::Agent(agent(random)),
    };
    MessageSent {
        by,
        public: random.chance(0.85),
        queue: random.chance(0.2).then(|| queue(random)),
        text: random.chance(0.3).then(|| Text::new("thanks, again")),
        sentiment: random.chance(0.2).then_some(-0.5),
    }
}

fn report(random: &mut Random) -> EngagementReported {
    let mut part = |share| {
        let seconds = [-2, 0, 7, 31, 600][random.below(5)];
        random.chance(share).then(|| Span::from_secs(seconds))
    };
    let (talk, hold, wrap_up) = (part(0.6), part(0.4), part(0.5));
    let unnamed = talk.is_none() && hold.is_none() && wrap_up.is_none();
    EngagementReported {
        talk: talk.or(unnamed.then_some(Span::from_secs(31))),
        hold,
        wrap_up,
        hold_count: Some(1),
        leg: leg(random),
        agent: agent(random),
    }
}

fn survey(random: &mut Random) -> Survey {
    Survey {
        score: *random.pick(&[1.0, 2.0, 3.0, 4.0, 5.0]),
        scale_min: 1.0,
        scale_max: 5.0,
    }
}

fn transferred(random: &mut Random) -> Transferred {
    let to = match random.below(4) {
        0 => Some(TransferTarget::Queue(queue(random))),
        1 => Some(TransferTarget::Agent(agent(random))),
        2 => Some(TransferTarget::External(Text::new("+49"))),
        _ => None,
    };
    Transferred {
        agent: agent(random),
        to,
        warm: random.chance(0.3),
    }
}

fn queued(random: &mut Random) -> ContactQueued {
    let direction = match random.below(10) {
        0 => Some(*random.pick(&Direction::ALL)),
        1..4 => Some(Direction::Inbound),
        _ => None,
    };
    ContactQueued {
        queue: Some(queue(random)),
        direction,
        priority: None,
        reason: random
            .chance(0.3)
            .then(|| Text::new(["a", "b"][random.below(2)])),
        leg: leg(random),
        thread: None,
    }
}

fn at_agent(random: &mut Random) -> AtAgent {
    AtAgent {
        agent: agent(random),
        queue: random.chance(0.3).then(|| queue(random)),
        leg: leg(random),
    }
}
