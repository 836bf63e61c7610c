//! What contact records hold of the course of time, of handle times one by one, and of the hours of the week.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::tz::TimeZone;

use super::hours::{Hours, hours_between};
use floorwalker_core::{
    contact::ContactRecord,
    event::{Span, Timestamp},
    kpi::Ratio,
};

/// More columns are wider than a terminal.
const STEPS_MAX: i64 = 92;
const BINS_MAX: f64 = 24.0;
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
/// Seconds, and what they are called.
const STEPS: [(i64, &str); 12] = [
    (MINUTE, "1 minute"),
    (5 * MINUTE, "5 minutes"),
    (10 * MINUTE, "10 minutes"),
    (15 * MINUTE, "15 minutes"),
    (30 * MINUTE, "30 minutes"),
    (60 * MINUTE, "1 hour"),
    (3 * 60 * MINUTE, "3 hours"),
    (6 * 60 * MINUTE, "6 hours"),
    (DAY, "1 day"),
    (7 * DAY, "1 week"),
    (28 * DAY, "4 weeks"),
    (364 * DAY, "52 weeks"),
];
const BIN_SECONDS: [f64; 14] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 86_400.0,
];

/// What the course of first-contact resolution is called.
const RESOLUTION: &str = "first-contact resolution";

/// Seconds between labels below a plot.
const LABELS: [i64; 13] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    3 * 60 * MINUTE,
    6 * 60 * MINUTE,
    12 * 60 * MINUTE,
    DAY,
    7 * DAY,
    28 * DAY,
    91 * DAY,
    364 * DAY,
];
const LABELS_MAX: i64 = 14;

/// Summed up from contact records, one after another.
#[derive(Debug, Default)]
pub(in crate::cli) struct History {
    decisions_by_policy: BTreeMap<String, Vec<(Timestamp, bool)>>,
    /// When contacts of known customers ended, and whether they were resolved.
    resolved: Vec<(Timestamp, bool)>,
    handles_by_entity: BTreeMap<String, Vec<f64>>,
    /// Every wait's beginning.
    queued: Vec<Timestamp>,
    /// Whose hours of the week these are. By default UTC.
    zone: Option<TimeZone>,
    /// Nothing is known of what comes later.
    until: Option<Timestamp>,
}

/// Shares of equal steps of time, the first of them beginning at `from`.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) from: Timestamp,
    step: Span,
    /// `1 day`.
    pub(super) step_name: &'static str,
    /// By what is drawn, as many of each. Where nothing was decided there is no share.
    pub(super) shares_by_name: BTreeMap<String, Vec<Ratio>>,
    /// Nothing is known of what comes later.
    until: Option<Timestamp>,
}

/// Equal stretches of handle time from 0 on. The last one holds all that is longer, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bins {
    pub(super) seconds: f64,
    pub(super) count: usize,
}

