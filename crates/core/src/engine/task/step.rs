//! The path of a step through the stages, and how it is closed. What comes before, inputs and timers, is in `input.rs`.

use super::{HISTORY_AFTER, SECOND, Task};
use crate::{
    decode::Format,
    engine::{Pending, Step, TaskId, stages::step_end::StepEnd, step::Output},
    event::{Span, Text, Timestamp},
};

impl Task {
    /// Closes the step: all that was taken in since the last one. `None` if there was nothing.
    ///
    /// Facts pass the stages in this order. There are two feedback paths: customers answer contacts, and facts about agents become facts of their
    /// teams and sites.
    pub fn poll_output(&mut self) -> Option<Step> {
        if self.pending() == Pending::Nothing {
            return None;
        }
        // Fires all timers first: every receiver of the watermarks that this step sends relies on that.
        self.advance_watermarks();
        self.meta.seq += 1;
        // Contacts emit how they differ from what others know: facts, alerts, updates of their cases.
        self.finish_contacts();
        // Customers judge cases and answer their contacts, and a contact that is answered may differ again.
        while self.send_cases() | self.finish_customers() {
            self.finish_contacts();
        }
        // Only after the last answer, so that each record is written once.
        self.write_contact_records();
        let urgent = self.effects.outputs.iter().any(Output::is_alert);
        // Agents turn the facts about them into facts of their teams and sites, before any of these is sent.
        self.send_agent_facts();
        self.finish_agents();
        // All facts of the step are now known: they go to the tasks that own their entities, this one among them.
        self.send_entity_facts();
        self.send_agent_queue_facts();
        self.send_gauges();
        self.send_signals();
        self.effects.facts.names.save(&mut self.store);
        let sections = self.take_sections();
        // Scorecards before KPIs: when all inputs have ended, both are rewritten, and `write_kpis` records that time.
        self.write_scorecards();
        self.write_kpis();
        self.stages.kpis.finish(&mut self.store);
        let urgent = self.judge_rules() || urgent;
        Some(self.cut(sections, urgent))
    }

    fn finish_contacts(&mut self) {
        let end = self.step_end(self.meta.contact_watermark.at());
        (self.stages.contacts).finish(&end, &mut self.store, &mut self.effects);
    }

    /// Finishes customers, and sends their judgements. Returns whether a contact of this task was judged.
    fn finish_customers(&mut self) -> bool {
        let now = self.meta.customer_watermark.at();
        if let Some(now) = now {
            (self.stages.customers).handle_timeout(now, &self.store);
        }
        let end = self.step_end(now);
        (self.stages.customers).finish(&end, &mut self.store, &mut self.effects);
        self.send_judgements()
    }

    fn finish_agents(&mut self) {
        let end = self.step_end(self.meta.agent_watermark.at());
        (self.stages.agents).finish(&end, &mut self.store, &mut self.effects);
    }

    /// Returns the context for the end of a step, for a stage whose timers have fired up to `timers_fired_to`.
    fn step_end(&self, timers_fired_to: Option<Timestamp>) -> StepEnd {
        let retention = (self.progress).retention_watermark(self.id.0, &self.meta, &self.settings);
        StepEnd {
            seq: self.meta.seq,
            timers_fired_to,
            late_cutoff: self.late_cutoff(),
            source_watermark: self.progress.source_watermark(self.id.0, &self.settings),
            retention_cutoff: retention - self.settings.lateness_max(),
            history: self.is_history(timers_fired_to),
            grain: self.grain(timers_fired_to),
        }
    }

    /// Judges rules on the signals that have come together. Returns whether an alert has changed.
    fn judge_rules(&mut self) -> bool {
        let now = self.meta.kpi_watermark.at();
        let (seq, history) = (self.meta.seq, self.is_history(now));
        let outputs = &mut self.effects.outputs;
        let before = outputs.len();
        (self.stages.rules).finish(now, (seq, history), &mut self.store, outputs);
        outputs[before..].iter().any(Output::is_alert)
    }

    fn cut(&mut self, sections: Vec<(TaskId, Vec<u8>)>, urgent: bool) -> Step {
        let mut outputs = std::mem::take(&mut self.effects.outputs);
        if self.settings.output_format == Format::Protobuf {
            outputs.iter_mut().for_each(Output::make_protobuf);
        }
        self.meta.counters.clock_skew += std::mem::take(&mut self.effects.clock_skew);
        self.inputs.dirty = false;
        self.inputs.dirty_bytes = 0;
        let state = self.write_changelog();
        Step {
            task: self.id,
            seq: self.meta.seq,
            state,
            sections,
            outputs,
            positions: self.take_positions(),
            exchange_position: self.meta.exchange_position,
            restore_from: self.changelog.cycle.restore_from(),
            urgent,
        }
    }

    /// Returns the records of the state log for this step.
    pub(super) fn write_changelog(&mut self) -> Vec<Vec<u8>> {
        self.meta.writer = Text::new(env!("CARGO_PKG_VERSION"));
        let changelog = &mut self.changelog;
        (changelog.writer).write_records(&self.meta, &mut self.store, &mut changelog.cycle)
    }

    /// Returns whether a stage whose watermark is `now` is more than a minute behind the wall clock.
    pub(super) fn is_history(&self, now: Option<Timestamp>) -> bool {
        now.is_none_or(|at| at + HISTORY_AFTER < self.progress.wall)
    }

    /// Returns the time span within which facts are summed before they are sent: a second when live; the finest pane when catching up,
    /// which makes fewer sums.
    pub(super) fn grain(&self, now: Option<Timestamp>) -> Span {
        if self.is_history(now) {
            self.stages.kpis.finest_pane()
        } else {
            SECOND
        }
    }

    pub(super) fn agent_grain(&self) -> Span {
        self.grain(self.meta.agent_watermark.at())
    }

    /// Returns the instant before which contacts are sealed: events before it are too late.
    pub(super) fn late_cutoff(&self) -> Timestamp {
        self.progress.min_watermark - self.settings.lateness_max()
    }
}
