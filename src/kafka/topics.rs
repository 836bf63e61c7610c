//! The topics that belong to us: their names, their settings, making them and finding what is wrong with them.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    metadata::Metadata,
    types::RDKafkaErrorCode,
};

use super::{
    clock::{self, Tick},
    settings::{KafkaSettings, RECORD_BYTES_MAX},
};
use crate::engine::OutTopic;

const ASK_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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
    /// Written by the read side, not by tasks.
    Acknowledgements,
    /// Written by people and their systems, read by every process.
    Directory,
    DeadLetters,
}

impl Topic {
    pub const ALL: [Self; 10] = [
        Self::Tasks,
        Self::Exchange,
        Self::State,
        Self::Alerts,
        Self::Kpis,
        Self::Contacts,
        Self::Scorecards,
        Self::Acknowledgements,
        Self::Directory,
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
            Self::Acknowledgements => "acknowledgements",
            Self::Directory => "directory",
            Self::DeadLetters => "dead-letters",
        };
        format!("{prefix}.{tail}")
    }

    /// What a topic must be set to, and what it is made with.
    fn settings(self) -> Vec<Setting> {
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
            Self::Alerts | Self::Contacts | Self::Scorecards | Self::Acknowledgements => vec![
                Setting::exactly("cleanup.policy", "compact,delete"),
                Setting::advised("retention.ms", 30 * DAY_MS),
            ],
            Self::Directory => vec![Setting::exactly("cleanup.policy", "compact")],
            Self::DeadLetters => vec![
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
            OutTopic::DeadLetters => Self::DeadLetters,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    value: String,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Exactly,
    AtLeast,
    /// Whoever runs the cluster may choose.
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

    fn accepts(&self, found: &str) -> bool {
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

/// Something about a topic that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("topic `{topic}` does not exist: run `floorwalker topics create --config FILE`")]
    Missing { topic: String },
    #[error(
        "topic `{topic}` has {found} partitions, but `tasks` is {expected}: set `tasks = {found}` if this deployment was created with it, else choose another `prefix`"
    )]
    Partitions {
        topic: String,
        found: usize,
        expected: u16,
    },
    #[error(
        "topic `{topic}` has `{name} = {found}`, needs {expected}: `kafka-configs.sh --alter --topic {topic} --add-config '{name}=[{value}]'`"
    )]
    Setting {
        topic: String,
        name: &'static str,
        found: String,
        expected: String,
        value: String,
    },
    #[error("source topic `{topic}` does not exist: create it, or correct `sources`")]
    SourceMissing { topic: String },
}

impl Finding {
    /// Whether a worker must not start with this. A source may be created later.
    #[must_use]
    pub fn refuses(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Partitions { .. } | Self::Setting { .. } => true,
            Self::SourceMissing { .. } => false,
        }
    }
}

/// What a worker must not start with, as one error.
pub(super) fn refuse(findings: &[Finding]) -> anyhow::Result<()> {
    let refusals = findings.iter().filter(|it| it.refuses());
    let refusals: Vec<_> = refusals.map(ToString::to_string).collect();
    anyhow::ensure!(refusals.is_empty(), "{}", refusals.join("\n"));
    Ok(())
}

/// A topic as the cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicState {
    pub name: String,
    /// 0: it does not exist.
    pub partitions: usize,
    /// The settings that we care for, as found.
    pub settings: Vec<(&'static str, String)>,
    pub findings: Vec<Finding>,
}

impl fmt::Display for TopicState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} partitions={}", self.name, self.partitions)?;
        for (name, value) in &self.settings {
            write!(formatter, " {name}={value}")?;
        }
        Ok(())
    }
}

