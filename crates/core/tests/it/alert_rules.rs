//! Each rule about queues, agents, reasons, feeds and all work: what fires it, what falls just short, what clears it; in any order within
//! a pane, and after a crash at any pane.

use std::sync::Arc;

use floorwalker_core::{
    event::{AgentId, Channel, QueueId, Text},
    rules::{
        Alarm, Formula, GroupRule, LifeChange, Of, OwnRule, RuleKind, RulesSettings, Signal,
        Signals, Subject, Template,
    },
};

use crate::signals::{self, HOUR, Script, at, settings};
/// What is usual lasts so long before anything happens.
const USUAL: i64 = HOUR + 60;

impl Script {
    /// Returns the changes of one rule's alerts: minutes since the usual ended, change and subject.
    fn changes(&self, kind: RuleKind) -> Vec<(i64, LifeChange, String)> {
        let straight = self.played(play);
        let usual_to = at(USUAL);
        (straight.into_iter())
            .filter(|alarm| alarm.kind == kind)
            .map(|alarm| {
                let minute = (alarm.at - usual_to).0 / 60_000_000;
                (minute, alarm.change, alarm.subject)
            })
            .collect()
    }

    fn fired(&self, kind: RuleKind) -> usize {
        let changes = self.changes(kind);
        let fired = changes
            .iter()
            .filter(|change| change.1 == LifeChange::Fired);
        fired.count()
    }

    /// Asserts that a rule fires and resolves once, about a subject, within so many minutes of the end of the usual.
    #[track_caller]
    fn assert_once(&self, kind: RuleKind, subject: &str, fires_by: i64) {
        let changes = self.changes(kind);
        let of = |wanted| {
            let all = changes.iter().filter(move |change| change.1 == wanted);
            all.map(|change| (change.0, change.2.as_str()))
                .collect::<Vec<_>>()
        };
        let [fired] = of(LifeChange::Fired)[..] else {
            panic!("{}: {changes:?}", kind.name());
        };
        assert!(
            fired.1 == subject && (0..=fires_by).contains(&fired.0),
            "{changes:?}"
        );
        assert_eq!(of(LifeChange::Resolved).len(), 1, "{changes:?}");
    }
}

/// Plays signals; if it `crashes`, each time anew from the stored parts.
pub(crate) fn play(script: &[(i64, Subject, Signals)], crashes: bool) -> Vec<Alarm> {
    play_with(script, crashes, &settings())
}

fn play_with(
    script: &[(i64, Subject, Signals)],
    crashes: bool,
    settings: &RulesSettings,
) -> Vec<Alarm> {
    let mut all = Vec::new();
    signals::play(script, crashes, settings, |_, alarms| all.extend(alarms));
    all
}

fn queue(name: &str) -> Subject {
    Subject::Queue(QueueId::new(name))
}

fn desk(agent: usize) -> Subject {
    let agent = AgentId::new(&format!("a{agent}"));
    Subject::AgentQueue(QueueId::new("billing"), Channel::Voice, agent)
}

fn log_of(seconds: f64) -> i64 {
    (seconds.ln() * 1e3) as i64
}

/// Work of so many seconds.
pub(crate) fn work(seconds: f64) -> [(Signal, i64); 5] {
    let log = seconds.ln();
    [
        (Signal::Handled, 1),
        (Signal::Ended, 1),
        (Signal::LogHandle, log_of(seconds)),
        (Signal::LogHandleSquared, (log * log * 1e3) as i64),
        (Signal::HandleSeconds, seconds as i64),
    ]
}

/// Contacts that come and are answered at once, so many in a pane.
fn answered(contacts: i64) -> [(Signal, i64); 5] {
    [
        (Signal::Offered, contacts),
        (Signal::OfferedBy(Channel::Voice), contacts),
        (Signal::Answered, contacts),
        (Signal::WaitEnded { panes: 0 }, contacts),
        (Signal::AnswersMet, contacts),
    ]
}

/// One contact in each pane up to `panes`.
fn usual(panes: i64) -> Script {
    let mut script = Script::default();
    script.add(0..panes, &queue("billing"), &answered(1));
    script
}

