//! What was last predicted of a contact's satisfaction. It depends on arrival, so it is no part of the fold.

use minicbor::{Decode, Encode};

use crate::event::Timestamp;

/// Made and revised by the stage `csat`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Prediction {
    /// The probability of a low rating in thousandths, as of the last revision before the contact was over.
    #[n(0)]
    pub low_thousandths: u16,
    /// Once in a contact's life.
    #[n(1)]
    pub alarm: Option<Alarm>,
    /// Earlier contacts of the customer, as far as it has answered.
    #[n(2)]
    pub repeats: Option<u32>,
}

/// The prediction reached the level of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Alarm {
    #[n(0)]
    pub at: Timestamp,
    /// The contact's beginning as it was known then: makes the alert's id, which must not change.
    #[n(1)]
    pub began_at: Timestamp,
    #[n(2)]
    pub low_thousandths: u16,
    /// In words, the strongest first.
    #[n(3)]
    pub reasons: Vec<String>,
    /// When there was nothing left to save: the contact was over, or forgotten.
    #[n(4)]
    pub ended_at: Option<Timestamp>,
}

impl Prediction {
    /// Whether the alarm has fired, and has ended.
    #[must_use]
    pub fn life(&self) -> (bool, bool) {
        let alarm = self.alarm.as_ref();
        let ended = alarm.is_some_and(|alarm| alarm.ended_at.is_some());
        (alarm.is_some(), ended)
    }

    pub(super) fn each_time(&mut self, change: &mut dyn FnMut(&mut Timestamp)) {
        if let Some(alarm) = &mut self.alarm {
            change(&mut alarm.at);
            change(&mut alarm.began_at);
            alarm.ended_at.iter_mut().for_each(&mut *change);
        }
    }
}
