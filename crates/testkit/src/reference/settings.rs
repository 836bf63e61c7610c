//! Settings of the recount: the defaults of the contract, in types of its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::Calendar;
use floorwalker_core::event::{Channel, Event, QueueId, Span, Timestamp};

/// Settings of the recount, with the contract's defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Service-level policies, in the order of which the first that applies rates a contact.
    pub policies: Vec<Policy>,
    /// Abandons before this wait are short.
    pub short_abandon: Span,
    /// The longest wrap-up: after it the engagement ends.
    pub wrap_up_max: Span,
    /// Channels whose engagements end with the talk.
    pub no_wrap_up: BTreeSet<Channel>,
    /// How long a wait or an engagement may stay open before it is stale; a day for channels not named.
    pub max_age: BTreeMap<Channel, Span>,
    /// How long at least a contact is remembered after its end.
    pub remember_min: Span,
    /// Settings of first-contact resolution.
    pub fcr: Fcr,
    /// The windows to count; `None` is `all`, everything up to the clock.
    pub windows: Vec<Option<Span>>,
    /// The channel of a contact of which no event names one.
    pub channel_default: Channel,
    /// The team and the site of each queue that has one.
    pub queues: BTreeMap<String, (Option<String>, Option<String>)>,
    /// From when on a queue has another team and site, oldest first.
    pub moves: Vec<Move>,
    /// The time zone of whoever is at no site in `zones`.
    pub zone: TimeZone,
    /// The time zones of sites, by name.
    pub zones: BTreeMap<String, TimeZone>,
}

/// A queue's team and site from an instant on.
#[derive(Debug, Clone)]
pub struct Move {
    /// The first instant at which it holds.
    pub from: Timestamp,
    /// The queue that moves.
    pub queue: String,
    /// Its team from then on.
    pub team: Option<String>,
    /// Its site from then on.
    pub site: Option<String>,
}

/// A service-level policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The name under which its outcomes are counted.
    pub name: String,
    /// What it measures.
    pub measure: Measure,
    /// The channel that it covers. `None`: all.
    pub channel: Option<Channel>,
    /// The queues that it covers. `None`: all, and what has no queue.
    pub queues: Option<BTreeSet<QueueId>>,
    /// The time within which it is met.
    pub threshold: Span,
    /// The share of the threshold after which an open obligation is at risk.
    pub at_risk_at: f64,
    /// What an abandon in time becomes.
    pub abandons: Abandons,
    /// Its own limit of short abandons. `None`: that of the settings.
    pub short_abandon: Option<Span>,
    /// What a flow-out in time becomes.
    pub flow_outs: FlowOuts,
    /// The rule for waits that left for a callback. `None`: as `flow_outs`.
    pub callbacks: Option<FlowOuts>,
    /// What opens a first or next response.
    pub opens: Opens,
    /// Whether paused time is left out, too.
    pub pauses: bool,
    /// The calendar whose open time alone counts. `None`: all time counts.
    pub calendar: Option<Calendar>,
    /// It opens obligations from here on, and before `until`. Policies of one name are one whose terms change.
    pub from: Timestamp,
    /// The first instant at which it is no longer in force.
    pub until: Timestamp,
}

/// What opens a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// The first customer message; or wait, of a first response.
    Contact,
    /// The first wait; of a next response, if a bot writes in time.
    Queued,
}

/// What a policy measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// From an offer to its answer by the agent.
    Accept,
    /// From the queue to an answer.
    Answer,
    /// From the contact's beginning to our side's first response.
    FirstResponse,
    /// From a customer's turn to our side's next response.
    NextResponse,
    /// From the first wait, or a reopening, to the resolution.
    Resolution,
}

/// What an abandon in time becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandons {
    /// Excluded.
    Ignore,
    /// Missed.
    Negative,
    /// Met.
    Positive,
}

/// What a flow-out in time becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowOuts {
    /// Excluded.
    Exclude,
    /// Missed.
    Include,
    /// Met.
    Met,
}

/// Settings of first-contact resolution.
#[derive(Debug, Clone, Copy)]
pub struct Fcr {
    /// How long after its end a contact can be repeated.
    pub window: Span,
    /// Whether a contact that was passed on is unresolved.
    pub transfer_breaks: bool,
    /// Whether only a contact of the same reason repeats one.
    pub same_reason: bool,
}

const DAY: Span = Span::from_secs(86_400);

impl Policy {
    /// Returns a policy of one channel with the contract's defaults, named `channel measure`.
    #[must_use]
    pub fn new(channel: Channel, measure: Measure, threshold: Span) -> Self {
        let word = match measure {
            Measure::Accept => "accept",
            Measure::Answer => "answer",
            Measure::FirstResponse => "first_response",
            Measure::NextResponse => "next_response",
            Measure::Resolution => "resolution",
        };
        Self {
            name: format!("{} {word}", channel.name()),
            measure,
            channel: Some(channel),
            queues: None,
            threshold,
            at_risk_at: 0.75,
            abandons: Abandons::Ignore,
            short_abandon: None,
            flow_outs: FlowOuts::Exclude,
            callbacks: None,
            opens: Opens::Contact,
            pauses: measure == Measure::Resolution,
            calendar: None,
            from: Timestamp::MIN,
            until: Timestamp::MAX,
        }
    }
}

impl Settings {
    pub(super) fn max_age(&self, channel: Channel) -> Span {
        self.max_age.get(&channel).copied().unwrap_or(DAY)
    }

    /// The channel of a contact with these events.
    pub(super) fn channel_of(&self, events: &[&Event]) -> Channel {
        let named = events.iter().find_map(|event| event.channel);
        named.unwrap_or(self.channel_default)
    }
}

impl Default for Settings {
    fn default() -> Self {
        use Channel::{Chat, Email, Messaging, Sms, Social, Voice};
        let slow = [Email, Social, Sms, Messaging];
        let windows = [300, 1_800, 3_600, 28_800, 86_400, 604_800];
        Self {
            policies: vec![
                Policy::new(Voice, Measure::Accept, Span::from_secs(18)),
                Policy::new(Voice, Measure::Answer, Span::from_secs(20)),
                Policy::new(Chat, Measure::Answer, Span::from_secs(10)),
                Policy::new(Email, Measure::FirstResponse, DAY),
                Policy::new(Sms, Measure::FirstResponse, Span::from_secs(900)),
                Policy::new(Social, Measure::FirstResponse, Span::from_secs(900)),
                Policy::new(Messaging, Measure::FirstResponse, Span::from_secs(900)),
            ],
            short_abandon: Span::from_secs(5),
            wrap_up_max: Span::from_secs(1_800),
            no_wrap_up: BTreeSet::from(slow),
            max_age: slow
                .into_iter()
                .map(|channel| (channel, Span::from_secs(30 * 86_400)))
                .collect(),
            remember_min: Span::from_secs(7 * 86_400),
            fcr: Fcr {
                window: Span::from_secs(7 * 86_400),
                transfer_breaks: false,
                same_reason: false,
            },
            windows: windows
                .into_iter()
                .map(|seconds| Some(Span::from_secs(seconds)))
                .chain([None])
                .collect(),
            channel_default: Voice,
            queues: BTreeMap::new(),
            moves: Vec::new(),
            zone: TimeZone::UTC,
            zones: BTreeMap::new(),
        }
    }
}
