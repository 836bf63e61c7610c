//! The fold proper: one event after the other, in order, with the passing of time between them.

use minicbor::{Decode, Encode};

use super::{
    ContactSettings, Measure,
    parts::{
        AnsweredEnd, Attributes, Closed, Closing, Decision, Engagement, Episode, EpisodeEnd,
        EpisodeOutcome, LegDirection, Obligation, Offer, OfferEnd, OfferOutcome, Owed, SurveyGiven,
        Verdict,
    },
};
use crate::event::{
    AgentId, AtAgent, Body, Channel, ContactQueued, Direction, EndedBy, QueueId, Span, Survey,
    Timestamp, WrapUpEnded,
};

/// A contact as its events up to an instant make it. A function of the *set* of events and of that instant.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Fold {
    #[n(0)]
    pub attributes: Attributes,
    #[n(1)]
    pub began_at: Option<Timestamp>,
    /// Set while the customer's side is over.
    #[n(2)]
    pub over_since: Option<Timestamp>,
    #[n(3)]
    pub episodes: Vec<Episode>,
    #[n(4)]
    pub offers: Vec<Offer>,
    #[n(5)]
    pub engagements: Vec<Engagement>,
    #[n(6)]
    pub obligations: Vec<Obligation>,
    #[n(7)]
    pub survey: Option<SurveyGiven>,
    #[n(8)]
    pub answered_end: Option<AnsweredEnd>,
    #[n(9)]
    pub queued_before: bool,
    #[n(10)]
    pub transferred_before: bool,
    #[n(11)]
    pub last_queue: Option<QueueId>,
    #[n(12)]
    pub clock_skews: u32,
    /// The latest instant at which the passing of time alone changed something.
    #[n(13)]
    pub last_transition_at: Option<Timestamp>,
}

/// An event without what is the same for all of a contact's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening<'a> {
    pub at: Timestamp,
    pub body: &'a Body,
}

