//! The stages of a task, in the order in which an event and its facts pass them. Each keeps the state of its own machines.
//!
//! Verbs: `handle_*` takes what comes in, `handle_timeout` fires timers, `finish` ends the step, `write_records` writes the records
//! that are due, `restore` takes a part of a restored store.

pub(super) mod agents;
pub(super) mod contacts;
pub(super) mod customers;
pub(super) mod intake;
pub(super) mod kpis;
pub(super) mod letter;
pub(super) mod live_gauges;
pub(super) mod record_time;
pub(super) mod rules;
pub(super) mod scorecards;
pub(super) mod step_end;

use std::sync::Arc;

use self::{
    agents::Agents, contacts::Contacts, customers::Customers, kpis::Kpis, rules::RulesStage,
    scorecards::Scorecards,
};
use crate::engine::Settings;

/// The stages whose state a task holds.
#[derive(Debug)]
pub(super) struct Stages {
    pub contacts: Contacts,
    pub customers: Customers,
    pub agents: Agents,
    pub kpis: Kpis,
    pub scorecards: Scorecards,
    pub rules: RulesStage,
}

impl Stages {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            contacts: Contacts::new(settings),
            customers: Customers::new(settings),
            agents: Agents::default(),
            kpis: Kpis::new(settings),
            scorecards: Scorecards::new(settings),
            rules: RulesStage::new(settings),
        }
    }
}
