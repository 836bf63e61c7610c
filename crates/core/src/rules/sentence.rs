//! What an alert of a rule says to people: why, what to do, what is behind it.

use super::{
    Finding, LifeChange, RuleKind, Rules,
    alarm::{Alarm, Tracked, score},
    queue::QueueView,
    series::Totals,
    signal::{Signal, Subject},
};
use crate::{
    alert::Cause,
    event::{AgentId, Channel, ContactId, QueueId, Span, Text, Timestamp},
};

/// So many contacts are named.
const CONTACTS_MAX: usize = 50;
/// Contacts are named that something happened to within this.
const CONTACTS_OVER: Span = Span::from_secs(900);
/// A cause that grew by less than this share is none.
const CAUSE_FROM: f64 = 0.05;

impl Rules {
    /// Returns what the record of a change has.
    pub(super) fn alarm(
        &self,
        finding: &Finding,
        change: LifeChange,
        (now, starts_at): (Timestamp, Timestamp),
        tracked: &Tracked,
    ) -> Alarm {
        let rule = self.settings.of(finding.kind);
        let queue = Self::queue_of(finding);
        let channel = match (&queue, finding.subject.strip_prefix("feed:")) {
            (Some(queue), _) => self.channel_of_queue(queue, now),
            (None, Some(feed)) => Channel::from_name(feed),
            (None, None) => None,
        };
        let is_over = matches!(change, LifeChange::Resolved | LifeChange::Lapsed);
        let causes = match &queue {
            Some(queue) if !is_over => self.causes(queue, now),
            _ => Vec::new(),
        };
        let agents = self.agents_behind(finding, now);
        let (contacts, contacts_more) = self.contacts_behind(finding, now);
        let why = if is_over {
            over(finding, now - starts_at)
        } else {
            format!("{}{}", why(finding, rule.window), because(finding, &causes))
        };
        Alarm {
            kind: finding.kind,
            change,
            id: tracked.id.clone(),
            subject: finding.subject.clone(),
            at: now,
            starts_at,
            value: finding.value,
            threshold: finding.threshold,
            n: finding.n,
            score: score(finding, rule.threshold),
            unit: unit(finding.kind),
            formula: formula(finding.kind, rule.threshold, rule.window),
            action: if is_over {
                "Nothing more to do.".to_owned()
            } else {
                action(finding, &causes)
            },
            why,
            causes,
            contacts,
            contacts_more,
            agents,
            queue,
            channel,
            urgent: tracked.urgent,
            flapping: tracked.life.firing().is_some_and(|firing| firing.flapping),
            inhibited_by: tracked.inhibited_by.clone(),
        }
    }

    /// Returns what made a queue busier than usual, the greatest share first.
    fn causes(&self, queue: &QueueId, now: Timestamp) -> Vec<Cause> {
        let Some(series) = self.series.get(&Subject::Queue(queue.clone())) else {
            return Vec::new();
        };
        let began_at = self.clock.began_at.unwrap_or(now);
        let parts = (self.queues.get(queue), self.days.get(queue));
        let view = QueueView::new(queue, (now, began_at), series, parts);
        let ten = Span::from_secs(600);
        let last = view.last(ten);
        let mut causes = vec![Grown {
            what: "arrivals",
            unit: "contacts in 10 min",
            now: last.get(Signal::Offered),
            usual: view.expected(ten),
        }];
        let quarter = view.last(Span::from_secs(900));
        if let Some((is, was)) = mean_handle(&quarter).zip(mean_handle(&view.past)) {
            causes.push(Grown {
                what: "handle time",
                unit: "seconds",
                now: is,
                usual: was,
            });
        }
        let (there, away) = self.there_and_away(queue, now);
        causes.push(Grown {
            what: "agents away",
            unit: "agents",
            now: away,
            usual: (there + away).max(1.0),
        });
        Grown::shares(causes)
    }

    /// Returns how many of those who serve a queue are logged on, and how many logged off within the last half hour.
    fn there_and_away(&self, queue: &QueueId, now: Timestamp) -> (f64, f64) {
        let (mut there, mut away) = (0.0, 0.0);
        for id in self.servers.get(queue).into_iter().flatten() {
            let Some(state) = self.agents.get(id) else {
                continue;
            };
            if state.logged_on > 0 {
                there += 1.0;
            } else if state
                .changed_at
                .is_some_and(|at| now - Span::from_secs(1_800) < at)
            {
                away += 1.0;
            }
        }
        (there, away)
    }