impl Fold {
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.attributes.channel.unwrap_or(Channel::Other)
    }

    /// Index of the wait that is open.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.episodes
            .last()
            .filter(|episode| episode.ended.is_none())
            .map(|_| self.episodes.len() - 1)
    }

    /// Applies an event that comes after all applied so far. Time must have been advanced to it.
    pub(super) fn apply(&mut self, happening: Happening<'_>, settings: &ContactSettings) {
        let at = happening.at;
        self.began_at.get_or_insert(at);
        match happening.body {
            Body::Transferred(transferred) => self.transfer(at, &transferred.agent, settings),
            Body::ContactQueued(queued) => self.queue(at, queued, settings),
            Body::ContactLeftQueue(_) => {
                self.end_wait(at, EpisodeOutcome::Left, None, settings);
            }
            Body::AgentOffered(offered) => self.offer(at, offered, settings),
            Body::OfferDeclined(agent, cause) => {
                self.end_offers(at, Some(agent), (*cause).into());
            }
            Body::AgentAnswered(answered) => self.answer(at, answered, settings),
            Body::HoldStarted(agent) => self.start_hold(at, agent),
            Body::HoldEnded(agent) => self.end_hold(at, agent),
            Body::ContactEnded(by) => self.end_contact(at, *by, settings),
            Body::WrapUpEnded(wrap_up) => self.end_wrap_up(at, wrap_up, settings),
            Body::SurveyAnswered(survey) => self.take_survey(at, *survey),
        }
        if let Some(queue) = queue_named(happening.body) {
            self.last_queue = Some(queue.clone());
        }
    }

    fn queue(&mut self, at: Timestamp, queued: &ContactQueued, settings: &ContactSettings) {
        if self.attributes.direction_of(queued.leg.as_ref()) == Direction::Monitor {
            return;
        }
        self.over_since = None;
        let first = !std::mem::replace(&mut self.queued_before, true);
        let Some(queue) = queued.queue.as_ref() else {
            return;
        };
        if let Some(open) = self.waiting() {
            if self.episodes[open].queue == *queue {
                return;
            }
            self.end_wait(at, EpisodeOutcome::Left, None, settings);
        }
        self.open_episode(at, queue, queued, settings);
        let early_answer = (first && !self.transferred_before)
            .then(|| self.engagement_in(queue))
            .flatten();
        if let Some(agent) = early_answer {
            self.clock_skews += 1;
            self.end_wait(at, EpisodeOutcome::Answered, Some(&agent), settings);
        }
    }

    fn engagement_in(&self, queue: &QueueId) -> Option<AgentId> {
        self.engagements
            .iter()
            .find(|engagement| engagement.queue.as_ref() == Some(queue))
            .filter(|engagement| {
                self.attributes.direction_of(engagement.leg.as_ref()) != Direction::Monitor
            })
            .map(|engagement| engagement.agent.clone())
    }

    fn open_episode(
        &mut self,
        at: Timestamp,
        queue: &QueueId,
        queued: &ContactQueued,
        settings: &ContactSettings,
    ) {
        self.episodes.push(Episode {
            queue: queue.clone(),
            leg: queued.leg.clone(),
            opened_at: at,
            ended: None,
        });
        if self.attributes.is_inbound(queued.leg.as_ref()) {
            let owed = Owed::Answer(index(self.episodes.len() - 1));
            self.oblige(at, Measure::Answer, owed, Some(queue.clone()), settings);
        }
    }

    fn offer(&mut self, at: Timestamp, offered: &AtAgent, settings: &ContactSettings) {
        let rings_already = self
            .offers
            .iter()
            .any(|offer| offer.ended.is_none() && offer.agent == offered.agent);
        if rings_already || self.over_since.is_some() {
            return;
        }
        let queue = offered
            .queue
            .clone()
            .or_else(|| self.last_queue.clone())
            .or_else(|| self.attributes.first_queue.clone());
        self.offers.push(Offer {
            agent: offered.agent.clone(),
            queue: queue.clone(),
            leg: offered.leg.clone(),
            opened_at: at,
            ended: None,
        });
        if self.attributes.is_inbound(offered.leg.as_ref()) {
            let owed = Owed::Accept(index(self.offers.len() - 1));
            self.oblige(at, Measure::Accept, owed, queue, settings);
        }
    }

    fn answer(&mut self, at: Timestamp, answered: &AtAgent, settings: &ContactSettings) {
        let talks_already = self
            .engagements
            .iter()
            .any(|engagement| engagement.talks() && engagement.agent == answered.agent);
        if talks_already {
            return;
        }
        let monitors = self.attributes.direction_of(answered.leg.as_ref()) == Direction::Monitor;
        if !monitors {
            self.end_offers(at, Some(&answered.agent), OfferOutcome::Answered);
            self.end_offers(at, None, OfferOutcome::Withdrawn);
            self.end_wait(
                at,
                EpisodeOutcome::Answered,
                Some(&answered.agent),
                settings,
            );
        }
        let waited_in = self.episodes.last().map(|episode| &episode.queue);
        self.engagements.push(Engagement {
            agent: answered.agent.clone(),
            queue: answered.queue.as_ref().or(waited_in).cloned(),
            leg: answered.leg.clone(),
            answered_at: at,
            talk_ended_at: None,
            ended_at: None,
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            incomplete: false,
            resolved: None,
        });
        if self.over_since.is_some() {
            self.clock_skews += 1;
            self.end_talk(self.engagements.len() - 1, at, settings);
        }
    }

    fn transfer(&mut self, at: Timestamp, agent: &AgentId, settings: &ContactSettings) {
        self.transferred_before = true;
        if let Some(talking) = self.talking(agent) {
            self.engagements[talking].transferred = true;
            self.end_talk(talking, at, settings);
        }
    }

    fn talking(&self, agent: &AgentId) -> Option<usize> {
        self.engagements
            .iter()
            .position(|engagement| engagement.talks() && engagement.agent == *agent)
    }

    fn start_hold(&mut self, at: Timestamp, agent: &AgentId) {
        if let Some(talking) = self.talking(agent) {
            self.engagements[talking].held_since.get_or_insert(at);
        }
    }

    fn end_hold(&mut self, at: Timestamp, agent: &AgentId) {
        if let Some(talking) = self.talking(agent) {
            self.engagements[talking].stop_hold(at);
        }
    }

    fn end_talk(&mut self, engagement: usize, at: Timestamp, settings: &ContactSettings) {
        let wraps_up = !settings.no_wrap_up.contains(&self.channel());
        let engagement = &mut self.engagements[engagement];
        engagement.stop_talk(at);
        if !wraps_up {
            engagement.ended_at = Some(at);
        }
    }

    fn end_contact(&mut self, at: Timestamp, by: EndedBy, settings: &ContactSettings) {
        let outcome = match by {
            EndedBy::Customer => EpisodeOutcome::Abandoned,
            EndedBy::Agent | EndedBy::System => EpisodeOutcome::Left,
        };
        self.end_wait(at, outcome, None, settings);
        self.end_offers(at, None, OfferOutcome::Withdrawn);
        for engagement in 0..self.engagements.len() {
            if self.engagements[engagement].talks() {
                self.end_talk(engagement, at, settings);
            }
        }
        self.over_since.get_or_insert(at);
        if self.answered_end.is_none()
            && let Some(engagement) = self.last_engaged()
        {
            self.answered_end = Some(AnsweredEnd { at, engagement });
        }
    }

    /// The engagement that was the last to begin, supervisors who listened in left out.
    fn last_engaged(&self) -> Option<u32> {
        self.engagements
            .iter()
            .rposition(|engagement| self.attributes.is_inbound(engagement.leg.as_ref()))
            .map(index)
    }

    fn end_wrap_up(&mut self, at: Timestamp, wrap_up: &WrapUpEnded, settings: &ContactSettings) {
        let of_agent = |engagement: &Engagement| engagement.agent == wrap_up.agent;
        let wraps = |engagement: &Engagement| of_agent(engagement) && engagement.wraps_up();
        let talks = |engagement: &Engagement| of_agent(engagement) && engagement.talks();
        let open = (self.engagements.iter().position(wraps))
            .or_else(|| self.engagements.iter().position(talks));
        let closed_with_talk = || {
            (settings.no_wrap_up.contains(&self.channel()))
                .then(|| self.engagements.iter().rposition(of_agent))
                .flatten()
        };
        let Some(which) = open.or_else(closed_with_talk) else {
            return;
        };
        let engagement = &mut self.engagements[which];
        engagement.resolved = wrap_up.resolved.or(engagement.resolved);
        engagement.stop_talk(at);
        engagement.ended_at.get_or_insert(at);
    }

    fn take_survey(&mut self, at: Timestamp, survey: Survey) {
        self.survey = Some(SurveyGiven {
            at,
            survey,
            engagement: self.last_engaged(),
        });
    }

    fn oblige(
        &mut self,
        at: Timestamp,
        measure: Measure,
        owed: Owed,
        queue: Option<QueueId>,
        settings: &ContactSettings,
    ) {
        let channel = self.channel();
        let applies = settings.policies.iter().filter(|policy| {
            policy.measure == measure && policy.applies_to(channel, queue.as_ref())
        });
        for policy in applies {
            self.obligations.push(Obligation {
                policy: policy.code(),
                owed,
                queue: queue.clone(),
                opened_at: at,
                risk_at: at + policy.at_risk_after(),
                due_at: at + policy.threshold,
                at_risk: false,
                decided: None,
                closed: None,
            });
        }
    }

    fn end_wait(
        &mut self,
        at: Timestamp,
        outcome: EpisodeOutcome,
        agent: Option<&AgentId>,
        settings: &ContactSettings,
    ) {
        let Some(open) = self.waiting() else { return };
        let wait = at - self.episodes[open].opened_at;
        self.episodes[open].ended = Some(EpisodeEnd {
            at,
            outcome,
            short: outcome == EpisodeOutcome::Abandoned && wait < settings.short_abandon,
            agent: agent.cloned(),
        });
        self.close(Owed::Answer(index(open)), |obligation| {
            let verdict = settings.verdict_of_wait(obligation.policy, outcome, wait);
            (at, verdict, closed_by(outcome), agent.cloned())
        });
        if outcome != EpisodeOutcome::Answered {
            self.end_offers(at, None, OfferOutcome::Withdrawn);
        }
    }

    /// Ends the open offers of `agent`, or all.
    fn end_offers(&mut self, at: Timestamp, agent: Option<&AgentId>, outcome: OfferOutcome) {
        for offer in 0..self.offers.len() {
            let ringing = &mut self.offers[offer];
            if ringing.ended.is_some() || agent.is_some_and(|agent| ringing.agent != *agent) {
                continue;
            }
            ringing.ended = Some(OfferEnd { at, outcome });
            let who = ringing.agent.clone();
            let (verdict, how) = verdict_of_offer(outcome);
            self.close(Owed::Accept(index(offer)), |_| {
                let agent = (how == Closed::Answered).then(|| who.clone());
                (at, verdict, how, agent)
            });
        }
    }

    fn close(
        &mut self,
        owed: Owed,
        ending: impl Fn(&Obligation) -> (Timestamp, Verdict, Closed, Option<AgentId>),
    ) {
        for obligation in &mut self.obligations {
            if obligation.owed == owed && obligation.closed.is_none() {
                let (at, verdict, how, agent) = ending(obligation);
                obligation.decided.get_or_insert(Decision { at, verdict });
                obligation.closed = Some(Closing { at, how, agent });
            }
        }
    }
}

