//! What a task takes in: records of its sources, ends, frames of other tasks, time.

use std::sync::Arc;

use super::Task;
use crate::{
    agent::State,
    contact::EventOutcome,
    decode::Decoded,
    engine::{
        InputId, SourceRecord, TaskError,
        exchange::frame::{Forward, Section},
        stages::intake::{self, Fault, Provenance, TimeLimits},
    },
    event::{Channel, Event, Key, Span, Timestamp},
};

/// An event that comes more than this behind its source's watermark is late.
const LATE_FROM: Span = Span::from_secs(60);

impl Task {
    /// Takes a record of a source partition.
    pub fn handle_source(&mut self, record: &SourceRecord<'_>, now: Timestamp) {
        self.progress.see_wall(now);
        let Some(input) = (self.progress.inputs.iter_mut()).find(|input| input.id == record.input)
        else {
            return;
        };
        input.at_end_since = None;
        input.empty_at = None;
        let place = input.place;
        self.meta.inputs[place].position = record.offset + 1;
        self.note_moved(record.input);
        self.meta.counters.read += 1;
        let clock =
            (self.meta.inputs[place].generator.watermark()).map(|at| at.min(self.progress.wall));
        self.mark_dirty(record.payload.map_or(0, <[u8]>::len) + record.rest_bytes());
        let settings = Arc::clone(&self.settings);
        let source = &settings.sources[usize::from(record.input.source)];
        let limits = TimeLimits {
            lateness: source.lateness.unwrap_or(settings.lateness),
            future_max: settings.future_max,
            wall: self.progress.wall,
        };
        let from = Provenance {
            topic: &source.topic,
            format: source.format,
            record,
        };
        let rejected = self.meta.counters.dead_lettered;
        match intake::read(&from, clock, limits) {
            Ok(Decoded::Event(event)) => {
                self.meta.inputs[place].generator.observe(event.occurred_at);
                self.note_arrival(&event, clock);
                self.progress.own.see_event(event.occurred_at);
                self.route(event, &from);
            }
            Ok(Decoded::Unknown(_)) => self.meta.counters.skipped += 1,
            Err(fault) => self.put_aside(&from, &fault),
        }
        let is_rejected = self.meta.counters.dead_lettered > rejected;
        self.note_read(record.input.source, clock, is_rejected);
    }

    /// Notes that an event has arrived, and whether it is late, at the watermark of its source.
    fn note_arrival(&mut self, event: &Event, watermark: Option<Timestamp>) {
        let known = event.channel.zip(watermark);
        if let Some((channel, at)) = known.filter(|_| self.settings.rules.any()) {
            let is_late = event.occurred_at + LATE_FROM < at;
            self.effects.facts.feeds.arrived(channel, at, is_late);
        }
    }

    /// Notes that a record of a source was read, at its watermark.
    fn note_read(&mut self, source: u16, watermark: Option<Timestamp>, is_rejected: bool) {
        if let Some(at) = watermark.filter(|_| self.settings.rules.any()) {
            self.effects.facts.feeds.read(source, at, is_rejected);
        }
    }

    /// Applies an event on the task that owns its key: here, or one hop further.
    fn route(&mut self, event: Event, from: &Provenance<'_>) {
        let owner = self.placement.owner_of(&event.key);
        if owner == self.id {
            self.apply(event, from);
        } else {
            self.meta.counters.forwarded += 1;
            let section = self.exchange.outbox.section(owner.0);
            section.forwards.push(from.forward());
        }
    }

    fn apply(&mut self, event: Event, from: &Provenance<'_>) {
        let (at, channel) = (event.occurred_at, event.channel);
        let outcome = self.hand_over(event);
        self.note_applied(channel, at, outcome);
        let counters = &mut self.meta.counters;
        match outcome {
            None => counters.skipped += 1,
            Some(EventOutcome::Applied) => counters.applied += 1,
            Some(EventOutcome::Repeated) => counters.repeated += 1,
            Some(EventOutcome::Conflicting) => {
                counters.repeated += 1;
                counters.conflicting += 1;
            }
            Some(EventOutcome::TooLate) => self.put_aside(from, &Fault::sealed(at)),
        }
    }

    /// Notes whether an event of a channel was new.
    fn note_applied(
        &mut self,
        channel: Option<Channel>,
        at: Timestamp,
        outcome: Option<EventOutcome>,
    ) {
        let Some(channel) = channel.filter(|_| self.settings.rules.any()) else {
            return;
        };
        let is_repeated = match outcome {
            Some(EventOutcome::Applied) => false,
            Some(EventOutcome::Repeated | EventOutcome::Conflicting) => true,
            Some(EventOutcome::TooLate) | None => return,
        };
        self.effects.facts.feeds.applied(channel, at, is_repeated);
    }

    /// Hands an event to the contact or the agent that it happened to. `None`: to neither.
    fn hand_over(&mut self, event: Event) -> Option<EventOutcome> {
        let Key::Agent(agent) = &event.key else {
            return self.stages.contacts.handle_event(event, &self.store);
        };
        let (agent, grain) = (agent.clone(), self.agent_grain());
        let state = State::of(event)?;
        let agents = &mut self.stages.agents;
        Some(agents.handle_state(&agent, state, grain, &mut self.effects.facts))
    }

    fn put_aside(&mut self, from: &Provenance<'_>, fault: &Fault) {
        self.meta.counters.dead_lettered += 1;
        self.effects.outputs.push(from.dead_letter(fault));
    }

    fn note_moved(&mut self, input: InputId) {
        if self.inputs.moved.last() != Some(&input) && !self.inputs.moved.contains(&input) {
            self.inputs.moved.push(input);
        }
    }

