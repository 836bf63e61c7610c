//! How many names of each kind have figures of their own.

/// What the overflow entity of a kind is called.
pub const OVERFLOW: &str = "(other)";

/// How many names of each kind have figures of their own, over all tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub agents: usize,
    /// Of scorecards too: queues in each channel.
    pub queues: usize,
    pub teams: usize,
    pub sites: usize,
    /// Reasons of being away, of each task.
    pub reasons: usize,
    /// Agents in a queue and channel.
    pub scorecards: usize,
    /// Reasons of contacts.
    pub contact_reasons: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            agents: 50_000,
            queues: 2_000,
            teams: 1_000,
            sites: 500,
            reasons: 200,
            scorecards: 200_000,
            contact_reasons: 500,
        }
    }
}

impl Limits {
    /// Returns no limits: for a file, which is finite.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            agents: usize::MAX,
            queues: usize::MAX,
            teams: usize::MAX,
            sites: usize::MAX,
            reasons: usize::MAX,
            scorecards: usize::MAX,
            contact_reasons: usize::MAX,
        }
    }

    /// Returns the limit of one kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> usize {
        match kind {
            Kind::Agent => self.agents,
            Kind::Queue | Kind::PeerGroup => self.queues,
            Kind::Team => self.teams,
            Kind::Site => self.sites,
            Kind::Reason => self.reasons,
            Kind::Scorecard => self.scorecards,
            Kind::ContactReason => self.contact_reasons,
        }
    }
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Agent,
    Queue,
    Team,
    Site,
    Reason,
    /// A queue in a channel, as scorecards have it.
    PeerGroup,
    Scorecard,
    ContactReason,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Agent,
        Self::Queue,
        Self::Team,
        Self::Site,
        Self::Reason,
        Self::PeerGroup,
        Self::Scorecard,
        Self::ContactReason,
    ];

    /// Returns its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Queue => "queue",
            Self::Team => "team",
            Self::Site => "site",
            Self::Reason => "reason",
            Self::PeerGroup => "scorecard_queue",
            Self::Scorecard => "scorecard",
            Self::ContactReason => "contact_reason",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the setting that limits it.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Agent => "limits.agents",
            Self::Queue | Self::PeerGroup => "limits.queues",
            Self::Team => "limits.teams",
            Self::Site => "limits.sites",
            Self::Reason => "limits.reasons",
            Self::Scorecard => "limits.scorecards",
            Self::ContactReason => "limits.contact_reasons",
        }
    }
}
