//! A page of metrics: families in the order of their names, in Prometheus' text format.

use std::collections::BTreeMap;

use prometheus::{
    TextEncoder,
    proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType},
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