impl History {
    pub(in crate::cli) fn of<'r>(
        records: impl IntoIterator<Item = &'r Vec<u8>>,
        zone: TimeZone,
        until: Option<Timestamp>,
    ) -> anyhow::Result<Self> {
        let mut history = Self {
            zone: Some(zone),
            until,
            ..Self::default()
        };
        for record in records {
            let contact = serde_json::from_slice(record);
            history.add(&contact.context("a contact record that was just written")?);
        }
        Ok(history)
    }

    pub(super) fn add(&mut self, contact: &ContactRecord<'_>) {
        self.resolved.extend(contact.resolved());
        self.queued
            .extend(contact.episodes.iter().map(|wait| wait.queued_at));
        for obligation in &contact.obligations {
            if let Some(decision) = obligation.decision() {
                let policy = obligation.policy.to_string();
                let decisions = self.decisions_by_policy.entry(policy).or_default();
                decisions.push(decision);
            }
        }
        for engagement in &contact.engagements {
            let Some(handle) = engagement.counted_handle() else {
                continue;
            };
            let agent = Some(format!("agent:{}", engagement.agent));
            let queue = (engagement.queue.as_ref()).map(|queue| format!("queue:{queue}"));
            let all = Some("all".to_owned());
            for entity in [agent, queue, all].into_iter().flatten() {
                self.handles_by_entity
                    .entry(entity)
                    .or_default()
                    .push(handle);
            }
        }
    }

    /// How many handle times are known of an entity.
    pub(super) fn handles(&self, entity: &str) -> usize {
        self.handles_by_entity.get(entity).map_or(0, Vec::len)
    }

    /// Service level over time. `None`: nothing was decided.
    pub(super) fn levels(&self) -> Option<Course> {
        let decisions = self.decisions_by_policy.iter();
        let decisions =
            decisions.map(|(policy, decisions)| (policy.as_str(), decisions.as_slice()));
        Course::of(decisions, self.until)
    }

    /// First-contact resolution over time, by the end of the contact. `None`: no contact of a known customer ended.
    pub(super) fn resolution(&self) -> Option<Course> {
        Course::of([(RESOLUTION, self.resolved.as_slice())], self.until)
    }

    /// How many contacts count in first-contact resolution.
    pub(super) const fn resolutions(&self) -> usize {
        self.resolved.len()
    }

    /// Stretches in which the handle times of everybody can be compared. `None`: there are none.
    pub(super) fn bins(&self) -> Option<Bins> {
        let mut all = self.handles_by_entity.get("all")?.clone();
        all.sort_by(f64::total_cmp);
        // The longest hundredth shares the last bin, so that it leaves the others room.
        let last = *all.get((all.len() * 99).div_ceil(100).checked_sub(1)?)?;
        let widths = BIN_SECONDS.iter().copied();
        let seconds = widths
            .clone()
            .find(|width| last / width < BINS_MAX)
            .or(widths.last())?;
        let mut bins = Bins { seconds, count: 1 };
        bins.count = bins.index_in(last, usize::MAX) + 1;
        Some(bins)
    }

    /// How many handle times of an entity lie in each bin.
    pub(super) fn distribution(&self, entity: &str, bins: Bins) -> Vec<u64> {
        let mut counts = vec![0; bins.count];
        for handle in self.handles_by_entity.get(entity).into_iter().flatten() {
            if let Some(count) = counts.get_mut(bins.index_in(*handle, bins.count)) {
                *count += 1;
            }
        }
        counts
    }

    /// Waits that began in each hour of the week. `None`: there were none.
    pub(super) fn waits_by_hour(&self) -> Option<Hours<u64>> {
        let queued = || self.queued.iter().map(|at| self.local(*at));
        let mut hours = hours_between(queued().min()?, queued().max()?, 0);
        queued().for_each(|at| *hours.at(at) += 1);
        Some(hours)
    }

    /// The shares of what was decided in each hour of the week.
    pub(super) fn shares_by_hour(&self, policy: &str) -> Option<Hours<Ratio>> {
        let decisions = self.decisions_by_policy.get(policy)?;
        let times = decisions.iter().map(|(at, _)| self.local(*at));
        let mut counts = hours_between(times.clone().min()?, times.clone().max()?, (0, 0));
        for (at, (_, met)) in times.zip(decisions) {
            add(counts.at(at), *met);
        }
        Some(counts.map(|(met, all)| Ratio::new(met, all)))
    }

    /// The zone of the hours of the week.
    pub(super) fn zone_name(&self) -> &str {
        let zone = self.zone.as_ref();
        zone.and_then(TimeZone::iana_name).unwrap_or("UTC")
    }

    /// What clocks in the zone showed, as if that was UTC.
    fn local(&self, at: Timestamp) -> Timestamp {
        let instant = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
        let offset = (self.zone.as_ref()).map_or(0, |zone| zone.to_offset(instant).seconds());
        at + Span::from_secs(offset.into())
    }

    /// Those of which anything was decided.
    pub(super) fn policies(&self) -> impl Iterator<Item = &str> {
        self.decisions_by_policy.keys().map(String::as_str)
    }

    /// How much was decided of a policy.
    pub(super) fn decisions(&self, policy: &str) -> usize {
        self.decisions_by_policy.get(policy).map_or(0, Vec::len)
    }
}

impl Bins {
    /// The bin of a handle time if there are `count`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "handle times are not negative, and a cast saturates"
    )]
    fn index_in(self, handle: f64, count: usize) -> usize {
        ((handle / self.seconds) as usize).min(count.saturating_sub(1))
    }

    /// Where bin `index` begins and, but for the last, ends, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "bins are few")]
    pub(super) fn range(self, index: usize) -> (f64, Option<f64>) {
        let end = (index + 1 < self.count).then(|| (index + 1) as f64 * self.seconds);
        (index as f64 * self.seconds, end)
    }
}

