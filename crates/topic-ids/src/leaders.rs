//! Keeps librdkafka from believing what it makes of a broker's hints.
//!
//! A broker that refuses to be read from may add who leads the partition now (KIP-951). librdkafka 2.5 to 2.15 counts the
//! hints, leaves out those that name no leader, and then reads as many as it counted: partitions and leaders from memory that
//! nobody wrote. It logs nonsense, writes into its cache of leaders, and crashes; a broker that was killed and comes back
//! without leaders for some partitions is enough (`https://github.com/confluentinc/librdkafka/issues/5280`). A hint only
//! spares a round trip: whoever is refused asks for the leaders anyhow. So hints are dropped.

use std::ffi::{c_int, c_void};

/// `RD_KAFKA_OP_RES_HANDLED`: librdkafka frees what it was about to read.
const HANDLED: c_int = 1;

/// Stands in for librdkafka's `rd_kafka_metadata_update_op`, which acts on hints and on nothing else; see `build.rs`.
#[unsafe(no_mangle)]
extern "C" fn __wrap_rd_kafka_metadata_update_op(
    _client: *mut c_void,
    _hints: *mut c_void,
) -> c_int {
    HANDLED
}
