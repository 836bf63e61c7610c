//! The contact record: one per contact under its id, replaced when corrected.

use serde::Serialize;

use super::{
    Contact, ContactSettings, Engagement, Episode, EpisodeOutcome, Obligation, Resolution, Verdict,
};
use crate::event::Timestamp;

/// A contact as it is written to `contacts`. Durations in seconds; absent is `null`.
#[derive(Debug, Serialize)]
pub struct ContactRecord<'a> {
    contact_id: &'a str,
    channel: Option<&'static str>,
    direction: &'static str,
    customer: Option<&'a str>,
    reason: Option<&'a str>,
    began_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    episodes: Vec<EpisodeRecord<'a>>,
    engagements: Vec<EngagementRecord<'a>>,
    obligations: Vec<ObligationRecord<'a>>,
    resolution: Option<&'static str>,
    resolution_settled: Option<bool>,
    csat: CsatRecord,
    alerts: Vec<String>,
    version: u32,
}

#[derive(Debug, Serialize)]
struct EpisodeRecord<'a> {
    queue: &'a str,
    queued_at: Timestamp,
    ended_at: Option<Timestamp>,
    outcome: Option<&'static str>,
    wait: Option<f64>,
    agent: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct EngagementRecord<'a> {
    agent: &'a str,
    queue: Option<&'a str>,
    leg: Option<&'a str>,
    direction: &'static str,
    answered_at: Timestamp,
    ended_at: Option<Timestamp>,
    talk: Option<f64>,
    hold: f64,
    wrap: Option<f64>,
    handle: Option<f64>,
    transferred: bool,
    complete: Option<bool>,
    reported: bool,
}

#[derive(Debug, Serialize)]
struct ObligationRecord<'a> {
    policy: &'a str,
    queue: Option<&'a str>,
    opened_at: Timestamp,
    due_at: Timestamp,
    outcome: Option<&'static str>,
    decided_at: Option<Timestamp>,
    agent: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CsatRecord {
    score: Option<f64>,
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
        let judgement = contact.standing.unwrap_or_default().judgement;
        let resolution = fold.resolution(judgement);
        Self {
            contact_id: id,
            channel: attributes.channel.map(crate::event::Channel::name),
            direction: attributes.direction().name(),
            customer: attributes.customer.as_deref(),
            reason: attributes.reason.as_deref(),
            began_at: fold.began_at,
            ended_at: fold.over_since,
            episodes: fold.episodes.iter().map(EpisodeRecord::new).collect(),
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
        Self {
            queue: episode.queue.as_str(),
            queued_at: episode.opened_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| outcome_name(end.outcome)),
            wait: end.map(|end| (end.at - episode.opened_at).as_secs()),
            agent: end
                .and_then(|end| end.agent.as_ref())
                .map(|agent| agent.as_str()),
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

/// Who is judged by it; of an answer, who gave it in time.
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
        EpisodeOutcome::Left => "left",
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

/// To 6 decimals, as all values in records are.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
