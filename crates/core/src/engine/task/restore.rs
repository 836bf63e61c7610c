//! How a task comes back: from the records of its state log, part by part.

use std::sync::Arc;

use super::Task;
use crate::{
    directory::Directory,
    engine::{
        TaskError,
        stages::{contacts::SettingsChange, record_time::Beat},
        state::{
            changelog::Restored,
            store::{Part, PartKey, Store},
        },
    },
    event::{Span, Timestamp},
    kpi::PaneBlock,
};

impl Task {
    /// Applies a record of the state log; records come in the log's order, each with its offset. Returns the step that
    /// the record belongs to.
    ///
    /// # Errors
    /// When it is of another format or damaged.
    pub fn restore(&mut self, offset: i64, record: &[u8]) -> Result<u64, TaskError> {
        let (seq, restored) = (self.changelog.reader).read(
            offset,
            record,
            &mut self.store,
            &mut self.changelog.cycle,
        )?;
        if let Some(Restored { meta, changed }) = restored {
            let written = Beat {
                groups: meta.groups_written,
                agents: meta.agents_written,
            };
            let (stages, written_at) = (&mut self.stages, meta.kpi_watermark.at());
            stages.kpis.restore_step(&changed, written, written_at);
            (stages.contacts).restore_step(&changed, meta.contacts_written);
            self.meta = meta;
        }
        Ok(seq)
    }

    /// Begins to work on the restored state. `committed` is the last step that was committed, 0 for a new task.
    ///
    /// # Errors
    /// When the log ended at another step, or a part can't be read.
    pub fn start(&mut self, committed: u64) -> Result<(), TaskError> {
        if self.meta.seq != committed {
            return Err(TaskError::EndsElsewhere {
                task: self.id.0,
                found: self.meta.seq,
                expected: committed,
            });
        }
        if !self.changelog.reader.is_whole() {
            return Err(TaskError::Corrupt {
                task: self.id.0,
                cause: "what is left of the state log does not hold all of the state".to_owned(),
            });
        }
        self.restore_parts()
    }

    /// Hands each part of the restored store to the stage whose state it is.
    fn restore_parts(&mut self) -> Result<(), TaskError> {
        self.restore_directory()?;
        if let Some(now) = self.meta.contact_watermark.at() {
            self.stages.contacts.wait_on(now, &Store::default());
        }
        let (stages, names) = (&mut self.stages, &mut self.effects.facts.names);
        for (part, image) in self.store.iter() {
            let read = match &part {
                Part::Contact(id) => stages.contacts.restore(id, image),
                Part::Customer(id) => stages.customers.restore(id, image),
                Part::HandleTimeBaseline(queue) => stages.contacts.baseline.restore(queue, image),
                Part::Gauges(entity) => stages.kpis.restore_gauges(entity, image),
                Part::Outbox(task) => self.exchange.outbox.restore(*task, image),
                Part::PaneBlock(entity, start) => {
                    let block = PaneBlock {
                        start: *start,
                        image,
                    };
                    stages.kpis.restore_pane_block(entity, block);
                    Ok(())
                }
                Part::Agent(id) => stages.agents.restore(id, image),
                Part::Reasons => stages.kpis.restore_reasons(image),
                Part::Directory | Part::Known(_) => Ok(()),
                Part::Name(name) => names.restore(name, image),
                Part::Overflow(kind) => names.restore_overflow(*kind, image),
                Part::AgentQueuePaneBlock(agent_queue, _) => {
                    stages.scorecards.restore(agent_queue);
                    Ok(())
                }
                Part::Rules(key) => stages.rules.restore(key, image),
                Part::Scorecard(agent_queue) => {
                    stages.scorecards.restore_written(agent_queue, image)
                }
            };
            read.map_err(|error| TaskError::Corrupt {
                task: self.id.0,
                cause: format!("{part:?}: {error}"),
            })?;
        }
        stages.contacts.waiting.take_changed();
        stages.kpis.start(names);
        stages.rules.start();
        stages.kpis.expect_moves(stages.agents.take_moves());
        Ok(())
    }

    /// Restores the directory before all other parts, which are read by it.
    pub(super) fn restore_directory(&mut self) -> Result<(), TaskError> {
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
        let change = SettingsChange {
            settings: &settings,
            from: Timestamp::MAX,
            grain: Span::ZERO,
        };
        (self.stages.contacts).apply_settings(&change, &nothing, &mut self.effects.facts);
        self.apply_settings(settings);
        Ok(())
    }
}
