//! The customer stage of a task: updates of cases that contacts send to their customers, and how customers judge these.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    customer::{Customer, Finality, diff_facts},
    engine::{
        Settings,
        exchange::message::{CaseOp, CaseUpdate, Repeats},
        stages::step_end::{Effects, StepEnd},
        state::store::{PartKey, Store},
        time::timers::Timers,
    },
    event::{Span, Text, Timestamp},
};

/// A customer that can't be forgotten yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);

#[derive(Debug)]
pub(in crate::engine) struct Customers {
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

impl Customers {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            touched: BTreeMap::new(),
            timers: Timers::default(),
        }
    }

    pub(in crate::engine) fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    /// Restores a customer: its timer.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
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
    pub(in crate::engine) fn handle_case(
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
            CaseOp::Expired => customer.handle_expired(update.contact),
        }
        let contact = update.name?;
        customer.subscribe(&contact, update.round);
        if known == Some(update.round) {
            return None;
        }
        let earlier = u32::try_from(customer.repeats_of(update.contact, fcr)).unwrap_or(u32::MAX);
        (earlier > 0).then_some(Repeats { contact, earlier })
    }

    /// Fires the timers of customers that are due. Returns whether any fired.
    pub(in crate::engine) fn handle_timeout(&mut self, now: Timestamp, store: &Store) -> bool {
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
    pub(in crate::engine) fn finish(
        &mut self,
        end: &StepEnd,
        store: &mut Store,
        effects: &mut Effects,
    ) {
        let (now, cutoff) = (end.timers_fired_to, end.retention_cutoff);
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
            // What was due already when the update came is settled before anything is forgotten.
            now.iter()
                .for_each(|now| customer.handle_timeout(*now, fcr));
            diff_facts(&before, &customer, fcr, |fact, sign| {
                effects.facts.add_fact((fact, None), sign, end.grain);
            });
            let mut answer = |judged| effects.judged.push(judged);
            customer.emit_judgements(&before, now, finality, &mut answer);
            customer.evict(cutoff, fcr, &mut answer);
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
