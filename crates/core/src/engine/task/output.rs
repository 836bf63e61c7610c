//! What a task says: the step, its sections for other tasks, the records of its agents, queues and groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{HISTORY_AFTER, SECOND, Task};
use crate::{
    decode::Format,
    engine::{
        Entity, InputId, Pending, Step, TaskId,
        agents::AgentsEnding,
        clock::Clock,
        contacts::{Ending, Said},
        customers::{CaseSaid, CustomersEnding, Repeats},
        frame::Section,
        gauge::Gauge,
        scores::{Beat, Moment, record_clock},
        series::Series,
        step::Output,
    },
    event::{Span, Text, Timestamp},
};

impl Task {
    /// Cuts the step: all that was taken in since the last one. `None` if there was nothing.
    pub fn poll_output(&mut self) -> Option<Step> {
        if self.pending() == Pending::Nothing {
            return None;
        }
        self.advance_clocks();
        self.meta.seq += 1;
        let mut outputs = std::mem::take(&mut self.dead_letters);
        self.finish_contacts(&mut outputs);
        // A contact that is answered may have more to say.
        while self.send_cases() | self.finish_customers() {
            self.finish_contacts(&mut outputs);
        }
        self.write_contacts(&mut outputs);
        let urgent = outputs.iter().any(Output::is_alert);
        let sections = self.send();
        self.write_desks(&mut outputs);
        self.write_scores(&mut outputs);
        self.scores.save(&mut self.store);
        if self.settings.output_format == Format::Protobuf {
            outputs.iter_mut().for_each(Output::make_protobuf);
        }
        self.unsaid = false;
        self.unsaid_bytes = 0;
        self.meta.writer = Text::new(env!("CARGO_PKG_VERSION"));
        let state = (self.log).write_records(&self.meta, &mut self.store, &mut self.rotation);
        Some(Step {
            task: self.id,
            seq: self.meta.seq,
            state,
            sections,
            outputs,
            positions: self.take_positions(),
            exchange_position: self.meta.exchange_position,
            restore_from: self.rotation.restore_from(),
            urgent,
        })
    }

    fn finish_contacts(&mut self, outputs: &mut Vec<Output>) {
        let spoken = self.meta.contact_clock.map(|clock| clock.at);
        let ending = Ending {
            seq: self.meta.seq,
            spoken,
            horizon: self.horizon(),
            read_to: self.time.read_to(self.id.0, &self.settings),
            history: self.is_history(spoken),
            grain: self.grain(spoken),
        };
        let mut said = Said {
            outputs,
            deltas: &mut self.deltas,
            cases: &mut self.cases,
            clock_skew: &mut self.meta.counters.clock_skew,
        };
        self.contacts.finish(ending, &mut self.store, &mut said);
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
        (self.time.wall - phase).floor(every) + every + phase
    }

    pub(super) fn is_history(&self, clock: Option<Timestamp>) -> bool {
        clock.is_none_or(|at| at + HISTORY_AFTER < self.time.wall)
    }

    /// Live, numbers are exact at each second; in catching up at each finest pane, which makes fewer sums of them.
    pub(super) fn grain(&self, clock: Option<Timestamp>) -> Span {
        if self.is_history(clock) {
            self.scores.finest_pane()
        } else {
            SECOND
        }
    }

    /// Hands deltas and gauges to those who own them: in place, or by a section of a frame, now or on the next beat.
    fn send(&mut self) -> Vec<(TaskId, Vec<u8>)> {
        self.finish_agents();
        let reasons = self.deltas.take_reasons();
        self.scores.learn_reasons(reasons.clone());
        for told in self.deltas.entities.take() {
            self.send_sums(told, &reasons);
        }
        self.scores.expect_moves(self.agents.take_moves());
        self.send_desk_facts();
        for (entity, gauge) in self.contacts.waiting.take_changed() {
            let task = entity.owner(self.placement);
            if task == self.id {
                self.take_gauge(entity, self.id.0, gauge);
            } else {
                self.outbox.section(task.0).gauges.push((entity, gauge));
            }
        }
        self.send_overflow_gauges();
        self.deltas.names.save(&mut self.store);
        let sections = self.take_sections();
        self.outbox.save(&mut self.store);
        (sections.into_iter())
            .map(|(task, section)| (TaskId(task), self.seal(task, section)))
            .collect()
    }

