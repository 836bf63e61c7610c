//! SLA policies and the other settings of the contact stage.

use std::sync::Arc;

use super::{
    Calendar, Measure,
    parts::{EpisodeOutcome, Obligation, Verdict},
};
use crate::event::{Channel, QueueId, Span, Timestamp};

/// Longest duration of any kind: within it a threshold must pass by a calendar.
const YEARS_MAX: i64 = 10;
const WEEKS_MAX: i64 = YEARS_MAX * 365 / 7;

/// A promise to the customer: who is measured, by when, and what an abandon in time becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Name in records, by default `channel measure` ("voice answer"). Unique.
    pub name: String,
    pub measure: Measure,
    /// `None`: every channel.
    pub channel: Option<Channel>,
    /// Empty: every queue.
    pub queues: Vec<QueueId>,
    pub threshold: Span,
    /// Share of decided obligations to be met, over 0 and up to 1.
    pub target: f64,
    /// Share of the threshold after which an open obligation is at risk.
    pub at_risk_at: f64,
    pub abandons: Abandons,
    /// An abandon before this is always excluded; at most `threshold`. `None`: [`ContactSettings::short_abandon`].
    pub short_abandon: Option<Span>,
    pub flow_outs: FlowOuts,
    /// Verdict of a wait that left for a callback. `None`: as for other flow-outs.
    pub callbacks: Option<FlowOuts>,
    /// What opens a first or next response.
    pub opens: Opens,
    /// `None`: all time counts.
    pub calendar: Option<Arc<Calendar>>,
    /// Whether its clock stands while the contact is paused.
    pub pauses: bool,
    /// When obligations are opened by it. Policies of one name may follow each other.
    pub in_force: InForce,
}

/// Stretch of time from an instant on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Rule that a policy breaks: the field, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    pub field: &'static str,
    pub sentence: String,
}

/// What opens a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opens {
    /// The customer's first message; of a first response also a wait that comes before it.
    #[default]
    Contact,
    /// Where bots write first: the wait. Of a next response only if a bot writes before it is due.
    Queued,
}

/// Verdict of an abandon in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Abandons {
    /// Excluded.
    #[default]
    Ignore,
    /// Missed.
    Negative,
    /// Met.
    Positive,
}

/// Verdict of a flow-out in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowOuts {
    #[default]
    Exclude,
    /// Missed.
    Include,
    Met,
}

/// Definition of first-contact resolution: there is no standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstContact {
    /// Without it no customer of an event is looked at: every contact counts as one without a customer.
    pub enabled: bool,
    /// A customer who comes back within this after a contact's end repeats it. At most [`ContactSettings::remember_min`].
    pub window: Span,
    /// Whether a second agent or an outside party leaves a contact unresolved.
    pub transfer_breaks: bool,
    /// Whether only a contact with an equal reason repeats another.
    pub same_reason: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ContactSettings {
    /// Policies of one name are neighbours.
    pub policies: Vec<Policy>,
    /// Calendars that policies may name.
    pub calendars: Vec<Arc<Calendar>>,
    /// An abandon before this is short; exactly at it is not.
    pub short_abandon: Span,
    /// A wrap-up that nobody closes ends this long after the talk, incomplete.
    pub wrap_up_max: Span,
    /// Channels whose engagements end with the talk.
    pub no_wrap_up: Vec<Channel>,
    /// Longer than this nothing stays open: it is closed as stale. A contact expires this long after its last event (see also
    /// `remember_min`). By channel, in the order of [`Channel::ALL`].
    pub max_age: [Span; 8],
    /// A contact is kept at least this long after its end.
    pub remember_min: Span,
    pub first_contact: FirstContact,
    /// Key of the hash under which customers leave the process.
    pub privacy_key: String,
}

impl Default for FirstContact {
    fn default() -> Self {
        Self {
            enabled: true,
            window: Span::from_secs(7 * 86_400),
            transfer_breaks: false,
            same_reason: false,
        }
    }
}

