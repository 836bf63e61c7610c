//! Settings of the alert stage.

use crate::contact::Concern;

/// Which rules are on, and their severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// `sla.at_risk`: the obligation's at-risk level has passed, unmet.
    pub at_risk: Rule,
    /// `sla.missed`: the obligation is missed.
    pub missed: Rule,
    /// `csat.low_predicted`: a low rating is likely, and the contact is not over.
    pub low_predicted: Rule,
    /// `customer.repeat`: the customer has come back too often.
    pub repeat: Rule,
    /// From so many contacts of a customer within the window of first-contact resolution on.
    pub repeat_contacts: u32,
    /// `sentiment.turned`: the customer's messages have turned bad, and stay so.
    pub turned: Rule,
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

impl AlertSettings {
    /// Returns the settings of a rule about a whole contact.
    #[must_use]
    pub const fn of(&self, concern: Concern) -> &Rule {
        match concern {
            Concern::LowPredicted => &self.low_predicted,
            Concern::Repeat => &self.repeat,
            Concern::Turned => &self.turned,
        }
    }
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
            repeat: rule(Severity::Warning),
            repeat_contacts: 3,
            turned: rule(Severity::Warning),
        }
    }
}
