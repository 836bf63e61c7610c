//! Reads the ids that Kafka gives to topics: a topic that is deleted and created again has another id under the same name.
//!
//! librdkafka's `DescribeTopics` returns them; rdkafka's safe interface does not have that call. All `unsafe` code of
//! Floorwalker is in this crate; `leaders.rs` mends a fault of librdkafka's.

mod brokers;
mod leaders;
mod memory;

pub use memory::release_memory;

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_int},
    ptr::NonNull,
    time::Duration,
};

use rdkafka::{
    bindings::{
        rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new,
        rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_t,
        rd_kafka_DescribeTopics, rd_kafka_DescribeTopics_result_topics,
        rd_kafka_TopicCollection_destroy, rd_kafka_TopicCollection_of_topic_names,
        rd_kafka_TopicCollection_t, rd_kafka_TopicDescription_error,
        rd_kafka_TopicDescription_name, rd_kafka_TopicDescription_t,
        rd_kafka_TopicDescription_topic_id, rd_kafka_Uuid_least_significant_bits,
        rd_kafka_Uuid_most_significant_bits, rd_kafka_admin_op_t, rd_kafka_error_code,
        rd_kafka_event_DescribeTopics_result, rd_kafka_event_destroy, rd_kafka_event_error,
        rd_kafka_event_t, rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll,
        rd_kafka_queue_t,
    },
    client::{Client, ClientContext},
    error::{KafkaError, RDKafkaErrorCode},
    types::RDKafkaRespErr,
};

/// The id of a topic: 128 bits, never used again by its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub u128);

/// Prints 32 hexadecimal digits.
impl std::fmt::Display for TopicId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Returns the ids of those of the topics that exist, by name. Waits up to `timeout` for the broker.
///
/// A broker older than Kafka 2.8 has no ids: then the map is empty.
///
/// # Errors
/// When the broker does not answer in time, or refuses to describe the topics.
pub fn topic_ids<C: ClientContext>(
    client: &Client<C>,
    topics: &[&str],
    timeout: Duration,
) -> Result<BTreeMap<String, TopicId>, KafkaError> {
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    let collection = Collection::new(topics)?;
    let options = Options::new(client, timeout_ms)?;
    let queue = Queue::new(client)?;
    // SAFETY: the client, collection, options and queue live until the call returns, and librdkafka copies what it keeps.
    unsafe {
        rd_kafka_DescribeTopics(
            client.native_ptr(),
            collection.0.as_ptr(),
            options.0.as_ptr(),
            queue.0.as_ptr(),
        );
    };
    queue.wait(timeout_ms)?.topics()
}

fn failure(code: RDKafkaErrorCode) -> KafkaError {
    KafkaError::AdminOp(code)
}

/// The names asked for.
struct Collection(NonNull<rd_kafka_TopicCollection_t>);

impl Collection {
    fn new(topics: &[&str]) -> Result<Self, KafkaError> {
        let names: Vec<CString> = topics
            .iter()
            .map(|topic| CString::new(*topic).map_err(KafkaError::Nul))
            .collect::<Result<_, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: `pointers` has this many pointers to strings that end with 0; they are copied.
        let collection = unsafe {
            rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len())
        };
        let missing = failure(RDKafkaErrorCode::InvalidArgument);
        NonNull::new(collection).map(Self).ok_or(missing)
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        // SAFETY: it was created by `new`, and is destroyed once.
        unsafe { rd_kafka_TopicCollection_destroy(self.0.as_ptr()) };
    }
}

/// How long the broker may take.
struct Options(NonNull<rd_kafka_AdminOptions_t>);

impl Options {
    fn new<C: ClientContext>(client: &Client<C>, timeout_ms: c_int) -> Result<Self, KafkaError> {
        let operation = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        // SAFETY: the client lives.
        let options = unsafe { rd_kafka_AdminOptions_new(client.native_ptr(), operation) };
        let refused = || failure(RDKafkaErrorCode::InvalidArgument);
        let options = NonNull::new(options).map(Self).ok_or_else(refused)?;
        let mut text = [0; 256];
        // SAFETY: the options live, and `text` has the length that is passed.
        let code = unsafe {
            rd_kafka_AdminOptions_set_request_timeout(
                options.0.as_ptr(),
                timeout_ms,
                text.as_mut_ptr(),
                text.len(),
            )
        };
        match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(options),
            other => Err(failure(other.into())),
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: they were created by `new`, and are destroyed once.
        unsafe { rd_kafka_AdminOptions_destroy(self.0.as_ptr()) };
    }
}