    fn agents_behind(&self, finding: &Finding, now: Timestamp) -> Vec<AgentId> {
        if let Some(agent) = finding.subject.strip_prefix("agent:") {
            return vec![AgentId::new(agent)];
        }
        let Some(queue) =
            Self::queue_of(finding).filter(|_| finding.kind == RuleKind::QueueAbsence)
        else {
            return Vec::new();
        };
        let left = |id: &&AgentId| {
            self.agents.get(*id).is_some_and(|state| {
                let lately = |at| now - Span::from_secs(600) < at;
                state.logged_on <= 0 && state.changed_at.is_some_and(lately)
            })
        };
        let servers = self.servers.get(&queue).into_iter().flatten();
        servers.filter(left).take(CONTACTS_MAX).cloned().collect()
    }

    /// Returns the newest contacts behind an alert, and how many more there are.
    fn contacts_behind(&self, finding: &Finding, now: Timestamp) -> (Vec<ContactId>, usize) {
        let (of, name) = finding.subject.split_once(':').unwrap_or(("all", ""));
        let subjects = self.series.iter().filter(|(subject, _)| match subject {
            Subject::Queue(id) => of == "queue" && id.as_str() == name,
            Subject::AgentQueue(_, _, id) => of == "agent" && id.as_str() == name,
            Subject::Reason(reason, _) => of == "reason" && *reason == Text::new(name),
            Subject::Agent(_) | Subject::Feed(_) | Subject::Source(_) => false,
        });
        let mut all: Vec<&ContactId> = subjects
            .flat_map(|(_, series)| series.contacts(now - CONTACTS_OVER, now))
            .collect();
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|contact| seen.insert(*contact));
        let more = all.len().saturating_sub(CONTACTS_MAX);
        all.truncate(CONTACTS_MAX);
        (all.into_iter().cloned().collect(), more)
    }
}

fn mean_handle(totals: &Totals) -> Option<f64> {
    let n = totals.get(Signal::Handled);
    (n >= 5.0).then(|| totals.get(Signal::HandleSeconds) / n)
}

/// A figure beside its usual value.
struct Grown {
    what: &'static str,
    unit: &'static str,
    now: f64,
    usual: f64,
}

impl Grown {
    /// Returns how much more work it means, as a logarithm.
    fn weight(&self) -> f64 {
        let ratio = if self.what == "agents away" {
            let left = self.usual - self.now;
            self.usual / left.max(0.5)
        } else {
            self.now / self.usual.max(0.1)
        };
        ratio.max(1.0).ln()
    }

