//! Stops a command at an interrupt.

use std::{thread, time::Duration};

use crate::kafka::{Stop, clock};

/// The exit code by which a shell reports a process that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// How long a process that is to stop waits for Kafka; whoever goes on begins at the last committed step.
const STOPPED_WITHIN: Duration = Duration::from_secs(8);

/// An interrupt lets the process finish what it does and leave; a second one ends it at once.
pub(super) fn stop_on_interrupt() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    stop_by_signal(&stop, || {})?;
    Ok(stop)
}

/// Does what [`stop_on_interrupt`] does, and ends the process in time, whatever Kafka does.
pub(super) fn stop_in_time() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    stop_by_signal(&stop, || {
        let ending = || {
            clock::pause(STOPPED_WITHIN);
            tracing::warn!(
                "ends without waiting for Kafka any longer: what was read and not committed is read again by whoever goes on"
            );
            std::process::exit(0);
        };
        // Without a thread there is no limit, and still a second signal.
        drop(thread::Builder::new().name("stop".to_owned()).spawn(ending));
    })?;
    Ok(stop)
}

fn stop_by_signal(stop: &Stop, at_first: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.is_requested() {
            std::process::exit(INTERRUPTED);
        }
        tracing::info!("leaving");
        asked.request();
        at_first();
    })?;
    Ok(())
}