/// Where the answer arrives.
struct Queue(NonNull<rd_kafka_queue_t>);

impl Queue {
    fn new<C: ClientContext>(client: &Client<C>) -> Result<Self, KafkaError> {
        // SAFETY: the client lives.
        let queue = unsafe { rd_kafka_queue_new(client.native_ptr()) };
        let missing = failure(RDKafkaErrorCode::Fail);
        NonNull::new(queue).map(Self).ok_or(missing)
    }

    fn wait(&self, timeout_ms: c_int) -> Result<Answer, KafkaError> {
        // SAFETY: the queue lives.
        let event = unsafe { rd_kafka_queue_poll(self.0.as_ptr(), timeout_ms) };
        let silent = failure(RDKafkaErrorCode::OperationTimedOut);
        NonNull::new(event).map(Answer).ok_or(silent)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: it was created by `new`, and is destroyed once.
        unsafe { rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

/// What the broker answered.
struct Answer(NonNull<rd_kafka_event_t>);

impl Answer {
    fn topics(&self) -> Result<BTreeMap<String, TopicId>, KafkaError> {
        let event = self.0.as_ptr();
        // SAFETY: the event lives.
        let code = unsafe { rd_kafka_event_error(event) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(failure(code.into()));
        }
        // SAFETY: the event lives; null if it is another kind of event.
        let result = unsafe { rd_kafka_event_DescribeTopics_result(event) };
        if result.is_null() {
            return Err(failure(RDKafkaErrorCode::Fail));
        }
        let mut count = 0;
        // SAFETY: the result lives as long as the event.
        let first = unsafe { rd_kafka_DescribeTopics_result_topics(result, &raw mut count) };
        if first.is_null() {
            return Ok(BTreeMap::new());
        }
        // SAFETY: `first` is an array of `count` descriptions that live as long as the event.
        let descriptions = unsafe { std::slice::from_raw_parts(first, count) };
        let mut ids = BTreeMap::new();
        for description in descriptions {
            if let Some((name, id)) = describe(*description)? {
                ids.insert(name, id);
            }
        }
        Ok(ids)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: it was returned by `wait`, and is destroyed once.
        unsafe { rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}

/// `None` for a topic that does not exist, or has no id. The description must be null or one of a living answer.
fn describe(
    description: *const rd_kafka_TopicDescription_t,
) -> Result<Option<(String, TopicId)>, KafkaError> {
    // The broker may have left out a topic that was asked for.
    if description.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's answer lives.
    let error = unsafe { rd_kafka_TopicDescription_error(description) };
    // SAFETY: null, or an error that lives as long as the description.
    let code = unsafe { rd_kafka_error_code(error) };
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {}
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART => return Ok(None),
        other => return Err(failure(other.into())),
    }
    // SAFETY: the description lives, and so does its name.
    let name = unsafe { rd_kafka_TopicDescription_name(description) };
    // SAFETY: the name ends with 0.
    let name = unsafe { CStr::from_ptr(name) };
    // SAFETY: the description lives, and so does its id.
    let id = unsafe { rd_kafka_TopicDescription_topic_id(description) };
    if id.is_null() {
        return Ok(None);
    }
    // SAFETY: the id lives.
    let most = unsafe { rd_kafka_Uuid_most_significant_bits(id) };
    // SAFETY: the id lives.
    let least = unsafe { rd_kafka_Uuid_least_significant_bits(id) };
    let bits = u128::from(most.cast_unsigned()) << 64 | u128::from(least.cast_unsigned());
    let name = name.to_string_lossy().into_owned();
    Ok((bits != 0).then_some((name, TopicId(bits))))
}
