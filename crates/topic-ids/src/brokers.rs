//! Keeps librdkafka from forgetting brokers that are away for a while.
//!
//! A broker that is restarted, or that hangs, is missing from the others' metadata of the cluster until it is back. Since 2.10
//! librdkafka ends everything that has to do with such a broker at once, and begins anew with it later. Much gets stuck between
//! the two: requests that wait for their group's coordinator
//! (`https://github.com/confluentinc/librdkafka/issues/5511`), questions after committed offsets, records of idempotent
//! producers; statistics list the broker twice. One broker that hangs for 11 s is enough: half of the runs of a test did not
//! recover within minutes. Up to 2.8 a broker once known stayed known, and was connected to again when it could be. So it is
//! here.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    ptr,
};

thread_local! {
    /// The broker that librdkafka is about to note as forgotten.
    static KEPT: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
}

unsafe extern "C" {
    fn rd_kafka_broker_name(broker: *mut c_void) -> *const c_char;
    fn __real_rd_kafka_broker_decommission(
        client: *mut c_void,
        broker: *mut c_void,
        threads: *mut c_void,
    );
    fn __real_rd_list_add(list: *mut c_void, element: *mut c_void) -> *mut c_void;
}

/// More than librdkafka keeps of one client in one piece, a few kilobytes: a list within is the client's own.
const CLIENT_BYTES_MAX: usize = 1 << 16;

/// Stands in for librdkafka's function of this name, which ends a broker's thread; see `build.rs`.
///
/// A client that ends hands over a list on its stack, and one that misses a broker a list of its own. In the latter case only the
/// addresses that a client was configured with go, as they do when the brokers behind them are known.
///
/// # Safety
/// Called by librdkafka alone, with a client that it has locked, a broker of it, and a list of threads.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_kafka_broker_decommission(
    client: *mut c_void,
    broker: *mut c_void,
    threads: *mut c_void,
) {
    let client_ends = threads.addr().wrapping_sub(client.addr()) >= CLIENT_BYTES_MAX;
    if client_ends || is_configured(broker) {
        // SAFETY: as librdkafka called.
        unsafe { __real_rd_kafka_broker_decommission(client, broker, threads) };
        return;
    }
    KEPT.set(broker);
}

/// Stands in for librdkafka's function of this name, by which it notes right after the call above that the broker is gone.
///
/// # Safety
/// Called by librdkafka alone, with a list.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_list_add(list: *mut c_void, element: *mut c_void) -> *mut c_void {
    if !element.is_null() && KEPT.get() == element {
        KEPT.set(ptr::null_mut());
        return element;
    }
    // SAFETY: as librdkafka called.
    unsafe { __real_rd_list_add(list, element) }
}

fn is_configured(broker: *mut c_void) -> bool {
    // SAFETY: the broker lives as long as its client is locked.
    let name = unsafe { rd_kafka_broker_name(broker) };
    if name.is_null() {
        return false;
    }
    // SAFETY: a string that ends with 0, in a buffer of this thread.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_bytes().ends_with(b"/bootstrap")
}
