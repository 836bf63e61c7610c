//! Images of contacts: CBOR by field number. Times are distances from the contact's first, which take half the bytes.

use minicbor::{Decode, Decoder, decode::Error};

use super::{
    Contact, Fold,
    outbound::Attempt,
    parts::{Engagement, Episode, Obligation, Offer},
};
use crate::event::Timestamp;

impl Contact {
    /// Writes the image that the state log holds.
    pub fn write_image(&mut self) -> Vec<u8> {
        let first = self.fold.began_at.map_or(0, |at| at.0);
        let mut image = Vec::with_capacity(256);
        image.extend_from_slice(&first.to_be_bytes());
        self.each_time(&mut |at| at.0 = at.0.wrapping_sub(first));
        // Writing into memory can't fail, and all parts encode.
        let written = minicbor::encode(&*self, &mut image);
        debug_assert!(written.is_ok());
        self.each_time(&mut |at| at.0 = at.0.wrapping_add(first));
        image
    }

    /// Reads an image.
    ///
    /// # Errors
    /// When the bytes are no image of a contact.
    pub fn from_image(image: &[u8]) -> Result<Self, Error> {
        let cut = || Error::message("the image of a contact is cut");
        let (first, rest) = image.split_first_chunk::<8>().ok_or_else(cut)?;
        let first = i64::from_be_bytes(*first);
        let mut contact: Self = minicbor::decode(rest)?;
        contact.each_time(&mut |at| at.0 = at.0.wrapping_add(first));
        Ok(contact)
    }
}

/// The fields of most contacts that a restore needs: when their timers call. Other fields are skipped.
#[derive(Decode)]
struct Glance {
    #[n(0)]
    fold: FoldGlance,
    #[n(7)]
    armed_at: Option<Timestamp>,
    #[cbor(n(10), default)]
    ahead: Vec<PassedOver>,
}

#[derive(Decode)]
struct FoldGlance {
    #[n(3)]
    episodes: Vec<EpisodeGlance>,
    #[n(6)]
    obligations: Vec<ObligationGlance>,
}

#[derive(Decode)]
struct EpisodeGlance {
    #[n(2)]
    ended: Option<PassedOver>,
}

#[derive(Decode)]
struct ObligationGlance {
    #[n(7)]
    decided: Option<PassedOver>,
}

/// Any value.
struct PassedOver;

impl<'b, C> Decode<'b, C> for PassedOver {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        decoder.skip().map(|()| Self)
    }
}

impl Contact {
    /// Reads when the timers call a contact of which nothing is open: nobody waits, nothing is owed, and no other contact of its id follows. `None`:
    /// it has to be read completely.
    ///
    /// # Errors
    /// When the bytes are no image of a contact.
    pub fn armed_at_if_quiet(image: &[u8]) -> Result<Option<Option<Timestamp>>, Error> {
        let cut = || Error::message("the image of a contact is cut");
        let (first, rest) = image.split_first_chunk::<8>().ok_or_else(cut)?;
        let first = i64::from_be_bytes(*first);
        let seen: Glance = minicbor::decode(rest)?;
        let waits = seen.fold.episodes.iter().any(|it| it.ended.is_none());
        let owes = (seen.fold.obligations.iter()).any(|it| it.decided.is_none());
        if waits || owes || !seen.ahead.is_empty() {
            return Ok(None);
        }
        let armed_at = seen.armed_at.map(|at| Timestamp(at.0.wrapping_add(first)));
        Ok(Some(armed_at))
    }
}

type Change<'c> = &'c mut dyn FnMut(&mut Timestamp);

impl Fold {
    pub(super) fn each_time(&mut self, change: Change<'_>) {
        let own = [
            self.began_at.as_mut(),
            self.over_since.as_mut(),
            self.last_transition_at.as_mut(),
            self.contacted_at.as_mut(),
            self.survey.as_mut().map(|given| &mut given.at),
            self.answered_end.as_mut().map(|end| &mut end.at),
            self.experience.unanswered_since.as_mut(),
            self.flow_outs.as_mut().map(|them| &mut them.at),
            self.inbound_since.as_mut(),
            self.answered_now.as_mut().map(|them| &mut them.at),
        ];
        own.into_iter().flatten().for_each(&mut *change);
        self.reopenings
            .iter_mut()
            .for_each(|part| change(&mut part.at));
        self.pauses.iter_mut().for_each(|pause| {
            change(&mut pause.from);
            pause.to.iter_mut().for_each(&mut *change);
        });
        self.handoff.iter_mut().for_each(|handoff| {
            change(&mut handoff.turn_began_at);
            handoff.queued_at.iter_mut().for_each(&mut *change);
        });
        self.episodes
            .iter_mut()
            .for_each(|part| part.each_time(change));
        self.attempts
            .iter_mut()
            .for_each(|part| part.each_time(change));
        self.offers
            .iter_mut()
            .for_each(|part| part.each_time(change));
        self.engagements
            .iter_mut()
            .for_each(|part| part.each_time(change));
        self.obligations
            .iter_mut()
            .for_each(|part| part.each_time(change));
    }
}

impl Episode {
    fn each_time(&mut self, change: Change<'_>) {
        change(&mut self.opened_at);
        if let Some(end) = &mut self.ended {
            change(&mut end.at);
            (end.reached.iter_mut()).for_each(|reached| change(&mut reached.at));
        }
    }
}

impl Attempt {
    fn each_time(&mut self, change: Change<'_>) {
        change(&mut self.opened_at);
        self.ended.iter_mut().for_each(|end| change(&mut end.at));
    }
}

impl Offer {
    fn each_time(&mut self, change: Change<'_>) {
        change(&mut self.opened_at);
        self.ended.iter_mut().for_each(|end| change(&mut end.at));
    }
}

impl Engagement {
    fn each_time(&mut self, change: Change<'_>) {
        change(&mut self.answered_at);
        let optional = [
            &mut self.talk_ended_at,
            &mut self.ended_at,
            &mut self.held_since,
        ];
        optional.into_iter().flatten().for_each(&mut *change);
        (self.turns.iter_mut()).for_each(|turns| turns.each_time(change));
    }
}

impl Obligation {
    fn each_time(&mut self, change: Change<'_>) {
        [&mut self.opened_at, &mut self.risk_at, &mut self.due_at]
            .into_iter()
            .for_each(&mut *change);
        self.decided
            .iter_mut()
            .for_each(|decided| change(&mut decided.at));
        self.closed
            .iter_mut()
            .for_each(|closed| change(&mut closed.at));
    }
}
