//! Facts of a contact: each is signed, has its own time and goes to an audience.

use super::{
    Fold, Resolution,
    outbound::{Attempt, AttemptOutcome},
    parts::{
        Closed, Engaged, Engagement, Episode, EpisodeOutcome, Obligation, Offer, OfferOutcome,
        Owed, Reopening, Verdict,
    },
};
use crate::event::{AgentId, Channel, Direction, QueueId, Span, Timestamp};

/// Statement about one contact: asserted with +1, retracted with −1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fact<'a> {
    pub at: Timestamp,
    pub audience: Audience<'a>,
    pub kind: FactKind,
}

/// Whose figures a fact changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience<'a> {
    pub agent: Option<&'a AgentId>,
    /// Whether it also goes to the queue, the channel and `all`.
    pub groups: bool,
    pub queue: Option<&'a QueueId>,
    pub channel: Channel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
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
    /// Its callback was answered after this time.
    CallbackReached {
        time: Span,
    },
    /// An outbound wait ended that is no callback.
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
    /// An inbound or outbound engagement began; goes to its agent alone.
    EngagementBegan,
    EngagementEnded,
    /// A talk on a live channel began, in any direction; goes to its agent alone.
    TalkBegan,
    TalkEnded,
    /// The same for a wrap-up.
    WrapUpBegan,
    WrapUpEnded {
        begun_at: Timestamp,
    },
    /// The talk ended by a transfer.
    Transferred,
    Disposition {
        resolved: bool,
    },
    /// Outcome of the first response, by the policy that rates it.
    FirstResponse {
        met: bool,
    },
    Reopened,
    /// An ended contact's share in first-contact resolution, as known so far.
    FirstContact {
        resolution: Resolution,
    },
    /// The same, settled.
    FirstContactConfirmed {
        resolution: Resolution,
    },
    /// A contact ended without a known customer.
    NoCustomer,
    EndedAnswered {
        surveyed: bool,
    },
    /// Score as a share of its scale, in billionths, so that sums are exact.
    Rated {
        billionths: i64,
    },
}

impl FactKind {
    /// Whether it goes to its agent alone.
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

/// Parts of a handle time; an incomplete one counts in no mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleParts {
    Complete { talk: Span, hold: Span, wrap: Span },
    Incomplete,
}

