//! Settings of the alert stage.

/// Which rules are on, and their severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// `sla.at_risk`: the obligation's at-risk level has passed, unmet.
    pub at_risk: Rule,
    /// `sla.missed`: the obligation is missed.
    pub missed: Rule,
    /// `csat.low_predicted`: a low rating is likely, and the contact is not over.
    pub low_predicted: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub enabled: bool,
    pub severity: Severity,
    /// Who is notified; empty: the queue's supervisor, written `queue:NAME`.
    pub recipients: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Warning,
    Critical,
}

impl Rule {
    pub(super) fn recipients_for(&self, queue: Option<&str>) -> Vec<String> {
        if self.recipients.is_empty() {
            let queue = queue.map(|queue| format!("queue:{queue}"));
            return queue.into_iter().collect();
        }
        self.recipients.clone()
    }
}

impl Severity {
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Default for AlertSettings {
    fn default() -> Self {
        let rule = |severity| Rule {
            enabled: true,
            severity,
            recipients: Vec::new(),
        };
        Self {
            at_risk: rule(Severity::Warning),
            missed: rule(Severity::Critical),
            low_predicted: rule(Severity::Warning),
        }
    }
}
