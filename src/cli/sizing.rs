//! How much memory a process may take, by its configuration: what to give a container.

use std::fmt;

use crate::{config::Config, kafka::KafkaSettings};

/// Code, threads, clients, and what the allocator keeps.
const BASE_BYTES: u64 = 60_000_000;
/// Beside the bytes of the parts: their places, decoded contacts, timers, peers.
const STATE_OVERHEAD_PERCENT: u64 = 30;
/// Bytes of a contact, an alert, or an entity's figures over one window in the read side.
const RECORD_BYTES: u64 = 2_000;

/// Bytes at most of a process that does all of the work, or serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizing {
    /// The largest state that a restart reads back within `recovery_max_bytes`.
    pub(super) state: u64,
    /// Records that are fetched before they are needed, unpacked.
    pub(super) ahead: u64,
    /// What the role `work` takes in all.
    pub(super) work: u64,
    /// What the role `serve` takes in all.
    pub(super) serve: u64,
}

impl Sizing {
    pub(super) fn of(config: &Config) -> Self {
        let (engine, serve) = (&config.engine, &config.serve);
        let state = engine.recovery_max_bytes / 3 * 2;
        let sources = engine.sources.len();
        let ahead = config.kafka.ahead_bytes_max(engine.tasks, sources);
        let windows = engine.kpi.windows.len() + 1;
        let records = serve.entities_max * windows + serve.contacts_max + serve.alerts_max;
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        Self {
            state,
            ahead,
            work: BASE_BYTES + state / 100 * (100 + STATE_OVERHEAD_PERCENT) + ahead,
            serve: BASE_BYTES
                + records.saturating_mul(RECORD_BYTES)
                + KafkaSettings::READ_BACK_BYTES_MAX,
        }
    }
}

impl fmt::Display for Sizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            state,
            ahead,
            work,
            serve,
        } = *self;
        let [state, ahead, work, serve] = [state, ahead, work, serve].map(Gigabytes);
        write!(
            f,
            "memory of a process at most: `work` {work} ({state} of state, two thirds of `recovery_max_bytes`, and {ahead} read ahead), \
             `serve` {serve} (by `[serve]`: entities, contacts and alerts); both in one, the sum"
        )
    }
}

struct Gigabytes(u64);

impl fmt::Display for Gigabytes {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} GB", self.0 as f64 / 1e9)
    }
}
