//! The topics that belong to us: their names, and what they must be set to.

use super::settings::RECORD_BYTES_MAX;
use floorwalker_core::engine::OutTopic;

/// A topic of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Empty: its partitions are what the group hands out.
    Tasks,
    Exchange,
    State,
    Alerts,
    Kpis,
    Contacts,
    Scorecards,
    Recognition,
    /// Written by the read side, not by tasks.
    Acknowledgements,
    /// Written by the read side, and by people.
    Silences,
    /// Written by people and their systems, read by every process.
    Directory,
    /// Written by the process that calls people, and read by it for each receiver.
    Notifications,
    DeadLetters,
}

impl Topic {
    pub const ALL: [Self; 13] = [
        Self::Tasks,
        Self::Exchange,
        Self::State,
        Self::Alerts,
        Self::Kpis,
        Self::Contacts,
        Self::Scorecards,
        Self::Recognition,
        Self::Acknowledgements,
        Self::Silences,
        Self::Directory,
        Self::Notifications,
        Self::DeadLetters,
    ];

    #[must_use]
    pub fn name(self, prefix: &str) -> String {
        let tail = match self {
            Self::Tasks => "tasks",
            Self::Exchange => "exchange",
            Self::State => "state",
            Self::Alerts => "alerts",
            Self::Kpis => "kpis",
            Self::Contacts => "contacts",
            Self::Scorecards => "scorecards",
            Self::Recognition => "recognition",
            Self::Acknowledgements => "acknowledgements",
            Self::Silences => "silences",
            Self::Directory => "directory",
            Self::Notifications => "notifications",
            Self::DeadLetters => "dead-letters",
        };
        format!("{prefix}.{tail}")
    }

    /// What a topic must be set to, and what it is made with.
    pub(super) fn settings(self) -> Vec<Setting> {
        const DAY_MS: u64 = 86_400_000;
        let mut settings = match self {
            Self::Tasks => vec![Setting::exactly("cleanup.policy", "delete")],
            Self::Exchange => vec![
                Setting::exactly("cleanup.policy", "delete"),
                Setting::at_least("retention.ms", DAY_MS),
                Setting::advised("segment.bytes", 64 << 20),
            ],
            // Trimmed by DeleteRecords: retention must never take what a restore needs.
            Self::State => vec![
                Setting::exactly("cleanup.policy", "delete"),
                Setting::exactly("retention.ms", "-1"),
                Setting::exactly("retention.bytes", "-1"),
                Setting::advised("segment.bytes", 32 << 20),
            ],
            Self::Kpis => vec![
                Setting::exactly("cleanup.policy", "compact,delete"),
                Setting::advised("retention.ms", 7 * DAY_MS),
            ],
            // Who is away for weeks still has a baseline.
            Self::Alerts
            | Self::Contacts
            | Self::Scorecards
            | Self::Recognition
            | Self::Acknowledgements => vec![
                Setting::exactly("cleanup.policy", "compact,delete"),
                Setting::advised("retention.ms", 30 * DAY_MS),
            ],
            // One that is written today may begin in 30 days, and last for 30.
            Self::Silences => vec![
                Setting::exactly("cleanup.policy", "compact,delete"),
                Setting::at_least("retention.ms", 61 * DAY_MS),
            ],
            Self::Directory => vec![Setting::exactly("cleanup.policy", "compact")],
            // A log, not the newest of each key: a receiver that was away is sent all of it.
            Self::Notifications | Self::DeadLetters => vec![
                Setting::exactly("cleanup.policy", "delete"),
                Setting::advised("retention.ms", 30 * DAY_MS),
            ],
        };
        if self != Self::Tasks {
            settings.push(Setting::at_least(
                "max.message.bytes",
                RECORD_BYTES_MAX as u64,
            ));
        }
        settings
    }
}

impl From<OutTopic> for Topic {
    fn from(topic: OutTopic) -> Self {
        match topic {
            OutTopic::Alerts => Self::Alerts,
            OutTopic::Kpis => Self::Kpis,
            OutTopic::Contacts => Self::Contacts,
            OutTopic::Scorecards => Self::Scorecards,
            OutTopic::Recognitions => Self::Recognition,
            OutTopic::DeadLetters => Self::DeadLetters,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Exactly,
    AtLeast,
    /// The administrator of the cluster may choose.
    Advised,
}

impl Setting {
    fn exactly(name: &'static str, value: &str) -> Self {
        let (value, rule) = (value.to_owned(), Rule::Exactly);
        Self { name, value, rule }
    }

    fn at_least(name: &'static str, value: u64) -> Self {
        let (value, rule) = (value.to_string(), Rule::AtLeast);
        Self { name, value, rule }
    }

    fn advised(name: &'static str, value: u64) -> Self {
        let (value, rule) = (value.to_string(), Rule::Advised);
        Self { name, value, rule }
    }

    pub(super) fn accepts(&self, found: &str) -> bool {
        match self.rule {
            Rule::Exactly => self.as_list(found) == self.as_list(&self.value),
            Rule::AtLeast => found.parse::<i64>().is_ok_and(|found| {
                found < 0 || self.value.parse::<i64>().is_ok_and(|least| found >= least)
            }),
            Rule::Advised => true,
        }
    }

    #[expect(clippy::unused_self, reason = "reads as a comparison of this setting")]
    fn as_list<'a>(&self, value: &'a str) -> Vec<&'a str> {
        let mut words: Vec<_> = value.split(',').map(str::trim).collect();
        words.sort_unstable();
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_compared_by_their_rule() {
        let policy = Setting::exactly("cleanup.policy", "compact,delete");
        assert!(policy.accepts("delete,compact"));
        assert!(!policy.accepts("delete"));
        let bytes = Setting::at_least("max.message.bytes", 100);
        assert!(bytes.accepts("100") && bytes.accepts("-1"));
        assert!(!bytes.accepts("99"));
    }
}
