//! Windows: how far back a number looks.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::event::{QueueId, SiteId, Span, TeamId};

/// Where an agent or a queue belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Place {
    #[n(0)]
    pub team: Option<TeamId>,
    #[n(1)]
    pub site: Option<SiteId>,
}

/// A sliding window of whole panes, or everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The name in records: `5m`, `1h`, `7d`, `all`.
    pub name: String,
    /// `None`: everything up to the clock.
    pub length: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiSettings {
    /// Shortest first, `all` last; no two alike.
    pub windows: Vec<Window>,
    /// How often changed queues and groups are written.
    pub group_beat: Span,
    /// How often changed agents are written.
    pub agent_beat: Span,
    /// The teams and sites that answer for queues: they hear of waits.
    pub places_by_queue: BTreeMap<QueueId, Place>,
}

impl Window {
    /// The window `all`: everything up to the clock.
    #[must_use]
    pub fn all() -> Self {
        Self {
            name: "all".to_owned(),
            length: None,
        }
    }

    /// A window of `length`, a multiple of its pane.
    #[must_use]
    pub fn sliding(name: &str, length: Span) -> Self {
        Self {
            name: name.to_owned(),
            length: Some(length),
        }
    }

    /// The step by which the window slides: a sixtieth of it, at least 5 s. `None` for `all`.
    #[must_use]
    pub fn pane(&self) -> Option<Span> {
        self.length
            .map(|length| Span((length.0 / 60).max(Span::from_secs(5).0)))
    }
}

impl Default for KpiSettings {
    fn default() -> Self {
        const HOUR: i64 = 3_600;
        Self {
            windows: vec![
                Window::sliding("5m", Span::from_secs(300)),
                Window::sliding("30m", Span::from_secs(1_800)),
                Window::sliding("1h", Span::from_secs(HOUR)),
                Window::sliding("8h", Span::from_secs(8 * HOUR)),
                Window::sliding("24h", Span::from_secs(24 * HOUR)),
                Window::sliding("7d", Span::from_secs(168 * HOUR)),
                Window::all(),
            ],
            group_beat: Span::from_secs(1),
            agent_beat: Span::from_secs(30),
            places_by_queue: BTreeMap::new(),
        }
    }
}
