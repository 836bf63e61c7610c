//! What stands in a cell of a table: a share with its interval, a distribution, a tone.

use maud::{Markup, html};

use floorwalker_core::kpi::{HandleTime, Ratio};

use super::super::{
    history::Bins,
    number::{percent, seconds, thousands},
};

/// Units of a bar chart.
const HIGH: f64 = 30.0;
const BAR: f64 = 6.0;

/// A share as a dot on a scale from 0 to 1, its 95 % interval as a bar, and both in figures.
pub(super) fn share(of: Option<&Ratio>) -> Markup {
    let measured = of.and_then(|it| Some((it, it.value?, it.interval?)));
    let Some((ratio, value, (low, high))) = measured else {
        return html! { td { "–" } };
    };
    let at = |share: f64| format!("{:.1}", share * 100.0);
    html! {
        td data-v=(value) {
            (percent(Some(value)))
            svg .whisker viewBox="-2 0 104 10" preserveAspectRatio="none" aria-hidden="true" {
                line x1="0" x2="100" y1="5" y2="5" {}
                rect x=(at(low)) y="2.5" width=(at(high - low)) height="5" rx="1" {}
                circle cx=(at(value)) cy="5" r="2.6" {}
            }
            small .quiet { (at(low)) "–" (at(high)) " · " (thousands(ratio.num)) " of " (thousands(ratio.den)) }
        }
    }
}

/// Bars of how many lie in each bin; the marks are where half and nine tenths of all are over.
pub(super) fn distribution(counts: &[u64], bins: Bins, of: &HandleTime) -> Markup {
    let highest = counts.iter().max().copied().unwrap_or_default();
    if highest == 0 {
        return html! { td .text { "–" } };
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let height = |count: u64| count as f64 / highest as f64 * HIGH;
    let left = |seconds: f64| seconds / bins.seconds * BAR;
    let (last, _) = bins.range(bins.count);
    let marks = [of.percentiles.p50, of.percentiles.p90]
        .into_iter()
        .flatten();
    let marks = marks.filter(|mark| *mark < last);
    html! {
        td .text data-v=[of.mean] {
            svg .bars viewBox=(format!("0 0 {} {HIGH}", left(last))) preserveAspectRatio="none" role="img"
                aria-label=(in_words(counts, bins)) {
                @for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    @let (from, to) = bins.range(index);
                    rect .rest[to.is_none()] x=(left(from)) width=(BAR - 1.0)
                        y=(format!("{:.1}", HIGH - height(*count))) height=(format!("{:.1}", height(*count))) {
                        title { (stretch(from, to)) ": " (thousands(*count)) }
                    }
                }
                @for mark in marks.map(|mark| format!("{:.1}", left(mark))) {
                    line x1=(mark) x2=(mark) y1="0" y2=(HIGH) {}
                }
            }
            small .quiet {
                "mean " (seconds(of.mean)) " · p50 " (seconds(of.percentiles.p50)) " · p90 " (seconds(of.percentiles.p90)) " · p99 " (seconds(of.percentiles.p99))
            }
        }
    }
}

/// `120 to 140 s`.
fn stretch(from: f64, to: Option<f64>) -> String {
    match to {
        Some(to) => format!("{from:.0} to {to:.0} s"),
        None => format!("{from:.0} s and more"),
    }
}

/// For who can't see the bars: where most are.
fn in_words(counts: &[u64], bins: Bins) -> String {
    let sum: u64 = counts.iter().sum();
    let most = counts.iter().enumerate().max_by_key(|(_, count)| **count);
    let (index, count) = most.unwrap_or((0, &0));
    let (from, to) = bins.range(index);
    format!(
        "{} handle times, most of them, {}, of {}",
        thousands(sum),
        thousands(*count),
        stretch(from, to)
    )
}

/// A cell that is the darker the larger its share of the scale is.
pub(super) fn tone(share: f64, text: &str, title: &str) -> Markup {
    html! {
        td .deep[share > 0.65] style=(format!("--share:{share:.2}")) title=(title) { (text) }
    }
}
