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
    contact::{Case, CustomerLink, Fold},
    customer::{CaseId, Customer, Finality, JudgementUpdate, diff_facts},
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
    /// Its name, to be answered.
    #[cbor(n(3), default)]
    pub name: Option<ContactId>,
    /// Of a contact that has turned away from customers, how often.
    #[cbor(n(4), default)]
    pub round: u8,
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

/// What a contact is answered when it speaks for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Repeats {
    #[n(0)]
    pub contact: ContactId,
    /// Contacts of the same customer shortly before.
    #[n(1)]
    pub earlier: u32,
}

/// A customer who can't be forgotten yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);

/// What the end of a step needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct CustomersEnding {
    /// Up to here time has been spoken of.
    pub now: Option<Timestamp>,
    /// Behind this no contact says anything new.
    pub horizon: Timestamp,
    /// Facts within so much time are told as one sum.
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

impl CaseSaid {
    /// What a contact has to say when its fold changes from one to the other.
    pub(super) fn of_change(
        id: &ContactId,
        before: &Fold,
        after: &Fold,
        customer_link: &mut Option<CustomerLink>,
        mut say: impl FnMut(Self),
    ) {
        let of = |fold: &Fold| fold.attributes.customer.clone().zip(fold.case());
        let (was, is) = (of(before), of(after));
        if was == is {
            return;
        }
        let stays = (was.as_ref().zip(is.as_ref())).is_some_and(|((old, _), (new, _))| old == new);
        if let Some((old, _)) = was.filter(|_| !stays) {
            say(Self::new(old, id, Says::NotYours));
            *customer_link = Some(customer_link.unwrap_or_default().next_round());
        }
        if let Some((new, case)) = is {
            let round = customer_link.get_or_insert_default().round;
            let name = Some(id.clone());
            let said = Self::new(new, id, Says::Is(case));
            say(Self {
                name,
                round,
                ..said
            });
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
        let armed_at = Customer::armed_at_of(image)?;
        debug_assert_eq!(armed_at, Customer::from_image(image)?.armed_at);
        if let Some(at) = armed_at {
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
        let known = customer.round_of(said.contact);
        match said.says {
            Says::Is(case) => customer.handle_case(said.contact, Some(case), now, fcr),
            Says::NotYours => customer.handle_case(said.contact, None, now, fcr),
            Says::LetGo => customer.handle_expired(said.contact),
        }
        let contact = said.name?;
        customer.subscribe(&contact, said.round);
        if known == Some(said.round) {
            return None;
        }
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

    /// Ends the step: tells what changed, stores the customers, sets their timers.
    pub(super) fn finish(
        &mut self,
        ending: CustomersEnding,
        store: &mut Store,
        deltas: &mut Deltas,
        mut answer: impl FnMut(JudgementUpdate),
    ) {
        let CustomersEnding {
            now,
            horizon,
            grain,
        } = ending;
        let settings = Arc::clone(&self.settings);
        let fcr = &settings.contact.first_contact;
        let finality = Finality {
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
            // What was due already when its contact spoke is settled before anything is forgotten.
            now.iter()
                .for_each(|now| customer.handle_timeout(*now, fcr));
            diff_facts(&before, &customer, fcr, |fact, sign| {
                deltas.add_fact(fact, sign, grain);
            });
            customer.emit_judgements(&before, now, finality, &mut answer);
            customer.evict(horizon, fcr, &mut answer);
            let forgets_at = customer.next_eviction_at(fcr);
            let due = (customer.next_due_at(fcr).into_iter())
                .chain(customer.next_final_at(finality))
                .chain(forgets_at.map(|at| at + finality.lateness + Span(1)))
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
