//! The end of a pane: every rule looks at every subject that it is about.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding, GroupRule, LifeChange, RuleKind, Rules, StateKey, Timing, Verdict,
    alarm::{Alarm, Tracked, id_of},
    feed::{self, AllWork, ReasonCounts},
    machine::Awake,
    queue::{PAST, Promised, QueueView, Staff, channel_of, with_past},
    signal::{Signal, Subject},
    state::{Quarter, quarter_ended_by},
};
use crate::{
    contact::Measure,
    event::{Channel, QueueId, Span, Timestamp},
};

/// Rules that would lie without data stand still for so long behind a feed's alert.
const FROZEN_AFTER: Span = Span::from_secs(900);
/// What is usual of all work is seen in at least so much before the window.
const WORK_KNOWN_MIN: Span = Span::from_secs(2_700);

impl Rules {
    /// Judges rules at the end of a pane: those about what was awake in it, and about what is pending or fires.
    pub(super) fn judge(&mut self, now: Timestamp, awake: &Awake, alarms: &mut Vec<Alarm>) {
        let mut findings = self.of_feeds(now);
        findings.extend(self.left_over(&findings, now, true));
        self.settle_findings(now, findings.drain(..), alarms);
        let frozen = self.frozen_channels(now);
        if let Some(start) = quarter_ended_by(now) {
            self.note_quarter(start);
        }
        if awake.all || awake.reasons {
            findings.extend(self.of_reasons(now));
        }
        findings.extend(self.of_queues(now, awake, &frozen));
        if awake.all {
            findings.extend(self.of_work(now, &frozen));
            findings.extend(self.of_agents(now));
            findings.extend(self.left_over(&findings, now, false));
        }
        findings.sort_by_key(|finding| order(finding.kind));
        self.settle_findings(now, findings.into_iter(), alarms);
    }

    /// Returns findings for the firing alerts of which nothing is found any more: what they are about is gone, and they are clear. A feed that
    /// stays silent is not.
    fn left_over(&self, findings: &[Finding], now: Timestamp, of_feeds: bool) -> Vec<Finding> {
        let found: BTreeSet<(RuleKind, &str)> = (findings.iter())
            .map(|finding| (finding.kind, finding.subject.as_str()))
            .collect();
        let speaks = |subject: &str| {
            let channel = subject.strip_prefix("feed:").and_then(Channel::from_name);
            let series = channel.and_then(|it| self.series.get(&Subject::Feed(it)));
            let lately = Span::from_secs(60);
            series.is_some_and(|series| series.last(now, lately).count(Signal::Applied) > 0)
        };
        let alive = self.alarms.alive().into_iter();
        alive
            .filter(|key| key.0.is_of_feed() == of_feeds && !found.contains(key))
            .map(|(kind, subject)| Finding {
                verdict: if kind != RuleKind::FeedSilent || speaks(subject) {
                    Verdict::Clear
                } else {
                    Verdict::Unknown
                },
                ..Finding::unknown(kind, subject.to_owned())
            })
            .collect()
    }

    /// Lets each finding change the life of its alert.
    fn settle_findings(
        &mut self,
        now: Timestamp,
        findings: impl Iterator<Item = Finding>,
        alarms: &mut Vec<Alarm>,
    ) {
        for finding in findings {
            let known = self.alarms.get(finding.kind, &finding.subject);
            if known.is_none() && finding.verdict != Verdict::Holds {
                continue;
            }
            let before = known.cloned().unwrap_or_default();
            let mut tracked = before.clone();
            let change = self.move_on(now, &finding, &mut tracked);
            let is_public = !matches!(change, Some(LifeChange::Pending | LifeChange::Lapsed));
            if let Some(change) = change.filter(|_| is_public) {
                alarms.push(self.change_alarm(now, (&finding, change), &before, &mut tracked));
            }
            if tracked != before {
                let name = self.settings.name_of(finding.kind).to_owned();
                self.note_changed(StateKey::Alarm(name, finding.subject.clone()));
                self.alarms.insert(finding.kind, finding.subject, tracked);
            }
        }
    }

