//! The life of an alert: pending, firing, resolved, with hysteresis and a guard against flapping.
//!
//! ```
//! use floorwalker_core::{event::{Span, Timestamp}, rules::{Life, LifeChange, Timing, Verdict}};
//! let timing = Timing { lasts: Span::from_secs(30), clear_for: Span::from_secs(60), repeat_every: None };
//! let at = |seconds| Timestamp(0) + Span::from_secs(seconds);
//! let mut life = Life::default();
//! assert_eq!(life.judge(at(0), Verdict::Holds, timing), Some(LifeChange::Pending));
//! assert_eq!(life.judge(at(30), Verdict::Holds, timing), Some(LifeChange::Fired));
//! assert_eq!(life.judge(at(45), Verdict::Clear, timing), None);
//! assert_eq!(life.judge(at(105), Verdict::Clear, timing), Some(LifeChange::Resolved));
//! ```

use minicbor::{Decode, Encode};

use crate::event::{Span, Timestamp};

/// So many times within [`FLAPS_WITHIN`] an alert may fire; from then on it is held.
const FLAPS_MAX: usize = 3;
const FLAPS_WITHIN: Span = Span::from_secs(3_600);
/// A held alert resolves when its condition has been clear for so long.
const HELD_FOR: Span = Span::from_secs(1_800);

/// What a rule finds at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The condition holds.
    Holds,
    /// Neither the condition nor the clear condition holds.
    Between,
    /// The clear condition holds.
    Clear,
    /// Nobody can know: data is missing.
    Unknown,
}

/// How long conditions must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The condition, before it fires.
    pub lasts: Span,
    /// The clear condition, before it resolves.
    pub clear_for: Span,
    /// How often it is written again while it fires. `None`: never.
    pub repeat_every: Option<Span>,
}

/// Where an alert is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Life {
    /// The condition has held since; before it fires.
    #[n(0)]
    pending_since: Option<Timestamp>,
    #[n(1)]
    firing: Option<Firing>,
    /// The clear condition has held since.
    #[n(2)]
    clear_since: Option<Timestamp>,
    /// When it fired, within the last hour.
    #[cbor(n(3), default, skip_if = "Vec::is_empty")]
    fired_at: Vec<Timestamp>,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Firing {
    /// Since when its condition held.
    #[n(0)]
    pub starts_at: Timestamp,
    #[n(1)]
    pub fired_at: Timestamp,
    /// When it was last written.
    #[n(2)]
    pub written_at: Timestamp,
    /// It fired too often, and is held.
    #[n(3)]
    pub flapping: bool,
}

/// What has changed in the life of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeChange {
    /// The condition holds, and has to last.
    Pending,
    /// It did not last.
    Lapsed,
    Fired,
    /// It fires on, and is written again.
    Repeated,
    /// It fires on, and nobody has taken it up in time.
    Escalated,
    Resolved,
}

impl Life {
    /// Takes what the rule finds at `now`, which never falls.
    pub fn judge(
        &mut self,
        now: Timestamp,
        verdict: Verdict,
        timing: Timing,
    ) -> Option<LifeChange> {
        match &mut self.firing {
            Some(_) => self.judge_firing(now, verdict, timing),
            None => self.judge_quiet(now, verdict, timing),
        }
    }

    fn judge_quiet(
        &mut self,
        now: Timestamp,
        verdict: Verdict,
        timing: Timing,
    ) -> Option<LifeChange> {
        if verdict != Verdict::Holds {
            let was_pending = verdict != Verdict::Unknown && self.pending_since.take().is_some();
            return was_pending.then_some(LifeChange::Lapsed);
        }
        let since = *self.pending_since.get_or_insert(now);
        if now < since + timing.lasts {
            return (since == now).then_some(LifeChange::Pending);
        }
        self.pending_since = None;
        self.clear_since = None;
        self.fired_at.retain(|at| now < *at + FLAPS_WITHIN);
        self.fired_at.push(now);
        self.firing = Some(Firing {
            starts_at: since,
            fired_at: now,
            written_at: now,
            flapping: self.fired_at.len() >= FLAPS_MAX,
        });
        Some(LifeChange::Fired)
    }

    fn judge_firing(
        &mut self,
        now: Timestamp,
        verdict: Verdict,
        timing: Timing,
    ) -> Option<LifeChange> {
        let firing = self.firing.as_mut()?;
        match verdict {
            Verdict::Clear => {
                let since = *self.clear_since.get_or_insert(now);
                let clear_for = if firing.flapping {
                    timing.clear_for.max(HELD_FOR)
                } else {
                    timing.clear_for
                };
                if since + clear_for <= now {
                    self.firing = None;
                    self.clear_since = None;
                    return Some(LifeChange::Resolved);
                }
            }
            Verdict::Holds => self.clear_since = None,
            Verdict::Between | Verdict::Unknown => {}
        }
        let repeat_at = timing.repeat_every.map(|every| firing.written_at + every);
        if repeat_at.is_some_and(|at| at <= now) {
            firing.written_at = now;
            return Some(LifeChange::Repeated);
        }
        None
    }

