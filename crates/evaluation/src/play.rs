//! Plays events as live ones: the engine in memory, and a wall clock that moves on between them.

use std::sync::Arc;

use floorwalker_core::{
    decode::Format,
    engine::{
        InputId, OutTopic, Output, Placement, Settings, Source, SourceClock, TaskError, TaskId,
    },
    event::{Key, Span, Timestamp},
    kpi::Window,
    local::Cluster,
};

use crate::{alert::Alert, episodes::Episodes, fixed::Fixed};

const TICK: Span = Span::from_secs(1);
/// Few: a day is played on one core.
const TASKS: u16 = 2;
/// Records of an input that a task takes in before it commits a step.
const STEP_RECORDS: usize = 1_000;
/// How often dashboards of the usual products are refreshed.
const GROUP_BEAT: Span = Span::from_secs(15);
const AGENT_BEAT: Span = Span::from_secs(60);

/// A deployment that lives through a day.
#[derive(Debug)]
pub(crate) struct Play {
    cluster: Cluster,
    placement: Placement,
    alerts: Episodes,
    fixed: Fixed,
}

impl Play {
    /// Returns a deployment in which nothing has happened yet, at `start`.
    ///
    /// # Errors
    /// Never for settings that hold no mistake.
    pub(crate) fn new(settings: Settings, start: Timestamp) -> Result<Self, TaskError> {
        let settings = Arc::new(live(settings));
        let mut cluster = Cluster::new(&settings, start)?;
        for partition in 0..i32::from(TASKS) {
            cluster.add_input(InputId {
                source: 0,
                partition,
            });
        }
        Ok(Self {
            cluster,
            placement: Placement::new(TASKS),
            alerts: Episodes::default(),
            fixed: Fixed::default(),
        })
    }

    /// Lets a record arrive at `at`, which is not before the last one's. `key` is that of its event, if it holds one.
    ///
    /// # Errors
    /// When a task can't go on.
    pub(crate) fn deliver(
        &mut self,
        at: Timestamp,
        payload: &[u8],
        key: Option<&Key>,
    ) -> Result<(), TaskError> {
        self.wait_until(at)?;
        let partition = key.map_or(0, |key| self.placement.owner_of(key).0);
        let input = InputId {
            source: 0,
            partition: i32::from(partition),
        };
        self.cluster.feed(input, payload.to_vec());
        Ok(())
    }

    /// Lets time pass, tick by tick.
    ///
    /// # Errors
    /// When a task can't go on.
    pub(crate) fn wait_until(&mut self, at: Timestamp) -> Result<(), TaskError> {
        while self.cluster.wall + TICK <= at {
            self.cluster.wall = self.cluster.wall + TICK;
            self.step_all()?;
        }
        Ok(())
    }

    fn step_all(&mut self) -> Result<(), TaskError> {
        // What one task sends, the other takes in at once.
        for _ in 0..2 {
            for task in 0..TASKS {
                self.cluster.advance(TaskId(task), STEP_RECORDS)?;
            }
        }
        let now = self.cluster.wall;
        for (_, output) in std::mem::take(&mut self.cluster.outputs) {
            self.see(now, &output);
        }
        Ok(())
    }

    fn see(&mut self, now: Timestamp, output: &Output) {
        let Some(payload) = &output.payload else {
            return;
        };
        match output.topic {
            OutTopic::Alerts => {
                // By the wall clock: nobody saw it before.
                let taken = self.alerts.take(payload, Some(now));
                debug_assert!(taken.is_ok(), "an alert that was just written");
            }
            OutTopic::Kpis => self.fixed.see(now, payload),
            OutTopic::Contacts
            | OutTopic::Scorecards
            | OutTopic::Recognitions
            | OutTopic::DeadLetters => {}
        }
    }

    /// Returns what the engine raised, and what rules with fixed thresholds would have.
    #[must_use]
    pub(crate) fn into_alerts(self) -> (Vec<Alert>, Vec<Alert>) {
        (self.alerts.into_alerts(), self.fixed.into_alerts())
    }
}

/// One live source, and the windows that rules with fixed thresholds look at.
fn live(settings: Settings) -> Settings {
    let lateness = settings.lateness_max();
    let mut live = Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Wall,
            format: Format::Json,
            lateness: Some(lateness),
        }],
        output_format: Format::Json,
        ..settings
    };
    let (quarter, hour, day) = (900, 3_600, 86_400);
    live.kpi.windows = vec![
        Window::sliding("15m", Span::from_secs(quarter)),
        Window::sliding("1h", Span::from_secs(hour)),
        Window::sliding("24h", Span::from_secs(day)),
    ];
    live.kpi.only_at_end = false;
    live.kpi.group_beat = GROUP_BEAT;
    live.kpi.agent_beat = AGENT_BEAT;
    live
}
