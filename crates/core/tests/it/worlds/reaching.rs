//! What our side begins and what comes back: callbacks, attempts to reach somebody, contacts queued again when they were over.

use floorwalker_core::event::{
    AgentId, AtAgent, Body, ContactId, ContactQueued, Direction, EndedBy, Event, EventId, Key,
    LeftWhy, QueueId, Span, Survey, Text, Timestamp, TransferTarget, Transferred, WrapUpEnded,
};
use floorwalker_testkit::random::Random;

use super::made::QUEUES;

/// Adds some to a share of the contacts; the events are in no order then.
pub(super) fn add(random: &mut Random, contacts: &[ContactId], events: &mut Vec<Event>) {
    let share = *random.pick(&[0.0, 0.1, 0.5]);
    for contact in contacts {
        if !random.chance(share) {
            continue;
        }
        let theirs = events.iter().filter(|it| it.contact() == Some(contact));
        let times: Vec<Timestamp> = theirs.map(|event| event.occurred_at).collect();
        let mut adding = Adding {
            at: *random.pick(&times),
            contact,
            random,
            added: Vec::new(),
        };
        for _ in 0..=adding.random.below(2) {
            match adding.random.below(4) {
                0 | 1 => adding.call_back(),
                2 => adding.attempt(),
                _ => adding.queue_again(),
            }
        }
        let added = std::mem::take(&mut adding.added);
        // Some fields are absent.
        events.extend(added.into_iter().filter(|_| !random.chance(0.1)));
    }
}

struct Adding<'a> {
    at: Timestamp,
    contact: &'a ContactId,
    random: &'a mut Random,
    added: Vec<Event>,
}

impl Adding<'_> {
    fn push(&mut self, body: Body) {
        let gap = *self.random.pick(&[0, 0, 1, 5, 5, 60, 900]);
        self.at = self.at + Span::from_secs(gap);
        let number = self.added.len();
        self.added.push(Event {
            id: EventId::new(&format!("o{number}-{}", self.random.below(1 << 20))),
            occurred_at: self.at,
            key: Key::Contact(self.contact.clone()),
            channel: None,
            customer: None,
            sequence: None,
            body,
        });
    }

    fn agent(&mut self) -> AgentId {
        AgentId::new(self.random.pick::<&str>(&["a0", "a1", "a2"]))
    }

    fn queue(&mut self) -> QueueId {
        QueueId::new(self.random.pick::<&str>(&QUEUES))
    }

    fn queued(&mut self, direction: Option<Direction>, leg: Option<&str>, queue: Option<QueueId>) {
        let (priority, reason, thread) = (None, None, None);
        self.push(Body::ContactQueued(ContactQueued {
            queue,
            direction,
            priority,
            reason,
            leg: leg.map(Text::new),
            thread,
        }));
    }

    fn call_back(&mut self) {
        if self.random.chance(0.4) {
            let agent = self.agent();
            let to = Some(TransferTarget::Queue(self.queue()));
            let warm = false;
            self.push(Body::Transferred(Transferred { agent, to, warm }));
        }
        if self.random.chance(0.8) {
            let queue = self.queue();
            self.queued(Some(Direction::Inbound), None, Some(queue));
        }
        let why = match self.random.chance(0.8) {
            true => LeftWhy::Callback,
            false => *self.random.pick(&LeftWhy::ALL),
        };
        self.push(Body::ContactLeftQueue(why));
        if self.random.chance(0.3) {
            self.end();
        }
        for _ in 0..=self.random.below(2) {
            self.reach(Some("cb"));
        }
        if self.random.chance(0.3) {
            let (score, scale_min, scale_max) =
                (f64::from(1 + self.random.bits() as u8 % 5), 1.0, 5.0);
            let survey = Survey {
                score,
                scale_min,
                scale_max,
            };
            self.push(Body::SurveyAnswered(survey, None));
        }
    }

    fn attempt(&mut self) {
        let leg = *self.random.pick(&[None, Some("out"), Some("cb")]);
        for _ in 0..=self.random.below(3) {
            self.reach(leg);
        }
    }

    /// Dials, and whatever comes of it.
    fn reach(&mut self, leg: Option<&str>) {
        let queue = self.random.chance(0.5).then(|| self.queue());
        self.queued(Some(Direction::Outbound), leg, queue);
        match self.random.below(6) {
            0..3 => {
                let agent = self.agent();
                let named = self.random.chance(0.3).then(|| self.queue());
                let given = leg.filter(|_| self.random.chance(0.9)).map(Text::new);
                self.push(Body::AgentAnswered(AtAgent {
                    agent: agent.clone(),
                    queue: named,
                    leg: given,
                }));
                self.end();
                let resolved = *self.random.pick(&[None, Some(true), Some(false)]);
                self.push(Body::WrapUpEnded(WrapUpEnded {
                    agent,
                    disposition: None,
                    resolved,
                }));
            }
            3 => self.end(),
            4 => {
                let why = *self.random.pick(&LeftWhy::ALL);
                self.push(Body::ContactLeftQueue(why));
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        let by = *self.random.pick(&EndedBy::ALL);
        self.push(Body::ContactEnded(by, None));
    }

    fn queue_again(&mut self) {
        if self.random.chance(0.5) {
            self.end();
        } else {
            self.push(Body::ContactResolved(None));
        }
        let gap = *self.random.pick(&[0, 30, 3_600, 80_000]);
        self.at = self.at + Span::from_secs(gap);
        let direction = match self.random.chance(0.7) {
            true => Some(Direction::Inbound),
            false => Some(*self.random.pick(&Direction::ALL)),
        };
        let queue = self.queue();
        self.queued(direction, None, Some(queue));
    }
}
