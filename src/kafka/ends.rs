//! Where a partition begins and ends, also while its leader changes.

use std::time::Duration;

use rdkafka::{
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaResult,
    types::RDKafkaErrorCode,
};

use super::clock::{self, Tick};

const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Returns the offsets of a partition's first record and behind its last one.
///
/// Asks again for as long as the partition has no leader that knows itself to be it: right after a topic was created, and while
/// brokers are restarted.
pub(super) fn ends<C: ConsumerContext>(
    reader: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    within: Duration,
) -> KafkaResult<(i64, i64)> {
    let limit = Tick::now().after(within);
    loop {
        let found = reader.fetch_watermarks(topic, partition, within);
        let code = (found.as_ref().err()).and_then(|error| error.rdkafka_error_code());
        if !code.is_some_and(passes) || Tick::now() > limit {
            return found;
        }
        tracing::debug!(topic, partition, "where it ends is asked again: {code:?}");
        clock::pause(ASK_AGAIN);
    }
}

/// Whether it is over by itself, as soon as the brokers agree on the leader.
fn passes(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::NotLeaderForPartition
            | RDKafkaErrorCode::LeaderNotAvailable
            | RDKafkaErrorCode::ReplicaNotAvailable
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::FencedLeaderEpoch
            | RDKafkaErrorCode::UnknownLeaderEpoch
            | RDKafkaErrorCode::OffsetNotAvailable
            | RDKafkaErrorCode::BrokerTransportFailure
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_asked_again() {
        assert!(passes(RDKafkaErrorCode::NotLeaderForPartition));
        assert!(!passes(RDKafkaErrorCode::TopicAuthorizationFailed));
        assert!(!passes(RDKafkaErrorCode::OperationTimedOut));
    }
}
