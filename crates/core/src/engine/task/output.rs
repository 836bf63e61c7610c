//! What comes out of a task: the step, its sections for other tasks, the records of its agents, queues and groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{HISTORY_AFTER, SECOND, Task};
use crate::{
    decode::Format,
    engine::{
        Entity, InputId, Pending, Step, TaskId,
        agents::AgentsEnding,
        contacts::{Effects, Ending},
        customers::{CaseUpdate, CustomersEnding, Repeats},
        frame::Section,
        gauge::Gauge,
        kpis::{Beat, Moment, record_clock},
        step::Output,
        time_series::TimeSeries,
        watermark::Watermark,
    },
    event::{Span, Text, Timestamp},
};

impl Task {
    /// Cuts the step: all that was taken in since the last one. `None` if there was nothing.
    pub fn poll_output(&mut self) -> Option<Step> {
        if self.pending() == Pending::Nothing {
            return None;
        }
        self.advance_watermarks();
        self.meta.seq += 1;
        let mut outputs = std::mem::take(&mut self.dead_letters);
        self.finish_contacts(&mut outputs);
        // A contact that is answered may have more to emit.
        while self.send_cases() | self.finish_customers() {
            self.finish_contacts(&mut outputs);
        }
        self.write_contacts(&mut outputs);
        let urgent = outputs.iter().any(Output::is_alert);
        let sections = self.send();
        self.write_scorecards(&mut outputs);
        self.write_kpis(&mut outputs);
        self.kpis.save(&mut self.store);
        if self.settings.output_format == Format::Protobuf {
            outputs.iter_mut().for_each(Output::make_protobuf);
        }
        self.dirty = false;
        self.dirty_bytes = 0;
        self.meta.writer = Text::new(env!("CARGO_PKG_VERSION"));
        let state = (self.log).write_records(&self.meta, &mut self.store, &mut self.cycle);
        Some(Step {
            task: self.id,
            seq: self.meta.seq,
            state,
            sections,
            outputs,
            positions: self.take_positions(),
            exchange_position: self.meta.exchange_position,
            restore_from: self.cycle.restore_from(),
            urgent,
        })
    }

    fn finish_contacts(&mut self, outputs: &mut Vec<Output>) {
        let timers_fired_to = self.meta.contact_watermark.at();
        let ending = Ending {
            seq: self.meta.seq,
            timers_fired_to,
            late_cutoff: self.late_cutoff(),
            source_watermark: self.progress.source_watermark(self.id.0, &self.settings),
            history: self.is_history(timers_fired_to),
            grain: self.grain(timers_fired_to),
        };
        let mut effects = Effects {
            outputs,
            facts: &mut self.facts,
            cases: &mut self.cases,
            clock_skew: &mut self.meta.counters.clock_skew,
        };
        self.contacts.finish(ending, &mut self.store, &mut effects);
    }

    fn write_contacts(&mut self, outputs: &mut Vec<Output>) {
        self.meta.contacts_written = self.contact_beat();
        if self.meta.contacts_written {
            self.contacts.write_records(&self.store, outputs);
            self.contact_beat_at = self.next_beat(self.settings.kpi.group_beat);
        }
    }

    /// Tasks take turns within a beat: a transaction with the records of all would take long, and alerts wait for it.
    pub(super) fn next_beat(&self, every: Span) -> Timestamp {
        let phase = Span(every.0 * i64::from(self.id.0) / i64::from(self.settings.tasks));
        (self.progress.wall - phase).floor(every) + every + phase
    }

    pub(super) fn is_history(&self, clock: Option<Timestamp>) -> bool {
        clock.is_none_or(|at| at + HISTORY_AFTER < self.progress.wall)
    }

    /// Live, numbers are exact at each second; in catching up at each finest pane, which makes fewer sums of them.
    pub(super) fn grain(&self, clock: Option<Timestamp>) -> Span {
        if self.is_history(clock) {
            self.kpis.finest_pane()
        } else {
            SECOND
        }
    }

    /// Hands facts and gauges to the tasks that own them: in place, or by a section of a frame, now or on the next beat.
    fn send(&mut self) -> Vec<(TaskId, Vec<u8>)> {
        self.finish_agents();
        let reasons = self.facts.take_reasons();
        self.kpis.learn_reasons(reasons.clone());
        for emitted in self.facts.entities.take() {
            self.send_sums(emitted, &reasons);
        }
        self.kpis.expect_moves(self.agents.take_moves());
        self.send_agent_queue_facts();
        for (entity, gauge) in self.contacts.waiting.take_changed() {
            let task = entity.owner(self.placement);
            if task == self.id {
                self.handle_gauge(entity, self.id.0, gauge);
            } else {
                self.outbox.section(task.0).gauges.push((entity, gauge));
            }
        }
        self.send_overflow_gauges();
        self.facts.names.save(&mut self.store);
        let sections = self.take_sections();
        self.outbox.save(&mut self.store);
        (sections.into_iter())
            .map(|(task, section)| (TaskId(task), self.seal_section(task, section)))
            .collect()
    }