    /// Moves the life of an alert on. Returns what has changed.
    fn move_on(
        &self,
        now: Timestamp,
        finding: &Finding,
        tracked: &mut Tracked,
    ) -> Option<LifeChange> {
        let rule = self.settings.of(finding.kind);
        // Only who is called, and has not answered, is called again.
        let calls = rule.interrupts
            && tracked.urgent_since.is_some()
            && tracked.inhibited_by.is_none()
            && !tracked.acknowledged;
        let timing = Timing {
            repeat_every: rule.timing.repeat_every.filter(|_| calls),
            ..rule.timing
        };
        let change = tracked.life.judge(now, finding.verdict, timing);
        if change == Some(LifeChange::Fired) {
            tracked.inhibited_by = self.head_of(finding, now);
            tracked.urgent_since = None;
            tracked.acknowledged = false;
            tracked.escalation = 0;
        }
        if tracked.life.firing().is_none() {
            return change;
        }
        if tracked.urgent_since.is_none() && finding.strength >= rule.urgent {
            tracked.urgent_since = Some(now);
            return change.or(Some(LifeChange::Repeated));
        }
        let goes_up = calls && tracked.escalates_at(rule).is_some_and(|at| at <= now);
        if goes_up {
            tracked.escalation += 1;
            return Some(LifeChange::Escalated);
        }
        change
    }

    fn change_alarm(
        &self,
        now: Timestamp,
        (finding, change): (&Finding, LifeChange),
        before: &Tracked,
        tracked: &mut Tracked,
    ) -> Alarm {
        let starts_at = match change {
            LifeChange::Pending | LifeChange::Lapsed => now,
            LifeChange::Fired
            | LifeChange::Repeated
            | LifeChange::Escalated
            | LifeChange::Resolved => {
                let firing = tracked.life.firing().or_else(|| before.life.firing());
                firing.map_or(now, |firing| firing.starts_at)
            }
        };
        let name = self.settings.name_of(finding.kind);
        tracked.id = id_of(name, &finding.subject, starts_at);
        if change == LifeChange::Resolved {
            tracked.ended_at = Some(now);
        }
        self.alarm(finding, change, (now, starts_at), tracked)
    }

    fn of_feeds(&self, now: Timestamp) -> Vec<Finding> {
        let [silence, late, dirty] = [
            RuleKind::FeedSilent,
            RuleKind::FeedLate,
            RuleKind::FeedDirty,
        ]
        .map(|kind| self.rule(kind));
        let began_at = self.began_by(now);
        let mut findings = Vec::new();
        for (subject, series) in self.series.iter() {
            match subject {
                Subject::Feed(channel) => {
                    let name = subject.to_string();
                    if silence.looks_at_channel(*channel) {
                        findings.extend(feed::silent(&name, series, (now, began_at), silence));
                    }
                    if late.looks_at_channel(*channel) {
                        findings.push(feed::late(&name, series, now, late));
                    }
                    if dirty.looks_at_channel(*channel) {
                        findings.push(feed::repeated(&name, series, now, dirty));
                    }
                }
                Subject::Source(_) if dirty.enabled => {
                    findings.push(feed::rejected(&subject.to_string(), series, now, dirty));
                }
                Subject::Source(_)
                | Subject::Queue(_)
                | Subject::AgentQueue(..)
                | Subject::Team(..)
                | Subject::Agent(_)
                | Subject::Reason(..) => {}
            }
        }
        findings.sort_by_key(|finding| order(finding.kind));
        findings
    }

    /// Returns the channels of which data is missing, or was until shortly.
    fn frozen_channels(&self, now: Timestamp) -> BTreeSet<Channel> {
        let mut frozen = BTreeSet::new();
        for (kind, subject, tracked) in self.alarms.iter() {
            let of_time = matches!(kind, RuleKind::FeedSilent | RuleKind::FeedLate);
            let channel = subject.strip_prefix("feed:").and_then(Channel::from_name);
            let Some(channel) = channel.filter(|_| of_time) else {
                continue;
            };
            if tracked.life.firing().is_some()
                || tracked.ended_at.is_some_and(|at| now < at + FROZEN_AFTER)
            {
                frozen.insert(channel);
            }
        }
        frozen
    }

