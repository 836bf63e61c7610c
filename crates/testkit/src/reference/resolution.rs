//! First-contact resolution: whether the customer had to come back.

use std::collections::BTreeMap;

use super::{
    Fcr,
    fact::{Book, Fact, Resolution, Whose},
    parts::{End, Parts, Wait},
};
use floorwalker_core::event::{ContactId, CustomerId, Direction, Timestamp};

/// The resolution of one contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolved {
    /// When the contact ended.
    pub ended_at: Timestamp,
    /// The resolution by all events up to the clock, or to the end of its window.
    pub so_far: Resolution,
    /// The final resolution, once its window is over.
    pub confirmed: Option<Resolution>,
}

/// When the customer came: an outbound contact is inbound from its first inbound wait on.
fn began_inbound_at(parts: &Parts) -> Option<Timestamp> {
    if parts.direction == Direction::Inbound {
        parts.began_at
    } else {
        parts.inbound_from
    }
}

/// Books every contact with an inbound engagement and an end once, and once more when its time is up. Returns what became of those of known
/// customers.
pub(super) fn book(
    all: &[Parts],
    settings: Fcr,
    clock: Timestamp,
    book: &mut Book<'_>,
) -> BTreeMap<ContactId, Resolved> {
    let mut resolved_by_contact = BTreeMap::new();
    for parts in all {
        let first = parts.engagements.iter().find(|one| one.is_inbound());
        let (Some(end), Some(first)) = (parts.end, first) else {
            continue;
        };
        // What customers make of a contact is not known by its reason.
        let whose = Whose {
            reason: None,
            ..Whose::engaged(parts, first)
        };
        let Some(customer) = &parts.customer else {
            book.add(end.at, &whose, Fact::FcrNoCustomer);
            continue;
        };
        let case = Case {
            parts,
            end,
            customer,
            settings,
        };
        let settled_at = end.at + settings.window;
        // What comes after its time is up changes nothing.
        let so_far = case.resolution(all, clock.min(settled_at));
        book.add(end.at, &whose, Fact::Fcr(so_far));
        let confirmed = (settled_at <= clock).then_some(so_far);
        if let Some(settled) = confirmed {
            book.add(settled_at, &whose, Fact::FcrConfirmed(settled));
        }
        let resolved = Resolved {
            ended_at: end.at,
            so_far,
            confirmed,
        };
        resolved_by_contact.insert(parts.contact.clone(), resolved);
    }
    resolved_by_contact
}

struct Case<'a> {
    parts: &'a Parts,
    end: End,
    customer: &'a CustomerId,
    settings: Fcr,
}

impl Case<'_> {
    /// Returns the resolution by the events up to `as_of`.
    fn resolution(&self, all: &[Parts], as_of: Timestamp) -> Resolution {
        let last = (self.parts.dispositions.iter()).rfind(|(at, _)| *at <= as_of);
        let unresolved = last.is_some_and(|(_, resolved)| !resolved);
        if unresolved
            || self.is_wait_lost(as_of)
            || (self.settings.transfer_breaks && self.end.passed_on)
        {
            Resolution::Unresolved
        } else if self.is_begun_anew(as_of)
            || all.iter().any(|other| self.is_repeated_by(other, as_of))
        {
            Resolution::Repeated
        } else {
            Resolution::Resolved
        }
    }

    fn is_in_window(&self, at: Timestamp, as_of: Timestamp) -> bool {
        self.end.at <= at && at < self.end.at + self.settings.window && at <= as_of
    }

    /// Who was called back by then did not leave.
    fn is_wait_lost(&self, as_of: Timestamp) -> bool {
        let lost = self.end.lost_wait.map(|place| &self.parts.waits[place]);
        let reached = |wait: &Wait| wait.reached.as_ref().is_some_and(|(at, _)| *at <= as_of);
        lost.is_some_and(|wait| !reached(wait))
    }

    fn is_begun_anew(&self, as_of: Timestamp) -> bool {
        let mut times = self.parts.begun_anew.iter();
        times.any(|at| self.is_in_window(*at, as_of))
    }

    fn is_repeated_by(&self, other: &Parts, as_of: Timestamp) -> bool {
        let in_window = |at: Timestamp| self.is_in_window(at, as_of);
        !std::ptr::eq(other, self.parts)
            && other.customer.as_ref() == Some(self.customer)
            && began_inbound_at(other).is_some_and(in_window)
            && (!self.settings.same_reason || other.reason == self.parts.reason)
    }
}
