//! What an agent does with a contact: talk, hold, hand on, end, write up.

use super::{
    AgentNo, Center, ContactNo,
    agenda::{Action, Step, Turn},
    contact::{Phase, has_wrap_up},
    dice::{Dice, seconds, times},
    effort::{CHAT_WRAP_UP, solves},
    line::TRANSFERRED_FIRST,
    settings::Handle,
};
use floorwalker_core::event::{
    Body, Channel, EndedBy, EngagementReported, Span, Text, TransferTarget, Transferred,
    WrapUpEnded,
};

/// A contact is handed on at most this often.
const TRANSFERS_MAX: u32 = 3;
const REPORTED_AFTER: Span = Span::from_secs(3);
const OUTSIDE_TALK: Span = Span::from_secs(240);

impl Handle {
    pub(super) fn draw(self, dice: &mut Dice) -> Span {
        match self {
            Self::Exponential { mean } => dice.exponential(mean),
            Self::Lognormal { mean, variation } => dice.lognormal(mean, variation),
        }
    }
}

impl Center {
    /// Does it if the contact is still in the phase that it was planned for.
    pub(super) fn in_turn(&mut self, number: ContactNo, turn: Turn, step: Step) {
        if self
            .contacts
            .get(&number)
            .is_none_or(|contact| contact.turn != turn)
        {
            return;
        }
        match step {
            Step::BotWrites => self.bot_writes(number),
            Step::BotHelped => self.bot_helped(number),
            Step::JoinQueue | Step::CallBack => self.join(number, self.contacts[&number].queue),
            Step::PickUp => self.pick_up(number),
            Step::MissRing => self.miss_ring(number),
            Step::Hold => self.hold(number),
            Step::Unhold => self.unhold(number),
            Step::AgentWrites => self.agent_writes(number),
            Step::CustomerWrites => self.customer_writes(number),
            Step::FallSilent => self.end_talk_by(number, EndedBy::System),
            Step::EndTalk => self.end_talk(number),
            Step::HangUp => self.hang_up(number),
        }
    }

    fn talks_with(&self, number: ContactNo) -> Option<AgentNo> {
        match self.contacts.get(&number)?.phase {
            Phase::Talking(agent) => Some(agent),
            Phase::Before | Phase::Waiting | Phase::Ringing(_) | Phase::Elsewhere | Phase::Over => {
                None
            }
        }
    }

    pub(super) fn pick_up(&mut self, number: ContactNo) {
        let now = self.now;
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        let Phase::Ringing(agent) = contact.phase else {
            return;
        };
        contact.enter(Phase::Talking(agent));
        contact.agent = Some(agent);
        if contact.leg.is_none() {
            contact.waited = contact.waited + (now - contact.queued_at);
        }
        let waited = now - contact.queued_at;
        let channel = contact.channel;
        let fair = self.lines[contact.queue].plan.fair_wait;
        contact.feel(-0.12 * (waited.as_secs() / fair.as_secs()).min(4.0));
        self.agents[agent].ringing -= 1;
        self.agents[agent].talking += 1;
        let answer = self.at_agent(number, agent);
        self.emit(number, Body::AgentAnswered(answer));
        self.show(agent);
        match channel {
            Channel::Voice | Channel::Video | Channel::Other => self.talk(number, agent),
            Channel::Chat
            | Channel::Email
            | Channel::Social
            | Channel::Sms
            | Channel::Messaging => self.converse(number),
        }
        // With slots left another one may ring.
        self.look_for_work(agent);
    }

