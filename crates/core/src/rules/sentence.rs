//! The sentences of an alert of a rule: why, and what to do.

use super::{Finding, RuleKind};
use crate::{alert::Cause, event::Span};

pub(super) const fn unit(kind: RuleKind) -> &'static str {
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
        RuleKind::Own(_) => "as the rule has it",
    }
}

pub(super) fn formula(kind: RuleKind, threshold: f64, window: Span) -> String {
    let over = minutes(window);
    match kind {
        RuleKind::SlaBurn => {
            format!("share missed in {over} ≥ {threshold} × (1 − target), and 4.5 σ over the usual")
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
        RuleKind::Own(_) => String::new(),
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
    let (whole, minute, hour) = (super::statistic::whole(seconds), 60, 3_600);
    match whole {
        _ if whole < 90 => format!("{whole} s"),
        _ if whole < hour => format!("{} min {} s", whole / minute, whole % minute),
        _ => format!("{} h {} min", whole / hour, whole % hour / minute),
    }
}

pub(super) fn why(finding: &Finding, window: Span) -> String {
    let over = minutes(window);
    match finding.kind {
        RuleKind::SlaBurn => burn(finding, &over),
        RuleKind::SlaLost => lost(finding, &over),
        RuleKind::QueueStaffing => staffing(finding),
        RuleKind::QueueSurge => surge(finding, &over),
        RuleKind::QueueAbsence => absence(finding, &over),
        RuleKind::QueueAbandonment => abandonment(finding, &over),
        RuleKind::QueueLongestWait => longest_wait(finding),
        RuleKind::QueueCallbacks => callbacks(finding, &over),
        RuleKind::WorkSlow => slow_work(finding, &over),
        RuleKind::ReasonSurge => frequent_reason(finding, &over),
        RuleKind::AgentSla => missed_by_agent(finding, &over),
        RuleKind::AgentDrift => drift(finding),
        RuleKind::AgentGaming => gaming(finding),
        RuleKind::AgentOverload => overload(finding, &over),
        RuleKind::FeedSilent => silent_feed(finding),
        RuleKind::FeedLate => late_feed(finding),
        RuleKind::FeedDirty => dirty_feed(finding, &over),
        RuleKind::Own(_) => String::new(),
    }
}

fn burn(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        n,
        extra,
        ..
    } = finding;
    format!(
        "{name}: {} of {n} were answered within {:.0} s in {over}; the target is {}, usual here {}",
        percent(*value),
        extra[2],
        percent(finding.threshold),
        percent(*usual)
    )
}

fn lost(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        extra,
        ..
    } = finding;
    format!(
        "{name}: the last {over} can reach {} at best, even if all {:.0} who wait are answered in time; the target is {}",
        percent(*value),
        extra[1],
        percent(*usual)
    )
}

fn staffing(finding: &Finding) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        extra,
        ..
    } = finding;
    format!(
        "{name}: with {:.0} agents' time, {} will be answered in time; the target is {}",
        extra[2],
        percent(*value),
        percent(*usual)
    )
}

fn surge(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding { value, usual, .. } = finding;
    format!("{name}: {value:.0} contacts in {over}, usually {usual:.0} at this hour")
}

fn absence(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        extra,
        ..
    } = finding;
    format!(
        "{name}: {value:.0} of {usual:.0} agents logged off within {over}; {:.0} are left",
        extra[0]
    )
}

fn abandonment(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        extra,
        ..
    } = finding;
    format!(
        "{name}: {:.0} of {:.0} gave up in {over} ({}), usually {}",
        extra[0],
        extra[1],
        percent(*value),
        percent(*usual)
    )
}

fn longest_wait(finding: &Finding) -> String {
    let name = name(finding);
    let Finding {
        value, usual, n, ..
    } = finding;
    format!(
        "{name}: {n} wait, the longest for {}; the promise is {}",
        duration(*value),
        duration(*usual)
    )
}

