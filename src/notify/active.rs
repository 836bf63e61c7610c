//! The process that calls people: decides, and serves each receiver, until another one does.

use std::{collections::BTreeMap, sync::Arc, thread};

use super::{
    decider::{Decider, TOPICS},
    delivery::Delivery,
    incidents::Incidents,
    settings::NotifySettings,
    status::NotifyStatus,
};
use crate::kafka::{self, Candidate, KafkaSettings, Outbox, Stop, clock::Tick, topics::Topic};
use floorwalker_core::{kpi::Places, silence::Maintenance};

/// All that the role goes by.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) kafka: KafkaSettings,
    pub(super) tasks: u16,
    pub(super) settings: NotifySettings,
    pub(super) maintenance: Vec<Maintenance>,
    pub(super) places: Places,
}

/// Calls people until it is to stop.
///
/// # Errors
/// When Kafka does not take what was decided: what is in the topics is all there is to begin anew with.
pub(super) fn act(
    setup: &Setup,
    group: &Arc<Candidate>,
    status: &Arc<NotifyStatus>,
    stop: &Stop,
) -> anyhow::Result<()> {
    // Whoever did so before is fenced from here on: what is in the log now is all that was decided.
    let Some(outbox) = Outbox::open(&setup.kafka, stop)? else {
        return Ok(());
    };
    let (kafka, settings) = (&setup.kafka, &setup.settings);
    // A new receiver begins at the end of the log, so before anything more is decided.
    let deliveries = settings.receivers.keys();
    let deliveries = deliveries.map(|name| Delivery::open(name, kafka, settings, status, stop));
    let deliveries = deliveries.collect::<anyhow::Result<Vec<_>>>()?;
    let alerts = Topic::Alerts.name(&kafka.prefix);
    let decided_to = group.committed(&alerts, setup.tasks)?;
    thread::scope(|scope| {
        let served: Vec<_> = deliveries
            .into_iter()
            .map(|delivery| {
                scope.spawn(|| {
                    let _stop = StopOnDrop(stop);
                    delivery.run()
                })
            })
            .collect();
        let decided = {
            let _stop = StopOnDrop(stop);
            decide(setup, (&outbox, group), decided_to, stop)
        };
        let panicked = |_| Err(anyhow::anyhow!("a thread panicked"));
        let results = served.into_iter();
        let results = results.map(|thread| thread.join().unwrap_or_else(panicked));
        let results: Vec<anyhow::Result<()>> = results.collect();
        results.into_iter().collect::<anyhow::Result<()>>()?;
        decided
    })
}

fn decide(
    setup: &Setup,
    (outbox, group): (&Outbox, &Arc<Candidate>),
    decided_to: BTreeMap<i32, i64>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let partitions = 0..i32::from(setup.tasks);
    let read_to = partitions.map(|it| (it, decided_to.get(&it).copied().unwrap_or(0)));
    let read_to = read_to.collect();
    let mut decider = Decider {
        incidents: Incidents::new(&setup.settings, &setup.maintenance, &setup.places),
        outbox,
        group: Arc::clone(group),
        decided_to: (!decided_to.is_empty()).then_some(decided_to),
        read_to,
        waiting: Vec::new(),
        caught_up: false,
        noted_at: Tick::now(),
        noted_to: BTreeMap::new(),
        stop: stop.clone(),
        failure: None,
    };
    kafka::follow(&setup.kafka, setup.tasks, &TOPICS, stop, |event| {
        decider.handle(&event);
    })?;
    decider.failure.map_or(Ok(()), Err)
}

/// One thread gone, however it went, all go: another begins with all of them.
struct StopOnDrop<'a>(&'a Stop);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}
