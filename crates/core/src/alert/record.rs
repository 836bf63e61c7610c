//! The alert record: one per transition, on the topic `alerts` under the alert's id.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    AlertSettings, Rule, Severity,
    escalation::{Escalation, Reason, RuleName, Transition},
    links::Links,
};
use crate::{
    contact::{Concern, ContactSettings, Fold, Measure, Obligation, Policy},
    event::{
        Channel, Timestamp,
        names::{words, words_or_null},
    },
};

/// Names of the rules about single contacts.
pub const RULES_OF_CONTACTS: [&str; 5] = [
    RuleName::AtRisk.name(),
    RuleName::Missed.name(),
    rule_of(Concern::LowPredicted),
    rule_of(Concern::Repeat),
    rule_of(Concern::Turned),
];

/// Returns the concern that a rule is about, if it is about one.
#[must_use]
pub fn concern_of(rule: &str) -> Option<Concern> {
    Concern::ALL
        .into_iter()
        .find(|concern| rule_of(*concern) == rule)
}

/// Returns the name of the rule about a concern.
#[must_use]
pub const fn rule_of(concern: Concern) -> &'static str {
    match concern {
        Concern::LowPredicted => "csat.low_predicted",
        Concern::Repeat => "customer.repeat",
        Concern::Turned => "sentiment.turned",
    }
}

/// One transition of an alert: it begins, or it is over. Times are stream time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertRecord<'a> {
    /// The same for all records of one alert, also after a restart: `contact:c1/1c77aa02e9b3f5d4`, `queue:billing/9f02c1d4a3b7e655`.
    pub id: String,
    /// The rule that fired. There may be more.
    #[schemars(extend("examples" = ["sla.at_risk", "sla.missed", "csat.low_predicted", "queue.surge", "agent.drift", "feed.silent"]))]
    pub rule: Cow<'a, str>,
    #[schemars(extend("enum" = ["firing", "resolved"]))]
    pub status: &'static str,
    #[schemars(extend("enum" = words(&Severity::ALL, Severity::name)))]
    pub(crate) severity: &'static str,
    /// Severity in steps: how far the value is from the expected one.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) score: u8,
    /// Whom or what it is about: `contact:c1`, `queue:billing`, `agent:ana`, `reason:outage`, `feed:voice`, `all`.
    pub(crate) subject: String,
    /// The group of alerts that it belongs to: `queue:billing`.
    pub(crate) group: Option<String>,
    /// The policy, for rules about policies.
    pub(crate) policy: Option<Cow<'a, str>>,
    pub(crate) starts_at: Timestamp,
    /// When this transition took place.
    pub(crate) at: Timestamp,
    /// `null` while it is firing.
    pub(crate) ends_at: Option<Timestamp>,
    /// Reason for its end. There may be more.
    #[schemars(extend("examples" = ["answered", "abandoned", "missed", "corrected"]))]
    pub(crate) reason: Option<&'static str>,
    /// Raised while the task was more than a minute behind the wall clock.
    pub(crate) history: bool,
    /// In `unit`.
    pub(crate) value: f64,
    /// In `unit`.
    pub(crate) threshold: f64,
    /// Unit of `value` and `threshold`. There may be more.
    #[schemars(extend("examples" = ["seconds waited"]))]
    pub(crate) unit: &'static str,
    /// The rule as text.
    pub(crate) formula: String,
    /// Number of observations in `value`.
    pub(crate) n: u32,
    /// A sentence for people.
    pub(crate) why: String,
    /// Advice, for people.
    pub(crate) action: String,
    /// What contributed to it, the greatest share first.
    pub(crate) causes: Vec<Cause>,
    /// Ids of the contacts behind it, newest first: at most 50.
    pub(crate) contacts: Vec<Cow<'a, str>>,
    /// How many contacts more are behind it.
    pub(crate) contacts_more: u32,
    pub(crate) agents: Vec<Cow<'a, str>>,
    pub(crate) queue: Option<Cow<'a, str>>,
    pub(crate) team: Option<Cow<'a, str>>,
    #[schemars(extend("enum" = words_or_null(&Channel::ALL, Channel::name)))]
    pub(crate) channel: Option<&'static str>,
    /// Recipients, as in the settings.
    pub(crate) recipients: Vec<String>,
    /// How many levels it went up because nobody acknowledged it: 1 has the supervisors among the recipients too, 2 operations.
    pub(crate) escalation: u32,
    /// Reserved: `null` in records; the API has the acknowledgement here.
    #[schemars(with = "serde_json::Value")]
    pub(crate) ack: Option<()>,
    /// The id of the alert that covers it: one incident, one alert. Of contacts' alerts the API has it here.
    pub(crate) inhibited_by: Option<String>,
    /// Whether it is meant to call a person; otherwise it is for lists and programs.
    pub(crate) interrupts: bool,
    /// It fired too often, and is held firing until its condition has been clear for half an hour.
    pub(crate) flapping: bool,
    /// Where to read what to do.
    pub(crate) runbook: Option<String>,
    /// Number of the task's step that wrote it.
    pub(crate) seq: u64,
    pub(crate) links: Links,
}

