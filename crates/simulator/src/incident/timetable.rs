//! When what goes wrong: a timetable for demonstrations, and days drawn by chance.

use super::kind::{Incident, IncidentKind};
use crate::{
    WorldSettings,
    dice::{Dice, seconds},
};
use floorwalker_core::event::{Channel, Span};

/// Minutes into each four hours: begin, length.
fn timetable() -> [(i64, i64, IncidentKind); 5] {
    let surge = IncidentKind::Surge {
        factor: 2.5,
        queue: Some("billing".to_owned()),
    };
    let absent = IncidentKind::AgentsAbsent {
        share: 0.3,
        desk: Some("voice".to_owned()),
    };
    [
        (1, 14, surge),
        (12, 50, IncidentKind::StrugglingAgent { agent: None }),
        (35, 20, absent),
        (80, 30, IncidentKind::SlowTool { factor: 1.4 }),
        (140, 45, IncidentKind::BadRelease),
    ]
}

const TIMETABLE_REPEATS: Span = Span::from_secs(4 * 3_600);

/// One of each kind in every four hours, the first within two minutes.
#[must_use]
pub fn default_incidents(length: Span) -> Vec<Incident> {
    let mut incidents = Vec::new();
    let mut base = Span::ZERO;
    while base < length {
        for (begins, lasts, kind) in timetable() {
            incidents.push(Incident {
                kind,
                begins: base + Span::from_secs(begins * 60),
                lasts: Span::from_secs(lasts * 60),
            });
        }
        base = base + TIMETABLE_REPEATS;
    }
    incidents.retain(|incident| incident.begins < length);
    incidents
}

/// A stream of numbers that no other part of the world draws from.
const STREAM: u64 = 3;
/// Minutes into each four hours: the earliest and the latest begin of an incident of queues, and how long it lasts.
const OF_QUEUES: [(f64, f64); 2] = [(20.0, 75.0), (135.0, 185.0)];
const LASTS: (f64, f64) = (20.0, 55.0);
/// The same of one of an agent's, which may go on into the next four hours.
const OF_AGENTS: (f64, f64) = (5.0, 110.0);
const LASTS_AT_AGENTS: (f64, f64) = (120.0, 240.0);
/// The same of one of a feed's, once in eight hours.
const OF_FEEDS: (f64, f64) = (40.0, 440.0);
const LASTS_IN_FEEDS: (f64, f64) = (5.0, 18.0);

/// Incidents of all kinds, at times, in places and of sizes that the seed draws: in each four hours two of queues and one of an
/// agent, in each eight one of a feed. Those of queues don't overlap.
///
/// The kinds come as from a deck of cards, so that none comes again before all others have.
#[must_use]
pub fn drawn_incidents(settings: &WorldSettings, seed: u64) -> Vec<Incident> {
    let mut draw = Draw {
        dice: Dice::new(seed, STREAM),
        settings,
        of_queues: Vec::new(),
        of_agents: Vec::new(),
        of_feeds: Vec::new(),
    };
    let mut incidents = Vec::new();
    let mut base = Span::ZERO;
    while base < settings.length {
        for begins in OF_QUEUES {
            incidents.push(draw.incident(base, (begins, LASTS), Draw::of_queues));
        }
        let of_agent = draw.incident(base, (OF_AGENTS, LASTS_AT_AGENTS), Draw::of_agents);
        incidents.push(of_agent);
        if base.0 % (2 * TIMETABLE_REPEATS.0) == 0 {
            incidents.push(draw.incident(base, (OF_FEEDS, LASTS_IN_FEEDS), Draw::of_feeds));
        }
        base = base + TIMETABLE_REPEATS;
    }
    incidents.retain(|incident| incident.begins < settings.length);
    incidents.sort_by_key(|incident| incident.begins);
    incidents
}

/// What is drawn from.
struct Draw<'s> {
    dice: Dice,
    settings: &'s WorldSettings,
    /// What is left of each deck.
    of_queues: Vec<usize>,
    of_agents: Vec<usize>,
    of_feeds: Vec<usize>,
}

impl Draw<'_> {
    fn incident(
        &mut self,
        base: Span,
        (begins, lasts): ((f64, f64), (f64, f64)),
        kind: fn(&mut Self) -> IncidentKind,
    ) -> Incident {
        Incident {
            kind: kind(self),
            begins: base + seconds(60.0 * self.dice.between(begins.0, begins.1)),
            lasts: seconds(60.0 * self.dice.between(lasts.0, lasts.1)),
        }
    }

    fn of_queues(&mut self) -> IncidentKind {
        match card(&mut self.of_queues, 6, &mut self.dice) {
            0 => IncidentKind::Surge {
                factor: self.dice.between(1.7, 3.0),
                queue: self.queue(None),
            },
            1 => IncidentKind::AgentsAbsent {
                share: self.dice.between(0.2, 0.45),
                desk: self.desk(),
            },
            2 => IncidentKind::SlowTool {
                factor: self.dice.between(1.3, 1.7),
            },
            3 => IncidentKind::BadRelease,
            4 => IncidentKind::AbandonmentWave {
                factor: self.dice.between(0.05, 0.15),
                queue: self.queue(None),
            },
            _ => IncidentKind::CallbackStorm {
                share: self.dice.between(0.5, 0.8),
                queue: self.queue(Some(Channel::Voice)),
            },
        }
    }

    fn of_agents(&mut self) -> IncidentKind {
        let agent = None;
        match card(&mut self.of_agents, 5, &mut self.dice) {
            0 => IncidentKind::StrugglingAgent { agent },
            1 => IncidentKind::RushingAgent { agent },
            2 => IncidentKind::GamingAgent { agent },
            3 => IncidentKind::BurnedOutAgent { agent },
            _ => IncidentKind::SlowDrift {
                factor: self.dice.between(1.6, 2.2),
                agent,
            },
        }
    }

    fn of_feeds(&mut self) -> IncidentKind {
        let desk = self.desk();
        match card(&mut self.of_feeds, 3, &mut self.dice) {
            0 => IncidentKind::AcdOutage { desk },
            1 => IncidentKind::FeedLags {
                by: seconds(self.dice.between(120.0, 420.0)),
                desk,
            },
            _ => IncidentKind::FeedDoubles { desk },
        }
    }

    /// One in which customers wait only so long.
    fn queue(&mut self, channel: Option<Channel>) -> Option<String> {
        let queues = self.settings.desks.iter().flat_map(|desk| &desk.queues);
        let live = queues.filter(|queue| {
            queue.patience.is_some() && channel.is_none_or(|channel| channel == queue.channel)
        });
        let names: Vec<&str> = live.map(|queue| queue.name.as_str()).collect();
        (!names.is_empty()).then(|| (*self.dice.pick(&names)).to_owned())
    }

    /// One whose customers don't write letters.
    fn desk(&mut self) -> Option<String> {
        let live = (self.settings.desks.iter()).filter(|desk| desk.promise.is_some());
        let names: Vec<&str> = live.map(|desk| desk.name.as_str()).collect();
        (!names.is_empty()).then(|| (*self.dice.pick(&names)).to_owned())
    }
}

/// The next card of a deck, which is mixed anew when it is used up.
fn card(deck: &mut Vec<usize>, cards: usize, dice: &mut Dice) -> usize {
    if deck.is_empty() {
        deck.extend(0..cards);
    }
    let place = dice.below(deck.len());
    deck.swap_remove(place)
}
