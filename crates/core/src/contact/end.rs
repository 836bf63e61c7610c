//! End of an answered contact, for first-contact resolution.

use minicbor::{Decode, Encode};

use super::parts::Engaged;
use crate::event::Timestamp;

/// The first end of the customer's side at or after the first answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AnsweredEnd {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub engaged: Engaged,
    /// What left the contact unresolved at its end, except a wait whose callback was answered since.
    #[n(2)]
    pub flaw: Option<Flaw>,
    /// Whether [`Flaw::PassedOn`] holds, even behind another flaw.
    #[n(3)]
    #[cbor(default)]
    pub passed_on: bool,
    /// Number of waits by then.
    #[n(4)]
    #[cbor(default)]
    pub waits: u32,
}

/// Why an answered contact did not resolve what it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Flaw {
    /// Its last wait, after an answer, was abandoned or left.
    #[n(0)]
    WaitLost,
    /// A second agent or an outside party got it, and the settings count that.
    #[n(1)]
    PassedOn,
}

/// Resolution by the agents' dispositions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Dispositions {
    /// The last disposition before `fcr.window` had passed since the end.
    #[n(1)]
    pub last: Option<bool>,
}
