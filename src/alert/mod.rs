//! Alerts: which of a contact's obligations call for somebody, and the record that says so.
mod settings;

pub use settings::{AlertSettings, Rule, Severity};