const SILENT: [(Signal, i64); 0] = [];

#[test]
fn a_surge_is_half_as_many_contacts_again_and_more_than_chance() {
    let grown = |factor: i64| {
        let mut script = usual(USUAL + 240);
        script.add(USUAL..USUAL + 60, &queue("billing"), &answered(factor));
        script
    };
    grown(2).assert_once(RuleKind::QueueSurge, "queue:billing", 6);
    // Half a contact more in each pane is not enough.
    let mut short = usual(USUAL + 240);
    short.add(
        (USUAL..USUAL + 60).step_by(2),
        &queue("billing"),
        &answered(1),
    );
    assert_eq!(short.fired(RuleKind::QueueSurge), 0);
    // Before anything is usual, nothing is a surge.
    let mut early = usual(HOUR / 2);
    early.add(HOUR / 4..HOUR / 2, &queue("billing"), &answered(3));
    assert_eq!(early.fired(RuleKind::QueueSurge), 0);
}

#[test]
fn on_a_day_of_the_week_that_was_seen_the_usual_is_that_of_the_hour() {
    let week = 7 * 24 * HOUR;
    let mut script = Script::default();
    for day in [0, week] {
        script.add(day..day + 2 * HOUR, &queue("billing"), &answered(1));
        script.add(
            day + HOUR + 60..day + 2 * HOUR,
            &queue("billing"),
            &answered(2),
        );
    }
    let surges: Vec<bool> = (play(&script.0, false).into_iter())
        .filter(|alarm| alarm.kind == RuleKind::QueueSurge && alarm.change == LifeChange::Fired)
        .map(|alarm| alarm.at < at(week))
        .collect();
    assert_eq!(
        surges,
        [true],
        "what came last week at this hour is no surge"
    );
}

#[test]
fn callbacks_are_counted_against_the_usual() {
    let asked = |every: usize| {
        let mut script = usual(USUAL + 240);
        let counts = [(Signal::CallbacksAsked, 1)];
        script.add(
            (USUAL..USUAL + 60).step_by(every),
            &queue("billing"),
            &counts,
        );
        script
    };
    asked(4).assert_once(RuleKind::QueueCallbacks, "queue:billing", 8);
    assert_eq!(asked(12).fired(RuleKind::QueueCallbacks), 0);
}

#[test]
fn who_gives_up_counts_however_short_the_wait() {
    let given_up = |every: usize| {
        let mut script = usual(USUAL + 300);
        let counts = [
            (Signal::Offered, 1),
            (Signal::OfferedBy(Channel::Voice), 1),
            (Signal::Abandoned, 1),
            (Signal::WaitEnded { panes: 0 }, 1),
            (Signal::SecondsWaited, 4),
        ];
        script.add(
            (USUAL..USUAL + 60).step_by(every),
            &queue("billing"),
            &counts,
        );
        script
    };
    given_up(2).assert_once(RuleKind::QueueAbandonment, "queue:billing", 8);
    assert_eq!(given_up(10).fired(RuleKind::QueueAbandonment), 0);
}

#[test]
fn the_longest_wait_is_judged_by_the_promise_and_by_how_many_wait() {
    let waiting = |number: i64| {
        let mut script = usual(USUAL + 240);
        let begun = [(Signal::Offered, 1), (Signal::OfferedBy(Channel::Voice), 1)];
        script.add(USUAL..USUAL + number, &queue("billing"), &begun);
        let ended = [(Signal::WaitEnded { panes: 40 }, 1), (Signal::Answered, 1)];
        script.add(USUAL + 40..USUAL + 40 + number, &queue("billing"), &ended);
        script
    };
    // The promise is 20 s: it holds from 80 s on, for a minute.
    waiting(4).assert_once(RuleKind::QueueLongestWait, "queue:billing", 4);
    assert_eq!(waiting(3).fired(RuleKind::QueueLongestWait), 0);
}

