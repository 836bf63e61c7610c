//! What a task sends to others, and hands to its own stages in place of that.

use std::collections::{BTreeMap, BTreeSet};

use super::{InputId, Task, TaskId};
use crate::{
    engine::{
        AgentQueue, Entity,
        exchange::{
            frame::Section,
            gauge::Gauge,
            message::{CaseUpdate, Repeats},
            time_series::TimeSeries,
        },
        time::watermarks::Watermark,
    },
    event::{Text, Timestamp},
};

impl Task {
    /// Hands updates of cases to their customers. Returns whether a contact of this task was answered.
    pub(super) fn send_cases(&mut self) -> bool {
        let mut any_own = false;
        for case in std::mem::take(&mut self.effects.cases) {
            let task = self.placement.task_of(case.customer.as_bytes());
            if task == self.id {
                any_own |= self.handle_case(case);
            } else {
                self.exchange.outbox.section(task.0).cases.push(case);
            }
        }
        any_own
    }

    /// Takes the update of a case of a customer of this task. Returns whether its contact was answered.
    pub(super) fn handle_case(&mut self, case: CaseUpdate) -> bool {
        let now = self.meta.customer_watermark.at();
        let answer = (self.stages.customers).handle_case(case, now, &self.store);
        let answered = answer.is_some();
        (answer.into_iter()).for_each(|repeats| self.send_repeats(repeats));
        answered
    }

    /// Answers a contact with the number of contacts that it repeats.
    fn send_repeats(&mut self, repeats: Repeats) {
        let task = self.placement.task_of(repeats.contact.as_str().as_bytes());
        if task == self.id {
            (self.stages.contacts).handle_repeats(&repeats, &self.store);
        } else {
            self.exchange.outbox.section(task.0).repeats.push(repeats);
        }
    }

    /// Hands judgements to their contacts. Returns whether one of this task is among them.
    pub(super) fn send_judgements(&mut self) -> bool {
        let mut any_own = false;
        for judged in std::mem::take(&mut self.effects.judged) {
            let task = self.placement.task_of(judged.contact.as_str().as_bytes());
            if task == self.id {
                any_own = true;
                (self.stages.contacts).handle_judged(&judged, &self.store);
            } else {
                self.exchange.outbox.section(task.0).judged.push(judged);
            }
        }
        any_own
    }

    /// Hands facts of contacts and customers to their agents; what these make of them joins the facts of the step.
    pub(super) fn send_agent_facts(&mut self) {
        let grain = self.agent_grain();
        for (agent, series) in self.effects.facts.agents.take() {
            let task = self.placement.owner_of_agent(&agent);
            if task == self.id {
                let facts = &mut self.effects.facts;
                (self.stages.agents).handle_facts(&agent, series, grain, facts);
            } else {
                let section = self.exchange.outbox.section(task.0);
                section.agent_facts.merge(agent, series);
            }
        }
        for (wrap_up, series) in self.effects.facts.wrap_ups.take() {
            let task = self.placement.owner_of_agent(&wrap_up.agent);
            if task == self.id {
                let facts = &mut self.effects.facts;
                (self.stages.agents).handle_wrap_up(&wrap_up, series, grain, facts);
            } else {
                let section = self.exchange.outbox.section(task.0);
                section.wrap_ups.merge(wrap_up, series);
            }
        }
    }

    /// Hands facts to the tasks that own their entities: in place, or by a section of a frame, now or on the next beat.
    pub(super) fn send_entity_facts(&mut self) {
        let reasons = self.effects.facts.take_reasons();
        self.stages.kpis.learn_reasons(reasons.clone());
        for emitted in self.effects.facts.entities.take() {
            self.send_facts(emitted, &reasons);
        }
        let moves = self.stages.agents.take_moves();
        self.stages.kpis.expect_moves(moves);
    }

    /// Hands facts to the entity's owner. An entity without figures of its own counts for the overflow entity.
    fn send_facts(&mut self, emitted: (Entity, TimeSeries), reasons: &BTreeSet<Text>) {
        let mut next = Some(emitted);
        while let Some((entity, series)) = next.take() {
            let task = self.placement.owner_of_entity(&entity);
            if task != self.id {
                let section = self.exchange.outbox.section(task.0);
                section.entity_facts.merge(entity, series);
                section.reasons.extend(reasons.iter().cloned());
                continue;
            }
            let (own, over) = self.effects.facts.names.split(&entity, series);
            if !own.sums().is_empty() {
                let now = self.meta.kpi_watermark.at().unwrap_or(Timestamp::MIN);
                (self.stages.kpis).apply(&entity, own.sums(), now, &mut self.store);
            }
            next = (!over.sums().is_empty()).then(|| (entity.overflow(), over));
        }
    }

