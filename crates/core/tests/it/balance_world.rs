//! Scorecards in the simulated contact center: who struggles and who rushes is seen, and how often somebody is suspected wrongly.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    balance::{self, BalanceSettings, Figures, Guard},
    contact::{ContactSettings, FactKind, FirstContact, HandleParts, Resolution},
    engine::{OutTopic, Settings},
    event::{Event, Span},
    kpi::{Accumulator, Window},
    local::Cluster,
};
use floorwalker_simulator::{Day, Desk, Incident, IncidentKind, Roster, World, WorldSettings};
use floorwalker_testkit::harness::events_settings;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, LogNormal};
use serde_json::Value;

use crate::{agreement::run_by, world::HOUR};

/// What is usual, then a day of it on which something is not.
const USUAL: Span = Span(40 * HOUR.0);
const UNUSUAL: Span = Span(8 * HOUR.0);

fn balance() -> BalanceSettings {
    BalanceSettings {
        window: Window::sliding("8h", UNUSUAL),
        baseline: Window::sliding("48h", Span(48 * HOUR.0)),
        ..BalanceSettings::default()
    }
}

/// One queue of twelve agents who are always there.
fn center(incident: Option<IncidentKind>) -> WorldSettings {
    let usual = WorldSettings::new(12, Span(USUAL.0 + UNUSUAL.0));
    let voice = usual.desks[0].clone();
    let billing = voice.queues[0].clone();
    WorldSettings {
        day: Day::Flat,
        roster: Roster::Always,
        desks: vec![Desk {
            share: 1.0,
            skills: 1,
            queues: vec![billing],
            ..voice
        }],
        incidents: incident
            .map(|kind| Incident {
                kind,
                begins: USUAL,
                lasts: UNUSUAL,
            })
            .into_iter()
            .collect(),
        ..usual
    }
}

fn scorecards(incident: Option<IncidentKind>, seed: u64) -> BTreeMap<String, Value> {
    let world = World::new(center(incident), seed);
    let events: Vec<Event> = world.filter_map(|delivery| delivery.event).collect();
    let defaults = events_settings(2, Settings::default().recovery_max_bytes);
    let settings = Settings {
        balance: balance(),
        contact: ContactSettings {
            first_contact: FirstContact {
                window: Span(2 * HOUR.0),
                ..FirstContact::default()
            },
            ..ContactSettings::default()
        },
        ..(*defaults).clone()
    };
    last_scorecards(&run_by(&Arc::new(settings), &events, seed))
}

fn last_scorecards(cluster: &Cluster) -> BTreeMap<String, Value> {
    let records = (cluster.outputs.iter()).filter(|(_, it)| it.topic == OutTopic::Scorecards);
    let records = records.filter_map(|(_, output)| {
        let record: Value = serde_json::from_slice(output.payload.as_ref()?).unwrap();
        Some((record["agent"].as_str().unwrap().to_owned(), record))
    });
    records.collect()
}

fn direction<'r>(record: &'r Value, measure: &str) -> &'r str {
    let direction = &record["measures"][measure]["trend"]["direction"];
    direction.as_str().unwrap_or("unknown")
}

fn raised(records: &BTreeMap<String, Value>) -> Vec<&String> {
    let raised = records
        .iter()
        .filter(|(_, it)| it["guard"]["raised"] == true);
    raised.map(|(agent, _)| agent).collect()
}

#[test]
fn who_struggles_is_seen_in_the_trend_and_not_suspected() {
    for seed in 1..3 {
        let agent = scorecards(None, seed).into_keys().next().unwrap();
        let struggling = IncidentKind::StrugglingAgent {
            agent: Some(agent.clone()),
        };
        let found = scorecards(Some(struggling), seed);
        let record = &found[&agent];
        assert_eq!(direction(record, "aht"), "rising", "{record:#}");
        let place = record["measures"]["aht"]["peers"]["place"].as_f64();
        assert!(place > Some(0.8), "{record:#}");
        assert_eq!(record["guard"]["raised"], false);
        let others = found.values().filter(|it| direction(it, "aht") == "rising");
        assert!(others.count() <= 3);
    }
}