/// Calls `emit(fact, sign)` for the facts of all parts that differ between the folds. Facts that are retracted and asserted again
/// cancel in the receiver's sums.
pub fn diff_facts(before: &Fold, after: &Fold, mut emit: impl FnMut(&Fact<'_>, i64)) {
    let all = before.attributes != after.attributes
        || before.has_inbound_leg() != after.has_inbound_leg();
    let mut difference = Difference {
        emit: &mut emit,
        all,
    };
    let (old, new) = (FactEmitter(before), FactEmitter(after));
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

/// Emits the facts of each part of a contact.
#[derive(Clone, Copy)]
struct FactEmitter<'f>(&'f Fold);

type Emit<'s> = &'s mut dyn FnMut(&Fact<'_>);

impl FactEmitter<'_> {
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
            kind: FactKind::Offered,
        });
        let Some(end) = &episode.ended else { return };
        let kind = match end.outcome {
            EpisodeOutcome::Answered => FactKind::Answered {
                wait: end.at - episode.opened_at,
            },
            EpisodeOutcome::Abandoned => FactKind::Abandoned { short: end.short },
            EpisodeOutcome::Left | EpisodeOutcome::LeftForCallback => FactKind::Left,
            EpisodeOutcome::Stale => return,
        };
        emit_with_copy(end.at, audience, kind, end.agent.as_ref(), emit);
        if end.outcome == EpisodeOutcome::LeftForCallback {
            emit(&Fact {
                at: end.at,
                audience,
                kind: FactKind::CallbackAsked,
            });
        }
        if let Some(reached) = &end.reached {
            let time = reached.at - end.at;
            let reached_after = FactKind::CallbackReached { time };
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
        let kind = FactKind::Attempted { outcome };
        emit_with_copy(end.at, audience, kind, end.agent.as_ref(), emit);
    }

    fn offer(&self, offer: &Offer, emit: Emit<'_>) {
        let Some(end) = offer.ended else { return };
        if end.outcome == OfferOutcome::Withdrawn {
            return;
        }
        emit(&Fact {
            at: end.at,
            audience: self.groups(offer.queue.as_ref()).with(&offer.agent),
            kind: FactKind::OfferEnded {
                answered: end.outcome == OfferOutcome::Answered,
            },
        });
    }

    fn engagement(&self, engagement: &Engagement, emit: Emit<'_>) {
        self.presence(engagement, emit);
        let audience = (self.groups(engagement.queue.as_ref())).with(&engagement.agent);
        let mut emit_at = |at, kind| emit(&Fact { at, audience, kind });
        let inbound = engagement.is_inbound();
        if !inbound && engagement.direction != Direction::Outbound {
            return;
        }
        for (from, to) in engagement.open_spans() {
            emit_at(from, FactKind::EngagementBegan);
            if let Some(to) = to {
                emit_at(to, FactKind::EngagementEnded);
            }
        }
        if !inbound {
            if let Some(at) = engagement.ended_at {
                emit_at(at, FactKind::HandledOutbound);
            }
            return;
        }
        if let (true, Some(at)) = (engagement.transferred, engagement.talk_ended_at) {
            emit_at(at, FactKind::Transferred);
        }
        if let Some(at) = engagement.ended_at {
            emit_at(at, handled(engagement));
            if let Some(resolved) = engagement.resolved {
                emit_at(at, FactKind::Disposition { resolved });
            }
        }
    }

    /// Emits when the agent talks with the customer or wraps up, on channels where this is known by events alone.
    fn presence(&self, engagement: &Engagement, emit: Emit<'_>) {
        let audience = self.groups(None).with(&engagement.agent);
        if !audience.channel.is_live() {
            return;
        }
        let mut emit_at = |at, kind| emit(&Fact { at, audience, kind });
        emit_at(engagement.answered_at, FactKind::TalkBegan);
        let (talk_ended_at, ended_at) = (engagement.talk_ended_at, engagement.ended_at);
        if let Some(at) = talk_ended_at.or(ended_at) {
            emit_at(at, FactKind::TalkEnded);
        }
        if let Some(begun_at) = talk_ended_at {
            emit_at(begun_at, FactKind::WrapUpBegan);
            if let Some(at) = ended_at {
                emit_at(at, FactKind::WrapUpEnded { begun_at });
            }
        }
    }

    fn obligation(&self, obligation: &Obligation, emit: Emit<'_>) {
        let Some(decided) = obligation.decided else {
            return;
        };
        let kind = FactKind::Decided {
            policy: obligation.policy,
            verdict: decided.verdict,
        };
        let groups = self.groups(obligation.queue.as_ref());
        let audience = match &obligation.agent {
            None => groups,
            Some(agent) => groups.with(agent),
        };
        let at = decided.at;
        emit(&Fact { at, audience, kind });
        let met = decided.verdict == Verdict::Met;
        if obligation.owed == (Owed::FirstResponse { rates: true })
            && decided.verdict != Verdict::Excluded
        {
            emit(&Fact {
                at,
                audience,
                kind: FactKind::FirstResponse { met },
            });
        }
        if let (Owed::Answer(_), Some(closed)) = (obligation.owed, &obligation.closed)
            && let (Closed::Answered, Some(agent)) = (closed.how, &closed.agent)
        {
            emit(&Fact {
                at: closed.at,
                audience: groups.only(agent),
                kind,
            });
        }
    }

    fn reopening(&self, reopening: &Reopening, emit: Emit<'_>) {
        if self.0.has_inbound_leg() {
            emit(&Fact {
                at: reopening.at,
                audience: self.last_by(reopening.engaged.as_ref(), reopening.waited_in.as_ref()),
                kind: FactKind::Reopened,
            });
        }
    }

    /// Returns the audience of whoever was engaged last; otherwise of the last queue.
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
                kind: FactKind::EndedAnswered {
                    surveyed: fold.survey.is_some(),
                },
            });
        }
        let Some(given) = &fold.survey else { return };
        emit(&Fact {
            at: given.at,
            audience: self.last_by(given.engaged.as_ref(), given.waited_in.as_ref()),
            kind: FactKind::Rated {
                billionths: billionths(given.survey.normalised()),
            },
        });
    }

    fn no_customer(&self, emit: Emit<'_>) {
        if let Some((at, agent, queue)) = self.0.end_without_customer() {
            emit(&Fact {
                at,
                audience: self.groups(queue).with(agent),
                kind: FactKind::NoCustomer,
            });
        }
    }

    fn engaged<'a>(&self, engaged: &'a Engaged) -> Audience<'a> {
        (self.groups(engaged.queue.as_ref())).with(&engaged.agent)
    }
}

/// Emits a fact of a wait, and its copy for who answers.
fn emit_with_copy<'a>(
    at: Timestamp,
    audience: Audience<'a>,
    kind: FactKind,
    answered_by: Option<&'a AgentId>,
    emit: Emit<'_>,
) {
    emit(&Fact { at, audience, kind });
    if let Some(agent) = answered_by {
        let audience = audience.only(agent);
        emit(&Fact { at, audience, kind });
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

fn handled(engagement: &Engagement) -> FactKind {
    let parts = if engagement.is_incomplete() {
        HandleParts::Incomplete
    } else {
        HandleParts::Complete {
            talk: engagement.talk(),
            hold: engagement.hold(),
            wrap: engagement.wrap(),
        }
    };
    FactKind::Handled {
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
