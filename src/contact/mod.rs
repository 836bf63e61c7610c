//! The fold: a contact's events become episodes, engagements, obligations and the signed facts they tell.
mod policy;

pub use policy::{Abandons, ContactSettings, FlowOuts, Measure, Policy};
