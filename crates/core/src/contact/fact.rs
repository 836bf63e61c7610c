//! What a contact emits: signed facts, each of its own time, each for an audience.

use super::{
    Fold, Resolution,
    outbound::{Attempt, AttemptOutcome},
    parts::{
        Closed, Engaged, Engagement, Episode, EpisodeOutcome, Obligation, Offer, OfferOutcome,
        Owed, Reopening, Verdict,
    },
};
use crate::event::{AgentId, Channel, Direction, QueueId, Span, Timestamp};

/// A statement about one contact: asserted with +1, taken back with −1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fact<'a> {
    pub at: Timestamp,
    pub audience: Audience<'a>,
    pub what: What,
}

/// Whose numbers a fact changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience<'a> {
    pub agent: Option<&'a AgentId>,
    /// Whether it is for the queue, the channel and all too.
    pub groups: bool,
    pub queue: Option<&'a QueueId>,
    pub channel: Channel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Offered,
    Answered {
        wait: Span,
    },
    Abandoned {
        short: bool,
    },
    Left,
    /// A wait left for a callback.
    CallbackAsked,
    /// So long after that its callback was answered.
    CallbackReached {
        time: Span,
    },
    /// An outbound wait that is no callback ended.
    Attempted {
        outcome: AttemptOutcome,
    },
    Decided {
        policy: u16,
        verdict: Verdict,
    },
    OfferEnded {
        answered: bool,
    },
    Handled {
        parts: HandleParts,
        transferred: bool,
    },
    HandledOutbound,
    /// Of an inbound or outbound one; only its agent hears it.
    EngagementBegan,
    EngagementEnded,
    /// On a live channel, in any direction; only its agent hears it.
    TalkBegan,
    TalkEnded,
    /// The same of a wrap-up.
    WrapUpBegan,
    WrapUpEnded {
        begun_at: Timestamp,
    },
    /// The talk ended by a transfer.
    Transferred,
    ResolvedSaid {
        resolved: bool,
    },
    /// The first response, by the policy that rates it.
    FirstResponse {
        met: bool,
    },
    Reopened,
    /// An ended contact's part in first-contact resolution, as it is known so far.
    FirstContact {
        resolution: Resolution,
    },
    /// The same, settled.
    FirstContactConfirmed {
        resolution: Resolution,
    },
    /// An ended contact of nobody knows which customer.
    NoCustomer,
    EndedAnswered {
        surveyed: bool,
    },
    /// The score as a share of its scale, in billionths: sums of it are exact.
    Rated {
        billionths: i64,
    },
}

impl What {
    /// Whether it changes only what the agent's machine knows.
    #[must_use]
    pub const fn is_for_its_agent_alone(&self) -> bool {
        matches!(
            self,
            Self::EngagementBegan
                | Self::EngagementEnded
                | Self::TalkBegan
                | Self::TalkEnded
                | Self::WrapUpBegan
                | Self::WrapUpEnded { .. }
        )
    }
}

/// What an engagement took; an incomplete one is in no mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleParts {
    Complete { talk: Span, hold: Span, wrap: Span },
    Incomplete,
}

/// Calls `emit(fact, sign)` for each fact that is in one of the folds and, as far as can be seen from the parts in their
/// places, not in the other. Facts taken back and asserted again cancel in the receiver's sums.
pub fn diff_facts(before: &Fold, after: &Fold, mut emit: impl FnMut(&Fact<'_>, i64)) {
    let all = before.attributes != after.attributes
        || before.has_inbound_leg() != after.has_inbound_leg();
    let mut difference = Difference {
        emit: &mut emit,
        all,
    };
    let (old, new) = (Teller(before), Teller(after));
    difference.of(&before.episodes, &after.episodes, |which, part, each| {
        which.pick(old, new).episode(part, each);
    });
    difference.of(&before.attempts, &after.attempts, |which, part, each| {
        which.pick(old, new).attempt(part, each);
    });
    difference.of(&before.offers, &after.offers, |which, part, each| {
        which.pick(old, new).offer(part, each);
    });
    difference.of(
        &before.engagements,
        &after.engagements,
        |which, part, each| {
            which.pick(old, new).engagement(part, each);
        },
    );
    difference.of(
        &before.obligations,
        &after.obligations,
        |which, part, each| {
            which.pick(old, new).obligation(part, each);
        },
    );
    difference.of(
        &before.reopenings,
        &after.reopenings,
        |which, part, each| {
            which.pick(old, new).reopening(part, each);
        },
    );
    let same = before.survey == after.survey && before.answered_end == after.answered_end;
    if all || !same {
        old.satisfaction(&mut |fact| (difference.emit)(fact, -1));
        new.satisfaction(&mut |fact| (difference.emit)(fact, 1));
    }
    if all || before.end_without_customer() != after.end_without_customer() {
        old.no_customer(&mut |fact| (difference.emit)(fact, -1));
        new.no_customer(&mut |fact| (difference.emit)(fact, 1));
    }
}

#[derive(Clone, Copy)]
enum Which {
    Before,
    After,
}

impl Which {
    fn pick<T>(self, before: T, after: T) -> T {
        match self {
            Self::Before => before,
            Self::After => after,
        }
    }
}

struct Difference<'t, F> {
    emit: &'t mut F,
    /// The attributes changed: all parts emit anew.
    all: bool,
}

