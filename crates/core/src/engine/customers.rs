//! The customer stage of a task: updates of cases that contacts send to their customers, and how customers judge these.

use std::{collections::BTreeMap, sync::Arc};

use minicbor::{Decode, Encode};

use super::{
    Settings,
    fact_batch::FactBatch,
    store::{PartKey, Store},
    timers::Timers,
};
use crate::{
    contact::{Case, Fold, Standing},
    customer::{Answering, CaseId, Customer, Judged, diff_facts},
    event::{ContactId, Span, Text, Timestamp},
};

/// An update of a case, from a contact to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct CaseUpdate {
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
    /// Of a contact that has turned away from customers, how often.
    #[cbor(n(4), default)]
    pub round: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) enum CaseOp {
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
pub(super) struct Repeats {
    #[n(0)]
    pub contact: ContactId,
    /// Contacts of the same customer shortly before.
    #[n(1)]
    pub earlier: u32,
}

/// A customer that can't be forgotten yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);

/// What the end of a step needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct CustomersEnding {
    /// Up to here timers have fired.
    pub now: Option<Timestamp>,
    /// Behind this no contact sends anything new.
    pub late_cutoff: Timestamp,
    /// Facts within so much time are emitted as one sum.
    pub grain: Span,
}

#[derive(Debug)]
pub(super) struct Customers {
    settings: Arc<Settings>,
    touched: BTreeMap<Text, Touched>,
    timers: Timers<Text>,
}

/// A customer of the step being made.
#[derive(Debug)]
struct Touched {
    before: Customer,
    customer: Customer,
}

impl CaseUpdate {
    /// Emits the updates of a contact whose fold changes from one to the other.
    pub(super) fn of_change(
        id: &ContactId,
        before: &Fold,
        after: &Fold,
        standing: &mut Option<Standing>,
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
            *standing = Some(standing.unwrap_or_default().next_round());
        }
        if let Some((new, case)) = is {
            let round = standing.get_or_insert_default().round;
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
    pub(super) fn expired(id: &ContactId, fold: &Fold) -> Option<Self> {
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

impl Customers {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            touched: BTreeMap::new(),
            timers: Timers::default(),
        }
    }

    pub(super) fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    /// Restores a customer: its timer.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn restore(
        &mut self,
        id: &Text,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let armed_at = Customer::armed_at_of(image)?;
        debug_assert_eq!(armed_at, Customer::from_image(image)?.armed_at);
        if let Some(at) = armed_at {
            self.timers.insert(at, id.clone());
        }
        Ok(())
    }

    /// Takes the update of a case, when timers up to `now` have fired. Returns the answer, if there is one.
    pub(super) fn handle_case(
        &mut self,
        update: CaseUpdate,
        now: Option<Timestamp>,
        store: &Store,
    ) -> Option<Repeats> {
        let settings = Arc::clone(&self.settings);
        let fcr = &settings.contact.first_contact;
        let customer = &mut self.touch(update.customer, store).customer;
        let known = customer.round_of(update.contact);
        match update.op {
            CaseOp::Upsert(case) => customer.handle_case(update.contact, Some(case), now, fcr),
            CaseOp::Reassigned => customer.handle_case(update.contact, None, now, fcr),
            CaseOp::Expired => customer.handle_let_go(update.contact),
        }
        let contact = update.name?;
        customer.introduce(&contact, update.round);
        if known == Some(update.round) {
            return None;
        }
        let earlier = u32::try_from(customer.repeats_of(update.contact, fcr)).unwrap_or(u32::MAX);
        (earlier > 0).then_some(Repeats { contact, earlier })
    }

    /// Fires the timers of customers that are due. Returns whether any fired.
    pub(super) fn handle_timeout(&mut self, now: Timestamp, store: &Store) -> bool {
        let settings = Arc::clone(&self.settings);
        let mut any = false;
        while let Some(due) = self.timers.pop(now) {
            any = true;
            for (_, id) in due {
                let customer = &mut self.touch(id, store).customer;
                customer.armed_at = None;
                customer.handle_timeout(now, &settings.contact.first_contact);
            }
        }
        any
    }

    fn touch(&mut self, id: Text, store: &Store) -> &mut Touched {
        self.touched.entry(id).or_insert_with_key(|id| {
            let image = store.get(&PartKey::customer(id));
            let known = image.and_then(|image| Customer::from_image(image).ok());
            let customer = known.unwrap_or_default();
            Touched {
                before: customer.clone(),
                customer,
            }
        })
    }

    /// Ends the step: emits what changed, stores the customers, sets their timers.
    pub(super) fn finish(
        &mut self,
        ending: CustomersEnding,
        store: &mut Store,
        batch: &mut FactBatch,
        mut answer: impl FnMut(Judged),
    ) {
        let CustomersEnding {
            now,
            late_cutoff,
            grain,
        } = ending;
        let settings = Arc::clone(&self.settings);
        let fcr = &settings.contact.first_contact;
        let answering = Answering {
            window: fcr.window,
            lateness: settings.lateness_max(),
        };
        for (
            id,
            Touched {
                before,
                mut customer,
            },
        ) in std::mem::take(&mut self.touched)
        {
            // What was due already when the update came is settled before anything is forgotten.
            now.iter()
                .for_each(|now| customer.handle_timeout(*now, fcr));
            diff_facts(&before, &customer, fcr, |fact, sign| {
                batch.add_fact(fact, sign, grain);
            });
            customer.answer(&before, now, answering, &mut answer);
            customer.forget(late_cutoff, fcr, &mut answer);
            let forgets_at = customer.next_forgotten_at(fcr);
            let due = (customer.next_due_at(fcr).into_iter())
                .chain(customer.next_answer_at(answering))
                .chain(forgets_at.map(|at| at + answering.lateness + Span(1)))
                .min();
            // What can't be done yet is asked for again.
            let due = due.map(|due| match now {
                Some(now) if due <= now => now + ASK_AGAIN,
                _ => due,
            });
            if let Some(due) = due
                && customer.armed_at.is_none_or(|armed| due < armed)
            {
                customer.armed_at = Some(due);
                self.timers.insert(due, id.clone());
            }
            let key = PartKey::customer(&id);
            if customer.is_empty() {
                store.remove(&key);
            } else {
                store.put(&key, &customer.to_image());
            }
        }
    }
}
