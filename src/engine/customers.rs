//! The customer stage of a task: what contacts say of themselves to their customers, and what customers make of it.

use std::{collections::BTreeMap, sync::Arc};

use minicbor::{Decode, Encode};

use super::{
    Settings,
    delta::Deltas,
    store::{PartKey, Store},
    timers::Timers,
};
use crate::{
    contact::{Case, Fold},
    customer::{CaseId, Customer, tell_changes},
    event::{ContactId, Span, Text, Timestamp},
};

/// What a contact says to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct CaseSaid {
    /// Keyed hash.
    #[n(0)]
    pub customer: Text,
    #[n(1)]
    pub contact: CaseId,
    #[n(2)]
    pub says: Says,
    /// Its name, when it speaks for the first time: to be told what it repeats.
    #[cbor(n(3), default)]
    pub asks: Option<ContactId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) enum Says {
    /// This is what I am now.
    #[n(0)]
    Is(#[n(0)] Case),
    /// I am somebody else's, or not inbound.
    #[n(1)]
    NotYours,
    /// I am forgotten: what was told of me stays.
    #[n(2)]
    LetGo,
}

/// What a contact is answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Repeats {
    #[n(0)]
    pub contact: ContactId,
    /// Contacts of the same customer shortly before.
    #[n(1)]
    pub earlier: u32,
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

impl CaseSaid {
    /// What a contact has to say when its fold changes from one to the other.
    pub(super) fn of_change(
        id: &ContactId,
        before: &Fold,
        after: &Fold,
        mut say: impl FnMut(Self),
    ) {
        let customer = |fold: &Fold| fold.attributes.customer.clone();
        let (Some(old), Some(new)) = (customer(before), customer(after)) else {
            return customer(after)
                .zip(after.case())
                .into_iter()
                .for_each(|(customer, case)| {
                    let asks = Some(id.clone());
                    let said = Self::new(customer, id, Says::Is(case));
                    say(Self { asks, ..said });
                });
        };
        let (was, is) = (before.case(), after.case());
        if old == new && was == is {
            return;
        }
        if was.is_some() && (old != new || is.is_none()) {
            say(Self::new(old, id, Says::NotYours));
        }
        if let Some(case) = is {
            say(Self::new(new, id, Says::Is(case)));
        }
    }

    /// What a contact says last.
    pub(super) fn farewell(id: &ContactId, fold: &Fold) -> Option<Self> {
        fold.case()?;
        let customer = fold.attributes.customer.clone()?;
        Some(Self::new(customer, id, Says::LetGo))
    }

    fn new(customer: Text, id: &ContactId, says: Says) -> Self {
        Self {
            customer,
            contact: CaseId::of(id.as_str()),
            says,
            asks: None,
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

    pub(super) fn go_by(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    /// Takes up a customer of a restored store: the timer.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn take_up(
        &mut self,
        id: &Text,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        if let Some(at) = Customer::from_image(image)?.armed_at {
            self.timers.insert(at, id.clone());
        }
        Ok(())
    }

    /// Takes what a contact says, when time has been spoken of up to `now`. Returns what there is to answer.
    pub(super) fn handle_case(
        &mut self,
        said: CaseSaid,
        now: Option<Timestamp>,
        store: &Store,
    ) -> Option<Repeats> {
        let settings = Arc::clone(&self.settings);
        let fcr = &settings.contact.first_contact;
        let customer = &mut self.touch(said.customer, store).customer;
        match said.says {
            Says::Is(case) => customer.handle_case(said.contact, Some(case), now, fcr),
            Says::NotYours => customer.handle_case(said.contact, None, now, fcr),
            Says::LetGo => customer.handle_let_go(said.contact),
        }
        let contact = said.asks?;
        let earlier = u32::try_from(customer.repeats_of(said.contact, fcr)).unwrap_or(u32::MAX);
        (earlier > 0).then_some(Repeats { contact, earlier })
    }

    /// Lets time pass for those who are due. True if anybody was.
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

    /// Ends the step: tells what changed, stores the customers, sets their timers. Facts within `grain` are told as one sum.
    pub(super) fn finish(
        &mut self,
        now: Option<Timestamp>,
        grain: Span,
        store: &mut Store,
        deltas: &mut Deltas,
    ) {
        let settings = Arc::clone(&self.settings);
        let fcr = &settings.contact.first_contact;
        for (
            id,
            Touched {
                before,
                mut customer,
            },
        ) in std::mem::take(&mut self.touched)
        {
            // What was due already when its contact spoke is settled before anything is forgotten.
            now.iter()
                .for_each(|now| customer.handle_timeout(*now, fcr));
            tell_changes(&before, &customer, fcr, |fact, sign| {
                deltas.add_fact(fact, sign, grain);
            });
            now.iter().for_each(|now| customer.forget(*now, fcr));
            if let Some(due) = customer.next_due_at(fcr)
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