impl<F: FnMut(&Fact<'_>, i64)> Difference<'_, F> {
    fn of<P: PartialEq>(
        &mut self,
        before: &[P],
        after: &[P],
        facts: impl Fn(Which, &P, &mut dyn FnMut(&Fact<'_>)),
    ) {
        for place in 0..before.len().max(after.len()) {
            let (old, new) = (before.get(place), after.get(place));
            if old == new && !self.all {
                continue;
            }
            if let Some(old) = old {
                facts(Which::Before, old, &mut |fact| (self.emit)(fact, -1));
            }
            if let Some(new) = new {
                facts(Which::After, new, &mut |fact| (self.emit)(fact, 1));
            }
        }
    }
}

/// The facts of each part of a contact.
#[derive(Clone, Copy)]
struct Teller<'f>(&'f Fold);

type Emit<'s> = &'s mut dyn FnMut(&Fact<'_>);

impl Teller<'_> {
    fn groups<'a>(&self, queue: Option<&'a QueueId>) -> Audience<'a> {
        Audience {
            agent: None,
            groups: true,
            queue,
            channel: self.0.attributes.channel(),
        }
    }

    fn episode(&self, episode: &Episode, emit: Emit<'_>) {
        let audience = self.groups(Some(&episode.queue));
        emit(&Fact {
            at: episode.opened_at,
            audience,
            what: What::Offered,
        });
        let Some(end) = &episode.ended else { return };
        let what = match end.outcome {
            EpisodeOutcome::Answered => What::Answered {
                wait: end.at - episode.opened_at,
            },
            EpisodeOutcome::Abandoned => What::Abandoned { short: end.short },
            EpisodeOutcome::Left | EpisodeOutcome::LeftForCallback => What::Left,
            EpisodeOutcome::Stale => return,
        };
        emit_with_copy(end.at, audience, what, end.agent.as_ref(), emit);
        if end.outcome == EpisodeOutcome::LeftForCallback {
            emit(&Fact {
                at: end.at,
                audience,
                what: What::CallbackAsked,
            });
        }
        if let Some(reached) = &end.reached {
            let time = reached.at - end.at;
            let reached_after = What::CallbackReached { time };
            emit_with_copy(
                reached.at,
                audience,
                reached_after,
                Some(&reached.agent),
                emit,
            );
        }
    }

    fn attempt(&self, attempt: &Attempt, emit: Emit<'_>) {
        let Some(end) = &attempt.ended else { return };
        let audience = self.groups(attempt.queue.as_ref());
        let outcome = end.outcome;
        let what = What::Attempted { outcome };
        emit_with_copy(end.at, audience, what, end.agent.as_ref(), emit);
    }

    fn offer(&self, offer: &Offer, emit: Emit<'_>) {
        let Some(end) = offer.ended else { return };
        if end.outcome == OfferOutcome::Withdrawn {
            return;
        }
        emit(&Fact {
            at: end.at,
            audience: self.groups(offer.queue.as_ref()).with(&offer.agent),
            what: What::OfferEnded {
                answered: end.outcome == OfferOutcome::Answered,
            },
        });
    }

    fn engagement(&self, engagement: &Engagement, emit: Emit<'_>) {
        self.presence(engagement, emit);
        let audience = (self.groups(engagement.queue.as_ref())).with(&engagement.agent);
        let mut emit_at = |at, what| emit(&Fact { at, audience, what });
        let inbound = engagement.is_inbound();
        if !inbound && engagement.direction != Direction::Outbound {
            return;
        }
        for (from, to) in engagement.open_spans() {
            emit_at(from, What::EngagementBegan);
            if let Some(to) = to {
                emit_at(to, What::EngagementEnded);
            }
        }
        if !inbound {
            if let Some(at) = engagement.ended_at {
                emit_at(at, What::HandledOutbound);
            }
            return;
        }
        if let (true, Some(at)) = (engagement.transferred, engagement.talk_ended_at) {
            emit_at(at, What::Transferred);
        }
        if let Some(at) = engagement.ended_at {
            emit_at(at, handled(engagement));
            if let Some(resolved) = engagement.resolved {
                emit_at(at, What::ResolvedSaid { resolved });
            }
        }
    }

    /// When the agent is with the customer, or after a talk at work on it, as far as nobody else has to be asked: live.
    fn presence(&self, engagement: &Engagement, emit: Emit<'_>) {
        let audience = self.groups(None).with(&engagement.agent);
        if !audience.channel.is_live() {
            return;
        }
        let mut emit_at = |at, what| emit(&Fact { at, audience, what });
        emit_at(engagement.answered_at, What::TalkBegan);
        let (talk_ended_at, ended_at) = (engagement.talk_ended_at, engagement.ended_at);
        if let Some(at) = talk_ended_at.or(ended_at) {
            emit_at(at, What::TalkEnded);
        }
        if let Some(begun_at) = talk_ended_at {
            emit_at(begun_at, What::WrapUpBegan);
            if let Some(at) = ended_at {
                emit_at(at, What::WrapUpEnded { begun_at });
            }
        }
    }

    fn obligation(&self, obligation: &Obligation, emit: Emit<'_>) {
        let Some(decided) = obligation.decided else {
            return;
        };
        let what = What::Decided {
            policy: obligation.policy,
            verdict: decided.verdict,
        };
        let groups = self.groups(obligation.queue.as_ref());
        let audience = match &obligation.agent {
            None => groups,
            Some(agent) => groups.with(agent),
        };
        let at = decided.at;
        emit(&Fact { at, audience, what });
        let met = decided.verdict == Verdict::Met;
        if obligation.owed == (Owed::FirstResponse { rates: true })
            && decided.verdict != Verdict::Excluded
        {
            emit(&Fact {
                at,
                audience,
                what: What::FirstResponse { met },
            });
        }
        if let (Owed::Answer(_), Some(closed)) = (obligation.owed, &obligation.closed)
            && let (Closed::Answered, Some(agent)) = (closed.how, &closed.agent)
        {
            emit(&Fact {
                at: closed.at,
                audience: groups.only(agent),
                what,
            });
        }
    }

    fn reopening(&self, reopening: &Reopening, emit: Emit<'_>) {
        if self.0.has_inbound_leg() {
            emit(&Fact {
                at: reopening.at,
                audience: self.last_by(reopening.engaged.as_ref(), reopening.waited_in.as_ref()),
                what: What::Reopened,
            });
        }
    }

    /// Whoever was engaged last; without one as a wait goes.
    fn last_by<'a>(
        &self,
        engaged: Option<&'a Engaged>,
        waited_in: Option<&'a QueueId>,
    ) -> Audience<'a> {
        engaged.map_or_else(|| self.groups(waited_in), |engaged| self.engaged(engaged))
    }

    fn satisfaction(&self, emit: Emit<'_>) {
        let fold = self.0;
        if !fold.has_inbound_leg() {
            return;
        }
        if let Some(end) = &fold.answered_end {
            emit(&Fact {
                at: end.at,
                audience: self.engaged(&end.engaged),
                what: What::EndedAnswered {
                    surveyed: fold.survey.is_some(),
                },
            });
        }
        let Some(given) = &fold.survey else { return };
        emit(&Fact {
            at: given.at,
            audience: self.last_by(given.engaged.as_ref(), given.waited_in.as_ref()),
            what: What::Rated {
                billionths: billionths(given.survey.normalised()),
            },
        });
    }

    fn no_customer(&self, emit: Emit<'_>) {
        if let Some((at, agent, queue)) = self.0.end_without_customer() {
            emit(&Fact {
                at,
                audience: self.groups(queue).with(agent),
                what: What::NoCustomer,
            });
        }
    }

    fn engaged<'a>(&self, engaged: &'a Engaged) -> Audience<'a> {
        (self.groups(engaged.queue.as_ref())).with(&engaged.agent)
    }
}

/// A fact of a wait, and its copy for who answers.
fn emit_with_copy<'a>(
    at: Timestamp,
    audience: Audience<'a>,
    what: What,
    answered_by: Option<&'a AgentId>,
    emit: Emit<'_>,
) {
    emit(&Fact { at, audience, what });
    if let Some(agent) = answered_by {
        let audience = audience.only(agent);
        emit(&Fact { at, audience, what });
    }
}

impl<'a> Audience<'a> {
    fn with(self, agent: &'a AgentId) -> Self {
        Self {
            agent: Some(agent),
            ..self
        }
    }

    fn only<'b>(self, agent: &'b AgentId) -> Audience<'b>
    where
        'a: 'b,
    {
        Audience {
            agent: Some(agent),
            groups: false,
            ..self
        }
    }
}

fn handled(engagement: &Engagement) -> What {
    let parts = if engagement.is_incomplete() {
        HandleParts::Incomplete
    } else {
        HandleParts::Complete {
            talk: engagement.talk(),
            hold: engagement.hold(),
            wrap: engagement.wrap(),
        }
    };
    What::Handled {
        parts,
        transferred: engagement.transferred,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of 1 in billionths"
)]
fn billionths(share: f64) -> i64 {
    (share * 1e9).round() as i64
}
