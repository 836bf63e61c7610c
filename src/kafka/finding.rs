//! What is wrong with a topic, in sentences with the cure.

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
    #[error(
        "topic `{topic}` is not this user's to {operation}: let it, `kafka-acls.sh --add --allow-principal User:NAME --operation {operation} --topic {topic}`"
    )]
    Denied {
        topic: String,
        operation: &'static str,
    },
    #[error(
        "group `{group}` is not this user's to read: let it, `kafka-acls.sh --add --allow-principal User:NAME --operation Read --group {group}`"
    )]
    GroupDenied { group: String },
    #[error("source topic `{topic}` does not exist: create it, or correct `sources`")]
    SourceMissing { topic: String },
}

impl Finding {
    /// Whether a worker must not start with this. A source may be created later.
    #[must_use]
    pub fn refuses(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::Partitions { .. }
            | Self::Setting { .. }
            | Self::Denied { .. }
            | Self::GroupDenied { .. } => true,
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

#[cfg(test)]
mod tests {
    use super::Finding;
    use crate::kafka::topic::Topic;

    #[test]
    fn a_missing_topic_says_what_to_run() {
        let topic = Topic::DeadLetters.name("pilot");
        insta::assert_snapshot!(Finding::Missing { topic }, @"topic `pilot.dead-letters` does not exist: run `floorwalker topics create --config FILE`");
    }
}
