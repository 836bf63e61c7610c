//! The shape of the file. What is not given keeps its default; what is not known is refused.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::Deserialize;
use toml::Spanned;

use super::value::{Parsed, ReceiverWord, Weekly};
use crate::{notify::EmailTls, serve::Scope};
use floorwalker_core::{
    alert::Severity,
    contact::{Abandons, FlowOuts, LocalSpan, Measure, Opens},
    decode::Format,
    engine::SourceClock,
    event::{Channel, Span},
    rules::Of,
    silence::Pattern,
};

pub(super) type Time = Spanned<Parsed<Span>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) kafka: Kafka,
    pub(super) source: Vec<Source>,
    pub(super) engine: Engine,
    pub(super) kpi: Kpi,
    pub(super) scorecards: Scorecards,
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) sites: BTreeMap<Spanned<String>, Site>,
    pub(super) contact: Contact,
    pub(super) fcr: FirstContact,
    pub(super) policy: Option<Vec<Policy>>,
    pub(super) calendars: BTreeMap<Spanned<String>, Calendar>,
    pub(super) alerts: Alerts,
    pub(super) maintenance: Vec<Spanned<Maintenance>>,
    pub(super) notify: Notify,
    pub(super) rules: BTreeMap<Spanned<String>, GroupRule>,
    pub(super) csat: Csat,
    pub(super) outputs: Outputs,
    pub(super) privacy: Privacy,
    pub(super) http: Http,
    pub(super) serve: Serve,
    pub(super) limits: Limits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Kafka {
    pub(super) brokers: Option<Spanned<String>>,
    pub(super) prefix: Option<Spanned<String>>,
    pub(super) instance: Option<Spanned<String>>,
    pub(super) workers: Option<Spanned<i64>>,
    pub(super) replication: Option<Spanned<i64>>,
    pub(super) session_timeout: Option<Time>,
    pub(super) metadata_interval: Option<Time>,
    pub(super) properties: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) topic: Spanned<String>,
    pub(super) clock: Option<Parsed<SourceClock>>,
    pub(super) format: Option<Parsed<Format>>,
    pub(super) lateness: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Engine {
    pub(super) tasks: Option<Spanned<i64>>,
    pub(super) lateness: Option<Time>,
    pub(super) future_max: Option<Time>,
    pub(super) grace: Option<Time>,
    #[serde(alias = "hold_max")]
    pub(super) idle_timeout: Option<Time>,
    pub(super) heartbeat: Option<Time>,
    pub(super) recovery_max_bytes: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Kpi {
    pub(super) windows: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) group_beat: Option<Time>,
    pub(super) agent_beat: Option<Time>,
    pub(super) zone: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scorecards {
    pub(super) enabled: Option<bool>,
    pub(super) window: Option<Spanned<String>>,
    pub(super) baseline: Option<Spanned<String>>,
    pub(super) beat: Option<Time>,
    pub(super) peers_min: Option<Spanned<i64>>,
    pub(super) sample_min: Option<Spanned<i64>>,
}

/// The team and site that answer for a queue.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Queue {
    pub(super) team: Option<Spanned<String>>,
    pub(super) site: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Site {
    pub(super) zone: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Contact {
    pub(super) short_abandon: Option<Time>,
    pub(super) wrap_up_max: Option<Time>,
    pub(super) no_wrap_up: Option<Vec<Parsed<Channel>>>,
    pub(super) remember_min: Option<Time>,
    pub(super) max_age: ByChannel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Csat {
    pub(super) usual_handle: ByChannel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FirstContact {
    pub(super) enabled: Option<bool>,
    pub(super) window: Option<Time>,
    pub(super) transfer_breaks: Option<bool>,
    pub(super) same_reason: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ByChannel {
    pub(super) voice: Option<Time>,
    pub(super) chat: Option<Time>,
    pub(super) email: Option<Time>,
    pub(super) social: Option<Time>,
    pub(super) sms: Option<Time>,
    pub(super) messaging: Option<Time>,
    pub(super) video: Option<Time>,
    pub(super) other: Option<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) name: Option<Spanned<String>>,
    pub(super) measure: Spanned<Parsed<Measure>>,
    pub(super) channel: Option<Parsed<Channel>>,
    #[serde(default)]
    pub(super) queues: Vec<Spanned<String>>,
    pub(super) threshold: Time,
    pub(super) target: Option<Spanned<f64>>,
    pub(super) at_risk_at: Option<Spanned<f64>>,
    pub(super) abandons: Option<Parsed<Abandons>>,
    pub(super) short_abandon: Option<Time>,
    pub(super) flow_outs: Option<Parsed<FlowOuts>>,
    pub(super) callbacks: Option<Parsed<FlowOuts>>,
    pub(super) opens: Option<Spanned<Parsed<Opens>>>,
    pub(super) pauses: Option<bool>,
    pub(super) calendar: Option<Spanned<String>>,
}

pub(super) type Hours = Vec<Spanned<Parsed<LocalSpan>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    pub(super) zone: Spanned<String>,
    #[serde(default)]
    pub(super) monday: Hours,
    #[serde(default)]
    pub(super) tuesday: Hours,
    #[serde(default)]
    pub(super) wednesday: Hours,
    #[serde(default)]
    pub(super) thursday: Hours,
    #[serde(default)]
    pub(super) friday: Hours,
    #[serde(default)]
    pub(super) saturday: Hours,
    #[serde(default)]
    pub(super) sunday: Hours,
    /// Dates, quoted or not.
    #[serde(default)]
    pub(super) holidays: Vec<Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) special_days: BTreeMap<Spanned<String>, Hours>,
}

/// Quoted or not.
pub(super) type Instant = Spanned<toml::Value>;
pub(super) type Matcher = Spanned<Parsed<Pattern>>;

/// When alerts are expected and call nobody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Maintenance {
    pub(super) name: Spanned<String>,
    pub(super) matchers: Spanned<Matchers>,
    pub(super) from: Option<Instant>,
    pub(super) to: Option<Instant>,
    pub(super) weekly: Option<Spanned<Parsed<Weekly>>>,
    pub(super) zone: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Matchers {
    pub(super) rule: Option<Matcher>,
    pub(super) subject: Option<Matcher>,
    pub(super) queue: Option<Matcher>,
    pub(super) team: Option<Matcher>,
    pub(super) channel: Option<Matcher>,
    pub(super) severity: Option<Matcher>,
    pub(super) agent: Option<Matcher>,
}

/// Who is called about alerts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Notify {
    pub(super) wallboard: Option<Spanned<String>>,
    pub(super) group_wait: Option<Time>,
    pub(super) group_interval: Option<Time>,
    pub(super) late_max: Option<Time>,
    pub(super) receivers: BTreeMap<Spanned<String>, Spanned<Receiver>>,
    pub(super) route: Vec<Spanned<Route>>,
}

/// A receiver of any kind; each has some of the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receiver {
    pub(super) kind: Spanned<Parsed<ReceiverWord>>,
    pub(super) timeout: Option<Time>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) token: Option<Spanned<String>>,
    pub(super) secret: Option<Spanned<String>>,
    pub(super) routing_key: Option<Spanned<String>>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) port: Option<Spanned<i64>>,
    pub(super) tls: Option<Spanned<Parsed<EmailTls>>>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) password: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) to: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Which alerts go to which receivers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) matchers: Option<Spanned<Matchers>>,
    pub(super) recipient: Option<Matcher>,
    pub(super) to: Spanned<Vec<Spanned<String>>>,
    pub(super) quiet: Option<Spanned<Vec<Spanned<Parsed<Weekly>>>>>,
    pub(super) zone: Option<Spanned<String>>,
    pub(super) group_interval: Option<Time>,
    pub(super) r#continue: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Alerts {
    pub(super) at_risk: Rule,
    pub(super) missed: Rule,
    pub(super) csat_low_predicted: LowPredicted,
    pub(super) customer_repeat: Repeat,
    pub(super) sentiment_turned: Rule,
    pub(super) settle: Option<Time>,
}

