//! What is counted, when, and for whom.

use super::{
    Measure, Settings,
    obligation::{Obligation, Outcome},
    parts::{Attempt, AttemptEnd, Engagement, OfferEnd, Parts, Wait, WaitEnd},
    policies,
    roster::Roster,
};
use floorwalker_core::event::{AgentId, Channel, Direction, QueueId, Span, Text, Timestamp};

/// One thing a scorecard counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Offered,
    Answered {
        waited: Span,
    },
    Abandoned {
        short: bool,
    },
    Left,
    CallbackAsked,
    CallbackReached {
        after: Span,
    },
    Attempted(AttemptEnd),
    Sla {
        policy: String,
        outcome: Outcome,
    },
    /// By the policy that rates the contact.
    FirstResponse {
        met: bool,
    },
    Reopened,
    Transferred,
    Handled(Handled),
    HandledOutbound,
    /// A disposition with a value of `resolved`.
    DispositionResolved(bool),
    /// An offer that ended at its agent.
    Offer {
        refused: bool,
    },
    /// The end of an answered contact.
    Ended {
        surveyed: bool,
    },
    Survey {
        score: f64,
    },
    Fcr(Resolution),
    FcrConfirmed(Resolution),
    FcrNoCustomer,
}

/// An inbound engagement that ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Handled {
    pub(super) talk: Span,
    pub(super) hold: Span,
    pub(super) wrap: Span,
    pub(super) complete: bool,
    pub(super) transferred: bool,
}

/// The resolution of a contact that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The customer did not come back.
    Resolved,
    /// The customer came back within the window.
    Repeated,
    /// The contact itself failed: by its disposition, a lost wait or a transfer.
    Unresolved,
}

/// Whom a fact is counted for, beside `all`.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    pub(super) agent: Option<AgentId>,
    pub(super) queue: Option<QueueId>,
    pub(super) channel: Option<Channel>,
    /// Of the contact.
    pub(super) reason: Option<Text>,
}

impl Whose {
    fn queue_of(parts: &Parts, queue: &QueueId) -> Self {
        Self {
            agent: None,
            queue: Some(queue.clone()),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        }
    }

    pub(super) fn engaged(parts: &Parts, engagement: &Engagement) -> Self {
        Self {
            agent: Some(engagement.agent.clone()),
            queue: engagement.queue.clone(),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        }
    }

    fn desk(&self) -> Option<Desk> {
        Some(Desk {
            agent: self.agent.as_ref()?.to_string(),
            queue: self.queue.as_ref()?.to_string(),
            channel: self.channel?.name(),
        })
    }

    /// The names of the entities. The team and site are the agent's then, without an agent the queue's.
    pub(super) fn entities(&self, at: Timestamp, roster: &Roster<'_>) -> Vec<String> {
        let agent = self.agent.as_ref().map(|it| format!("agent:{it}"));
        let queue = self.queue.as_ref().map(|it| format!("queue:{it}"));
        let groups = match (&self.agent, &self.queue) {
            (Some(theirs), _) => roster.of_agent(theirs, at),
            (None, Some(its)) => roster.of_queue(its, at),
            (None, None) => Vec::new(),
        };
        let channel = self
            .channel
            .map(|channel| format!("channel:{}", channel.name()));
        let reason = self.reason.as_ref().map(|it| format!("reason:{it}"));
        let all = Some("all".to_owned());
        let others = [agent, queue, channel, reason, all];
        let others = others.into_iter().flatten();
        others.chain(groups).collect()
    }
}

/// An agent in a queue and channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Desk {
    pub(super) agent: String,
    pub(super) queue: String,
    pub(super) channel: &'static str,
}

/// A fact at its time, for the entities it is counted for.
#[derive(Debug)]
pub(super) struct Booking {
    pub(super) at: Timestamp,
    pub(super) entities: Vec<String>,
    /// Unless it is a copy of a queue's.
    pub(super) desk: Option<Desk>,
    pub(super) fact: Fact,
}

/// Everything there is to count.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub(super) bookings: Vec<Booking>,
    roster: &'a Roster<'a>,
}

