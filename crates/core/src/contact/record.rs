//! The contact record: one per contact under its id, replaced when corrected.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Contact, ContactSettings, Engagement, Episode, EpisodeOutcome, Obligation, Resolution, Verdict,
    outbound::{Attempt, AttemptOutcome},
};
use crate::event::{
    Channel, Direction, Timestamp,
    names::{words, words_or_null},
};

/// A contact and all its parts, replaced when corrected. Durations in seconds; absent is `null`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContactRecord<'a> {
    contact_id: &'a str,
    /// As in the events; `null` while no event has named it.
    #[schemars(extend("enum" = words_or_null(&Channel::ALL, Channel::name)))]
    channel: Option<&'static str>,
    /// Of its first wait; inbound unless an event has another.
    #[schemars(extend("enum" = words(&Direction::ALL, Direction::name)))]
    direction: &'static str,
    /// A keyed hash: never the id in the events.
    customer: Option<&'a str>,
    reason: Option<&'a str>,
    /// Its first event.
    began_at: Option<Timestamp>,
    /// When it was over for the customer, a callback included; `null` while it is open.
    ended_at: Option<Timestamp>,
    /// Since when it waits for the customer or a third party; `null` while it is ours. Due times of policies that pause stand
    /// still, and move on when it goes on.
    paused_since: Option<Timestamp>,
    /// Its waits in queues, in their order.
    episodes: Vec<EpisodeRecord<'a>>,
    /// Its outbound waits that are no callbacks.
    attempts: Vec<AttemptRecord<'a>>,
    /// Who worked on it, in the order of their answers.
    engagements: Vec<EngagementRecord<'a>>,
    /// The promises that applied to it.
    obligations: Vec<ObligationRecord<'a>>,
    /// First-contact resolution: of an inbound contact of a known customer that was answered and has ended.
    #[schemars(extend("enum" = ["resolved", "repeated", "unresolved", null]))]
    resolution: Option<&'static str>,
    /// Whether `resolution` is final: its window and the lateness behind it have passed.
    resolution_settled: Option<bool>,
    csat: CsatRecord,
    /// Ids of the alerts it caused.
    alerts: Vec<String>,
    /// Counts the contact's records; the highest is the newest.
    version: u32,
}

/// One wait in a queue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Episode")]
struct EpisodeRecord<'a> {
    queue: &'a str,
    queued_at: Timestamp,
    /// `null` while it waits.
    ended_at: Option<Timestamp>,
    #[schemars(extend("enum" = ["answered", "abandoned", "left", "stale", null]))]
    outcome: Option<&'static str>,
    /// Seconds.
    wait: Option<f64>,
    /// Who answered it, or its callback.
    agent: Option<&'a str>,
    /// It left for a callback.
    callback: bool,
    /// When the callback was answered.
    reached_at: Option<Timestamp>,
}

/// One try to reach somebody.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
struct AttemptRecord<'a> {
    queue: Option<&'a str>,
    leg: Option<&'a str>,
    queued_at: Timestamp,
    /// `null` while it goes on.
    ended_at: Option<Timestamp>,
    /// Silent: the customer had picked up, and hung up before an agent was there.
    #[schemars(extend("enum" = ["answered", "silent", "unreached", null]))]
    outcome: Option<&'static str>,
    /// Who answered.
    agent: Option<&'a str>,
}

/// One agent on one leg, from the answer to the end of after-contact work.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Engagement")]
struct EngagementRecord<'a> {
    agent: &'a str,
    queue: Option<&'a str>,
    leg: Option<&'a str>,
    /// Of its leg: all figures but counts of outbound ones are of inbound engagements and callbacks.
    #[schemars(extend("enum" = words(&Direction::ALL, Direction::name)))]
    direction: &'static str,
    /// It is an outbound one that a wait asked for, and counts as an inbound one.
    callback: bool,
    answered_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Seconds, less holds; `null` while they talk.
    talk: Option<f64>,
    /// Seconds, so far while they talk.
    hold: f64,
    /// Seconds of after-contact work; `null` until it is done.
    wrap: Option<f64>,
    /// Seconds: talk, hold and wrap; `null` until it has ended.
    handle: Option<f64>,
    /// The talk ended by a transfer.
    transferred: bool,
    /// Whether its handle time is in the mean; `null` until it has ended.
    complete: Option<bool>,
    /// A vendor's summary replaced figures of the events.
    reported: bool,
}

/// A policy applied once.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Obligation")]
struct ObligationRecord<'a> {
    /// Its name in the settings.
    policy: &'a str,
    queue: Option<&'a str>,
    opened_at: Timestamp,
    due_at: Timestamp,
    /// `null` while it is open.
    #[schemars(extend("enum" = ["met", "missed", "excluded", null]))]
    outcome: Option<&'static str>,
    decided_at: Option<Timestamp>,
    /// Who is judged by it; for an answer, the agent who gave it in time.
    agent: Option<&'a str>,
}

/// The customer's rating, and what was predicted of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Csat")]
struct CsatRecord {
    /// The latest survey as a share of its scale, 0 to 1.
    score: Option<f64>,
    /// The probability of a low rating as it was last predicted, 0 to 1.
    predicted_low: Option<f64>,
}

