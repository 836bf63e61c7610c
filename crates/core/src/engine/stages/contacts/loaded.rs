//! A contact as it is decoded: what a step makes of it, and what it emits at the step's end.

use crate::{
    alert::{self, AlertRecord, Context},
    contact::{Concern, ConcernLives, Contact, Fold, Judgement, Prediction},
    csat,
    engine::{
        Settings,
        exchange::message::CaseUpdate,
        stages::{
            contacts::baseline::HandleTimeBaseline,
            step_end::{Effects, StepEnd},
        },
        state::store::{PartKey, Store},
        step::{OutTopic, Output},
    },
    event::{ContactId, Span, Timestamp},
};

/// A contact whose next due time can't be met yet is asked again after this much stream time.
const ASK_AGAIN: Span = Span::from_secs(60);

#[derive(Debug)]
pub(super) struct Loaded {
    pub id: ContactId,
    key: PartKey,
    pub contact: Contact,
    /// As others know it, of a contact that was touched in this step.
    pub before: Option<Before>,
}

#[derive(Debug, Default)]
pub(super) struct Before {
    pub fold: Fold,
    alarms: ConcernLives,
    judgement: Judgement,
}

impl Before {
    /// Returns whether there is something to emit.
    pub(super) fn differs_from(&self, loaded: &Loaded) -> bool {
        self.fold != loaded.contact.fold
            || self.alarms != loaded.alarms()
            || self.judgement != loaded.judgement()
    }
}

impl Loaded {
    /// Loads the contact from the store; an unknown one is empty.
    #[must_use]
    pub(super) fn new(id: &ContactId, store: &Store) -> Self {
        let key = PartKey::contact(id);
        let contact = (store.get(&key)).and_then(|image| Contact::from_image(image).ok());
        Self {
            id: id.clone(),
            key,
            contact: contact.unwrap_or_default(),
            before: None,
        }
    }

    /// Keeps what others know. Returns whether this is the first time in the step.
    pub(super) fn touch(&mut self) -> bool {
        let first = self.before.is_none();
        if first {
            self.before = Some(Before {
                fold: self.contact.fold.clone(),
                alarms: self.alarms(),
                judgement: self.judgement(),
            });
        }
        first
    }

    pub(super) fn next_due_at(&self, settings: &Settings) -> Timestamp {
        (self.contact).next_due_at(settings.lateness_max(), &settings.contact)
    }

    /// Returns when the contact's timer is to fire, if that is earlier than it will. What it was armed for may have passed with nothing
    /// to emit.
    pub(super) fn arm(
        &mut self,
        timers_fired_to: Option<Timestamp>,
        settings: &Settings,
    ) -> Option<Timestamp> {
        let mut due = self.next_due_at(settings);
        if let Some(now) = timers_fired_to.filter(|now| due <= *now) {
            let transition = self.contact.next_transition_at(&settings.contact);
            due = transition.map_or(now + ASK_AGAIN, |at| at.min(now + ASK_AGAIN));
        }
        let armed = self
            .contact
            .armed_at
            .filter(|at| Some(*at) > timers_fired_to);
        let earlier = armed.is_none_or(|armed| due < armed);
        earlier.then(|| *self.contact.armed_at.insert(due))
    }

    /// Stores the contact, or removes it.
    pub(super) fn save(&mut self, expired: bool, store: &mut Store) {
        if expired {
            self.contact = Contact::default();
            store.remove(&self.key);
        } else {
            store.put(&self.key, &self.contact.write_image());
        }
    }

    pub(super) fn alerts_changed(&self) -> bool {
        (self.before.as_ref()).is_none_or(|before| {
            before.alarms != self.alarms()
                || alert::outlook(&before.fold) != alert::outlook(&self.contact.fold)
        })
    }

    fn alarms(&self) -> ConcernLives {
        let prediction = self.contact.prediction.as_ref();
        prediction.map(Prediction::lives).unwrap_or_default()
    }

    fn judgement(&self) -> Judgement {
        self.contact.customer_link.unwrap_or_default().judgement
    }