impl Default for ContactSettings {
    fn default() -> Self {
        const DAY: i64 = 86_400;
        let long = Span::from_secs(30 * DAY);
        let short = Span::from_secs(DAY);
        let (response, long_response) = (Span::from_secs(15 * 60), Span::from_secs(DAY));
        Self {
            policies: vec![
                Policy::standard(Measure::Accept, Channel::Voice, Span::from_secs(18), 0.80),
                Policy::standard(Measure::Answer, Channel::Voice, Span::from_secs(20), 0.80),
                Policy::standard(Measure::Answer, Channel::Chat, Span::from_secs(10), 0.90),
                Policy::standard(Measure::FirstResponse, Channel::Email, long_response, 1.0),
                Policy::standard(Measure::FirstResponse, Channel::Sms, response, 0.90),
                Policy::standard(Measure::FirstResponse, Channel::Social, response, 0.90),
                Policy::standard(Measure::FirstResponse, Channel::Messaging, response, 0.90),
            ],
            calendars: Vec::new(),
            short_abandon: Span::from_secs(5),
            wrap_up_max: Span::from_secs(30 * 60),
            no_wrap_up: vec![
                Channel::Email,
                Channel::Social,
                Channel::Sms,
                Channel::Messaging,
            ],
            max_age: [short, short, long, long, long, long, short, short],
            remember_min: Span::from_secs(7 * DAY),
            first_contact: FirstContact::default(),
            privacy_key: String::new(),
        }
    }
}

impl Policy {
    /// Returns a policy with the usual treatment of abandons and flow-outs and the default name.
    #[must_use]
    pub fn standard(measure: Measure, channel: Channel, threshold: Span, target: f64) -> Self {
        Self {
            name: format!("{} {}", channel.name(), measure.name()),
            measure,
            channel: Some(channel),
            queues: Vec::new(),
            threshold,
            target,
            at_risk_at: 0.75,
            abandons: Abandons::default(),
            short_abandon: None,
            flow_outs: FlowOuts::default(),
            callbacks: None,
            opens: Opens::default(),
            calendar: None,
            pauses: measure.pauses(),
            in_force: InForce::ALWAYS,
        }
    }

    /// A policy with a list of queues never applies to what has no queue.
    #[must_use]
    pub fn applies_to(&self, channel: Channel, queue: Option<&QueueId>) -> bool {
        self.channel.is_none_or(|wanted| wanted == channel)
            && (self.queues.is_empty() || queue.is_some_and(|queue| self.queues.contains(queue)))
    }

    /// Returns the policy's code in state and panes: 16 bits of its name's hash. Configuration refuses two policies with one code.
    #[must_use]
    pub fn code(&self) -> u16 {
        (xxhash_rust::xxh3::xxh3_64(self.name.as_bytes()) & 0xffff) as u16
    }

    /// Returns when an obligation opened at `at` is due.
    #[must_use]
    pub fn due_at(&self, opened_at: Timestamp) -> Timestamp {
        self.passed_at(opened_at, self.threshold)
    }

    /// Returns when an obligation opened at `at` is at risk.
    #[must_use]
    pub fn risk_at(&self, opened_at: Timestamp) -> Timestamp {
        self.passed_at(opened_at, self.at_risk_after())
    }

    fn passed_at(&self, opened_at: Timestamp, span: Span) -> Timestamp {
        match &self.calendar {
            Some(calendar) => calendar.passed_at(opened_at, span),
            None => opened_at + span,
        }
    }

    /// Returns the time from the opening to the at-risk level, in whole microseconds of the time that counts.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "thresholds are far below 2^53 µs, and a share of one is smaller"
    )]
    fn at_risk_after(&self) -> Span {
        Span((self.threshold.0 as f64 * self.at_risk_at) as i64)
    }

    /// Returns the first rule that it breaks. `short_abandon` applies where it has none of its own.
    #[must_use]
    pub fn fault(&self, short_abandon: Span) -> Option<PolicyFault> {
        let fault = |field, sentence: String| Some(PolicyFault { field, sentence });
        let short = self.short_abandon.unwrap_or(short_abandon);
        let judges_abandons = self.measure != Measure::Accept || self.short_abandon.is_some();
        if self.threshold.0 <= 0 {
            let sentence = "a threshold must be over zero; write for instance \"20s\"";
            return fault("threshold", sentence.to_owned());
        }
        if judges_abandons && short > self.threshold {
            let field = match self.short_abandon {
                Some(_) => "short_abandon",
                None => "threshold",
            };
            let (short, threshold) = (short.as_secs(), self.threshold.as_secs());
            return fault(
                field,
                format!(
                    "an abandon is short up to {short} s, but the threshold is {threshold} s; write a `short_abandon` not over it"
                ),
            );
        }
        if self.opens != Opens::default() && !self.measure.is_response() {
            let sentence = "only a `first_response` or `next_response` has `opens`; remove it";
            return fault("opens", sentence.to_owned());
        }
        self.fault_by_calendar()
    }

    fn fault_by_calendar(&self) -> Option<PolicyFault> {
        let calendar = self.calendar.as_ref()?;
        let weekly = calendar.hours().open_a_week();
        (self.threshold.0 > weekly.0 * WEEKS_MAX).then(|| PolicyFault {
            field: "threshold",
            sentence: format!(
                "by the calendar `{}`, open {} h a week, this takes over {YEARS_MAX} years; write a shorter threshold",
                calendar.name,
                weekly.as_secs() / 3_600.0
            ),
        })
    }

    fn verdict_of_wait(&self, outcome: EpisodeOutcome, wait: Span, short: Span) -> Verdict {
        match outcome {
            EpisodeOutcome::Answered => Verdict::Met,
            EpisodeOutcome::Abandoned if wait < short => Verdict::Excluded,
            EpisodeOutcome::Abandoned => match self.abandons {
                Abandons::Ignore => Verdict::Excluded,
                Abandons::Negative => Verdict::Missed,
                Abandons::Positive => Verdict::Met,
            },
            EpisodeOutcome::Left => self.flow_outs.verdict(),
            EpisodeOutcome::LeftForCallback => self.callbacks.unwrap_or(self.flow_outs).verdict(),
            EpisodeOutcome::Stale => Verdict::Excluded,
        }
    }
}

