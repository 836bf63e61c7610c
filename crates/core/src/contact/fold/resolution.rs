//! First-contact resolution, as far as the contact alone decides it.

use xxhash_rust::xxh3::xxh3_64;

use super::{Conversation, Fold};
use crate::{
    contact::{
        Case, CaseEnd, ContactSettings, Judgement, Resolution,
        end::{AnsweredEnd, Flaw},
        parts::{Engagement, EpisodeOutcome},
    },
    event::{AgentId, Direction, QueueId, Text, Timestamp},
};

impl Fold {
    /// Returns the case for its customer's task, of an inbound contact that has begun.
    #[must_use]
    pub fn case(&self) -> Option<Case> {
        let began_at = self.began_inbound_at()?;
        Some(Case {
            began_at,
            reason: self.attributes.reason.as_ref().map(hash),
            end: self.case_end(),
        })
    }

    /// Returns when it began: its first event other than a survey or a report; for a contact that is not inbound itself, its first inbound wait.
    fn began_inbound_at(&self) -> Option<Timestamp> {
        match self.attributes.direction() {
            Direction::Inbound => self.contacted_at,
            Direction::Outbound | Direction::Internal | Direction::Monitor => self.inbound_since,
        }
    }

    fn case_end(&self) -> Option<CaseEnd> {
        let (end, first) = self.answered_end.as_ref().zip(self.first_engaged())?;
        Some(CaseEnd {
            at: end.at,
            agent: first.agent.clone(),
            queue: first.queue.clone(),
            channel: self.attributes.channel(),
            own: self.own_resolution(end),
        })
    }

    /// Returns the resolution by the contact alone, as known at the end of its window.
    fn own_resolution(&self, end: &AnsweredEnd) -> Resolution {
        match (self.dispositions.last, end.flaw) {
            (Some(false), _) | (_, Some(_)) => Resolution::Unresolved,
            (_, None) if self.conversation.has(Conversation::REPEATED) => Resolution::Repeated,
            (_, None) => Resolution::Resolved,
        }
    }

    /// Returns when an answered contact of a known customer, with an inbound leg, ended: it counts in first-contact resolution.
    #[must_use]
    pub fn judged_at(&self) -> Option<Timestamp> {
        let known = self.attributes.customer.is_some();
        let end = self.answered_end.as_ref().filter(|_| known)?;
        self.first_engaged().is_some().then_some(end.at)
    }

    /// Returns the resolution of a contact that counts, given its customer's judgement.
    #[must_use]
    pub fn resolution(&self, judgement: Judgement) -> Option<Resolution> {
        self.judged_at()?;
        let end = self.answered_end.as_ref()?;
        let own = || self.own_resolution(end);
        Some(match (judgement.settled, judgement.repeated) {
            (Some(settled), _) => settled,
            (None, true) if own() == Resolution::Resolved => Resolution::Repeated,
            (None, _) => own(),
        })
    }

    /// Returns when an answered inbound contact without a known customer ended, and who was engaged first, in which queue.
    pub(in crate::contact) fn end_without_customer(
        &self,
    ) -> Option<(Timestamp, &AgentId, Option<&QueueId>)> {
        if self.attributes.customer.is_some() {
            return None;
        }
        let (end, first) = self.answered_end.as_ref().zip(self.first_engaged())?;
        Some((end.at, &first.agent, first.queue.as_ref()))
    }

    /// Returns the first inbound engagement.
    #[must_use]
    pub fn first_engaged(&self) -> Option<&Engagement> {
        (self.engagements.iter()).find(|one| one.is_inbound())
    }

    /// Returns why the contact that ends now is not resolved, whatever comes later.
    pub(super) fn flaw(&self, passed_on: bool) -> Option<Flaw> {
        if self.is_wait_lost() {
            return Some(Flaw::WaitLost);
        }
        passed_on.then_some(Flaw::PassedOn)
    }

    /// Whether the last wait came after an answer, and nobody took it.
    fn is_wait_lost(&self) -> bool {
        let after_answer = self.episodes.last().filter(|last| last.after_answer);
        let end = after_answer.and_then(|last| last.ended.as_ref());
        end.is_some_and(|end| match end.outcome {
            EpisodeOutcome::Abandoned | EpisodeOutcome::Left => true,
            EpisodeOutcome::LeftForCallback => end.reached.is_none(),
            EpisodeOutcome::Answered | EpisodeOutcome::Stale => false,
        })
    }

    /// Counts as a repeat that a contact which was over began anew within its window.
    pub(super) fn repeat(&mut self, at: Timestamp, settings: &ContactSettings) {
        let window = settings.first_contact.window;
        let end = self.answered_end.as_ref();
        if end.is_some_and(|end| at < end.at + window) {
            self.conversation.set(Conversation::REPEATED);
        }
    }

    pub(super) fn is_passed_on(&self) -> bool {
        let second = self.first_engaged().is_some_and(|first| {
            (self.engagements.iter()).any(|one| one.is_inbound() && one.agent != first.agent)
        });
        second || self.left_house
    }

    /// Applies a disposition of any engagement until the window is over.
    pub(super) fn dispose(
        &mut self,
        at: Timestamp,
        resolved: Option<bool>,
        settings: &ContactSettings,
    ) {
        let window = settings.first_contact.window;
        let settled = (self.answered_end.as_ref()).is_some_and(|end| end.at + window < at);
        if resolved.is_some() && !settled {
            self.dispositions.last = resolved;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half of a hash")]
fn hash(reason: &Text) -> u32 {
    xxh3_64(reason.as_bytes()) as u32
}
