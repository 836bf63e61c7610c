//! What a world is made of. Everything has a default that makes a lively center of the size asked for.

use super::{Faults, Incident, day::Day};
use floorwalker_core::event::{Channel, Span, Timestamp};

/// Settings of a world. The same settings and seed always give the same events.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldSettings {
    /// When the world begins. Nobody waits then and all who are there are free: begin ten minutes early for a center in full swing.
    pub start: Timestamp,
    /// How long the world lasts. What is open at its end stays open.
    pub length: Span,
    /// People on the payroll, at least one a desk. With shifts at most two in three are there at once.
    pub agents: usize,
    /// How traffic follows the time of day.
    pub day: Day,
    /// When agents are there.
    pub roster: Roster,
    /// Agents and queues.
    pub desks: Vec<Desk>,
    /// How often people do what.
    pub habits: Habits,
    /// What goes wrong in the center.
    pub incidents: Vec<Incident>,
    /// What goes wrong between the center and whoever reads its events.
    pub faults: Faults,
}

/// When agents are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roster {
    /// Eight hours with two breaks and lunch, begun when the day's traffic asks for it.
    Shifts,
    /// All, always.
    Always,
}

/// Agents who share queues.
#[derive(Debug, Clone, PartialEq)]
pub struct Desk {
    /// The desk's name, which its teams begin with.
    pub name: String,
    /// The desk's share of all agents, relative to the other desks' shares.
    pub share: f64,
    /// The greatest share of the agents' time that customers take, returns included: 0 to 1.
    pub load: f64,
    /// The service level that people are planned for. `None`: letters, which wait until somebody is there.
    pub promise: Option<Promise>,
    /// Contacts that an agent can have at once.
    pub slots: u32,
    /// How many of the desk's queues an agent is trained for.
    pub skills: usize,
    /// The queues that the desk's agents share.
    pub queues: Vec<QueuePlan>,
}

/// A service level: a share of customers, and within which time they are to be answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// The share of customers: 0 to 1.
    pub share: f64,
    /// The time within which they are to be answered.
    pub within: Span,
}

/// A queue, and what its customers and contacts are like.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuePlan {
    /// The queue's id in events.
    pub name: String,
    /// The channel of all its contacts.
    pub channel: Channel,
    /// Its share of the desk's contacts, relative to the other queues' weights. Ignored with `arrivals`.
    pub weight: f64,
    /// Contacts an hour in the busiest half hour. `None`: as many as the desk's agents can take.
    pub arrivals: Option<f64>,
    /// Which contacts go first: those with the lower number.
    pub priority: i64,
    /// Mean time that a customer waits before they give up. `None`: they never do.
    pub patience: Option<Span>,
    /// How long work takes: talk, hold and wrap-up together on voice, one reply elsewhere.
    pub handle: Handle,
    /// Mean time that it rings before the agent answers.
    pub ring: Span,
    /// The wait that customers think is fair: longer ones cost satisfaction.
    pub fair_wait: Span,
    /// After which wait a contact moves on to the desk's next queue. `None`: never.
    pub overflow: Option<Span>,
    /// How a written conversation goes. Ignored on voice.
    pub turns: Turns,
}

/// The distribution of how long work takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Handle {
    /// Exponentially distributed.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// Lognormally distributed.
    Lognormal {
        /// The mean.
        mean: Span,
        /// The standard deviation as a share of the mean.
        variation: f64,
    },
}

/// The course of a written conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turns {
    /// Mean number of messages by the agent.
    pub replies: f64,
    /// Mean time until the customer writes again.
    pub pause: Span,
}

/// How often people do what, as shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// Contacts of which a bot takes the first messages, in chat and messaging.
    pub bot: f64,
    /// Calls with a hold.
    pub hold: f64,
    /// Rings that are missed.
    pub miss: f64,
    /// Engagements that end in a transfer.
    pub transfer: f64,
    /// Engagements that solve the problem, with a usual agent.
    pub solve: f64,
    /// Customers who come back with what was not solved, or whom nobody answered.
    pub come_back: f64,
    /// Answered contacts with a survey.
    pub survey: f64,
    /// Callers who, asked while they wait, would rather be called back.
    pub callback: f64,
    /// Wrap-ups that nobody closes.
    pub forget_wrap_up: f64,
    /// Calls of which the vendor's own summary comes, too.
    pub report: f64,
    /// Ratings with a comment.
    pub comment: f64,
    /// Contacts whose customer is not known.
    pub unknown_customer: f64,
    /// How far agents' speeds differ: the standard deviation as a share of the mean.
    pub pace: f64,
}

impl Handle {
    /// Returns the mean.
    #[must_use]
    pub const fn mean(self) -> Span {
        match self {
            Self::Exponential { mean } | Self::Lognormal { mean, .. } => mean,
        }
    }
}

impl Habits {
    /// Nobody does anything unusual.
    pub(super) const NONE: Self = Self {
        bot: 0.0,
        hold: 0.0,
        miss: 0.0,
        transfer: 0.0,
        solve: 1.0,
        come_back: 0.0,
        survey: 0.0,
        callback: 0.0,
        forget_wrap_up: 0.0,
        report: 0.0,
        comment: 0.0,
        unknown_customer: 0.0,
        pace: 0.0,
    };
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            bot: 0.5,
            hold: 0.22,
            miss: 0.02,
            transfer: 0.11,
            solve: 0.82,
            come_back: 0.55,
            survey: 0.22,
            callback: 0.08,
            forget_wrap_up: 0.004,
            report: 0.05,
            comment: 0.3,
            unknown_customer: 0.05,
            pace: 0.12,
        }
    }
}

