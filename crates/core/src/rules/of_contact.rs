//! The signals of a contact: what the change of its fold adds and takes back.

use super::signal::{PANE, Signal, SignalBatch, Signals, Subject};
use crate::{
    contact::{
        Closed, Engagement, Episode, EpisodeOutcome, Fold, Measure, Obligation, OfferOutcome,
        Verdict,
    },
    event::{ContactId, Timestamp},
};

/// A rating of at least this share of its scale is a top one.
const TOP_FROM: f64 = 0.99;
/// One below this share is a low one.
const LOW_BELOW: f64 = 0.5;

/// Adds the signals by which the fold of a contact has changed.
pub fn add_change(id: &ContactId, before: &Fold, after: &Fold, batch: &mut SignalBatch) {
    let anew = before.attributes != after.attributes
        || before.has_inbound_leg() != after.has_inbound_leg();
    for (fold, other, sign) in [(before, after, -1), (after, before, 1)] {
        let mut emitter = Emitter {
            id,
            fold,
            sign,
            batch,
        };
        emitter.emit(other, anew);
    }
}

struct Emitter<'a> {
    id: &'a ContactId,
    fold: &'a Fold,
    sign: i64,
    batch: &'a mut SignalBatch,
}

/// Returns the parts that are not the same in the other fold.
fn changed<'p, P: PartialEq>(
    parts: &'p [P],
    others: &'p [P],
    anew: bool,
) -> impl Iterator<Item = &'p P> {
    let all = parts.iter().enumerate();
    all.filter(move |(place, part)| anew || others.get(*place) != Some(*part))
        .map(|(_, part)| part)
}

