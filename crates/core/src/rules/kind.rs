//! The rules by name.

/// A rule about a queue, an agent, a reason, a feed or all work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleKind {
    SlaBurn,
    SlaLost,
    QueueStaffing,
    QueueSurge,
    QueueAbsence,
    QueueAbandonment,
    QueueLongestWait,
    QueueCallbacks,
    WorkSlow,
    ReasonSurge,
    AgentSla,
    AgentDrift,
    AgentGaming,
    AgentOverload,
    FeedSilent,
    FeedLate,
    FeedDirty,
    /// A rule of one's own, by its place in [`RulesSettings::own`](super::RulesSettings).
    Own(u16),
}

impl RuleKind {
    /// In the order in which they are judged: feeds first, causes before effects.
    pub const ALL: [Self; 17] = [
        Self::FeedSilent,
        Self::FeedLate,
        Self::FeedDirty,
        Self::WorkSlow,
        Self::ReasonSurge,
        Self::QueueAbsence,
        Self::QueueCallbacks,
        Self::QueueSurge,
        Self::QueueAbandonment,
        Self::QueueStaffing,
        Self::SlaBurn,
        Self::QueueLongestWait,
        Self::SlaLost,
        Self::AgentGaming,
        Self::AgentDrift,
        Self::AgentOverload,
        Self::AgentSla,
    ];

    /// Returns the name in records and settings: `queue.surge`. Those of one's own have theirs in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlaBurn => "sla.burn",
            Self::SlaLost => "sla.lost",
            Self::QueueStaffing => "queue.staffing",
            Self::QueueSurge => "queue.surge",
            Self::QueueAbsence => "queue.absence",
            Self::QueueAbandonment => "queue.abandonment",
            Self::QueueLongestWait => "queue.longest_wait",
            Self::QueueCallbacks => "queue.callbacks",
            Self::WorkSlow => "work.slow",
            Self::ReasonSurge => "reason.surge",
            Self::AgentSla => "agent.sla",
            Self::AgentDrift => "agent.drift",
            Self::AgentGaming => "agent.gaming",
            Self::AgentOverload => "agent.overload",
            Self::FeedSilent => "feed.silent",
            Self::FeedLate => "feed.late",
            Self::FeedDirty => "feed.dirty",
            Self::Own(_) => "own",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    #[must_use]
    pub const fn is_of_feed(self) -> bool {
        matches!(self, Self::FeedSilent | Self::FeedLate | Self::FeedDirty)
    }

    #[must_use]
    pub const fn is_of_queue(self) -> bool {
        !self.is_of_feed()
            && !self.is_of_agent()
            && !matches!(self, Self::WorkSlow | Self::ReasonSurge | Self::Own(_))
    }

    /// Returns whether it looks at who serves a queue.
    #[must_use]
    pub const fn is_of_staff(self) -> bool {
        matches!(self, Self::QueueAbsence | Self::QueueStaffing)
    }

    #[must_use]
    pub const fn is_of_agent(self) -> bool {
        matches!(
            self,
            Self::AgentSla | Self::AgentDrift | Self::AgentGaming | Self::AgentOverload
        )
    }
}
