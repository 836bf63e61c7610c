//! The contact record: one per contact under its id, replaced when corrected.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Contact, ContactSettings, Engagement, Episode, EpisodeOutcome, Obligation, Verdict,
    outbound::Attempt,
};
use crate::event::{
    Channel, Direction, Timestamp,
    names::{words, words_or_null},
};

/// A contact and all its parts, replaced when corrected. Durations in seconds; absent is `null`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct ContactRecord<'a> {
    pub contact_id: Cow<'a, str>,
    /// Channel of the first event that has one; `null` while none has.
    #[schemars(extend("enum" = words_or_null(&Channel::ALL, Channel::name)))]
    pub channel: Option<Cow<'a, str>>,
    /// Direction of its first wait; inbound unless an event has another.
    #[serde(default = "inbound")]
    #[schemars(!default, extend("enum" = words(&Direction::ALL, Direction::name)))]
    pub direction: Cow<'a, str>,
    /// A keyed hash: never the id in the events.
    pub customer: Option<Cow<'a, str>>,
    pub reason: Option<Cow<'a, str>>,
    /// Time of its first event.
    pub began_at: Option<Timestamp>,
    /// When it was over for the customer, a callback included; `null` while it is open.
    pub ended_at: Option<Timestamp>,
    /// Since when it waits for the customer or a third party; `null` while it does not. Meanwhile due times of policies that pause stand
    /// still; they move on when it continues.
    pub paused_since: Option<Timestamp>,
    /// Its waits in queues, in their order.
    pub episodes: Vec<EpisodeRecord<'a>>,
    /// Its outbound waits that are no callbacks.
    pub attempts: Vec<AttemptRecord<'a>>,
    /// Agents' engagements, in the order of their answers.
    pub engagements: Vec<EngagementRecord<'a>>,
    /// Policies that applied to it.
    pub obligations: Vec<ObligationRecord<'a>>,
    /// First-contact resolution, for an inbound contact of a known customer that was answered and has ended.
    #[schemars(extend("enum" = ["resolved", "repeated", "unresolved", null]))]
    pub resolution: Option<Cow<'a, str>>,
    /// Whether `resolution` is final: its window and the lateness behind it have passed.
    pub resolution_settled: Option<bool>,
    pub csat: CsatRecord,
    /// Ids of the alerts it caused.
    pub alerts: Vec<String>,
    /// Number of this record among the contact's; the highest is the newest.
    pub version: u32,
}

/// One wait in a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Episode")]
pub struct EpisodeRecord<'a> {
    pub queue: Cow<'a, str>,
    pub queued_at: Timestamp,
    /// `null` while it waits.
    pub ended_at: Option<Timestamp>,
    #[schemars(extend("enum" = ["answered", "abandoned", "left", "stale", null]))]
    pub outcome: Option<Cow<'a, str>>,
    /// Seconds.
    pub wait: Option<f64>,
    /// Agent who answered it, or its callback.
    pub agent: Option<Cow<'a, str>>,
    /// It left for a callback.
    #[serde(default)]
    #[schemars(!default)]
    pub callback: bool,
    /// When the callback was answered.
    pub reached_at: Option<Timestamp>,
}

/// One attempt to reach somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub struct AttemptRecord<'a> {
    pub queue: Option<Cow<'a, str>>,
    pub leg: Option<Cow<'a, str>>,
    pub queued_at: Timestamp,
    /// `null` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Silent: the customer had picked up, and hung up before an agent was there.
    #[schemars(extend("enum" = ["answered", "silent", "unreached", null]))]
    pub outcome: Option<Cow<'a, str>>,
    /// Agent who answered.
    pub agent: Option<Cow<'a, str>>,
}

/// One agent on one leg, from the answer to the end of after-contact work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Engagement")]
pub struct EngagementRecord<'a> {
    pub agent: Cow<'a, str>,
    pub queue: Option<Cow<'a, str>>,
    pub leg: Option<Cow<'a, str>>,
    /// Direction of its leg. All figures except counts of outbound engagements are about inbound ones and callbacks.
    #[serde(default = "inbound")]
    #[schemars(!default, extend("enum" = words(&Direction::ALL, Direction::name)))]
    pub direction: Cow<'a, str>,
    /// An outbound engagement that a wait asked for; it counts as inbound.
    #[serde(default)]
    #[schemars(!default)]
    pub callback: bool,
    pub answered_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Seconds, without holds; `null` while they talk.
    pub talk: Option<f64>,
    /// Seconds, so far if they still talk.
    #[serde(default)]
    #[schemars(!default)]
    pub hold: f64,
    /// Seconds of after-contact work; `null` until it is done.
    pub wrap: Option<f64>,
    /// Seconds: talk, hold and wrap; `null` until it has ended.
    pub handle: Option<f64>,
    /// The talk ended by a transfer.
    pub transferred: bool,
    /// Whether its handle time is in the mean; `null` until it has ended.
    pub complete: Option<bool>,
    /// A vendor's summary replaced figures of the events.
    pub reported: bool,
}