    fn of_work(&self, now: Timestamp, frozen: &BTreeSet<Channel>) -> Option<Finding> {
        let rule = self.rule(RuleKind::WorkSlow);
        if !rule.enabled {
            return None;
        }
        // The first contacts to end are short ones.
        let known = now - self.began_by(now);
        if known < rule.window + WORK_KNOWN_MIN {
            return None;
        }
        if !frozen.is_empty() {
            return Some(Finding::unknown(RuleKind::WorkSlow, "all".to_owned()));
        }
        let mut all = AllWork::default();
        for (queue, windows) in &self.windows {
            if rule.looks_at(queue) {
                let lately = self.lately(windows);
                let last = lately.last(rule.window);
                all.add(&last, &lately.last(with_past(rule.window)).without(&last));
            }
        }
        all.finding(rule)
    }

    fn of_reasons(&self, now: Timestamp) -> Vec<Finding> {
        let rule = self.rule(RuleKind::ReasonSurge);
        if !rule.enabled {
            return Vec::new();
        }
        let to = now - Span::from_secs(600);
        let from = (to - PAST).max(self.began_by(now)).min(to);
        let mut by_reason: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        let (mut all_now, mut all_past) = (0.0, 0.0);
        for (subject, series) in self.series.iter() {
            let Subject::Reason(reason, queue) = subject else {
                continue;
            };
            if !rule.looks_at(queue) {
                continue;
            }
            let count = series.last(now, rule.window).get(Signal::Begun);
            let past = series.totals(from, to).get(Signal::Begun);
            let known = by_reason.entry(reason).or_default();
            *known = (known.0 + count, known.1 + past);
            (all_now, all_past) = (all_now + count, all_past + past);
        }
        let finding = |(reason, (count, past)): (&str, (f64, f64))| {
            let counts = ReasonCounts {
                now: count,
                past,
                all_now,
                all_past,
                past_length: to - from,
            };
            feed::reason(format!("reason:{reason}"), &counts, rule)
        };
        by_reason.into_iter().filter_map(finding).collect()
    }

    fn of_queues(
        &mut self,
        now: Timestamp,
        awake: &Awake,
        frozen: &BTreeSet<Channel>,
    ) -> Vec<Finding> {
        let ids = self.queues_to_judge(awake);
        let staffs = if awake.all {
            self.staffs(now)
        } else {
            let staffed = awake.staffed.iter();
            staffed
                .map(|id| (id.clone(), self.staff(id, now)))
                .collect()
        };
        let mut findings = Vec::new();
        for id in &ids {
            if self.move_windows(id, now) {
                let staff = staffs.get(id).copied();
                let staff = staff.or_else(|| awake.all.then(Staff::default));
                findings.extend(self.of_queue(id, now, (staff, frozen)));
            }
        }
        if awake.all {
            findings.extend(self.of_own_queues(now, &staffs, frozen));
        }
        findings
    }

    /// Returns the queues in which anything has changed, or waits, or of which an alert is pending or fires; or all.
    fn queues_to_judge(&self, awake: &Awake) -> BTreeSet<QueueId> {
        if awake.all {
            let all = self.series.iter().filter_map(|(subject, _)| match subject {
                Subject::Queue(id) => Some(id.clone()),
                Subject::AgentQueue(..)
                | Subject::Agent(_)
                | Subject::Team(..)
                | Subject::Reason(..)
                | Subject::Feed(_)
                | Subject::Source(_) => None,
            });
            return all.collect();
        }
        let alive = self.alarms.alive().into_iter();
        let alive = alive.filter_map(|(_, subject)| subject.strip_prefix("queue:"));
        let mut ids: BTreeSet<QueueId> = alive.map(QueueId::new).collect();
        let busy = awake.queues.iter().chain(&awake.staffed);
        ids.extend(busy.chain(self.queues.keys()).cloned());
        ids
    }

    fn of_queue(
        &self,
        id: &QueueId,
        now: Timestamp,
        (staff, frozen): (Option<Staff>, &BTreeSet<Channel>),
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(mut view) = self.view(id, now) else {
            return findings;
        };
        let channel = view.channel();
        view.promised = channel.and_then(|channel| self.promised(id, channel, now));
        let is_frozen = channel.is_none_or(|channel| frozen.contains(&channel));
        view.staff = staff.unwrap_or_default();
        for (kind, judge) in OF_QUEUES {
            let rule = self.rule(kind);
            if kind.is_of_staff() && staff.is_none() {
                continue;
            }
            if !rule.looks_at(id) || channel.is_some_and(|it| !rule.looks_at_channel(it)) {
                continue;
            }
            if is_frozen {
                findings.push(Finding::unknown(kind, view.subject()));
            } else {
                findings.extend(judge(&view, rule));
            }
        }
        findings
    }

