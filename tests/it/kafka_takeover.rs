//! Published records while tasks change hands, again and again, and after all processes have stopped.

use std::{collections::BTreeMap, time::Duration};

use floorwalker::kafka::topics::Topic;
use floorwalker_core::event::Timestamp;

use crate::{
    broker::print_line,
    deployment::{Deployment, lines},
    process::TASKS,
    readback::read_all,
};

const TAKEOVERS: usize = 10;

/// Faults in a topic from its first record on: records of an earlier clock than the one before of their key, and
/// records that were removed and came back.
fn faults(prefix: &str, topic: Topic) -> String {
    let mut clocks: BTreeMap<Vec<u8>, Option<Timestamp>> = BTreeMap::new();
    let (mut records, mut back, mut returned) = (0, Vec::new(), Vec::new());
    for seen in read_all(&topic.name(prefix)) {
        let (key, payload) = (seen.key.unwrap(), seen.payload);
        let name = String::from_utf8_lossy(&key).into_owned();
        let clock = payload.map(|payload| {
            let record: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            Timestamp::parse(record["clock"].as_str().unwrap()).unwrap()
        });
        match (clocks.get(&key), clock) {
            (Some(Some(before)), Some(now)) if *before > now => {
                back.push(format!("{name} from {before} to {now}"));
            }
            (Some(None), Some(now)) => returned.push(format!("{name} at {now}")),
            _ => {}
        }
        records += 1;
        clocks.insert(key, clock);
    }
    print_line(format_args!("{prefix}: {records} records of {topic:?}"));
    assert!(records > 0);
    if back.is_empty() && returned.is_empty() {
        return String::new();
    }
    let (back_first, returned_first) = (back.first(), returned.first());
    format!(
        "{topic:?}: of {records} records {} go back, such as {back_first:?}, {} come again, such as {returned_first:?}\n",
        back.len(),
        returned.len()
    )
}

/// Killed and asked to end in turn, each of the two processes; then both are asked to end, and begin anew.
#[test]
fn records_never_go_back_over_ten_takeovers_and_an_orderly_stop() {
    let prefix = "takeover";
    let mut deployment = Deployment::start(prefix, 2, lines(4), 1_000);
    print_line(format_args!("logs in {}", deployment.logs()));
    deployment.load.run_for(Duration::from_secs(4));
    for takeover in 0..TAKEOVERS {
        let victim = takeover / 2 % 2;
        let down = if takeover % 2 == 0 {
            deployment.processes[victim].kill();
            // Until the group gives its tasks to the other.
            Duration::from_secs(9)
        } else {
            deployment.processes[victim].terminate();
            Duration::from_secs(2)
        };
        deployment.load.run_for(down);
        deployment.restart(victim);
        deployment.load.run_for(Duration::from_secs(3));
    }
    deployment.settle();
    deployment.stop();
    let stopped = deployment.faults_in_newest();
    let found = faults(prefix, Topic::Kpis) + &faults(prefix, Topic::Scorecards);
    assert!(
        stopped.is_empty() && found.is_empty(),
        "{stopped}{found}logs in {}",
        deployment.logs()
    );
    let restores = deployment.restores().len();
    (0..2).for_each(|process| deployment.restart(process));
    deployment.wait_for_restores(restores + usize::from(TASKS));
    deployment.end_after(Duration::from_secs(5));
    let at_last = faults(prefix, Topic::Kpis) + &faults(prefix, Topic::Scorecards);
    assert!(at_last.is_empty(), "{at_last}");
}
