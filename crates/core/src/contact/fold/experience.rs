//! The customer's experience so far, beyond the other parts: holds, unanswered messages, mood.

use minicbor::{Decode, Encode};

use crate::event::{Span, Timestamp};

/// Share of a new sentiment in the running one, in thousandths: the last message and a half make one half of it.
const MOOD_SHARE: i32 = 400;
const THOUSAND: i32 = 1_000;
/// The mood is bad up to here, in thousandths.
pub const BAD_MOOD: i32 = -400;
/// So many messages in a row in a bad mood: it has turned, and stayed so.
const BAD_MESSAGES: u32 = 2;

/// Folds in the order of the events, in whole numbers: the same events always give the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Experience {
    /// Times put on hold.
    #[n(0)]
    pub holds: u32,
    /// Since when what the customer wrote in public is unanswered.
    #[n(1)]
    pub unanswered_since: Option<Timestamp>,
    /// Turns that an agent answered.
    #[n(2)]
    pub replies: u32,
    #[n(3)]
    pub reply_delay_sum: Span,
    #[n(4)]
    pub reply_delay_max: Span,
    /// Exponentially weighted sentiment of the customer's messages, −1,000 to 1,000, from neutral; absent while no message
    /// carried one.
    #[n(5)]
    pub mood_thousandths: Option<i32>,
    /// The customer's last messages in a row after which the mood was bad.
    #[n(6)]
    pub bad_messages: Option<u32>,
}

impl Experience {
    pub(super) fn write(&mut self, at: Timestamp, sentiment: Option<f64>) {
        self.unanswered_since.get_or_insert(at);
        if let Some(known) = sentiment {
            let mood = self.mood_thousandths.unwrap_or(0);
            let pull = (thousandths(known) - mood) * MOOD_SHARE / THOUSAND;
            let mood = mood + pull;
            self.mood_thousandths = Some(mood);
            self.bad_messages = (mood <= BAD_MOOD).then(|| self.bad_messages.unwrap_or(0) + 1);
        }
    }

    /// Returns the mood, -1,000 to 1,000, if it has turned bad and stayed so over two messages.
    #[must_use]
    pub fn turned_mood(&self) -> Option<i32> {
        let stays = self.bad_messages.is_some_and(|it| BAD_MESSAGES <= it);
        self.mood_thousandths.filter(|_| stays)
    }

    pub(super) fn reply(&mut self, at: Timestamp) {
        if let Some(since) = self.unanswered_since.take() {
            let delay = at - since;
            self.replies += 1;
            self.reply_delay_sum = self.reply_delay_sum + delay;
            self.reply_delay_max = self.reply_delay_max.max(delay);
        }
    }

    /// Nothing is waited for any more.
    pub(super) const fn be_over(&mut self) {
        self.unanswered_since = None;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "-1,000 to 1,000")]
fn thousandths(share: f64) -> i32 {
    (share * f64::from(THOUSAND)).round() as i32
}
