//! Floorwalker's own format: flat JSON, the kind in `type`, one field per value.

use xxhash_rust::xxh3::xxh3_128;

use super::{
    Decoded, Rejection, RejectionCode,
    field::{Field, Fields, Key, excerpt, unknown_word},
};
use crate::event::{
    self, AgentLeft, AgentState, AgentStateChanged, AlertAcknowledged, AtAgent, Author, Body,
    Channel, ContactQueued, CustomerId, DeclineCause, Direction, EndedBy, EngagementReported,
    Event, EventId, Id, KeyKind, LeftWhy, MessageSent, Span, Survey, Text, Timestamp,
    TransferTarget, Transferred, WrapUpEnded,
};

/// 2000-01-01T00:00:00Z. Anything earlier has a broken clock, or seconds where milliseconds belong.
const EARLIEST: Timestamp = Timestamp(946_684_800_000_000);
/// 2201-01-01T00:00:00Z, not included.
const LATEST: Timestamp = Timestamp(7_289_654_400_000_000);

pub(super) fn decode(json: &str) -> Result<Decoded, Rejection> {
    let fields = Fields::read(json)?;
    let kind = needed(fields.text(Key::Type)?, Key::Type, "an event")?;
    interpret(kind, &fields)
}

/// Makes an event of these fields, of either format.
pub(super) fn interpret(kind: &str, fields: &Fields<'_>) -> Result<Decoded, Rejection> {
    let input = Input { kind, fields };
    match input.body()? {
        Some(body) => Ok(Decoded::Event(input.event(body)?)),
        None => Ok(Decoded::Unknown(Text::new(&excerpt(kind)))),
    }
}

struct Input<'f> {
    kind: &'f str,
    fields: &'f Fields<'f>,
}

