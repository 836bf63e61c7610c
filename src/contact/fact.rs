//! What a contact tells others: signed facts, each of its own time, each for an audience.

use super::{
    Fold, Resolution,
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
    /// Whether the queue, the channel and all hear it too.
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
    /// Of an inbound one; only its agent hears it.
    EngagementBegan,
    EngagementEnded,
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

/// What an engagement took; an incomplete one is in no mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleParts {
    Complete { talk: Span, hold: Span, wrap: Span },
    Incomplete,
}

/// Calls `tell(fact, sign)` for each fact that is in one of the folds and, as far as can be seen from the parts in their
/// places, not in the other. Facts taken back and asserted again cancel in the receiver's sums.
pub fn tell_changes(before: &Fold, after: &Fold, mut tell: impl FnMut(&Fact<'_>, i64)) {
    let all = before.attributes != after.attributes;
    let mut difference = Difference {
        tell: &mut tell,
        all,
    };
    let (old, new) = (Teller(before), Teller(after));
    difference.of(&before.episodes, &after.episodes, |which, part, say| {
        which.pick(old, new).episode(part, say);
    });
    difference.of(&before.offers, &after.offers, |which, part, say| {
        which.pick(old, new).offer(part, say);
    });
    difference.of(
        &before.engagements,
        &after.engagements,
        |which, part, say| {
            which.pick(old, new).engagement(part, say);
        },
    );
    difference.of(
        &before.obligations,
        &after.obligations,
        |which, part, say| {
            which.pick(old, new).obligation(part, say);
        },
    );
    difference.of(&before.reopenings, &after.reopenings, |which, part, say| {
        which.pick(old, new).reopening(part, say);
    });
    let same = before.survey == after.survey && before.answered_end == after.answered_end;
    if all || !same {
        old.satisfaction(&mut |fact| (difference.tell)(fact, -1));
        new.satisfaction(&mut |fact| (difference.tell)(fact, 1));
    }
    if all || before.end_without_customer() != after.end_without_customer() {
        old.no_customer(&mut |fact| (difference.tell)(fact, -1));
        new.no_customer(&mut |fact| (difference.tell)(fact, 1));
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
    tell: &'t mut F,
    /// The attributes changed: all parts tell anew.
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
                facts(Which::Before, old, &mut |fact| (self.tell)(fact, -1));
            }
            if let Some(new) = new {
                facts(Which::After, new, &mut |fact| (self.tell)(fact, 1));
            }
        }
    }
}

/// The facts of each part of a contact.
#[derive(Clone, Copy)]
struct Teller<'f>(&'f Fold);

type Say<'s> = &'s mut dyn FnMut(&Fact<'_>);

impl Teller<'_> {
    fn groups<'a>(&self, queue: Option<&'a QueueId>) -> Audience<'a> {
        Audience {
            agent: None,
            groups: true,
            queue,
            channel: self.0.attributes.channel(),
        }
    }

    fn episode(&self, episode: &Episode, say: Say<'_>) {
        let audience = self.groups(Some(&episode.queue));
        say(&Fact {
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
            EpisodeOutcome::Left => What::Left,
            EpisodeOutcome::Stale => return,
        };
        let at = end.at;
        say(&Fact { at, audience, what });
        if let Some(agent) = &end.agent {
            let audience = audience.only(agent);
            say(&Fact { at, audience, what });
        }
    }

    fn offer(&self, offer: &Offer, say: Say<'_>) {
        let Some(end) = offer.ended else { return };
        if end.outcome == OfferOutcome::Withdrawn {
            return;
        }
        say(&Fact {
            at: end.at,
            audience: self.groups(offer.queue.as_ref()).with(&offer.agent),
            what: What::OfferEnded {
                answered: end.outcome == OfferOutcome::Answered,
            },
        });
    }

    fn engagement(&self, engagement: &Engagement, say: Say<'_>) {
        let audience = (self.groups(engagement.queue.as_ref())).with(&engagement.agent);
        let mut say_at = |at, what| say(&Fact { at, audience, what });
        match engagement.direction {
            Direction::Internal | Direction::Monitor => return,
            Direction::Outbound => {
                if let Some(at) = engagement.ended_at {
                    say_at(at, What::HandledOutbound);
                }
                return;
            }
            Direction::Inbound => {}
        }
        say_at(engagement.answered_at, What::EngagementBegan);
        if let (true, Some(at)) = (engagement.transferred, engagement.talk_ended_at) {
            say_at(at, What::Transferred);
        }
        if let Some(at) = engagement.ended_at {
            say_at(at, What::EngagementEnded);
            say_at(at, handled(engagement));
            if let Some(resolved) = engagement.resolved {
                say_at(at, What::ResolvedSaid { resolved });
            }
        }
    }

    fn obligation(&self, obligation: &Obligation, say: Say<'_>) {
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
        say(&Fact { at, audience, what });
        let met = decided.verdict == Verdict::Met;
        if obligation.owed == (Owed::FirstResponse { rates: true })
            && decided.verdict != Verdict::Excluded
        {
            say(&Fact {
                at,
                audience,
                what: What::FirstResponse { met },
            });
        }
        if let (Owed::Answer(_), Some(closed)) = (obligation.owed, &obligation.closed)
            && let (Closed::Answered, Some(agent)) = (closed.how, &closed.agent)
        {
            say(&Fact {
                at: closed.at,
                audience: groups.only(agent),
                what,
            });
        }
    }

    fn reopening(&self, reopening: &Reopening, say: Say<'_>) {
        if self.0.attributes.direction() == Direction::Inbound {
            say(&Fact {
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

    fn satisfaction(&self, say: Say<'_>) {
        let fold = self.0;
        if fold.attributes.direction() != Direction::Inbound {
            return;
        }
        if let Some(end) = &fold.answered_end {
            say(&Fact {
                at: end.at,
                audience: self.engaged(&end.engaged),
                what: What::EndedAnswered {
                    surveyed: fold.survey.is_some(),
                },
            });
        }
        let Some(given) = &fold.survey else { return };
        say(&Fact {
            at: given.at,
            audience: self.last_by(given.engaged.as_ref(), given.waited_in.as_ref()),
            what: What::Rated {
                billionths: billionths(given.survey.normalised()),
            },
        });
    }

    fn no_customer(&self, say: Say<'_>) {
        if let Some((at, agent, queue)) = self.0.end_without_customer() {
            say(&Fact {
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
