//! The simulated contact center as a judge: by the engine, a quiet day keeps the promises of the default configuration, and what goes wrong
//! breaks them.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    contact::ContactSettings,
    engine::{OutTopic, Settings},
    event::{Event, Span, Timestamp},
};
use floorwalker_simulator::{Incident, IncidentKind, World, WorldSettings};
use floorwalker_testkit::harness::events_settings;
use serde_json::Value;

use crate::{
    agreement::{empty, feed},
    world::{HOUR, events},
};

const HALF_HOUR: i64 = HOUR.0 / 2;
/// 99 % of a standard normal lie above its negative: what a half hour of few contacts falls short by chance.
const Z: f64 = 2.326;

/// Met and missed, by policy and half hour.
#[derive(Debug, Default)]
struct Kept(BTreeMap<String, BTreeMap<i64, (u32, u32)>>);

/// Figures of the engine for a day: what was kept, and the last records of the window `all`.
struct Judged {
    kept: Kept,
    all: Value,
    voice: Value,
}

fn judge(events: &[Event]) -> Judged {
    let mut settings = (*events_settings(1, Settings::default().recovery_max_bytes)).clone();
    settings.kpi.only_at_end = true;
    settings.balance.enabled = false;
    let mut cluster = empty(&Arc::new(settings));
    feed(&mut cluster, events, 1, 1);
    cluster.run_until_quiet(10_000).unwrap();
    let mut kept = Kept::default();
    for output in cluster.contact_records() {
        let contact: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
        (contact["obligations"].as_array().unwrap().iter()).for_each(|it| kept.add(it));
    }
    let last = |key: &[u8]| {
        let outputs = cluster.outputs.iter().rev().map(|(_, output)| output);
        let mut kpis = outputs.filter(|output| output.topic == OutTopic::Kpis);
        let record = kpis
            .find(|output| output.key.as_deref() == Some(key))
            .unwrap();
        let record: Value = serde_json::from_slice(record.payload.as_ref().unwrap()).unwrap();
        record["kpis"].clone()
    };
    Judged {
        kept,
        all: last(b"all/all"),
        voice: last(b"channel:voice/all"),
    }
}

impl Kept {
    fn add(&mut self, obligation: &Value) {
        let text = |name: &str| obligation[name].as_str();
        let (Some(policy), Some(at)) = (text("policy"), text("decided_at")) else {
            return;
        };
        let half_hour = Timestamp::parse(at).unwrap().0 / HALF_HOUR;
        let by_half_hour = self.0.entry(policy.to_owned()).or_default();
        let (met, missed) = by_half_hour.entry(half_hour).or_default();
        match text("outcome") {
            Some("met") => *met += 1,
            Some("missed") => *missed += 1,
            _ => {}
        }
    }

    fn share(&self, policy: &str) -> f64 {
        let all = self.0[policy].values();
        let (met, missed) = all.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        f64::from(met) / f64::from(met + missed)
    }

    /// Of the half hours with anything decided: those that keep the target, and those that fall short of it by more than chance.
    fn half_hours(&self, policy: &str, target: f64) -> (usize, usize, usize) {
        let decided = self.0[policy]
            .values()
            .filter(|(met, missed)| met + missed > 0);
        let (mut all, mut keep, mut fail) = (0, 0, 0);
        for (met, missed) in decided {
            let n = f64::from(met + missed);
            let share = f64::from(*met) / n;
            all += 1;
            keep += usize::from(share >= target);
            fail +=
                usize::from(share < target - Z * (target * (1.0 - target) / n).sqrt() - 0.5 / n);
        }
        (all, keep, fail)
    }
}

/// Agents, the first hour of the day, hours, seeds.
const QUIET_DAYS: [(usize, i64, i64, &[u64]); 4] = [
    (40, 8, 8, &[1, 2, 3]),
    (120, 8, 8, &[4]),
    (200, 9, 4, &[5]),
    (500, 9, 2, &[6]),
];

