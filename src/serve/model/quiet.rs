//! The alerts that call nobody though they fire: silenced, or covered by another one. Readers of the stream are sent those that change.

use std::sync::{Arc, PoisonError, RwLockWriteGuard};

use serde_json::value::RawValue;

use super::{About, Alert, ReadModel, Standing, Statement, inhibition::Inhibition};
use crate::{
    alerts::{self, Silences},
    kafka::clock,
};
use floorwalker_core::{
    event::{Span, Timestamp},
    silence::{Maintenance, Silence, SilenceStatus},
};

/// Of more that change at once, readers are sent none, and ask for all.
const SENT_MAX: usize = 1_000;
/// How long a silence is shown after its end.
const EXPIRED_KEPT: Span = Span::from_secs(30 * 86_400);

impl ReadModel {
    /// What is known of an alert beside its record.
    #[must_use]
    pub fn standing(&self, alert: &Alert) -> Standing {
        let id = &alert.fields.id;
        Standing {
            ack: self.ack(id),
            silenced_by: self.silencing.silenced_by(id),
            inhibited_by: self.inhibited_by(alert),
            covers: None,
        }
    }

    fn inhibited_by(&self, alert: &Alert) -> Option<String> {
        if !alert.is_firing() {
            return alert.fields.inhibited_by.clone();
        }
        let inhibition = self.inhibition.read();
        let inhibition = inhibition.unwrap_or_else(PoisonError::into_inner);
        inhibition.inhibited_by(&alert.fields)
    }

    /// An alert's record with all that is known of it. One that is not about a contact has how many others it covers.
    #[must_use]
    pub fn shown_whole(&self, alert: &Alert) -> Arc<RawValue> {
        let inhibition = self.inhibition.read();
        let inhibition = inhibition.unwrap_or_else(PoisonError::into_inner);
        let covers = inhibition.covers(&alert.fields.id);
        drop(inhibition);
        alert.with(&Standing {
            covers: (!alert.fields.is_about_contact()).then_some(covers),
            ..self.standing(alert)
        })
    }

    #[must_use]
    pub fn silence(&self, id: &str) -> Option<Arc<Silence>> {
        self.silencing.read().get(id).cloned()
    }

    /// All silences that are remembered, by id.
    #[must_use]
    pub fn silences(&self) -> Vec<Arc<Silence>> {
        self.silencing.read().values().cloned().collect()
    }

    /// Returns the windows of maintenance that hold.
    pub(in crate::serve) fn maintenance(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = &Maintenance> {
        self.silencing.windows_in_force(now)
    }

    /// Takes in an alert's new record. Returns the ids of other alerts that it covers from now on, or no more.
    pub(super) fn hold_quiet(&self, alert: &Alert) -> Vec<String> {
        if !alert.is_firing() {
            return self.release_quiet(&alert.fields.id);
        }
        self.silencing.judge(&alert.fields, clock::wall());
        let mut inhibition = self.inhibition_mut();
        let known = self.firing.get(&alert.fields.id);
        if let Some(moved) = known.filter(|it| it.fields.queue != alert.fields.queue) {
            inhibition.remove(&moved.fields);
        }
        if inhibition.put(&alert.fields) && self.is_caught_up() {
            return inhibition.settle();
        }
        Vec::new()
    }

    /// Takes out an alert that fires no more, as it is known until now. Returns the ids of those that it covered.
    pub(super) fn release_quiet(&self, id: &str) -> Vec<String> {
        self.silencing.forget(id);
        let Some(known) = self.firing.get(id) else {
            return Vec::new();
        };
        let mut inhibition = self.inhibition_mut();
        if inhibition.remove(&known.fields) && self.is_caught_up() {
            return inhibition.settle();
        }
        Vec::new()
    }

    /// Judges all alerts that were read until now.
    pub(super) fn begin_quiet(&self, now: Timestamp) {
        self.silencing.look(&self.silencing.read(), now);
        for alert in self.firing.sorted() {
            self.silencing.judge(&alert.fields, now);
        }
        self.inhibition_mut().settle();
    }

    /// Forgets what was known of alerts that are no longer kept.
    pub(super) fn forget_quiet(&self) {
        let firing = self.firing.sorted();
        let kept = firing.iter().map(|alert| alert.fields.id.as_str());
        self.silencing.keep_only(&kept.collect());
        let mut inhibition = Inhibition::default();
        for alert in &firing {
            inhibition.put(&alert.fields);
        }
        inhibition.settle();
        *self.inhibition_mut() = inhibition;
    }

    /// Time passes: silences and windows begin and end.
    pub(super) fn pass_quiet(&self, now: Timestamp) {
        let is_old = |silence: &Silence| silence.ends_at < now - EXPIRED_KEPT;
        if self.silencing.read().values().any(|it| is_old(it)) {
            self.silencing.write().retain(|_, it| !is_old(it));
        }
        self.judge_again(&self.silencing.read(), now);
    }

    pub(super) fn take_silence(&self, id: &str, payload: &[u8]) {
        match Silence::read(id, payload) {
            Ok(silence) => {
                let mut silences = self.silencing.write();
                alerts::keep(&mut silences, silence);
                self.judge_again(&silences, clock::wall());
            }
            Err(why) => tracing::warn!(id, "a silence can't be read, and is left out: {why}"),
        }
    }

    pub(super) fn remove_silence(&self, id: &str) {
        let mut silences = self.silencing.write();
        silences.remove(id);
        self.judge_again(&silences, clock::wall());
    }

    /// A queue has another team from now on, or will have.
    pub(super) fn move_teams(&self, statement: &Statement) {
        let teams = self.silencing.teams();
        let json = statement.json.get().as_bytes();
        if teams.take(&statement.subject, json) && self.is_caught_up() {
            self.publish_judged(clock::wall());
        }
    }

    fn judge_again(&self, silences: &Silences, now: Timestamp) {
        if self.is_caught_up() && self.silencing.look(silences, now) {
            self.publish_judged(now);
        }
    }

    fn publish_judged(&self, now: Timestamp) {
        let firing = self.firing.sorted();
        let changed = firing
            .iter()
            .filter(|alert| self.silencing.judge(&alert.fields, now));
        let changed: Vec<String> = changed.map(|alert| alert.fields.id.clone()).collect();
        self.publish_alerts(&changed);
    }

    /// News of alerts whose records are the same as before.
    pub(super) fn publish_alerts(&self, ids: &[String]) {
        if ids.len() > SENT_MAX {
            let nothing = || RawValue::NULL.to_owned().into();
            return self.publish(|| (About::Everything, nothing()));
        }
        for alert in ids.iter().filter_map(|id| self.alert(id)) {
            self.publish(|| (About::alert(&alert), self.shown(&alert)));
        }
    }

    /// How many silences hold or will.
    #[must_use]
    pub fn silences_ahead(&self, now: Timestamp) -> usize {
        let silences = self.silencing.read();
        let ahead = silences.values().filter(|it| match it.status(now) {
            SilenceStatus::Active | SilenceStatus::Pending => true,
            SilenceStatus::Expired => false,
        });
        ahead.count()
    }

    fn inhibition_mut(&self) -> RwLockWriteGuard<'_, Inhibition> {
        let inhibition = self.inhibition.write();
        inhibition.unwrap_or_else(PoisonError::into_inner)
    }
}
