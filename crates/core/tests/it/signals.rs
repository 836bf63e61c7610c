//! Plays signals to the rules, pane by pane, with crashes or without.

use std::collections::BTreeMap;

use floorwalker_core::{
    contact::ContactSettings,
    event::{Span, Timestamp},
    rules::{Alarm, PANE, Rules, RulesSettings, Signal, SignalBatch, Signals, StateKey, Subject},
};

/// Panes of an hour.
pub(crate) const HOUR: i64 = 240;
const BEGIN: i64 = 1_767_600_000;

/// Signals by pane.
#[derive(Default, Clone)]
pub(crate) struct Script(pub(crate) Vec<(i64, Subject, Signals)>);

impl Script {
    pub(crate) fn add(
        &mut self,
        panes: impl Iterator<Item = i64>,
        subject: &Subject,
        counts: &[(Signal, i64)],
    ) {
        for pane in panes {
            let mut signals = Signals::default();
            (counts.iter()).for_each(|(signal, count)| signals.add(*signal, *count));
            self.0.push((pane, subject.clone(), signals));
        }
    }

    /// Returns what `play` makes of the signals: the same in another order within a pane, and after crashes.
    pub(crate) fn played<T: PartialEq + std::fmt::Debug>(
        &self,
        play: impl Fn(&[(i64, Subject, Signals)], bool) -> T,
    ) -> T {
        let straight = play(&self.0, false);
        let mut turned = self.0.clone();
        turned.reverse();
        assert_eq!(straight, play(&turned, false), "in another order");
        assert_eq!(straight, play(&self.0, true), "after crashes");
        straight
    }
}

pub(crate) fn at(pane: i64) -> Timestamp {
    Timestamp(BEGIN * 1_000_000) + Span(PANE.0 * pane)
}

pub(crate) fn settings() -> RulesSettings {
    RulesSettings {
        settle: Span::ZERO,
        ..RulesSettings::default()
    }
}

/// Plays signals; if it `crashes`, each time anew from the stored parts. `take` sees the rules after each pane, and the alerts that have
/// changed.
pub(crate) fn play(
    script: &[(i64, Subject, Signals)],
    crashes: bool,
    settings: &RulesSettings,
    mut take: impl FnMut(&mut Rules, Vec<Alarm>),
) {
    let new = || Rules::new(settings, &ContactSettings::default());
    let mut by_pane: BTreeMap<i64, Vec<(&Subject, &Signals)>> = BTreeMap::new();
    for (pane, subject, signals) in script {
        by_pane.entry(*pane).or_default().push((subject, signals));
    }
    let last = by_pane.keys().next_back().copied().unwrap_or(0);
    let mut rules = new();
    let mut stored: BTreeMap<StateKey, Vec<u8>> = BTreeMap::new();
    for pane in 0..=last {
        for (subject, signals) in by_pane.remove(&pane).unwrap_or_default() {
            let mut batch = SignalBatch::default();
            batch.at(subject.clone(), at(pane)).merge(signals);
            rules.add(batch);
        }
        let alarms = rules.advance(at(pane + 1));
        take(&mut rules, alarms);
        for (key, image) in rules.take_changed() {
            match image {
                Some(image) => stored.insert(key, image),
                None => stored.remove(&key),
            };
        }
        if crashes && pane % 7 == 3 {
            rules = new();
            for (key, image) in &stored {
                rules.restore(key, image).unwrap();
            }
            rules.start();
        }
    }
}