/// How far the passing of time goes: an event at an instant comes before what time alone does at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Up to an event at this instant.
    Event(Timestamp),
    /// This instant itself has passed.
    Passed(Timestamp),
}

impl Until {
    fn covers(self, instant: Timestamp) -> bool {
        match self {
            Self::Event(limit) => instant < limit,
            Self::Passed(limit) => instant <= limit,
        }
    }
}

/// What time alone does.
impl Fold {
    pub(super) fn advance(&mut self, until: Until, settings: &ContactSettings) {
        while let Some(at) = self.next_transition_at(settings)
            && until.covers(at)
        {
            self.transit(at, settings);
            self.last_transition_at = self.last_transition_at.max(Some(at));
        }
    }

    /// The next instant at which time alone changes something.
    pub(super) fn next_transition_at(&self, settings: &ContactSettings) -> Option<Timestamp> {
        let owed = self.obligations.iter().filter_map(Obligation::next_at);
        let limits = Limits::of(self.channel(), settings);
        let stale = self
            .waiting()
            .map(|open| self.episodes[open].opened_at + limits.age_max);
        let engaged = (self.engagements.iter())
            .filter(|engagement| engagement.ended_at.is_none())
            .map(|engagement| limits.of_engagement(engagement));
        owed.chain(stale).chain(engaged).min()
    }

