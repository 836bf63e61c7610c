//! What each policy owes the customer as a response or a resolution, and what became of it: looked up in the contact's moments.

use super::{
    Measure, Opens, Outcome, Policy, Settings,
    obligation::Obligation,
    parts::{Moment, MomentKind, Parts, WaitEnd},
};
use floorwalker_core::event::{AgentId, Channel, Timestamp};

/// The obligations of a policy that measures a response or the resolution.
pub(super) fn of_contact(
    parts: &Parts,
    policy: &Policy,
    settings: &Settings,
    clock: Timestamp,
) -> Vec<Obligation> {
    let owed = Owed {
        parts,
        policy,
        settings,
        clock,
    };
    let covered = |index: &usize| policy.covers(parts.moments[*index].queue.as_ref());
    let made = |index: usize| owed.obligation(index);
    match policy.measure {
        Measure::FirstResponse => {
            let opening = owed.first_response().filter(covered);
            opening.into_iter().map(made).collect()
        }
        Measure::NextResponse => {
            let openings = owed.turns().filter_map(|turn| owed.put_off(turn));
            openings.filter(covered).map(made).collect()
        }
        Measure::Resolution => owed.resolutions(),
        Measure::Accept | Measure::Answer => Vec::new(),
    }
}

struct Owed<'a> {
    parts: &'a Parts,
    policy: &'a Policy,
    settings: &'a Settings,
    clock: Timestamp,
}

