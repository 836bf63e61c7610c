//! Pauses: `contact_paused`, and the events that continue a contact.

use super::Fold;
use crate::{
    contact::{ContactSettings, Pause},
    event::Timestamp,
};

impl Fold {
    /// Returns the current pause.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        let last = self.pauses.last().copied();
        last.filter(|pause| pause.to.is_none())
    }

    /// Pauses the contact: it waits for the customer or a third party, and nobody works on it.
    pub(super) fn be_paused(&mut self, at: Timestamp) {
        self.engagements.iter_mut().for_each(|it| it.stop_turn(at));
        if self.pause().is_some() {
            return;
        }
        // Earlier pauses matter only while a turn from before them may be put off.
        if self.handoff.is_none() {
            self.pauses.clear();
        }
        let (from, to) = (at, None);
        self.pauses.push(Pause { from, to });
    }

    /// Continues the contact, if it is paused.
    pub(super) fn go_on(&mut self, at: Timestamp, settings: &ContactSettings) {
        let Some(pause) = self.pause() else { return };
        if let Some(last) = self.pauses.last_mut() {
            last.to = Some(at);
        }
        for obligation in &mut self.obligations {
            let policy = settings.policy(obligation.policy, obligation.opened_at);
            let calendar = policy.and_then(|it| it.calendar.as_deref());
            obligation.go_on(pause, at, calendar);
        }
        self.engagements.iter_mut().for_each(|it| it.start_turn(at));
    }
}