impl<'a> ContactRecord<'a> {
    #[must_use]
    pub fn new(
        id: &'a str,
        contact: &'a Contact,
        alerts: Vec<String>,
        settings: &'a ContactSettings,
    ) -> Self {
        let fold = &contact.fold;
        let attributes = &fold.attributes;
        let answered_end = fold.answered_end.as_ref().map(|end| end.at);
        let judgement = contact.customer_link.unwrap_or_default().judgement;
        let resolution = fold.resolution(judgement);
        Self {
            contact_id: id,
            channel: attributes.channel.map(Channel::name),
            direction: attributes.direction().name(),
            customer: attributes.customer.as_deref(),
            reason: attributes.reason.as_deref(),
            began_at: fold.began_at,
            ended_at: (fold.over_since).map(|at| at.max(answered_end.unwrap_or(at))),
            paused_since: fold.pause().map(|pause| pause.from),
            episodes: fold.episodes.iter().map(EpisodeRecord::new).collect(),
            attempts: fold.attempts.iter().map(AttemptRecord::new).collect(),
            engagements: fold.engagements.iter().map(EngagementRecord::new).collect(),
            obligations: (fold.obligations.iter())
                .map(|obligation| ObligationRecord::new(obligation, settings))
                .collect(),
            resolution: resolution.map(Resolution::name),
            resolution_settled: resolution.map(|_| judgement.settled.is_some()),
            csat: CsatRecord {
                score: (fold.survey.as_ref()).map(|given| round(given.survey.normalised())),
                predicted_low: (contact.prediction.as_ref())
                    .map(|prediction| f64::from(prediction.low_thousandths) / 1e3),
            },
            alerts,
            version: contact.version,
        }
    }
}

impl<'a> EpisodeRecord<'a> {
    fn new(episode: &'a Episode) -> Self {
        let end = episode.ended.as_ref();
        let reached = end.and_then(|end| end.reached.as_ref());
        let answered_by = end.and_then(|end| end.agent.as_ref());
        Self {
            queue: episode.queue.as_str(),
            queued_at: episode.opened_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| outcome_name(end.outcome)),
            wait: end.map(|end| (end.at - episode.opened_at).as_secs()),
            agent: answered_by
                .or(reached.map(|reached| &reached.agent))
                .map(|agent| agent.as_str()),
            callback: end.is_some_and(|end| end.outcome == EpisodeOutcome::LeftForCallback),
            reached_at: reached.map(|reached| reached.at),
        }
    }
}

impl<'a> AttemptRecord<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        let end = attempt.ended.as_ref();
        let agent = end.and_then(|end| end.agent.as_ref());
        Self {
            queue: attempt.queue.as_ref().map(|queue| queue.as_str()),
            leg: attempt.leg.as_deref(),
            queued_at: attempt.opened_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| AttemptOutcome::name(end.outcome)),
            agent: agent.map(|agent| agent.as_str()),
        }
    }
}

impl<'a> EngagementRecord<'a> {
    fn new(engagement: &'a Engagement) -> Self {
        let ended = engagement.ended_at.is_some();
        let talked = engagement.talk_ended_at.is_some();
        Self {
            agent: engagement.agent.as_str(),
            queue: engagement.queue.as_ref().map(|queue| queue.as_str()),
            leg: engagement.leg.as_deref(),
            direction: engagement.direction.name(),
            callback: engagement.callback,
            answered_at: engagement.answered_at,
            ended_at: engagement.ended_at,
            talk: talked.then(|| engagement.talk().as_secs()),
            hold: engagement.hold().as_secs(),
            wrap: ended.then(|| engagement.wrap().as_secs()),
            handle: ended.then(|| engagement.handle().as_secs()),
            transferred: engagement.transferred,
            complete: ended.then_some(!engagement.is_incomplete()),
            reported: engagement.reported.is_some(),
        }
    }
}

impl<'a> ObligationRecord<'a> {
    fn new(obligation: &'a Obligation, settings: &'a ContactSettings) -> Self {
        let decided = obligation.decided;
        Self {
            policy: settings.policy_name(obligation.policy),
            queue: obligation.queue.as_ref().map(|queue| queue.as_str()),
            opened_at: obligation.opened_at,
            due_at: obligation.due_at,
            outcome: decided.map(|decided| verdict_name(decided.verdict)),
            decided_at: decided.map(|decided| decided.at),
            agent: attributed_agent(obligation),
        }
    }
}

/// Returns the agent who is judged by it; for an answer, the one who gave it in time.
fn attributed_agent(obligation: &Obligation) -> Option<&str> {
    let in_time = |at| obligation.decided.is_some_and(|decided| decided.at == at);
    let answerer = (obligation.closed.as_ref())
        .filter(|closed| in_time(closed.at))
        .and_then(|closed| closed.agent.as_ref());
    (obligation.agent.as_ref())
        .or(answerer)
        .map(|agent| agent.as_str())
}

fn outcome_name(outcome: EpisodeOutcome) -> &'static str {
    match outcome {
        EpisodeOutcome::Answered => "answered",
        EpisodeOutcome::Abandoned => "abandoned",
        EpisodeOutcome::Left | EpisodeOutcome::LeftForCallback => "left",
        EpisodeOutcome::Stale => "stale",
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Excluded => "excluded",
    }
}

/// Rounds to 6 decimals, as all values in records.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