/// What contributed to an alert.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cause {
    /// There may be more.
    #[schemars(extend("examples" = ["arrivals", "handle time", "agents away"]))]
    pub what: String,
    /// In `unit`.
    pub now: f64,
    /// In `unit`.
    pub usual: f64,
    pub unit: String,
    /// Its share of all that contributed: 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub share: f64,
}

/// Context of a transition.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub contact: &'a str,
    pub before: &'a Fold,
    pub after: &'a Fold,
    pub now: Timestamp,
    pub history: bool,
    pub seq: u64,
    pub contact_settings: &'a ContactSettings,
    pub alert_settings: &'a AlertSettings,
}

/// What each alert has its own of.
#[derive(Debug)]
pub(crate) struct Essentials<'a> {
    pub id: String,
    pub rule: Cow<'a, str>,
    pub severity: Severity,
    pub score: u8,
    pub subject: String,
    pub group: Option<String>,
    pub starts_at: Timestamp,
    pub at: Timestamp,
    /// It is over since `at`, for this reason.
    pub ended: Option<&'static str>,
    pub history: bool,
    pub value: f64,
    pub threshold: f64,
    pub unit: &'static str,
    pub formula: String,
    pub n: u32,
    pub why: String,
    pub action: String,
    pub queue: Option<&'a str>,
    pub channel: Option<Channel>,
    pub recipients: Vec<String>,
    pub seq: u64,
    pub links: Links,
}

impl<'a> AlertRecord<'a> {
    /// Returns the record of an alert that calls nobody, and that nothing else is known of.
    pub(crate) fn of(it: Essentials<'a>) -> Self {
        Self {
            id: it.id,
            rule: it.rule,
            status: match it.ended {
                Some(_) => "resolved",
                None => "firing",
            },
            severity: it.severity.name(),
            score: it.score,
            subject: it.subject,
            group: it.group,
            policy: None,
            starts_at: it.starts_at,
            at: it.at,
            ends_at: it.ended.map(|_| it.at),
            reason: it.ended,
            history: it.history,
            value: it.value,
            threshold: it.threshold,
            unit: it.unit,
            formula: it.formula,
            n: it.n,
            why: it.why,
            action: it.action,
            causes: Vec::new(),
            contacts: Vec::new(),
            contacts_more: 0,
            agents: Vec::new(),
            queue: it.queue.map(Cow::Borrowed),
            team: None,
            channel: it.channel.map(Channel::name),
            recipients: it.recipients,
            escalation: 0,
            ack: None,
            inhibited_by: None,
            interrupts: false,
            flapping: false,
            runbook: None,
            seq: it.seq,
            links: it.links,
        }
    }

