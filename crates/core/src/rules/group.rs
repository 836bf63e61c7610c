//! One incident, one alert: which firing alert covers one that fires now.

use std::collections::BTreeSet;

use super::{
    Finding, RuleKind, Rules,
    alarm::Tracked,
    signal::{Signal, Subject},
};
use crate::event::{AgentId, QueueId, Timestamp};

/// Queues are of one desk from this share of agents on whom both have.
const SHARED_FROM: f64 = 0.3;
/// Contacts with a reason in a queue, from which on the reason covers the queue's surge.
const OF_REASON_MIN: i64 = 3;

impl Rules {
    /// Returns the id of the firing alert that covers one that fires now. An alert that is covered itself covers none: its head does.
    pub(super) fn head_of(&self, finding: &Finding, now: Timestamp) -> Option<String> {
        let kind = finding.kind;
        if matches!(kind, RuleKind::Own(_)) {
            // Whoever writes a rule wants to be called by it.
            return None;
        }
        if kind.is_of_feed() {
            return self.of_feed(finding);
        }
        if kind == RuleKind::ReasonSurge {
            return self.of_busy_queue(finding, now);
        }
        if kind.is_of_agent() {
            let same = RuleKind::ALL.into_iter().filter(|it| it.is_of_agent());
            let mut same = same.filter_map(|other| self.firing_id(other, &finding.subject, kind));
            return same.next().or_else(|| {
                let is_slower = kind == RuleKind::AgentDrift && finding.extra[0] <= 0.0;
                let slow = self.firing_id(RuleKind::WorkSlow, "all", kind);
                slow.filter(|_| is_slower)
            });
        }
        let queue = Self::queue_of(finding)?;
        self.of_same_queue(finding)
            .or_else(|| self.of_reason(kind, &queue, now))
            .or_else(|| self.of_desk(kind, &queue))
    }

    /// Returns whether an alert calls a person, or is covered by one that does.
    fn calls(&self, kind: RuleKind, tracked: &Tracked) -> bool {
        let calls = self.rule(kind).interrupts && tracked.urgent_since.is_some();
        calls || tracked.inhibited_by.is_some()
    }

    /// Returns the id of a rule's firing alert about a subject, or of the alert that covers that.
    fn firing_id(&self, kind: RuleKind, subject: &str, asks: RuleKind) -> Option<String> {
        if kind == asks {
            return None;
        }
        let tracked = self.alarms.get(kind, subject)?;
        tracked.life.firing()?;
        // What calls nobody covers nothing that does.
        if self.rule(asks).interrupts && !self.calls(kind, tracked) {
            return None;
        }
        Some(tracked.inhibited_by.as_ref().unwrap_or(&tracked.id).clone())
    }

    /// A feed that was silent is late when it speaks again, and what is too late becomes dead letters of its topic.
    fn of_feed(&self, finding: &Finding) -> Option<String> {
        let kind = finding.kind;
        let same = self.firing_id(RuleKind::FeedSilent, &finding.subject, kind);
        same.or_else(|| {
            let is_of_topic = kind == RuleKind::FeedDirty && finding.extra[1] > 0.0;
            let mut others = self.alarms.iter().filter(|(of, ..)| {
                is_of_topic && matches!(of, RuleKind::FeedSilent | RuleKind::FeedLate)
            });
            others.find_map(|(of, subject, _)| self.firing_id(of, subject, kind))
        })
    }

    /// Where a queue has a surge already, its reasons are frequent, too.
    fn of_busy_queue(&self, finding: &Finding, now: Timestamp) -> Option<String> {
        let window = self.settings.of(RuleKind::ReasonSurge).window;
        let name = finding.subject.strip_prefix("reason:")?;
        let begun = self
            .series
            .iter()
            .filter_map(|(subject, series)| match subject {
                Subject::Reason(reason, queue) if **reason == *name => {
                    Some((series.last(now, window).count(Signal::Begun), queue))
                }
                Subject::Reason(..)
                | Subject::Queue(_)
                | Subject::AgentQueue(..)
                | Subject::Team(..)
                | Subject::Agent(_)
                | Subject::Feed(_)
                | Subject::Source(_) => None,
            });
        let (_, queue) = begun.max_by_key(|(count, _)| *count)?;
        let subject = format!("queue:{queue}");
        let busy = [RuleKind::QueueSurge, RuleKind::QueueCallbacks];
        (busy.into_iter()).find_map(|kind| self.firing_id(kind, &subject, finding.kind))
    }