    /// Returns the shortest promise to those who wait in a queue: of an answer, otherwise of a first response.
    pub(super) fn promised(
        &self,
        queue: &QueueId,
        channel: Channel,
        at: Timestamp,
    ) -> Option<Promised> {
        let of = |measure: Measure| {
            let policies = self.contacts.policies.iter().filter(|policy| {
                policy.measure == measure
                    && policy.in_force.holds(at)
                    && policy.applies_to(channel, Some(queue))
            });
            policies.min_by_key(|policy| policy.threshold)
        };
        let policy = of(Measure::Answer).or_else(|| of(Measure::FirstResponse))?;
        Some(Promised {
            within: policy.threshold.as_secs().max(1.0),
            target: policy.target,
        })
    }

    /// Returns who serves a queue: by what agents have done, whatever skills they have.
    pub(super) fn staff(&self, queue: &QueueId, now: Timestamp) -> Staff {
        let window = self.settings.of(RuleKind::QueueAbsence).window;
        let mut staff = Staff::default();
        for (_, state) in self.serving(queue) {
            staff.add(state, state.share_of(queue), now - window);
        }
        staff
    }

    /// Returns who serves each queue.
    pub(super) fn staffs(&self, now: Timestamp) -> BTreeMap<QueueId, Staff> {
        let window = self.settings.of(RuleKind::QueueAbsence).window;
        let mut staffs: BTreeMap<QueueId, Staff> = BTreeMap::new();
        let of_staff = self.agents.values();
        for state in of_staff.filter(|state| state.is_of_staff(now - window)) {
            for (queue, share) in state.shares() {
                let staff = match staffs.get_mut(queue) {
                    Some(staff) => staff,
                    None => staffs.entry(queue.clone()).or_default(),
                };
                staff.add(state, share, now - window);
            }
        }
        staffs
    }

    fn note_quarter(&mut self, start: Timestamp) {
        let to = start + Span::from_secs(900);
        let mut figures = Vec::new();
        for (subject, series) in self.series.iter() {
            if let Subject::Queue(id) = subject {
                let totals = series.totals(start, to);
                let quarter = Quarter {
                    offered: totals.count(Signal::Offered),
                    missed: totals.count(Signal::AnswersMissed),
                    met: totals.count(Signal::AnswersMet),
                };
                figures.push((id.clone(), quarter));
            }
        }
        for (id, quarter) in figures {
            self.days
                .entry(id.clone())
                .or_default()
                .note(start, quarter);
            self.note_changed(StateKey::PastDays(id));
        }
    }

    /// Returns the queue that an alert is about.
    pub(super) fn queue_of(finding: &Finding) -> Option<QueueId> {
        finding.subject.strip_prefix("queue:").map(QueueId::new)
    }

    /// Returns the channel by which most come to a queue.
    pub(super) fn channel_of_queue(&self, queue: &QueueId, now: Timestamp) -> Option<Channel> {
        let series = self.series.get(&Subject::Queue(queue.clone()))?;
        channel_of(&series.last(now, PAST))
    }
}

type JudgeQueue = fn(&QueueView<'_>, &GroupRule) -> Option<Finding>;

const OF_QUEUES: [(RuleKind, JudgeQueue); 8] = [
    (RuleKind::QueueAbsence, |view, rule| view.absence(rule)),
    (RuleKind::QueueCallbacks, |view, rule| view.callbacks(rule)),
    (RuleKind::QueueSurge, |view, rule| view.surge(rule)),
    (RuleKind::QueueAbandonment, |view, rule| {
        view.abandonment(rule)
    }),
    (RuleKind::QueueStaffing, |view, rule| view.staffing(rule)),
    (RuleKind::SlaBurn, |view, rule| view.burn(rule)),
    (RuleKind::QueueLongestWait, |view, rule| {
        view.longest_wait(rule)
    }),
    (RuleKind::SlaLost, |view, rule| view.lost(rule)),
];

/// Returns the place of a rule in the order in which rules are judged.
fn order(kind: RuleKind) -> usize {
    let all = RuleKind::ALL.iter();
    all.take_while(|it| **it != kind).count()
}
