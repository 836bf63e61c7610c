//! What a contact itself has to say of first-contact resolution.

use xxhash_rust::xxh3::xxh3_64;

use super::{Conversation, Fold};
use crate::{
    contact::{
        Case, CaseEnd, ContactSettings, Judgement, Resolution,
        parts::{AnsweredEnd, Engagement, EpisodeOutcome, Flaw},
    },
    event::{AgentId, Direction, QueueId, Text, Timestamp},
};

impl Fold {
    /// The contact as its customer knows it: of an inbound one that has begun.
    #[must_use]
    pub fn case(&self) -> Option<Case> {
        let inbound = self.attributes.direction() == Direction::Inbound;
        let began_at = self.contacted_at.filter(|_| inbound)?;
        Some(Case {
            began_at,
            reason: self.attributes.reason.as_ref().map(hash),
            end: self.case_end(),
        })
    }

    fn case_end(&self) -> Option<CaseEnd> {
        let (end, first) = self.answered_end.as_ref().zip(self.first_engaged())?;
        Some(CaseEnd {
            at: end.at,
            agent: first.agent.clone(),
            queue: first.queue.clone(),
            channel: self.attributes.channel(),
            so_far: self.own_resolution(end, self.dispositions.last),
            settled: self.own_resolution(end, self.dispositions.last_in_window),
        })
    }

    /// By what the contact knows of itself, and the last disposition.
    fn own_resolution(&self, end: &AnsweredEnd, said: Option<bool>) -> Resolution {
        match (said, end.flaw) {
            (Some(false), _) | (_, Some(_)) => Resolution::Unresolved,
            (_, None) if self.conversation.has(Conversation::REPEATED) => Resolution::Repeated,
            (_, None) => Resolution::Resolved,
        }
    }

    /// When an answered inbound contact of a known customer ended: it counts in first-contact resolution.
    #[must_use]
    pub fn judged_at(&self) -> Option<Timestamp> {
        let attributes = &self.attributes;
        let counts = attributes.customer.is_some() && attributes.direction() == Direction::Inbound;
        let end = self.answered_end.as_ref().filter(|_| counts)?;
        self.first_engaged().is_some().then_some(end.at)
    }

    /// What became of a contact that counts, with what its customer said of it.
    #[must_use]
    pub fn resolution(&self, judgement: Judgement) -> Option<Resolution> {
        self.judged_at()?;
        let end = self.answered_end.as_ref()?;
        let own = || self.own_resolution(end, self.dispositions.last);
        Some(match (judgement.settled, judgement.repeated) {
            (Some(settled), _) => settled,
            (None, true) if own() == Resolution::Resolved => Resolution::Repeated,
            (None, _) => own(),
        })
    }

    /// When an answered inbound contact of nobody knows whom ended, and who was the first engaged, in which queue.
    pub(in crate::contact) fn end_without_customer(
        &self,
    ) -> Option<(Timestamp, &AgentId, Option<&QueueId>)> {
        let attributes = &self.attributes;
        if attributes.customer.is_some() || attributes.direction() != Direction::Inbound {
            return None;
        }
        let (end, first) = self.answered_end.as_ref().zip(self.first_engaged())?;
        Some((end.at, &first.agent, first.queue.as_ref()))
    }

    /// The inbound engagement that was the first to begin.
    #[must_use]
    pub fn first_engaged(&self) -> Option<&Engagement> {
        (self.engagements.iter()).find(|one| one.direction == Direction::Inbound)
    }

    /// Why the contact that ends now is not resolved, whatever is said of it.
    pub(super) fn flaw(&self, settings: &ContactSettings) -> Option<Flaw> {
        if self.is_wait_lost() {
            return Some(Flaw::WaitLost);
        }
        let breaks = settings.first_contact.transfer_breaks && self.is_passed_on();
        breaks.then_some(Flaw::PassedOn)
    }

    fn is_wait_lost(&self) -> bool {
        let Some(last) = self.episodes.last() else {
            return false;
        };
        let lost = (last.ended.as_ref()).is_some_and(|end| {
            matches!(
                end.outcome,
                EpisodeOutcome::Abandoned | EpisodeOutcome::Left
            )
        });
        // At one instant a wait begins before an answer.
        lost && (self.first_engaged()).is_some_and(|first| first.answered_at < last.opened_at)
    }

    fn is_passed_on(&self) -> bool {
        let second = self.first_engaged().is_some_and(|first| {
            (self.engagements.iter())
                .any(|one| one.direction == Direction::Inbound && one.agent != first.agent)
        });
        second || self.left_house
    }

    /// Takes what a disposition says, of whichever engagement, however late.
    pub(super) fn dispose(
        &mut self,
        at: Timestamp,
        resolved: Option<bool>,
        settings: &ContactSettings,
    ) {
        let window = settings.first_contact.window;
        let Some(resolved) = resolved else { return };
        self.dispositions.last = Some(resolved);
        let settled = (self.answered_end.as_ref()).is_some_and(|end| end.at + window < at);
        if !settled {
            self.dispositions.last_in_window = Some(resolved);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half of a hash")]
fn hash(reason: &Text) -> u32 {
    xxh3_64(reason.as_bytes()) as u32
}
