//! Measures the edge on this machine; run with `--ignored --nocapture` on an optimised build.

use std::time::Duration;

use crate::{
    broker::pause,
    deployment::{Deployment, lines},
};

#[test]
#[ignore = "a measurement"]
fn latency_of_commits_and_restarts_under_load() {
    for (prefix, copies, rate) in [("slow", 2, 1_500), ("fast", 8, 10_000)] {
        let mut deployment = Deployment::start(prefix, 1, lines(copies), rate);
        deployment.load.run_for(Duration::from_secs(3));
        deployment.load.run_for(Duration::from_secs(12));
        let log = deployment.processes[0].log();
        let line = log
            .lines()
            .rfind(|line| line.contains(" progress "))
            .unwrap_or_default();
        println!("{prefix}, {rate} events/s: {line}");
        deployment.load.run_for(Duration::from_secs(3));
        deployment.processes[0].kill();
        deployment.restart(0);
        for tenth in 1..100 {
            pause(Duration::from_millis(100));
            let all = deployment.processes[0].log();
            let since = all.rfind("running 1 test").unwrap_or(0);
            let restored = all
                .get(since..)
                .unwrap_or_default()
                .matches("task restored")
                .count();
            if restored == 12 {
                println!("{prefix}: 12 tasks back after {tenth} tenths of a second");
                break;
            }
        }
        deployment.finish();
    }
}
