//! After a long silence nobody knows who speaks first: nothing is taken for late on that account.

use floorwalker_core::{
    engine::{InputId, Placement, Settings},
    event::Span,
    local::Cluster,
};
use floorwalker_testkit::harness::{SETTINGS_WALL, call_center_lines, events_settings};

const TASKS: u16 = 4;

/// Waits for three minutes, longer than anything holds a clock, and then reads the call center.
fn read_after_silence(place: impl Fn(usize, &str) -> i32) -> Cluster {
    let settings = events_settings(TASKS, Settings::default().recovery_max_bytes);
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    let input = |partition| InputId {
        source: 0,
        partition,
    };
    (0..i32::from(TASKS)).for_each(|number| cluster.add_input(input(number)));
    for _ in 0..360 {
        cluster.run_until_quiet(50).unwrap();
        cluster.wall = cluster.wall + Span::from_millis(500);
    }
    for (number, line) in call_center_lines().iter().enumerate() {
        cluster.feed(input(place(number, line)), line.clone().into_bytes());
    }
    cluster.run_until_quiet(50).unwrap();
    cluster
}

#[test]
fn a_log_that_comes_after_a_long_silence_is_counted_whole() {
    let by_contact = read_after_silence(|_, line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let contact = event["contact_id"].as_str().unwrap();
        i32::from(Placement::new(TASKS).task_of(contact.as_bytes()).0)
    });
    let scattered = read_after_silence(|number, _| (number % usize::from(TASKS)) as i32);
    for cluster in [by_contact, scattered] {
        let counters = cluster.counters();
        assert_eq!(counters.applied, 22_162, "{counters:?}");
        assert!(counters.balance());
    }
}
