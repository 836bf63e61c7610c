//! The signals of a contact: what the change of its fold adds and takes back.

use super::signal::{PANE, Signal, SignalBatch, Subject};
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
                self.add(subject, end.at, Signal::OffersMissed, 1);
            }
        }
        if anew || fold.survey != other.survey {
            self.survey();
        }
        if anew || fold.episodes.first() != other.episodes.first() {
            self.reason();
        }
    }

    fn add(&mut self, subject: Subject, at: Timestamp, signal: Signal, amount: i64) {
        (self.batch.at(subject, at)).add(signal, self.sign * amount);
    }

    fn wrong(&mut self, subject: Subject, at: Timestamp) {
        (self.batch.at(subject, at)).add_contact(self.id, self.sign);
    }

    fn episode(&mut self, episode: &Episode) {
        let queue = || Subject::Queue(episode.queue.clone());
        self.add(queue(), episode.opened_at, Signal::Offered, 1);
        let channel = self.fold.attributes.channel();
        self.add(queue(), episode.opened_at, Signal::OfferedBy(channel), 1);
        let Some(end) = &episode.ended else { return };
        let panes = (end.at.floor(PANE) - episode.opened_at.floor(PANE)).0 / PANE.0;
        let panes = u32::try_from(panes).unwrap_or(0);
        self.add(queue(), end.at, Signal::WaitEnded { panes }, 1);
        let waited = (end.at - episode.opened_at).0 / 1_000_000;
        match end.outcome {
            EpisodeOutcome::Answered => {
                self.add(queue(), end.at, Signal::Answered, 1);
                self.add(queue(), end.at, Signal::SecondsWaited, waited);
            }
            EpisodeOutcome::Abandoned => {
                self.add(queue(), end.at, Signal::Abandoned, 1);
                self.add(queue(), end.at, Signal::SecondsWaited, waited);
                self.wrong(queue(), end.at);
            }
            EpisodeOutcome::LeftForCallback => {
                self.add(queue(), end.at, Signal::CallbacksAsked, 1);
                self.wrong(queue(), end.at);
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
        let channel = self.fold.attributes.channel();
        let agent = || Subject::AgentQueue(queue.clone(), channel, engagement.agent.clone());
        if let Some(turns) = &engagement.turns {
            for turn in &turns.past {
                self.work(agent(), queue, turn.to, (turn.to - turn.from).as_secs());
            }
        }
        let Some(at) = engagement.ended_at else {
            return;
        };
        if engagement.turns.is_none() && !engagement.is_incomplete() {
            self.work(agent(), queue, at, engagement.handle().as_secs());
        }
        self.add(agent(), at, Signal::Ended, 1);
        if engagement.transferred {
            self.add(agent(), at, Signal::Transferred, 1);
            self.wrong(agent(), at);
        }
        if let Some(resolved) = engagement.resolved {
            self.add(agent(), at, Signal::Dispositions, 1);
            self.add(agent(), at, Signal::Unresolved, i64::from(!resolved));
        }
    }

    /// Adds a piece of work that took so many seconds.
    fn work(&mut self, agent: Subject, queue: &crate::event::QueueId, at: Timestamp, seconds: f64) {
        let log = seconds.max(1.0).ln();
        for subject in [Subject::Queue(queue.clone()), agent] {
            self.add(subject.clone(), at, Signal::Handled, 1);
            self.add(subject.clone(), at, Signal::LogHandle, thousandths(log));
            let squared = thousandths(log * log);
            self.add(subject.clone(), at, Signal::LogHandleSquared, squared);
            self.add(
                subject,
                at,
                Signal::HandleSeconds,
                thousandths(seconds) / 1_000,
            );
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
        let queue = Subject::Queue(name.clone());
        let (signal, of_answers) = if missed {
            (Signal::Missed, Signal::AnswersMissed)
        } else {
            (Signal::Met, Signal::AnswersMet)
        };
        self.add(queue.clone(), decided.at, signal, 1);
        if measure == Measure::Answer {
            self.add(queue.clone(), decided.at, of_answers, 1);
        }
        if missed {
            self.wrong(queue, decided.at);
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
            self.add(subject.clone(), decided.at, signal, 1);
            if missed {
                self.wrong(subject, decided.at);
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
        let channel = self.fold.attributes.channel();
        let subject = Subject::AgentQueue(queue.clone(), channel, engaged.agent.clone());
        let share = given.survey.normalised();
        self.add(subject.clone(), given.at, Signal::Rated, 1);
        self.add(
            subject.clone(),
            given.at,
            Signal::RatedTop,
            i64::from(share >= TOP_FROM),
        );
        if share < LOW_BELOW {
            self.add(subject.clone(), given.at, Signal::RatedLow, 1);
            self.wrong(subject, given.at);
        }
    }

    fn reason(&mut self) {
        let attributes = &self.fold.attributes;
        let first = self.fold.episodes.first();
        if let (Some(reason), Some(first)) = (&attributes.reason, first) {
            let subject = Subject::Reason(reason.clone(), first.queue.clone());
            self.add(subject.clone(), first.opened_at, Signal::Begun, 1);
            self.wrong(subject, first.opened_at);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "times of contacts")]
fn thousandths(value: f64) -> i64 {
    (value * 1e3).round() as i64
}