#[test]
fn the_budget_burns_only_if_more_is_missed_than_usual_here() {
    let missed = [(Signal::AnswersMissed, 1), (Signal::AnswersMet, -1)];
    let burning = |before: bool| {
        let mut script = usual(USUAL + 600);
        if before {
            script.add(0..USUAL, &queue("billing"), &missed);
            script.add(
                (0..USUAL).step_by(4),
                &queue("billing"),
                &[(Signal::AnswersMet, 1)],
            );
        }
        script.add(USUAL..USUAL + 60, &queue("billing"), &missed);
        script
    };
    burning(false).assert_once(RuleKind::SlaBurn, "queue:billing", 5);
    assert_eq!(burning(true).fired(RuleKind::SlaBurn), 0);
    burning(false).assert_once(RuleKind::SlaLost, "queue:billing", 30);
    assert_eq!(usual(USUAL + 60).fired(RuleKind::SlaLost), 0);
}

#[test]
fn who_logs_off_is_missed_if_the_others_have_too_much_to_do() {
    let leaving = |number: usize, seconds: f64, at: i64| {
        let mut script = usual(USUAL + 300);
        for agent in 0..10 {
            let id = Subject::Agent(AgentId::new(&format!("a{agent}")));
            let comes = [(Signal::LoggedOnStep, 1), (Signal::PresentStep, 1)];
            script.add(0..1, &id, &comes);
            let first = agent as i64;
            script.add(
                (first..USUAL + 300).step_by(10),
                &desk(agent),
                &work(seconds),
            );
            script.add(
                (first..USUAL + 300).step_by(10),
                &queue("billing"),
                &work(seconds),
            );
            if agent < number {
                let goes = [(Signal::LoggedOnStep, -1), (Signal::PresentStep, -1)];
                script.add(at..at + 1, &id, &goes);
                script.add(at + 60..at + 61, &id, &comes);
            }
        }
        script
    };
    // Four contacts a minute of 100 s each are the time of seven agents.
    let middle = USUAL + 30;
    leaving(4, 100.0, middle).assert_once(RuleKind::QueueAbsence, "queue:billing", 8);
    assert_eq!(leaving(2, 100.0, middle).fired(RuleKind::QueueAbsence), 0);
    // Who leaves when there is little to do is not missed.
    assert_eq!(leaving(4, 40.0, middle).fired(RuleKind::QueueAbsence), 0);
    // At a whole quarter of an hour those go home who were there from the beginning.
    assert_eq!(leaving(4, 100.0, USUAL).fired(RuleKind::QueueAbsence), 0);
    // Those who are left keep one in four of the promises.
    leaving(6, 100.0, USUAL).assert_once(RuleKind::QueueStaffing, "queue:billing", 10);
    assert_eq!(leaving(1, 60.0, USUAL).fired(RuleKind::QueueStaffing), 0);
}

#[test]
fn a_slow_tool_shows_in_all_queues_together() {
    let slower = |factor: f64| {
        let mut script = Script::default();
        for (place, name) in ["billing", "tech", "sales"].into_iter().enumerate() {
            for pane in (0..USUAL + 240).filter(|pane| pane % 3 == place as i64) {
                let is_slow = (USUAL..USUAL + 80).contains(&pane);
                let usual = if pane % 2 == 0 { 200.0 } else { 500.0 };
                let seconds = if is_slow { usual * factor } else { usual };
                script.add(pane..pane + 1, &queue(name), &work(seconds));
            }
        }
        script
    };
    slower(1.5).assert_once(RuleKind::WorkSlow, "all", 16);
    assert_eq!(slower(1.1).fired(RuleKind::WorkSlow), 0);
}

