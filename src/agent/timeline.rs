//! An agent's time: from instant to instant, the state in force and how many engagements are open.

use std::cmp::Ordering;

use minicbor::{Decode, Encode};

use crate::{
    event::{
        AgentState, AgentStateChanged, Body, Event, EventId, SiteId, Span, TeamId, Text, Timestamp,
    },
    kpi::{Lasting, Place, Tally},
};

/// A state this old is offline: whoever said it has forgotten to say more.
pub const STATE_AGE_MAX: Span = Span::from_secs(24 * 3_600);
const NO_REASON: &str = "unspecified";

/// What an agent said to be, and where. By default offline.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct State {
    #[n(0)]
    pub id: EventId,
    #[n(1)]
    pub at: Timestamp,
    #[n(2)]
    pub doing: AgentState,
    /// Of being away.
    #[n(3)]
    pub reason: Option<Text>,
    #[n(4)]
    pub place: Place,
}

/// What an agent tells, and of when.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub whose: Whose<'a>,
    pub at: Timestamp,
    pub says: Says<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    Agent,
    Team(&'a TeamId),
    Site(&'a SiteId),
    All,
}

#[derive(Debug, Clone, Copy)]
pub enum Says<'a> {
    /// These sums are so.
    Sums(&'a Tally),
    /// They are not so any more.
    NoSums(&'a Tally),
    Step(Lasting<'a>, i64),
}

pub(super) type Tell<'t> = &'t mut dyn FnMut(Told<'_>);

/// From an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment<'a> {
    pub at: Timestamp,
    /// `None` before the first.
    pub state: Option<&'a State>,
    /// The state has gone on for too long.
    pub expired: bool,
    pub open: i64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            id: EventId::new(""),
            at: Timestamp::MIN,
            doing: AgentState::Offline,
            reason: None,
            place: Place::default(),
        }
    }
}

impl State {
    /// What an event says. `None`: it is of something else.
    #[must_use]
    pub fn of(event: Event) -> Option<Self> {
        let Body::AgentStateChanged(said) = event.body else {
            return None;
        };
        let AgentStateChanged {
            state,
            reason,
            team,
            site,
            ..
        } = said;
        Some(Self {
            id: event.id,
            at: event.occurred_at,
            doing: state,
            reason,
            place: Place { team, site },
        })
    }

    pub(super) fn before(&self, other: &Self) -> bool {
        let order = (self.at.cmp(&other.at)).then_with(|| self.id.cmp(&other.id));
        order.then_with(|| self.said().cmp_content(&other.said())) == Ordering::Less
    }

    /// What its event said that counts.
    fn said(&self) -> Body {
        Body::AgentStateChanged(AgentStateChanged {
            state: self.doing,
            reason: self.reason.clone(),
            team: self.place.team.clone(),
            site: self.place.site.clone(),
            skills: Vec::new(),
        })
    }

    /// Says nothing new of an agent in that state.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        let said = |state: &Self| (state.doing, state.reason.clone(), state.place.clone());
        self.at < other.ends_at() && said(self) == said(other)
    }

    /// When it is too old.
    pub(super) fn ends_at(&self) -> Timestamp {
        if self.doing == AgentState::Offline {
            Timestamp::MAX
        } else {
            self.at + STATE_AGE_MAX
        }
    }

    fn lasting(&self) -> Option<Lasting<'_>> {
        match self.doing {
            AgentState::Offline => None,
            AgentState::Available => Some(Lasting::Available),
            AgentState::Offered | AgentState::Engaged | AgentState::WrapUp => {
                Some(Lasting::Occupied)
            }
            AgentState::Away => Some(Lasting::Away(self.reason.as_deref().unwrap_or(NO_REASON))),
        }
    }
}

impl Moment<'_> {
    pub(super) fn place(&self) -> Option<&Place> {
        self.state.map(|state| &state.place)
    }

    fn lasting(&self) -> impl Iterator<Item = (Lasting<'_>, i64)> {
        let in_force = self.state.filter(|_| !self.expired);
        let state = in_force.and_then(State::lasting).map(|state| (state, 1));
        let open = (self.open != 0).then_some((Lasting::Engaged, self.open));
        let busy = (self.open > 0).then_some((Lasting::Busy, 1));
        [state, open, busy].into_iter().flatten()
    }
}

/// Tells the steps between the moments of `before` that are not in `after`, taken back, and the other way round. Both begin with
/// the same moment, of which nothing is told.
pub(super) fn tell_difference(before: &[Moment<'_>], after: &[Moment<'_>], tell: Tell<'_>) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let same_end = (before.iter().rev().zip(after.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    for (moments, sign) in [(before, -1), (after, 1)] {
        // The first of those that are alike again follows another moment than before.
        let end = moments.len() - same_end;
        for pair in moments.windows(2).take(end).skip(same.max(1) - 1) {
            tell_step(&pair[0], &pair[1], sign, tell);
        }
    }
}

/// The team and the site.
pub(super) fn groups_of(place: Option<&Place>) -> impl Iterator<Item = Whose<'_>> {
    let team = place.and_then(|place| place.team.as_ref());
    let site = place.and_then(|place| place.site.as_ref());
    [team.map(Whose::Team), site.map(Whose::Site)]
        .into_iter()
        .flatten()
}

/// One moment becomes the next. What goes on as it did needs no word.
fn tell_step(from: &Moment<'_>, to: &Moment<'_>, sign: i64, tell: Tell<'_>) {
    let stays = from.place() == to.place();
    for (moment, other, weight) in [(from, to, -sign), (to, from, sign)] {
        let goes_on = |step: &_| stays && other.lasting().any(|theirs| theirs == *step);
        for (what, height) in moment.lasting().filter(|step| !goes_on(step)) {
            let says = Says::Step(what, weight * height);
            let hearers = [Whose::Agent, Whose::All].into_iter();
            for whose in hearers.chain(groups_of(moment.place())) {
                tell(Told {
                    whose,
                    at: to.at,
                    says,
                });
            }
        }
    }
}
