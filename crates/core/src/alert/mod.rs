//! Alerts: the obligations and predictions that need attention, and the records of them.
//!
//! Contract: a contact's alerts are a function of its fold ([`escalations`]). The difference of two folds is emitted as
//! [`transitions`], under ids that are the same for the same input.
//!
//! ```
//! use floorwalker_core::{alert::{AlertSettings, transitions}, contact::Fold};
//! assert!(transitions(&Fold::default(), &Fold::default(), &AlertSettings::default()).is_empty());
//! ```

mod concern;
mod escalation;
mod links;
mod record;
mod settings;

pub use concern::{alarm_id, watch};
pub use escalation::{
    Escalation, Reason, RuleName, Transition, escalations, ids, outlook, transitions,
};
pub use links::EntityLinks;
pub(crate) use links::Links;
pub(crate) use record::Essentials;
pub use record::{AlertRecord, Cause, Context, RULES_OF_CONTACTS, concern_of, rule_of};
pub use settings::{AlertSettings, Rule, Severity};
