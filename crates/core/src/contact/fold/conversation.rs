//! Messages and what is owed for them: first and next responses, and the resolution.

use super::{
    Conversation, Fold,
    waits::{Ending, Opening},
};
use crate::{
    contact::{
        ContactSettings, Measure, Opens, Policy,
        parts::{Closed, Obligation, Owed, Reopening, Verdict},
    },
    event::{AgentId, Author, Channel, MessageSent, QueueId, Timestamp},
};

impl Fold {
    /// Applies a message. Bots answer nobody, and private notes count for nothing.
    pub(super) fn message(
        &mut self,
        at: Timestamp,
        message: &MessageSent,
        settings: &ContactSettings,
    ) {
        match &message.by {
            Author::Customer if message.public => {
                self.go_on(at, settings);
                self.engagements.iter_mut().for_each(|it| it.start_turn(at));
                self.customer_writes(at, message, settings);
            }
            Author::Agent(agent) if message.public => {
                self.engagements.iter_mut().for_each(|it| it.stop_turn(at));
                self.agent_writes(at, agent);
            }
            Author::Bot if message.public => self.bot_writes(at, settings),
            Author::Customer | Author::Bot | Author::System | Author::Agent(_) => {}
        }
    }

    /// Applies a message of the customer. While the contact is over it begins no turn.
    fn customer_writes(
        &mut self,
        at: Timestamp,
        message: &MessageSent,
        settings: &ContactSettings,
    ) {
        if self.over_since.is_some() || !self.has_inbound_leg() {
            return;
        }
        self.experience.write(at, message.sentiment);
        let queue = self.queue_around(message.queue.as_ref()).cloned();
        if !self.conversation.is_begun() {
            self.owe_first_response(at, queue.as_ref(), Opens::Contact, settings);
        }
        self.conversation.set(Conversation::CUSTOMER_WROTE);
        if self.conversation.has(Conversation::TURN_OVER) {
            self.conversation.clear(Conversation::TURN_OVER);
            self.expect_handoff(at, settings);
            self.owe_next_response(at, queue.as_ref(), settings);
        }
    }

    fn agent_writes(&mut self, at: Timestamp, agent: &AgentId) {
        let happened = Conversation::AGENT_WROTE.and(Conversation::TURN_OVER);
        self.conversation.set(happened);
        self.handoff = None;
        self.experience.reply(at);
        let by_answer = self.is_answered_by_voice();
        let is_met = |owed: Owed| owed.is_response() && !(by_answer && is_first_response(owed));
        self.close(
            is_met,
            Ending {
                at,
                how: Closed::Replied,
                agent: Some(agent),
            },
            |_| Verdict::Met,
        );
    }

    /// Meets the first response by the answer, on voice and video.
    pub(super) fn respond_by_answer(&mut self, at: Timestamp, agent: &AgentId) {
        if self.is_answered_by_voice() {
            let ending = Ending {
                at,
                how: Closed::Answered,
                agent: Some(agent),
            };
            self.close(is_first_response, ending, |_| Verdict::Met);
        }
    }

    fn is_answered_by_voice(&self) -> bool {
        let channel = self.attributes.channel();
        matches!(channel, Channel::Voice | Channel::Video)
    }

    /// Opens what an inbound wait owes beside its answer.
    pub(super) fn owe_for_wait(
        &mut self,
        at: Timestamp,
        queue: &QueueId,
        settings: &ContactSettings,
    ) {
        let queue = Some(queue);
        if !self.conversation.is_begun() {
            self.owe_first_response(at, queue, Opens::Contact, settings);
        }
        if !self.conversation.has(Conversation::QUEUED) {
            self.conversation.set(Conversation::QUEUED);
            self.owe_first_response(at, queue, Opens::Queued, settings);
            self.owe_resolution(at, queue, settings);
        }
        if let Some(queue) = queue {
            self.hand_off(at, queue, settings);
        }
    }

    fn owe_next_response(
        &mut self,
        at: Timestamp,
        queue: Option<&QueueId>,
        settings: &ContactSettings,
    ) {
        let owed = Owed::NextResponse;
        self.oblige(Opening { at, owed, queue }, settings);
    }

