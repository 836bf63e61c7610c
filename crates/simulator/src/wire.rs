//! What happens to events between the contact center and whoever reads them.

use std::collections::BTreeMap;

use super::{dice::Dice, jsonl::jsonl};
use floorwalker_core::event::{Channel, Event, Span, Timestamp};

/// A record as it arrives at whoever reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// When it arrives, in event time.
    pub at: Timestamp,
    /// The contact or agent: what a producer would key it by.
    pub key: String,
    /// The bytes of the record: JSON, or garbage.
    pub payload: Vec<u8>,
    /// The event in the payload. `None`: the payload is garbage.
    pub event: Option<Event>,
}

/// Faults of the network between the contact center and whoever reads its events. Shares are from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Every event travels for up to this long, evenly distributed, so that events overtake each other.
    pub disorder: Span,
    /// The share of events that are late.
    pub late: f64,
    /// By how much a late event is late in the mean, exponentially distributed.
    pub late_by: Span,
    /// The most by which an event is late.
    pub late_max: Span,
    /// The share of events that arrive twice, unchanged, within 5 s.
    pub twice: f64,
    /// By how much the clock of the chat and messaging system is ahead.
    pub skew: Span,
    /// The share of events beside which a record arrives that is no event.
    pub garbage: f64,
}

impl Faults {
    /// No faults: each event arrives once, at its time.
    pub(super) const NONE: Self = Self {
        disorder: Span::ZERO,
        late: 0.0,
        late_by: Span::ZERO,
        late_max: Span::ZERO,
        twice: 0.0,
        skew: Span::ZERO,
        garbage: 0.0,
    };
}

impl Default for Faults {
    /// A usual network: all within the usual lateness of ten minutes.
    fn default() -> Self {
        Self {
            disorder: Span::from_millis(400),
            late: 0.01,
            late_by: Span::from_secs(20),
            late_max: Span::from_secs(480),
            twice: 0.006,
            skew: Span::from_millis(700),
            garbage: 0.000_3,
        }
    }
}

/// What goes wrong with a feed for a while.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trouble {
    /// Nothing arrives before this.
    pub(super) held_until: Option<Timestamp>,
    /// Everything arrives so much later.
    pub(super) lag: Span,
    /// Everything arrives twice.
    pub(super) twice: bool,
}

impl Trouble {
    fn held_until(self) -> Timestamp {
        self.held_until.unwrap_or(Timestamp::MIN)
    }
}

const GARBAGE: [&[u8]; 6] = [
    b"{\"event_id\":\"g1\",\"occurred_at\":\"2026-11-22T09:14",
    b"\xff\xfe\x00not text\x80",
    b"{\"event_id\":\"g3\",\"type\":\"agent_answered\",\"agent\":\"ana\"}",
    b"{\"event_id\":\"g4\",\"occurred_at\":\"tomorrow\",\"type\":\"contact_ended\",\"contact_id\":\"c1\"}",
    b"",
    b"[1,2,3]",
];

#[derive(Debug)]
pub(super) struct Wire {
    faults: Faults,
    dice: Dice,
    sent: u64,
    on_the_way: BTreeMap<(Timestamp, u64), Delivery>,
}

impl Wire {
    pub(super) const fn new(faults: Faults, dice: Dice) -> Self {
        Self {
            faults,
            dice,
            sent: 0,
            on_the_way: BTreeMap::new(),
        }
    }

    pub(super) fn send(&mut self, mut event: Event, trouble: Trouble) {
        let sent_at = event.occurred_at;
        if is_of_skewed_source(&event) {
            event.occurred_at = sent_at + self.faults.skew;
        }
        let delivery = Delivery {
            at: (sent_at + self.travel() + trouble.lag).max(trouble.held_until()),
            key: event.key.as_str().to_owned(),
            payload: jsonl(&event).into_bytes(),
            event: Some(event),
        };
        if trouble.twice || self.faults.twice > 0.0 && self.dice.chance(self.faults.twice) {
            let mut again = delivery.clone();
            again.at = delivery.at + self.dice.up_to(Span::from_secs(5));
            self.put(again);
        }
        if self.faults.garbage > 0.0 && self.dice.chance(self.faults.garbage) {
            let garbage = *self.dice.pick(&GARBAGE);
            self.put(Delivery {
                payload: garbage.to_vec(),
                event: None,
                ..delivery.clone()
            });
        }
        self.put(delivery);
    }

    fn put(&mut self, delivery: Delivery) {
        self.sent += 1;
        self.on_the_way.insert((delivery.at, self.sent), delivery);
    }

    fn travel(&mut self) -> Span {
        if self.faults.disorder == Span::ZERO && self.faults.late == 0.0 {
            return Span::ZERO;
        }
        let usual = self.dice.up_to(self.faults.disorder);
        match self.dice.chance(self.faults.late) {
            true => {
                usual
                    + self
                        .dice
                        .exponential(self.faults.late_by)
                        .min(self.faults.late_max)
            }
            false => usual,
        }
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn receive(&mut self) -> Option<Delivery> {
        self.on_the_way.pop_first().map(|(_, delivery)| delivery)
    }
}

/// All events of these contacts are from one system, so that they stay in order.
fn is_of_skewed_source(event: &Event) -> bool {
    let id = event.key.as_str();
    [Channel::Chat, Channel::Messaging]
        .iter()
        .any(|channel| id.starts_with(channel.name()))
}
