//! Tables and properties of the agent's state machine.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Agent, AgentFact, FactChange, State, Whose};
use crate::{
    contact::{EventOutcome, FactKind},
    event::{AgentState, EventId, SiteId, Span, TeamId, Text, Timestamp},
    kpi::{Accumulator, Count, Place},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

fn state(seconds: i64, doing: AgentState, team: &str) -> State {
    State {
        id: EventId::new(&format!("{seconds}")),
        at: at(seconds),
        doing,
        reason: (doing == AgentState::Away).then(|| Text::new("lunch")),
        place: Place {
            team: (!team.is_empty()).then(|| TeamId::new(team)),
            site: (team == "north").then(|| SiteId::new("oslo")),
        },
        sequence: None,
    }
}

/// Emitted sums, by owner and time.
#[derive(Debug, Default, PartialEq)]
struct Book(BTreeMap<(String, Timestamp), Accumulator>);

impl Book {
    fn apply(&mut self, fact: &AgentFact<'_>) {
        let key = (format!("{:?}", fact.whose), fact.at);
        let accumulator = self.0.entry(key.clone()).or_default();
        match fact.change {
            FactChange::Add(sums) => accumulator.merge(sums),
            FactChange::Retract(sums) => accumulator.retract(sums),
            FactChange::Steps(steps) => {
                (steps.iter()).for_each(|(what, by)| accumulator.step(*what, fact.at, *by))
            }
        }
        if accumulator.is_empty() {
            self.0.remove(&key);
        }
    }

    /// Returns the sum of all that was emitted for an owner.
    fn of(&self, whose: Whose<'_>) -> Accumulator {
        let name = format!("{whose:?}");
        let theirs = self.0.iter().filter(|((of, _), _)| *of == name);
        let mut sum = Accumulator::default();
        theirs.for_each(|(_, accumulator)| sum.merge(accumulator));
        sum
    }

    /// Returns the seconds occupied, available, away, busy and engaged, by the clock.
    fn seconds(&self, whose: Whose<'_>, clock: i64) -> [i64; 5] {
        let all = self.of(whose);
        let times = all.times(&all, Timestamp(0), at(clock));
        let of = |span: Span| span.0 / 1_000_000;
        let away = times.away.values().map(|span| of(*span)).sum();
        let (occupied, available) = (of(times.occupied), of(times.available));
        [occupied, available, away, of(times.busy), of(times.engaged)]
    }
}

fn north() -> TeamId {
    TeamId::new("north")
}

fn south() -> TeamId {
    TeamId::new("south")
}

fn facts(kind: FactKind, sign: i64) -> Accumulator {
    let mut sums = Accumulator::default();
    sums.add(kind, sign);
    sums
}

#[test]
fn a_state_lasts_until_the_next_and_at_most_a_day() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, "north"), &mut emit);
    agent.handle_state(state(100, AgentState::Engaged, "north"), &mut emit);
    agent.handle_state(state(130, AgentState::WrapUp, "north"), &mut emit);
    agent.handle_state(state(140, AgentState::Away, "south"), &mut emit);
    assert_eq!(agent.next_due_at(), Some(at(140 + DAY)));
    agent.handle_timeout(at(2 * DAY), &mut emit);
    assert_eq!(agent.next_due_at(), None);
    let clock = 3 * DAY;
    assert_eq!(book.seconds(Whose::Agent, clock), [40, 100, DAY, 0, 0]);
    assert_eq!(book.seconds(Whose::All, clock), [40, 100, DAY, 0, 0]);
    assert_eq!(
        book.seconds(Whose::Team(&north()), clock)[..3],
        [40, 100, 0]
    );
    assert_eq!(book.seconds(Whose::Team(&south()), clock)[..3], [0, 0, DAY]);
    assert_eq!(
        book.seconds(Whose::Site(&SiteId::new("oslo")), clock)[1],
        100
    );
}

#[test]
fn an_equal_repeat_changes_nothing_until_the_state_is_too_old() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    for hours in [0, 10, 20, 30] {
        agent.handle_state(state(hours * HOUR, AgentState::Available, ""), &mut emit);
    }
    // From 0 to 24 h, and again from 30 h on.
    let hours = |clock| book.seconds(Whose::Agent, clock * HOUR)[1] / HOUR;
    assert_eq!((hours(30), hours(31)), (24, 25));
}

