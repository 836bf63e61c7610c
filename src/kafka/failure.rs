//! Why a transaction was not committed, in words that lead to a cure.

use std::fmt;

use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

use super::client::Refused;

/// Why a transaction was not committed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: KafkaError,
    /// Topic and size of the record that was refused.
    record: Option<(String, usize)>,
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Self {
            error,
            record: None,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self {
            error: refused.error,
            record: Some((refused.topic, refused.bytes)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((topic, bytes)) = &self.record else {
            return write!(formatter, "{}", self.error);
        };
        write!(
            formatter,
            "a record of {bytes} bytes for `{topic}`: {}",
            self.error
        )?;
        let code = self.error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            let wanted = (bytes * 2).next_power_of_two();
            write!(
                formatter,
                "; raise the topic's limit: `kafka-configs.sh --alter --topic {topic} --add-config max.message.bytes={wanted}`"
            )?;
        }
        Ok(())
    }
}
