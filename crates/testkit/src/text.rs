//! Seeded conversations in writing: chats, mails and messages with bots, private notes, tickets, reports and reopenings.
//!
//! Small and quick, for tests that compare thousands: nobody queues for an agent here, who replies just takes a while.

use super::random::Random;
use floorwalker_core::event::{
    AgentId, AtAgent, Author, Body, Channel, ContactId, ContactQueued, CustomerId, EndedBy,
    EngagementReported, Event, EventId, Key, LeftWhy, MessageSent, QueueId, Span, Survey, Text,
    Timestamp, Transferred, WrapUpEnded,
};

/// Settings of a world in writing. The same settings always give the same events.
#[derive(Debug, Clone)]
pub struct TextWorld {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many conversations begin.
    pub contacts: usize,
    /// How many agents, above 0.
    pub agents: usize,
    /// How many customers, above 0; few, so that some write again.
    pub customers: usize,
    /// When the first conversation may begin.
    pub start: Timestamp,
    /// Mean time between the beginnings of two conversations.
    pub between: Span,
}

impl Default for TextWorld {
    fn default() -> Self {
        Self {
            seed: 1,
            contacts: 500,
            agents: 12,
            customers: 200,
            // 2026-11-22T08:00:00Z
            start: Timestamp(1_795_334_400_000_000),
            between: Span::from_secs(20),
        }
    }
}

impl TextWorld {
    /// Returns the events in order. Ids are unique within their contact.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut random = Random::new(self.seed);
        let mut at = self.start;
        let mut events = Vec::with_capacity(self.contacts * 10);
        for number in 0..self.contacts {
            at = at + random.exponential(self.between);
            events.extend(Thread::new(self, &mut random, number, at).play());
        }
        events.sort_by(Event::cmp_in_order);
        events
    }
}

/// One contact as it unfolds.
struct Thread<'w> {
    world: &'w TextWorld,
    random: &'w mut Random,
    contact: ContactId,
    customer: CustomerId,
    channel: Channel,
    queue: QueueId,
    agent: AgentId,
    at: Timestamp,
    answered: bool,
    events: Vec<Event>,
}

impl<'w> Thread<'w> {
    fn new(world: &'w TextWorld, random: &'w mut Random, number: usize, at: Timestamp) -> Self {
        let channels = [
            Channel::Chat,
            Channel::Chat,
            Channel::Email,
            Channel::Email,
            Channel::Sms,
            Channel::Messaging,
            Channel::Social,
        ];
        let channel = *random.pick(&channels);
        let queue = QueueId::new(["mail", "chat", "care"][random.below(3)]);
        let mut thread = Self {
            world,
            contact: ContactId::new(&format!("t{number}")),
            customer: CustomerId::new(&format!("k{}", random.below(world.customers))),
            channel,
            queue,
            agent: AgentId::new("agent-0"),
            random,
            at: at.floor(Span::from_millis(1)),
            answered: false,
            events: Vec::new(),
        };
        thread.agent = thread.any_agent();
        thread
    }

    fn play(mut self) -> Vec<Event> {
        if self.random.chance(0.1) {
            self.we_begin();
        } else {
            self.customer_begins();
        }
        if !self.is_given_up() {
            self.is_taken();
            for _ in 0..self.random.below(4) {
                self.turn();
            }
            self.is_over();
        }
        self.events
    }

    /// Our side writes first.
    fn we_begin(&mut self) {
        self.reply();
        self.pause();
        self.write(Author::Customer, true);
    }

    /// To a bot at first, or straight to the queue.
    fn customer_begins(&mut self) {
        let wait_first = self.random.chance(0.3);
        if wait_first {
            self.wait();
        }
        self.write(Author::Customer, true);
        if self.random.chance(0.4) {
            self.pass(Span::from_secs(1));
            self.write(Author::Bot, true);
        }
        if !wait_first && self.random.chance(0.8) {
            self.pass(Span::from_secs(3));
            self.wait();
        }
    }

