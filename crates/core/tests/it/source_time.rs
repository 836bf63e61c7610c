//! The watermark of a live source: never ahead of the wall, and no further than the source was found empty.

use std::sync::Arc;

use floorwalker_core::{
    engine::{
        InputId, OutTopic, Settings, Source, SourceClock, SourceRecord, Task, TaskId, TopicBinding,
    },
    event::{Span, Timestamp},
};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};

const INPUT: InputId = InputId {
    source: 0,
    partition: 0,
};

/// One task that reads one partition of a live source.
struct Live {
    task: Task,
    next: i64,
}

impl Live {
    fn new() -> Self {
        let defaults = events_settings(1, Settings::default().recovery_max_bytes);
        let settings = Arc::new(Settings {
            sources: vec![Source {
                clock: SourceClock::Wall,
                ..defaults.sources[0].clone()
            }],
            ..(*defaults).clone()
        });
        let mut task = Task::new(TaskId(0), &settings);
        task.start(0).unwrap();
        task.add_input(INPUT);
        Self { task, next: 0 }
    }

    fn read(&mut self, at: Timestamp, wall: Timestamp) {
        let id = self.next;
        let payload = format!(
            r#"{{"occurred_at":"{at}","source":"acd","type":"contact_queued","contact_id":"c{id}","channel":"voice","queue":"q"}}"#
        );
        let record = SourceRecord {
            input: INPUT,
            offset: self.next,
            key: None,
            payload: Some(payload.as_bytes()),
            headers: &[],
        };
        self.task.handle_source(&record, wall);
        self.next += 1;
    }

    /// Returns the reasons of the dead letters and the contacts with an alert.
    fn outputs(&mut self, wall: Timestamp) -> (Vec<String>, usize) {
        self.task.handle_timeout(wall);
        let outputs = self
            .task
            .poll_output()
            .map_or_else(Vec::new, |it| it.outputs);
        let reasons = outputs
            .iter()
            .filter(|it| it.topic == OutTopic::DeadLetters);
        let reason = |headers: &[(String, Option<Vec<u8>>)]| {
            let found = headers.iter().find(|(key, _)| key == "floorwalker-reason");
            String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
        };
        let alerts = outputs.iter().filter(|it| it.topic == OutTopic::Alerts);
        (
            reasons.map(|it| reason(&it.headers)).collect(),
            alerts.count(),
        )
    }
}

fn wall(seconds: i64) -> Timestamp {
    SETTINGS_WALL + Span::from_secs(seconds)
}

/// All of them are within the allowed future; together they must not move the limit of lateness.
#[test]
fn events_from_fast_clocks_make_no_event_late() {
    let mut live = Live::new();
    (0..12).for_each(|_| live.read(wall(290), wall(0)));
    live.read(wall(-7 * 60), wall(1));
    live.read(wall(-599), wall(1));
    assert_eq!(live.outputs(wall(1)).0, [""; 0], "600 s are allowed");
    live.read(wall(-600), wall(1));
    assert_eq!(live.outputs(wall(2)).0, ["late"]);
}

/// From second 10 on the source can't be read: an open transaction, a broker that is silent, reading that is paused.
#[test]
fn no_promise_is_missed_while_a_source_can_not_be_read() {
    let mut live = Live::new();
    live.read(wall(0), wall(0));
    for second in 0..=10 {
        live.task.handle_end(INPUT, wall(second));
        live.outputs(wall(second));
    }
    assert_eq!(
        live.task.watermark(),
        Some(wall(8)),
        "the wall less the grace"
    );
    let alerts: usize = (11..120).map(|second| live.outputs(wall(second)).1).sum();
    assert_eq!(alerts, 0);
    assert_eq!(live.task.watermark(), Some(wall(8)));
    live.task.handle_end(INPUT, wall(120));
    assert!(
        live.outputs(wall(120)).1 > 0,
        "now it is known that nobody answered"
    );
}

#[test]
fn a_topic_with_another_id_is_read_from_its_first_record() {
    let mut live = Live::new();
    assert_eq!(live.task.bind_topic(INPUT, "first"), TopicBinding::Same);
    (0..9).for_each(|_| live.read(wall(0), wall(0)));
    assert_eq!(live.task.position(INPUT), Some(9));
    assert_eq!(live.task.bind_topic(INPUT, "first"), TopicBinding::Same);
    assert_eq!(
        live.task.bind_topic(INPUT, "second"),
        TopicBinding::Replaced { position: 9 }
    );
    assert_eq!(live.task.position(INPUT), Some(0));
    assert_eq!(live.task.bind_topic(INPUT, "second"), TopicBinding::Same);
}
