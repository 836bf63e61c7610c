//! Responses and resolutions: the engine and the recount agree under policies of every measure.

use std::sync::Arc;

use floorwalker_core::{
    contact::{self, Measure, Opens},
    engine::Settings,
    event::{Channel, QueueId, Span},
};
use floorwalker_testkit::harness::events_settings;
use floorwalker_testkit::{chaos::chaos, faults, reference, text::TextWorld};

use crate::agreement::{
    DISORDER, chaos_with_early_attributes, compare, compare_with, reference_settings, run, run_by,
    start, with_states,
};

/// One policy for both sides.
struct Promise {
    name: &'static str,
    measure: Measure,
    channel: Option<Channel>,
    queues: &'static [&'static str],
    seconds: i64,
    opens: Opens,
    abandons: contact::Abandons,
    flow_outs: contact::FlowOuts,
}

const PLAIN: Promise = Promise {
    name: "",
    measure: Measure::FirstResponse,
    channel: None,
    queues: &[],
    seconds: 0,
    opens: Opens::Contact,
    abandons: contact::Abandons::Ignore,
    flow_outs: contact::FlowOuts::Exclude,
};

const PROMISES: [Promise; 9] = [
    Promise {
        name: "answer",
        measure: Measure::Answer,
        seconds: 20,
        ..PLAIN
    },
    Promise {
        name: "r first",
        queues: &["r"],
        seconds: 600,
        abandons: contact::Abandons::Negative,
        ..PLAIN
    },
    Promise {
        name: "first queued",
        opens: Opens::Queued,
        seconds: 60,
        abandons: contact::Abandons::Positive,
        ..PLAIN
    },
    Promise {
        name: "first",
        seconds: 1_800,
        flow_outs: contact::FlowOuts::Include,
        ..PLAIN
    },
    Promise {
        name: "sms first",
        channel: Some(Channel::Sms),
        seconds: 15,
        ..PLAIN
    },
    Promise {
        name: "next",
        measure: Measure::NextResponse,
        seconds: 120,
        abandons: contact::Abandons::Negative,
        ..PLAIN
    },
    Promise {
        name: "next in q",
        measure: Measure::NextResponse,
        queues: &["q"],
        seconds: 30,
        flow_outs: contact::FlowOuts::Include,
        ..PLAIN
    },
    Promise {
        name: "resolution",
        measure: Measure::Resolution,
        seconds: 3_600,
        abandons: contact::Abandons::Negative,
        ..PLAIN
    },
    Promise {
        name: "quick resolution",
        measure: Measure::Resolution,
        seconds: 40,
        ..PLAIN
    },
];

impl Promise {
    fn policy(&self) -> contact::Policy {
        let channel = self.channel.unwrap_or(Channel::Voice);
        let threshold = Span::from_secs(self.seconds);
        contact::Policy {
            name: self.name.to_owned(),
            channel: self.channel,
            queues: self.queues.iter().map(|name| QueueId::new(name)).collect(),
            opens: self.opens,
            abandons: self.abandons,
            flow_outs: self.flow_outs,
            ..contact::Policy::standard(self.measure, channel, threshold, 0.8)
        }
    }

    fn recounted(&self) -> reference::Policy {
        let queues = self.queues.iter().map(|name| QueueId::new(name));
        let measure = match self.measure {
            Measure::Accept => reference::Measure::Accept,
            Measure::Answer => reference::Measure::Answer,
            Measure::FirstResponse => reference::Measure::FirstResponse,
            Measure::NextResponse => reference::Measure::NextResponse,
            Measure::Resolution => reference::Measure::Resolution,
        };
        let threshold = Span::from_secs(self.seconds);
        reference::Policy {
            name: self.name.to_owned(),
            channel: self.channel,
            queues: (!self.queues.is_empty()).then(|| queues.collect()),
            opens: match self.opens {
                Opens::Contact => reference::Opens::Contact,
                Opens::Queued => reference::Opens::Queued,
            },
            abandons: match self.abandons {
                contact::Abandons::Ignore => reference::Abandons::Ignore,
                contact::Abandons::Negative => reference::Abandons::Negative,
                contact::Abandons::Positive => reference::Abandons::Positive,
            },
            flow_outs: match self.flow_outs {
                contact::FlowOuts::Exclude => reference::FlowOuts::Exclude,
                contact::FlowOuts::Include => reference::FlowOuts::Include,
                contact::FlowOuts::Met => reference::FlowOuts::Met,
            },
            ..reference::Policy::new(Channel::Voice, measure, threshold)
        }
    }
}

fn settings(tasks: u16, lateness: Span) -> Arc<Settings> {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    let mut settings = (*defaults).clone();
    settings.lateness = lateness;
    settings.contact.policies = PROMISES.iter().map(Promise::policy).collect();
    Arc::new(settings)
}

fn recounted() -> reference::Settings {
    reference::Settings {
        policies: PROMISES.iter().map(Promise::recounted).collect(),
        ..reference_settings()
    }
}

#[test]
fn conversations_agree_in_order_shuffled_and_doubled() {
    for seed in 0..4 {
        let world = TextWorld {
            seed,
            contacts: 600,
            ..TextWorld::default()
        };
        let events = with_states(&world.events(), seed);
        let shuffled = faults::shuffle(&faults::double(&events, 0.2, seed), DISORDER, seed);
        let tasks = [1, 3, 12][seed as usize % 3];
        let usual = run(&shuffled, tasks, seed);
        compare(&events, &usual, &format!("conversations {seed}, defaults"));
        let settings = settings(tasks, Settings::default().lateness);
        let cluster = run_by(&settings, &shuffled, seed);
        let what = format!("conversations {seed}, {tasks} tasks");
        compare_with(&recounted(), &events, &cluster, &what);
    }
}

#[test]
fn chaos_agrees_under_policies_of_every_measure() {
    for (seed, tasks) in [(11, 1), (12, 4)] {
        let events = with_states(&chaos_with_early_attributes(seed, 5_000), seed);
        let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
        let settings = settings(tasks, Settings::default().lateness);
        let cluster = run_by(&settings, &shuffled, seed);
        let what = format!("chaos {seed}, {tasks} tasks");
        compare_with(&recounted(), &events, &cluster, &what);
    }
}

#[test]
fn unsealed_chaos_agrees_under_policies_of_every_measure() {
    let (seed, tasks) = (13, 3);
    let events = with_states(&chaos(seed, 3_000, start()), seed);
    let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
    let cluster = run_by(
        &settings(tasks, Span::from_secs(30 * 86_400)),
        &shuffled,
        seed,
    );
    compare_with(&recounted(), &events, &cluster, "unsealed");
}

#[test]
fn contradicted_chaos_agrees_under_policies_of_every_measure() {
    for seed in 0..3 {
        let events = faults::contradict(
            &with_states(&chaos_with_early_attributes(seed, 300), seed),
            0.2,
            seed,
        );
        let shuffled = faults::shuffle(&events, DISORDER, seed);
        let cluster = run_by(&settings(2, Settings::default().lateness), &shuffled, seed);
        compare_with(
            &recounted(),
            &events,
            &cluster,
            &format!("contradicted {seed}"),
        );
    }
}
