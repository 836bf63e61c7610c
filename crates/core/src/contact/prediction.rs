//! Last prediction of a contact's satisfaction, and what called for somebody. It depends on the order of arrival, so it is no part of the fold.

use minicbor::{Decode, Encode};

use crate::event::Timestamp;

/// Written by the stages `csat` and `alert`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Prediction {
    /// Probability of a low rating in thousandths, at the last revision before the contact was over.
    #[n(0)]
    pub low_thousandths: u16,
    #[n(1)]
    low_predicted: Option<Alarm>,
    /// Earlier contacts of the customer, once its task has sent their number.
    #[n(2)]
    pub repeats: Option<u32>,
    #[n(3)]
    repeat: Option<Alarm>,
    #[n(4)]
    turned: Option<Alarm>,
}

/// What may call for somebody about a whole contact. Each fires once in a contact's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// A low rating is likely.
    LowPredicted,
    /// The customer comes back again and again.
    Repeat,
    /// The mood of the customer's messages has turned.
    Turned,
}

/// A concern as it was when it arose.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Alarm {
    #[n(0)]
    pub at: Timestamp,
    /// The contact's beginning as known then. It makes the alert's id, which must not change.
    #[n(1)]
    pub began_at: Timestamp,
    /// Thousandths of a probability, of a number of contacts, or of a mood between −1 and 1.
    #[n(2)]
    pub value_thousandths: i32,
    /// Sentences, the strongest reason first.
    #[n(3)]
    pub reasons: Vec<String>,
    /// When there was nothing left to save: the contact was over or had expired.
    #[n(4)]
    pub ended_at: Option<Timestamp>,
}

/// Whether each concern has fired, and has ended, in the order of [`Concern::ALL`].
pub type ConcernLives = [(bool, bool); 3];

impl Concern {
    pub const ALL: [Self; 3] = [Self::LowPredicted, Self::Repeat, Self::Turned];
}

impl Prediction {
    #[must_use]
    pub const fn alarm(&self, concern: Concern) -> Option<&Alarm> {
        let alarm = match concern {
            Concern::LowPredicted => &self.low_predicted,
            Concern::Repeat => &self.repeat,
            Concern::Turned => &self.turned,
        };
        alarm.as_ref()
    }

    /// Fires, if it has not fired before.
    pub fn fire(&mut self, concern: Concern, alarm: impl FnOnce() -> Alarm) {
        self.alarm_mut(concern).get_or_insert_with(alarm);
    }

    /// Ends all that fires: there is nothing left to save.
    pub fn end_alarms(&mut self, at: Option<Timestamp>) {
        for concern in Concern::ALL {
            if let Some(alarm) = self.alarm_mut(concern) {
                alarm.ended_at = alarm.ended_at.or(at);
            }
        }
    }

    #[must_use]
    pub fn lives(&self) -> ConcernLives {
        Concern::ALL.map(|concern| {
            let alarm = self.alarm(concern);
            let ended = alarm.is_some_and(|alarm| alarm.ended_at.is_some());
            (alarm.is_some(), ended)
        })
    }

    const fn alarm_mut(&mut self, concern: Concern) -> &mut Option<Alarm> {
        match concern {
            Concern::LowPredicted => &mut self.low_predicted,
            Concern::Repeat => &mut self.repeat,
            Concern::Turned => &mut self.turned,
        }
    }

    pub(super) fn each_time(&mut self, change: &mut dyn FnMut(&mut Timestamp)) {
        for concern in Concern::ALL {
            if let Some(alarm) = self.alarm_mut(concern) {
                change(&mut alarm.at);
                change(&mut alarm.began_at);
                alarm.ended_at.iter_mut().for_each(&mut *change);
            }
        }
    }
}
