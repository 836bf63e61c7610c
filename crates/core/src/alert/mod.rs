//! Alerts: which of a contact's obligations, and which predictions, call for somebody, and the record that says so.
//!
//! Contract: a contact's alerts are a function of its fold ([`escalations`]); what has to be told is the difference of two
//! folds ([`transitions`]), under ids that the same input always makes anew.
//!
//! ```
//! use floorwalker_core::{alert::{AlertSettings, transitions}, contact::Fold};
//! assert!(transitions(&Fold::default(), &Fold::default(), &AlertSettings::default()).is_empty());
//! ```

mod escalation;
mod low_predicted;
mod record;
mod settings;

pub use escalation::{
    Escalation, Reason, RuleName, Transition, escalations, ids, outlook, transitions,
};
pub use low_predicted::{LOW_PREDICTED, alarm_id};
pub use record::{AlertRecord, Context};
pub use settings::{AlertSettings, Rule, Severity};