    fn wait(&mut self) {
        let queue = Some(self.queue.clone());
        let reason = self.random.chance(0.3).then(|| Text::new("invoice"));
        self.emit(Body::ContactQueued(ContactQueued {
            queue,
            direction: None,
            priority: None,
            reason,
            leg: None,
            thread: Some(Text::new(self.contact.as_str())),
        }));
    }

    /// Some lose patience, some flow out; a few of these are still waited for.
    fn is_given_up(&mut self) -> bool {
        match self.random.below(12) {
            0 => {
                self.pause();
                self.emit(Body::ContactEnded(EndedBy::Customer, None));
                true
            }
            1 => {
                self.pause();
                self.emit(Body::ContactLeftQueue(LeftWhy::Overflow));
                self.queue = QueueId::new("overflow");
                self.wait();
                false
            }
            _ => false,
        }
    }

    /// By an answer, but for mails that are just replied to.
    fn is_taken(&mut self) {
        self.pause();
        if self.channel == Channel::Email && self.random.chance(0.4) {
            return self.reply();
        }
        self.answer();
        if self.random.chance(0.3) {
            self.pass_about(Span::from_secs(10));
            self.write(Author::Agent(self.agent.clone()), false);
        }
        self.pass_about(Span::from_secs(20));
        self.reply();
    }

    fn answer(&mut self) {
        self.answered = true;
        let agent = self.agent.clone();
        self.emit(Body::AgentAnswered(AtAgent {
            agent,
            queue: None,
            leg: None,
        }));
    }

    /// The customer writes, once or more, and somebody replies, or not.
    fn turn(&mut self) {
        if self.random.chance(0.15) {
            self.is_pending();
        }
        self.pause();
        for _ in 0..=self.random.below(2) {
            self.write(Author::Customer, true);
            self.pass_about(Span::from_secs(15));
        }
        if self.random.chance(0.15) {
            self.hand_on();
        } else if self.random.chance(0.2) {
            self.asks_a_bot();
        }
        if self.random.chance(0.85) {
            self.pause();
            self.reply();
        }
    }

    /// For the customer, or for somebody else until an agent goes on.
    fn is_pending(&mut self) {
        self.pass_about(Span::from_secs(20));
        let reason = self.random.chance(0.5).then(|| Text::new("pending"));
        self.emit(Body::ContactPaused(reason));
        if self.random.chance(0.4) {
            self.pause();
            self.emit(Body::ContactContinued(None));
        }
    }

    /// It may hand the contact to the queue.
    fn asks_a_bot(&mut self) {
        self.pass(Span::from_secs(1));
        self.write(Author::Bot, true);
        if self.random.chance(0.7) {
            self.pass_about(Span::from_secs(60));
            self.wait();
        }
    }

    fn hand_on(&mut self) {
        self.emit(Body::Transferred(Transferred {
            agent: self.agent.clone(),
            to: None,
            warm: false,
        }));
        self.agent = self.any_agent();
        if self.random.chance(0.5) {
            self.wait();
            self.pause();
        }
        self.answer();
    }

    fn is_over(&mut self) {
        self.pass_about(Span::from_secs(60));
        self.close();
        self.wrap_up();
        if self.random.chance(0.2) {
            self.begins_anew();
        }
        self.survey();
    }

    /// Mails are resolved, chats end, some are both.
    fn close(&mut self) {
        let resolved = self.channel != Channel::Chat && self.random.chance(0.8);
        if resolved {
            let agent = self.random.chance(0.8).then(|| self.agent.clone());
            self.emit(Body::ContactResolved(agent));
        }
        if !resolved || self.random.chance(0.4) {
            let by = *self.random.pick(&EndedBy::ALL);
            self.emit(Body::ContactEnded(by, None));
        }
    }

