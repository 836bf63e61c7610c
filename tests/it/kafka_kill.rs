//! Processes killed, hung and ended at random instants under load: the figures are those of a quiet world.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use floorwalker::kafka::topics::Topic;

use crate::{
    broker::{pause, print_line},
    deployment::{Deployment, Keyed, lines},
    process::Process,
};

const KILLS: usize = 12;

/// Each contact's events in one partition: its records can't depend on which process was killed when.
#[test]
fn figures_contacts_and_alerts_are_exact_when_processes_are_killed() {
    let deployment = (Keyed::ByContact, "kill-keyed");
    kill_at_random(deployment, seed(1), (lines(6), 1_500));
}

/// Alerts may be raised and corrected; figures and contacts are the same.
#[test]
fn figures_and_contacts_are_exact_when_keys_are_scattered_and_processes_killed() {
    let deployment = (Keyed::Scattered, "kill-scattered");
    kill_at_random(deployment, seed(2), (lines(5), 1_200));
}

/// `TEST_SEED`, to repeat a run or to try another.
#[expect(clippy::disallowed_methods, reason = "how a person asks for a seed")]
fn seed(default: u64) -> u64 {
    let asked = std::env::var("TEST_SEED").ok();
    asked.map_or(default, |seed| seed.parse().unwrap())
}

fn kill_at_random((keyed, prefix): (Keyed, &str), seed: u64, load: (Vec<String>, u64)) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut deployment = Deployment::start_keyed(keyed, prefix, 2, load);
    print_line(format_args!(
        "{prefix}: seed {seed}, logs in {}",
        deployment.logs()
    ));
    deployment.load.run_for(Duration::from_secs(5));
    for kill in 0..KILLS {
        let wait_ms = random.random_range(100..2_500);
        deployment.load.run_for(Duration::from_millis(wait_ms));
        deployment
            .processes
            .iter_mut()
            .for_each(Process::assert_alive);
        let victim = random.random_range(0..2);
        let restores = deployment.restores().len();
        deployment.processes[victim].kill();
        // Sometimes long enough for the group to give its tasks away.
        let down_ms = match random.random_range(0..4) {
            0 => 9_000,
            _ => random.random_range(0..1_500),
        };
        print_line(format_args!(
            "{prefix}: kill {kill}, process {victim}, down for {down_ms} ms"
        ));
        deployment.load.run_for(Duration::from_millis(down_ms));
        deployment.restart(victim);
        await_restore(&mut deployment, restores);
    }
    let restores = deployment.restores();
    let records: u64 = restores.iter().sum();
    print_line(format_args!(
        "{prefix}: {KILLS} kills, {} restores that read {records} records",
        restores.len()
    ));
    assert!(
        restores.iter().all(|read| *read > 0),
        "logs in {}",
        deployment.logs()
    );
    deployment.finish();
}

/// A kill is none before what it took is back.
fn await_restore(deployment: &mut Deployment, known: usize) {
    for _ in 0..300 {
        if deployment.restores().len() > known {
            return;
        }
        deployment.load.run_for(Duration::from_millis(100));
    }
    panic!("nothing was restored, logs in {}", deployment.logs());
}

/// A process that stands still keeps what it applied and has not committed; when it comes back, others own its tasks.
#[test]
fn a_process_that_hung_commits_nothing_of_what_it_lost() {
    let seed = 2;
    let mut random = StdRng::seed_from_u64(seed);
    let mut deployment = Deployment::start("hang", 2, lines(2), 1_000);
    eprintln!("seed {seed}, logs in {}", deployment.logs());
    deployment.load.run_for(Duration::from_secs(4));
    for length_ms in [3_000, 9_000, 15_000] {
        let victim = random.random_range(0..2);
        eprintln!("process {victim} hangs for {length_ms} ms");
        deployment.processes[victim].signal("-STOP");
        deployment.load.run_for(Duration::from_millis(length_ms));
        deployment.processes[victim].signal("-CONT");
        deployment.load.run_for(Duration::from_secs(3));
    }
    deployment.finish();
}

#[test]
fn tasks_move_at_once_when_a_process_is_asked_to_end() {
    let mut deployment = Deployment::start("leave", 2, lines(1), 1_500);
    deployment.load.run_for(Duration::from_secs(4));
    deployment.processes[0].terminate();
    // The group would miss it after six.
    for _ in 0..50 {
        deployment.load.run_for(Duration::from_millis(100));
        if deployment.processes[1].number("tasks") == 12 {
            break;
        }
    }
    assert_eq!(deployment.processes[1].number("tasks"), 12);
    deployment.restart(0);
    deployment.load.run_for(Duration::from_secs(2));
    deployment.finish();
}

/// Long enough for its state logs to turn: what no restore will read is removed.
#[test]
fn one_process_ends_with_the_figures_of_two() {
    let mut deployment = Deployment::start("single", 1, lines(4), 3_000);
    deployment.load.run_for(Duration::from_secs(30));
    deployment.settle();
    for topic in [Topic::Exchange, Topic::State] {
        let mut firsts = Vec::new();
        // Asked for each ten seconds.
        for _ in 0..60 {
            firsts = deployment.first_offsets(topic);
            if firsts.iter().all(|first| *first > 0) {
                break;
            }
            pause(Duration::from_secs(1));
        }
        assert!(
            firsts.iter().all(|first| *first > 0),
            "{topic:?} is not trimmed: {firsts:?}"
        );
    }
    deployment.end();
}
