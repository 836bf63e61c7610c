//! A page of metrics: families in the order of their names, in Prometheus' text format.

use std::{collections::BTreeMap, time::Duration};

use prometheus::{
    TextEncoder,
    proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary},
};

/// A metric's name and what it means.
pub(super) type Named = (&'static str, &'static str);

pub(super) type Label<'a> = (&'a str, &'a str);

#[derive(Debug, Default)]
pub(super) struct Page(BTreeMap<&'static str, MetricFamily>);

impl Page {
    pub(super) fn gauge(&mut self, named: Named, labels: &[Label<'_>], value: f64) {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let metric = self.metric(named, MetricType::GAUGE, labels);
        metric.set_gauge(gauge);
    }

    /// The name ends with `_total`.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(super) fn counter(&mut self, named: Named, labels: &[Label<'_>], count: u64) {
        let mut counter = Counter::default();
        counter.set_value(count as f64);
        let metric = self.metric(named, MetricType::COUNTER, labels);
        metric.set_counter(counter);
    }

    /// Quantiles of durations, and how many they were with their sum.
    pub(super) fn durations(
        &mut self,
        named: Named,
        quantiles: &[(f64, Duration)],
        (count, sum): (u64, Duration),
    ) {
        let quantiles = quantiles.iter().map(|(share, duration)| {
            let mut quantile = Quantile::default();
            quantile.set_quantile(*share);
            quantile.set_value(duration.as_secs_f64());
            quantile
        });
        let mut summary = Summary::default();
        summary.set_quantile(quantiles.collect());
        summary.set_sample_count(count);
        summary.set_sample_sum(sum.as_secs_f64());
        let metric = self.metric(named, MetricType::SUMMARY, &[]);
        metric.set_summary(summary);
    }

    fn metric(
        &mut self,
        (name, help): Named,
        kind: MetricType,
        labels: &[Label<'_>],
    ) -> &mut Metric {
        let family = self.0.entry(name).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(name.to_owned());
            family.set_help(help.to_owned());
            family.set_field_type(kind);
            family
        });
        let pairs = labels.iter().map(|(label, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*label).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        let metrics = family.mut_metric();
        metrics.push(Metric::from_label(pairs.collect()));
        let last = metrics.len() - 1;
        &mut metrics[last]
    }

    pub(super) fn render(self) -> String {
        let families: Vec<_> = self.0.into_values().collect();
        // Fails for families without a name or a metric only: there are none.
        (TextEncoder::new().encode_to_string(&families)).unwrap_or_default()
    }
}