fn callbacks(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding { value, usual, .. } = finding;
    format!("{name}: {value:.0} asked for a callback in {over}, usually {usual:.1}")
}

fn slow_work(finding: &Finding, over: &str) -> String {
    let Finding { value, n, .. } = finding;
    format!(
        "Everything takes {} longer than an hour ago, in all queues together ({n} contacts in {over})",
        percent(value - 1.0)
    )
}

fn frequent_reason(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding { value, usual, .. } = finding;
    format!("Reason {name}: {value:.0} contacts in {over}, usually {usual:.1}")
}

fn missed_by_agent(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value,
        usual,
        n,
        extra,
        ..
    } = finding;
    format!(
        "{name}: missed {:.0} of {n} in {over} ({}), colleagues {}; at least {} by the interval",
        extra[0],
        percent(*value),
        percent(*usual),
        percent(extra[1])
    )
}

fn drift(finding: &Finding) -> String {
    let name = name(finding);
    let Finding { n, extra, .. } = finding;
    if extra[0] > 0.0 {
        format!("{name}: much faster than colleagues and than before, over {n} pieces of work")
    } else {
        format!(
            "{name}: slower or less successful than colleagues and than before, over {n} pieces of work"
        )
    }
}

fn gaming(finding: &Finding) -> String {
    let name = name(finding);
    let Finding { n, .. } = finding;
    format!("{name}: short work, and more of it handed on or rated low, over {n} pieces of work")
}

fn overload(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding { value, extra, .. } = finding;
    format!(
        "{name}: at work for {} without a break, and occupied for {} of the last {over}",
        duration(*value),
        percent(extra[0])
    )
}

fn silent_feed(finding: &Finding) -> String {
    let name = name(finding);
    let Finding { value, extra, .. } = finding;
    format!(
        "Feed {name}: nothing for {}, where {:.0} events a minute are usual",
        duration(*value),
        extra[0]
    )
}

fn late_feed(finding: &Finding) -> String {
    let name = name(finding);
    let Finding { value, n, .. } = finding;
    format!(
        "Feed {name}: {} of {n} events come more than a minute late",
        percent(*value)
    )
}

fn dirty_feed(finding: &Finding, over: &str) -> String {
    let name = name(finding);
    let Finding {
        value, n, extra, ..
    } = finding;
    format!(
        "Feed {name}: {:.0} of {n} {} in {over} ({})",
        extra[0],
        if extra[1] > 0.0 {
            "records became dead letters"
        } else {
            "events came a second time"
        },
        percent(*value)
    )
}

/// Returns the causes as an end of a sentence.
pub(super) fn because(finding: &Finding, causes: &[Cause]) -> String {
    let is_news = |cause: &&Cause| {
        !matches!(
            (finding.kind, cause.what.as_str()),
            (RuleKind::QueueSurge, "arrivals") | (RuleKind::QueueAbsence, "agents away")
        )
    };
    let parts: Vec<String> = causes.iter().filter(is_news).map(sentence_of).collect();
    match parts.as_slice() {
        [] => ".".to_owned(),
        parts => format!(". {}.", parts.join("; ")),
    }
}

fn sentence_of(cause: &Cause) -> String {
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

pub(super) fn action(finding: &Finding, causes: &[Cause]) -> String {
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
            format!("Plan the callbacks of {name}, and announce the wait.")
        }
        RuleKind::WorkSlow => "Ask agents which tool is slow, and call whoever runs it.".to_owned(),
        RuleKind::ReasonSurge => {
            format!("Find out what has changed about {name}; brief the agents.")
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
        RuleKind::Own(_) => String::new(),
    }
}

pub(super) fn over(rule: &str, finding: &Finding, lasted: Span) -> String {
    let name = name(finding);
    let lasted = duration(lasted.as_secs());
    format!("{name}: {rule} is over after {lasted}.")
}
