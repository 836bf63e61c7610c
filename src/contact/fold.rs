//! The fold proper: one event after the other, in order, with the passing of time between them.

use minicbor::{Decode, Encode};

use super::{
    ContactSettings, Measure,
    parts::{
        AnsweredEnd, Attributes, Closed, Closing, Decision, Engaged, Engagement, Episode,
        EpisodeEnd, EpisodeOutcome, LegDirection, Obligation, Offer, OfferEnd, OfferOutcome, Owed,
        SurveyGiven, Verdict,
    },
};
use crate::event::{
    AgentId, AtAgent, Body, Channel, ContactQueued, Direction, EndedBy, QueueId, Span, Survey,
    Text, Timestamp, WrapUpEnded,
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
    /// Of the legs whose last `ContactQueued` said another direction than the contact's own.
    #[n(14)]
    pub leg_directions: Vec<LegDirection>,
}

/// An event without what is the same for all of a contact's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening<'a> {
    pub at: Timestamp,
    pub body: &'a Body,
}

impl Fold {
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
            Body::WrapUpEnded(wrap_up) => self.end_wrap_up(at, wrap_up),
            Body::SurveyAnswered(survey) => self.take_survey(at, *survey),
        }
        if let Some(queue) = queue_named(happening.body) {
            self.last_queue = Some(queue.clone());
        }
    }

    fn queue(&mut self, at: Timestamp, queued: &ContactQueued, settings: &ContactSettings) {
        let direction = queued.direction.unwrap_or(self.attributes.direction());
        self.set_direction(queued.leg.as_ref(), direction);
        self.over_since = None;
        let first = !std::mem::replace(&mut self.queued_before, true);
        let (Direction::Inbound, Some(queue)) = (direction, &queued.queue) else {
            return;
        };
        let goes_on = |open: usize| self.episodes[open].queue == *queue;
        if self.waiting().is_some_and(goes_on) {
            return;
        }
        self.end_wait(at, EpisodeOutcome::Left, None, settings);
        self.open_episode(at, queue, settings);
        let early_answer = (first && !self.transferred_before)
            .then(|| self.last_answer_in(queue))
            .flatten();
        if let Some(agent) = early_answer {
            self.clock_skews += 1;
            self.end_wait(at, EpisodeOutcome::Answered, Some(&agent), settings);
        }
    }

    fn set_direction(&mut self, leg: Option<&Text>, direction: Direction) {
        let known = (self.leg_directions.iter_mut()).find(|known| known.leg.as_ref() == leg);
        match known {
            Some(known) => known.direction = direction,
            None if direction == self.attributes.direction() => {}
            None => self.leg_directions.push(LegDirection {
                leg: leg.cloned(),
                direction,
            }),
        }
    }

    /// What the last `ContactQueued` of the leg said, else the contact's own.
    fn direction_of(&self, leg: Option<&Text>) -> Direction {
        (self.leg_directions.iter())
            .find(|known| known.leg.as_ref() == leg)
            .map_or(self.attributes.direction(), |known| known.direction)
    }

    fn last_answer_in(&self, queue: &QueueId) -> Option<AgentId> {
        (self.engagements.iter())
            .rfind(|engagement| engagement.queue.as_ref() == Some(queue))
            .map(|engagement| engagement.agent.clone())
    }

    fn open_episode(&mut self, at: Timestamp, queue: &QueueId, settings: &ContactSettings) {
        self.episodes.push(Episode {
            queue: queue.clone(),
            opened_at: at,
            ended: None,
        });
        let owed = Owed::Answer(index(self.episodes.len() - 1));
        self.oblige(at, owed, Some(queue), settings);
    }

    /// What had no queue when it was sealed has the first that was named after.
    pub(super) fn name_queues(&mut self) {
        let first = &self.attributes.first_queue;
        for obligation in &mut self.obligations {
            obligation.queue = obligation.queue.take().or_else(|| first.clone());
        }
        for offer in &mut self.offers {
            offer.queue = offer.queue.take().or_else(|| first.clone());
        }
    }

    fn offer(&mut self, at: Timestamp, offered: &AtAgent, settings: &ContactSettings) {
        let rings_already =
            (self.offers.iter()).any(|offer| offer.ended.is_none() && offer.agent == offered.agent);
        if rings_already || self.direction_of(offered.leg.as_ref()) != Direction::Inbound {
            return;
        }
        let queue = (offered.queue.as_ref())
            .or(self.last_queue.as_ref())
            .or(self.attributes.first_queue.as_ref())
            .cloned();
        self.offers.push(Offer {
            agent: offered.agent.clone(),
            queue: queue.clone(),
            opened_at: at,
            ended: None,
        });
        let owed = Owed::Accept(index(self.offers.len() - 1));
        self.oblige(at, owed, queue.as_ref(), settings);
    }

    fn answer(&mut self, at: Timestamp, answered: &AtAgent, settings: &ContactSettings) {
        let direction = self.direction_of(answered.leg.as_ref());
        if direction == Direction::Monitor {
            return;
        }
        let agent = &answered.agent;
        self.end_offers(at, Some(agent), OfferOutcome::Answered);
        self.end_offers(at, None, OfferOutcome::Withdrawn);
        self.end_wait(at, EpisodeOutcome::Answered, Some(agent), settings);
        if self.talking(agent).is_some() {
            return;
        }
        let waited_in = self.episodes.last().map(|episode| &episode.queue);
        self.engagements.push(Engagement {
            agent: agent.clone(),
            queue: answered.queue.as_ref().or(waited_in).cloned(),
            leg: answered.leg.clone(),
            answered_at: at,
            talk_ended_at: None,
            ended_at: None,
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            incomplete: false,
            wrap_up_said: false,
            resolved: None,
            direction,
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
        let wraps_up = !settings.no_wrap_up.contains(&self.attributes.channel());
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
            && let Some(engaged) = self.last_engaged()
        {
            self.answered_end = Some(AnsweredEnd { at, engaged });
        }
    }

    /// The inbound engagement that was the last to begin.
    fn last_engaged(&self) -> Option<Engaged> {
        (self.engagements.iter())
            .rfind(|engagement| engagement.direction == Direction::Inbound)
            .map(|engagement| Engaged {
                agent: engagement.agent.clone(),
                queue: engagement.queue.clone(),
            })
    }

    /// Of the agent's oldest open wrap-up; else of the open talk; else, late, of the oldest engagement not spoken of.
    fn end_wrap_up(&mut self, at: Timestamp, wrap_up: &WrapUpEnded) {
        let first = |is: fn(&Engagement) -> bool| {
            (self.engagements.iter()).position(|one| one.agent == wrap_up.agent && is(one))
        };
        let found = first(Engagement::wraps_up)
            .or_else(|| first(Engagement::talks))
            .or_else(|| first(|engagement| !engagement.wrap_up_said));
        let Some(place) = found else { return };
        let engagement = &mut self.engagements[place];
        engagement.wrap_up_said = true;
        engagement.resolved = wrap_up.resolved;
        engagement.stop_talk(at);
        engagement.ended_at.get_or_insert(at);
    }

    fn take_survey(&mut self, at: Timestamp, survey: Survey) {
        self.survey = Some(SurveyGiven {
            at,
            survey,
            engaged: self.last_engaged(),
            waited_in: (self.episodes.last()).map(|episode| episode.queue.clone()),
        });
    }

    fn oblige(
        &mut self,
        at: Timestamp,
        owed: Owed,
        queue: Option<&QueueId>,
        settings: &ContactSettings,
    ) {
        let (measure, offered_to) = match owed {
            Owed::Answer(_) => (Measure::Answer, None),
            Owed::Accept(offer) => (Measure::Accept, Some(&self.offers[offer as usize].agent)),
        };
        let channel = self.attributes.channel();
        for policy in &settings.policies {
            if policy.measure == measure && policy.applies_to(channel, queue) {
                self.obligations.push(Obligation {
                    policy: policy.code(),
                    owed,
                    queue: queue.cloned(),
                    opened_at: at,
                    risk_at: at + policy.at_risk_after(),
                    due_at: at + policy.threshold,
                    at_risk: false,
                    decided: None,
                    closed: None,
                    offered_to: offered_to.cloned(),
                });
            }
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
        self.end_offers(at, None, OfferOutcome::Withdrawn);
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
                let by = (how == Closed::Answered).then(|| who.clone());
                (at, verdict, how, by)
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
        let limits = Limits::of(self.attributes.channel(), settings);
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
        let limits = Limits::of(self.attributes.channel(), settings);
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
            changed |= self.direction.is_none();
            self.direction = self
                .direction
                .or(queued.direction)
                .or(Some(Direction::Inbound));
        }
        changed
    }
}

/// What one event says of the whole contact.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub channel: Option<Channel>,
    pub customer: Option<&'a Text>,
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
