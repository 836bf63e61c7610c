//! Last prediction of a contact's satisfaction. It depends on the order of arrival, so it is no part of the fold.

use minicbor::{Decode, Encode};

use crate::event::Timestamp;

/// Written by the stage `csat`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Prediction {
    /// Probability of a low rating in thousandths, at the last revision before the contact was over.
    #[n(0)]
    pub low_thousandths: u16,
    /// Fires once in a contact's life.
    #[n(1)]
    pub alarm: Option<Alarm>,
    /// Earlier contacts of the customer, once its task has sent their number.
    #[n(2)]
    pub repeats: Option<u32>,
}

/// The prediction reached the level of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Alarm {
    #[n(0)]
    pub at: Timestamp,
    /// The contact's beginning as known then. It makes the alert's id, which must not change.
    #[n(1)]
    pub began_at: Timestamp,
    #[n(2)]
    pub low_thousandths: u16,
    /// Sentences, the strongest reason first.
    #[n(3)]
    pub reasons: Vec<String>,
    /// When there was nothing left to save: the contact was over or had expired.
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