    fn of_same_queue(&self, finding: &Finding) -> Option<String> {
        let mut kinds = RuleKind::ALL.into_iter();
        kinds.find_map(|other| self.firing_id(other, &finding.subject, finding.kind))
    }

    /// A reason that is suddenly frequent makes queues busy.
    fn of_reason(&self, kind: RuleKind, queue: &QueueId, now: Timestamp) -> Option<String> {
        let window = self.settings.of(RuleKind::ReasonSurge).window;
        let reasons = self
            .alarms
            .iter()
            .filter(|(of, ..)| *of == RuleKind::ReasonSurge);
        let mut heads = reasons.filter_map(|(of, subject, _)| {
            let id = self.firing_id(of, subject, kind)?;
            let name = subject.strip_prefix("reason:")?;
            let of_queue = Subject::Reason(crate::event::Text::new(name), queue.clone());
            let begun = self
                .series
                .get(&of_queue)?
                .last(now, window)
                .count(Signal::Begun);
            (begun >= OF_REASON_MIN).then_some(id)
        });
        heads.next()
    }

    /// What a queue suffers may be caused in another that the same agents serve, or by a tool that all use; and who leaves a desk leaves all of
    /// its queues.
    fn of_desk(&self, kind: RuleKind, queue: &QueueId) -> Option<String> {
        let is_heard = |other: RuleKind| match kind {
            RuleKind::QueueAbsence => other == RuleKind::QueueAbsence,
            RuleKind::QueueSurge => other == RuleKind::QueueCallbacks,
            RuleKind::SlaBurn
            | RuleKind::SlaLost
            | RuleKind::QueueStaffing
            | RuleKind::QueueLongestWait
            | RuleKind::QueueAbandonment => true,
            RuleKind::QueueCallbacks
            | RuleKind::WorkSlow
            | RuleKind::ReasonSurge
            | RuleKind::AgentSla
            | RuleKind::AgentDrift
            | RuleKind::AgentGaming
            | RuleKind::AgentOverload
            | RuleKind::FeedSilent
            | RuleKind::FeedLate
            | RuleKind::FeedDirty
            | RuleKind::Own(_) => false,
        };
        let theirs = self.servers_of(queue);
        let mut heads: Vec<(Timestamp, &str, Option<&String>)> = Vec::new();
        for (other, subject, tracked) in self.alarms.iter() {
            let (Some(firing), true) = (tracked.life.firing(), is_heard(other)) else {
                continue;
            };
            if self.rule(kind).interrupts && !self.calls(other, tracked) {
                continue;
            }
            let is_slow_tool = other == RuleKind::WorkSlow;
            let of_desk = || {
                let neighbour = subject.strip_prefix("queue:").map(QueueId::new);
                neighbour.is_some_and(|it| it != *queue && self.share_agents(&theirs, &it))
            };
            if is_slow_tool || of_desk() {
                let head = tracked.inhibited_by.as_ref();
                heads.push((firing.fired_at, &tracked.id, head));
            }
        }
        // The first that fired: what came later follows from it.
        let first = heads.into_iter().min();
        first.map(|(_, id, head)| head.map_or_else(|| id.to_owned(), Clone::clone))
    }

    fn servers_of(&self, queue: &QueueId) -> BTreeSet<&AgentId> {
        let there = self.serving(queue).filter(|(_, state)| state.logged_on > 0);
        there.map(|(id, _)| id).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of agents")]
    fn share_agents(&self, ours: &BTreeSet<&AgentId>, other: &QueueId) -> bool {
        let theirs = self.servers_of(other);
        let both = ours.intersection(&theirs).count();
        let fewer = ours.len().min(theirs.len());
        both > 0 && both as f64 >= SHARED_FROM * fewer as f64
    }
}
