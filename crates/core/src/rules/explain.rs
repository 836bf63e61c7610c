//! What is behind an alert of a rule: its causes, contacts and agents.

use std::collections::BTreeSet;

use super::{
    Finding, LifeChange, RuleKind, Rules,
    alarm::{Alarm, Tracked, score},
    sentence::{action, because, formula, over, unit, why},
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
            over(
                self.settings.name_of(finding.kind),
                finding,
                now - starts_at,
            )
        } else {
            format!("{}{}", why(finding, rule.window), because(finding, &causes))
        };
        let action = if is_over {
            "Nothing more to do.".to_owned()
        } else {
            action(finding, &causes)
        };
        let (why, action) = self
            .own_sentences(finding, now)
            .filter(|_| !is_over)
            .unwrap_or((why, action));
        Alarm {
            kind: finding.kind,
            rule: self.settings.name_of(finding.kind).to_owned(),
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
            formula: self.settings.own_rule(finding.kind).map_or_else(
                || formula(finding.kind, rule.threshold, rule.window),
                |own| own.when.text().to_owned(),
            ),
            action,
            why,
            causes,
            contacts,
            contacts_more,
            agents,
            queue,
            channel,
            urgent: tracked.urgent_since.is_some(),
            escalation: tracked.escalation,
            flapping: tracked.life.firing().is_some_and(|firing| firing.flapping),
            inhibited_by: tracked.inhibited_by.clone(),
        }
    }

    /// Returns what made a queue busier than usual, the greatest share first.
    fn causes(&self, queue: &QueueId, now: Timestamp) -> Vec<Cause> {
        let Some(view) = self.view(queue, now) else {
            return Vec::new();
        };
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
        for (_, state) in self.serving(queue) {
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
        let lately = |at: Timestamp| now - Span::from_secs(600) < at;
        let left = self
            .serving(&queue)
            .filter(|(_, state)| state.logged_on <= 0 && state.changed_at.is_some_and(lately));
        left.map(|(id, _)| id.clone()).take(CONTACTS_MAX).collect()
    }

    /// Returns the newest contacts behind an alert, and how many more there are.
    fn contacts_behind(&self, finding: &Finding, now: Timestamp) -> (Vec<ContactId>, usize) {
        let (of, name) = finding.subject.split_once(':').unwrap_or(("all", ""));
        let of_group = self.series.iter().filter(|(subject, _)| match subject {
            Subject::Queue(id) => of == "queue" && id.as_str() == name,
            Subject::Reason(reason, _) => of == "reason" && *reason == Text::new(name),
            Subject::AgentQueue(..)
            | Subject::Agent(_)
            | Subject::Team(..)
            | Subject::Feed(_)
            | Subject::Source(_) => false,
        });
        let agent = AgentId::new(name);
        let state = self.agents.get(&agent).filter(|_| of == "agent");
        let desks = state.into_iter().flat_map(|state| state.served.keys());
        let of_agent = desks.filter_map(|(queue, channel)| {
            let desk = Subject::AgentQueue(queue.clone(), *channel, agent.clone());
            self.series.get(&desk)
        });
        let subjects = of_group.map(|(_, series)| series).chain(of_agent);
        let mut all: Vec<&ContactId> = subjects
            .flat_map(|series| series.contacts(now - CONTACTS_OVER, now))
            .collect();
        let mut seen = BTreeSet::new();
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
