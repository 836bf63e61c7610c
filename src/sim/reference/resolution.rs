//! First-contact resolution: whether the customer had to come back.

use std::collections::BTreeMap;

use super::{
    Fcr,
    fact::{Book, Fact, Resolution, Whose},
    parts::{End, Parts},
};
use crate::event::{ContactId, CustomerId, Direction, Timestamp};

/// What became of one contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolved {
    pub ended_at: Timestamp,
    /// By all that was said by the clock.
    pub so_far: Resolution,
    /// When its time is up.
    pub confirmed: Option<Resolution>,
}

/// Books every inbound contact with an end once, and once more when its time is up. Returns what became of those of known
/// customers.
pub(super) fn book(
    all: &[Parts],
    settings: Fcr,
    clock: Timestamp,
    book: &mut Book<'_>,
) -> BTreeMap<ContactId, Resolved> {
    let mut resolved_by_contact = BTreeMap::new();
    for parts in all
        .iter()
        .filter(|parts| parts.direction == Direction::Inbound)
    {
        let inbound = |direction: Direction| direction == Direction::Inbound;
        let first = (parts.engagements.iter()).find(|engaged| inbound(engaged.direction));
        let (Some(end), Some(first)) = (parts.end, first) else {
            continue;
        };
        let whose = Whose::engaged(parts, first);
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
        let so_far = case.resolution(all, clock);
        book.add(end.at, &whose, Fact::Fcr(so_far));
        let settled_at = end.at + settings.window;
        let confirmed = (settled_at <= clock).then(|| case.resolution(all, settled_at));
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
    /// As what was said by `as_of` has it.
    fn resolution(&self, all: &[Parts], as_of: Timestamp) -> Resolution {
        let said = (self.parts.resolved_said.iter()).rfind(|(at, _)| *at <= as_of);
        let said_no = said.is_some_and(|(_, resolved)| !resolved);
        if said_no || self.end.wait_lost || (self.settings.transfer_breaks && self.end.passed_on) {
            Resolution::Unresolved
        } else if self.is_reopened(as_of)
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

    fn is_reopened(&self, as_of: Timestamp) -> bool {
        let reopenings = self.parts.reopenings.iter();
        let mut times = reopenings.map(|it| it.at);
        times.any(|at| self.is_in_window(at, as_of))
    }

    fn is_repeated_by(&self, other: &Parts, as_of: Timestamp) -> bool {
        let in_window = |at: Timestamp| self.is_in_window(at, as_of);
        !std::ptr::eq(other, self.parts)
            && other.direction == Direction::Inbound
            && other.customer.as_ref() == Some(self.customer)
            && other.began_at.is_some_and(in_window)
            && (!self.settings.same_reason || other.reason == self.parts.reason)
    }
}