    pub(super) fn mark_dirty(&mut self, bytes: usize) {
        self.inputs.dirty = true;
        self.inputs.dirty_bytes += bytes;
    }

    /// Notes that nothing was left to read in a source partition at `now`. To be repeated while that lasts: the watermark of a live
    /// feed follows the wall clock no further.
    pub fn handle_end(&mut self, input: InputId, now: Timestamp) {
        self.progress.see_wall(now);
        if let Some(input) = self
            .progress
            .inputs
            .iter_mut()
            .find(|known| known.id == input)
        {
            input.at_end_since.get_or_insert(now);
            input.empty_at = input.empty_at.max(Some(now));
        }
    }

    /// Takes a record of this task's partition of the exchange.
    ///
    /// # Errors
    /// When the record can't be read or one before it is lost: the task can't go on.
    pub fn handle_frame(
        &mut self,
        offset: i64,
        frame: &[u8],
        now: Timestamp,
    ) -> Result<(), TaskError> {
        self.progress.see_wall(now);
        let sections = Section::read_all(frame).map_err(|error| TaskError::Corrupt {
            task: self.id.0,
            cause: format!("frame at offset {offset}: {error}"),
        })?;
        self.meta.exchange_position = offset + 1;
        self.mark_dirty(frame.len());
        for section in sections {
            self.handle_section(section)?;
        }
        Ok(())
    }

    fn handle_section(&mut self, section: Section) -> Result<(), TaskError> {
        let sender = &mut self.meta.senders[usize::from(section.from)];
        let known = sender.seq > 0;
        if !sender.follow(self.id.0, &section)? {
            self.meta.counters.frames_repeated += 1;
            return Ok(());
        }
        if known && section.previous == 0 {
            self.stages.kpis.forget_gauges(section.from);
        }
        self.progress.note_received(section.from);
        for forward in &section.forwards {
            self.handle_forward(forward);
        }
        for case in section.cases {
            self.handle_case(case);
        }
        for repeats in &section.repeats {
            self.stages.contacts.handle_repeats(repeats, &self.store);
        }
        for judged in &section.judged {
            self.stages.contacts.handle_judged(judged, &self.store);
        }
        self.effects.facts.add(
            section.entity_facts,
            (section.agent_facts, section.wrap_ups),
            section.agent_queue_facts,
        );
        self.effects.facts.signals.merge(section.signals);
        self.stages.kpis.learn_reasons(section.reasons);
        for (entity, gauge) in section.gauges {
            self.handle_gauge(entity, section.from, gauge);
        }
        Ok(())
    }

    fn handle_forward(&mut self, forward: &Forward) {
        self.meta.counters.received += 1;
        let headers: Vec<(&str, Option<&[u8]>)> = (forward.headers.iter())
            .map(|(name, value)| (&**name, value.as_ref().map(|value| value.as_slice())))
            .collect();
        let record = SourceRecord {
            input: InputId {
                source: 0,
                partition: forward.partition,
            },
            offset: forward.offset,
            key: forward.key.as_deref(),
            payload: Some(&forward.payload),
            headers: &headers,
        };
        let from = Provenance {
            topic: &forward.topic,
            format: forward.format,
            record: &record,
        };
        match forward.format.decode(&forward.payload) {
            Ok(Decoded::Event(event)) => self.apply(event, &from),
            Ok(Decoded::Unknown(_)) => self.meta.counters.skipped += 1,
            Err(rejection) => self.put_aside(&from, &rejection.into()),
        }
    }

    /// Moves the watermarks on and fires the timers that are due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.progress.see_wall(now);
        let (wall, mut dirty) = (self.progress.wall, self.advance_watermarks());
        let exchange = &self.exchange;
        dirty |= exchange.outbox.is_due(&exchange.send_schedule, wall);
        dirty |= exchange.send_schedule.any_heartbeat_due(wall);
        dirty |= exchange.sent_ends != self.ends();
        dirty |= self.contacts_are_due() && self.stages.contacts.has_records();
        if let Some(at) = self.record_clock()
            && let beat = self.beat_at(at)
            && beat.any()
        {
            let ends = self.kpis_ended() && self.stages.kpis.ends_anew(at, wall);
            dirty |= ends || self.stages.kpis.has_changes(at, beat);
        }
        dirty |= self.scorecards_are_due();
        dirty |= self.stages.rules.is_due(self.meta.kpi_watermark.at());
        self.inputs.dirty |= dirty;
    }

    /// Prepares the process's stop: the next step sends and writes all that is due by the watermarks, whatever its beat.
    pub fn handle_stop(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        self.schedule.make_all_due();
        self.exchange.send_schedule.send_all(now);
        self.inputs.dirty = true;
    }

    /// Moves the watermarks on, and fires all timers up to them: every receiver of a watermark relies on that. Returns whether any
    /// fired.
    pub(super) fn advance_watermarks(&mut self) -> bool {
        self.progress
            .advance(self.id.0, &mut self.meta, &self.settings);
        let mut any = false;
        if let Some(now) = self.meta.contact_watermark.at() {
            let late_cutoff = self.late_cutoff();
            any |= (self.stages.contacts).handle_timeout(now, late_cutoff, &self.store);
        }
        let source_watermark = self.progress.source_watermark(self.id.0, &self.settings);
        any |= (self.stages.contacts).handle_successions(source_watermark, &self.store);
        if let Some(now) = self.meta.customer_watermark.at() {
            any |= self.stages.customers.handle_timeout(now, &self.store);
        }
        if let Some(now) = self.meta.agent_watermark.at() {
            let grain = self.agent_grain();
            let agents = &mut self.stages.agents;
            any |= agents.handle_timeout(now, grain, &mut self.effects.facts);
        }
        any
    }
}
