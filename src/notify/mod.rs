//! The role `notify`: calls people about what fires. Of all alerts those that call somebody go out, to the receivers that the routes name.
//!
//! Contract: what is decided is written to the topic `notifications` together with how far `alerts` is read, so each transition of an alert is
//! decided once. Each receiver reads that log in its order as a consumer group of its own: one that is down holds up no other, and is sent all
//! of it later, every message under the same key as before. One process acts; the others stand by.

mod active;
mod decider;
mod delivery;
mod incidents;
mod notification;
mod receiver;
mod route;
mod run;
mod sample;
mod sent;
mod settings;
mod status;

pub use notification::{Covered, Notification, Transition};
pub use receiver::Outcome;
pub use route::{Route, Routes};
pub use run::{NotifyThread, start};
pub use sample::{Tried, try_receiver};
pub use settings::{
    EmailSettings, EmailTls, NotifySettings, ReceiverKind, ReceiverSettings, Secret,
};
pub use status::{NotifyStatus, ReceiverReport};
