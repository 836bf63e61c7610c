//! Gives memory that librdkafka has freed back to the system.
//!
//! librdkafka unpacks what it reads into buffers of the C library, which keeps most of them after a large topic was read.

/// Gives back what the C library holds and nobody uses. Takes some milliseconds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn release_memory() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: the function locks what it changes, and takes no pointer.
    let _released = unsafe { malloc_trim(0) };
}

/// Other C libraries have no such call.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn release_memory() {}
