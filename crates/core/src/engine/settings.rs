//! The settings of the engine; filled by configuration, read once.

use crate::{
    balance::BalanceSettings, contact::ContactSettings, csat::CsatSettings, decode::Format,
    directory::Directory, event::Span, kpi::KpiSettings,
};

#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// P: fixed when the deployment is created. 1 to 1,000.
    pub tasks: u16,
    /// The configured source topics, in the order in which [`super::InputId::source`] counts them.
    pub sources: Vec<Source>,
    /// An event more than this behind its partition's watermark is a dead letter, unless its source has a lateness of its own.
    pub lateness: Span,
    /// An event more than this ahead of the wall clock is a dead letter.
    pub future_max: Span,
    /// How long the engine waits for an event on its way before it fires a timer.
    pub grace: Span,
    /// How long an idle task holds the watermarks of the others.
    pub idle_timeout: Span,
    /// How often a task with nothing to send sends its watermarks.
    pub heartbeat: Span,
    /// Bytes of state log that one process may have to read back when it starts.
    pub recovery_max_bytes: u64,
    /// Of KPI, alert, contact and scorecard records.
    pub output_format: Format,
    /// Whether contacts have records of their own.
    pub contact_records: bool,
    pub contact: ContactSettings,
    pub kpi: KpiSettings,
    pub balance: BalanceSettings,
    pub csat: CsatSettings,
    pub alert: crate::alert::AlertSettings,
    pub rules: crate::rules::RulesSettings,
    pub limits: super::Limits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub topic: String,
    pub clock: SourceClock,
    pub format: Format,
    /// `None`: [`Settings::lateness`].
    pub lateness: Option<Span>,
}

impl Settings {
    /// Returns these settings with what the directory changes.
    #[must_use]
    pub fn with(&self, directory: &Directory) -> Self {
        Self {
            contact: directory.contact_settings(&self.contact),
            kpi: KpiSettings {
                places: directory.places(&self.kpi.places),
                ..self.kpi.clone()
            },
            ..self.clone()
        }
    }

    /// Returns the lateness that no source exceeds.
    #[must_use]
    pub fn lateness_max(&self) -> Span {
        let own = self.sources.iter().filter_map(|source| source.lateness);
        own.fold(self.lateness, Span::max)
    }
}

/// What a source's time is when it has been read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceClock {
    /// The wall clock: a live feed.
    #[default]
    Wall,
    /// The newest event: files, and loads of the past.
    Events,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tasks: 12,
            sources: Vec::new(),
            lateness: Span::from_secs(600),
            future_max: Span::from_secs(300),
            grace: Span::from_secs(2),
            idle_timeout: Span::from_secs(120),
            heartbeat: Span::from_millis(500),
            recovery_max_bytes: 1_400_000_000,
            output_format: Format::Json,
            contact_records: true,
            contact: ContactSettings::default(),
            kpi: KpiSettings::default(),
            balance: BalanceSettings::default(),
            csat: CsatSettings::default(),
            alert: crate::alert::AlertSettings::default(),
            rules: crate::rules::RulesSettings::default(),
            limits: super::Limits::default(),
        }
    }
}