/// Asks the cluster about the topics of one deployment.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Topics<'a> {
    settings: &'a KafkaSettings,
    tasks: u16,
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Topics<'a> {
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub fn new(settings: &'a KafkaSettings, tasks: u16) -> anyhow::Result<Self> {
        Ok(Self {
            settings,
            tasks,
            admin: settings.client("admin").create().context("Kafka client")?,
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
        })
    }

    /// Makes the topics that are missing; returns their names. What exists is left as it is. Who looks for them next finds
    /// them.
    ///
    /// # Errors
    /// When the cluster can't be reached, refuses one, or does not know them after half a minute.
    pub fn create(&self) -> anyhow::Result<Vec<String>> {
        let wanted: Vec<_> = Topic::ALL
            .into_iter()
            .map(|topic| (topic.name(&self.settings.prefix), topic.settings()))
            .collect();
        let requests: Vec<_> = wanted
            .iter()
            .map(|(name, settings)| self.request(name, settings))
            .collect();
        let results = self
            .runtime
            .block_on(self.admin.create_topics(&requests, &options()))
            .with_context(|| format!("create topics at {}", self.settings.brokers))?;
        let mut created = Vec::new();
        for result in results {
            match result {
                Ok(name) => created.push(name),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => anyhow::bail!("topic `{name}` could not be created: {code}"),
            }
        }
        self.wait_for(&wanted)?;
        Ok(created)
    }

    /// The cluster says that topics are made before its brokers know them.
    fn wait_for(&self, wanted: &[(String, Vec<Setting>)]) -> anyhow::Result<()> {
        let limit = Tick::now().after(ASK_WITHIN);
        loop {
            let metadata = self.metadata()?;
            let unknown = (wanted.iter()).find(|(name, _)| partitions(&metadata, name) == 0);
            let Some((name, _)) = unknown else {
                return Ok(());
            };
            anyhow::ensure!(
                Tick::now() < limit,
                "topic `{name}` was created, but is not known after {ASK_WITHIN:?}"
            );
            clock::pause(LOOK_AGAIN);
        }
    }

    fn request<'b>(&self, name: &'b str, settings: &'b [Setting]) -> NewTopic<'b> {
        let copies = TopicReplication::Fixed(self.settings.replication);
        let request = NewTopic::new(name, i32::from(self.tasks), copies);
        settings.iter().fold(request, |request, setting| {
            request.set(setting.name, &setting.value)
        })
    }

    /// Each topic of ours as it is.
    ///
    /// # Errors
    /// When the cluster can't be reached.
    pub fn show(&self) -> anyhow::Result<Vec<TopicState>> {
        let metadata = self.metadata()?;
        Topic::ALL
            .into_iter()
            .map(|topic| self.show_one(topic, &metadata))
            .collect()
    }

    /// What keeps a worker from starting, and what it should be told.
    ///
    /// # Errors
    /// When the cluster can't be reached.
    pub fn check(&self, sources: &[String]) -> anyhow::Result<Vec<Finding>> {
        let metadata = self.metadata()?;
        let mut findings = Vec::new();
        for topic in Topic::ALL {
            findings.extend(self.show_one(topic, &metadata)?.findings);
        }
        let missing = sources
            .iter()
            .filter(|name| partitions(&metadata, name) == 0);
        findings.extend(missing.map(|topic| Finding::SourceMissing {
            topic: topic.clone(),
        }));
        Ok(findings)
    }

    /// # Errors
    /// When the topic is not as it has to be, or the cluster can't be reached.
    pub fn require(&self, topic: Topic) -> anyhow::Result<()> {
        refuse(&self.show_one(topic, &self.metadata()?)?.findings)
    }

    fn metadata(&self) -> anyhow::Result<Metadata> {
        self.admin
            .inner()
            .fetch_metadata(None, ASK_WITHIN)
            .with_context(|| format!("no answer from Kafka at {}", self.settings.brokers))
    }

    fn show_one(&self, topic: Topic, metadata: &Metadata) -> anyhow::Result<TopicState> {
        let name = topic.name(&self.settings.prefix);
        let found = partitions(metadata, &name);
        let mut state = TopicState {
            name,
            partitions: found,
            settings: Vec::new(),
            findings: Vec::new(),
        };
        if found == 0 {
            state.findings.push(Finding::Missing {
                topic: state.name.clone(),
            });
            return Ok(state);
        }
        if found != usize::from(self.tasks) {
            state.findings.push(Finding::Partitions {
                topic: state.name.clone(),
                found,
                expected: self.tasks,
            });
        }
        if self.settings.broker.has_admin_calls() {
            self.compare_settings(topic, &mut state)?;
        }
        Ok(state)
    }

    fn compare_settings(&self, topic: Topic, state: &mut TopicState) -> anyhow::Result<()> {
        let resource = self.describe(&state.name)?;
        for setting in topic.settings() {
            let found = resource
                .get(setting.name)
                .and_then(|entry| entry.value.clone())
                .unwrap_or_default();
            if !setting.accepts(&found) {
                state.findings.push(Finding::Setting {
                    topic: state.name.clone(),
                    name: setting.name,
                    found: found.clone(),
                    expected: match setting.rule {
                        Rule::AtLeast => format!("at least {}", setting.value),
                        Rule::Exactly | Rule::Advised => setting.value.clone(),
                    },
                    value: setting.value.clone(),
                });
            }
            state.settings.push((setting.name, found));
        }
        Ok(())
    }

    fn describe(&self, name: &str) -> anyhow::Result<ConfigResource> {
        let resources = [ResourceSpecifier::Topic(name)];
        self.runtime
            .block_on(self.admin.describe_configs(&resources, &options()))?
            .pop()
            .with_context(|| format!("no answer about topic `{name}`"))?
            .map_err(|code| anyhow::anyhow!("settings of topic `{name}`: {code}"))
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(ASK_WITHIN))
        .operation_timeout(Some(ASK_WITHIN))
}

/// 0 when there is no such topic.
pub(super) fn partitions(metadata: &Metadata, name: &str) -> usize {
    metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == name && topic.error().is_none())
        .map_or(0, |topic| topic.partitions().len())
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

    #[test]
    fn a_missing_topic_says_what_to_run() {
        let topic = Topic::DeadLetters.name("pilot");
        insta::assert_snapshot!(Finding::Missing { topic }, @"topic `pilot.dead-letters` does not exist: run `floorwalker topics create --config FILE`");
    }
}
