//! How long things take: histograms for Prometheus, and quantiles for people.

use std::{fmt, sync::Mutex, time::Duration};

use hdrhistogram::Histogram;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use serde::Deserialize;

use super::lock::lock;
use floorwalker_core::{engine::Output, event::Timestamp, proto::Record};

/// Upper bounds in seconds: a commit takes milliseconds, a day that is read anew takes longer than any.
const BOUNDS: [f64; 16] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    300.0,
];
/// Longer durations count as this long, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// Of a quantile: within a hundredth.
const DIGITS: u8 = 2;

/// Durations of this process, since it began.
pub struct Timings {
    recorder: PrometheusRecorder,
    /// From the first input of a step to its commit.
    pub step: Latency,
    /// Of transactions, committed or not.
    pub commit: Latency,
    /// From the instant from which an alert holds to its commit.
    pub alert: Latency,
    /// From the write of a step's oldest record to the commit of what follows from it.
    pub end_to_end: Latency,
}

/// Durations of one kind.
pub struct Latency {
    series: metrics::Histogram,
    lengths_us: Mutex<Histogram<u64>>,
}

impl Default for Timings {
    fn default() -> Self {
        let builder = PrometheusBuilder::new();
        // Fails for no bounds at all.
        let builder = match builder.set_buckets(&BOUNDS) {
            Ok(builder) => builder,
            Err(_) => PrometheusBuilder::new(),
        };
        let recorder = builder.build_recorder();
        let latency = |name: &'static str, help: &'static str| {
            let series = metrics::with_local_recorder(&recorder, || {
                metrics::describe_histogram!(name, metrics::Unit::Seconds, help);
                metrics::histogram!(name)
            });
            Latency::new(series)
        };
        let step = latency(
            "floorwalker_step_seconds",
            "From the first input of a step to its commit",
        );
        let commit = latency("floorwalker_commit_seconds", "Duration of commits");
        let alert = latency(
            "floorwalker_alert_seconds",
            "From the instant from which an alert holds, or is over, to its commit; of live sources",
        );
        let end_to_end = latency(
            "floorwalker_end_to_end_seconds",
            "From the write of a step's oldest source record to the commit of what follows from it; of live sources",
        );
        Self {
            recorder,
            step,
            commit,
            alert,
            end_to_end,
        }
    }
}

impl fmt::Debug for Timings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Timings").finish_non_exhaustive()
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Latency").finish_non_exhaustive()
    }
}

/// What an alert's record has of its time.
#[derive(Deserialize)]
struct Transition {
    at: Timestamp,
    history: bool,
}

impl Timings {
    /// Returns all histograms in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.recorder.handle().render()
    }

    /// Sums what was measured: nobody may ever ask for it.
    pub(super) fn upkeep(&self) {
        self.recorder.handle().run_upkeep();
    }

    /// Measures the alerts among what a step wrote, but for those that are about the past.
    pub(super) fn note_alerts(&self, outputs: &[Output], now: Timestamp) {
        let alerts = outputs.iter().filter(|output| output.is_alert());
        for payload in alerts.filter_map(|alert| alert.payload.as_deref()) {
            if let Some(Transition { at, history: false }) = transition(payload) {
                self.alert.record_since(at, now);
            }
        }
    }
}

fn transition(payload: &[u8]) -> Option<Transition> {
    let json = Record::Alert.to_json(payload).ok()?;
    serde_json::from_slice(&json).ok()
}

impl Latency {
    fn new(series: metrics::Histogram) -> Self {
        // Fails for bounds or digits that make no sense.
        let lengths = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        let lengths = lengths.or_else(|_| Histogram::new(DIGITS));
        let lengths_us = Mutex::new(lengths.expect("two digits"));
        Self { series, lengths_us }
    }

    /// Counts one duration.
    pub fn record(&self, length: Duration) {
        self.series.record(length.as_secs_f64());
        let us = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        lock(&self.lengths_us).saturating_record(us);
    }

    pub(super) fn record_since(&self, since: Timestamp, now: Timestamp) {
        let us = u64::try_from((now - since).0).unwrap_or_default();
        self.record(Duration::from_micros(us));
    }

    /// Returns the duration that this share (in thousandths) stays within; zero when there is none.
    #[must_use]
    pub fn quantile(&self, thousandths: u32) -> Duration {
        let share = f64::from(thousandths) / 1_000.0;
        Duration::from_micros(lock(&self.lengths_us).value_at_quantile(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_hundredth() {
        let timings = Timings::default();
        for ms in 1..=100 {
            timings.commit.record(Duration::from_millis(ms));
        }
        let within = |thousandths, ms: f64| {
            let found = timings.commit.quantile(thousandths).as_secs_f64() * 1_000.0;
            assert!((found - ms).abs() <= ms / 100.0, "{found} instead of {ms}");
        };
        within(500, 50.0);
        within(990, 99.0);
    }

    #[test]
    fn histograms_stand_on_the_page_before_and_after_a_measurement() {
        let timings = Timings::default();
        timings.step.record(Duration::from_millis(40));
        timings.upkeep();
        timings.step.record(Duration::from_secs(2));
        let page = timings.render();
        for line in [
            "# TYPE floorwalker_step_seconds histogram",
            "floorwalker_step_seconds_bucket{le=\"0.05\"} 1",
            "floorwalker_step_seconds_bucket{le=\"2.5\"} 2",
            "floorwalker_step_seconds_bucket{le=\"+Inf\"} 2",
            "floorwalker_step_seconds_count 2",
            "floorwalker_end_to_end_seconds_count 0",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn alerts_of_the_past_are_not_measured() {
        let timings = Timings::default();
        let alert = |second: i64, history: bool| {
            let at = Timestamp::from_millis(second * 1_000);
            let record = serde_json::json!({ "at": at, "history": history });
            Output::json(floorwalker_core::engine::OutTopic::Alerts, "a", &record)
        };
        let now = Timestamp::from_millis(10_000);
        timings.note_alerts(&[alert(9, false), alert(2, true)], now);
        let second = timings.alert.quantile(1_000).as_secs_f64();
        assert!((second - 1.0).abs() < 0.02, "{second}");
    }
}
