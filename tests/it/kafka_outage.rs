//! Brokers that die, hang, are cut off and come back under load: both processes live, and the figures are those of a quiet
//! world.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    broker::{address, pause, print_line},
    deployment::{Deployment, Keyed, create_topics, lines},
    link::{Link, Weather},
    process::Process,
};

/// How a broker fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// `kill -9`, and started again.
    Killed,
    /// Stands still, connections and all.
    Hung,
    /// Its connections are closed, held or slow.
    Link(Weather),
}

/// Injects the faults one after the other, each for its length in seconds, with a few seconds of work between.
fn survive(prefix: &str, faults: &[(Fault, u64)]) {
    let (mut broker, link) = Link::to_own_broker();
    // As long as the load lasts at this rate, or longer.
    let seconds: u64 = faults.iter().map(|(_, length)| length + 16).sum();
    let copies = usize::try_from(seconds * 500 / 22_000 + 1).unwrap();
    let load = (lines(copies), 500);
    let mut deployment = Deployment::start_keyed(Keyed::ByContact, prefix, 2, load);
    print_line(format_args!("{prefix}: logs in {}", deployment.logs()));
    deployment.load.run_for(Duration::from_secs(6));
    for (fault, length) in faults {
        print_line(format_args!("{prefix}: {fault:?} for {length} s"));
        match fault {
            Fault::Killed => broker.kill(),
            Fault::Hung => broker.signal("-STOP"),
            Fault::Link(weather) => link.set(*weather),
        }
        deployment.load.run_for(Duration::from_secs(*length));
        match fault {
            Fault::Killed => broker.restart(),
            Fault::Hung => broker.signal("-CONT"),
            Fault::Link(_) => link.set(Weather::Fine),
        }
        deployment.load.run_for(Duration::from_secs(8));
        deployment
            .processes
            .iter_mut()
            .for_each(Process::assert_alive);
    }
    deployment.finish();
}

#[test]
fn both_processes_survive_a_broker_that_is_killed_again_and_again() {
    let faults = [1, 12, 3, 20].map(|seconds| (Fault::Killed, seconds));
    survive("outage-kill", &faults);
}

#[test]
fn both_processes_survive_a_broker_that_hangs() {
    let faults = [2, 11, 25].map(|seconds| (Fault::Hung, seconds));
    survive("outage-hang", &faults);
}

#[test]
fn both_processes_survive_links_that_are_cut_held_and_slow() {
    let faults = [
        (Weather::Cut, 2),
        (Weather::Held, 12),
        (Weather::Slow, 15),
        (Weather::Cut, 15),
    ];
    survive(
        "outage-link",
        &faults.map(|(weather, seconds)| (Fault::Link(weather), seconds)),
    );
}

/// Until it can reach Kafka again it waits for a commit that is not answered. Nobody asks it meanwhile, and yet it knows.
#[test]
fn a_process_that_was_cut_off_does_not_count_the_tasks_that_another_has() {
    let (broker, link) = Link::to_own_broker();
    let load = (lines(1), 500);
    let mut deployment = Deployment::start_keyed(Keyed::ByContact, "outage-lost", 1, load);
    print_line(format_args!("logs in {}", deployment.logs()));
    deployment.add(&broker.address);
    deployment.load.run_for(Duration::from_secs(3));
    deployment.wait_for_tasks(&[6, 6]);
    deployment.load.run_for(Duration::from_secs(3));
    link.set(Weather::Held);
    deployment.wait_for_tasks(&[0, 12]);
    link.set(Weather::Fine);
    deployment.wait_for_tasks(&[6, 6]);
    deployment.finish();
}

/// The later process takes the instance's place; the earlier one ends, and its error names the reason.
#[test]
fn two_processes_can_not_share_an_instance() {
    create_topics("twins", 4);
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let start = |number: usize| Process::start(&address(), "twins", "one", folders[number].path());
    let wait = |what: &str, mut is_it: Box<dyn FnMut() -> bool + '_>| {
        for _ in 0..600 {
            if is_it() {
                return;
            }
            pause(Duration::from_millis(100));
        }
        panic!("not {what} within a minute");
    };
    let mut first = start(0);
    wait("ready", Box::new(|| first.number("tasks") == 12));
    let mut second = start(1);
    wait(
        "ended",
        Box::new(|| first.has_ended() || second.has_ended()),
    );
    let (gone, mut stays) = match first.has_ended() {
        true => (first, second),
        false => (second, first),
    };
    let log = gone.log();
    assert!(
        log.contains("another process runs as instance `one`"),
        "{log}"
    );
    wait(
        "alone",
        Box::new(|| stays.number("tasks") == 12 && stays.number("failed") == 0),
    );
    stays.assert_alive();
    stays.terminate();
}

/// Minutes long, of random kinds. `TEST_SEED` repeats a run or tries another.
#[test]
#[ignore = "takes a quarter of an hour; `scripts/test long_outages -- --ignored`"]
fn both_processes_survive_long_outages() {
    #[expect(clippy::disallowed_methods, reason = "how a person asks for a seed")]
    let asked = std::env::var("TEST_SEED").ok();
    let seed = asked.map_or(1, |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let mut faults = vec![(Fault::Killed, 180), (Fault::Hung, 150)];
    let kinds = [
        Fault::Killed,
        Fault::Hung,
        Fault::Link(Weather::Cut),
        Fault::Link(Weather::Held),
        Fault::Link(Weather::Slow),
    ];
    faults.extend((0..6).map(|_| {
        let fault = kinds[random.random_range(0..kinds.len())];
        (fault, random.random_range(1..60))
    }));
    print_line(format_args!("seed {seed}: {faults:?}"));
    survive("outage-long", &faults);
}
