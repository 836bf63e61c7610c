//! Names of the closed enums: the same in the input, in lines and in records.

use serde_json::Value;

use super::{AgentId, AgentState, Author, DeclineCause, Direction, EndedBy, LeftWhy};

impl Direction {
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Outbound, Self::Internal, Self::Monitor];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::Monitor => "monitor",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl LeftWhy {
    pub const ALL: [Self; 5] = [
        Self::Callback,
        Self::Timeout,
        Self::Overflow,
        Self::Key,
        Self::Other,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Timeout => "timeout",
            Self::Overflow => "overflow",
            Self::Key => "key",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl DeclineCause {
    pub const ALL: [Self; 3] = [Self::Declined, Self::Missed, Self::Withdrawn];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::Withdrawn => "withdrawn",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl EndedBy {
    pub const ALL: [Self; 3] = [Self::Customer, Self::Agent, Self::System];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl AgentState {
    pub const ALL: [Self; 6] = [
        Self::Offline,
        Self::Available,
        Self::Offered,
        Self::Engaged,
        Self::WrapUp,
        Self::Away,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Available => "available",
            Self::Offered => "offered",
            Self::Engaged => "engaged",
            Self::WrapUp => "wrap_up",
            Self::Away => "away",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Author {
    pub const NAMES: [&'static str; 4] = ["customer", "bot", "system", "agent"];

    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::System => "system",
            Self::Agent(_) => "agent",
        }
    }

    /// Returns the author of this name; calls `agent` where an agent is needed. `None`: there is no such name.
    pub fn from_name<Fault>(
        name: &str,
        agent: impl FnOnce() -> Result<AgentId, Fault>,
    ) -> Result<Option<Self>, Fault> {
        Ok(Some(match name {
            "customer" => Self::Customer,
            "bot" => Self::Bot,
            "system" => Self::System,
            "agent" => Self::Agent(agent()?),
            _ => return Ok(None),
        }))
    }
}

/// Returns the words of a closed set for a schema.
pub fn words<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Value {
    all.iter().map(|word| name(*word)).collect()
}

/// Returns the words of a closed set, and `null`.
pub fn words_or_null<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Value {
    let words = all.iter().map(|word| Value::from(name(*word)));
    words.chain([Value::Null]).collect()
}
