//! What the directory changes of this process's configuration: the policies in force.

use std::collections::BTreeMap;

use super::ReadModel;
use floorwalker_core::{
    contact::{ContactSettings, Policy},
    directory::Directory,
    event::Timestamp,
};

/// Returns the directory as it has been read.
pub(super) fn directory(model: &ReadModel, contact: &ContactSettings) -> Directory {
    let mut directory = Directory::default();
    for (offset, statement) in (0..).zip(model.statements()) {
        // What can't be taken changes nothing; the workers log it.
        directory
            .apply(offset, statement.json.get().as_bytes(), contact)
            .ok();
    }
    directory
}

/// Returns the policies that hold at `now`, by name.
pub(super) fn in_force(
    directory: &Directory,
    contact: &ContactSettings,
    now: Timestamp,
) -> BTreeMap<String, Policy> {
    let policies = directory.contact_settings(contact).policies;
    let in_force = policies
        .into_iter()
        .filter(|policy| policy.in_force.holds(now));
    in_force
        .map(|policy| (policy.name.clone(), policy))
        .collect()
}
