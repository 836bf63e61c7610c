//! Rules about feeds, about all work and about contact reasons.

use super::{
    Finding, GroupRule, RuleKind, Verdict,
    series::{Series, Totals},
    signal::Signal,
    statistic::{count_z, float},
};
use crate::event::{Span, Timestamp};

/// How often events come is seen over so long before the silence.
const RATE_OVER: Span = Span::from_secs(900);
/// A feed so slow that silence shows later than this is not watched for it.
const SILENCE_MAX: Span = Span::from_secs(600);

/// Judges the silence of a feed: for how long nothing came, against how often something usually does, and twice the longest silence before.
pub(super) fn silent(
    subject: &str,
    series: &Series,
    (now, began_at): (Timestamp, Timestamp),
    rule: &GroupRule,
) -> Option<Finding> {
    let newest = series.newest(now - RATE_OVER - SILENCE_MAX, now);
    let mut spoke = newest.filter(|(_, signals)| signals.get(Signal::Applied) > 0);
    let last = spoke.next().map(|(start, _)| *start)?;
    let silent = now - last - super::signal::PANE;
    let since = (last - RATE_OVER).max(began_at);
    let before = series.totals(since, last);
    let seconds = (last - since).as_secs();
    if seconds < 300.0 {
        return None;
    }
    let rate = before.get(Signal::Applied) / seconds;
    let missing = rate * silent.as_secs();
    let late = late_share(&series.last(now, Span::from_secs(60)));
    // A source that sends in bundles is silent between them.
    let mut longest = Span::ZERO;
    let mut next = last;
    for (start, _) in spoke.take_while(|(start, _)| since <= *start) {
        longest = longest.max(next - *start - super::signal::PANE);
        next = *start;
    }
    let is_long = silent >= rule.window && silent >= Span(2 * longest.0);
    let verdict = if is_long && missing >= rule.threshold {
        Verdict::Holds
    } else if missing > rule.clear || late > 0.1 {
        Verdict::Between
    } else {
        Verdict::Clear
    };
    Some(Finding {
        verdict,
        value: silent.as_secs(),
        usual: 1.0 / rate.max(1e-9),
        threshold: (rule.threshold / rate.max(1e-9)).max(rule.window.as_secs()),
        n: before.count(Signal::Applied),
        strength: missing,
        extra: [rate * 60.0, 0.0, 0.0],
        ..Finding::unknown(RuleKind::FeedSilent, subject.to_owned())
    })
}

fn late_share(totals: &Totals) -> f64 {
    totals.get(Signal::Late) / totals.get(Signal::Arrived).max(1.0)
}

/// Judges the share of events that come late.
pub(super) fn late(subject: &str, series: &Series, now: Timestamp, rule: &GroupRule) -> Finding {
    let totals = series.last(now, rule.window);
    let arrived = totals.count(Signal::Arrived);
    let share = late_share(&totals);
    let is_enough = arrived >= i64::from(rule.minimum);
    let verdict = if arrived == 0 {
        Verdict::Between
    } else {
        Finding::verdict_of(share, (rule.threshold, rule.clear), is_enough)
    };
    Finding {
        verdict,
        value: share,
        threshold: rule.threshold,
        n: arrived,
        strength: share,
        ..Finding::unknown(RuleKind::FeedLate, subject.to_owned())
    }
}

/// Judges the share of a feed's events that were there before.
pub(super) fn repeated(
    subject: &str,
    series: &Series,
    now: Timestamp,
    rule: &GroupRule,
) -> Finding {
    let totals = series.last(now, rule.window);
    let part = totals.count(Signal::Repeated);
    dirty(
        subject,
        (part, part + totals.count(Signal::Applied)),
        rule,
        0.0,
    )
}

/// Judges the share of a topic's records that became dead letters.
pub(super) fn rejected(
    subject: &str,
    series: &Series,
    now: Timestamp,
    rule: &GroupRule,
) -> Finding {
    let totals = series.last(now, rule.window);
    let part = totals.count(Signal::DeadLettered);
    dirty(subject, (part, totals.count(Signal::Read)), rule, 1.0)
}

fn dirty(subject: &str, (part, all): (i64, i64), rule: &GroupRule, of: f64) -> Finding {
    let share = float(part) / float(all.max(1));
    let is_enough = all >= i64::from(rule.minimum);
    Finding {
        verdict: Finding::verdict_of(share, (rule.threshold, rule.clear), is_enough),
        value: share,
        threshold: rule.threshold,
        n: all,
        strength: share,
        extra: [float(part), of, 0.0],
        ..Finding::unknown(RuleKind::FeedDirty, subject.to_owned())
    }
}

/// What the rule about handle times of all queues adds up.
#[derive(Debug, Default)]
pub(super) struct AllWork {
    deviation: f64,
    variance: f64,
    n: f64,
    log_ratio: f64,
}

const PAST_CONTACTS_MIN: f64 = 10.0;

impl AllWork {
    /// Adds a queue: its handle times now, each as a deviation from the queue's own last hour.
    pub(super) fn add(&mut self, now: &Totals, past: &Totals) {
        let Some(((mean, _), (usual, spread))) = now.log_handle().zip(past.log_handle()) else {
            return;
        };
        let (n, m) = (now.get(Signal::Handled), past.get(Signal::Handled));
        if m < PAST_CONTACTS_MIN || spread <= 0.0 {
            return;
        }
        self.deviation += n * (mean - usual) / spread;
        self.variance += n * (1.0 + n / m);
        self.n += n;
        self.log_ratio += n * (mean - usual);
    }

    pub(super) fn finding(&self, rule: &GroupRule) -> Option<Finding> {
        if self.variance <= 0.0 {
            return None;
        }
        let z = self.deviation / self.variance.sqrt();
        let is_enough = self.n >= f64::from(rule.minimum);
        Some(Finding {
            verdict: Finding::verdict_of(z, (rule.threshold, rule.clear), is_enough),
            value: (self.log_ratio / self.n).exp(),
            usual: 1.0,
            threshold: rule.threshold,
            n: super::statistic::whole(self.n),
            strength: z,
            ..Finding::unknown(RuleKind::WorkSlow, "all".to_owned())
        })
    }
}

/// Counts of a reason and of all contacts, now and in the past hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReasonCounts {
    pub now: f64,
    pub past: f64,
    pub all_now: f64,
    pub all_past: f64,
    pub past_length: Span,
}

/// Judges how often a reason is given, against its share of the past hour.
pub(super) fn reason(subject: String, counts: &ReasonCounts, rule: &GroupRule) -> Option<Finding> {
    const FACTOR_MIN: f64 = 1.6;
    const PAST_MIN: Span = Span::from_secs(2_400);
    if counts.past_length < PAST_MIN {
        return None;
    }
    let by_time = rule.window.as_secs() / counts.past_length.as_secs();
    let busier = (counts.all_now + 5.0) / (counts.all_past * by_time + 5.0);
    let mean = counts.past * by_time * busier.clamp(0.7, 1.4);
    let z = count_z(counts.now, mean, by_time);
    let is_enough = counts.now >= f64::from(rule.minimum) && counts.now >= FACTOR_MIN * mean;
    Some(Finding {
        verdict: Finding::verdict_of(z, (rule.threshold, rule.clear), is_enough),
        value: counts.now,
        usual: mean,
        threshold: FACTOR_MIN * mean,
        n: super::statistic::whole(counts.now),
        strength: z,
        ..Finding::unknown(RuleKind::ReasonSurge, subject)
    })
}