    /// Returns those that grew, with their shares of the whole growth.
    fn shares(all: Vec<Self>) -> Vec<Cause> {
        let least = CAUSE_FROM.ln_1p();
        let grown: Vec<(f64, Self)> = all
            .into_iter()
            .map(|it| (it.weight(), it))
            .filter(|(weight, _)| *weight >= least)
            .collect();
        let sum: f64 = grown.iter().map(|(weight, _)| weight).sum();
        let mut causes: Vec<Cause> = grown
            .into_iter()
            .map(|(weight, it)| Cause {
                what: it.what.to_owned(),
                now: tenths(it.now),
                usual: tenths(it.usual),
                unit: it.unit.to_owned(),
                share: (weight / sum * 100.0).round() / 100.0,
            })
            .collect();
        causes.sort_by(|a, b| b.share.total_cmp(&a.share));
        causes
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

const fn unit(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::SlaBurn | RuleKind::SlaLost => "share answered in time",
        RuleKind::QueueStaffing => "share answered in time, predicted",
        RuleKind::QueueSurge | RuleKind::ReasonSurge => "contacts",
        RuleKind::QueueAbsence => "agents",
        RuleKind::QueueAbandonment => "share that gives up",
        RuleKind::QueueLongestWait => "seconds waited",
        RuleKind::QueueCallbacks => "callbacks asked for",
        RuleKind::WorkSlow => "times the usual handle time",
        RuleKind::AgentSla => "share missed",
        RuleKind::AgentDrift | RuleKind::AgentGaming => "log likelihood ratio",
        RuleKind::AgentOverload => "seconds without a break",
        RuleKind::FeedSilent => "seconds without an event",
        RuleKind::FeedLate => "share that comes late",
        RuleKind::FeedDirty => "share that is repeated or rejected",
    }
}

fn formula(kind: RuleKind, threshold: f64, window: Span) -> String {
    let over = minutes(window);
    match kind {
        RuleKind::SlaBurn => {
            format!("share missed in {over} ≥ {threshold} × (1 − target), and 4 σ over the usual")
        }
        RuleKind::SlaLost => format!("best level that {over} can still have < target"),
        RuleKind::QueueStaffing => format!("level by Erlang A < target − {threshold}"),
        RuleKind::QueueSurge => {
            format!("arrivals in {over} or half of it ≥ 1.5 × expected, and {threshold} σ over")
        }
        RuleKind::QueueAbsence => {
            format!("net log-offs in {over} ≥ {threshold} of those who serve the queue")
        }
        RuleKind::QueueAbandonment => {
            format!("share that gives up in {over} ≥ twice the usual, and {threshold} σ over")
        }
        RuleKind::QueueLongestWait => format!("longest wait ≥ {threshold} × the promise"),
        RuleKind::QueueCallbacks => {
            format!("callbacks asked for in {over} {threshold} σ over the usual")
        }
        RuleKind::WorkSlow => {
            format!("handle times of all queues in {over} {threshold} σ over their last hour")
        }
        RuleKind::ReasonSurge => {
            format!("contacts with the reason in {over} {threshold} σ over the usual")
        }
        RuleKind::AgentSla => {
            format!("lower bound of the share missed in {over} > what is allowed")
        }
        RuleKind::AgentDrift | RuleKind::AgentGaming => {
            format!("CUSUM of the log likelihood ratio ≥ {threshold}")
        }
        RuleKind::AgentOverload => format!(
            "time at work without a break of 5 min ≥ {threshold} s, and occupied for 80 % of {over}"
        ),
        RuleKind::FeedSilent => format!("nothing for {over} while {threshold} events were to come"),
        RuleKind::FeedLate => format!("share more than a minute late in {over} ≥ {threshold}"),
        RuleKind::FeedDirty => format!("share repeated or rejected in {over} ≥ {threshold}"),
    }
}

fn name(finding: &Finding) -> &str {
    let name = finding.subject.split_once(':');
    name.map_or("All queues", |(_, name)| name)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn minutes(span: Span) -> String {
    let seconds = span.as_secs();
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

/// Returns seconds as people write them: `45 s`, `9 min 10 s`, `1 h 5 min`.
fn duration(seconds: f64) -> String {
    let (whole, minute, hour) = (super::queue::whole(seconds), 60, 3_600);
    match whole {
        _ if whole < 90 => format!("{whole} s"),
        _ if whole < hour => format!("{} min {} s", whole / minute, whole % minute),
        _ => format!("{} h {} min", whole / hour, whole % hour / minute),
    }
}

fn why(finding: &Finding, window: Span) -> String {
    match finding.kind {
        RuleKind::SlaBurn
        | RuleKind::SlaLost
        | RuleKind::QueueStaffing
        | RuleKind::QueueSurge
        | RuleKind::QueueAbsence
        | RuleKind::QueueAbandonment
        | RuleKind::QueueLongestWait
        | RuleKind::QueueCallbacks => why_queue(finding, window),
        RuleKind::WorkSlow
        | RuleKind::ReasonSurge
        | RuleKind::AgentSla
        | RuleKind::AgentDrift
        | RuleKind::AgentGaming
        | RuleKind::AgentOverload => why_agent(finding, window),
        RuleKind::FeedSilent | RuleKind::FeedLate | RuleKind::FeedDirty => {
            why_feed(finding, window)
        }
    }
}

fn why_queue(finding: &Finding, window: Span) -> String {
    let (
        name,
        Finding {
            value,
            usual,
            n,
            extra,
            ..
        },
    ) = (name(finding), finding);
    let over = minutes(window);
    match finding.kind {
        RuleKind::SlaBurn => format!(
            "{name}: {} of {n} were answered within {:.0} s in {over}; the target is {}, usual here {}",
            percent(*value),
            extra[2],
            percent(finding.threshold),
            percent(*usual)
        ),
        RuleKind::SlaLost => format!(
            "{name}: the last {over} can reach {} at best, even if all {:.0} who wait are answered in time; the target is {}",
            percent(*value),
            extra[1],
            percent(*usual)
        ),
        RuleKind::QueueStaffing => format!(
            "{name}: with {:.0} agents' time, {} will be answered in time; the target is {}",
            extra[2],
            percent(*value),
            percent(*usual)
        ),
        RuleKind::QueueSurge => {
            format!("{name}: {value:.0} contacts in {over}, usually {usual:.0} at this hour")
        }
        RuleKind::QueueAbsence => format!(
            "{name}: {value:.0} of {usual:.0} agents logged off within {over}; {:.0} are left",
            extra[0]
        ),
        RuleKind::QueueAbandonment => format!(
            "{name}: {:.0} of {:.0} gave up in {over} ({}), usually {}",
            extra[0],
            extra[1],
            percent(*value),
            percent(*usual)
        ),
        RuleKind::QueueLongestWait => format!(
            "{name}: {n} wait, the longest for {}; the promise is {}",
            duration(*value),
            duration(*usual)
        ),
        RuleKind::QueueCallbacks => {
            format!("{name}: {value:.0} asked for a callback in {over}, usually {usual:.1}")
        }
        RuleKind::WorkSlow
        | RuleKind::ReasonSurge
        | RuleKind::AgentSla
        | RuleKind::AgentDrift
        | RuleKind::AgentGaming
        | RuleKind::AgentOverload
        | RuleKind::FeedSilent
        | RuleKind::FeedLate
        | RuleKind::FeedDirty => String::new(),
    }
}

fn why_agent(finding: &Finding, window: Span) -> String {
    let (
        name,
        Finding {
            value,
            usual,
            n,
            extra,
            ..
        },
    ) = (name(finding), finding);
    let over = minutes(window);
    match finding.kind {
        RuleKind::WorkSlow => format!(
            "Everything takes {} longer than an hour ago, in all queues together ({n} contacts in {over})",
            percent(value - 1.0)
        ),
        RuleKind::ReasonSurge => {
            format!("Reason {name}: {value:.0} contacts in {over}, usually {usual:.1}")
        }
        RuleKind::AgentSla => format!(
            "{name}: missed {:.0} of {n} in {over} ({}), colleagues {}; at least {} by the interval",
            extra[0],
            percent(*value),
            percent(*usual),
            percent(extra[1])
        ),
        RuleKind::AgentDrift if extra[0] > 0.0 => {
            format!("{name}: much faster than colleagues and than before, over {n} pieces of work")
        }
        RuleKind::AgentDrift => format!(
            "{name}: slower or less successful than colleagues and than before, over {n} pieces of work"
        ),
        RuleKind::AgentGaming => format!(
            "{name}: short work, and more of it handed on or rated low, over {n} pieces of work"
        ),
        RuleKind::AgentOverload => format!(
            "{name}: at work for {} without a break, and occupied for {} of the last {over}",
            duration(*value),
            percent(extra[0])
        ),
        RuleKind::SlaBurn
        | RuleKind::SlaLost
        | RuleKind::QueueStaffing
        | RuleKind::QueueSurge
        | RuleKind::QueueAbsence
        | RuleKind::QueueAbandonment
        | RuleKind::QueueLongestWait
        | RuleKind::QueueCallbacks
        | RuleKind::FeedSilent
        | RuleKind::FeedLate
        | RuleKind::FeedDirty => String::new(),
    }
}

fn why_feed(finding: &Finding, window: Span) -> String {
    let (
        name,
        Finding {
            value,
            n,
            extra,
            ..
        },
    ) = (name(finding), finding);
    let over = minutes(window);
    match finding.kind {
        RuleKind::FeedSilent => format!(
            "Feed {name}: nothing for {}, where {:.0} events a minute are usual",
            duration(*value),
            extra[0]
        ),
        RuleKind::FeedLate => {
            format!(
                "Feed {name}: {} of {n} events come more than a minute late",
                percent(*value)
            )
        }
        RuleKind::FeedDirty => format!(
            "Feed {name}: {:.0} of {n} {} in {over} ({})",
            extra[0],
            if extra[1] > 0.0 {
                "records became dead letters"
            } else {
                "events came a second time"
            },
            percent(*value)
        ),
        RuleKind::SlaBurn
        | RuleKind::SlaLost
        | RuleKind::QueueStaffing
        | RuleKind::QueueSurge
        | RuleKind::QueueAbsence
        | RuleKind::QueueAbandonment
        | RuleKind::QueueLongestWait
        | RuleKind::QueueCallbacks
        | RuleKind::WorkSlow
        | RuleKind::ReasonSurge
        | RuleKind::AgentSla
        | RuleKind::AgentDrift
        | RuleKind::AgentGaming
        | RuleKind::AgentOverload => String::new(),
    }
}

/// Returns the causes as an end of a sentence.
fn because(finding: &Finding, causes: &[Cause]) -> String {
    let is_said = |cause: &&Cause| {
        !matches!(
            (finding.kind, cause.what.as_str()),
            (RuleKind::QueueSurge, "arrivals") | (RuleKind::QueueAbsence, "agents away")
        )
    };
    let parts: Vec<String> = causes.iter().filter(is_said).map(said).collect();
    match parts.as_slice() {
        [] => ".".to_owned(),
        parts => format!(". {}.", parts.join("; ")),
    }
}

fn said(cause: &Cause) -> String {
    let Cause { now, usual, .. } = cause;
    match cause.what.as_str() {
        "arrivals" => format!("{now:.0} contacts in 10 min, usually {usual:.0}"),
        "handle time" => {
            format!(
                "handle time {}, usually {}",
                duration(*now),
                duration(*usual)
            )
        }
        _ => format!("{now:.0} of {usual:.0} agents away"),
    }
}

fn action(finding: &Finding, causes: &[Cause]) -> String {
    let name = name(finding);
    let most = causes.first().map(|cause| cause.what.as_str());
    match finding.kind {
        RuleKind::QueueStaffing if finding.extra[0] > 0.0 => {
            let (more, with_one) = (finding.extra[0], finding.extra[1]);
            let [target, one] = [percent(finding.usual), percent(with_one)];
            if more <= 1.0 {
                format!("One more agent in {name} brings {target}.")
            } else {
                format!("{more:.0} more agents in {name} bring {target}; one brings {one}.")
            }
        }
        RuleKind::QueueStaffing => format!("Move agents to {name}, or offer callbacks."),
        RuleKind::SlaBurn | RuleKind::QueueLongestWait | RuleKind::SlaLost => match most {
            Some("agents away") => format!("Call agents back to {name}, or move some there."),
            Some("handle time") => format!("See what holds up work in {name}; move agents there."),
            _ => format!("Move agents to {name}, or offer callbacks."),
        },
        RuleKind::QueueSurge => format!("Look at why they come, and move agents to {name}."),
        RuleKind::QueueAbsence => format!("Call back who left, or move agents to {name}."),
        RuleKind::QueueAbandonment => {
            format!("Listen to the announcements of {name}, and call back who gave up.")
        }
        RuleKind::QueueCallbacks => {
            format!("Plan the callbacks of {name}, and tell callers the wait.")
        }
        RuleKind::WorkSlow => "Ask agents which tool is slow, and tell who runs it.".to_owned(),
        RuleKind::ReasonSurge => {
            format!("Find out what has changed about {name}; tell agents what to answer.")
        }
        RuleKind::AgentSla | RuleKind::AgentDrift => {
            format!("Sit down with {name}: ask what is in the way before judging.")
        }
        RuleKind::AgentGaming => format!("Listen to a few contacts of {name} before judging."),
        RuleKind::AgentOverload => format!("Give {name} a break."),
        RuleKind::FeedSilent => {
            format!("See whether the source of {name} runs; figures of it stand still.")
        }
        RuleKind::FeedLate => {
            format!("See what delays {name}; figures of the last minutes lack events.")
        }
        RuleKind::FeedDirty => format!("See `floorwalker dead-letters` and the source of {name}."),
    }
}

fn over(finding: &Finding, lasted: Span) -> String {
    let name = name(finding);
    let lasted = duration(lasted.as_secs());
    format!("{name}: {} is over after {lasted}.", finding.kind.name())
}