impl<'a> Book<'a> {
    pub(super) const fn new(roster: &'a Roster<'a>) -> Self {
        Self {
            bookings: Vec::new(),
            roster,
        }
    }

    /// For the agent, the queue, the team, the site, the channel, the reason and all.
    pub(super) fn add(&mut self, at: Timestamp, whose: &Whose, fact: Fact) {
        self.bookings.push(Booking {
            at,
            entities: whose.entities(at, self.roster),
            desk: whose.desk(),
            fact,
        });
    }

    /// For the agent alone, not for their team: the copy of a queue's fact.
    fn copy(&mut self, at: Timestamp, agent: &AgentId, fact: Fact) {
        self.bookings.push(Booking {
            at,
            entities: vec![format!("agent:{agent}")],
            desk: None,
            fact,
        });
    }

    pub(super) fn contact(
        &mut self,
        parts: &Parts,
        obligations: &[Obligation],
        settings: &Settings,
    ) {
        for wait in &parts.waits {
            self.wait(parts, wait, settings);
        }
        for attempt in &parts.attempts {
            self.attempt(parts, attempt);
        }
        for obligation in obligations {
            self.obligation(parts, obligation);
        }
        // They stand in the order of the policies.
        let rating = |it: &&Obligation| it.measure == Measure::FirstResponse;
        if let Some(first) = obligations.iter().find(rating) {
            self.first_response(parts, first);
        }
        self.offers(parts);
        for engagement in &parts.engagements {
            self.engagement(parts, engagement);
        }
        if parts.has_inbound_leg() {
            self.end_and_survey(parts);
        }
    }

    fn wait(&mut self, parts: &Parts, wait: &Wait, settings: &Settings) {
        let whose = Whose::queue_of(parts, &wait.queue);
        self.add(wait.queued_at, &whose, Fact::Offered);
        let Some((at, end)) = &wait.end else {
            return;
        };
        let waited = *at - wait.queued_at;
        match end {
            WaitEnd::Answered(agent) => {
                self.add(*at, &whose, Fact::Answered { waited });
                self.copy(*at, agent, Fact::Answered { waited });
                self.copy_answer_outcomes(parts, wait, settings);
            }
            WaitEnd::Abandoned => {
                let short = waited < settings.short_abandon;
                self.add(*at, &whose, Fact::Abandoned { short });
            }
            WaitEnd::Left { callback } => {
                self.add(*at, &whose, Fact::Left);
                if *callback {
                    self.add(*at, &whose, Fact::CallbackAsked);
                }
            }
            WaitEnd::Stale => {}
        }
        if let Some((reached_at, agent)) = &wait.reached {
            let fact = Fact::CallbackReached {
                after: *reached_at - *at,
            };
            self.add(*reached_at, &whose, fact.clone());
            self.copy(*reached_at, agent, fact);
        }
    }

    /// As a wait: the queue's, with a copy for who answers.
    fn attempt(&mut self, parts: &Parts, attempt: &Attempt) {
        let Some((at, end)) = &attempt.end else {
            return;
        };
        let whose = Whose {
            agent: None,
            queue: attempt.queue.clone(),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        };
        self.add(*at, &whose, Fact::Attempted(end.clone()));
        if let AttemptEnd::Answered(agent) = end {
            self.copy(*at, agent, Fact::Attempted(end.clone()));
        }
    }

    /// Who answers bears the wait's answer outcomes, at the answer: also a miss that was booked earlier.
    fn copy_answer_outcomes(&mut self, parts: &Parts, wait: &Wait, settings: &Settings) {
        let Some((at, WaitEnd::Answered(agent))) = &wait.end else {
            return;
        };
        let of_channel = |channel: Option<Channel>| channel.is_none_or(|it| it == parts.channel);
        for policy in &settings.policies {
            let applies = policy.measure == Measure::Answer
                && of_channel(policy.channel)
                && policy.covers(Some(&wait.queue))
                && policy.is_in_force(wait.queued_at);
            if applies {
                // By the time of the answer it is decided, one way or the other.
                let outcome = policies::of_wait(parts, wait, policy, settings, *at).outcome;
                let policy = policy.name.clone();
                self.copy(*at, agent, Fact::Sla { policy, outcome });
            }
        }
    }