impl Input<'_> {
    /// `None`: an unknown kind.
    fn body(&self) -> Result<Option<Body>, Rejection> {
        let body = match self.kind {
            "transferred" => self.transferred()?,
            "contact_queued" => self.contact_queued()?,
            "contact_left_queue" => self.contact_left_queue()?,
            "agent_offered" => Body::AgentOffered(self.at_agent()?),
            "offer_declined" => self.offer_declined()?,
            "agent_answered" => Body::AgentAnswered(self.at_agent()?),
            "agent_left" => Body::AgentLeft(AgentLeft {
                agent: self.id(Key::Agent)?,
                leg: self.fields.remark(Key::Leg)?,
            }),
            "contact_paused" => Body::ContactPaused(self.fields.remark(Key::Reason)?),
            "contact_continued" => Body::ContactContinued(self.fields.remark(Key::Reason)?),
            "hold_started" => Body::HoldStarted(self.id(Key::Agent)?),
            "hold_ended" => Body::HoldEnded(self.id(Key::Agent)?),
            "message_sent" => self.message_sent()?,
            "contact_ended" => self.contact_ended()?,
            "wrap_up_ended" => self.wrap_up_ended()?,
            "engagement_reported" => self.engagement_reported()?,
            "contact_resolved" => Body::ContactResolved(self.fields.id(Key::Agent)?),
            "contact_reopened" => Body::ContactReopened(self.fields.id(Key::Agent)?),
            "survey_answered" => {
                Body::SurveyAnswered(self.survey()?, self.fields.prose(Key::Comment)?)
            }
            "agent_state_changed" => self.agent_state_changed()?,
            "alert_acknowledged" => self.alert_acknowledged()?,
            _ => return Ok(None),
        };
        Ok(Some(body))
    }

    fn event(&self, body: Body) -> Result<Event, Rejection> {
        let content = Content {
            occurred_at: self.occurred_at()?,
            sequence: self.fields.integer(Key::Sequence)?,
            key: self.key_of(&body)?,
            channel: self
                .fields
                .word(Key::Channel, &Channel::ALL, Channel::name)?,
            customer: self.fields.id(Key::CustomerId)?,
            body,
        };
        let id = self.fields.id(Key::EventId)?;
        Ok(content.with_id(id))
    }

    fn key_of(&self, body: &Body) -> Result<event::Key, Rejection> {
        Ok(match body.key_kind() {
            KeyKind::Contact => event::Key::Contact(self.id(Key::ContactId)?),
            KeyKind::Agent => event::Key::Agent(self.id(Key::Agent)?),
            KeyKind::Alert => {
                event::Key::Alert(needed(self.fields.alert_id()?, Key::Alert, self.kind)?)
            }
        })
    }

    fn occurred_at(&self) -> Result<Timestamp, Rejection> {
        const EXPECTED: &str = "an RFC 3339 time or epoch milliseconds";
        let given = self.fields.value(Key::OccurredAt, EXPECTED, instant)?;
        needed(given, Key::OccurredAt, self.kind)?.and_then(plausible)
    }

    fn transferred(&self) -> Result<Body, Rejection> {
        Ok(Body::Transferred(Transferred {
            agent: self.id(Key::Agent)?,
            to: self.transfer_target()?,
            warm: self.fields.bool(Key::Warm)?.unwrap_or(false),
        }))
    }

    fn transfer_target(&self) -> Result<Option<TransferTarget>, Rejection> {
        let queue = self.fields.id(Key::ToQueue)?;
        let agent = self.fields.id(Key::ToAgent)?;
        let external = self.fields.remark(Key::ToExternal)?;
        match (queue, agent, external) {
            (None, None, None) => Ok(None),
            (Some(queue), None, None) => Ok(Some(TransferTarget::Queue(queue))),
            (None, Some(agent), None) => Ok(Some(TransferTarget::Agent(agent))),
            (None, None, Some(external)) => Ok(Some(TransferTarget::External(external))),
            _ => Err(Rejection::of(
                RejectionCode::AmbiguousTarget,
                "a transfer goes to one of `to_queue`, `to_agent`, `to_external`".to_owned(),
            )),
        }
    }

    fn contact_queued(&self) -> Result<Body, Rejection> {
        let queued = ContactQueued {
            queue: self.fields.id(Key::Queue)?,
            direction: self
                .fields
                .word(Key::Direction, &Direction::ALL, Direction::name)?,
            priority: self.fields.integer(Key::Priority)?,
            reason: self.fields.remark(Key::Reason)?,
            leg: self.fields.remark(Key::Leg)?,
            thread: self.fields.remark(Key::Thread)?,
        };
        if queued.queue.is_none() && matches!(queued.direction, None | Some(Direction::Inbound)) {
            return Err(Rejection::of(
                RejectionCode::WaitWithoutQueue,
                "an inbound contact_queued needs a `queue`".to_owned(),
            ));
        }
        Ok(Body::ContactQueued(queued))
    }

    fn contact_left_queue(&self) -> Result<Body, Rejection> {
        let why = self.fields.word(Key::Why, &LeftWhy::ALL, LeftWhy::name)?;
        Ok(Body::ContactLeftQueue(why.unwrap_or(LeftWhy::Other)))
    }

    fn at_agent(&self) -> Result<AtAgent, Rejection> {
        Ok(AtAgent {
            agent: self.id(Key::Agent)?,
            queue: self.fields.id(Key::Queue)?,
            leg: self.fields.remark(Key::Leg)?,
        })
    }

    fn offer_declined(&self) -> Result<Body, Rejection> {
        let cause = self.word(Key::Cause, &DeclineCause::ALL, DeclineCause::name)?;
        Ok(Body::OfferDeclined(self.id(Key::Agent)?, cause))
    }

    fn message_sent(&self) -> Result<Body, Rejection> {
        Ok(Body::MessageSent(MessageSent {
            by: self.author()?,
            public: self.fields.bool(Key::Public)?.unwrap_or(true),
            queue: self.fields.id(Key::Queue)?,
            text: self.fields.prose(Key::Text)?,
            sentiment: self.sentiment()?,
        }))
    }

    fn author(&self) -> Result<Author, Rejection> {
        let name = needed(self.fields.text(Key::By)?, Key::By, self.kind)?;
        let author = Author::from_name(name, || self.id(Key::Agent))?;
        author.ok_or_else(|| unknown_word(Key::By, name, Author::NAMES.into_iter()))
    }

    fn sentiment(&self) -> Result<Option<f64>, Rejection> {
        match self.fields.number(Key::Sentiment)? {
            Some(off) if !MessageSent::is_sentiment(off) => Err(Rejection::of(
                RejectionCode::SentimentOffScale,
                format!("the sentiment {off:?} is off its scale, -1 to 1"),
            )),
            given => Ok(given),
        }
    }

    fn contact_ended(&self) -> Result<Body, Rejection> {
        let by = self.word(Key::By, &EndedBy::ALL, EndedBy::name)?;
        Ok(Body::ContactEnded(by, self.fields.remark(Key::Reason)?))
    }

    fn engagement_reported(&self) -> Result<Body, Rejection> {
        let count = self.fields.integer(Key::HoldCount)?;
        let report = EngagementReported {
            agent: self.id(Key::Agent)?,
            leg: self.fields.remark(Key::Leg)?,
            talk: self.seconds(Key::Talk)?,
            hold: self.seconds(Key::Hold)?,
            wrap_up: self.seconds(Key::WrapUp)?,
            hold_count: count.map(|count| u32::try_from(count.max(0)).unwrap_or(u32::MAX)),
        };
        if !report.names_a_part() {
            return Err(Rejection::of(
                RejectionCode::ReportWithoutPart,
                "engagement_reported needs at least one of `talk`, `hold`, `wrap_up`".to_owned(),
            ));
        }
        Ok(Body::EngagementReported(report))
    }

    fn seconds(&self, key: Key) -> Result<Option<Span>, Rejection> {
        let Some(seconds) = self.fields.number(key)? else {
            return Ok(None);
        };
        let span = Span::from_secs_f64(seconds).ok_or_else(|| {
            let sentence = format!("`{}` is {seconds:?} s, over 31 years", key.name());
            Rejection::of(RejectionCode::DurationOutOfRange, sentence)
        })?;
        Ok(Some(span))
    }

    fn agent_state_changed(&self) -> Result<Body, Rejection> {
        Ok(Body::AgentStateChanged(AgentStateChanged {
            state: self.word(Key::State, &AgentState::ALL, AgentState::name)?,
            reason: self.fields.remark(Key::Reason)?,
            team: self.fields.id(Key::Team)?,
            site: self.fields.id(Key::Site)?,
            skills: self.fields.remarks(Key::Skills)?,
        }))
    }

    fn alert_acknowledged(&self) -> Result<Body, Rejection> {
        let by = needed(self.fields.remark(Key::By)?, Key::By, self.kind)?;
        let note = self.fields.remark(Key::Note)?;
        Ok(Body::AlertAcknowledged(AlertAcknowledged { by, note }))
    }

    fn wrap_up_ended(&self) -> Result<Body, Rejection> {
        Ok(Body::WrapUpEnded(WrapUpEnded {
            agent: self.id(Key::Agent)?,
            disposition: self.fields.remark(Key::Disposition)?,
            resolved: self.fields.bool(Key::Resolved)?,
        }))
    }

    fn survey(&self) -> Result<Survey, Rejection> {
        let number = |key| needed(self.fields.number(key)?, key, self.kind);
        let survey = Survey {
            score: number(Key::Score)?,
            scale_min: number(Key::ScaleMin)?,
            scale_max: number(Key::ScaleMax)?,
        };
        on_scale(survey)
    }

    fn id<Kind>(&self, key: Key) -> Result<Id<Kind>, Rejection> {
        needed(self.fields.id(key)?, key, self.kind)
    }

    fn word<T: Copy>(
        &self,
        key: Key,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, Rejection> {
        needed(self.fields.word(key, all, name)?, key, self.kind)
    }
}

