//! Settings of the csat stage.

use super::Model;
use crate::event::{Channel, Span};

#[derive(Debug, Clone, PartialEq)]
pub struct CsatSettings {
    pub model: Model,
    /// From this probability of a low rating on somebody is told; over 0 and below 1.
    pub threshold: f64,
    /// What a contact takes in a queue that has not shown it yet. By channel, in the order of [`Channel::ALL`].
    pub usual_handle: [Span; 8],
}

impl Default for CsatSettings {
    fn default() -> Self {
        let [call, chat] = [360, 720].map(Span::from_secs);
        let [thread, mail] = [3_600, 86_400].map(Span::from_secs);
        Self {
            model: Model::prior(),
            threshold: 0.4,
            usual_handle: [call, chat, mail, thread, thread, thread, call, call],
        }
    }
}

impl CsatSettings {
    #[must_use]
    pub const fn usual_handle_of(&self, channel: Channel) -> Span {
        self.usual_handle[channel as usize]
    }
}
