//! The kinds of incidents, and what each of them changes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds leave most things as they are"
)]

use std::ops::Mul;

use floorwalker_core::event::Span;

/// Something that goes wrong for a while, counted from the start of the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    pub kind: IncidentKind,
    pub begins: Span,
    pub lasts: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum IncidentKind {
    /// This share of the agents leaves, of one desk or of all.
    AgentsAbsent { share: f64, desk: Option<String> },
    /// Times as many contacts, in one queue or in all.
    Surge { factor: f64, queue: Option<String> },
    /// Everything that agents do takes times as long.
    SlowTool { factor: f64 },
    /// One agent: slow, curt, hands contacts on, solves little.
    StrugglingAgent { agent: Option<String> },
    /// One agent makes contacts short, solved or not: handle times fall, and customers come back.
    RushingAgent { agent: Option<String> },
    /// The app broke: twice the contacts where technical help is, angry, and hard to help.
    BadRelease,
    /// Customers wait times as long before they give up, in one queue or in all.
    AbandonmentWave { factor: f64, queue: Option<String> },
    /// Half as many callers again as usual, of whom this share asks to be called back as soon as they wait.
    CallbackStorm { share: f64, queue: Option<String> },
    /// One agent gets rid of contacts: short talks, many of them handed on, all noted as resolved.
    GamingAgent { agent: Option<String> },
    /// One agent gets slower little by little, to times as slow at the end.
    SlowDrift { factor: f64, agent: Option<String> },
    /// One agent gets the next contact each time and takes no breaks: slower, less kind, misses rings.
    BurnedOutAgent { agent: Option<String> },
    /// No event of a desk arrives, of all desks without one, and at the end all at once.
    AcdOutage { desk: Option<String> },
    /// Events of a desk, or of all, arrive so much later.
    FeedLags { by: Span, desk: Option<String> },
    /// Events of a desk, or of all, arrive twice.
    FeedDoubles { desk: Option<String> },
}

impl IncidentKind {
    pub const NAMES: [&'static str; 14] = [
        "agents_absent",
        "surge",
        "slow_tool",
        "struggling_agent",
        "rushing_agent",
        "bad_release",
        "abandonment_wave",
        "callback_storm",
        "gaming_agent",
        "slow_drift",
        "burned_out_agent",
        "acd_outage",
        "feed_lags",
        "feed_doubles",
    ];