#[test]
fn a_late_state_moves_emitted_facts_to_its_team() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, "north"), &mut emit);
    agent.handle_facts(
        vec![(at(50), facts(FactKind::HandledOutbound, 1))],
        &mut emit,
    );
    agent.handle_facts(
        vec![(at(90), facts(FactKind::HandledOutbound, 1))],
        &mut emit,
    );
    agent.handle_facts(
        vec![(at(40), facts(FactKind::EngagementBegan, 1))],
        &mut emit,
    );
    agent.handle_state(state(60, AgentState::Available, "south"), &mut emit);
    agent.handle_facts(
        vec![(at(100), facts(FactKind::EngagementEnded, 1))],
        &mut emit,
    );
    let handled = |team: &TeamId| book.of(Whose::Team(team)).get(Count::HandledOutbound);
    assert_eq!((handled(&north()), handled(&south())), (1, 1));
    assert_eq!(book.of(Whose::Agent).get(Count::HandledOutbound), 2);
    let busy = |team: &TeamId| book.seconds(Whose::Team(team), 200)[3];
    assert_eq!((busy(&north()), busy(&south())), (20, 40));
    assert_eq!(book.seconds(Whose::Team(&south()), 200)[1], 140);
}

#[test]
fn what_is_corrected_days_later_goes_to_the_team_of_then() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    for (change, team) in (0..500).zip(["north", "south"].into_iter().cycle()) {
        agent.handle_state(state(change * 600, AgentState::Available, team), &mut emit);
        agent.seal(at(change * 600 - HOUR));
    }
    let corrected = facts(FactKind::Disposition { resolved: true }, 1);
    agent.handle_facts(vec![(at(700), corrected)], &mut emit);
    let resolved = |team: &TeamId| book.of(Whose::Team(team)).get(Count::DispositionResolved);
    assert_eq!((resolved(&north()), resolved(&south())), (0, 1));
}

#[test]
fn two_engagements_at_once_are_busy_once() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    for (seconds, kind) in [
        (10, FactKind::EngagementBegan),
        (30, FactKind::EngagementEnded),
        (0, FactKind::EngagementBegan),
        (20, FactKind::EngagementEnded),
    ] {
        agent.handle_facts(vec![(at(seconds), facts(kind, 1))], &mut emit);
    }
    assert_eq!(book.seconds(Whose::Agent, 100)[3..], [30, 40]);
}

#[test]
fn an_available_agent_with_an_open_talk_or_wrap_up_is_occupied_until_the_next_state() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, ""), &mut emit);
    for (seconds, kind) in [(10, FactKind::TalkBegan), (50, FactKind::TalkEnded)] {
        agent.handle_facts(vec![(at(seconds), facts(kind, 1))], &mut emit);
    }
    let wrap_up = |seconds, kind| vec![(at(seconds), facts(kind, 1))];
    let ended = FactKind::WrapUpEnded { begun_at: at(50) };
    agent.handle_wrap_up(at(50), wrap_up(50, FactKind::WrapUpBegan), &mut emit);
    agent.handle_wrap_up(at(50), wrap_up(90, ended), &mut emit);
    assert_eq!(book.seconds(Whose::Agent, 100)[..3], [80, 20, 0]);
    let mut emit_late = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(60, AgentState::Away, ""), &mut emit_late);
    agent.handle_state(state(70, AgentState::Available, ""), &mut emit_late);
    assert_eq!(book.seconds(Whose::Agent, 100)[..3], [50, 40, 10]);
}

#[test]
fn what_is_sealed_before_a_state_is_known_to_be_too_old_takes_no_time_back() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, ""), &mut emit);
    agent.handle_facts(
        vec![(at(DAY + 100), facts(FactKind::TalkBegan, 1))],
        &mut emit,
    );
    agent.seal(at(DAY + 150));
    agent.handle_facts(
        vec![(at(DAY + 200), facts(FactKind::TalkEnded, 1))],
        &mut emit,
    );
    agent.handle_timeout(at(DAY + 300), &mut emit);
    assert_eq!(book.seconds(Whose::Agent, 2 * DAY)[..3], [0, DAY, 0]);
}

