//! Predictions of a low rating: what moves them, when somebody is notified, and how good they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floorwalker_core::{
    alert::rule_of,
    contact::{Concern, Contact, ContactSettings, Fold},
    csat::{CsatSettings, Feature, Features, Model, Surroundings},
    engine::{InputId, OutTopic, Settings, TaskId},
    event::{Event, Key, Span, line},
    local::{Cluster, Crash},
};
use floorwalker_simulator::{Truth, World, WorldSettings, jsonl::jsonl};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use floorwalker_testkit::{chaos::chaos, voice::VoiceWorld};
use serde_json::Value;

fn secs(seconds: i64) -> Span {
    Span::from_secs(seconds)
}

/// A chat with nothing out of the ordinary.
fn ordinary() -> Features {
    Features {
        longest_wait: secs(10),
        waits: secs(10),
        answer_within: Some(secs(20)),
        talk: secs(300),
        hold: secs(20),
        holds: 1,
        worst_reply: Some(secs(30)),
        mean_reply: Some(secs(30)),
        reply_within: secs(60),
        repeats: Some(0),
        handle_time_baseline: secs(360),
        mood_thousandths: Some(0),
        ..Features::default()
    }
}

/// Changes for the worse, and the words for them.
type Worse = (Feature, &'static str, fn(&mut Features));

#[rustfmt::skip]
const WORSE: [Worse; 11] = [
    (Feature::LongestWait, "has waited 95 s of 20 s", |it| (it.longest_wait, it.waits) = (secs(95), secs(95))),
    (Feature::FurtherWaits, "has waited again, 60 s more", |it| it.waits = secs(70)),
    (Feature::Holds, "was put on hold 3 times", |it| it.holds = 3),
    (Feature::HoldShare, "was on hold 200 s of 500 s with agents", |it| it.hold = secs(200)),
    (Feature::Transfers, "was transferred twice", |it| it.transfers = 2),
    (Feature::WorstReply, "stayed without a reply for 300 s of 60 s", |it| it.worst_reply = Some(secs(300))),
    (Feature::MeanReply, "gets replies after 150 s of 60 s on average", |it| it.mean_reply = Some(secs(150))),
    (Feature::Reopenings, "was reopened once", |it| it.reopenings = 1),
    (Feature::Repeats, "comes from a customer who was here twice before", |it| it.repeats = Some(2)),
    (Feature::LongHandle, "has taken 1200 s, usual are 360 s", |it| it.talk = secs(1_180)),
    (Feature::BadMood, "is written in a bad mood (-0.6)", |it| it.mood_thousandths = Some(-600)),
];

#[test]
fn what_gets_worse_makes_a_low_rating_likelier_and_is_a_reason() {
    let model = Model::prior();
    let before = model.predict(&ordinary());
    assert!((0.05..0.2).contains(&before.low), "{before:?}");
    assert_eq!(WORSE.map(|(feature, ..)| feature), Feature::ALL);
    for (feature, words, worsen) in WORSE {
        let mut features = ordinary();
        worsen(&mut features);
        let after = model.predict(&features);
        assert!(after.low > before.low + 0.01, "{feature:?}: {after:?}");
        assert_eq!(after.reasons[0], Some(feature), "{after:?}");
        assert_eq!(features.words(feature), words);
    }
}

#[test]
fn the_three_strongest_reasons_are_named_strongest_first() {
    let mut features = ordinary();
    for (_, _, worsen) in WORSE {
        worsen(&mut features);
    }
    let outlook = Model::prior().predict(&features);
    assert!(outlook.low > 0.99);
    let reasons = [Feature::BadMood, Feature::Transfers, Feature::Repeats];
    assert_eq!(outlook.reasons, reasons.map(Some));
}

#[test]
fn what_is_unknown_contributes_nothing() {
    let typical = Features {
        talk: secs(1_140),
        hold: secs(60) + Span::from_millis(3_158),
        ..Features::default()
    };
    let outlook = Model::prior().predict(&typical);
    assert!((outlook.low - 0.1).abs() < 1e-3, "{outlook:?}");
}

#[test]
fn a_model_is_data_that_another_can_replace() {
    let model = Model::prior();
    let text = serde_json::to_string(&model).unwrap();
    let same: Model = serde_json::from_str(&text).unwrap();
    let difference = same.predict(&ordinary()).low - model.predict(&ordinary()).low;
    assert!(difference.abs() < 1e-12, "{text}");
    let learnt = r#"{"intercept": -1.0, "terms": [{"feature": "bad_mood", "weight": 2.0, "typical": -0.5}]}"#;
    let learnt: Model = serde_json::from_str(learnt).unwrap();
    let low = learnt.predict(&ordinary()).low;
    assert!((low - 0.5).abs() < 1e-12, "{low}");
}

fn fold(lines: &[&str]) -> Fold {
    let mut contact = Contact::default();
    for text in lines {
        contact.handle_event(
            line::parse(text).unwrap(),
            None,
            &ContactSettings::default(),
        );
    }
    contact.fold
}

#[test]
fn features_are_those_of_the_fold() {
    let lines = [
        "10:00:00 queued c1 queue=billing channel=chat",
        "10:00:00 message c1 by=customer sentiment=-0.5",
        "10:00:40 answered c1 agent=ana",
        "10:01:00 message c1 by=agent agent=ana",
        "10:02:00 hold_started c1 agent=ana",
        "10:02:30 hold_ended c1 agent=ana",
        "10:03:00 message c1 by=customer sentiment=-1",
        "10:05:00 transferred c1 agent=ana to_queue=tech",
        "10:05:00 queued c1 queue=tech",
        "10:05:30 answered c1 agent=bo",
        "10:06:00 hold_started c1 agent=bo",
    ];
    let around = Surroundings {
        now: line::parse("10:06:30 ended c1 by=customer")
            .unwrap()
            .occurred_at,
        handle_time_baseline: secs(720),
        repeats: None,
    };
    let expect = Features {
        longest_wait: secs(40),
        waits: secs(70),
        answer_within: Some(secs(10)),
        talk: secs(230 + 30),
        hold: secs(30 + 30),
        holds: 2,
        transfers: 1,
        worst_reply: Some(secs(210)),
        mean_reply: Some(secs(135)),
        reply_within: secs(60),
        reopenings: 0,
        repeats: None,
        handle_time_baseline: secs(720),
        mood_thousandths: Some(-520),
    };
    assert_eq!(Features::of(&fold(&lines), &around), expect);
}

/// Every contact of the events, event by event.
fn each_fold(events: &[Event], mut check: impl FnMut(&Contact)) {
    let mut contacts: BTreeMap<&str, Contact> = BTreeMap::new();
    let settings = ContactSettings::default();
    for event in events {
        let Key::Contact(id) = &event.key else {
            continue;
        };
        let contact = contacts.entry(id.as_str()).or_default();
        contact.handle_event(event.clone(), None, &settings);
        check(contact);
    }
}

#[test]
fn a_probability_is_one_whatever_happens() {
    let model = Model::prior();
    for seed in 0..20 {
        let mut checked = 0;
        each_fold(
            &chaos(seed, 2_000, VoiceWorld::default().start),
            |contact| {
                let times = [contact.newest_at(), contact.fold.began_at];
                for (now, usual) in times.map(Option::unwrap).into_iter().zip([300, 0]) {
                    let around = Surroundings {
                        now,
                        handle_time_baseline: secs(usual),
                        repeats: Some(u32::MAX),
                    };
                    let low = model.predict(&Features::of(&contact.fold, &around)).low;
                    assert!(low > 0.0 && low < 1.0, "seed {seed}: {low} of {contact:?}");
                    checked += 1;
                }
            },
        );
        assert!(checked > 1_000, "seed {seed}: only {checked}");
    }
}

const FURIOUS: [&str; 6] = [
    "10:00:00 queued c1 queue=billing channel=chat",
    "10:00:00 message c1 by=customer sentiment=-1",
    "10:02:00 answered c1 agent=ana",
    "10:06:00 message c1 by=customer sentiment=-1",
    "10:06:30 message c1 by=customer sentiment=-1",
    "10:09:00 ended c1 by=customer",
];

pub(crate) fn lines_of(texts: &[&str]) -> Vec<String> {
    texts
        .iter()
        .map(|text| jsonl(&line::parse(text).unwrap()))
        .collect()
}

pub(crate) fn cluster(settings: &Arc<Settings>, lines: &[String]) -> Cluster {
    let mut cluster = Cluster::new(settings, SETTINGS_WALL).unwrap();
    let input = InputId {
        source: 0,
        partition: 0,
    };
    cluster.watch_shadows();
    cluster.add_input(input);
    lines
        .iter()
        .for_each(|line| cluster.feed(input, line.clone().into_bytes()));
    cluster
}

fn one_task() -> Settings {
    Settings::clone(&events_settings(1, 1_400_000_000))
}

pub(crate) fn records(cluster: &Cluster, topic: OutTopic) -> Vec<Value> {
    let outputs = cluster
        .outputs
        .iter()
        .filter(|(_, output)| output.topic == topic);
    outputs
        .map(|(_, output)| serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap())
        .collect()
}

fn alarms(cluster: &Cluster) -> Vec<Value> {
    let alerts = records(cluster, OutTopic::Alerts).into_iter();
    alerts
        .filter(|record| record["rule"] == rule_of(Concern::LowPredicted))
        .collect()
}

#[test]
fn a_likely_low_rating_fires_once_and_ends_with_the_contact() {
    let mut cluster = cluster(&Arc::new(one_task()), &lines_of(&FURIOUS));
    cluster.run_until_quiet(1).unwrap();
    let [fired, resolved] = &alarms(&cluster)[..] else {
        panic!("{:?}", alarms(&cluster));
    };
    assert_eq!(fired["id"], resolved["id"]);
    assert_eq!(
        (&fired["status"], &resolved["status"]),
        (&"firing".into(), &"resolved".into())
    );
    assert_eq!(
        (&fired["reason"], &resolved["reason"]),
        (&Value::Null, &"ended".into())
    );
    assert_eq!(
        resolved["ends_at"].as_str().unwrap().get(11..19),
        Some("10:09:00")
    );
    assert_eq!(fired["threshold"], 0.4);
    assert!(fired["value"].as_f64().unwrap() >= 0.4, "{fired}");
    assert_eq!(
        (&fired["queue"], &fired["channel"]),
        (&"billing".into(), &"chat".into())
    );
    assert_eq!(fired["unit"], "probability");
    assert!(
        fired["why"]
            .as_str()
            .unwrap()
            .contains("is written in a bad mood"),
        "{fired}"
    );
    let contact = records(&cluster, OutTopic::Contacts).pop().unwrap();
    assert!(
        contact["csat"]["predicted_low"].as_f64().unwrap() >= 0.4,
        "{contact}"
    );
    let ids = contact["alerts"].as_array().unwrap();
    assert_eq!(
        ids.iter().filter(|id| **id == fired["id"]).count(),
        1,
        "{contact}"
    );
}

/// Three contacts of one customer, and one of another that is like the third.
pub(crate) const AGAIN: [&str; 12] = [
    "09:00:00 queued c1 queue=billing customer=k1 channel=chat",
    "09:00:10 answered c1 agent=ana",
    "09:05:00 ended c1 by=customer",
    "09:10:00 queued c2 queue=billing customer=k1 channel=chat",
    "09:10:10 answered c2 agent=bo",
    "09:15:00 ended c2 by=customer",
    "09:20:00 queued c3 queue=billing customer=k1 channel=chat",
    "09:20:00 queued c4 queue=billing customer=k2 channel=chat",
    "09:20:30 answered c3 agent=ana",
    "09:20:30 answered c4 agent=bo",
    "09:30:00 ended c3 by=customer",
    "09:30:00 ended c4 by=customer",
];

/// The customer's machine lies on another task than some of the contacts.
#[test]
fn who_comes_again_is_known_to_the_new_contact() {
    let lines = lines_of(&AGAIN);
    for tasks in [1, 4] {
        let mut settings = Settings::clone(&events_settings(tasks, 1_400_000_000));
        // One frame at a time: all others come before that of the customer's task.
        settings.balance.enabled = false;
        let mut cluster = cluster(&Arc::new(settings), &lines);
        cluster.run_until_quiet(1).unwrap();
        let contacts = records(&cluster, OutTopic::Contacts);
        let predicted = |id: &str| {
            let last = contacts.iter().rfind(|contact| contact["contact_id"] == id);
            last.unwrap()["csat"]["predicted_low"].as_f64().unwrap()
        };
        // The same but for the customer.
        assert!(
            predicted("c3") > 2.0 * predicted("c4"),
            "{} {}",
            predicted("c3"),
            predicted("c4")
        );
    }
}

#[test]
fn a_crash_anywhere_fires_the_same_alarm() {
    let mut undisturbed = cluster(&Arc::new(one_task()), &lines_of(&FURIOUS));
    undisturbed.run_until_quiet(1).unwrap();
    let mut expect = alarms(&undisturbed);
    expect
        .iter_mut()
        .for_each(|record| record["seq"] = Value::Null);
    for crash in [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit] {
        for crash_at in 0..FURIOUS.len() {
            let mut disturbed = cluster(&Arc::new(one_task()), &lines_of(&FURIOUS));
            for step in 0..FURIOUS.len() {
                if step == crash_at {
                    disturbed.advance_and_crash(TaskId(0), 1, crash).unwrap();
                }
                disturbed.advance(TaskId(0), 1).unwrap();
            }
            disturbed.run_until_quiet(1).unwrap();
            let mut found = alarms(&disturbed);
            found
                .iter_mut()
                .for_each(|record| record["seq"] = Value::Null);
            assert_eq!(found, expect, "{crash:?} at {crash_at}");
        }
    }
}

#[test]
fn a_rule_that_is_off_fires_nothing_and_still_predicts() {
    let mut settings = one_task();
    settings.alert.low_predicted.enabled = false;
    let mut cluster = cluster(&Arc::new(settings), &lines_of(&FURIOUS));
    cluster.run_until_quiet(1).unwrap();
    assert_eq!(alarms(&cluster), Vec::<Value>::new());
    let contact = records(&cluster, OutTopic::Contacts).pop().unwrap();
    assert!(
        contact["csat"]["predicted_low"].as_f64().unwrap() >= 0.4,
        "{contact}"
    );
}

/// Share of pairs, one rated low and one not, of which the first has the higher prediction; ties count half.
fn auc(predicted: &[(f64, bool)]) -> f64 {
    let of = |low| {
        predicted
            .iter()
            .filter(move |(_, is_low)| *is_low == low)
            .map(|(p, _)| *p)
    };
    let (mut right, mut pairs) = (0.0, 0.0);
    for low in of(true) {
        for fine in of(false) {
            right += if low > fine {
                1.0
            } else if low < fine {
                0.0
            } else {
                0.5
            };
            pairs += 1.0;
        }
    }
    right / pairs
}

#[test]
fn contacts_that_will_be_rated_low_are_predicted_so() {
    let mut world = World::new(WorldSettings::new(60, secs(4 * 3_600)), 7);
    let lines: Vec<String> = (&mut world)
        .map(|delivery| String::from_utf8(delivery.payload).unwrap())
        .collect();
    let mut cluster = Cluster::new(&Arc::new(one_task()), SETTINGS_WALL).unwrap();
    let input = InputId {
        source: 0,
        partition: 0,
    };
    cluster.add_input(input);
    lines
        .iter()
        .for_each(|line| cluster.feed(input, line.clone().into_bytes()));
    cluster.run_until_quiet(200).unwrap();
    let low: BTreeSet<String> = (world.take_truth().into_iter())
        .filter_map(|truth| match truth {
            Truth::Rating {
                contact_id, score, ..
            } => (score < 3.0).then_some(contact_id),
            Truth::Incident { .. } | Truth::Unsolved { .. } => None,
        })
        .collect();
    let mut last_by_id = BTreeMap::new();
    for contact in records(&cluster, OutTopic::Contacts) {
        last_by_id.insert(contact["contact_id"].as_str().unwrap().to_owned(), contact);
    }
    let mut predicted_by_channel: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    let mut all = Vec::new();
    let mut ratings = Vec::new();
    for (id, contact) in &last_by_id {
        let Some(predicted) = contact["csat"]["predicted_low"].as_f64() else {
            continue;
        };
        if contact["engagements"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let is_low = low.contains(id);
        let channel = contact["channel"].as_str().unwrap_or("none").to_owned();
        predicted_by_channel
            .entry(channel)
            .or_default()
            .push((predicted, is_low));
        all.push((predicted, is_low));
        if predicted >= CsatSettings::default().threshold {
            ratings.push(is_low);
        }
    }
    for (channel, predicted) in &predicted_by_channel {
        println!(
            "{channel}: {} contacts, AUC {:.3}",
            predicted.len(),
            auc(predicted)
        );
    }
    let fired = alarms(&cluster)
        .iter()
        .filter(|record| record["status"] == "firing")
        .count();
    let share = fired as f64 / last_by_id.len() as f64;
    let right = ratings.iter().filter(|is_low| **is_low).count();
    println!(
        "{} answered contacts, {} rated low; AUC {:.3}; {fired} alarms ({:.1} %), at their end {right} of {} right",
        all.len(),
        low.len(),
        auc(&all),
        share * 100.0,
        ratings.len(),
    );
    assert!(auc(&all) > 0.6);
    assert!((0.01..0.10).contains(&share), "{share}");
}