    pub(super) fn predict(&mut self, baseline: &HandleTimeBaseline, settings: &Settings) {
        let fold = &self.contact.fold;
        let handle = baseline.handle(fold.engagements.last().and_then(|one| one.queue.as_ref()));
        let alarms = settings.alert.low_predicted.enabled;
        csat::revise(&mut self.contact, handle, alarms, &settings.csat);
        alert::watch(&mut self.contact, &settings.alert);
    }

    /// Fires what was due already when the contact's event came. Returns whether the contact has expired: nothing more can come of it.
    pub(super) fn catch_up(
        &mut self,
        end: &StepEnd,
        baseline: &HandleTimeBaseline,
        settings: &Settings,
    ) -> bool {
        let Some(now) = end.timers_fired_to else {
            return false;
        };
        let due = self.next_due_at(settings);
        if due <= now {
            (self.contact).handle_timeout(now, end.late_cutoff, &settings.contact);
            self.predict(baseline, settings);
        }
        let expired =
            (self.contact).is_expired(end.late_cutoff, end.source_watermark, &settings.contact);
        if expired {
            self.contact.pass_on(&settings.contact);
            if let Some(prediction) = &mut self.contact.prediction {
                prediction.end_alarms(Some(now));
            }
            self.contact.settle();
        }
        expired
    }

    /// Emits updates of its case and alerts. Returns whether the contact's record is another now.
    pub(super) fn emit_changes(
        &mut self,
        before: &Before,
        end: &StepEnd,
        settings: &Settings,
        effects: &mut Effects,
    ) -> bool {
        let Contact {
            fold,
            customer_link,
            ..
        } = &mut self.contact;
        effects.clock_skew += i64::from(fold.clock_skews) - i64::from(before.fold.clock_skews);
        let emit = |case| effects.cases.push(case);
        CaseUpdate::of_change(&self.id, &before.fold, fold, customer_link, emit);
        let after = &self.contact.fold;
        let context = self.context(&before.fold, end, settings);
        let transitions = alert::transitions(&before.fold, after, &settings.alert);
        let records = transitions
            .iter()
            .map(|transition| AlertRecord::new(transition, &context));
        let records = records.chain(self.alarm_records(before, &context, settings));
        let alerts_before = effects.outputs.len();
        for record in records {
            effects
                .outputs
                .push(Output::json(OutTopic::Alerts, &record.id, &record));
        }
        let alerts = effects.outputs.len() - alerts_before;
        // Whoever follows an alert finds the contact, also while it is open; what was once written is kept right.
        let is_known = self.contact.version > 0;
        let is_of_interest = self.contact.is_over() || is_known || alerts > 0;
        let due = is_of_interest && settings.contact_records;
        self.contact.version += u32::from(due);
        due
    }

    fn context<'a>(
        &'a self,
        before: &'a Fold,
        end: &StepEnd,
        settings: &'a Settings,
    ) -> Context<'a> {
        let after = &self.contact.fold;
        Context {
            contact: self.id.as_str(),
            before,
            after,
            now: end.timers_fired_to.or(after.began_at).unwrap_or_default(),
            history: end.history,
            seq: end.seq,
            contact_settings: &settings.contact,
            alert_settings: &settings.alert,
        }
    }

    /// Makes the records of what has come up about the whole contact: that it fires, and that there is nothing left to save.
    fn alarm_records<'a>(
        &'a self,
        before: &Before,
        context: &Context<'a>,
        settings: &Settings,
    ) -> impl Iterator<Item = AlertRecord<'a>> {
        let prediction = self.contact.prediction.as_ref();
        let lives = before.alarms.into_iter().zip(self.alarms());
        let changes = Concern::ALL.into_iter().zip(lives);
        changes.flat_map(move |(concern, ((had_fired, had_ended), (fired, ended)))| {
            let alarm = prediction.and_then(|it| it.alarm(concern));
            let fires = (fired && !had_fired).then_some(None);
            let ends = (ended && !had_ended).then(|| alarm.and_then(|alarm| alarm.ended_at));
            let transitions = fires.into_iter().chain(ends);
            transitions.filter_map(move |ended_at| {
                let alarm = alarm?;
                Some(AlertRecord::of_alarm(
                    (concern, alarm),
                    ended_at,
                    context,
                    &settings.csat,
                ))
            })
        })
    }
}