    /// To the entity's owner. Who has no figures of its own counts for the overflow entity.
    fn send_sums(&mut self, told: (Entity, Series), reasons: &BTreeSet<Text>) {
        let mut next = Some(told);
        while let Some((entity, sums)) = next.take() {
            let task = entity.owner(self.placement);
            if task != self.id {
                let section = self.outbox.section(task.0);
                section.deltas.entry(entity).or_default().merge(sums);
                section.reasons.extend(reasons.iter().cloned());
                continue;
            }
            let (own, over) = self.deltas.names.split(&entity, sums);
            if !own.sums().is_empty() {
                let (clock, store) = (self.meta.score_clock, &mut self.store);
                (self.scores).apply(&entity, own.sums(), clock, store);
            }
            next = (!over.sums().is_empty()).then(|| (entity.overflow(), over));
        }
    }

    /// Takes what a task knows of who waits.
    pub(super) fn take_gauge(&mut self, entity: Entity, sender: u16, gauge: Gauge) {
        let own = self.deltas.names.admits(&entity);
        self.scores.set_gauge(entity, sender, gauge, own);
    }

    /// Those who wait where no figures are kept wait for the overflow entity.
    fn send_overflow_gauges(&mut self) {
        for (entity, gauge) in self.scores.take_overflow_gauges() {
            let task = entity.owner(self.placement);
            if task == self.id {
                self.scores.set_gauge(entity, self.id.0, gauge, true);
            } else {
                self.outbox.section(task.0).gauges.push((entity, gauge));
            }
        }
    }

    /// True if a contact of this task was answered.
    fn send_cases(&mut self) -> bool {
        let mut any_own = false;
        for case in std::mem::take(&mut self.cases) {
            let task = self.placement.task_of(case.customer.as_bytes());
            if task == self.id {
                any_own |= self.hand_to_customer(case);
            } else {
                self.outbox.section(task.0).cases.push(case);
            }
        }
        any_own
    }

    /// Takes what a contact says to a customer of this task. True if it was answered.
    pub(super) fn hand_to_customer(&mut self, case: CaseSaid) -> bool {
        let now = self.meta.customer_clock.map(|clock| clock.at);
        let answer = self.customers.handle_case(case, now, &self.store);
        let answered = answer.is_some();
        answer.into_iter().for_each(|repeats| self.answer(repeats));
        answered
    }

    /// Tells a contact what it repeats.
    fn answer(&mut self, repeats: Repeats) {
        let task = self.placement.task_of(repeats.contact.as_str().as_bytes());
        if task == self.id {
            self.contacts.handle_repeats(&repeats, &self.store);
        } else {
            self.outbox.section(task.0).repeats.push(repeats);
        }
    }

