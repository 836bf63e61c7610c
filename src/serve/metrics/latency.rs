//! Quantiles of how long things take. Histograms of the same durations stand on the same page (`kafka/timings.rs`).

use super::{own::OwnPage, page::Named};
use crate::kafka::Timings;

/// Since the process began; for a stretch of time there are the histograms.
pub(super) fn write(page: &mut OwnPage, timings: &Timings) {
    const QUANTILES: Named = (
        "floorwalker_latency_quantile_seconds",
        "Durations since the process began, by what they are of and the share of them that took no longer",
    );
    let kinds = [
        ("step", &timings.step),
        ("commit", &timings.commit),
        ("alert", &timings.alert),
        ("end_to_end", &timings.end_to_end),
    ];
    for (of, latency) in kinds {
        for (share, thousandths) in [("0.5", 500), ("0.9", 900), ("0.99", 990), ("0.999", 999)] {
            let length = latency.quantile(thousandths).as_secs_f64();
            page.gauge(QUANTILES, &[("of", of), ("share", share)], length);
        }
    }
}