impl Emitter<'_> {
    fn emit(&mut self, other: &Fold, anew: bool) {
        let fold = self.fold;
        for episode in changed(&fold.episodes, &other.episodes, anew) {
            self.episode(episode);
        }
        for engagement in changed(&fold.engagements, &other.engagements, anew) {
            self.engagement(engagement);
        }
        for obligation in changed(&fold.obligations, &other.obligations, anew) {
            self.obligation(obligation);
        }
        for offer in changed(&fold.offers, &other.offers, anew) {
            let Some(end) = offer.ended else { continue };
            let missed = matches!(end.outcome, OfferOutcome::Missed | OfferOutcome::Declined);
            if let (true, Some(queue)) = (missed, &offer.queue) {
                let agent = offer.agent.clone();
                let subject = Subject::AgentQueue(queue.clone(), fold.attributes.channel(), agent);
                let sign = self.sign;
                self.of(subject, end.at).add(Signal::OffersMissed, sign);
            }
        }
        if anew || fold.survey != other.survey {
            self.survey();
        }
        if anew || fold.episodes.first() != other.episodes.first() {
            self.reason();
        }
    }

    /// Returns the signals of a subject in the pane of `at`, to be added to.
    fn of(&mut self, subject: Subject, at: Timestamp) -> &mut Signals {
        self.batch.at(subject, at)
    }

    fn episode(&mut self, episode: &Episode) {
        let (sign, id) = (self.sign, self.id);
        let channel = self.fold.attributes.channel();
        let queue = Subject::Queue(episode.queue.clone());
        let begun = self.of(queue.clone(), episode.opened_at);
        begun.add(Signal::Offered, sign);
        begun.add(Signal::OfferedBy(channel), sign);
        let Some(end) = &episode.ended else { return };
        let panes = (end.at.floor(PANE) - episode.opened_at.floor(PANE)).0 / PANE.0;
        let panes = u32::try_from(panes).unwrap_or(0);
        let waited = (end.at - episode.opened_at).0 / 1_000_000;
        let ended = self.of(queue, end.at);
        ended.add(Signal::WaitEnded { panes }, sign);
        match end.outcome {
            EpisodeOutcome::Answered => {
                ended.add(Signal::Answered, sign);
                ended.add(Signal::SecondsWaited, sign * waited);
            }
            EpisodeOutcome::Abandoned => {
                ended.add(Signal::Abandoned, sign);
                ended.add(Signal::SecondsWaited, sign * waited);
                ended.add_contact(id, sign);
            }
            EpisodeOutcome::LeftForCallback => {
                ended.add(Signal::CallbacksAsked, sign);
                ended.add_contact(id, sign);
            }
            EpisodeOutcome::Left | EpisodeOutcome::Stale => {}
        }
    }

    fn engagement(&mut self, engagement: &Engagement) {
        let Some(queue) = engagement
            .queue
            .as_ref()
            .filter(|_| engagement.is_inbound())
        else {
            return;
        };
        let (sign, id) = (self.sign, self.id);
        let channel = self.fold.attributes.channel();
        let agent = || Subject::AgentQueue(queue.clone(), channel, engagement.agent.clone());
        if let Some(turns) = &engagement.turns {
            for turn in &turns.past {
                let seconds = (turn.to - turn.from).as_secs();
                self.work([Subject::Queue(queue.clone()), agent()], turn.to, seconds);
            }
        }
        let Some(at) = engagement.ended_at else {
            return;
        };
        if engagement.turns.is_none() && !engagement.is_incomplete() {
            let subjects = [Subject::Queue(queue.clone()), agent()];
            self.work(subjects, at, engagement.handle().as_secs());
        }
        let ended = self.of(agent(), at);
        ended.add(Signal::Ended, sign);
        if engagement.transferred {
            ended.add(Signal::Transferred, sign);
            ended.add_contact(id, sign);
        }
        if let Some(resolved) = engagement.resolved {
            ended.add(Signal::Dispositions, sign);
            ended.add(Signal::Unresolved, sign * i64::from(!resolved));
        }
    }

    /// Adds a piece of work that took so many seconds.
    fn work(&mut self, subjects: [Subject; 2], at: Timestamp, seconds: f64) {
        let sign = self.sign;
        let log = seconds.max(1.0).ln();
        for subject in subjects {
            let signals = self.of(subject, at);
            signals.add(Signal::Handled, sign);
            signals.add(Signal::LogHandle, sign * thousandths(log));
            signals.add(Signal::LogHandleSquared, sign * thousandths(log * log));
            signals.add(Signal::HandleSeconds, sign * (thousandths(seconds) / 1_000));
        }
    }

    fn obligation(&mut self, obligation: &Obligation) {
        let Some(decided) = obligation.decided else {
            return;
        };
        let missed = match decided.verdict {
            Verdict::Missed => true,
            Verdict::Met => false,
            Verdict::Excluded => return,
        };
        let measure = obligation.owed.measure();
        let Some(name) = &obligation.queue else {
            return;
        };
        let (signal, of_answers) = if missed {
            (Signal::Missed, Signal::AnswersMissed)
        } else {
            (Signal::Met, Signal::AnswersMet)
        };
        let (sign, id) = (self.sign, self.id);
        let queue = self.of(Subject::Queue(name.clone()), decided.at);
        queue.add(signal, sign);
        if measure == Measure::Answer {
            queue.add(of_answers, sign);
        }
        if missed {
            queue.add_contact(id, sign);
        }
        // Whether an agent takes what rings and answers who writes: waits in the queue are not theirs.
        let agent = obligation.agent.as_ref().filter(|_| {
            let was_there = obligation.closed.as_ref();
            measure == Measure::Accept
                || was_there.is_none_or(|closed| closed.how == Closed::Replied)
        });
        if let Some(agent) = agent {
            let channel = self.fold.attributes.channel();
            let subject = Subject::AgentQueue(name.clone(), channel, agent.clone());
            let signals = self.of(subject, decided.at);
            signals.add(signal, sign);
            if missed {
                signals.add_contact(id, sign);
            }
        }
    }

    fn survey(&mut self) {
        let Some(given) = &self.fold.survey else {
            return;
        };
        let Some(engaged) = given
            .engaged
            .as_ref()
            .filter(|_| self.fold.has_inbound_leg())
        else {
            return;
        };
        let Some(queue) = &engaged.queue else { return };
        let (sign, id) = (self.sign, self.id);
        let channel = self.fold.attributes.channel();
        let subject = Subject::AgentQueue(queue.clone(), channel, engaged.agent.clone());
        let share = given.survey.normalised();
        let signals = self.of(subject, given.at);
        signals.add(Signal::Rated, sign);
        signals.add(Signal::RatedTop, sign * i64::from(share >= TOP_FROM));
        if share < LOW_BELOW {
            signals.add(Signal::RatedLow, sign);
            signals.add_contact(id, sign);
        }
    }

    fn reason(&mut self) {
        let attributes = &self.fold.attributes;
        let first = self.fold.episodes.first();
        if let (Some(reason), Some(first)) = (&attributes.reason, first) {
            let subject = Subject::Reason(reason.clone(), first.queue.clone());
            let (sign, id) = (self.sign, self.id);
            let signals = self.of(subject, first.opened_at);
            signals.add(Signal::Begun, sign);
            signals.add_contact(id, sign);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "times of contacts, and shares"
)]
pub(super) fn thousandths(value: f64) -> i64 {
    (value * 1e3).round() as i64
}