    #[must_use]
    pub fn new(transition: &Transition, context: &Context<'a>) -> Self {
        let (alert, fold, ended) = match transition {
            Transition::Fired(alert) => (alert, context.after, None),
            Transition::Resolved(alert) => (alert, context.after, alert.ended),
            Transition::Corrected(alert) => {
                let ended = Some((context.now, Reason::Corrected));
                (alert, context.before, ended)
            }
        };
        let facts = Facts::new(alert, fold, ended, context);
        facts.into_record(alert, ended, context)
    }
}

/// Facts that the sentences of one record are made of.
struct Facts<'a> {
    obligation: &'a Obligation,
    rule: &'a Rule,
    contact: &'a str,
    agent: Option<&'a str>,
    queue: Option<&'a str>,
    channel: Option<Channel>,
    waited: f64,
    /// From the opening to the due time, with closing time and pauses.
    threshold: f64,
    /// What was promised, if not all time counts.
    counted: Option<Counted>,
}

/// Promise of which not all time counts.
#[derive(Debug, Clone, Copy)]
struct Counted {
    seconds: f64,
    /// Whether only open time counts.
    open: bool,
    /// Whether pauses were left out.
    paused: bool,
}

impl Counted {
    fn of(policy: &Policy, obligation: &Obligation) -> Option<Self> {
        let was_moved = obligation.due_at != policy.due_at(obligation.opened_at);
        let counted = Self {
            seconds: policy.threshold.as_secs(),
            open: policy.calendar.is_some(),
            paused: obligation.pauses && was_moved,
        };
        (counted.open || counted.paused).then_some(counted)
    }
}

impl<'a> Facts<'a> {
    fn new(
        alert: &Escalation,
        fold: &'a Fold,
        ended: Option<(Timestamp, Reason)>,
        context: &Context<'a>,
    ) -> Self {
        let obligation = &fold.obligations[alert.obligation];
        let until = ended.map_or(alert.starts_at, |(at, _)| at);
        let policy = (context.contact_settings).policy(obligation.policy, obligation.opened_at);
        Self {
            obligation,
            rule: match alert.rule {
                RuleName::AtRisk => &context.alert_settings.at_risk,
                RuleName::Missed => &context.alert_settings.missed,
            },
            contact: context.contact,
            agent: obligation.agent.as_ref().map(|agent| agent.as_str()),
            queue: obligation.queue.as_ref().map(|queue| queue.as_str()),
            channel: fold.attributes.channel,
            waited: (until - obligation.opened_at).as_secs(),
            threshold: (obligation.due_at - obligation.opened_at).as_secs(),
            counted: policy.and_then(|it| Counted::of(it, obligation)),
        }
    }