    /// True if a contact of this task was judged.
    fn finish_customers(&mut self) -> bool {
        let now = self.meta.customer_clock.map(|clock| clock.at);
        if let Some(now) = now {
            self.customers.handle_timeout(now, &self.store);
        }
        let ending = CustomersEnding {
            now,
            horizon: self.horizon_of_all(),
            grain: self.grain(now),
        };
        let mut all = Vec::new();
        let answer = |judged| all.push(judged);
        (self.customers).finish(ending, &mut self.store, &mut self.deltas, answer);
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

    /// What contacts and customers say of agents goes to these; what they make of it joins the deltas.
    fn finish_agents(&mut self) {
        let grain = self.agent_grain();
        for (agent, facts) in self.deltas.agents.take() {
            let task = self.placement.owner_of_agent(&agent);
            if task == self.id {
                (self.agents).handle_facts(&agent, facts, grain, &mut self.deltas);
            } else {
                let section = self.outbox.section(task.0);
                section.agent_facts.entry(agent).or_default().merge(facts);
            }
        }
        for (wrap_up, facts) in self.deltas.wrap_ups.take() {
            let task = self.placement.owner_of_agent(&wrap_up.agent);
            if task == self.id {
                (self.agents).handle_wrap_up(&wrap_up, facts, grain, &mut self.deltas);
            } else {
                let section = self.outbox.section(task.0);
                section.wrap_ups.entry(wrap_up).or_default().merge(facts);
            }
        }
        let ending = AgentsEnding {
            now: self.meta.agent_clock.map(|clock| clock.at),
            horizon: self.horizon_of_all(),
            grain,
        };
        (self.agents).finish(ending, &mut self.store, &mut self.deltas);
    }

    /// Of what is older than this no task tells anything new.
    fn horizon_of_all(&self) -> Timestamp {
        let sealed = (self.time).all_sealed(self.id.0, &self.meta, &self.settings);
        sealed - self.settings.lateness_max()
    }

    pub(super) fn agent_grain(&self) -> Span {
        self.grain(self.meta.agent_clock.map(|clock| clock.at))
    }

    /// Live, sections wait for their destination's turn: transactions stay short.
    fn take_sections(&mut self) -> BTreeMap<u16, Section> {
        let wall = self.time.wall;
        let end = self.end();
        let idle = self.outbox.is_empty();
        if self.told_end != end || idle && self.turns.any_beats(wall) {
            self.turns.tell_all(wall);
        }
        self.told_end = end;
        let spoken = self.meta.contact_clock.map(|clock| clock.at);
        let backlog = self.is_history(spoken);
        let turns = &self.turns;
        let mut sections = (self.outbox).take(|task| backlog || turns.goes(task, wall));
        for task in (0..self.settings.tasks).filter(|task| *task != self.id.0) {
            if self.turns.beats(task, wall) {
                sections.entry(task).or_default();
            }
        }
        self.turns.pass(wall, idle);
        sections
    }

    fn seal(&mut self, task: u16, section: Section) -> Vec<u8> {
        let previous = std::mem::replace(&mut self.meta.sent[usize::from(task)], self.meta.seq);
        let section = Section {
            from: self.id.0,
            seq: self.meta.seq,
            previous,
            clocks: self.time.own,
            ..section
        };
        section.to_bytes()
    }

    fn write_scores(&mut self, outputs: &mut Vec<Output>) {
        (self.meta.groups_written, self.meta.agents_written) = (false, false);
        let (Some(clock), Some(at)) = (self.meta.score_clock, self.record_clock()) else {
            return;
        };
        let beat = self.beat_at(at);
        if !beat.any() {
            return;
        }
        if clock.ended {
            self.scores.handle_end(at, self.time.wall, &self.store);
        } else {
            self.scores.handle_running();
        }
        let moment = Moment {
            at,
            began_at: self.time.began_at.unwrap_or(at),
            left_out: self.time.left_out,
        };
        let parts = (&self.agents, &mut self.store);
        (self.scores).write(moment, beat, parts, outputs);
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

    /// The clocks of the inputs, the contacts, the customers and the agents, where at their end.
    pub(super) fn end(&self) -> [Option<Clock>; 4] {
        let own = &self.time.own;
        let clocks = [own.source, own.contact, own.customer, own.agent];
        clocks.map(|clock| clock.filter(|clock| clock.ended))
    }

    pub(super) fn scores_ended(&self) -> bool {
        self.meta.score_clock.is_some_and(|clock| clock.ended)
    }

    /// Records of contacts are due: with what has changed within a beat, or at the end of all inputs.
    pub(super) fn contact_beat(&self) -> bool {
        let ended = self.meta.contact_clock.is_some_and(|clock| clock.ended);
        ended || self.time.wall >= self.contact_beat_at
    }

    pub(super) fn beat(&self) -> Beat {
        if self.settings.kpi.only_at_end && !self.scores_ended() {
            return Beat::default();
        }
        let groups = self.time.wall >= self.group_beat_at;
        Beat {
            groups,
            agents: self.time.wall >= self.agent_beat_at || groups && self.scores_ended(),
        }
    }

    /// Whose turn it is with records of the clock `at`. It may lie before that of the last ones: after a pause the grain of time is
    /// coarser, and at its end a source stands at its newest event. Then the numbers wait until the clock has passed them.
    pub(super) fn beat_at(&self, at: Timestamp) -> Beat {
        let (beat, last) = (self.beat(), self.meta.written_to);
        Beat {
            groups: beat.groups && last.groups <= Some(at),
            agents: beat.agents && last.agents <= Some(at),
        }
    }

    pub(super) fn record_clock(&self) -> Option<Timestamp> {
        let clock = self.meta.score_clock?;
        Some(record_clock(clock, self.grain(Some(clock.at))))
    }

    /// Contacts' events before this are sealed: nothing can join them any more.
    pub(super) fn horizon(&self) -> Timestamp {
        self.time.safe - self.settings.lateness_max()
    }
}
