//! Processes killed, hung and ended at random instants under load: the figures are those of a quiet world.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use floorwalker::kafka::topics::Topic;

use crate::{
    deployment::{Deployment, lines},
    process::Process,
};

#[test]
fn figures_are_exact_when_processes_are_killed() {
    let seed = 1;
    let mut random = StdRng::seed_from_u64(seed);
    let mut deployment = Deployment::start("kill", 2, lines(4), 1_500);
    eprintln!("seed {seed}, logs in {}", deployment.logs());
    deployment.load.run_for(Duration::from_secs(4));
    for kill in 0..12 {
        let wait_ms = random.random_range(200..3_500);
        deployment.load.run_for(Duration::from_millis(wait_ms));
        deployment
            .processes
            .iter_mut()
            .for_each(Process::assert_alive);
        let victim = random.random_range(0..2);
        deployment.processes[victim].kill();
        // Sometimes long enough for the group to give its tasks away.
        let long = random.random_range(0..4) == 0;
        let down_ms = if long {
            9_000
        } else {
            random.random_range(0..1_500)
        };
        eprintln!("kill {kill}: process {victim}, down for {down_ms} ms");
        deployment.load.run_for(Duration::from_millis(down_ms));
        deployment.restart(victim);
    }
    deployment.finish();
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
    deployment.load.run_for(Duration::from_secs(3));
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
        let firsts = deployment.first_offsets(topic);
        assert!(
            firsts.iter().all(|first| *first > 0),
            "{topic:?} is not trimmed: {firsts:?}"
        );
    }
    deployment.end();
}
