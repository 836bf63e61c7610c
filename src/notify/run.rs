//! The thread of the role: a member of the group that decides which process acts.

use std::{sync::Arc, thread, time::Duration};

use super::{
    active::{Setup, act},
    settings::NotifySettings,
    status::NotifyStatus,
};
use crate::kafka::{Candidate, KafkaSettings, Stop, clock};
use floorwalker_core::{kpi::Places, silence::Maintenance};

/// The name of the group, behind the prefix.
const ROLE: &str = "notify";
/// After a failure, so that one that stays is no storm.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The role's thread.
#[derive(Debug)]
#[must_use = "it holds how it ended"]
pub struct NotifyThread(thread::JoinHandle<anyhow::Result<()>>);

impl NotifyThread {
    /// Waits until the process is to stop.
    ///
    /// # Errors
    /// What ended it otherwise.
    pub fn join(self) -> anyhow::Result<()> {
        let panicked = || Err(anyhow::anyhow!("the thread that calls people panicked"));
        self.0.join().unwrap_or_else(|_| panicked())
    }
}

/// Begins to call people, if no other process does. What ends it, ends the process.
///
/// # Errors
/// When a property is not one of librdkafka's, or there is no thread to be had.
pub fn start(
    kafka: &KafkaSettings,
    tasks: u16,
    settings: &NotifySettings,
    (maintenance, places): (&[Maintenance], &Places),
    stop: &Stop,
) -> anyhow::Result<(Arc<NotifyStatus>, NotifyThread)> {
    let status = Arc::new(NotifyStatus::new(settings.receivers.keys()));
    let setup = Setup {
        kafka: kafka.clone(),
        tasks,
        settings: settings.clone(),
        maintenance: maintenance.to_vec(),
        places: places.clone(),
    };
    let (shown, stop) = (Arc::clone(&status), stop.clone());
    let thread = thread::Builder::new()
        .name("notify".to_owned())
        .spawn(move || {
            let ended = run(&setup, &shown, &stop);
            stop.request();
            ended
        })?;
    Ok((status, NotifyThread(thread)))
}

fn run(setup: &Setup, status: &Arc<NotifyStatus>, stop: &Stop) -> anyhow::Result<()> {
    let group = Arc::new(Candidate::join(&setup.kafka, ROLE)?);
    while !stop.is_requested() {
        if !group.acts() {
            continue;
        }
        status.note_acts(true);
        let ended = act_while_member(setup, &group, status, stop);
        status.note_acts(false);
        if let Err(error) = ended {
            tracing::warn!("calling people begins anew: {error:#}");
            rest(&group, stop);
        }
    }
    Ok(())
}

/// Acts on threads of their own, and looks after the membership meanwhile.
fn act_while_member(
    setup: &Setup,
    group: &Arc<Candidate>,
    status: &Arc<NotifyStatus>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let own = Stop::default();
    thread::scope(|scope| {
        let acting = scope.spawn(|| act(setup, group, status, &own));
        while !acting.is_finished() {
            let acts = group.acts();
            if stop.is_requested() || !acts {
                own.request();
            }
        }
        let panicked = |_| Err(anyhow::anyhow!("a thread panicked"));
        acting.join().unwrap_or_else(panicked)
    })
}

/// Stays a member meanwhile.
fn rest(group: &Candidate, stop: &Stop) {
    let until = clock::Tick::now().after(AGAIN_AFTER);
    while !stop.is_requested() && clock::Tick::now() < until {
        // Whether it still acts is asked again right behind.
        let _acts = group.acts();
    }
}
