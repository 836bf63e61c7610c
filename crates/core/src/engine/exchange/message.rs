//! What contacts and customers send each other.

use minicbor::{Decode, Encode};

use crate::{
    contact::{Case, CustomerLink, Fold},
    customer::CaseId,
    event::{ContactId, Text},
};

/// An update of a case, from a contact to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(in crate::engine) struct CaseUpdate {
    /// Keyed hash.
    #[n(0)]
    pub customer: Text,
    #[n(1)]
    pub contact: CaseId,
    #[n(2)]
    pub op: CaseOp,
    /// Its name, to be answered.
    #[cbor(n(3), default)]
    pub name: Option<ContactId>,
    /// How often the contact has left a customer.
    #[cbor(n(4), default)]
    pub round: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(in crate::engine) enum CaseOp {
    /// The case is this now.
    #[n(0)]
    Upsert(#[n(0)] Case),
    /// The contact is another customer's, or not inbound.
    #[n(1)]
    Reassigned,
    /// The contact has expired: its case stays as it is.
    #[n(2)]
    Expired,
}

/// The answer to the first update of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(in crate::engine) struct Repeats {
    #[n(0)]
    pub contact: ContactId,
    /// Contacts of the same customer shortly before.
    #[n(1)]
    pub earlier: u32,
}

impl CaseUpdate {
    /// Emits the updates of a contact whose fold changes from one to the other.
    pub(in crate::engine) fn of_change(
        id: &ContactId,
        before: &Fold,
        after: &Fold,
        customer_link: &mut Option<CustomerLink>,
        mut emit: impl FnMut(Self),
    ) {
        let of = |fold: &Fold| fold.attributes.customer.clone().zip(fold.case());
        let (was, is) = (of(before), of(after));
        if was == is {
            return;
        }
        let stays = (was.as_ref().zip(is.as_ref())).is_some_and(|((old, _), (new, _))| old == new);
        if let Some((old, _)) = was.filter(|_| !stays) {
            emit(Self::new(old, id, CaseOp::Reassigned));
            *customer_link = Some(customer_link.unwrap_or_default().next_round());
        }
        if let Some((new, case)) = is {
            let round = customer_link.get_or_insert_default().round;
            let name = Some(id.clone());
            let update = Self::new(new, id, CaseOp::Upsert(case));
            emit(Self {
                name,
                round,
                ..update
            });
        }
    }

    /// Returns the last update of a contact.
    pub(in crate::engine) fn expired(id: &ContactId, fold: &Fold) -> Option<Self> {
        fold.case()?;
        let customer = fold.attributes.customer.clone()?;
        Some(Self::new(customer, id, CaseOp::Expired))
    }

    fn new(customer: Text, id: &ContactId, op: CaseOp) -> Self {
        Self {
            customer,
            contact: CaseId::of(id.as_str()),
            op,
            name: None,
            round: 0,
        }
    }
}