    /// Opens a resolution for each policy without an open one.
    fn owe_resolution(
        &mut self,
        at: Timestamp,
        queue: Option<&QueueId>,
        settings: &ContactSettings,
    ) {
        let owed = Owed::Resolution;
        self.oblige_where(Opening { at, owed, queue }, settings, |policy, so_far| {
            !so_far.iter().any(|it| runs(it, policy))
        });
    }

    /// Opens a first response, once a contact and policy, unless our side wrote first.
    fn owe_first_response(
        &mut self,
        at: Timestamp,
        queue: Option<&QueueId>,
        opens: Opens,
        settings: &ContactSettings,
    ) {
        let by_voice = self.is_answered_by_voice();
        let spoke_first = if by_voice {
            !self.engagements.is_empty()
        } else {
            self.conversation.has(Conversation::AGENT_WROTE)
        };
        if spoke_first {
            return;
        }
        let owed = Owed::FirstResponse { rates: false };
        let count = self.obligations.len();
        self.oblige_where(Opening { at, owed, queue }, settings, |policy, _| {
            let policy_opens = if by_voice {
                Opens::Queued
            } else {
                policy.opens
            };
            policy_opens == opens
        });
        if self.obligations.len() > count {
            self.choose_rating(&settings.policies);
        }
    }

    /// Chooses the obligation that makes the first-response rate: by the first policy in the file that applies.
    fn choose_rating(&mut self, policies: &[Policy]) {
        let rank = |obligation: &Obligation| {
            is_first_response(obligation.owed)
                .then(|| {
                    policies
                        .iter()
                        .position(|it| it.code() == obligation.policy)
                })
                .flatten()
        };
        let first = self.obligations.iter().filter_map(rank).min();
        for obligation in &mut self.obligations {
            let rates = first.is_some() && rank(obligation) == first;
            if is_first_response(obligation.owed) {
                obligation.owed = Owed::FirstResponse { rates };
            }
        }
    }

    /// Closes the open responses: the contact is over.
    pub(super) fn owe_no_response(&mut self, at: Timestamp, how: Closed, agent: Option<&AgentId>) {
        let ending = Ending { at, how, agent };
        self.handoff = None;
        self.close(Owed::is_response, ending, |_| Verdict::Excluded);
    }

    pub(super) fn resolve(
        &mut self,
        at: Timestamp,
        agent: Option<&AgentId>,
        settings: &ContactSettings,
    ) {
        // Nobody named: the last engaged.
        let last = self.last_engaged().map(|last| last.agent);
        let agent = agent.or(last.as_ref());
        self.owe_no_response(at, Closed::Resolved, agent);
        let ending = Ending {
            at,
            how: Closed::Resolved,
            agent,
        };
        self.close(|owed| owed == Owed::Resolution, ending, |_| Verdict::Met);
        self.end_talks_by_turns(at, settings);
        self.be_over(at, settings);
    }

    /// Reopens the contact if it is over.
    pub(super) fn reopen(&mut self, at: Timestamp, settings: &ContactSettings) {
        if self.over_since.take().is_none() {
            return;
        }
        self.go_on(at, settings);
        self.repeat(at, settings);
        let past = Conversation::ENDED.and(Conversation::TURN_OVER);
        self.reopenings.push(Reopening {
            at,
            engaged: self.last_engaged(),
            waited_in: self.waited_in(),
        });
        if !self.has_inbound_leg() {
            self.conversation.clear(Conversation::ENDED);
            return;
        }
        self.conversation.clear(past);
        let queue = self.queue_around(None).cloned();
        self.owe_next_response(at, queue.as_ref(), settings);
        self.owe_resolution(at, queue.as_ref(), settings);
    }
}

fn runs(obligation: &Obligation, policy: &Policy) -> bool {
    obligation.decided.is_none()
        && obligation.policy == policy.code()
        && policy.measure == Measure::Resolution
}

const fn is_first_response(owed: Owed) -> bool {
    matches!(owed, Owed::FirstResponse { .. })
}
