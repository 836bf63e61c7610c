//! What is recognized, and the settings of it.

use minicbor::{Decode, Encode};

use crate::event::{Channel, QueueId, Span};

/// What is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum RecognitionKind {
    /// The promises of the window were kept far better than their target asks for.
    #[n(0)]
    TargetHeld,
    /// So many ratings in a row were at the top of their scale.
    #[n(1)]
    Streak,
    /// More has gone well in the window than in the time before.
    #[n(2)]
    Improvement,
}

/// The settings of one kind. `docs/alerts.md` has the meaning of `threshold` for each.
#[derive(Debug, Clone, PartialEq)]
pub struct RecognitionRule {
    pub enabled: bool,
    /// The queues whose work counts. Empty: all.
    pub queues: Vec<QueueId>,
    /// The channels whose work counts. Empty: all.
    pub channels: Vec<Channel>,
    pub threshold: f64,
    /// How far back it looks, in whole hours. A streak has none.
    pub window: Span,
    /// Fewer observations than this show nothing.
    pub minimum: u32,
    /// An agent or team is recognized for the same at most once in so long.
    pub repeat_every: Span,
    /// Who gets it. Empty: the agent and their team, or the team.
    pub recipients: Vec<String>,
}

impl RecognitionKind {
    pub const ALL: [Self; 3] = [Self::TargetHeld, Self::Streak, Self::Improvement];

    /// Returns the name in records and settings: `recognition.streak`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TargetHeld => "recognition.target_held",
            Self::Streak => "recognition.streak",
            Self::Improvement => "recognition.improvement",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl RecognitionRule {
    /// Returns the settings that a kind has by default.
    #[must_use]
    pub const fn of(kind: RecognitionKind) -> Self {
        let (threshold, minimum) = match kind {
            RecognitionKind::TargetHeld => (0.5, 40),
            RecognitionKind::Streak => (6.0, 1),
            RecognitionKind::Improvement => (3.5, 20),
        };
        Self {
            enabled: true,
            queues: Vec::new(),
            channels: Vec::new(),
            threshold,
            window: Span::from_secs(8 * 3_600),
            minimum,
            repeat_every: Span::from_secs(7 * 86_400),
            recipients: Vec::new(),
        }
    }

    /// Returns whether work in a queue and channel counts.
    #[must_use]
    pub fn looks_at(&self, queue: &QueueId, channel: Channel) -> bool {
        self.enabled
            && (self.queues.is_empty() || self.queues.contains(queue))
            && (self.channels.is_empty() || self.channels.contains(&channel))
    }
}
