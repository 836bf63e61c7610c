//! Alerts as everybody reads them off the topics: the fields of a record, who has taken one up, and what silences it.
//!
//! Contract: an alert's record stays as it is. `Silencing` knows the silences, the windows of maintenance and the teams of queues, and answers
//! what of them covers an alert at an instant. The read side shows it; whoever calls people goes by it.

mod fields;
mod silencing;
mod teams;

pub use fields::{Acknowledgement, AlertFields};
pub(crate) use silencing::{Silences, Silencing, keep};