    fn obligation(&mut self, parts: &Parts, obligation: &Obligation) {
        let Some(at) = obligation.decided_at else {
            return;
        };
        let whose = Whose {
            // A wait is the queue's; its agent has a copy.
            agent: match obligation.measure {
                Measure::Answer => None,
                Measure::Accept
                | Measure::FirstResponse
                | Measure::NextResponse
                | Measure::Resolution => obligation.agent.clone(),
            },
            queue: obligation.queue.clone(),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        };
        let fact = Fact::Sla {
            policy: obligation.policy.clone(),
            outcome: obligation.outcome,
        };
        self.add(at, &whose, fact);
    }

    fn first_response(&mut self, parts: &Parts, obligation: &Obligation) {
        let met = match obligation.outcome {
            Outcome::Met => true,
            Outcome::Missed => false,
            Outcome::Open | Outcome::Excluded => return,
        };
        let whose = Whose {
            agent: obligation.agent.clone(),
            queue: obligation.queue.clone(),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        };
        let at = obligation.decided_at.unwrap_or(obligation.due_at);
        self.add(at, &whose, Fact::FirstResponse { met });
    }

    fn offers(&mut self, parts: &Parts) {
        for offer in &parts.offers {
            let whose = Whose {
                agent: Some(offer.agent.clone()),
                queue: offer.queue.clone(),
                channel: Some(parts.channel),
                reason: parts.reason.clone(),
            };
            match offer.end {
                Some((at, OfferEnd::Answered)) => {
                    self.add(at, &whose, Fact::Offer { refused: false });
                }
                Some((at, OfferEnd::Declined | OfferEnd::Missed)) => {
                    self.add(at, &whose, Fact::Offer { refused: true });
                }
                Some((_, OfferEnd::Withdrawn)) | None => {}
            }
        }
    }

    fn engagement(&mut self, parts: &Parts, engagement: &Engagement) {
        let whose = Whose::engaged(parts, engagement);
        match (engagement.direction, engagement.end) {
            _ if engagement.is_inbound() => {}
            (Direction::Outbound, Some(end)) => {
                return self.add(end.at, &whose, Fact::HandledOutbound);
            }
            _ => return,
        }
        // The count stands at the transfer, the rate (of what is handled by then) at the engagement's end.
        if let Some(at) = engagement.transferred_at {
            self.add(at, &whose, Fact::Transferred);
        }
        let Some(end) = engagement.end else {
            return;
        };
        let handled = Handled {
            talk: engagement.talk(),
            hold: engagement.hold(),
            wrap: engagement.wrap(),
            complete: engagement.is_complete(),
            transferred: engagement.transferred_at.is_some(),
        };
        self.add(end.at, &whose, Fact::Handled(handled));
        // However late the disposition comes, it counts where the engagement does.
        if let Some(Some(resolved)) = engagement.wrap_up_resolved {
            self.add(end.at, &whose, Fact::DispositionResolved(resolved));
        }
    }

    /// Satisfaction is the contact's: of inbound contacts, whoever had them last.
    fn end_and_survey(&mut self, parts: &Parts) {
        let engaged = |index: usize| Some(Whose::engaged(parts, parts.engagements.get(index)?));
        if let Some((end, whose)) = parts.end.and_then(|end| Some((end, engaged(end.engaged)?))) {
            let surveyed = parts.survey.is_some();
            self.add(end.at, &whose, Fact::Ended { surveyed });
        }
        let as_a_wait = |queue: &Option<QueueId>| Whose {
            agent: None,
            queue: queue.clone(),
            channel: Some(parts.channel),
            reason: parts.reason.clone(),
        };
        for it in &parts.reopenings {
            let whose = (it.engaged.and_then(engaged)).unwrap_or_else(|| as_a_wait(&it.waited_in));
            self.add(it.at, &whose, Fact::Reopened);
        }
        if let Some(surveyed) = &parts.survey {
            let as_a_wait = || as_a_wait(&surveyed.waited_in);
            let whose = surveyed.engaged.and_then(engaged).unwrap_or_else(as_a_wait);
            let score = surveyed.survey.normalised();
            self.add(surveyed.at, &whose, Fact::Survey { score });
        }
    }
}