#[test]
fn the_guard_finds_agents_who_rush_and_hardly_anybody_else() {
    let (mut hits, mut wrongly) = (0, 0);
    for seed in 1..5 {
        let agent = scorecards(None, seed).into_keys().next().unwrap();
        let rushing = IncidentKind::RushingAgent {
            agent: Some(agent.clone()),
        };
        let found = scorecards(Some(rushing), seed);
        let raised = raised(&found);
        hits += usize::from(raised.contains(&&agent));
        wrongly += raised.iter().filter(|name| **name != &agent).count();
    }
    assert!(hits >= 3, "{hits} of 4");
    assert_eq!(wrongly, 0);
}

/// Agents who change in nothing, or only become quicker: contacts of each hour, at each of which somebody looks.
struct Honest {
    random: StdRng,
    handle: LogNormal<f64>,
    /// Of the handle time, from the first day that counts on.
    pace: f64,
}

const HOURS_A_DAY: usize = 8;
const CONTACTS_AN_HOUR: usize = 6;
const DAYS_BEFORE: usize = 27;
const DAYS: usize = 10;

impl Honest {
    fn new(seed: u64, pace: f64) -> Self {
        // As the simulated voice queues: a mean of 290 s, a standard deviation of three quarters of it.
        let sigma2 = (1.0_f64 + 0.75 * 0.75).ln();
        Self {
            random: StdRng::seed_from_u64(seed),
            handle: LogNormal::new(290.0_f64.ln() - sigma2 / 2.0, sigma2.sqrt()).unwrap(),
            pace,
        }
    }

    fn hour(&mut self, pace: f64) -> Accumulator {
        let mut accumulator = Accumulator::default();
        for _ in 0..CONTACTS_AN_HOUR {
            let seconds = self.handle.sample(&mut self.random) * pace;
            let parts = HandleParts::Complete {
                talk: Span((seconds * 1e6) as i64),
                hold: Span::ZERO,
                wrap: Span::ZERO,
            };
            let transferred = self.random.random_bool(0.11);
            let resolution = match self.random.random_bool(0.1) {
                true => Resolution::Repeated,
                false => Resolution::Resolved,
            };
            let low = self.random.random_bool(0.2);
            balance::add_fact(
                &mut accumulator,
                FactKind::Handled { parts, transferred },
                1,
            );
            balance::add_fact(
                &mut accumulator,
                FactKind::FirstContactConfirmed { resolution },
                1,
            );
            if self.random.random_bool(0.22) {
                let billionths = if low { 250_000_000 } else { 750_000_000 };
                balance::add_fact(&mut accumulator, FactKind::Rated { billionths }, 1);
            }
        }
        accumulator
    }

    /// How many of the days had a guard at any look, and how many looks there were with one.
    fn days_and_looks_with_a_guard(&mut self) -> (usize, usize) {
        let settings = BalanceSettings::default();
        let (mut hours, mut days, mut looks) = (Vec::new(), 0, 0);
        (0..(DAYS_BEFORE + 1) * HOURS_A_DAY).for_each(|_| hours.push(self.hour(1.0)));
        for _ in 0..DAYS {
            let mut any = false;
            for _ in 0..HOURS_A_DAY {
                hours.push(self.hour(self.pace));
                let recent = hours.len() - HOURS_A_DAY;
                let sum = |of: &[Accumulator]| {
                    let mut sum = Accumulator::default();
                    of.iter().for_each(|hour| sum.merge(hour));
                    sum
                };
                let figures = Figures {
                    recent: sum(&hours[recent..]),
                    baseline: sum(&hours[recent - DAYS_BEFORE * HOURS_A_DAY..recent]),
                };
                let raised = Guard::of(&figures, &settings).raised;
                looks += usize::from(raised);
                any |= raised;
            }
            days += usize::from(any);
        }
        (days, looks)
    }
}

/// The share of agents' days on which any of hourly looks raises a guard: of who changes nothing less than one in 1,000; of who
/// really becomes quicker by a third less than one in 12: there half of its alarms are true.
#[test]
fn who_is_honest_is_hardly_ever_suspected() {
    for (pace, agents, at_most) in [(1.0, 400, 0.001), (0.67, 100, 0.08)] {
        let (mut days, mut looks) = (0, 0);
        for seed in 0..agents {
            let found = Honest::new(seed, pace).days_and_looks_with_a_guard();
            days += found.0;
            looks += found.1;
        }
        let all = agents as usize * DAYS;
        println!(
            "pace {pace}: {days} of {all} days, {looks} of {} looks",
            all * HOURS_A_DAY
        );
        assert!(
            days as f64 <= at_most * all as f64,
            "pace {pace}: {days} of {all} days"
        );
    }
}
