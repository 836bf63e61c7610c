//! Reads what is written, reported, resolved and reopened.

use super::{
    parts::{Engagement, EngagementEnd, Moment, Reopened, Said, WaitEnd},
    reading::{Reading, Side},
};
use crate::event::{AgentId, Author, Direction, EngagementReported, MessageSent, Span, Timestamp};

impl Reading<'_> {
    /// Keeps a moment as it was before its event changed anything else.
    pub(super) fn note(&mut self, at: Timestamp, position: usize, what: Said) {
        let talks =
            |one: &&Engagement| one.direction == Direction::Inbound && one.talk_ended_at.is_none();
        let talking = self.parts.engagements.iter().rfind(talks);
        let moment = Moment {
            at,
            what,
            queue: self.queue_around(position),
            talking: talking.map(|engagement| engagement.agent.clone()),
        };
        self.parts.moments.push(moment);
    }

    /// The customer leaves without an answer, for good or for now.
    pub(super) fn lost(&mut self, at: Timestamp, position: usize, end: WaitEnd) {
        let Some(wait) = self.open_wait() else {
            return;
        };
        let waited = at - wait.queued_at;
        let what = if end == WaitEnd::Abandoned {
            Said::Abandoned { waited }
        } else {
            Said::Left { waited }
        };
        self.note(at, position, what);
        self.end_wait(at, end);
    }

    /// Private notes, bots and systems say nothing that counts.
    pub(super) fn wrote(&mut self, at: Timestamp, position: usize, it: &MessageSent) {
        if !it.public {
            return;
        }
        // Messages have no leg number. What a customer writes to a contact that is over begins nothing.
        let counts = self.side == Side::Open && self.direction_of(&None) == Direction::Inbound;
        match &it.by {
            Author::Customer if counts => self.note(at, position, Said::Customer),
            Author::Agent(agent) => self.note(at, position, Said::Agent(agent.clone())),
            Author::Customer | Author::Bot | Author::System => {}
        }
    }

    pub(super) fn resolved(&mut self, at: Timestamp, position: usize, agent: Option<&AgentId>) {
        self.note(at, position, Said::Resolved(agent.cloned()));
        if self.side == Side::Open {
            self.side = Side::Resolved;
            self.parts.over_since = Some(at);
        }
        self.end_for_good(at);
    }

    pub(super) fn reopened(&mut self, at: Timestamp, position: usize) {
        if self.side == Side::Open {
            return;
        }
        self.side = Side::Open;
        self.parts.over_since = None;
        if self.direction_of(&None) == Direction::Inbound {
            self.note(at, position, Said::Reopened);
        }
        let waited_in = self.parts.waits.last().map(|wait| wait.queue.clone());
        let engaged = self.last_engaged();
        self.parts.reopenings.push(Reopened {
            at,
            engaged,
            waited_in,
        });
    }

    /// A report without a leg is of the agent's latest engagement; one with a leg is of the latest on that leg.
    pub(super) fn reported(&mut self, at: Timestamp, position: usize, it: &EngagementReported) {
        let of_leg = |one: &Engagement| it.leg.is_none() || one.leg == it.leg;
        let mut engagements = self.parts.engagements.iter();
        let known = engagements.rposition(|one| one.agent == it.agent && of_leg(one));
        let Some(index) = known.or_else(|| self.begin_reported(at, position, it)) else {
            return;
        };
        let engagement = &mut self.parts.engagements[index];
        let said = engagement.reported.get_or_insert_default();
        for (part, named) in [
            (&mut said.talk, it.talk),
            (&mut said.hold, it.hold),
            (&mut said.wrap, it.wrap_up),
        ] {
            self.parts.clock_skews += u64::from(named.is_some_and(|span| span < Span::ZERO));
            *part = named.map(|span| span.max(Span::ZERO)).or(*part);
        }
        if engagement.talk_ended_at.is_some() {
            let end = EngagementEnd { at, complete: true };
            engagement.end.get_or_insert(end);
        }
    }

    /// Nobody told us of the answer: an engagement that is over when it is reported. A monitor has none.
    fn begin_reported(
        &mut self,
        at: Timestamp,
        position: usize,
        it: &EngagementReported,
    ) -> Option<usize> {
        let direction = self.direction_of(&it.leg);
        if direction == Direction::Monitor {
            return None;
        }
        self.note(at, position, Said::ReportedAlone);
        self.parts.engagements.push(Engagement {
            agent: it.agent.clone(),
            queue: self.parts.waits.last().map(|wait| wait.queue.clone()),
            leg: it.leg.clone(),
            direction,
            answered_at: at,
            talk_ended_at: Some(at),
            transferred_at: None,
            hold: Span::ZERO,
            held_since: None,
            wrap_up_said: None,
            end: Some(EngagementEnd { at, complete: true }),
            reported: None,
        });
        Some(self.parts.engagements.len() - 1)
    }
}