impl Owed<'_> {
    fn by_voice(&self) -> bool {
        [Channel::Voice, Channel::Video].contains(&self.parts.channel)
    }

    /// The moment that opens it, unless our side came first.
    fn first_response(&self) -> Option<usize> {
        let by_voice = self.by_voice();
        let queued_only = by_voice || self.policy.opens == Opens::Queued;
        let opens = |moment: &Moment| {
            moment.kind == MomentKind::Queued
                || (moment.kind == MomentKind::Customer && !queued_only)
        };
        let ours = |moment: &Moment| {
            let engaged = matches!(
                moment.kind,
                MomentKind::Answered(_) | MomentKind::ReportedAlone
            );
            let wrote = matches!(moment.kind, MomentKind::Agent(_));
            if by_voice { engaged } else { wrote }
        };
        let moments = &self.parts.moments;
        let opening = moments.iter().position(opens)?;
        (!moments[..opening].iter().any(ours)).then_some(opening)
    }

    /// The moments that begin a turn: the customer's first after an agent's, and reopenings.
    fn turns(&self) -> impl Iterator<Item = usize> {
        let moments = &self.parts.moments;
        let word = |moment: &&Moment| {
            matches!(
                moment.kind,
                MomentKind::Customer | MomentKind::Agent(_) | MomentKind::Reopened
            )
        };
        let follows_an_agent = move |index: usize| {
            let before = moments[..index].iter().rfind(word);
            before.is_some_and(|moment| matches!(moment.kind, MomentKind::Agent(_)))
        };
        (0..moments.len()).filter(move |index| {
            let kind = &moments[*index].kind;
            *kind == MomentKind::Reopened
                || (*kind == MomentKind::Customer && follows_an_agent(*index))
        })
    }

    /// What opens the response to a turn: the moment that begins it or, where a bot writes in it before that is due, the next wait.
    fn put_off(&self, turn: usize) -> Option<usize> {
        let moments = &self.parts.moments;
        let begun = &moments[turn];
        let terms = self.terms_at(begun.at)?;
        if begun.kind != MomentKind::Customer || terms.opens != Opens::Queued {
            return Some(turn);
        }
        let owed = Owed {
            policy: terms,
            ..*self
        };
        let later = |is_it: fn(&MomentKind) -> bool| {
            let rest = moments.iter().skip(turn + 1);
            let found = rest.clone().position(move |moment| is_it(&moment.kind));
            found.map_or(usize::MAX, |after| turn + 1 + after)
        };
        let bot = later(|kind| *kind == MomentKind::Bot);
        let over = later(|kind| {
            matches!(
                kind,
                MomentKind::Agent(_) | MomentKind::Ended | MomentKind::Resolved(_)
            )
        });
        let queued = later(|kind| *kind == MomentKind::Queued);
        let closed = owed.ending(turn).map_or(usize::MAX, |(end, _)| end);
        let max_age = self.settings.max_age(self.parts.channel);
        let (due_at, _) = terms.limit(self.parts, begun.at, terms.threshold, max_age);
        let in_time = bot < closed && moments[bot].at <= due_at;
        match in_time {
            false => Some(turn),
            true => (queued < over).then_some(queued),
        }
    }

    /// Those of the policy's name that were in force then.
    fn terms_at(&self, at: Timestamp) -> Option<&Policy> {
        let mut policies = self.settings.policies.iter();
        policies.find(|it| it.name == self.policy.name && it.is_in_force(at))
    }

    /// The first inbound wait opens one; a reopening another, if none runs: each by the terms of its time.
    fn resolutions(&self) -> Vec<Obligation> {
        let moments = &self.parts.moments;
        let first_wait = moments.iter().position(|it| it.kind == MomentKind::Queued);
        let mut made: Vec<Obligation> = Vec::new();
        let mut running_to: Option<usize> = None;
        for (index, moment) in moments.iter().enumerate() {
            let opens = first_wait == Some(index) || moment.kind == MomentKind::Reopened;
            let runs = made.last().is_some_and(|last| {
                // An event of the instant at which it is due comes before the miss.
                let ended_by_event = running_to.is_some_and(|end| end < index);
                !ended_by_event && moment.at <= last.due_at
            });
            let terms = self
                .terms_at(moment.at)
                .filter(|it| it.covers(moment.queue.as_ref()));
            if let Some(policy) = terms.filter(|_| opens && !runs) {
                let owed = Owed { policy, ..*self };
                made.push(owed.obligation(index));
                running_to = owed.ending(index).map(|(end, _)| end);
            }
        }
        made
    }

    /// The first later moment that ends what the one at `opening` opened, and what it makes of it if in time.
    fn ending(&self, opening: usize) -> Option<(usize, Outcome)> {
        let later = self.parts.moments.iter().enumerate().skip(opening + 1);
        later
            .filter_map(|(index, moment)| Some((index, self.outcome(moment)?)))
            .next()
    }

    fn outcome(&self, moment: &Moment) -> Option<Outcome> {
        let resolution = self.policy.measure == Measure::Resolution;
        let by_answer = self.policy.measure == Measure::FirstResponse && self.by_voice();
        let short = self.settings.short_abandon;
        match &moment.kind {
            MomentKind::Agent(_) => (!resolution && !by_answer).then_some(Outcome::Met),
            MomentKind::Answered(_) => by_answer.then_some(Outcome::Met),
            MomentKind::Abandoned { waited } => {
                Some((self.policy).outcome_of(&WaitEnd::Abandoned, *waited, short))
            }
            MomentKind::Left { waited, callback } => {
                let callback = *callback;
                let end = WaitEnd::Left { callback };
                let outcome = self.policy.outcome_of(&end, *waited, short);
                (!resolution).then_some(outcome)
            }
            MomentKind::Ended => (!resolution).then_some(Outcome::Excluded),
            MomentKind::Resolved(_) if resolution => Some(Outcome::Met),
            MomentKind::Resolved(_) => Some(Outcome::Excluded),
            MomentKind::Customer
            | MomentKind::Bot
            | MomentKind::Queued
            | MomentKind::ReportedAlone
            | MomentKind::Reopened => None,
        }
    }

    fn obligation(&self, opening: usize) -> Obligation {
        let moment = &self.parts.moments[opening];
        let ending = self.ending(opening);
        let end = ending.map(|(index, outcome)| (self.parts.moments[index].at, outcome));
        let terms = (self.settings, self.clock);
        let mut obligation = (self.policy).obligation(self.parts, moment.at, end, terms);
        obligation.queue.clone_from(&moment.queue);
        obligation.agent = match (ending, obligation.decided_at) {
            (_, None) => None,
            (Some((index, _)), Some(at)) if self.parts.moments[index].at == at => {
                self.parts.moments[index].whose()
            }
            (_, Some(due_at)) => self.talking_at(due_at),
        };
        obligation
    }

    /// Of the open inbound talks the latest begun.
    fn talking_at(&self, at: Timestamp) -> Option<AgentId> {
        (self.parts.engagements.iter())
            .rfind(|one| one.is_inbound() && one.talks_at(at))
            .map(|engagement| engagement.agent.clone())
    }
}

impl Moment {
    /// Who replied or resolved, else who was talking.
    fn whose(&self) -> Option<AgentId> {
        if let MomentKind::Agent(agent)
        | MomentKind::Answered(agent)
        | MomentKind::Resolved(Some(agent)) = &self.kind
        {
            return Some(agent.clone());
        }
        self.talking.clone()
    }
}
