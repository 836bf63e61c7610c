//! The policies in force: those of this process's configuration and of the directory.

use std::collections::BTreeMap;

use super::ReadModel;
use floorwalker_core::{
    contact::{ContactSettings, Policy},
    directory::Directory,
    event::Timestamp,
};

/// The policies that hold at `now`, by name.
pub(super) fn in_force(
    model: &ReadModel,
    contact: &ContactSettings,
    now: Timestamp,
) -> BTreeMap<String, Policy> {
    let mut directory = Directory::default();
    for (offset, statement) in (0..).zip(model.statements()) {
        // What can't be taken changes nothing; the workers log it.
        directory
            .apply(offset, statement.json.get().as_bytes(), contact)
            .ok();
    }
    let policies = directory.contact_settings(contact).policies;
    let in_force = policies
        .into_iter()
        .filter(|policy| policy.in_force.holds(now));
    in_force
        .map(|policy| (policy.name.clone(), policy))
        .collect()
}
