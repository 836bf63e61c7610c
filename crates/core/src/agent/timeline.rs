//! Timeline of an agent: segments in which the state in force and the number of open engagements stay the same.

use minicbor::{Decode, Encode};
use smallvec::SmallVec;

use crate::{
    event::{
        AgentState, AgentStateChanged, Body, Event, EventId, SiteId, Span, TeamId, Text, Timestamp,
    },
    kpi::{Accumulator, Place, StateDuration},
};

/// Age at which a state expires and the agent counts as offline: its sender no longer sends.
pub const STATE_AGE_MAX: Span = Span::from_secs(24 * 3_600);
const NO_REASON: &str = "unspecified";

/// State of an agent, with its team and site. By default offline.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct State {
    #[n(0)]
    pub id: EventId,
    #[n(1)]
    pub at: Timestamp,
    #[n(2)]
    pub doing: AgentState,
    /// Reason to be away.
    #[n(3)]
    pub reason: Option<Text>,
    #[n(4)]
    pub place: Place,
    #[n(5)]
    pub sequence: Option<i64>,
}

/// A change of somebody's sums that follows from an agent's events.
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
    Add(&'a Accumulator),
    /// Subtracts sums that were added before.
    Retract(&'a Accumulator),
    /// Makes durations run faster or slower, each by this, from the instant on.
    Steps(&'a [(StateDuration<'a>, i64)]),
}

/// The steps of one instant: at most three end, and three begin.
type Steps<'a> = SmallVec<[(StateDuration<'a>, i64); 6]>;

pub(super) type Emit<'t> = &'t mut dyn FnMut(AgentFact<'_>);

/// Segment of a timeline, from an instant up to the next segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub at: Timestamp,
    /// `None` before the first state.
    pub state: Option<&'a State>,
    /// The state has expired.
    pub expired: bool,
    /// Inbound and outbound engagements.
    pub open: i64,
    /// Engagements on live channels, except those in whose wrap-up a state came.
    pub live: i64,
}

/// Engagements, talks and wrap-ups begun at an instant, less those that ended.
#[derive(Debug)]
pub(super) struct Step {
    pub at: Timestamp,
    pub opened: i64,
    pub talks: i64,
    /// Steps of the wrap-ups that began at the first of the two.
    pub wrap_ups: Option<(Timestamp, i64)>,
}

/// Builds segments, each from the one before.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub all: Vec<Segment<'a>>,
    last: Segment<'a>,
    /// Talks among the live engagements.
    talks: i64,
    /// When the last state came.
    last_state_at: Timestamp,
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
    /// Returns the state of an event. `None`: it is of another kind.
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

    /// Returns the relevant part of its event.
    pub(super) fn content(&self) -> Body {
        Body::AgentStateChanged(AgentStateChanged {
            state: self.doing,
            reason: self.reason.clone(),
            team: self.place.team.clone(),
            site: self.place.site.clone(),
            skills: Vec::new(),
        })
    }

    /// Whether it changes nothing of an agent in that state.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        let is_same =
            self.doing == other.doing && self.reason == other.reason && self.place == other.place;
        is_same && self.at < other.ends_at()
    }

    /// Returns when it expires.
    pub(super) fn ends_at(&self) -> Timestamp {
        if self.doing == AgentState::Offline {
            Timestamp::MAX
        } else {
            self.at + STATE_AGE_MAX
        }
    }

    fn duration(&self) -> Option<StateDuration<'_>> {
        match self.doing {
            AgentState::Offline => None,
            AgentState::Available => Some(StateDuration::Available),
            AgentState::Offered | AgentState::Engaged | AgentState::WrapUp => {
                Some(StateDuration::Occupied)
            }
            AgentState::Away => Some(StateDuration::Away(
                self.reason.as_deref().unwrap_or(NO_REASON),
            )),
        }
    }
}

impl<'a> Timeline<'a> {
    /// `talks` are those among the first segment's live engagements.
    pub(super) fn new(first: Segment<'a>, talks: i64) -> Self {
        Self {
            all: vec![first.clone()],
            last_state_at: first.state.map_or(Timestamp::MIN, |state| state.at),
            last: first,
            talks,
        }
    }

    /// Begins a segment with a new or expired state.
    pub(super) fn change_state(&mut self, at: Timestamp, state: &'a State, expired: bool) {
        if !expired {
            self.last_state_at = at;
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
            .filter(|(begun_at, _)| *begun_at > self.last_state_at);
        self.last.live += step.talks + wrap_ups.map_or(0, |(_, by)| by);
        if self.last.at == step.at {
            self.all.pop();
        }
        self.last.at = step.at;
        self.all.push(self.last.clone());
    }
}

impl Segment<'_> {
    pub(super) fn place(&self) -> Option<&Place> {
        self.state.map(|state| &state.place)
    }

    fn state_durations(&self) -> impl Iterator<Item = (StateDuration<'_>, i64)> {
        let in_force = self.state.filter(|_| !self.expired);
        let state = in_force.and_then(State::duration).map(|state| {
            let is_occupied = state == StateDuration::Available && self.live > 0;
            (
                if is_occupied {
                    StateDuration::Occupied
                } else {
                    state
                },
                1,
            )
        });
        let open = (self.open != 0).then_some((StateDuration::Engaged, self.open));
        let busy = (self.open > 0).then_some((StateDuration::Busy, 1));
        [state, open, busy].into_iter().flatten()
    }
}

/// Emits the steps between the segments of `before` that are not in `after`, retracted, and the other way round. Both begin with
/// the same segment, of which nothing is emitted.
pub(super) fn emit_difference(before: &[Segment<'_>], after: &[Segment<'_>], emit: Emit<'_>) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let same_end = (before.iter().rev().zip(after.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    for (segments, sign) in [(before, -1), (after, 1)] {
        // The first of the equal segments at the end follows another segment than before.
        let end = segments.len() - same_end;
        for pair in segments.windows(2).take(end).skip(same.max(1) - 1) {
            emit_step(&pair[0], &pair[1], sign, emit);
        }
    }
}

/// Returns the team and the site.
pub(super) fn groups_of(place: Option<&Place>) -> impl Iterator<Item = Whose<'_>> {
    let team = place.and_then(|place| place.team.as_ref());
    let site = place.and_then(|place| place.site.as_ref());
    [team.map(Whose::Team), site.map(Whose::Site)]
        .into_iter()
        .flatten()
}

/// Emits the steps from one segment to the next. Nothing is emitted of what goes on.
fn emit_step(from: &Segment<'_>, to: &Segment<'_>, sign: i64, emit: Emit<'_>) {
    let stays = from.place() == to.place();
    let mut steps = Steps::new();
    for (segment, other, weight) in [(from, to, -sign), (to, from, sign)] {
        let goes_on = |step: &_| stays && other.state_durations().any(|theirs| theirs == *step);
        let changes = segment.state_durations().filter(|step| !goes_on(step));
        steps.extend(changes.map(|(what, height)| (what, weight * height)));
        if !stays {
            emit_steps(&steps, (segment.place(), to.at), emit);
            steps.clear();
        }
    }
    emit_steps(&steps, (to.place(), to.at), emit);
}

/// Emits steps to all whose durations they are.
fn emit_steps(
    steps: &[(StateDuration<'_>, i64)],
    (place, at): (Option<&Place>, Timestamp),
    emit: Emit<'_>,
) {
    if steps.is_empty() {
        return;
    }
    let audience = [Whose::Agent, Whose::All].into_iter();
    for whose in audience.chain(groups_of(place)) {
        let change = FactChange::Steps(steps);
        emit(AgentFact { whose, at, change });
    }
}