#[test]
fn a_quiet_day_keeps_the_promises_of_the_default_configuration() {
    for (agents, from, hours, seeds) in QUIET_DAYS {
        for seed in seeds {
            let mut settings = WorldSettings::new(agents, Span(hours * HOUR.0));
            settings.start = settings.start + Span((from - 8) * HOUR.0);
            let judged = judge(&events(settings, *seed));
            let day = format!("{agents} agents, seed {seed}");
            for policy in &ContactSettings::default().policies {
                let (name, target) = (policy.name.as_str(), policy.target);
                let share = judged.kept.share(name);
                let (all, keep, fail) = judged.kept.half_hours(name, target);
                println!(
                    "{day}: {name} {share:.3} of {target}, {keep} of {all} half hours, {fail} fail"
                );
                assert!(share >= target, "{day}: {name} {share} of {target}");
                assert!(
                    keep * 10 >= all * 7,
                    "{day}: {name} {keep} of {all} half hours"
                );
                assert!(
                    fail * 10 <= all,
                    "{day}: {name} {fail} of {all} half hours fail"
                );
            }
            let occupancy = judged.all["occupancy"]["value"].as_f64().unwrap();
            let abandonment = judged.voice["abandonment"]["value"].as_f64().unwrap();
            println!("{day}: occupancy {occupancy:.3}, {abandonment:.3} of calls abandoned");
            assert!(
                (0.6..0.9).contains(&occupancy),
                "{day}: occupancy {occupancy}"
            );
            assert!((0.001..0.06).contains(&abandonment), "{day}: {abandonment}");
            // A center that has people to spare at any time is none that anybody runs.
            assert!(judged.kept.share("voice answer") < 0.99, "{day}");
        }
    }
}

#[test]
fn what_goes_wrong_breaks_promises() {
    let day = |seed: u64, kind: Option<&IncidentKind>| {
        let mut settings = WorldSettings::new(120, HOUR);
        settings.start = settings.start + Span(2 * HOUR.0);
        settings.incidents = kind
            .map(|kind| Incident {
                kind: kind.clone(),
                begins: Span(HOUR.0 / 6),
                lasts: HOUR,
            })
            .into_iter()
            .collect();
        judge(&events(settings, seed)).kept.share("voice answer")
    };
    let surge = IncidentKind::Surge {
        factor: 2.5,
        queue: Some("billing".to_owned()),
    };
    let absent = IncidentKind::AgentsAbsent {
        share: 0.3,
        desk: Some("voice".to_owned()),
    };
    let kinds = [surge, absent, IncidentKind::SlowTool { factor: 1.4 }];
    for seed in [11, 12, 13] {
        let quiet = day(seed, None);
        for kind in &kinds {
            let (name, hurt) = (kind.name(), day(seed, Some(kind)));
            println!("{name}, seed {seed}: {hurt:.3}, {quiet:.3} without");
            assert!(
                hurt < quiet - 0.1,
                "{name}, seed {seed}: {hurt}, {quiet} without"
            );
        }
    }
}

/// Whoever is asked answers, as often low as the truth has it: in each tenth of the probabilities within what chance allows.
#[test]
fn low_ratings_are_as_frequent_as_the_simulated_truth() {
    use floorwalker_core::event::Body;
    use floorwalker_simulator::Truth;
    let mut world = World::new(WorldSettings::new(250, Span(10 * HOUR.0)), 12);
    let events: Vec<Event> = (&mut world).filter_map(|delivery| delivery.event).collect();
    let rated: BTreeMap<&str, bool> = (events.iter())
        .filter_map(|event| {
            let Body::SurveyAnswered(survey, _) = &event.body else {
                return None;
            };
            Some((event.key.as_str(), survey.normalised() < 0.5))
        })
        .collect();
    let truths = world.take_truth();
    let mut predictions: BTreeMap<&str, (f64, bool)> = BTreeMap::new();
    for truth in &truths {
        if let Truth::Rating {
            contact_id,
            low_probability,
            asked,
            ..
        } = truth
        {
            let before = predictions.insert(contact_id, (*low_probability, *asked));
            assert!(before.is_none(), "{contact_id} twice");
        }
    }
    // (answers, low ones, their expectation and its variance) by tenth.
    let mut tenths = [(0_u32, 0_u32, 0.0, 0.0); 10];
    for (contact, low) in &rated {
        let (p, asked) = predictions[contact];
        assert!(asked, "{contact} was not asked");
        let tenth = (1..10).filter(|it| f64::from(*it) / 10.0 <= p).count();
        let tenth = &mut tenths[tenth];
        tenth.0 += 1;
        tenth.1 += u32::from(*low);
        tenth.2 += p;
        tenth.3 += p * (1.0 - p);
    }
    let answers: u32 = tenths.iter().map(|it| it.0).sum();
    let asked = predictions.values().filter(|(_, asked)| *asked).count();
    assert!(
        answers > 2_000 && asked < predictions.len() / 3,
        "{answers} of {asked} of {}",
        predictions.len()
    );
    for (tenth, (n, low, expected, variance)) in tenths.iter().enumerate() {
        let off = (f64::from(*low) - expected).abs();
        assert!(
            off <= 4.0 * variance.sqrt() + 1.0,
            "tenth {tenth}: {low} of {n}, not {expected}"
        );
    }
    let low: f64 = tenths.iter().map(|it| f64::from(it.1)).sum();
    assert!(low > 100.0, "{low}");
}