    /// Reported by the agent, by the vendor, by both or by neither.
    fn wrap_up(&mut self) {
        if self.answered && self.random.chance(0.7) {
            self.pass_about(Span::from_secs(30));
            let resolved = self.random.chance(0.7).then_some(true);
            self.emit(Body::WrapUpEnded(WrapUpEnded {
                agent: self.agent.clone(),
                disposition: None,
                resolved,
            }));
        }
        if self.random.chance(0.4) {
            self.pass_about(Span::from_secs(300));
            let report = self.report();
            self.emit(Body::EngagementReported(report));
        }
    }

    fn report(&mut self) -> EngagementReported {
        let mut part = |mean| {
            let about = self.random.exponential(Span::from_secs(mean)) - Span::from_secs(2);
            self.random.chance(0.7).then_some(about)
        };
        let (talk, hold, wrap_up) = (part(200), part(10), part(30));
        let unnamed = talk.is_none() && hold.is_none();
        EngagementReported {
            talk,
            hold,
            wrap_up: wrap_up.or(unnamed.then_some(Span::ZERO)),
            hold_count: None,
            leg: None,
            agent: self.agent.clone(),
        }
    }

    fn begins_anew(&mut self) {
        self.pass_about(Span::from_secs(2 * 3_600));
        self.write(Author::Customer, true);
        if self.random.chance(0.9) {
            self.emit(Body::ContactReopened(None));
        } else {
            self.wait();
        }
        self.pause();
        self.reply();
        self.pass_about(Span::from_secs(60));
        self.close();
    }

    fn survey(&mut self) {
        if self.random.chance(0.2) {
            self.pass_about(Span::from_secs(900));
            let score = *self.random.pick(&[1.0, 3.0, 4.0, 5.0]);
            let survey = Survey {
                score,
                scale_min: 1.0,
                scale_max: 5.0,
            };
            self.emit(Body::SurveyAnswered(survey, Some(Text::new("as I said"))));
        }
    }

    fn reply(&mut self) {
        self.write(Author::Agent(self.agent.clone()), true);
    }

    fn write(&mut self, by: Author, public: bool) {
        let queue = self.random.chance(0.1).then(|| self.queue.clone());
        let sentiment = self.random.chance(0.3).then_some(-0.25);
        self.emit(Body::MessageSent(MessageSent {
            by,
            public,
            queue,
            text: Some(Text::new("about that invoice")),
            sentiment,
        }));
    }

    /// A reply takes this long: seconds in a chat, minutes to hours elsewhere.
    fn pace(&mut self) -> Span {
        let mean = match self.channel {
            Channel::Chat => 20,
            Channel::Email => 6 * 3_600,
            Channel::Voice
            | Channel::Social
            | Channel::Sms
            | Channel::Messaging
            | Channel::Video
            | Channel::Other => 600,
        };
        self.random.exponential(Span::from_secs(mean))
    }

    fn pause(&mut self) {
        let pace = self.pace();
        self.pass(pace);
    }

    fn pass_about(&mut self, mean: Span) {
        let span = self.random.exponential(mean);
        self.pass(span);
    }

    fn pass(&mut self, span: Span) {
        self.at = (self.at + span).floor(Span::from_millis(1));
    }

    fn any_agent(&mut self) -> AgentId {
        AgentId::new(&format!("agent-{}", self.random.below(self.world.agents)))
    }

    /// The first event names channel, customer and, if it can, the queue.
    fn emit(&mut self, mut body: Body) {
        let number = self.events.len();
        let first = number == 0;
        if first && let Body::MessageSent(message) = &mut body {
            message.queue = Some(self.queue.clone());
        }
        self.events.push(Event {
            id: EventId::new(&format!("{}-{number}", self.contact)),
            occurred_at: self.at,
            sequence: None,
            key: Key::Contact(self.contact.clone()),
            channel: first.then_some(self.channel),
            customer: first.then(|| self.customer.clone()),
            body,
        });
    }
}