/// A rule about queues, agents, reasons, feeds or all work.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GroupRule {
    pub(super) enabled: Option<bool>,
    /// Of a rule of one's own; so are `of`, `clear_when`, `value`, `why` and `action`.
    pub(super) when: Option<Spanned<String>>,
    pub(super) of: Option<Spanned<Parsed<Of>>>,
    pub(super) clear_when: Option<Spanned<String>>,
    pub(super) value: Option<Spanned<String>>,
    pub(super) why: Option<Spanned<String>>,
    pub(super) action: Option<Spanned<String>>,
    pub(super) queues: Option<Vec<Spanned<String>>>,
    pub(super) channels: Option<Vec<Parsed<Channel>>>,
    pub(super) threshold: Option<Spanned<f64>>,
    pub(super) clear: Option<Spanned<f64>>,
    pub(super) urgent: Option<Spanned<f64>>,
    pub(super) window: Option<Time>,
    pub(super) minimum: Option<Spanned<i64>>,
    pub(super) r#for: Option<Time>,
    pub(super) clear_for: Option<Time>,
    pub(super) repeat_every: Option<Time>,
    pub(super) escalate_after: Option<Time>,
    pub(super) severity: Option<Parsed<Severity>>,
    pub(super) interrupts: Option<bool>,
    pub(super) recipients: Option<Vec<Spanned<String>>>,
    pub(super) runbook: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rule {
    pub(super) enabled: Option<bool>,
    pub(super) severity: Option<Parsed<Severity>>,
    pub(super) recipients: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LowPredicted {
    pub(super) enabled: Option<bool>,
    pub(super) severity: Option<Parsed<Severity>>,
    pub(super) recipients: Option<Vec<Spanned<String>>>,
    pub(super) threshold: Option<Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Repeat {
    pub(super) enabled: Option<bool>,
    pub(super) severity: Option<Parsed<Severity>>,
    pub(super) recipients: Option<Vec<Spanned<String>>>,
    pub(super) contacts: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Outputs {
    pub(super) contacts: Option<bool>,
    pub(super) format: Option<Parsed<Format>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Privacy {
    pub(super) key: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    pub(super) listen: Option<Spanned<Parsed<SocketAddr>>>,
    pub(super) hosts: Option<Vec<Spanned<String>>>,
    pub(super) allow_anonymous: Option<bool>,
    pub(super) origins: Option<Vec<Spanned<String>>>,
    pub(super) tls: HttpTls,
    pub(super) token: Vec<HttpToken>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpTls {
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpToken {
    pub(super) name: Spanned<String>,
    pub(super) hash: Spanned<String>,
    pub(super) scopes: Spanned<Vec<Spanned<Parsed<Scope>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Serve {
    pub(super) contacts_max: Option<Spanned<i64>>,
    pub(super) alerts_max: Option<Spanned<i64>>,
    pub(super) entities_max: Option<Spanned<i64>>,
    pub(super) worst_agents: Option<Spanned<i64>>,
    pub(super) all_agents: Option<bool>,
    pub(super) metrics_windows: Option<Vec<Spanned<String>>>,
    pub(super) metrics_entities_max: Option<Spanned<i64>>,
    pub(super) metrics_idle: Option<Time>,
}

/// Names with figures of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) agents: Option<Spanned<i64>>,
    pub(super) queues: Option<Spanned<i64>>,
    pub(super) teams: Option<Spanned<i64>>,
    pub(super) sites: Option<Spanned<i64>>,
    pub(super) reasons: Option<Spanned<i64>>,
    pub(super) scorecards: Option<Spanned<i64>>,
    pub(super) contact_reasons: Option<Spanned<i64>>,
}