    /// The whole handle time is drawn at once, so that it is of the queue's distribution; then it is shared out.
    fn talk(&mut self, number: ContactNo, agent: AgentNo) {
        let queue = self.contacts[&number].queue;
        let drawn = self.lines[queue].plan.handle.draw(&mut self.dice);
        let handle = times(drawn, self.pace(agent));
        let wrap_up = times(handle, self.dice.between(0.06, 0.24));
        let talk = handle - wrap_up;
        let mut hold = None;
        if self.dice.chance(self.settings.habits.hold) {
            let begins = times(talk, self.dice.between(0.2, 0.6));
            let lasts = times(talk, self.dice.between(0.05, 0.3));
            self.plan_step(number, begins, Step::Hold);
            self.plan_step(number, begins + lasts, Step::Unhold);
            hold = Some(lasts);
        }
        self.edit(number, |it| {
            it.talk = talk - hold.unwrap_or_default();
            it.hold = hold;
            it.wrap_up = wrap_up;
        });
        self.plan_step(number, talk, Step::EndTalk);
    }

    pub(super) fn pace(&self, agent: AgentNo) -> f64 {
        self.agents[agent].hire.pace * self.condition(agent).pace
    }

    fn hold(&mut self, number: ContactNo) {
        if let Some(agent) = self.talks_with(number) {
            let id = self.agents[agent].hire.id.clone();
            self.emit(number, Body::HoldStarted(id));
            self.feel(number, -0.08);
        }
    }

    fn unhold(&mut self, number: ContactNo) {
        if let Some(agent) = self.talks_with(number) {
            let id = self.agents[agent].hire.id.clone();
            self.emit(number, Body::HoldEnded(id));
        }
    }

    pub(super) fn feel(&mut self, number: ContactNo, change: f64) {
        self.edit(number, |it| it.feel(change));
    }

    fn end_talk(&mut self, number: ContactNo) {
        let Some(agent) = self.talks_with(number) else {
            return;
        };
        let transfers = self.contacts[&number].transfers;
        let share = self.settings.habits.transfer * self.condition(agent).transfers;
        let queue = self.contacts[&number].queue;
        let elsewhere = self.next_queue(queue) != queue;
        if elsewhere && transfers < TRANSFERS_MAX && self.dice.chance(share) {
            return self.hand_on(number, agent);
        }
        let by = if self.dice.chance(0.7) {
            EndedBy::Customer
        } else {
            EndedBy::Agent
        };
        self.end_talk_by(number, by);
    }

    pub(super) fn end_talk_by(&mut self, number: ContactNo, by: EndedBy) {
        let Some(agent) = self.talks_with(number) else {
            return;
        };
        let silent = by == EndedBy::System;
        self.judge(number, agent);
        let reason = silent.then(|| Text::new("silent"));
        self.emit(number, Body::ContactEnded(by, reason));
        self.enter(number, Phase::Over);
        self.close_talk(number, agent);
        self.settle(number);
    }

    pub(super) fn enter(&mut self, number: ContactNo, phase: Phase) {
        self.edit(number, |it| it.enter(phase));
    }

    /// The agent's talk is over; what there is to write up begins.
    fn close_talk(&mut self, number: ContactNo, agent: AgentNo) {
        self.agents[agent].talking -= 1;
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        if has_wrap_up(contact.channel) {
            contact.open_wrap_ups += 1;
            let chat = contact.channel == Channel::Chat;
            let wrap_up = match chat {
                true => self.dice.lognormal(CHAT_WRAP_UP, 0.6),
                false => contact.wrap_up,
            };
            self.agents[agent].wrapping += 1;
            self.plan_in(wrap_up, Action::EndWrapUp(number, agent));
        }
        self.look_for_work(agent);
    }

    pub(super) fn end_wrap_up(&mut self, number: ContactNo, agent: AgentNo) {
        let forgets = self.dice.chance(self.settings.habits.forget_wrap_up);
        let claims_all = self.condition(agent).claims_all;
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.open_wrap_ups = contact.open_wrap_ups.saturating_sub(1);
        let last = contact.agent == Some(agent) && contact.phase == Phase::Over;
        let (solved, reason) = (contact.solved, contact.problem.reason);
        if !forgets {
            // Agents are hopeful: one unsolved problem in five they take for solved; some take all.
            let claims = solved || claims_all || self.dice.chance(0.2);
            let id = self.agents[agent].hire.id.clone();
            self.emit(
                number,
                Body::WrapUpEnded(WrapUpEnded {
                    agent: id,
                    disposition: last.then(|| Text::new(reason)),
                    resolved: last.then_some(claims),
                }),
            );
        }
        if last {
            self.report(number, agent);
        }
        self.agents[agent].wrapping -= 1;
        self.look_for_work(agent);
        self.forget_if_done(number);
    }

