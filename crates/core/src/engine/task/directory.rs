//! What changes while a task runs: statements of the directory.

use std::sync::Arc;

use super::Task;
use crate::{
    directory::{Directory, Refusal, Subject},
    engine::{
        Entity, Settings, TaskError,
        contacts::Change,
        store::{PartKey, Store},
    },
    event::{Span, Timestamp},
};

impl Task {
    /// Takes a statement of the directory, as it stands at `offset` of its partition. What was told before and is otherwise
    /// by it is corrected. True if anything changed.
    ///
    /// # Errors
    /// When it can't be read, or breaks a rule: it changes nothing.
    pub fn handle_statement(
        &mut self,
        offset: i64,
        json: &[u8],
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        self.time.see_wall(now);
        let taken = (self.directory).apply(offset, json, &self.configured.contact)?;
        let image = self.directory.to_image();
        self.store.put(&PartKey::directory(), &image);
        let Some(from) = taken.changed_from else {
            return Ok(false);
        };
        self.note_unsaid(json.len());
        let settings = Arc::new(self.configured.with(&self.directory));
        let spoken = self.meta.contact_clock.map(|clock| clock.at);
        let change = Change {
            settings: &settings,
            from,
            grain: self.grain(spoken),
        };
        (self.contacts).go_by(&change, &self.store, &mut self.deltas);
        self.go_by(settings);
        Ok(true)
    }

    /// The directory of a restored store: whatever else is taken up goes by it.
    pub(super) fn take_up_directory(&mut self) -> Result<(), TaskError> {
        let Some(image) = self.store.get(&PartKey::directory()) else {
            return Ok(());
        };
        let read = Directory::from_image(image, &self.configured.contact);
        self.directory = read.map_err(|refusal| TaskError::Corrupt {
            task: self.id.0,
            cause: refusal.to_string(),
        })?;
        let settings = Arc::new(self.configured.with(&self.directory));
        let nothing = Store::default();
        let change = Change {
            settings: &settings,
            from: Timestamp::MAX,
            grain: Span::ZERO,
        };
        (self.contacts).go_by(&change, &nothing, &mut self.deltas);
        self.go_by(settings);
        Ok(())
    }

    fn go_by(&mut self, settings: Arc<Settings>) {
        self.customers.go_by(&settings);
        self.scores.go_by(&settings);
        self.deltas.go_by(&settings);
        let named = self.directory.statements();
        let named = named.filter_map(|(statement, _)| entity_of(&statement.subject));
        self.deltas.names.go_by(&settings, named);
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