    /// Hands facts to the entity's owner. An entity without figures of its own counts for the overflow entity.
    fn send_sums(&mut self, emitted: (Entity, TimeSeries), reasons: &BTreeSet<Text>) {
        let mut next = Some(emitted);
        while let Some((entity, sums)) = next.take() {
            let task = entity.owner(self.placement);
            if task != self.id {
                let section = self.outbox.section(task.0);
                section.entity_facts.entry(entity).or_default().merge(sums);
                section.reasons.extend(reasons.iter().cloned());
                continue;
            }
            let (own, over) = self.facts.names.split(&entity, sums);
            if !own.sums().is_empty() {
                let now = self.meta.kpi_watermark.at().unwrap_or(Timestamp::MIN);
                (self.kpis).apply(&entity, own.sums(), now, &mut self.store);
            }
            next = (!over.sums().is_empty()).then(|| (entity.overflow(), over));
        }
    }

    /// Takes the gauge of a queue or group as a task has it.
    pub(super) fn handle_gauge(&mut self, entity: Entity, sender: u16, gauge: Gauge) {
        let own = self.facts.names.admits(&entity);
        self.kpis.set_gauge(entity, sender, gauge, own);
    }

    /// Contacts that wait where no figures are kept are counted for the overflow entity.
    fn send_overflow_gauges(&mut self) {
        for (entity, gauge) in self.kpis.take_overflow_gauges() {
            let task = entity.owner(self.placement);
            if task == self.id {
                self.kpis.set_gauge(entity, self.id.0, gauge, true);
            } else {
                self.outbox.section(task.0).gauges.push((entity, gauge));
            }
        }
    }

    /// Hands updates of cases to their customers. Returns whether a contact of this task was answered.
    fn send_cases(&mut self) -> bool {
        let mut any_own = false;
        for case in std::mem::take(&mut self.cases) {
            let task = self.placement.task_of(case.customer.as_bytes());
            if task == self.id {
                any_own |= self.handle_case(case);
            } else {
                self.outbox.section(task.0).cases.push(case);
            }
        }
        any_own
    }

    /// Takes the update of a case of a customer of this task. Returns whether its contact was answered.
    pub(super) fn handle_case(&mut self, case: CaseUpdate) -> bool {
        let now = self.meta.customer_watermark.at();
        let answer = self.customers.handle_case(case, now, &self.store);
        let answered = answer.is_some();
        answer
            .into_iter()
            .for_each(|repeats| self.send_repeats(repeats));
        answered
    }

    /// Answers a contact with the number of contacts that it repeats.
    fn send_repeats(&mut self, repeats: Repeats) {
        let task = self.placement.task_of(repeats.contact.as_str().as_bytes());
        if task == self.id {
            self.contacts.handle_repeats(&repeats, &self.store);
        } else {
            self.outbox.section(task.0).repeats.push(repeats);
        }
    }

    /// Finishes customers, and sends their judgements. Returns whether a contact of this task was judged.
    fn finish_customers(&mut self) -> bool {
        let now = self.meta.customer_watermark.at();
        if let Some(now) = now {
            self.customers.handle_timeout(now, &self.store);
        }
        let ending = CustomersEnding {
            now,
            late_cutoff: self.retention_cutoff(),
            grain: self.grain(now),
        };
        let mut all = Vec::new();
        let answer = |judged| all.push(judged);
        (self.customers).finish(ending, &mut self.store, &mut self.facts, answer);
        let mut any_own = false;
        for judged in all {
            let task = self.placement.task_of(judged.contact.as_str().as_bytes());
            if task == self.id {
                any_own = true;
                self.contacts.handle_judged(&judged, &self.store);
            } else {
                self.outbox.section(task.0).judged.push(judged);
            }
        }
        any_own
    }

    /// Hands facts of contacts and customers to their agents; what these make of them joins the facts of the step.
    fn finish_agents(&mut self) {
        let grain = self.agent_grain();
        for (agent, facts) in self.facts.agents.take() {
            let task = self.placement.owner_of_agent(&agent);
            if task == self.id {
                (self.agents).handle_facts(&agent, facts, grain, &mut self.facts);
            } else {
                let section = self.outbox.section(task.0);
                section.agent_facts.entry(agent).or_default().merge(facts);
            }
        }
        for (wrap_up, facts) in self.facts.wrap_ups.take() {
            let task = self.placement.owner_of_agent(&wrap_up.agent);
            if task == self.id {
                (self.agents).handle_wrap_up(&wrap_up, facts, grain, &mut self.facts);
            } else {
                let section = self.outbox.section(task.0);
                section.wrap_ups.entry(wrap_up).or_default().merge(facts);
            }
        }
        let ending = AgentsEnding {
            now: self.meta.agent_watermark.at(),
            late_cutoff: self.retention_cutoff(),
            grain,
        };
        (self.agents).finish(ending, &mut self.store, &mut self.facts);
    }

