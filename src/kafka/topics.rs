//! Creates the topics that belong to us, and finds what is wrong with them.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    error::KafkaError,
    metadata::Metadata,
    types::{RDKafkaErrorCode, RDKafkaRespErr},
};

use super::{
    clock::{self, Tick},
    connect,
    finding::refuse,
    right::is_group_denied,
    settings::KafkaSettings,
    topic::{Rule, Setting},
};
pub use super::{finding::Finding, topic::Topic};

const ASK_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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
    /// When Kafka can't be reached, or a property is not one of librdkafka's.
    pub fn new(settings: &'a KafkaSettings, tasks: u16) -> anyhow::Result<Self> {
        connect::find(settings)?;
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
        self.create_with(&[])
    }

    /// Makes them, and source topics with one partition a task.
    ///
    /// # Errors
    /// As for [`Self::create`].
    pub fn create_with(&self, sources: &[String]) -> anyhow::Result<Vec<String>> {
        self.refuse_embedded()?;
        let ours = Topic::ALL.map(|topic| (topic.name(&self.settings.prefix), topic.settings()));
        let theirs = sources.iter().map(|topic| (topic.clone(), Vec::new()));
        let wanted: Vec<_> = ours.into_iter().chain(theirs).collect();
        let requests: Vec<_> = wanted
            .iter()
            .map(|(name, settings)| self.request(name, settings))
            .collect();
        let results = self
            .runtime
            .block_on(self.admin.create_topics(&requests, &options()))
            .map_err(|error| self.refused(&error))?;
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

    /// librdkafka's mock cluster, behind the port of a `demo`, would leave the calls without an answer.
    fn refuse_embedded(&self) -> anyhow::Result<()> {
        let id = self.admin.inner().fetch_cluster_id(ASK_WITHIN);
        anyhow::ensure!(
            !id.is_some_and(|id| id.starts_with("mockCluster")),
            "the embedded broker of `demo` at {} can't make topics or show their settings: those of the demo exist, and are gone \
             when it ends; for others point `kafka.brokers` at Apache Kafka",
            self.settings.brokers
        );
        Ok(())
    }

    fn refused(&self, error: &KafkaError) -> anyhow::Error {
        anyhow::anyhow!("topics at {}: {error}", self.settings.brokers)
    }

    /// The cluster reports topics as made before its brokers know them.
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

    /// What keeps a worker from starting, and the reason.
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
        for topic in missing {
            let topic = topic.clone();
            findings.push(match self.is_denied(&topic)? {
                true => Finding::Denied {
                    topic,
                    operation: "Describe",
                },
                false => Finding::SourceMissing { topic },
            });
        }
        Ok(findings)
    }

    /// What [`Self::check`] finds, and whether the group is this user's to read. Rights to write are not to be seen without
    /// writing.
    ///
    /// # Errors
    /// When the cluster can't be reached.
    pub fn examine(&self, sources: &[String]) -> anyhow::Result<Vec<Finding>> {
        let mut findings = self.check(sources)?;
        if is_group_denied(self.settings)? {
            let group = self.settings.prefix.clone();
            findings.push(Finding::GroupDenied { group });
        }
        Ok(findings)
    }

    /// Topics that a user may not see are not among all topics; asked for one, the cluster answers.
    fn is_denied(&self, topic: &str) -> anyhow::Result<bool> {
        let metadata = (self.admin.inner())
            .fetch_metadata(Some(topic), ASK_WITHIN)
            .with_context(|| format!("no answer from Kafka at {}", self.settings.brokers))?;
        let mut found = metadata.topics().iter().filter_map(|it| it.error());
        let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        Ok(found.any(|error| error == denied))
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
            let missing = state.name.clone();
            state.findings.push(match self.is_denied(&missing)? {
                true => Finding::Denied {
                    topic: missing,
                    operation: "Describe",
                },
                false => Finding::Missing { topic: missing },
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
            self.refuse_embedded()?;
            self.compare_settings(topic, &mut state)?;
        }
        Ok(state)
    }

    fn compare_settings(&self, topic: Topic, state: &mut TopicState) -> anyhow::Result<()> {
        let Some(resource) = self.describe(&state.name)? else {
            state.findings.push(Finding::Denied {
                topic: state.name.clone(),
                operation: "DescribeConfigs",
            });
            return Ok(());
        };
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

    /// `None`: this user may not see them.
    fn describe(&self, name: &str) -> anyhow::Result<Option<ConfigResource>> {
        let resources = [ResourceSpecifier::Topic(name)];
        let described = self
            .runtime
            .block_on(self.admin.describe_configs(&resources, &options()))
            .map_err(|error| self.refused(&error))?
            .pop()
            .with_context(|| format!("no answer about topic `{name}`"))?;
        match described {
            Ok(resource) => Ok(Some(resource)),
            Err(RDKafkaErrorCode::TopicAuthorizationFailed) => Ok(None),
            Err(code) => anyhow::bail!("settings of topic `{name}`: {code}"),
        }
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
