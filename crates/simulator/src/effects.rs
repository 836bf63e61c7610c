//! Which incidents go on, and whom they concern.

use std::collections::BTreeMap;

use super::dice::Dice;

/// The incidents of the moment.
#[derive(Debug, Clone)]
pub(super) struct Effects {
    pub(super) active: Vec<usize>,
    /// By incident: the agents whom it concerns.
    pub(super) agents_by_incident: BTreeMap<usize, Vec<usize>>,
    /// Who it is. What goes wrong changes nothing of what else happens by chance.
    pub(super) dice: Dice,
}

impl Effects {
    pub(super) const fn new(dice: Dice) -> Self {
        Self {
            active: Vec::new(),
            agents_by_incident: BTreeMap::new(),
            dice,
        }
    }
}