#[test]
fn a_reason_is_frequent_beside_its_share_of_all_contacts() {
    let of = |reason: &str| Subject::Reason(Text::new(reason), QueueId::new("tech"));
    let given = |times: i64| {
        let mut script = Script::default();
        script.add(0..USUAL + 240, &of("other"), &[(Signal::Begun, 2)]);
        script.add(
            (0..USUAL + 240).step_by(8),
            &of("outage"),
            &[(Signal::Begun, 1)],
        );
        script.add(
            (USUAL..USUAL + 40).step_by(4),
            &of("outage"),
            &[(Signal::Begun, times)],
        );
        script
    };
    given(3).assert_once(RuleKind::ReasonSurge, "reason:outage", 5);
    assert_eq!(given(1).fired(RuleKind::ReasonSurge), 0);
    // All come more often: that is no matter of one reason.
    let mut all = given(0);
    all.add(USUAL..USUAL + 40, &of("other"), &[(Signal::Begun, 1)]);
    assert_eq!(all.fired(RuleKind::ReasonSurge), 0);
}

/// Nine colleagues who take 200 s or 500 s by turns, and one who is judged.
fn colleagues(changes: impl Fn(i64, f64) -> Vec<(Signal, i64)>) -> Script {
    let mut script = Script::default();
    for agent in 0..10_usize {
        let first = agent as i64;
        for pane in (first..USUAL + 720).step_by(12) {
            let usual = if (pane / 12) % 2 == 0 { 200.0 } else { 500.0 };
            let counts = if agent == 0 {
                changes(pane, usual)
            } else {
                work(usual).to_vec()
            };
            script.add(pane..pane + 1, &desk(agent), &counts);
        }
    }
    script
}

#[test]
fn an_agent_who_gets_slower_is_found_and_one_who_is_a_little_slower_is_not() {
    let slower = |factor: f64| {
        colleagues(move |pane, usual| {
            let is_slow = (USUAL..USUAL + 360).contains(&pane);
            work(if is_slow { usual * factor } else { usual }).to_vec()
        })
    };
    slower(1.8).assert_once(RuleKind::AgentDrift, "agent:a0", 60);
    assert_eq!(slower(1.1).fired(RuleKind::AgentDrift), 0);
}

#[test]
fn an_agent_who_is_fast_and_hands_much_on_games_the_figures() {
    let faster = |transfers: bool| {
        colleagues(move |pane, usual| {
            let is_odd = (USUAL..USUAL + 360).contains(&pane);
            let mut counts = work(if is_odd { usual * 0.5 } else { usual }).to_vec();
            if is_odd && transfers && pane % 3 == 0 {
                counts.push((Signal::Transferred, 1));
            }
            counts
        })
    };
    faster(true).assert_once(RuleKind::AgentGaming, "agent:a0", 60);
    assert_eq!(faster(false).fired(RuleKind::AgentGaming), 0);
    assert_eq!(faster(false).fired(RuleKind::AgentDrift), 1);
}

#[test]
fn an_agent_who_misses_more_than_colleagues_is_named_by_the_lower_bound() {
    let missing = |of_twenty: usize| {
        let mut script = colleagues(|_, usual| work(usual).to_vec());
        for agent in 0..10 {
            script.add(
                (0..USUAL + 720).step_by(12),
                &desk(agent),
                &[(Signal::Met, 1)],
            );
        }
        let missed = [(Signal::Missed, 1), (Signal::Met, -1)];
        let odd = (USUAL..USUAL + 240).step_by(12).take(of_twenty);
        script.add(odd, &desk(0), &missed);
        script
    };
    missing(20).assert_once(RuleKind::AgentSla, "agent:a0", 40);
    assert_eq!(missing(5).fired(RuleKind::AgentSla), 0);
}

#[test]
fn an_agent_without_a_break_is_overloaded() {
    let working = |hours: i64| {
        let mut script = usual(USUAL + 1_700);
        let ana = Subject::Agent(AgentId::new("ana"));
        let busy = [Signal::LoggedOnStep, Signal::PresentStep];
        script.add(USUAL..USUAL + 1, &ana, &busy.map(|signal| (signal, 1)));
        let rests = USUAL + hours * HOUR;
        script.add(rests..rests + 1, &ana, &[(Signal::PresentStep, -1)]);
        // A contact of five minutes each five minutes.
        let desk =
            Subject::AgentQueue(QueueId::new("billing"), Channel::Voice, AgentId::new("ana"));
        script.add((USUAL..rests).step_by(20), &desk, &work(300.0));
        script
    };
    working(6).assert_once(RuleKind::AgentOverload, "agent:ana", 332);
    assert_eq!(working(5).fired(RuleKind::AgentOverload), 0);
}

