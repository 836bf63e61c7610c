//! The role `serve`: a read model with the thread that feeds it, and the producer of acknowledgements and silences.

use std::{sync::Arc, thread};

use super::{ReadModel, ServeSettings, TOPICS};
use crate::kafka::{self, KafkaSettings, RecordWriter, Stop};
use floorwalker_core::{contact::ContactSettings, kpi::Places};

/// What the configuration promises, and who answers for queues; the directory may change both.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    pub contact: ContactSettings,
    pub places: Places,
}

/// The read side of one process.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct ReadSide {
    pub model: Arc<ReadModel>,
    pub settings: ServeSettings,
    pub configured: Configured,
    pub(super) writer: RecordWriter,
}

/// The thread that follows the topics.
#[derive(Debug)]
#[must_use = "it holds how it ended"]
pub struct FollowThread(thread::JoinHandle<anyhow::Result<()>>);

impl ReadSide {
    /// Begins to read the topics from their first record on. What ends it, ends the process.
    ///
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub fn start(
        kafka: &KafkaSettings,
        tasks: u16,
        (settings, configured): (ServeSettings, Configured),
        stop: &Stop,
    ) -> anyhow::Result<(Arc<Self>, FollowThread)> {
        let model = ReadModel::with_places(&settings, configured.places.clone());
        let model = Arc::new(model);
        let side = Arc::new(Self {
            model: Arc::clone(&model),
            writer: RecordWriter::new(kafka)?,
            settings,
            configured,
        });
        let (kafka, stop) = (kafka.clone(), stop.clone());
        let follower = thread::Builder::new()
            .name("read-side".to_owned())
            .spawn(move || {
                let ended =
                    kafka::follow(&kafka, tasks, &TOPICS, &stop, |event| model.handle(&event));
                stop.request();
                ended
            })?;
        Ok((side, FollowThread(follower)))
    }
}

impl FollowThread {
    /// Waits until the process is to stop.
    ///
    /// # Errors
    /// What ended it otherwise.
    pub fn join(self) -> anyhow::Result<()> {
        let panicked = || Err(anyhow::anyhow!("the thread of the read side panicked"));
        self.0.join().unwrap_or_else(|_| panicked())
    }
}
