//! Agents at work: who is free, whose phone rings, and which states they show.

use super::{
    AgentNo, Center, ContactNo, QueueNo,
    agenda::{Action, Step},
    contact::Phase,
    dice::seconds,
    effort::{AWAY_AFTER_MISS, MISSED_AFTER},
    roster::Duty,
};
use floorwalker_core::event::{
    AgentStateChanged, AtAgent, Body, DeclineCause, Event, EventId, Key, Span, Text,
};

impl Center {
    /// Gives every agent the duty that the timetable has for the first instant.
    pub(super) fn begin_duties(&mut self) {
        let since_midnight = self.settings.day.since_midnight(self.now);
        for agent in 0..self.agents.len() {
            let timetable = &self.agents[agent].hire.timetable;
            let begun = timetable
                .iter()
                .filter(|(at, _)| *at <= since_midnight)
                .count();
            let steps = timetable.len();
            if steps == 0 {
                self.agents[agent].duty = Duty::On;
            } else {
                self.agents[agent].duty = timetable[(begun + steps - 1) % steps].1;
                self.plan_duty(agent, begun % steps);
            }
            self.show(agent);
        }
    }

    fn plan_duty(&mut self, agent: AgentNo, step: usize) {
        let at = self.agents[agent].hire.timetable[step].0;
        let since_midnight = self.settings.day.since_midnight(self.now);
        let mut wait = at - since_midnight;
        if wait <= Span::ZERO {
            wait = wait + super::day::DAY;
        }
        self.plan_in(wait, Action::Duty(agent, step));
    }

    pub(super) fn take_duty(&mut self, agent: AgentNo, step: usize) {
        let steps = self.agents[agent].hire.timetable.len();
        let duty = self.agents[agent].hire.timetable[step].1;
        let works_on = matches!(duty, Duty::Away(_)) && self.condition(agent).never_rests;
        self.agents[agent].duty = if works_on { Duty::On } else { duty };
        self.plan_duty(agent, (step + 1) % steps);
        self.look_for_work(agent);
    }

    pub(super) fn sit_down(&mut self, agent: AgentNo) {
        self.agents[agent].missed = false;
        self.look_for_work(agent);
    }

    /// Who of the queue's agents has the least to do, and that for longest.
    pub(super) fn first_free(&self, queue: QueueNo) -> Option<AgentNo> {
        let agents = self.lines[queue].agents.iter().copied();
        agents
            .filter(|number| self.agents[*number].is_free())
            .min_by_key(|number| {
                let agent = &self.agents[*number];
                let rests = !self.condition(*number).never_rests;
                let load = agent.talking + agent.wrapping;
                (rests, load, agent.idle_since, *number)
            })
    }

    /// An agent's situation has changed: the next contact for them, if there is one, and what they show.
    pub(super) fn look_for_work(&mut self, number: AgentNo) {
        let agent = &mut self.agents[number];
        if agent.talking + agent.wrapping + agent.ringing == 0 {
            agent.idle_since = self.now;
        }
        if let Some(contact) = self.next_for(number) {
            self.ring(contact, number);
        }
        self.show(number);
    }

    fn next_for(&self, number: AgentNo) -> Option<ContactNo> {
        let agent = &self.agents[number];
        let queues = agent.hire.queues.iter().filter(|_| agent.is_free());
        let heads = queues.filter_map(|queue| self.lines[*queue].waiting.first());
        heads.min().map(|(.., contact)| *contact)
    }

    pub(super) fn is_idle(&self, number: AgentNo) -> bool {
        self.agents[number].is_free()
    }

    pub(super) fn ring(&mut self, number: ContactNo, agent: AgentNo) {
        self.step_out(number);
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.enter(Phase::Ringing(agent));
        self.agents[agent].ringing += 1;
        self.show(agent);
        let offer = self.at_agent(number, agent);
        self.emit(number, Body::AgentOffered(offer));
        let queue = self.contacts[&number].queue;
        let rings = self.lines[queue].plan.ring;
        if self
            .dice
            .chance(self.settings.habits.miss * self.condition(agent).misses)
        {
            self.plan_step(number, MISSED_AFTER, Step::MissRing);
        } else if rings == Span::ZERO {
            self.pick_up(number);
        } else {
            let rings_for = self.dice.lognormal(rings, 0.6);
            self.plan_step(number, rings_for, Step::PickUp);
        }
    }

    pub(super) fn at_agent(&self, number: ContactNo, agent: AgentNo) -> AtAgent {
        let contact = self.contacts.get(&number);
        AtAgent {
            agent: self.agents[agent].hire.id.clone(),
            queue: contact.map(|contact| self.lines[contact.queue].id.clone()),
            leg: contact.and_then(|contact| contact.leg.clone()),
        }
    }

    /// Nobody picks up: back to where it waited, and the agent is not asked again for a while.
    pub(super) fn miss_ring(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        let Phase::Ringing(agent) = contact.phase else {
            return;
        };
        contact.enter(Phase::Waiting);
        let (queue, key) = (contact.queue, (contact.priority, contact.queued_at, number));
        let id = self.agents[agent].hire.id.clone();
        self.emit(number, Body::OfferDeclined(id, DeclineCause::Missed));
        self.lines[queue].waiting.insert(key);
        self.agents[agent].ringing -= 1;
        self.agents[agent].missed = true;
        let away_for = seconds(self.dice.between(AWAY_AFTER_MISS.0, AWAY_AFTER_MISS.1));
        self.plan_in(away_for, Action::ComeBack(agent));
        self.show(agent);
        if let Some(other) = self.first_free(queue) {
            self.ring(number, other);
        }
    }

    /// Emits the agent's state if it has changed.
    pub(super) fn show(&mut self, number: AgentNo) {
        let agent = &mut self.agents[number];
        let (state, reason) = agent.state();
        if (state, reason) == agent.shown {
            return;
        }
        agent.shown = (state, reason);
        agent.states_emitted += 1;
        let id = format!("{}-{}-{}", agent.hire.id, self.tag, agent.states_emitted);
        self.emitted.push(Event {
            id: EventId::new(&id),
            occurred_at: self.now,
            sequence: None,
            key: Key::Agent(agent.hire.id.clone()),
            channel: None,
            customer: None,
            body: Body::AgentStateChanged(AgentStateChanged {
                state,
                reason: reason.map(Text::new),
                team: Some(agent.hire.team.clone()),
                site: Some(agent.hire.site.clone()),
                skills: agent.hire.skills.clone(),
            }),
        });
    }
}