#[test]
fn of_states_with_one_id_the_first_in_order_counts() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    let id = EventId::new("twice");
    let [late, early] = [20, 10].map(|seconds| State {
        id: id.clone(),
        ..state(seconds, AgentState::Available, "")
    });
    let outcomes =
        [&late, &late, &early, &late].map(|state| agent.handle_state(state.clone(), &mut emit));
    let expected = [
        EventOutcome::Applied,
        EventOutcome::Repeated,
        EventOutcome::Conflicting,
        EventOutcome::Conflicting,
    ];
    assert_eq!(outcomes, expected);
    assert!(agent.seal(at(600)));
    assert_eq!(agent.handle_state(late, &mut emit), EventOutcome::TooLate);
    assert_eq!(book.seconds(Whose::Agent, 100)[1], 90);
}

#[derive(Debug, Clone)]
enum Happens {
    State(State),
    Facts(i64, FactKind),
    /// Of wrap-ups that began at the first.
    WrapUp(i64, i64, FactKind),
}

fn happens() -> impl Strategy<Value = Happens> {
    let doing = prop::sample::select(&AgentState::ALL);
    let team = prop::sample::select(&["", "north", "south"]);
    let kind = prop::sample::select(&[
        FactKind::EngagementBegan,
        FactKind::EngagementEnded,
        FactKind::TalkBegan,
        FactKind::TalkEnded,
        FactKind::HandledOutbound,
    ]);
    let step = prop::sample::select(vec![
        FactKind::WrapUpBegan,
        FactKind::WrapUpEnded { begun_at: at(0) },
    ]);
    // Some states are more than a day apart.
    let seconds = || {
        prop_oneof![
            0..600_i64,
            0..3_i64,
            (0..60_i64).prop_map(|hour| hour * HOUR)
        ]
    };
    // At one instant some have sequences, some not.
    let place = (0..4_u8, prop_oneof![Just(None), (0..3_i64).prop_map(Some)]);
    prop_oneof![
        (seconds(), doing, team, place).prop_map(|(at, doing, team, (number, sequence))| {
            let given = state(at, doing, team);
            Happens::State(State {
                id: EventId::new(&format!("{}-{number}", given.id)),
                sequence,
                ..given
            })
        }),
        (seconds(), kind).prop_map(|(at, kind)| Happens::Facts(at, kind)),
        (seconds(), seconds(), step).prop_map(|(one, other, step)| Happens::WrapUp(
            one.min(other),
            one.max(other),
            step
        )),
    ]
}

/// No two states have one id: of two contents with one id, the first one would have to be known.
fn in_two_orders() -> impl Strategy<Value = (Vec<Happens>, Vec<Happens>)> {
    let all = prop::collection::vec(happens(), 0..12).prop_map(|mut all| {
        let mut seen = BTreeSet::new();
        all.retain(|one| !matches!(one, Happens::State(state) if !seen.insert(state.id.clone())));
        all
    });
    all.prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

/// Returns what is emitted in the end, with nothing sealed, or with a seal an hour behind the last event at each step.
fn emitted(all: &[Happens], sealing: bool) -> Book {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    for one in all {
        let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
        let now = seconds_of(one);
        match one {
            Happens::State(state) => {
                agent.handle_state(state.clone(), &mut emit);
            }
            Happens::Facts(_, kind) => {
                agent.handle_facts(vec![(now, facts(*kind, 1))], &mut emit);
            }
            Happens::WrapUp(begun, _, step) => {
                agent.handle_wrap_up(at(*begun), vec![(now, facts(*step, 1))], &mut emit);
            }
        }
        if sealing {
            agent.handle_timeout(now, &mut emit);
            agent.seal(now);
            let image = minicbor::to_vec(&agent).unwrap();
            agent = minicbor::decode(&image).unwrap();
        }
    }
    agent.handle_timeout(at(100 * HOUR), &mut |fact| book.apply(&fact));
    book
}

fn seconds_of(one: &Happens) -> Timestamp {
    match one {
        Happens::State(state) => state.at,
        Happens::Facts(seconds, _) | Happens::WrapUp(_, seconds, _) => at(*seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_emits_the_same((all, shuffled) in in_two_orders()) {
        prop_assert_eq!(emitted(&all, false), emitted(&shuffled, false));
    }

    #[test]
    fn sealing_changes_nothing_of_what_comes_in_order(mut all in prop::collection::vec(happens(), 0..12)) {
        all.sort_by_key(seconds_of);
        all.dedup_by_key(|one| seconds_of(one));
        prop_assert_eq!(emitted(&all, true), emitted(&all, false));
    }
}
