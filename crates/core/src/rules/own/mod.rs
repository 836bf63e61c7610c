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

use super::GroupRule;

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

/// A rule of one's own. It is judged once a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRule {
    /// As in records: `billing.flood`.
    pub name: String,
    pub of: Of,
    /// It holds while this is true.
    pub when: Formula,
    /// It is clear while this is true. `None`: while `when` is not.
    pub clear: Option<Formula>,
    /// The record's `value`.
    pub value: Option<Formula>,
    pub why: Template,
    pub action: Template,
    /// Threshold, clear, urgent, window and minimum are not used.
    pub rule: GroupRule,
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