    fn into_record(
        self,
        alert: &Escalation,
        ended: Option<(Timestamp, Reason)>,
        context: &Context<'a>,
    ) -> AlertRecord<'a> {
        let id = alert.id(self.contact);
        let essentials = Essentials {
            links: Links::new(&id, self.contact, self.queue),
            id,
            rule: Cow::Borrowed(alert.rule.name()),
            severity: self.rule.severity,
            score: self.score(),
            subject: format!("contact:{}", self.contact),
            group: self.queue.map(|queue| format!("queue:{queue}")),
            starts_at: alert.starts_at,
            at: ended.map_or(alert.starts_at, |(at, _)| at),
            ended: ended.map(|(_, reason)| reason.name()),
            history: context.history,
            value: self.waited,
            threshold: self.threshold,
            unit: "seconds waited",
            formula: self.formula(),
            n: 1,
            why: self.why(alert.rule, ended.map(|(_, reason)| reason)),
            action: self.action(ended.is_some()),
            queue: self.queue,
            channel: self.channel,
            recipients: self.recipients(),
            seq: context.seq,
        };
        AlertRecord {
            policy: Some(Cow::Borrowed(
                context.contact_settings.policy_name(self.obligation.policy),
            )),
            contacts: vec![Cow::Borrowed(self.contact)],
            agents: self.agent.into_iter().map(Cow::Borrowed).collect(),
            ..AlertRecord::of(essentials)
        }
    }

    /// Returns 6 at the threshold, one more for each further threshold waited.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1 to 10"
    )]
    fn score(&self) -> u8 {
        (5.0 + self.waited / self.threshold).clamp(1.0, 10.0) as u8
    }

    fn formula(&self) -> String {
        let what = match self.obligation.owed.measure() {
            Measure::Accept => "accepted",
            Measure::Answer => "answered",
            Measure::FirstResponse => "first response",
            Measure::NextResponse => "next response",
            Measure::Resolution => "resolved",
        };
        format!("{what} within {}", self.promise())
    }

    fn promise(&self) -> String {
        match self.counted {
            Some(Counted {
                seconds,
                open,
                paused,
            }) => {
                let time = if open { " of open time" } else { "" };
                let pauses = if paused { ", pauses left out" } else { "" };
                format!("{seconds} s{time}{pauses}")
            }
            None => format!("{} s", self.threshold),
        }
    }

    fn place(&self) -> String {
        let waited = self.waited;
        let place = match (self.rung_at(), self.queue) {
            (Some(agent), _) => return format!("has rung {waited} s at {agent}"),
            (None, queue) => queue.unwrap_or("no queue"),
        };
        match self.obligation.owed.measure() {
            Measure::Accept | Measure::Answer => format!("has waited {waited} s in {place}"),
            Measure::FirstResponse => {
                format!("has waited {waited} s in {place} for a first response")
            }
            Measure::NextResponse => format!("has waited {waited} s in {place} for a response"),
            Measure::Resolution => format!("has been open {waited} s in {place}"),
        }
    }

    /// Returns the agent of an offer.
    fn rung_at(&self) -> Option<&'a str> {
        let is_offer = self.obligation.owed.measure() == Measure::Accept;
        self.agent.filter(|_| is_offer)
    }

    fn why(&self, rule: RuleName, ended: Option<Reason>) -> String {
        let (contact, promise) = (self.contact, self.promise());
        let target = match self.obligation.owed.measure() {
            Measure::Accept => "a pick-up",
            Measure::Answer => "an answer",
            Measure::FirstResponse => "a first response",
            Measure::NextResponse => "a response",
            Measure::Resolution => "a resolution",
        };
        let place = self.place();
        match (ended, rule) {
            (Some(Reason::Corrected), _) => {
                format!("{contact}: by what is known now, this should not have been raised.")
            }
            (Some(reason), _) => format!("{contact} {place}, then: {}.", reason.name()),
            (None, RuleName::Missed) => {
                format!("{contact} {place}; the target is {target} within {promise}.")
            }
            (None, RuleName::AtRisk) => format!("{contact} {place}; {}.", self.left(target)),
        }
    }

    fn left(&self, target: &str) -> String {
        let left = self.threshold - self.waited;
        match self.counted {
            Some(it) if it.open => format!("{target} is due in {left} s, closing time included"),
            Some(_) => format!("{target} is due in {left} s"),
            None => format!("{left} s are left of the {} for {target}", self.promise()),
        }
    }

    fn action(&self, ended: bool) -> String {
        let measure = self.obligation.owed.measure();
        let verb = match measure {
            Measure::Accept | Measure::Answer => "Take",
            Measure::FirstResponse | Measure::NextResponse => "Reply to",
            Measure::Resolution => "Resolve",
        };
        match (ended, self.agent, self.queue) {
            (true, ..) => "Nothing more to do.".to_owned(),
            (false, Some(agent), _) if measure != Measure::Accept => {
                format!("{verb} {}: {agent} has it.", self.contact)
            }
            (false, Some(agent), _) => {
                format!(
                    "Offer {} to somebody else, and see whether {agent} is at the desk.",
                    self.contact
                )
            }
            (false, None, Some(queue)) => {
                format!("{verb} {}, or move an agent to {queue}.", self.contact)
            }
            (false, None, None) => format!("{verb} {}.", self.contact),
        }
    }

    fn recipients(&self) -> Vec<String> {
        self.rule.recipients_for(self.queue)
    }
}
