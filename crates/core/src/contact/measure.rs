//! Measures of SLA policies: what is promised.

/// When an obligation opens and what meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// From the offer to the answer by that agent.
    Accept,
    /// From the start of each wait to the answer that ends it: the classic service level.
    Answer,
    /// From the customer's first word to the first public message of an agent, once a contact. On voice and video from the
    /// first wait to the answer.
    FirstResponse,
    /// From each turn of the customer to the next public message of an agent.
    NextResponse,
    /// From the first wait, or a reopening, to the resolution.
    Resolution,
}

impl Measure {
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Answer,
        Self::FirstResponse,
        Self::NextResponse,
        Self::Resolution,
    ];

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether it is a first or next response.
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self, Self::FirstResponse | Self::NextResponse)
    }

    /// Whether its clock stands in pauses by default.
    #[must_use]
    pub const fn pauses(self) -> bool {
        matches!(self, Self::Resolution)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Answer => "answer",
            Self::FirstResponse => "first_response",
            Self::NextResponse => "next_response",
            Self::Resolution => "resolution",
        }
    }
}