/// A feed of two events in each pane, without some panes.
fn feed(without: std::ops::Range<i64>) -> Script {
    let mut script = Script::default();
    let voice = Subject::Feed(Channel::Voice);
    let heard = (0..USUAL + 240).filter(|pane| !without.contains(pane));
    script.add(heard, &voice, &[(Signal::Applied, 5), (Signal::Arrived, 5)]);
    script
}

#[test]
fn a_feed_is_silent_when_twenty_events_are_missing() {
    feed(USUAL..USUAL + 40).assert_once(RuleKind::FeedSilent, "feed:voice", 1);
    assert_eq!(feed(USUAL..USUAL + 3).fired(RuleKind::FeedSilent), 0);
    // Over night a feed falls silent little by little.
    let mut evening = Script::default();
    let voice = Subject::Feed(Channel::Voice);
    let gaps = (0..60).map(|number| 1 + number * number / 100);
    let panes = gaps.scan(0, |pane, gap| {
        *pane += gap;
        Some(*pane)
    });
    evening.add(panes, &voice, &[(Signal::Applied, 1)]);
    evening.add(13 * HOUR..13 * HOUR + 1, &queue("billing"), &SILENT);
    assert_eq!(evening.fired(RuleKind::FeedSilent), 0);
}

#[test]
fn a_silent_feed_freezes_what_would_lie_without_it() {
    let mut script = feed(USUAL..USUAL + 40);
    script.0.extend(usual(USUAL + 240).0);
    script.add(USUAL + 40..USUAL + 60, &queue("billing"), &answered(4));
    assert_eq!(script.fired(RuleKind::FeedSilent), 1);
    assert_eq!(script.fired(RuleKind::QueueSurge), 0);
}

#[test]
fn a_feed_is_late_or_dirty_by_the_share_of_its_events() {
    let voice = Subject::Feed(Channel::Voice);
    let odd = |signal: Signal, count: i64| {
        let mut script = feed(0..0);
        script.add(USUAL..USUAL + 40, &voice, &[(signal, count)]);
        script
    };
    odd(Signal::Late, 4).assert_once(RuleKind::FeedLate, "feed:voice", 2);
    assert_eq!(odd(Signal::Late, 2).fired(RuleKind::FeedLate), 0);
    odd(Signal::Repeated, 2).assert_once(RuleKind::FeedDirty, "feed:voice", 3);
    let mut one = feed(0..0);
    one.add(
        (USUAL..USUAL + 40).step_by(4),
        &voice,
        &[(Signal::Repeated, 1)],
    );
    assert_eq!(one.fired(RuleKind::FeedDirty), 0);
    let mut topic = Script::default();
    let events = Subject::Source(Text::new("events"));
    topic.add(0..USUAL + 240, &events, &[(Signal::Read, 10)]);
    topic.add(USUAL..USUAL + 40, &events, &[(Signal::DeadLettered, 2)]);
    topic.assert_once(RuleKind::FeedDirty, "feed:events", 3);
}

#[test]
fn what_follows_from_a_firing_alert_is_covered_by_it() {
    let mut script = usual(USUAL + 240);
    script.add(USUAL..USUAL + 60, &queue("billing"), &answered(3));
    let missed = [(Signal::AnswersMissed, 3), (Signal::AnswersMet, -3)];
    script.add(USUAL + 30..USUAL + 60, &queue("billing"), &missed);
    let alarms = play(&script.0, false);
    let fired = |kind: RuleKind| {
        let of_kind = |alarm: &&Alarm| alarm.kind == kind && alarm.change == LifeChange::Fired;
        alarms.iter().find(of_kind).unwrap()
    };
    let (surge, burn) = (fired(RuleKind::QueueSurge), fired(RuleKind::SlaBurn));
    assert_eq!(
        (&surge.inhibited_by, burn.inhibited_by.as_ref()),
        (&None, Some(&surge.id))
    );
    assert!(
        burn.why.contains("contacts in 10 min, usually"),
        "{}",
        burn.why
    );
    assert_eq!(
        burn.causes.first().map(|cause| cause.what.as_str()),
        Some("arrivals")
    );
}