    /// Returns the time before which no task emits anything new.
    fn retention_cutoff(&self) -> Timestamp {
        let retention = (self.progress).retention_watermark(self.id.0, &self.meta, &self.settings);
        retention - self.settings.lateness_max()
    }

    pub(super) fn agent_grain(&self) -> Span {
        self.grain(self.meta.agent_watermark.at())
    }

    /// Takes the sections that are sent now. Live, they wait for their destination's turn: transactions stay short.
    fn take_sections(&mut self) -> BTreeMap<u16, Section> {
        let wall = self.progress.wall;
        let end = self.end();
        let idle = self.outbox.is_empty();
        if self.sent_ends != end || idle && self.send_schedule.any_heartbeat_due(wall) {
            self.send_schedule.send_all(wall);
        }
        self.sent_ends = end;
        let backlog = self.is_behind();
        let schedule = &self.send_schedule;
        let mut sections = (self.outbox).take(|task| backlog || schedule.is_due(task, wall));
        for task in (0..self.settings.tasks).filter(|task| *task != self.id.0) {
            if self.send_schedule.heartbeat_due(task, wall) {
                sections.entry(task).or_default();
            }
        }
        self.send_schedule.pass(wall, idle);
        sections
    }

    fn seal_section(&mut self, task: u16, section: Section) -> Vec<u8> {
        let previous = std::mem::replace(&mut self.meta.sent[usize::from(task)], self.meta.seq);
        let section = Section {
            from: self.id.0,
            seq: self.meta.seq,
            previous,
            watermarks: self.progress.own,
            ..section
        };
        section.to_bytes()
    }

    fn write_kpis(&mut self, outputs: &mut Vec<Output>) {
        (self.meta.groups_written, self.meta.agents_written) = (false, false);
        let Some(at) = self.record_clock() else {
            return;
        };
        let beat = self.beat_at(at);
        if !beat.any() {
            return;
        }
        if self.kpis_ended() {
            self.kpis.handle_end(at, self.progress.wall, &self.store);
        } else {
            self.kpis.handle_running();
        }
        let moment = Moment {
            at,
            began_at: self.progress.began_at.unwrap_or(at),
            left_out: self.progress.left_out,
        };
        let parts = (&self.agents, &mut self.store);
        (self.kpis).write(moment, beat, parts, outputs);
        (self.meta.groups_written, self.meta.agents_written) = (beat.groups, beat.agents);
        if beat.groups {
            self.meta.written_to.groups = Some(at);
            self.group_beat_at = self.next_beat(self.settings.kpi.group_beat);
        }
        if beat.agents {
            self.meta.written_to.agents = Some(at);
            self.agent_beat_at = self.next_beat(self.settings.kpi.agent_beat);
        }
    }

    fn take_positions(&mut self) -> Vec<(InputId, i64)> {
        let moved = std::mem::take(&mut self.moved);
        moved
            .into_iter()
            .filter_map(|input| Some((input, self.position(input)?)))
            .collect()
    }

    /// Returns the watermarks of the inputs, the contacts, the customers and the agents, where at their end.
    pub(super) fn end(&self) -> [Option<Timestamp>; 4] {
        let own = &self.progress.own;
        let watermarks = [own.input, own.contact, own.customer, own.agent];
        watermarks.map(Watermark::ended_at)
    }

    pub(super) fn kpis_ended(&self) -> bool {
        self.meta.kpi_watermark.has_ended()
    }

    /// Returns whether records of contacts are due: of what has changed within a beat, or at the end of all inputs.
    pub(super) fn contact_beat(&self) -> bool {
        let ended = self.meta.contact_watermark.has_ended();
        ended || self.progress.wall >= self.contact_beat_at
    }

    pub(super) fn beat(&self) -> Beat {
        if self.settings.kpi.only_at_end && !self.kpis_ended() {
            return Beat::default();
        }
        let groups = self.progress.wall >= self.group_beat_at;
        Beat {
            groups,
            agents: self.progress.wall >= self.agent_beat_at || groups && self.kpis_ended(),
        }
    }

    /// Returns which records of the clock `at` are due. It may lie before that of the last ones: after a pause the grain of time is
    /// coarser, and at its end a source stands at its newest event. Then records wait until the clock has passed the last ones.
    pub(super) fn beat_at(&self, at: Timestamp) -> Beat {
        let (beat, last) = (self.beat(), self.meta.written_to);
        Beat {
            groups: beat.groups && last.groups <= Some(at),
            agents: beat.agents && last.agents <= Some(at),
        }
    }

    pub(super) fn record_clock(&self) -> Option<Timestamp> {
        let watermark = self.meta.kpi_watermark;
        record_clock(watermark, self.grain(watermark.at()))
    }

    /// Returns the time before which contacts are sealed: no event can join them any more.
    pub(super) fn late_cutoff(&self) -> Timestamp {
        self.progress.min_watermark - self.settings.lateness_max()
    }
}