    /// Hands facts about agents in queues to the tasks that own these.
    pub(super) fn send_agent_queue_facts(&mut self) {
        let now = self.scorecard_clock().unwrap_or(Timestamp::MIN);
        let mut all = self.effects.facts.agent_queues.take();
        all.reverse();
        while let Some((agent_queue, series)) = all.pop() {
            let others = self.send_facts_of_agent_queue(agent_queue, series, now);
            all.extend(others);
        }
    }

    /// Returns what goes beyond the limits: it counts for the overflow names, here or elsewhere.
    fn send_facts_of_agent_queue(
        &mut self,
        agent_queue: AgentQueue,
        series: TimeSeries,
        now: Timestamp,
    ) -> Vec<(AgentQueue, TimeSeries)> {
        let task = self.placement.owner_of_group(&agent_queue.group);
        if task != self.id {
            let section = self.exchange.outbox.section(task.0);
            section.agent_queue_facts.merge(agent_queue, series);
            return Vec::new();
        }
        let names = &mut self.effects.facts.names;
        let (own, others) = names.split_agent_queue(&agent_queue, series);
        if !own.sums().is_empty() {
            (self.stages.scorecards).apply(&agent_queue, own.sums(), now, &mut self.store);
        }
        others
    }

    /// Hands changed gauges to the tasks that own their entities, then those of entities without figures of their own.
    pub(super) fn send_gauges(&mut self) {
        for (entity, gauge) in self.stages.contacts.waiting.take_changed() {
            let task = self.placement.owner_of_entity(&entity);
            if task == self.id {
                self.handle_gauge(entity, self.id.0, gauge);
            } else {
                let section = self.exchange.outbox.section(task.0);
                section.gauges.push((entity, gauge));
            }
        }
        for (entity, gauge) in self.stages.kpis.take_overflow_gauges() {
            let task = self.placement.owner_of_entity(&entity);
            if task == self.id {
                (self.stages.kpis).set_gauge(entity, self.id.0, gauge, true);
            } else {
                let section = self.exchange.outbox.section(task.0);
                section.gauges.push((entity, gauge));
            }
        }
    }

    /// Hands signals to the task that judges rules: it owns the entity `all`.
    pub(super) fn send_signals(&mut self) {
        let facts = &mut self.effects.facts;
        let sources = &self.settings.sources;
        (facts.feeds).move_to(&mut facts.signals, |source| {
            &sources[usize::from(source)].topic
        });
        let mut signals = std::mem::take(&mut facts.signals);
        if signals.drop_zeros() {
            return;
        }
        let task = self.placement.owner_of_entity(&Entity::All);
        if task == self.id {
            self.stages.rules.add(signals);
        } else {
            self.exchange.outbox.section(task.0).signals.merge(signals);
        }
    }

    /// Takes the gauge of a queue or group as a task has it.
    pub(super) fn handle_gauge(&mut self, entity: Entity, sender: u16, gauge: Gauge) {
        let own = self.effects.facts.names.admits(&entity);
        self.stages.kpis.set_gauge(entity, sender, gauge, own);
    }

    /// Takes the sections that are sent now, and stores what waits on.
    pub(super) fn take_sections(&mut self) -> Vec<(TaskId, Vec<u8>)> {
        let sections = self.take_due_sections();
        self.exchange.outbox.save(&mut self.store);
        (sections.into_iter())
            .map(|(task, section)| (TaskId(task), self.seal_section(task, section)))
            .collect()
    }

    /// Live, sections wait for their destination's turn: transactions stay short.
    fn take_due_sections(&mut self) -> BTreeMap<u16, Section> {
        let wall = self.progress.wall;
        let ends = self.ends();
        let backlog = self.is_behind();
        let exchange = &mut self.exchange;
        let idle = exchange.outbox.is_empty();
        let schedule = &mut exchange.send_schedule;
        if exchange.sent_ends != ends || idle && schedule.any_heartbeat_due(wall) {
            schedule.send_all(wall);
        }
        exchange.sent_ends = ends;
        let mut sections = (exchange.outbox).take(|task| backlog || schedule.is_due(task, wall));
        for task in (0..self.settings.tasks).filter(|task| *task != self.id.0) {
            if schedule.heartbeat_due(task, wall) {
                sections.entry(task).or_default();
            }
        }
        schedule.pass(wall, idle);
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

    /// Returns the watermarks of the inputs, the contacts, the customers and the agents, where at their end.
    pub(super) fn ends(&self) -> [Option<Timestamp>; 4] {
        let own = &self.progress.own;
        let watermarks = [own.input, own.contact, own.customer, own.agent];
        watermarks.map(Watermark::ended_at)
    }

    pub(super) fn take_positions(&mut self) -> Vec<(InputId, i64)> {
        let moved = std::mem::take(&mut self.inputs.moved);
        (moved.into_iter())
            .filter_map(|input| Some((input, self.position(input)?)))
            .collect()
    }
}