    #[must_use]
    pub const fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::AgentsAbsent { .. } => 0,
            Self::Surge { .. } => 1,
            Self::SlowTool { .. } => 2,
            Self::StrugglingAgent { .. } => 3,
            Self::RushingAgent { .. } => 4,
            Self::BadRelease => 5,
            Self::AbandonmentWave { .. } => 6,
            Self::CallbackStorm { .. } => 7,
            Self::GamingAgent { .. } => 8,
            Self::SlowDrift { .. } => 9,
            Self::BurnedOutAgent { .. } => 10,
            Self::AcdOutage { .. } => 11,
            Self::FeedLags { .. } => 12,
            Self::FeedDoubles { .. } => 13,
        }]
    }

    /// How large it is, in what its kind measures: times, a share, or seconds.
    #[must_use]
    pub fn size(&self) -> Option<f64> {
        match self {
            Self::AgentsAbsent { share, .. } | Self::CallbackStorm { share, .. } => Some(*share),
            Self::Surge { factor, .. }
            | Self::SlowTool { factor }
            | Self::AbandonmentWave { factor, .. }
            | Self::SlowDrift { factor, .. } => Some(*factor),
            Self::FeedLags { by, .. } => Some(by.as_secs()),
            Self::StrugglingAgent { .. }
            | Self::RushingAgent { .. }
            | Self::GamingAgent { .. }
            | Self::BurnedOutAgent { .. }
            | Self::BadRelease
            | Self::AcdOutage { .. }
            | Self::FeedDoubles { .. } => None,
        }
    }

    /// The one queue that it strikes.
    #[must_use]
    pub fn queue(&self) -> Option<&str> {
        match self {
            Self::Surge { queue, .. }
            | Self::AbandonmentWave { queue, .. }
            | Self::CallbackStorm { queue, .. } => queue.as_deref(),
            _ => None,
        }
    }

    /// The one desk that it strikes.
    #[must_use]
    pub fn desk(&self) -> Option<&str> {
        match self {
            Self::AgentsAbsent { desk, .. }
            | Self::AcdOutage { desk }
            | Self::FeedLags { desk, .. }
            | Self::FeedDoubles { desk } => desk.as_deref(),
            _ => None,
        }
    }

    /// Whether it is about one agent; which one, if that is named.
    pub(super) fn agent(&self) -> Option<Option<&str>> {
        match self {
            Self::StrugglingAgent { agent }
            | Self::RushingAgent { agent }
            | Self::GamingAgent { agent }
            | Self::SlowDrift { agent, .. }
            | Self::BurnedOutAgent { agent } => Some(agent.as_deref()),
            _ => None,
        }
    }

    /// Times as many arrivals in a queue.
    pub(super) fn surge(&self, queue: &str) -> f64 {
        let here = self.queue().is_none_or(|name| name == queue);
        match self {
            Self::Surge { factor, .. } if here => factor.max(0.0),
            Self::CallbackStorm { .. } if here => STORM_SURGE,
            Self::BadRelease if takes_technical(queue) => RELEASE_SURGE,
            _ => 1.0,
        }
    }

    /// Times as long a patience in a queue.
    pub(super) fn patience(&self, queue: &str) -> f64 {
        match self {
            Self::AbandonmentWave { factor, .. }
                if self.queue().is_none_or(|name| name == queue) =>
            {
                factor.max(0.0)
            }
            _ => 1.0,
        }
    }

    /// The share of callers who ask to be called back at once.
    pub(super) fn asks_for_callback(&self, queue: &str) -> Option<f64> {
        match self {
            Self::CallbackStorm { share, .. } => {
                (self.queue().is_none_or(|name| name == queue)).then_some(*share)
            }
            _ => None,
        }
    }

    pub(super) fn is_bad_release(&self, queue: &str) -> bool {
        matches!(self, Self::BadRelease) && takes_technical(queue)
    }

    /// What becomes of an agent whom it concerns. `progress` goes from 0 to 1 while it lasts.
    pub(super) fn condition(&self, progress: f64) -> Condition {
        let usual = Condition::default();
        match self {
            Self::StrugglingAgent { .. } => Condition {
                pace: 1.7,
                transfers: 3.0,
                skill: 0.5,
                kindness: Some(0.1),
                ..usual
            },
            Self::RushingAgent { .. } => Condition {
                pace: 0.5,
                skill: 0.5,
                claims_all: true,
                ..usual
            },
            Self::GamingAgent { .. } => Condition {
                pace: 0.6,
                transfers: 3.5,
                skill: 0.8,
                claims_all: true,
                ..usual
            },
            Self::SlowDrift { factor, .. } => Condition {
                pace: 1.0 + (factor - 1.0) * progress,
                ..usual
            },
            Self::BurnedOutAgent { .. } => Condition {
                pace: 1.0 + 0.35 * progress,
                misses: 2.0,
                kindness: Some(0.25),
                never_rests: true,
                ..usual
            },
            _ => usual,
        }
    }
}

/// A bad release's traffic where technical help is.
const RELEASE_SURGE: f64 = 2.0;
const STORM_SURGE: f64 = 1.5;

pub(super) fn takes_technical(queue: &str) -> bool {
    ["tech", "chat", "social"].contains(&queue)
}

/// What incidents make of an agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Condition {
    /// Times as long for everything.
    pub(crate) pace: f64,
    /// Times as many transfers.
    pub(crate) transfers: f64,
    /// Times as many solved problems.
    pub(crate) skill: f64,
    /// Times as many missed rings.
    pub(crate) misses: f64,
    /// Instead of their own.
    pub(crate) kindness: Option<f64>,
    /// Takes every problem for solved.
    pub(crate) claims_all: bool,
    /// Takes no breaks, and each contact before others do.
    pub(crate) never_rests: bool,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            pace: 1.0,
            transfers: 1.0,
            skill: 1.0,
            misses: 1.0,
            kindness: None,
            claims_all: false,
            never_rests: false,
        }
    }
}

/// Both at once.
impl Mul for Condition {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self {
            pace: self.pace * other.pace,
            transfers: self.transfers * other.transfers,
            skill: self.skill.min(other.skill),
            misses: self.misses * other.misses,
            kindness: self
                .kindness
                .into_iter()
                .chain(other.kindness)
                .reduce(f64::min),
            claims_all: self.claims_all || other.claims_all,
            never_rests: self.never_rests || other.never_rests,
        }
    }
}