fn own(name: &str, of: Of, when: &str) -> OwnRule {
    OwnRule {
        name: name.to_owned(),
        of,
        when: Formula::condition(when, of).unwrap(),
        clear: None,
        value: Some(Formula::value("offered.w10m.value", Of::Queue).unwrap()),
        why: Template::new("{name}: {offered.w10m.n} in 10 min", Of::Queue).unwrap(),
        action: Template::new("Look.", of).unwrap(),
        rule: GroupRule::of(RuleKind::Own(0)),
    }
}

/// Four waits begin in each pane in place of one, for a quarter of an hour: 160 in ten minutes.
fn busier() -> Script {
    let mut script = usual(USUAL + 200);
    script.add(
        USUAL..USUAL + 60,
        &queue("billing"),
        &[(Signal::Offered, 3)],
    );
    script
}

#[test]
fn a_rule_of_ones_own_fires_by_its_formula() {
    let script = busier();
    let found = |least: i64| {
        let when = format!("name == 'billing' && offered.w10m.value >= {least}.0");
        let settings = RulesSettings {
            own: vec![Arc::new(own("billing.flood", Of::Queue, &when))],
            ..settings()
        };
        let alarms = play_with(&script.0, true, &settings);
        let mut turned = script.0.clone();
        turned.reverse();
        assert_eq!(alarms, play_with(&turned, false, &settings));
        let own = alarms.into_iter().filter(|it| it.rule == "billing.flood");
        own.collect::<Vec<_>>()
    };
    assert_eq!(found(161), []);
    let [fired, resolved] = &found(160)[..] else {
        panic!("{:?}", found(160));
    };
    assert_eq!(
        (fired.change, resolved.change),
        (LifeChange::Fired, LifeChange::Resolved)
    );
    assert!(fired.id.starts_with("queue:billing/") && fired.id == resolved.id);
    assert_eq!(fired.why, "billing: 160 in 10 min");
    assert_eq!(
        fired.formula,
        "name == 'billing' && offered.w10m.value >= 160.0"
    );
}

#[test]
fn a_formula_is_checked_in_all_its_parts() {
    let mistakes = [
        ("live.waiting >", "line 1, column 15: this is no formula"),
        (
            "live.waiting > 10 && abandonmet.w5m.value > 0.08",
            "line 1, column 22: there is no figure `abandonmet`; did you mean `abandonment`?",
        ),
        (
            "true || offered.w7m.value > 1.0",
            "line 1, column 9: there is no figure `offered.w7m`; there are w10m, w15m",
        ),
        ("true ||\n offered.w5m > 1.0", "line 2, column 2:"),
        (
            "offered.w5m.value",
            "line 1, column 1: this gives a number; a condition is true or false",
        ),
        (
            "live.waiting.most > 1",
            "`live.waiting` is a figure, and has no `most`",
        ),
    ];
    for (formula, sentence) in mistakes {
        let found = Formula::condition(formula, Of::Queue)
            .unwrap_err()
            .to_string();
        assert!(found.contains(sentence), "{formula}: {found}");
    }
    let of_queues = Formula::condition("offered.w5m.n > 1", Of::Agent).unwrap_err();
    assert!(
        of_queues
            .to_string()
            .contains("there is no figure `offered`"),
        "{of_queues}"
    );
    for formula in [
        "abandonment.w5m.value > 0.08 && live.waiting > 10",
        "live.longest_wait > 60 || sla.w1h.n > 10 && sla.w1h.value < 0.5",
        "name in ['billing', 'tech'] && (hour >= 8 && hour < 18) && weekday < 6",
    ] {
        assert_eq!(
            Formula::condition(formula, Of::Queue).map(|_| ()),
            Ok(()),
            "{formula}"
        );
    }
}
