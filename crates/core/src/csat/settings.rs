//! Settings of the csat stage.

use super::Model;
use crate::event::{Channel, Span};

#[derive(Debug, Clone, PartialEq)]
pub struct CsatSettings {
    pub model: Model,
    /// Probability of a low rating from which on somebody is notified; over 0 and below 1.
    pub threshold: f64,
    /// Handle time of a queue without a baseline of its own yet. By channel, in the order of [`Channel::ALL`].
    pub handle_time_baseline: [Span; 8],
}

impl Default for CsatSettings {
    fn default() -> Self {
        let [call, chat] = [360, 720].map(Span::from_secs);
        let [thread, mail] = [3_600, 86_400].map(Span::from_secs);
        Self {
            model: Model::prior(),
            threshold: 0.4,
            handle_time_baseline: [call, chat, mail, thread, thread, thread, call, call],
        }
    }
}

impl CsatSettings {
    #[must_use]
    pub const fn handle_time_baseline_of(&self, channel: Channel) -> Span {
        self.handle_time_baseline[channel as usize]
    }
}
