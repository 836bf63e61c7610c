//! Alerts: the obligations and predictions that need attention, and the records of them.
//!
//! Contract: a contact's alerts are a function of its fold ([`escalations`]). The difference of two folds is emitted as
//! [`transitions`], under ids that are the same for the same input.
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
pub use low_predicted::alarm_id;
pub(crate) use record::Links;
pub use record::{AlertRecord, Cause, Context, LOW_PREDICTED, RULES_OF_CONTACTS};
pub use settings::{AlertSettings, Rule, Severity};
