//! What is on the other side: a cluster, or the embedded broker of `demo`. Nothing else asks which.

/// Who answers. The embedded broker is librdkafka's mock cluster: it keeps records in memory and knows neither groups that
/// form at once nor transactions that undo anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broker {
    #[default]
    Real,
    Embedded,
}

impl Broker {
    /// The embedded broker's fetches wait this long whatever arrives, in milliseconds.
    const EMBEDDED_FETCH_WAIT_MS: u32 = 10;

    /// `fetch.wait.max.ms`, where a real broker may take `wanted`.
    pub(super) fn fetch_wait_ms(self, wanted: u32) -> String {
        let wait = match self {
            Self::Real => wanted,
            Self::Embedded => wanted.min(Self::EMBEDDED_FETCH_WAIT_MS),
        };
        wait.to_string()
    }

    /// Whether tasks are placed by a consumer group. The embedded broker would let a group of one wait for 3 s, and nobody
    /// else can join: its worker is given all tasks.
    pub(super) const fn forms_groups(self) -> bool {
        matches!(self, Self::Real)
    }

    /// Whether a transaction carries offsets. The embedded broker forgets those: they are committed right behind it.
    pub(super) const fn keeps_offsets_of_transactions(self) -> bool {
        matches!(self, Self::Real)
    }

    /// Whether topics have settings that can be asked for, and records that can be deleted.
    pub(super) const fn has_admin_calls(self) -> bool {
        matches!(self, Self::Real)
    }
}
