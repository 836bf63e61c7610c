//! A page of the process's own metrics, made anew for each answer: what is gone leaves no series.

use metrics::{
    Label as Pair, counter, describe_counter, describe_gauge, gauge, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use metrics_process::Collector;

use super::page::{Label, Named};

/// Metrics of this process, as the exporter of the crate `metrics` writes them.
pub(super) struct OwnPage(PrometheusRecorder);

impl OwnPage {
    pub(super) fn new() -> Self {
        Self(PrometheusBuilder::new().build_recorder())
    }

    pub(super) fn gauge(&mut self, (name, help): Named, labels: &[Label<'_>], value: f64) {
        with_local_recorder(&self.0, || {
            describe_gauge!(name, help);
            gauge!(name, pairs(labels)).set(value);
        });
    }

    /// The name ends with `_total`.
    pub(super) fn counter(&mut self, (name, help): Named, labels: &[Label<'_>], count: u64) {
        with_local_recorder(&self.0, || {
            describe_counter!(name, help);
            counter!(name, pairs(labels)).absolute(count);
        });
    }

    /// Processor time, memory and open files, as the system counts them.
    pub(super) fn process(&mut self) {
        with_local_recorder(&self.0, || {
            let collector = Collector::default();
            collector.describe();
            collector.collect();
        });
    }

    pub(super) fn render(&self) -> String {
        self.0.handle().render()
    }
}

fn pairs(labels: &[Label<'_>]) -> Vec<Pair> {
    let pairs = labels.iter();
    let pairs = pairs.map(|(name, value)| Pair::new((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}