    /// What some vendors send when all is written up: their own figures of the last leg.
    fn report(&mut self, number: ContactNo, agent: AgentNo) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        if contact.channel != Channel::Voice || !self.dice.chance(self.settings.habits.report) {
            return;
        }
        let report = EngagementReported {
            agent: self.agents[agent].hire.id.clone(),
            leg: contact.leg.clone(),
            talk: Some(contact.talk),
            hold: Some(contact.hold.unwrap_or_default()),
            wrap_up: Some(contact.wrap_up),
            hold_count: Some(u32::from(contact.hold.is_some())),
        };
        self.emit_after(REPORTED_AFTER, number, Body::EngagementReported(report));
    }

    fn hand_on(&mut self, number: ContactNo, agent: AgentNo) {
        let desk = self.agents[agent].hire.desk;
        let queue = self.contacts[&number].queue;
        let next = self.next_queue(queue);
        let colleague = (self.lines[next].agents.iter().copied())
            .find(|other| *other != agent && self.agents[*other].hire.desk == desk)
            .filter(|_| self.contacts[&number].channel == Channel::Voice);
        let way = self.dice.share();
        self.feel(number, -0.15);
        let now = self.now;
        self.edit(number, |it| {
            it.transfers += 1;
            it.queued_at = now;
            it.priority = it.priority.min(TRANSFERRED_FIRST);
            it.wrap_up = times(it.wrap_up, 0.5);
            it.enter(Phase::Before);
        });
        self.close_talk(number, agent);
        if way < 0.06 && colleague.is_some() {
            let outside = TransferTarget::External(Text::new("partner"));
            self.emit_transfer(number, agent, outside, false);
            self.enter(number, Phase::Elsewhere);
            let talks_for = self.dice.exponential(OUTSIDE_TALK);
            self.plan_step(number, talks_for, Step::HangUp);
        } else if let Some(colleague) = colleague.filter(|it| way < 0.2 && self.is_idle(*it)) {
            let to = TransferTarget::Agent(self.agents[colleague].hire.id.clone());
            self.emit_transfer(number, agent, to, way < 0.13);
            self.ring(number, colleague);
        } else {
            let to = TransferTarget::Queue(self.lines[next].id.clone());
            self.emit_transfer(number, agent, to, false);
            self.join(number, next);
        }
    }

    fn emit_transfer(&mut self, number: ContactNo, agent: AgentNo, to: TransferTarget, warm: bool) {
        let agent = self.agents[agent].hire.id.clone();
        let to = Some(to);
        self.emit(number, Body::Transferred(Transferred { agent, to, warm }));
    }

    /// After an outside party.
    fn hang_up(&mut self, number: ContactNo) {
        let solved = self.dice.chance(self.settings.habits.solve);
        self.edit(number, |it| it.solved = solved);
        self.emit(number, Body::ContactEnded(EndedBy::Customer, None));
        self.enter(number, Phase::Over);
        self.settle(number);
    }

    /// Whether this engagement solves the problem, and how the agent's tone is taken.
    fn judge(&mut self, number: ContactNo, agent: AgentNo) {
        let condition = self.condition(agent);
        let kindness = (condition.kindness).unwrap_or(self.agents[agent].hire.kindness);
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        let chance = condition.skill * solves(self.settings.habits.solve, contact.problem.hardness);
        contact.solved = self.dice.chance(chance);
        let outcome = if contact.solved { 0.3 } else { -0.3 };
        contact.feel(outcome + (kindness - 0.5) * 0.8);
    }

    /// The customer writes no more; after a while the system ends it.
    pub(super) fn silence(&mut self, number: ContactNo) {
        let after = seconds(self.dice.between(180.0, 300.0));
        self.plan_step(number, after, Step::FallSilent);
    }
}
