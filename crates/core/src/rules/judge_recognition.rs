//! Looks for what was done well, at the end of each pane, in the work of those who did anything in it.

use super::{
    Recognition, RecognitionKind, Rules, StateKey,
    recognition::{Deeds, Doer, praise},
    signal::{Signal, Signals},
};
use crate::{
    contact::Measure,
    event::{AgentId, Channel, QueueId, Span, TeamId, Timestamp},
};

/// Who has done nothing for so long is forgotten.
const MERITS_KEPT: Span = Span::from_secs(30 * 86_400);
const HOUR: Span = Span::from_secs(3_600);

impl Rules {
    /// Adds what an agent did in a queue to their merits, and to their team's.
    pub(super) fn note_deeds(
        &mut self,
        pane: Timestamp,
        (queue, channel, agent): (&QueueId, Channel, &AgentId),
        signals: &Signals,
    ) {
        let looks = |kind| self.settings.recognition_of(kind).looks_at(queue, channel);
        let [of_promises, of_ratings, of_shares] = [
            RecognitionKind::TargetHeld,
            RecognitionKind::Streak,
            RecognitionKind::Improvement,
        ]
        .map(looks);
        let target = of_promises.then(|| self.agents_target(queue, channel, pane));
        let mut deeds = Deeds::of_promises(signals, target.flatten());
        let of_team = deeds;
        if of_shares {
            deeds = deeds.with_shares(signals);
        }
        let ratings = (signals.get(Signal::Rated), signals.get(Signal::RatedTop));
        let has_ratings = of_ratings && ratings != (0, 0);
        if deeds == Deeds::default() && !has_ratings {
            return;
        }
        let doer = Doer::Agent(agent.clone());
        let merits = self.merits.entry(doer.clone()).or_default();
        merits.add(pane, &deeds);
        if has_ratings {
            merits.rate(pane, ratings.0, ratings.1);
        }
        let team = merits.team().cloned();
        self.touch(doer);
        if let Some(team) = team.filter(|_| of_team != Deeds::default()) {
            let whole = Doer::Team(team);
            (self.merits.entry(whole.clone()).or_default()).add(pane, &of_team);
            self.touch(whole);
        }
    }

    /// Notes that an agent has come into a team.
    pub(super) fn note_team(
        &mut self,
        pane: Timestamp,
        team: &TeamId,
        agent: &AgentId,
        signals: &Signals,
    ) {
        if signals.get(Signal::LoggedOnStep) <= 0 {
            return;
        }
        let doer = Doer::Agent(agent.clone());
        (self.merits.entry(doer.clone()).or_default()).join(team, pane);
        self.note_changed(StateKey::Merits(doer));
    }

    fn touch(&mut self, doer: Doer) {
        self.note_changed(StateKey::Merits(doer.clone()));
        self.did_anything.insert(doer);
    }

    /// Returns the strictest target of what an agent owes in a queue: rings to take, and customers to answer.
    fn agents_target(&self, queue: &QueueId, channel: Channel, at: Timestamp) -> Option<f64> {
        let policies = self.contacts.policies.iter().filter(|policy| {
            policy.measure != Measure::Answer
                && policy.in_force.holds(at)
                && policy.applies_to(channel, Some(queue))
        });
        policies.map(|policy| policy.target).max_by(f64::total_cmp)
    }

    /// Looks at those who did anything in the pane that ends at `now`.
    pub(super) fn recognize(&mut self, now: Timestamp) {
        for doer in std::mem::take(&mut self.did_anything) {
            self.recognize_one(&doer, now);
        }
        if now.floor(HOUR) == now {
            self.forget_merits(now);
        }
    }

    fn recognize_one(&mut self, doer: &Doer, now: Timestamp) {
        let Some(merits) = self.merits.get_mut(doer) else {
            return;
        };
        for kind in RecognitionKind::ALL {
            let rule = self.settings.recognition_of(kind);
            if !rule.enabled || !merits.may_be(kind, now, rule.repeat_every) {
                continue;
            }
            if let Some(praise) = praise(kind, merits, now, rule) {
                merits.note(kind, now);
                let whose = (doer, merits.team());
                let recognition = Recognition::new(kind, whose, now, praise);
                self.recognitions.push(recognition);
            }
        }
    }

    fn forget_merits(&mut self, now: Timestamp) {
        let gone = self
            .merits
            .iter()
            .filter(|(_, merits)| merits.is_idle_since(now - MERITS_KEPT));
        let gone: Vec<Doer> = gone.map(|(doer, _)| doer.clone()).collect();
        for doer in gone {
            self.merits.remove(&doer);
            self.note_changed(StateKey::Merits(doer));
        }
    }

    /// Takes what has been recognized since the last call, in order.
    pub fn take_recognitions(&mut self) -> Vec<Recognition> {
        std::mem::take(&mut self.recognitions)
    }
}