fn needed<T>(value: Option<T>, key: Key, kind: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| {
        let sentence = format!("{kind} needs `{}`", key.name());
        Rejection::of(RejectionCode::MissingField, sentence)
    })
}

fn instant(field: &Field<'_>) -> Option<Result<Timestamp, Rejection>> {
    if let Field::Time(at) = field {
        return Some(Ok(*at));
    }
    let Some(text) = field.as_text() else {
        return field.as_integer().map(Timestamp::from_millis).map(Ok);
    };
    Some(Timestamp::parse(text).map_err(|fault| {
        let sentence = format!("`occurred_at`: {fault}");
        Rejection::of(RejectionCode::InvalidTime, sentence)
    }))
}

fn plausible(at: Timestamp) -> Result<Timestamp, Rejection> {
    if (EARLIEST..LATEST).contains(&at) {
        return Ok(at);
    }
    Err(Rejection::of(
        RejectionCode::TimeOutOfRange,
        format!(
            "`occurred_at` is {at}, outside the years 2000 to 2200; whole numbers are milliseconds since 1970"
        ),
    ))
}

fn on_scale(survey: Survey) -> Result<Survey, Rejection> {
    let Survey {
        score,
        scale_min,
        scale_max,
    } = survey;
    let width = scale_max - scale_min;
    if !(width > 0.0 && width.is_finite()) {
        let sentence = format!("the scale {scale_min:?} to {scale_max:?} has no width");
        return Err(Rejection::of(RejectionCode::ScaleWithoutWidth, sentence));
    }
    if !(scale_min..=scale_max).contains(&score) {
        let sentence =
            format!("the score {score:?} is off its scale, {scale_min:?} to {scale_max:?}");
        return Err(Rejection::of(RejectionCode::ScoreOffScale, sentence));
    }
    Ok(survey)
}

/// An event without its id.
struct Content {
    occurred_at: Timestamp,
    sequence: Option<i64>,
    key: event::Key,
    channel: Option<Channel>,
    customer: Option<CustomerId>,
    body: Body,
}

impl Content {
    fn with_id(self, id: Option<EventId>) -> Event {
        Event {
            id: id.unwrap_or_else(|| self.digest()),
            occurred_at: self.occurred_at,
            sequence: self.sequence,
            key: self.key,
            channel: self.channel,
            customer: self.customer,
            body: self.body,
        }
    }

    /// Digest of the meaning, not the bytes: order of fields, spelling of numbers and times, and the source don't matter.
    fn digest(&self) -> EventId {
        let Self {
            occurred_at,
            sequence,
            key,
            channel,
            customer,
            body,
        } = self;
        let content = (occurred_at, key.as_str(), channel, customer, body);
        let bytes = match sequence {
            Some(sequence) => minicbor::to_vec((content, sequence)),
            None => minicbor::to_vec(content),
        };
        let bytes = bytes.expect("encoding into memory can't fail");
        EventId::new(&format!("~{:032x}", xxh3_128(&bytes)))
    }
}
