//! What is recognized, what falls just short, and that it happens once; in any order within a pane, and after a crash at any pane.

use floorwalker_core::{
    event::{AgentId, Channel, QueueId, TeamId, Timestamp},
    rules::{PANE, RecognitionKind, RulesSettings, Signal, Signals, Subject},
};
use serde_json::Value;

use crate::signals::{self, HOUR, Script, at, settings};

impl Script {
    /// Returns the records of a kind: in which pane each was written, who it is of and its sentence.
    fn recognized(&self, kind: RecognitionKind) -> Vec<(i64, String, String)> {
        self.recognized_under(kind, &settings())
    }

    fn recognized_under(
        &self,
        kind: RecognitionKind,
        settings: &RulesSettings,
    ) -> Vec<(i64, String, String)> {
        let straight = self.played(|script, crashes| play(script, crashes, settings));
        let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
        (straight.iter())
            .filter(|record| record["rule"] == kind.name())
            .map(|record| {
                let written_at = Timestamp::parse(record["at"].as_str().unwrap()).unwrap();
                let pane = (written_at - at(0)).0 / PANE.0;
                (pane, text(record, "subject"), text(record, "why"))
            })
            .collect()
    }
}

/// Plays signals. Returns the records.
fn play(script: &[(i64, Subject, Signals)], crashes: bool, settings: &RulesSettings) -> Vec<Value> {
    let mut records = Vec::new();
    signals::play(script, crashes, settings, |rules, _| {
        for recognition in rules.take_recognitions() {
            let record = recognition.record(settings.recognition_of(recognition.kind), 1, false);
            records.push(serde_json::to_value(record).unwrap());
        }
    });
    records
}

fn desk(agent: &str) -> Subject {
    Subject::AgentQueue(QueueId::new("billing"), Channel::Voice, AgentId::new(agent))
}

const TOP: [(Signal, i64); 2] = [(Signal::Rated, 1), (Signal::RatedTop, 1)];
const GOOD: [(Signal, i64); 1] = [(Signal::Rated, 1)];

#[test]
fn six_top_ratings_in_a_row_are_a_streak_within_the_pane_of_the_sixth() {
    let streak = |ratings: i64| {
        let mut script = Script::default();
        script.add((0..ratings).map(|it| 40 * it), &desk("ana"), &TOP);
        script.recognized(RecognitionKind::Streak)
    };
    let ana = "agent:ana".to_owned();
    assert_eq!(
        streak(6),
        [(201, ana, "ana: 6 top ratings in a row.".to_owned())]
    );
    assert_eq!(streak(5), []);
    // One below the top ends it, whosever ratings come between don't.
    let mut broken = Script::default();
    broken.add((0..9).map(|it| 40 * it), &desk("ana"), &TOP);
    broken.add([130].into_iter(), &desk("bo"), &GOOD);
    assert_eq!(broken.recognized(RecognitionKind::Streak).len(), 1);
    broken.add([130].into_iter(), &desk("ana"), &GOOD);
    assert_eq!(broken.recognized(RecognitionKind::Streak), []);
}

#[test]
fn a_customer_who_answers_again_and_again_makes_no_streak() {
    let mut script = Script::default();
    for answer in 0..9_i64 {
        // The latest answer counts: the one before is taken back where it was given.
        script.add([40 * answer].into_iter(), &desk("ana"), &TOP);
        if answer > 0 {
            let pane = 40 * (answer - 1);
            let taken_back = [(Signal::Rated, -1), (Signal::RatedTop, -1)];
            script
                .0
                .push((40 * answer, desk("ana"), Signals::default()));
            let mut signals = Signals::default();
            (taken_back.iter()).for_each(|(signal, count)| signals.add(*signal, *count));
            script.0.push((pane, desk("ana"), signals));
        }
    }
    assert_eq!(script.recognized(RecognitionKind::Streak), []);
}

#[test]
fn nobody_is_recognized_for_the_same_again_within_a_week() {
    let mut script = Script::default();
    script.add((0..40).map(|it| 4 * it), &desk("ana"), &TOP);
    let week = 7 * 24 * HOUR;
    script.add((0..8).map(|it| week + 21 + it), &desk("ana"), &TOP);
    let panes: Vec<i64> = (script.recognized(RecognitionKind::Streak).iter())
        .map(|(pane, ..)| *pane)
        .collect();
    assert_eq!(panes, [21, week + 22]);
}

/// Who keeps so many promises in each quarter of an hour, for some hours.
fn keeping(hours: i64, missed: i64) -> Script {
    let mut script = Script::default();
    let team = Subject::Team(TeamId::new("red"), AgentId::new("ana"));
    script.add(0..1, &team, &[(Signal::LoggedOnStep, 1)]);
    script.add(
        (0..hours * HOUR).step_by(15),
        &desk("ana"),
        &[(Signal::Met, 1)],
    );
    script.add(
        (0..missed).map(|it| 20 * it),
        &desk("ana"),
        &[(Signal::Missed, 1)],
    );
    script
}

#[test]
fn a_target_is_held_over_hours_by_agent_and_team() {
    // BEGIN is a whole hour: 4 h are half of the window.
    let held = keeping(5, 0).recognized(RecognitionKind::TargetHeld);
    let found: Vec<(i64, &str)> = held
        .iter()
        .map(|(pane, who, _)| (*pane, who.as_str()))
        .collect();
    assert_eq!(found, [(961, "agent:ana"), (961, "team:red")]);
    assert_eq!(
        held[0].2,
        "ana: 65 of 65 promises kept in 8 h (100 %, at least 91 % by the interval); the target is 80 %."
    );
    assert_eq!(keeping(3, 0).recognized(RecognitionKind::TargetHeld), []);
    assert_eq!(keeping(5, 3).recognized(RecognitionKind::TargetHeld), []);
}

#[test]
fn what_is_off_or_out_of_scope_is_not_recognized() {
    let script = keeping(5, 0);
    let of = |change: fn(&mut RulesSettings)| {
        let mut settings = settings();
        change(&mut settings);
        script
            .recognized_under(RecognitionKind::TargetHeld, &settings)
            .len()
    };
    fn rule(settings: &mut RulesSettings) -> &mut floorwalker_core::rules::RecognitionRule {
        settings
            .recognition
            .get_mut(&RecognitionKind::TargetHeld)
            .unwrap()
    }
    assert_eq!(of(|_| {}), 2);
    assert_eq!(of(|it| rule(it).enabled = false), 0);
    assert_eq!(of(|it| rule(it).queues.push(QueueId::new("tech"))), 0);
    assert_eq!(of(|it| rule(it).channels.push(Channel::Voice)), 2);
}

#[test]
fn who_does_better_than_before_is_recognized_for_what_grew_most() {
    let day = 24 * HOUR;
    let improved = |well: i64| {
        let mut script = Script::default();
        let said = |resolved: bool| {
            [
                (Signal::Dispositions, 1),
                (Signal::Unresolved, i64::from(!resolved)),
            ]
        };
        for place in 0..80 {
            script.add([12 * place].into_iter(), &desk("ana"), &said(place % 5 < 3));
        }
        for place in 0..40 {
            let resolved = place < well;
            script.add(
                [day + 12 * place].into_iter(),
                &desk("ana"),
                &said(resolved),
            );
        }
        script.recognized(RecognitionKind::Improvement)
    };
    let better = improved(40);
    assert_eq!(better.len(), 1);
    assert!(
        better[0]
            .2
            .starts_with("ana: resolved, by the agent 100 % of 2"),
        "{}",
        better[0].2
    );
    assert_eq!(improved(10), []);
}
