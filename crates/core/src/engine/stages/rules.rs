//! The rules stage of the task that owns the entity `all`: takes the signals of all tasks, and writes alerts and recognitions.

use crate::{
    engine::{
        Settings,
        state::store::{PartKey, Store},
        step::{OutTopic, Output},
    },
    event::Timestamp,
    rules::{Rules, SignalBatch, StateKey},
};

#[derive(Debug)]
pub(in crate::engine) struct RulesStage {
    rules: Rules,
    settings: std::sync::Arc<Settings>,
}

impl RulesStage {
    #[must_use]
    pub(in crate::engine) fn new(settings: &std::sync::Arc<Settings>) -> Self {
        Self {
            rules: Rules::new(&settings.rules, &settings.contact),
            settings: std::sync::Arc::clone(settings),
        }
    }

    /// Applies other promises.
    pub(in crate::engine) fn apply_settings(&mut self, settings: &std::sync::Arc<Settings>) {
        self.settings = std::sync::Arc::clone(settings);
        self.rules.apply_settings(&settings.contact);
    }

    /// Restores a part.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        key: &StateKey,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.rules.restore(key, image)
    }

    /// Ends a restore: all parts were handed over.
    pub(in crate::engine) fn start(&mut self) {
        self.rules.start();
    }

    /// Takes the signals of a task.
    pub(in crate::engine) fn add(&mut self, batch: SignalBatch) {
        self.rules.add(batch);
    }

    /// Takes the acknowledgement of an alert. Returns whether it changes anything.
    pub(in crate::engine) fn acknowledge(&mut self, alert: &str) -> bool {
        self.rules.acknowledge(alert)
    }

    /// Returns whether a pane is to be judged.
    #[must_use]
    pub(in crate::engine) fn is_due(&self, now: Option<Timestamp>) -> bool {
        now.is_some_and(|now| self.rules.is_due(now))
    }

    /// Ends the step: judges the panes that have ended by `now`, writes the alerts that change and who is recognized, and stores what has changed.
    pub(in crate::engine) fn finish(
        &mut self,
        now: Option<Timestamp>,
        (seq, history): (u64, bool),
        store: &mut Store,
        outputs: &mut Vec<Output>,
    ) {
        for alarm in now.map(|now| self.rules.advance(now)).unwrap_or_default() {
            let rule = self.settings.rules.of(alarm.kind);
            let record = alarm.record(rule, seq, history);
            outputs.push(Output::json(OutTopic::Alerts, &alarm.id, &record));
        }
        for recognition in self.rules.take_recognitions() {
            let rule = self.settings.rules.recognition_of(recognition.kind);
            let record = recognition.record(rule, seq, history);
            outputs.push(Output::json(
                OutTopic::Recognitions,
                &recognition.id,
                &record,
            ));
        }
        for (key, image) in self.rules.take_changed() {
            let key = PartKey::rules(&key);
            match image {
                Some(image) => store.put(&key, &image),
                None => store.remove(&key),
            }
        }
    }
}
