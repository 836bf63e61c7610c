//! The time that recorded events span, and who worked in it.

use serde::Serialize;

use super::timeline::Steps;
use crate::cli::recorded::Reading;
use floorwalker_core::event::Timestamp;
use floorwalker_evaluation::supervisor_hours;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Period {
    /// Time of the first event.
    pub(super) from: Timestamp,
    /// Time of the last event.
    pub(super) until: Timestamp,
    pub(super) hours: f64,
    /// How many agents the events name.
    pub(super) agents: usize,
    /// Hours times supervisors, of whom each has 40 agents and there is at least one.
    pub(super) supervisor_hours: f64,
    pub(super) timeline: Steps,
}

impl Period {
    pub(super) fn of(reading: &Reading, agents: usize) -> Option<Self> {
        let (from, until) = reading.oldest.zip(reading.newest)?;
        Some(Self::new((from, until), agents))
    }

    fn new((from, until): (Timestamp, Timestamp), agents: usize) -> Self {
        let length = until - from;
        Self {
            from,
            until,
            hours: length.as_secs() / 3_600.0,
            agents,
            supervisor_hours: supervisor_hours(length, agents),
            timeline: Steps::of(from, until),
        }
    }

    /// Returns how many that is in an hour for a supervisor of 40 agents; `None` of no time.
    #[expect(clippy::cast_precision_loss, reason = "alerts are far below 2^53")]
    pub(super) fn per_hour(&self, count: usize) -> Option<f64> {
        (self.supervisor_hours > 0.0).then(|| count as f64 / self.supervisor_hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use floorwalker_core::event::Span;

    #[test]
    fn an_hour_is_that_of_a_supervisor_of_forty_agents() {
        let period = |hours: i64, agents| {
            let from = Timestamp(0);
            Period::new((from, from + Span::from_secs(hours * 3_600)), agents)
        };
        let table = [
            (2, 40, 10, "5.00"),
            (2, 80, 10, "2.50"),
            // Few agents have a supervisor, too.
            (2, 3, 10, "5.00"),
            (4, 100, 0, "0.00"),
        ];
        for (hours, agents, alerts, expected) in table {
            let rate = period(hours, agents).per_hour(alerts).unwrap();
            assert_eq!(format!("{rate:.2}"), expected, "{hours} {agents}");
        }
        assert_eq!(period(0, 40).per_hour(1), None);
    }
}