    fn transit(&mut self, at: Timestamp, settings: &ContactSettings) {
        for obligation in &mut self.obligations {
            obligation.pass(at);
        }
        let limits = Limits::of(self.channel(), settings);
        for engagement in &mut self.engagements {
            if engagement.ended_at.is_none() && limits.of_engagement(engagement) <= at {
                engagement.stop_talk(at);
                engagement.ended_at = Some(at);
                engagement.incomplete = true;
            }
        }
        if let Some(open) = self.waiting()
            && self.episodes[open].opened_at + limits.age_max <= at
        {
            self.end_wait(at, EpisodeOutcome::Stale, None, settings);
        }
    }
}

/// How long things may stay open.
struct Limits {
    age_max: Span,
    wrap_up_max: Span,
}

impl Limits {
    fn of(channel: Channel, settings: &ContactSettings) -> Self {
        Self {
            age_max: settings.max_age_of(channel),
            wrap_up_max: settings.wrap_up_max,
        }
    }

    fn of_engagement(&self, engagement: &Engagement) -> Timestamp {
        let stale_at = engagement.answered_at + self.age_max;
        engagement
            .talk_ended_at
            .map_or(stale_at, |end| stale_at.min(end + self.wrap_up_max))
    }
}

impl Attributes {
    /// Takes what an event says first, when it comes after all that were learnt from so far. True when this changes
    /// what earlier events meant.
    pub(super) fn learn(&mut self, said: &Said<'_>) -> bool {
        if self.customer.is_none() {
            self.customer = said.customer.cloned();
        }
        let mut changed = self.channel.is_none() && said.channel.is_some();
        self.channel = self.channel.or(said.channel);
        if self.first_queue.is_none() {
            self.first_queue = queue_named(said.body).cloned();
            changed |= self.first_queue.is_some();
        }
        if let Body::ContactQueued(queued) = said.body {
            if self.reason.is_none() {
                self.reason = queued.reason.clone();
            }
            changed |= self.learn_direction(queued);
        }
        changed
    }

    fn learn_direction(&mut self, queued: &ContactQueued) -> bool {
        let first = self.direction.is_none();
        if first {
            self.direction = Some(queued.direction.unwrap_or(Direction::Inbound));
        }
        let Some(leg) = &queued.leg else { return first };
        let before = self.leg_directions.len();
        let known = self.direction_of(Some(leg));
        self.leg_directions.retain(|known| known.leg != *leg);
        if let Some(direction) = queued.direction {
            self.leg_directions.push(LegDirection {
                leg: leg.clone(),
                direction,
            });
        }
        first || before != self.leg_directions.len() || known != self.direction_of(Some(leg))
    }
}

/// What one event says of the whole contact.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub channel: Option<Channel>,
    pub customer: Option<&'a crate::event::Text>,
    pub body: &'a Body,
}

fn queue_named(body: &Body) -> Option<&QueueId> {
    match body {
        Body::ContactQueued(queued) => queued.queue.as_ref(),
        Body::AgentOffered(at) | Body::AgentAnswered(at) => at.queue.as_ref(),
        Body::Transferred(_)
        | Body::ContactLeftQueue(_)
        | Body::OfferDeclined(..)
        | Body::HoldStarted(_)
        | Body::HoldEnded(_)
        | Body::ContactEnded(_)
        | Body::WrapUpEnded(_)
        | Body::SurveyAnswered(_) => None,
    }
}

fn closed_by(outcome: EpisodeOutcome) -> Closed {
    match outcome {
        EpisodeOutcome::Answered => Closed::Answered,
        EpisodeOutcome::Abandoned => Closed::Abandoned,
        EpisodeOutcome::Left => Closed::Left,
        EpisodeOutcome::Stale => Closed::Stale,
    }
}

fn verdict_of_offer(outcome: OfferOutcome) -> (Verdict, Closed) {
    match outcome {
        OfferOutcome::Answered => (Verdict::Met, Closed::Answered),
        OfferOutcome::Declined | OfferOutcome::Missed => (Verdict::Missed, Closed::Declined),
        OfferOutcome::Withdrawn => (Verdict::Excluded, Closed::Withdrawn),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a contact has far fewer parts"
)]
fn index(position: usize) -> u32 {
    position as u32
}
