//! Rules of one's own: conditions in CEL (the Common Expression Language) over the figures of a queue, an agent or all queues.
//!
//! ```
//! use floorwalker_core::rules::{Formula, Of};
//! assert!(Formula::condition("abandonment.w5m.value > 0.08 && live.waiting > 10", Of::Queue).is_ok());
//! let mistake = Formula::condition("abandonmet.w5m.value > 0.08", Of::Queue).unwrap_err();
//! assert_eq!(mistake.to_string(), "line 1, column 1: there is no figure `abandonmet`; did you mean `abandonment`?");
//! ```

mod figures;
mod formula;
mod template;

pub use formula::{Formula, Mistake};
pub use template::Template;

pub(super) use figures::{Figures, Live, WINDOWS};

/// What a rule of one's own is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Queue,
    Agent,
    /// All queues together.
    All,
}

impl Of {
    pub const ALL: [Self; 3] = [Self::Queue, Self::Agent, Self::All];

    /// Returns the name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Agent => "agent",
            Self::All => "all",
        }
    }
}
