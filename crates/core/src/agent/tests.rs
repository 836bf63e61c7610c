//! Tables and laws of the agent's machine.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Agent, AgentFact, FactChange, State, Whose};
use crate::{
    contact::{Outcome, What},
    event::{AgentState, EventId, SiteId, Span, TeamId, Text, Timestamp},
    kpi::{Count, Place, Tally},
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

/// What was emitted, by whose and of when.
#[derive(Debug, Default, PartialEq)]
struct Book(BTreeMap<(String, Timestamp), Tally>);

impl Book {
    fn apply(&mut self, fact: &AgentFact<'_>) {
        let key = (format!("{:?}", fact.whose), fact.at);
        let tally = self.0.entry(key.clone()).or_default();
        match fact.change {
            FactChange::Add(sums) => tally.merge(sums),
            FactChange::Retract(sums) => tally.retract(sums),
            FactChange::Step(what, by) => tally.step(what, fact.at, by),
        }
        if tally.is_empty() {
            self.0.remove(&key);
        }
    }

    /// All that was emitted of somebody.
    fn of(&self, whose: Whose<'_>) -> Tally {
        let name = format!("{whose:?}");
        let theirs = self.0.iter().filter(|((of, _), _)| *of == name);
        let mut sum = Tally::default();
        theirs.for_each(|(_, tally)| sum.merge(tally));
        sum
    }

    /// Seconds occupied, available, away, busy and the sum of engagements' by the clock.
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

fn facts(what: What, sign: i64) -> Tally {
    let mut sums = Tally::default();
    sums.add(what, sign);
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
    // From 0 to 24 h, and anew from 30 h on.
    let hours = |clock| book.seconds(Whose::Agent, clock * HOUR)[1] / HOUR;
    assert_eq!((hours(30), hours(31)), (24, 25));
}

#[test]
fn a_state_that_comes_late_moves_what_was_told_to_its_team() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, "north"), &mut emit);
    agent.handle_facts(vec![(at(50), facts(What::HandledOutbound, 1))], &mut emit);
    agent.handle_facts(vec![(at(90), facts(What::HandledOutbound, 1))], &mut emit);
    agent.handle_facts(vec![(at(40), facts(What::EngagementBegan, 1))], &mut emit);
    agent.handle_state(state(60, AgentState::Available, "south"), &mut emit);
    agent.handle_facts(vec![(at(100), facts(What::EngagementEnded, 1))], &mut emit);
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
    let corrected = facts(What::ResolvedSaid { resolved: true }, 1);
    agent.handle_facts(vec![(at(700), corrected)], &mut emit);
    let resolved = |team: &TeamId| book.of(Whose::Team(team)).get(Count::SaidResolved);
    assert_eq!((resolved(&north()), resolved(&south())), (0, 1));
}

#[test]
fn two_engagements_at_once_are_busy_once() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    for (seconds, what) in [
        (10, What::EngagementBegan),
        (30, What::EngagementEnded),
        (0, What::EngagementBegan),
        (20, What::EngagementEnded),
    ] {
        agent.handle_facts(vec![(at(seconds), facts(what, 1))], &mut emit);
    }
    assert_eq!(book.seconds(Whose::Agent, 100)[3..], [30, 40]);
}

#[test]
fn who_is_available_with_a_talk_or_wrap_up_open_is_occupied_until_a_state_is_said_in_it() {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
    agent.handle_state(state(0, AgentState::Available, ""), &mut emit);
    for (seconds, what) in [(10, What::TalkBegan), (50, What::TalkEnded)] {
        agent.handle_facts(vec![(at(seconds), facts(what, 1))], &mut emit);
    }
    let wrap_up = |seconds, what| vec![(at(seconds), facts(what, 1))];
    let ended = What::WrapUpEnded { begun_at: at(50) };
    agent.handle_wrap_up(at(50), wrap_up(50, What::WrapUpBegan), &mut emit);
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
    agent.handle_facts(vec![(at(DAY + 100), facts(What::TalkBegan, 1))], &mut emit);
    agent.seal(at(DAY + 150));
    agent.handle_facts(vec![(at(DAY + 200), facts(What::TalkEnded, 1))], &mut emit);
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
        Outcome::Applied,
        Outcome::Repeated,
        Outcome::Conflicting,
        Outcome::Conflicting,
    ];
    assert_eq!(outcomes, expected);
    assert!(agent.seal(at(600)));
    assert_eq!(agent.handle_state(late, &mut emit), Outcome::TooLate);
    assert_eq!(book.seconds(Whose::Agent, 100)[1], 90);
}

#[derive(Debug, Clone)]
enum Happens {
    State(State),
    Facts(i64, What),
    /// Of those that began at the first.
    WrapUp(i64, i64, What),
}

fn happens() -> impl Strategy<Value = Happens> {
    let doing = prop::sample::select(&AgentState::ALL);
    let team = prop::sample::select(&["", "north", "south"]);
    let what = prop::sample::select(&[
        What::EngagementBegan,
        What::EngagementEnded,
        What::TalkBegan,
        What::TalkEnded,
        What::HandledOutbound,
    ]);
    let step = prop::sample::select(vec![
        What::WrapUpBegan,
        What::WrapUpEnded { begun_at: at(0) },
    ]);
    // Some states are more than a day apart.
    let seconds = || {
        prop_oneof![
            0..600_i64,
            0..3_i64,
            (0..60_i64).prop_map(|hour| hour * HOUR)
        ]
    };
    // Of one instant some are numbered, some not.
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
        (seconds(), what).prop_map(|(at, what)| Happens::Facts(at, what)),
        (seconds(), seconds(), step).prop_map(|(one, other, step)| Happens::WrapUp(
            one.min(other),
            one.max(other),
            step
        )),
    ]
}

/// No two states have one id: of those with two contents, one would have to be the first.
fn in_two_orders() -> impl Strategy<Value = (Vec<Happens>, Vec<Happens>)> {
    let all = prop::collection::vec(happens(), 0..12).prop_map(|mut all| {
        let mut seen = BTreeSet::new();
        all.retain(|one| !matches!(one, Happens::State(state) if !seen.insert(state.id.clone())));
        all
    });
    all.prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

/// What is emitted in the end, with nothing sealed or with all that is older than an hour than the last at each step.
fn emitted(all: &[Happens], sealing: bool) -> Book {
    let (mut agent, mut book) = (Agent::default(), Book::default());
    for one in all {
        let mut emit = |fact: AgentFact<'_>| book.apply(&fact);
        let now = seconds_of(one);
        match one {
            Happens::State(state) => {
                agent.handle_state(state.clone(), &mut emit);
            }
            Happens::Facts(_, what) => {
                agent.handle_facts(vec![(now, facts(*what, 1))], &mut emit);
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
    fn any_order_tells_the_same((all, shuffled) in in_two_orders()) {
        prop_assert_eq!(emitted(&all, false), emitted(&shuffled, false));
    }

    #[test]
    fn sealing_changes_nothing_of_what_comes_in_order(mut all in prop::collection::vec(happens(), 0..12)) {
        all.sort_by_key(seconds_of);
        all.dedup_by_key(|one| seconds_of(one));
        prop_assert_eq!(emitted(&all, true), emitted(&all, false));
    }
}
