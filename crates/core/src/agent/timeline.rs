//! An agent's time: from instant to instant, the state in force and how many engagements are open.

use minicbor::{Decode, Encode};

use crate::{
    event::{
        AgentState, AgentStateChanged, Body, Event, EventId, SiteId, Span, TeamId, Text, Timestamp,
    },
    kpi::{Lasting, Place, Tally},
};

/// A state this old is offline: whoever sent it has forgotten to send more.
pub const STATE_AGE_MAX: Span = Span::from_secs(24 * 3_600);
const NO_REASON: &str = "unspecified";

/// What an agent does, and where. By default offline.
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
    #[n(5)]
    pub sequence: Option<i64>,
}

/// What follows from an agent's events, for whom, and of when.
#[derive(Debug, Clone, Copy)]
pub struct AgentFact<'a> {
    pub whose: Whose<'a>,
    pub at: Timestamp,
    pub change: FactChange<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    Agent,
    Team(&'a TeamId),
    Site(&'a SiteId),
    All,
}

#[derive(Debug, Clone, Copy)]
pub enum FactChange<'a> {
    /// Adds these sums.
    Add(&'a Tally),
    /// Takes sums that were added away again.
    Retract(&'a Tally),
    /// From this instant on a duration runs so much faster or slower.
    Step(Lasting<'a>, i64),
}

pub(super) type Emit<'t> = &'t mut dyn FnMut(AgentFact<'_>);

/// From an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment<'a> {
    pub at: Timestamp,
    /// `None` before the first.
    pub state: Option<&'a State>,
    /// The state has gone on for too long.
    pub expired: bool,
    /// Inbound and outbound engagements.
    pub open: i64,
    /// Engagements on live channels, but for those in whose wrap-up a state came.
    pub live: i64,
}

/// Engagements, talks and wrap-ups begun at an instant, less those that ended.
#[derive(Debug)]
pub(super) struct Step {
    pub at: Timestamp,
    pub opened: i64,
    pub talks: i64,
    /// Those that began at the first of the two.
    pub wrap_ups: Option<(Timestamp, i64)>,
}

/// Moments, each made of the one before.
#[derive(Debug)]
pub(super) struct Moments<'a> {
    pub all: Vec<Moment<'a>>,
    last: Moment<'a>,
    /// Of the live ones, those that talk.
    talks: i64,
    /// When the last state came.
    said_at: Timestamp,
}

impl Default for State {
    fn default() -> Self {
        Self {
            id: EventId::new(""),
            at: Timestamp::MIN,
            doing: AgentState::Offline,
            reason: None,
            place: Place::default(),
            sequence: None,
        }
    }
}

impl State {
    /// Returns the state of an event. `None`: it is of something else.
    #[must_use]
    pub fn of(event: Event) -> Option<Self> {
        let Body::AgentStateChanged(changed) = event.body else {
            return None;
        };
        let AgentStateChanged {
            state,
            reason,
            team,
            site,
            ..
        } = changed;
        Some(Self {
            id: event.id,
            at: event.occurred_at,
            doing: state,
            reason,
            place: Place { team, site },
            sequence: event.sequence,
        })
    }

    /// Returns what counts of its event.
    pub(super) fn content(&self) -> Body {
        Body::AgentStateChanged(AgentStateChanged {
            state: self.doing,
            reason: self.reason.clone(),
            team: self.place.team.clone(),
            site: self.place.site.clone(),
            skills: Vec::new(),
        })
    }

    /// Changes nothing of an agent in that state.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        let essence = |state: &Self| (state.doing, state.reason.clone(), state.place.clone());
        self.at < other.ends_at() && essence(self) == essence(other)
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

impl<'a> Moments<'a> {
    /// `talks` are those of the first moment's live engagements that talk.
    pub(super) fn new(first: Moment<'a>, talks: i64) -> Self {
        Self {
            all: vec![first.clone()],
            said_at: first.state.map_or(Timestamp::MIN, |state| state.at),
            last: first,
            talks,
        }
    }

    /// A state comes, or gets too old.
    pub(super) fn change_state(&mut self, at: Timestamp, state: &'a State, expired: bool) {
        if !expired {
            self.said_at = at;
            self.last.live = self.talks;
        }
        (self.last.at, self.last.state, self.last.expired) = (at, Some(state), expired);
        self.all.push(self.last.clone());
    }

    pub(super) fn step(&mut self, step: &Step) {
        self.last.open += step.opened;
        self.talks += step.talks;
        let wrap_ups = step
            .wrap_ups
            .filter(|(begun_at, _)| *begun_at > self.said_at);
        self.last.live += step.talks + wrap_ups.map_or(0, |(_, by)| by);
        if self.last.at == step.at {
            self.all.pop();
        }
        self.last.at = step.at;
        self.all.push(self.last.clone());
    }
}

impl Moment<'_> {
    pub(super) fn place(&self) -> Option<&Place> {
        self.state.map(|state| &state.place)
    }

    fn lasting(&self) -> impl Iterator<Item = (Lasting<'_>, i64)> {
        let in_force = self.state.filter(|_| !self.expired);
        let state = in_force.and_then(State::lasting).map(|state| {
            let is_occupied = state == Lasting::Available && self.live > 0;
            (
                if is_occupied {
                    Lasting::Occupied
                } else {
                    state
                },
                1,
            )
        });
        let open = (self.open != 0).then_some((Lasting::Engaged, self.open));
        let busy = (self.open > 0).then_some((Lasting::Busy, 1));
        [state, open, busy].into_iter().flatten()
    }
}

/// Emits the steps between the moments of `before` that are not in `after`, retracted, and the other way round. Both begin with
/// the same moment, of which nothing is emitted.
pub(super) fn emit_difference(before: &[Moment<'_>], after: &[Moment<'_>], emit: Emit<'_>) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let same_end = (before.iter().rev().zip(after.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    for (moments, sign) in [(before, -1), (after, 1)] {
        // The first of those that are alike again follows another moment than before.
        let end = moments.len() - same_end;
        for pair in moments.windows(2).take(end).skip(same.max(1) - 1) {
            emit_step(&pair[0], &pair[1], sign, emit);
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
fn emit_step(from: &Moment<'_>, to: &Moment<'_>, sign: i64, emit: Emit<'_>) {
    let stays = from.place() == to.place();
    for (moment, other, weight) in [(from, to, -sign), (to, from, sign)] {
        let goes_on = |step: &_| stays && other.lasting().any(|theirs| theirs == *step);
        for (what, height) in moment.lasting().filter(|step| !goes_on(step)) {
            let change = FactChange::Step(what, weight * height);
            let hearers = [Whose::Agent, Whose::All].into_iter();
            for whose in hearers.chain(groups_of(moment.place())) {
                emit(AgentFact {
                    whose,
                    at: to.at,
                    change,
                });
            }
        }
    }
}