    /// Returns the alert that fires.
    #[must_use]
    pub const fn firing(&self) -> Option<&Firing> {
        self.firing.as_ref()
    }

    /// Returns whether it is pending or fires.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.pending_since.is_some() || self.firing.is_some()
    }

    /// Returns whether nothing has to be remembered of it at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let recent = self.fired_at.iter().any(|at| now < *at + FLAPS_WITHIN);
        !self.is_alive() && !recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        lasts: Span::from_secs(30),
        clear_for: Span::from_secs(60),
        repeat_every: Some(Span::from_secs(300)),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    #[test]
    fn what_does_not_last_lapses_and_what_is_between_neither_fires_nor_clears() {
        let mut life = Life::default();
        assert_eq!(
            life.judge(at(0), Verdict::Holds, TIMING),
            Some(LifeChange::Pending)
        );
        assert_eq!(
            life.judge(at(15), Verdict::Between, TIMING),
            Some(LifeChange::Lapsed)
        );
        assert_eq!(
            life.judge(at(30), Verdict::Holds, TIMING),
            Some(LifeChange::Pending)
        );
        assert_eq!(
            life.judge(at(60), Verdict::Holds, TIMING),
            Some(LifeChange::Fired)
        );
        assert_eq!(life.judge(at(75), Verdict::Clear, TIMING), None);
        assert_eq!(life.judge(at(90), Verdict::Holds, TIMING), None);
        assert_eq!(life.judge(at(120), Verdict::Clear, TIMING), None);
        assert_eq!(life.judge(at(150), Verdict::Between, TIMING), None);
        assert_eq!(
            life.judge(at(180), Verdict::Clear, TIMING),
            Some(LifeChange::Resolved)
        );
    }

    #[test]
    fn missing_data_neither_ends_nor_begins_an_alert() {
        let mut life = Life::default();
        assert_eq!(
            life.judge(at(0), Verdict::Holds, TIMING),
            Some(LifeChange::Pending)
        );
        assert_eq!(life.judge(at(15), Verdict::Unknown, TIMING), None);
        assert_eq!(
            life.judge(at(45), Verdict::Holds, TIMING),
            Some(LifeChange::Fired)
        );
        for seconds in [60, 120, 180] {
            assert_eq!(life.judge(at(seconds), Verdict::Unknown, TIMING), None);
        }
    }

    #[test]
    fn a_firing_alert_is_repeated() {
        let mut life = Life::default();
        life.judge(at(0), Verdict::Holds, TIMING);
        life.judge(at(30), Verdict::Holds, TIMING);
        assert_eq!(life.judge(at(315), Verdict::Holds, TIMING), None);
        assert_eq!(
            life.judge(at(330), Verdict::Holds, TIMING),
            Some(LifeChange::Repeated)
        );
        assert_eq!(life.judge(at(345), Verdict::Holds, TIMING), None);
    }

    #[test]
    fn an_alert_that_fires_a_third_time_within_an_hour_is_held() {
        let mut life = Life::default();
        let mut fired = Vec::new();
        for minute in 0..120 {
            let verdict = if minute % 4 < 2 {
                Verdict::Holds
            } else {
                Verdict::Clear
            };
            for half in [0, 30] {
                let change = life.judge(at(60 * minute + half), verdict, TIMING);
                if change == Some(LifeChange::Fired) {
                    fired.push(minute);
                }
            }
        }
        assert_eq!(fired, [0, 4, 8]);
        assert!(life.firing().is_some_and(|firing| firing.flapping));
        assert_eq!(life.judge(at(7_200), Verdict::Clear, TIMING), None);
        assert_eq!(
            life.judge(at(9_100), Verdict::Clear, TIMING),
            Some(LifeChange::Resolved)
        );
    }

    #[test]
    fn a_life_is_forgotten_an_hour_after_it_last_fired() {
        let mut life = Life::default();
        assert!(life.is_over(at(0)));
        life.judge(at(0), Verdict::Holds, TIMING);
        life.judge(at(30), Verdict::Holds, TIMING);
        life.judge(at(60), Verdict::Clear, TIMING);
        life.judge(at(120), Verdict::Clear, TIMING);
        assert!(!life.is_over(at(3_629)));
        assert!(life.is_over(at(3_630)));
    }
}