const NOT_WRITTEN: Turns = Turns {
    replies: 0.0,
    pause: Span::ZERO,
};

impl WorldSettings {
    /// Returns a center of all channels on a Monday from eight in the morning, UTC.
    #[must_use]
    pub fn new(agents: usize, length: Span) -> Self {
        Self {
            // 2025-01-06T08:00:00Z: long past, so that no reader takes it for the future.
            start: Timestamp(1_736_150_400_000_000),
            length,
            agents,
            day: Day::Office { offset: Span::ZERO },
            roster: Roster::Shifts,
            desks: vec![voice_desk(), chat_desk(), mail_desk()],
            habits: Habits::default(),
            incidents: Vec::new(),
            faults: Faults::NONE,
        }
    }

    /// Returns one voice queue in the steady state that Erlang A describes: `agents` who are always there and answer at once,
    /// `arrivals` an hour, and nothing unusual.
    #[must_use]
    pub fn single_queue(agents: usize, arrivals: f64, handle: Handle, patience: Span) -> Self {
        let queue = QueuePlan {
            arrivals: Some(arrivals),
            handle,
            patience: Some(patience),
            ring: Span::ZERO,
            overflow: None,
            ..voice_queue("billing", 1.0, 300, 150)
        };
        let desk = Desk {
            share: 1.0,
            skills: 1,
            queues: vec![queue],
            ..voice_desk()
        };
        Self {
            day: Day::Flat,
            roster: Roster::Always,
            desks: vec![desk],
            habits: Habits::NONE,
            ..Self::new(agents, Span::ZERO)
        }
    }

    /// Returns the names of all queues.
    pub fn queue_names(&self) -> impl Iterator<Item = &str> {
        let queues = self.desks.iter().flat_map(|desk| &desk.queues);
        queues.map(|queue| queue.name.as_str())
    }
}

fn voice_desk() -> Desk {
    Desk {
        name: "voice".to_owned(),
        share: 0.62,
        load: 0.90,
        // It rings for some seconds, and some half hours are busier than they were planned.
        promise: Some(Promise {
            share: 0.88,
            within: Span::from_secs(12),
        }),
        slots: 1,
        skills: 2,
        queues: vec![
            voice_queue("billing", 0.36, 290, 150),
            voice_queue("tech", 0.30, 430, 180),
            voice_queue("sales", 0.20, 340, 90),
            voice_queue("claims", 0.14, 380, 150),
        ],
    }
}

fn voice_queue(name: &str, weight: f64, handle: i64, patience: i64) -> QueuePlan {
    QueuePlan {
        name: name.to_owned(),
        channel: Channel::Voice,
        weight,
        arrivals: None,
        priority: 0,
        patience: Some(Span::from_secs(patience)),
        handle: Handle::Lognormal {
            mean: Span::from_secs(handle),
            variation: 0.75,
        },
        ring: Span::from_secs(4),
        fair_wait: Span::from_secs(40),
        overflow: Some(Span::from_secs(120)),
        turns: NOT_WRITTEN,
    }
}

fn chat_desk() -> Desk {
    let chat = |name: &str, weight| QueuePlan {
        patience: Some(Span::from_secs(110)),
        fair_wait: Span::from_secs(25),
        ring: Span::from_secs(2),
        ..written_queue(name, Channel::Chat, weight, (25, 5.0, 28))
    };
    let slow = |name: &str, channel, weight, pace| QueuePlan {
        priority: 1,
        ..written_queue(name, channel, weight, pace)
    };
    Desk {
        name: "chat".to_owned(),
        share: 0.24,
        load: 0.78,
        promise: Some(Promise {
            share: 0.98,
            within: Span::from_secs(4),
        }),
        slots: 3,
        skills: 5,
        queues: vec![
            chat("chat", 0.50),
            chat("chat-sales", 0.14),
            slow("messages", Channel::Messaging, 0.16, (45, 3.5, 60)),
            slow("sms", Channel::Sms, 0.12, (40, 2.5, 75)),
            slow("social", Channel::Social, 0.08, (80, 1.8, 120)),
        ],
    }
}

fn mail_desk() -> Desk {
    Desk {
        name: "mail".to_owned(),
        share: 0.14,
        load: 0.98,
        promise: None,
        slots: 1,
        skills: 2,
        queues: vec![
            written_queue("mail", Channel::Email, 0.7, (330, 1.0, 2_400)),
            written_queue("mail-claims", Channel::Email, 0.3, (420, 1.0, 2_400)),
        ],
    }
}

/// Replies take `reply` seconds, `replies` of them, and the customer `pause` seconds between them.
fn written_queue(
    name: &str,
    channel: Channel,
    weight: f64,
    (reply, replies, pause): (i64, f64, i64),
) -> QueuePlan {
    QueuePlan {
        name: name.to_owned(),
        channel,
        weight,
        arrivals: None,
        priority: 0,
        patience: None,
        handle: Handle::Lognormal {
            mean: Span::from_secs(reply),
            variation: 0.8,
        },
        ring: Span::from_secs(3),
        fair_wait: Span::from_secs(if channel == Channel::Email {
            7_200
        } else {
            300
        }),
        overflow: None,
        turns: Turns {
            replies,
            pause: Span::from_secs(pause),
        },
    }
}
