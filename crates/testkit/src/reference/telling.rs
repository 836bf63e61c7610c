//! Reads what is written, reported, resolved and reopened.

use super::{
    parts::{Engagement, EngagementEnd, Moment, Reopened, Said, WaitEnd},
    reading::{Reading, Side, queue_named},
};
use floorwalker_core::event::{
    AgentId, Author, Channel, Direction, EngagementReported, MessageSent, QueueId, Span, Timestamp,
};

impl Reading<'_> {
    /// Keeps a moment as it was before its event changed anything else.
    pub(super) fn note(&mut self, at: Timestamp, position: usize, what: Said) {
        let talks = |one: &&Engagement| one.is_inbound() && one.talk_ended_at.is_none();
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
        let callback = end == WaitEnd::Left { callback: true };
        let what = if end == WaitEnd::Abandoned {
            Said::Abandoned { waited }
        } else {
            Said::Left { waited, callback }
        };
        self.note(at, position, what);
        self.end_wait(at, end);
    }

    /// Private notes, bots and systems say nothing that counts.
    pub(super) fn wrote(&mut self, at: Timestamp, position: usize, it: &MessageSent) {
        if !it.public {
            return;
        }
        if it.by == Author::Customer {
            self.continued(at);
        }
        for engagement in &mut self.parts.engagements {
            match &it.by {
                Author::Customer => engagement.turn_begins(at),
                Author::Agent(_) => engagement.turn_over(at),
                Author::Bot | Author::System => {}
            }
        }
        // What a customer writes to a contact that is over begins nothing.
        let counts = self.side == Side::Open && self.parts.has_inbound_leg();
        match &it.by {
            Author::Customer if counts => self.note(at, position, Said::Customer),
            Author::Agent(agent) => self.note(at, position, Said::Agent(agent.clone())),
            Author::Bot => self.note(at, position, Said::Bot),
            Author::Customer | Author::System => {}
        }
    }

    /// It waits for somebody who is not ours.
    pub(super) fn paused(&mut self, at: Timestamp) {
        for engagement in &mut self.parts.engagements {
            engagement.turn_over(at);
        }
        if !self.is_paused() {
            self.parts.pauses.push((at, None));
        }
    }

    /// If it waited for somebody, it does no more.
    pub(super) fn continued(&mut self, at: Timestamp) {
        if !self.is_paused() {
            return;
        }
        for engagement in &mut self.parts.engagements {
            engagement.turn_begins(at);
        }
        if let Some((_, until)) = self.parts.pauses.last_mut() {
            *until = Some(at);
        }
    }

    fn is_paused(&self) -> bool {
        let last = self.parts.pauses.last();
        last.is_some_and(|(_, until)| until.is_none())
    }

    /// In writing nobody works while the customer owes the next word.
    pub(super) fn goes_by_turns(&self) -> bool {
        use Channel::{Email, Messaging, Sms, Social};
        [Email, Social, Sms, Messaging].contains(&self.parts.channel)
    }

    /// The queue of the event, else the last named before, else the first after.
    pub(super) fn queue_around(&self, position: usize) -> Option<QueueId> {
        let before = self.events.iter().take(position + 1).rev();
        let after = self.events.iter().skip(position + 1);
        before
            .chain(after)
            .find_map(|event| queue_named(event))
            .cloned()
    }

    pub(super) fn resolved(&mut self, at: Timestamp, position: usize, agent: Option<&AgentId>) {
        // If it names nobody, it is whoever was engaged last.
        let last = self.last_engaged();
        let last = last.map(|index| self.parts.engagements[index].agent.clone());
        let resolver = agent.cloned().or(last);
        self.note(at, position, Said::Resolved(resolver));
        let has_wrap_up = self.has_wrap_up();
        for engagement in &mut self.parts.engagements {
            if engagement.by_turns {
                engagement.end_talk(at, has_wrap_up);
            }
        }
        if self.side == Side::Open {
            self.side = Side::Over;
            self.parts.over_since = Some(at);
        }
        self.end_for_good(at);
    }

    pub(super) fn reopened(&mut self, at: Timestamp, position: usize) {
        if self.side == Side::Open {
            return;
        }
        self.begins_anew(at);
        self.side = Side::Open;
        self.hung_up = false;
        self.parts.over_since = None;
        self.continued(at);
        if self.parts.has_inbound_leg() {
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

    /// Of the agent's latest engagement; where both it and the answer name a leg, of the latest on that leg.
    pub(super) fn reported(&mut self, at: Timestamp, position: usize, it: &EngagementReported) {
        let of_leg = |one: &Engagement| match (&it.leg, &one.leg) {
            (Some(reported), Some(answered)) => reported == answered,
            _ => true,
        };
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
            let wrap_known = false;
            engagement
                .end
                .get_or_insert(EngagementEnd { at, wrap_known });
        }
    }

    /// Nobody told us of the answer: an engagement that is over when it is reported. A monitor has none.
    fn begin_reported(
        &mut self,
        at: Timestamp,
        position: usize,
        it: &EngagementReported,
    ) -> Option<usize> {
        let leg = self.leg(&it.leg);
        if leg.direction == Direction::Monitor {
            return None;
        }
        self.note(at, position, Said::ReportedAlone);
        self.parts.engagements.push(Engagement {
            agent: it.agent.clone(),
            queue: self.parts.waits.last().map(|wait| wait.queue.clone()),
            leg: it.leg.clone(),
            direction: leg.direction,
            callback: leg.calls_back.is_some(),
            answered_at: at,
            talk_ended_at: Some(at),
            transferred_at: None,
            hold: Span::ZERO,
            held_since: None,
            wrap_up_received: None,
            end: Some(EngagementEnd {
                at,
                wrap_known: !self.has_wrap_up(),
            }),
            reported: None,
            by_turns: false,
            turns: Vec::new(),
            talk_unknown: true,
        });
        Some(self.parts.engagements.len() - 1)
    }
}
