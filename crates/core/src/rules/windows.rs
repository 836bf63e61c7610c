//! Running sums of a series over stretches of time: a pane is added when it begins to count, and taken away when it leaves.

use super::{
    series::{Series, Totals},
    signal::Signals,
};
use crate::event::{Span, Timestamp};

/// A gap longer than this is summed anew: panes that would have to be taken away may be gone.
const GAP_MAX: Span = Span::from_secs(240);

/// The sums of the last `span` before `at`, for each of some spans.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows {
    at: Option<Timestamp>,
    /// In the order of the spans.
    totals: Vec<Totals>,
}

impl Windows {
    /// Moves on to `to`.
    pub(super) fn move_to(&mut self, to: Timestamp, series: &Series, spans: &[Span]) {
        let from = self.at.filter(|at| *at <= to && to - *at <= GAP_MAX);
        self.at = Some(to);
        let Some(from) = from.filter(|_| self.totals.len() == spans.len()) else {
            self.totals.clear();
            self.totals
                .extend(spans.iter().map(|span| series.last(to, *span)));
            return;
        };
        if from == to {
            return;
        }
        for (total, span) in self.totals.iter_mut().zip(spans) {
            series.merge_into(total, (from, to), 1);
            series.merge_into(total, (from - *span, to - *span), -1);
        }
    }

    /// Adds signals of a pane that counts already.
    pub(super) fn add_late(&mut self, pane: Timestamp, signals: &Signals, spans: &[Span]) {
        let Some(at) = self.at.filter(|at| pane < *at) else {
            return;
        };
        for (total, span) in self.totals.iter_mut().zip(spans) {
            if at - *span <= pane {
                total.merge(signals, 1);
            }
        }
    }

    /// Returns the sums over the span of this number.
    pub(super) fn of(&self, place: usize) -> Totals {
        self.totals.get(place).copied().unwrap_or_default()
    }
}

/// A series with its running sums.
#[derive(Debug, Default)]
pub(super) struct Running {
    series: Series,
    windows: Windows,
}

impl Running {
    pub(super) fn add(&mut self, pane: Timestamp, signals: &Signals, spans: &[Span]) {
        self.windows.add_late(pane, signals, spans);
        self.series.add(pane, signals.without_contacts());
    }

    pub(super) fn move_to(&mut self, to: Timestamp, spans: &[Span]) -> &Windows {
        self.windows.move_to(to, &self.series, spans);
        &self.windows
    }

    /// Drops panes that begin before `before`. Returns whether any is left.
    pub(super) fn forget(&mut self, before: Timestamp) -> bool {
        self.series.drop_before(before);
        !self.series.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Signal;

    #[test]
    fn running_sums_are_those_of_the_panes() {
        let at = |pane: i64| Timestamp(0) + Span::from_secs(15 * pane);
        let spans = [Span::from_secs(30), Span::from_secs(300)];
        let (mut series, mut windows) = (Series::default(), Windows::default());
        for step in 0..400 {
            // Some panes are empty, some come late, and now and then nobody looks for a while.
            for pane in [step, step - 7 * (step % 3)] {
                let mut signals = Signals::default();
                signals.add(Signal::Offered, 1 + step % 5);
                if step % 4 != 0 && pane >= 0 {
                    windows.add_late(at(pane), &signals, &spans);
                    series.add(at(pane), signals);
                }
            }
            if step % 50 > 20 {
                continue;
            }
            windows.move_to(at(step + 1), &series, &spans);
            series.drop_before(at(step) - Span::from_secs(600));
            for (place, span) in spans.iter().enumerate() {
                assert_eq!(windows.of(place), series.last(at(step + 1), *span));
            }
        }
    }
}
