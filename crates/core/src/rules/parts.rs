//! The parts of the machine's state: what is stored of it, and how it comes back.

use super::{
    Rules,
    state::{AgentState, StateKey, encode},
};

impl Rules {
    /// Takes the parts that have changed since the last call, with their images; `None`: gone.
    pub fn take_changed(&mut self) -> Vec<(StateKey, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        let mut parts: Vec<(StateKey, Option<Vec<u8>>)> = (changed.into_iter())
            .map(|key| {
                let image = self.image(&key);
                (key, image)
            })
            .collect();
        let batches = self.journal.take_changed();
        parts.extend(batches.map(|(number, image)| (StateKey::Signals(number), image)));
        parts
    }

    fn image(&self, key: &StateKey) -> Option<Vec<u8>> {
        match key {
            StateKey::Clock => Some(encode(&self.clock)),
            StateKey::Signals(_) => None,
            StateKey::Queue(id) => self.queues.get(id).map(encode),
            StateKey::PastDays(id) => self.days.get(id).map(encode),
            StateKey::Agent(id) => self.agents.get(id).map(encode),
            StateKey::Alarm(kind, subject) => {
                let kind = self.settings.kind_of(kind)?;
                self.alarms.get(kind, subject).map(encode)
            }
            StateKey::Merits(doer) => self.merits.get(doer).map(encode),
        }
    }

    /// Restores a part from its image.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub fn restore(&mut self, key: &StateKey, image: &[u8]) -> Result<(), minicbor::decode::Error> {
        match key {
            StateKey::Clock => self.clock = minicbor::decode(image)?,
            StateKey::Signals(number) => {
                let batch = self.journal.restore(*number, image)?;
                for (subject, panes) in batch.into_subjects() {
                    for (pane, signals) in panes {
                        (self.subjects.entry(pane).or_default()).push(subject.clone());
                        self.add_to_series(pane, &subject, signals);
                    }
                }
            }
            StateKey::Queue(id) => {
                self.queues.insert(id.clone(), minicbor::decode(image)?);
            }
            StateKey::PastDays(id) => {
                self.days.insert(id.clone(), minicbor::decode(image)?);
            }
            StateKey::Agent(id) => {
                let mut state: AgentState = minicbor::decode(image)?;
                state.sum_up_shares();
                for (queue, _) in state.served.keys() {
                    (self.servers.entry(queue.clone()).or_default()).insert(id.clone());
                }
                self.agents.insert(id.clone(), state);
            }
            StateKey::Alarm(kind, subject) => {
                if let Some(kind) = self.settings.kind_of(kind) {
                    let tracked = minicbor::decode(image)?;
                    self.alarms.insert(kind, subject.clone(), tracked);
                }
            }
            StateKey::Merits(doer) => {
                self.merits.insert(doer.clone(), minicbor::decode(image)?);
            }
        }
        Ok(())
    }

    /// Ends a restore: all parts were handed over.
    pub fn start(&mut self) {
        if let Some(judged_to) = self.clock.judged_to {
            self.subjects = self.subjects.split_off(&judged_to);
        }
    }
}
