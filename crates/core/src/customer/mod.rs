//! First-contact resolution: a customer's contacts, and which of them made the customer come back.
//!
//! Contract: a [`Customer`] is a function of the latest update of each contact and of the instant up to which timers have fired,
//! whatever the order of the updates. An ended contact counts once at its end, corrected there as long as anything can
//! change it, and once more, settled, when `fcr.window` has passed since. [`diff_facts`] turns the difference of two states
//! into signed facts.
//!
//! ```
//! use floorwalker_core::{contact::{Case, CaseEnd, FirstContact, Resolution}, customer::{CaseId, Customer}};
//! use floorwalker_core::event::{AgentId, Channel, Timestamp};
//! let fcr = FirstContact::default();
//! let end = CaseEnd {
//!     at: Timestamp::from_millis(60_000),
//!     agent: AgentId::new("ana"),
//!     queue: None,
//!     channel: Channel::Voice,
//!     own: Resolution::Resolved,
//! };
//! let call = |began_at, end| Case { began_at: Timestamp::from_millis(began_at), reason: None, end };
//! let mut customer = Customer::default();
//! customer.handle_case(CaseId::of("c1"), Some(call(0, Some(end))), None, &fcr);
//! assert_eq!(customer.resolution(CaseId::of("c1")), Some(Resolution::Resolved));
//! customer.handle_case(CaseId::of("c3"), Some(call(90_000, None)), None, &fcr);
//! assert_eq!(customer.resolution(CaseId::of("c1")), Some(Resolution::Repeated));
//! ```

mod image;
mod machine;

pub use machine::{CaseId, Customer, Finality, JudgementUpdate, diff_facts};

#[cfg(test)]
mod tests;