/// A policy applied once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Obligation")]
pub struct ObligationRecord<'a> {
    /// Its name in the settings.
    pub policy: Cow<'a, str>,
    pub queue: Option<Cow<'a, str>>,
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    /// `null` while it is open.
    #[schemars(extend("enum" = ["met", "missed", "excluded", null]))]
    pub outcome: Option<Cow<'a, str>>,
    pub decided_at: Option<Timestamp>,
    /// Agent who is judged by it; for an answer, the one who gave it in time.
    pub agent: Option<Cow<'a, str>>,
}

/// The customer's rating, and the prediction of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Csat", !default)]
pub struct CsatRecord {
    /// The latest survey as a share of its scale, 0 to 1.
    pub score: Option<f64>,
    /// Probability of a low rating as last predicted, 0 to 1.
    pub predicted_low: Option<f64>,
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
            contact_id: id.into(),
            channel: attributes.channel.map(|it| it.name().into()),
            direction: attributes.direction().name().into(),
            customer: attributes.customer.as_deref().map(Cow::from),
            reason: attributes.reason.as_deref().map(Cow::from),
            began_at: fold.began_at,
            ended_at: (fold.over_since).map(|at| at.max(answered_end.unwrap_or(at))),
            paused_since: fold.pause().map(|pause| pause.from),
            episodes: fold.episodes.iter().map(EpisodeRecord::new).collect(),
            attempts: fold.attempts.iter().map(AttemptRecord::new).collect(),
            engagements: fold.engagements.iter().map(EngagementRecord::new).collect(),
            obligations: (fold.obligations.iter())
                .map(|obligation| ObligationRecord::new(obligation, settings))
                .collect(),
            resolution: resolution.map(|it| it.name().into()),
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
            queue: episode.queue.as_str().into(),
            queued_at: episode.opened_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| outcome_name(end.outcome).into()),
            wait: end.map(|end| (end.at - episode.opened_at).as_secs()),
            agent: answered_by
                .or(reached.map(|reached| &reached.agent))
                .map(|agent| agent.as_str().into()),
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
            queue: attempt.queue.as_ref().map(|queue| queue.as_str().into()),
            leg: attempt.leg.as_deref().map(Cow::from),
            queued_at: attempt.opened_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| end.outcome.name().into()),
            agent: agent.map(|agent| agent.as_str().into()),
        }
    }
}

impl<'a> EngagementRecord<'a> {
    fn new(engagement: &'a Engagement) -> Self {
        let ended = engagement.ended_at.is_some();
        let talked = engagement.talk_ended_at.is_some();
        Self {
            agent: engagement.agent.as_str().into(),
            queue: engagement.queue.as_ref().map(|queue| queue.as_str().into()),
            leg: engagement.leg.as_deref().map(Cow::from),
            direction: engagement.direction.name().into(),
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
            policy: settings.policy_name(obligation.policy).into(),
            queue: obligation.queue.as_ref().map(|queue| queue.as_str().into()),
            opened_at: obligation.opened_at,
            due_at: obligation.due_at,
            outcome: decided.map(|decided| verdict_name(decided.verdict).into()),
            decided_at: decided.map(|decided| decided.at),
            agent: attributed_agent(obligation),
        }
    }
}

impl ContactRecord<'_> {
    /// Returns when a contact that counts in first-contact resolution ended, and whether it was resolved.
    #[must_use]
    pub fn resolved(&self) -> Option<(Timestamp, bool)> {
        let resolution = self.resolution.as_deref()?;
        // A reopened contact is not over.
        let worked_to = self.engagements.iter().filter_map(|it| it.ended_at).max();
        Some((self.ended_at.or(worked_to)?, resolution == "resolved"))
    }
}

impl EngagementRecord<'_> {
    /// Returns the handle time, if it counts in the mean.
    #[must_use]
    pub fn counted_handle(&self) -> Option<f64> {
        let inbound = self.direction == "inbound";
        let counts = inbound || self.callback;
        self.handle
            .filter(|_| counts && self.complete == Some(true))
    }
}

impl ObligationRecord<'_> {
    /// Returns when it was met or missed, and whether it was met.
    #[must_use]
    pub fn decision(&self) -> Option<(Timestamp, bool)> {
        let met = match self.outcome.as_deref()? {
            "met" => true,
            "missed" => false,
            _ => return None,
        };
        Some((self.decided_at?, met))
    }
}

/// Direction in records that were written before there was one.
const fn inbound<'a>() -> Cow<'a, str> {
    Cow::Borrowed("inbound")
}

/// Returns the agent who is judged by it; for an answer, the one who gave it in time.
fn attributed_agent(obligation: &Obligation) -> Option<Cow<'_, str>> {
    let in_time = |at| obligation.decided.is_some_and(|decided| decided.at == at);
    let answerer = (obligation.closed.as_ref())
        .filter(|closed| in_time(closed.at))
        .and_then(|closed| closed.agent.as_ref());
    (obligation.agent.as_ref())
        .or(answerer)
        .map(|agent| agent.as_str().into())
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
