//! What people change while a task runs: statements of the directory, acknowledgements of alerts.

use std::sync::Arc;

use super::Task;
use crate::{
    directory::{Refusal, Subject},
    engine::{Entity, Settings, stages::contacts::SettingsChange, state::store::PartKey},
    event::Timestamp,
};

impl Task {
    /// Takes a statement of the directory, as it stands at `offset` of its partition. Facts that were emitted before and differ
    /// by it are corrected. Returns whether anything changed.
    ///
    /// # Errors
    /// When it can't be read, or breaks a rule: it changes nothing.
    pub fn handle_statement(
        &mut self,
        offset: i64,
        json: &[u8],
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        self.progress.see_wall(now);
        let taken = (self.directory).apply(offset, json, &self.configured.contact)?;
        let image = self.directory.to_image();
        self.store.put(&PartKey::directory(), &image);
        let Some(from) = taken.changed_from else {
            return Ok(false);
        };
        self.mark_dirty(json.len());
        let settings = Arc::new(self.configured.with(&self.directory));
        let change = SettingsChange {
            settings: &settings,
            from,
            grain: self.grain(self.meta.contact_watermark.at()),
        };
        (self.stages.contacts).apply_settings(&change, &self.store, &mut self.effects.facts);
        self.apply_settings(settings);
        Ok(true)
    }

    /// Takes the acknowledgement of an alert: nobody is called again for it. Any number of times, and by any task.
    pub fn handle_acknowledgement(&mut self, alert: &str, now: Timestamp) {
        self.progress.see_wall(now);
        if self.stages.rules.acknowledge(alert) {
            self.mark_dirty(alert.len());
        }
    }

    pub(super) fn apply_settings(&mut self, settings: Arc<Settings>) {
        self.stages.customers.apply_settings(&settings);
        self.stages.kpis.apply_settings(&settings);
        self.stages.rules.apply_settings(&settings);
        self.effects.facts.apply_settings(&settings);
        let named = self.directory.statements();
        let named = named.filter_map(|(statement, _)| entity_of(&statement.subject));
        self.effects.facts.names.apply_settings(&settings, named);
        self.settings = settings;
    }
}

fn entity_of(subject: &Subject) -> Option<Entity> {
    match subject {
        Subject::Queue(id) => Some(Entity::Queue(id.clone())),
        Subject::Team(id) => Some(Entity::Team(id.clone())),
        Subject::Site(id) => Some(Entity::Site(id.clone())),
        Subject::Agent(id) => Some(Entity::Agent(id.clone())),
        Subject::Policy(_) => None,
    }
}