impl ContactSettings {
    /// Returns the policy with this code that was in force then, otherwise any.
    #[must_use]
    pub fn policy(&self, code: u16, at: Timestamp) -> Option<&Policy> {
        let mut of_code = (self.policies.iter()).filter(|policy| policy.code() == code);
        let first = of_code.clone().next();
        of_code.find(|policy| policy.in_force.holds(at)).or(first)
    }

    /// Returns the name of the policy with this code, or a text for one that is no longer configured.
    #[must_use]
    pub fn policy_name(&self, code: u16) -> &str {
        self.policy(code, Timestamp::MAX)
            .map_or("(no longer configured)", |policy| policy.name.as_str())
    }

    /// Returns the calendar with this name.
    ///
    /// # Errors
    /// A sentence, when there is none.
    pub fn calendar(&self, name: &str) -> Result<Arc<Calendar>, String> {
        let found = self.calendars.iter().find(|it| it.name == name);
        let names = || self.calendars.iter().map(|it| it.name.as_str());
        found.map(Arc::clone).ok_or_else(|| match names().collect::<Vec<_>>().as_slice() {
            [] => format!(
                "there is no calendar `{name}`; add a [calendars.{name}] with its `zone` and hours"
            ),
            names => format!(
                "there is no calendar `{name}`; write {}, or add a [calendars.{name}]",
                names.join(" or ")
            ),
        })
    }

    /// Whether engagements go on after the talk.
    #[must_use]
    pub fn wraps_up(&self, channel: Channel) -> bool {
        !self.no_wrap_up.contains(&channel)
    }

    #[must_use]
    pub fn max_age_of(&self, channel: Channel) -> Span {
        self.max_age[channel as usize]
    }

    /// Returns the least age of all channels.
    #[must_use]
    pub fn age_min(&self) -> Span {
        self.max_age.into_iter().min().unwrap_or(Span::ZERO)
    }

    /// Returns the verdict of a wait that ends in time. That of a policy which is no longer configured is excluded.
    pub(super) fn verdict_of_wait(
        &self,
        obligation: &Obligation,
        outcome: EpisodeOutcome,
        wait: Span,
    ) -> Verdict {
        let policy = self.policy(obligation.policy, obligation.opened_at);
        policy.map_or(Verdict::Excluded, |policy| {
            let short = policy.short_abandon.unwrap_or(self.short_abandon);
            policy.verdict_of_wait(outcome, wait, short)
        })
    }
}

impl InForce {
    pub const ALWAYS: Self = Self {
        from: Timestamp::MIN,
        until: Timestamp::MAX,
    };

    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

impl Opens {
    pub const ALL: [Self; 2] = [Self::Contact, Self::Queued];

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Queued => "queued",
        }
    }
}

impl Abandons {
    pub const ALL: [Self; 3] = [Self::Ignore, Self::Negative, Self::Positive];

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Negative => "negative",
            Self::Positive => "positive",
        }
    }
}

impl FlowOuts {
    pub const ALL: [Self; 3] = [Self::Exclude, Self::Include, Self::Met];

    const fn verdict(self) -> Verdict {
        match self {
            Self::Exclude => Verdict::Excluded,
            Self::Include => Verdict::Missed,
            Self::Met => Verdict::Met,
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Include => "include",
            Self::Met => "met",
        }
    }
}
