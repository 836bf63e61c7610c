//! Takes locks. A holder that panicked does no harm.

use std::sync::{Mutex, MutexGuard};

/// A lock whose holder panicked is taken all the same: what it guards is replaced whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