impl Course {
    /// Returns the course of decisions by name, each with its time and whether it was a good one. `None` without decisions.
    fn of<'d>(
        decisions: impl IntoIterator<Item = (&'d str, &'d [(Timestamp, bool)])> + Clone,
        until: Option<Timestamp>,
    ) -> Option<Self> {
        let all = decisions.clone().into_iter().flat_map(|(_, all)| all);
        let times: Vec<Timestamp> = all.map(|(at, _)| *at).collect();
        let (first, last) = (*times.iter().min()?, *times.iter().max()?);
        let (step, step_name) = step_for(first, last);
        let from = floor(first, step);
        let steps = index(last, from, step) + 1;
        let shares_by_name = (decisions.into_iter())
            .map(|(name, decisions)| (name.to_owned(), shares(decisions, from, step, steps)))
            .collect();
        Some(Self {
            from,
            step,
            step_name,
            shares_by_name,
            until,
        })
    }

    /// When a step begins; with `index` one further, when it ends.
    pub(super) fn time(&self, index: usize) -> Timestamp {
        let steps = i64::try_from(index).unwrap_or(i64::MAX);
        self.from + Span(self.step.0.saturating_mul(steps))
    }

    /// When a step ends, or what is known of it.
    pub(super) fn end(&self, index: usize) -> Timestamp {
        let end = self.time(index + 1);
        self.until.map_or(end, |until| end.min(until))
    }

    /// Where the last step breaks off, if it does.
    pub(super) fn partial(&self) -> Option<Timestamp> {
        let steps = self.shares_by_name.values().map(Vec::len).max()?;
        self.until.filter(|until| *until < self.time(steps))
    }

    /// `Fri 2021-01-01`, or with the time of day if steps are shorter than that; with where it breaks off.
    pub(super) fn label(&self, index: usize) -> String {
        match self.end(index) {
            end if end < self.time(index + 1) => format!("{} (to {end})", self.begin(index)),
            _ => self.begin(index),
        }
    }

    fn begin(&self, index: usize) -> String {
        let format = match self.step.0 < Span::from_secs(DAY).0 {
            true => "%a %Y-%m-%d %H:%M",
            false => "%a %Y-%m-%d",
        };
        text_of(self.time(index), format)
    }

    /// Round times, as many as have room below a plot: where they stand, in steps from its beginning, and their text.
    pub(super) fn axis(&self) -> Vec<(f64, String)> {
        let steps = self.shares_by_name.values().map(Vec::len).max();
        let steps = i64::try_from(steps.unwrap_or_default()).unwrap_or(i64::MAX);
        let end = self.from + Span(self.step.0.saturating_mul(steps));
        let spacings = LABELS.map(Span::from_secs).into_iter();
        let fits = |spacing: &Span| {
            spacing.0 >= self.step.0 && (end - self.from).0 / spacing.0 < LABELS_MAX
        };
        let spacing = spacings.clone().find(fits).or(spacings.last());
        let spacing = spacing.unwrap_or(self.step);
        let first = floor(self.from, spacing);
        let times = (0..=LABELS_MAX).map(|index| first + Span(spacing.0 * index));
        let times = times.filter(|time| *time >= self.from && *time <= end);
        let place = |time: Timestamp| (time - self.from).as_secs() / self.step.as_secs();
        times
            .map(|time| (place(time), axis_label(time, spacing)))
            .collect()
    }
}

/// The time of day, or the date, which also stands at midnight.
fn axis_label(time: Timestamp, spacing: Span) -> String {
    let day = Span::from_secs(DAY);
    match spacing.0 < day.0 && time.0.rem_euclid(day.0) != 0 {
        true => text_of(time, "%H:%M"),
        false => text_of(time, "%b %-d"),
    }
}

fn text_of(time: Timestamp, format: &str) -> String {
    let instant = jiff::Timestamp::from_microsecond(time.0);
    instant.map_or_else(|_| time.to_string(), |it| it.strftime(format).to_string())
}

/// The finest step that makes few enough of them.
fn step_for(first: Timestamp, last: Timestamp) -> (Span, &'static str) {
    let steps = STEPS.map(|(seconds, name)| (Span::from_secs(seconds), name));
    let fine = steps.into_iter().find(|(step, _)| {
        let from = floor(first, *step);
        (last - from).0 / step.0 < STEPS_MAX
    });
    fine.unwrap_or(steps[STEPS.len() - 1])
}

/// Weeks begin on Mondays; 1970 began on a Thursday.
fn floor(at: Timestamp, step: Span) -> Timestamp {
    let monday = match step.0 % Span::from_secs(7 * DAY).0 {
        0 => Span::from_secs(3 * DAY),
        _ => Span::ZERO,
    };
    let floored = (at + monday).floor(step);
    Timestamp(floored.0 - monday.0)
}

fn index(at: Timestamp, from: Timestamp, step: Span) -> usize {
    usize::try_from((at - from).0 / step.0).unwrap_or_default()
}

fn shares(
    decisions: &[(Timestamp, bool)],
    from: Timestamp,
    step: Span,
    steps: usize,
) -> Vec<Ratio> {
    let mut counts = vec![(0, 0); steps];
    for (at, met) in decisions {
        if let Some(count) = counts.get_mut(index(*at, from, step)) {
            add(count, *met);
        }
    }
    let counts = counts.into_iter();
    counts.map(|(met, all)| Ratio::new(met, all)).collect()
}

fn add((met, all): &mut (i64, i64), is_met: bool) {
    *met += i64::from(is_met);
    *all += 1;
}
