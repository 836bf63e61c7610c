//! Chats, messages, posts and mails: bots, turns, silence, and customers who write again when all was thought to be over.

use super::{
    Center, ContactNo,
    agenda::Step,
    contact::Phase,
    dice::{seconds, times},
    effort::{BOT_HELPS, READS_FOR},
    phrases::{self, Mood, Speaker},
};
use floorwalker_core::event::{AgentId, Author, Body, Channel, EndedBy, MessageSent, Span, Text};

/// A bot answers at once, but not too fast to be believed.
const BOT_WRITES_AFTER: Span = Span::from_millis(1_200);
const CUSTOMER_TYPES_FOR: Span = Span::from_secs(14);
/// Messages of one person that belong together.
const SAME_BREATH: Span = Span::from_millis(2);
const FALLS_SILENT: f64 = 0.02;
const NOTES: f64 = 0.06;

impl Center {
    pub(super) fn begin_written(&mut self, number: ContactNo) {
        let contact = &self.contacts[&number];
        let queue = contact.queue;
        let botted = matches!(contact.channel, Channel::Chat | Channel::Messaging);
        self.write_as_customer(number, Span::ZERO);
        if botted && self.dice.chance(self.settings.habits.bot) {
            let rounds = 1 + u32::from(self.dice.chance(0.5));
            self.edit(number, |it| it.bot_rounds_left = rounds);
            self.plan_step(number, BOT_WRITES_AFTER, Step::BotWrites);
        } else {
            self.join(number, queue);
        }
    }

    pub(super) fn bot_writes(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.bot_rounds_left = contact.bot_rounds_left.saturating_sub(1);
        let (more, language) = (contact.bot_rounds_left > 0, contact.language);
        let text = *self.dice.pick(phrases::of(language, Speaker::Bot));
        self.write(number, Span::ZERO, Author::Bot, text);
        let typed = self.dice.exponential(CUSTOMER_TYPES_FOR);
        if more {
            self.write_as_customer(number, typed);
            self.plan_step(number, typed + BOT_WRITES_AFTER, Step::BotWrites);
        } else if self.dice.chance(BOT_HELPS) {
            self.plan_step(number, typed, Step::BotHelped);
        } else {
            self.plan_step(number, BOT_WRITES_AFTER, Step::JoinQueue);
        }
    }

    pub(super) fn bot_helped(&mut self, number: ContactNo) {
        self.emit(
            number,
            Body::ContactEnded(EndedBy::Customer, Some(Text::new("bot"))),
        );
        self.enter(number, Phase::Over);
        self.forget_if_done(number);
    }

    /// "Is anybody there?"
    pub(super) fn nag(&mut self, number: ContactNo) {
        self.feel(number, -0.2);
        self.write_as_customer(number, Span::ZERO);
    }

    /// An agent has taken it.
    pub(super) fn converse(&mut self, number: ContactNo) {
        let contact = &self.contacts[&number];
        let mean = self.lines[contact.queue].plan.turns.replies;
        let more = self.dice.exponential(seconds((mean - 1.0).max(0.0)));
        let replies = 1.0 + more.as_secs().round().min(40.0);
        self.edit(number, |it| it.replies_left = whole(replies));
        self.plan_reply(number);
    }

    fn plan_reply(&mut self, number: ContactNo) {
        let contact = &self.contacts[&number];
        let drawn = self.lines[contact.queue].plan.handle.draw(&mut self.dice);
        let pace = contact_pace(self, number);
        self.plan_step(number, times(drawn, pace), Step::AgentWrites);
    }

    pub(super) fn agent_writes(&mut self, number: ContactNo) {
        let Some(agent) = self.contacts.get(&number).and_then(|contact| contact.agent) else {
            return;
        };
        let id = self.agents[agent].hire.id.clone();
        if self.dice.chance(NOTES) {
            self.note(number, id.clone());
        }
        let unkind = self.condition(agent).kindness;
        let curt = unkind.is_some();
        let kindness = unkind.unwrap_or(self.agents[agent].hire.kindness);
        self.feel(number, (kindness - 0.45) * 0.3);
        let language = self.contacts[&number].language;
        let speaker = if curt {
            Speaker::CurtAgent
        } else {
            Speaker::Agent
        };
        let text = *self.dice.pick(phrases::of(language, speaker));
        self.write(number, Span::ZERO, Author::Agent(id), text);
        self.after_reply(number);
    }

    fn after_reply(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.replies_left = contact.replies_left.saturating_sub(1);
        let (more, channel) = (contact.replies_left > 0, contact.channel);
        let pause = self.lines[contact.queue].plan.turns.pause;
        if channel == Channel::Email {
            self.end_talk_by(number, EndedBy::Agent);
        } else if !more {
            let reads_for = self.dice.exponential(READS_FOR);
            self.plan_step(number, reads_for, Step::EndTalk);
        } else if self.dice.chance(FALLS_SILENT) {
            self.silence(number);
        } else {
            let pause = self.dice.exponential(pause);
            self.plan_step(number, pause, Step::CustomerWrites);
        }
    }

    pub(super) fn customer_writes(&mut self, number: ContactNo) {
        self.write_as_customer(number, Span::ZERO);
        self.plan_reply(number);
    }

    /// A private note among agents.
    fn note(&mut self, number: ContactNo, agent: AgentId) {
        let note = MessageSent {
            by: Author::Agent(agent),
            public: false,
            queue: None,
            text: Some(Text::new("checked the account, see case history")),
            sentiment: None,
        };
        self.emit(number, Body::MessageSent(note));
    }

    pub(super) fn write_as_customer(&mut self, number: ContactNo, wait: Span) {
        let contact = &self.contacts[&number];
        let sentiment = (contact.mood + self.dice.normal(0.0, 0.18)).clamp(-1.0, 1.0);
        let speaker = Speaker::Customer(Mood::of(sentiment));
        let text = *self.dice.pick(phrases::of(contact.language, speaker));
        let message = MessageSent {
            by: Author::Customer,
            public: true,
            queue: None,
            text: Some(Text::new(text)),
            sentiment: Some((sentiment * 100.0).round() / 100.0),
        };
        self.emit_after(wait, number, Body::MessageSent(message));
    }

    fn write(&mut self, number: ContactNo, wait: Span, by: Author, text: &str) {
        let message = MessageSent {
            by,
            public: true,
            queue: None,
            text: Some(Text::new(text)),
            sentiment: None,
        };
        self.emit_after(wait, number, Body::MessageSent(message));
    }

    /// The customer writes again, below what was thought to be the end.
    pub(super) fn reopen(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.has_future = false;
        contact.reopened += 1;
        contact.problem.returns += 1;
        contact.enter(Phase::Before);
        contact.feel(-0.3);
        self.emit(number, Body::ContactReopened(None));
        self.write_as_customer(number, SAME_BREATH);
        self.plan_step(number, SAME_BREATH, Step::JoinQueue);
    }
}

fn contact_pace(center: &Center, number: ContactNo) -> f64 {
    let agent = center
        .contacts
        .get(&number)
        .and_then(|contact| contact.agent);
    agent.map_or(1.0, |agent| center.pace(agent))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 41"
)]
const fn whole(number: f64) -> u32 {
    number as u32
}
