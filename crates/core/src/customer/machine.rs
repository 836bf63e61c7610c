//! One customer: the contacts that may repeat or be repeated, and what others were told of each.

use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    contact::{Audience, Case, Fact, FirstContact, Judgement, Resolution, What},
    event::{ContactId, Span, Timestamp},
};

/// Contacts of one customer that are remembered at a time. More of them are no customer's but those of an id that stands for
/// many: the oldest is forgotten, as it was told.
const CASES_MAX: usize = 100;

/// A contact as its customer names it: 64 bits of the hash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct CaseId(#[n(0)] u64);

/// The state of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Customer {
    /// In the order in which they began.
    #[n(0)]
    pub(super) cases: Vec<Known>,
    /// When the task's timers will call: nothing is due earlier.
    #[n(1)]
    pub armed_at: Option<Timestamp>,
}

/// A contact, and what others were told of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Known {
    #[n(0)]
    id: CaseId,
    #[n(1)]
    pub(super) case: Case,
    #[n(2)]
    so_far: Option<Resolution>,
    #[n(3)]
    confirmed: Option<Resolution>,
    /// The contact is remembered no longer: it will say nothing more.
    #[n(4)]
    let_go: bool,
    /// To whom to say what it is judged.
    #[n(5)]
    to: Option<Addressee>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Addressee {
    #[n(0)]
    contact: ContactId,
    /// The round in which it spoke.
    #[n(1)]
    round: u8,
    /// It has heard the last word; what changes it all the same (an earlier contact turns out to be this customer's) is said too.
    #[n(2)]
    settled: bool,
}

/// What a contact is told.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Judged {
    #[n(0)]
    pub contact: ContactId,
    /// The round in which it spoke.
    #[n(1)]
    pub round: u8,
    #[n(2)]
    pub judgement: Judgement,
}

/// When a contact hears the last word.
#[derive(Debug, Clone, Copy)]
pub struct Answering {
    /// In which a customer who comes back repeats a contact.
    pub window: Span,
    /// Behind this no evidence comes.
    pub lateness: Span,
}

impl CaseId {
    #[must_use]
    pub fn of(contact: &str) -> Self {
        Self(xxh3_64(contact.as_bytes()))
    }
}

impl Customer {
    /// Takes what a contact says last: of itself, or with `None` that it is not this customer's. Time has been spoken of up to
    /// `now`.
    pub fn handle_case(
        &mut self,
        id: CaseId,
        case: Option<Case>,
        now: Option<Timestamp>,
        settings: &FirstContact,
    ) {
        let old = self.place_of(id).map(|place| self.cases.remove(place));
        if let Some(case) = case {
            let known = Known {
                id,
                case,
                so_far: None,
                confirmed: None,
                let_go: false,
                to: old.and_then(|old| old.to),
            };
            let place = self.cases.partition_point(|other| other.before(&known));
            self.cases.insert(place, known);
        }
        self.judge(now, settings);
    }

    /// From now on a known contact is told what it is judged, in its round.
    pub fn introduce(&mut self, contact: &ContactId, round: u8) {
        if let Some(place) = self.place_of(CaseId::of(contact.as_str())) {
            let known = &mut self.cases[place];
            let same = known.to.as_ref().filter(|to| to.round == round);
            known.to = Some(Addressee {
                contact: contact.clone(),
                round,
                settled: same.is_some_and(|to| to.settled),
            });
        }
    }

    /// The round in which a contact speaks. `None`: it is not known.
    #[must_use]
    pub fn round_of(&self, id: CaseId) -> Option<u8> {
        let known = &self.cases[self.place_of(id)?];
        known.to.as_ref().map(|to| to.round)
    }

    /// Of the contact that has this id now, not of those before that had it and were let go.
    fn place_of(&self, id: CaseId) -> Option<usize> {
        (self.cases.iter()).rposition(|known| known.id == id && !known.let_go)
    }

    /// A contact is forgotten: what was told of it stays.
    pub fn handle_let_go(&mut self, id: CaseId) {
        if let Some(place) = self.place_of(id) {
            self.cases[place].let_go = true;
            self.cases[place].to = None;
        }
    }

    /// Tells the contacts whose judgement is another than `before`. The last word is said when no late evidence can come any
    /// more, `lateness` after a contact's window.
    pub fn answer(
        &mut self,
        before: &Self,
        now: Option<Timestamp>,
        answering: Answering,
        mut say: impl FnMut(Judged),
    ) {
        for known in &mut self.cases {
            let last_word = (known.last_word_at(answering)).is_some_and(|at| now >= Some(at));
            let Some(to) = &mut known.to else { continue };
            to.settled |= last_word;
            let (contact, round) = (to.contact.clone(), to.round);
            let in_round = |told: &Addressee| told.round == round;
            let old = (before.cases.iter())
                .find(|old| old.id == known.id && old.to.as_ref().is_some_and(in_round));
            let was = old.map_or_else(Judgement::default, Known::judgement);
            let judgement = known.judgement();
            if judgement != was {
                say(Judged {
                    contact,
                    round,
                    judgement,
                });
            }
        }
    }

    /// Settles the contacts whose time is up at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp, settings: &FirstContact) {
        self.judge(Some(now), settings);
    }

    /// Forgets, without taking back, what can neither change nor change others by what comes from `horizon` on. Of too many the oldest are judged for
    /// good as they are.
    pub fn forget(
        &mut self,
        horizon: Timestamp,
        settings: &FirstContact,
        mut say: impl FnMut(Judged),
    ) {
        let window = settings.window;
        let mut kept: Vec<Known> = Vec::with_capacity(self.cases.len());
        for known in std::mem::take(&mut self.cases) {
            let due = known.forgotten_at(window).is_some_and(|at| at <= horizon);
            let free = !kept
                .iter()
                .any(|other| other.may_be_repeated_by(&known, window));
            if !(due && free) {
                kept.push(known);
            }
        }
        let over = kept.len().saturating_sub(CASES_MAX);
        kept.drain(..over)
            .filter_map(Known::into_last_word)
            .for_each(&mut say);
        self.cases = kept;
    }

    /// The next instant at which time alone settles something.
    #[must_use]
    pub fn next_due_at(&self, settings: &FirstContact) -> Option<Timestamp> {
        let unsettled = self.cases.iter().filter(|known| known.confirmed.is_none());
        unsettled
            .filter_map(|known| known.settles_at(settings.window))
            .min()
    }

    /// When the next contact can be forgotten, once nothing from before that comes any more.
    #[must_use]
    pub fn next_forgotten_at(&self, settings: &FirstContact) -> Option<Timestamp> {
        let window = settings.window;
        let free = (self.cases.iter().enumerate()).filter(|(place, known)| {
            let mut earlier = self.cases[..*place].iter();
            !earlier.any(|other| other.may_be_repeated_by(known, window))
        });
        free.filter_map(|(_, known)| known.forgotten_at(window))
            .min()
    }

    /// When a contact is to hear the last word.
    #[must_use]
    pub fn next_answer_at(&self, answering: Answering) -> Option<Timestamp> {
        let hears = |known: &&Known| known.to.as_ref().is_some_and(|to| !to.settled);
        let waiting = self.cases.iter().filter(hears);
        waiting
            .filter_map(|known| known.last_word_at(answering))
            .min()
    }

    /// Whether nothing is known of the customer any more.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// What was told of a contact so far. `None` before its end.
    #[must_use]
    pub fn resolution(&self, id: CaseId) -> Option<Resolution> {
        self.cases.iter().rfind(|known| known.id == id)?.so_far
    }

    /// The settled resolution, once its time is up.
    #[must_use]
    pub fn confirmed(&self, id: CaseId) -> Option<Resolution> {
        self.cases.iter().rfind(|known| known.id == id)?.confirmed
    }

    /// How many earlier contacts of the customer are no further from this one's beginning than the window.
    #[must_use]
    pub fn repeats_of(&self, id: CaseId, settings: &FirstContact) -> usize {
        let Some(place) = self.place_of(id) else {
            return 0;
        };
        let began_at = self.cases[place].case.began_at;
        let earlier = self.cases[..place].iter().map(|known| &known.case);
        earlier
            .map(|case| case.end.as_ref().map_or(case.began_at, |end| end.at))
            .filter(|at| began_at < *at + settings.window)
            .count()
    }

    fn judge(&mut self, now: Option<Timestamp>, settings: &FirstContact) {
        for place in 0..self.cases.len() {
            let known = &self.cases[place];
            let repeated = || self.is_repeated(place, settings);
            let so_far = known.judged(repeated);
            let due = known.settles_at(settings.window);
            let is_up = due.is_some_and(|due| now.is_some_and(|now| due <= now));
            let confirmed = is_up.then(|| known.judged(repeated));
            let judged = &mut self.cases[place];
            judged.so_far = so_far;
            judged.confirmed = confirmed.flatten();
        }
    }

    /// Whether another contact began while this one's window ran.
    fn is_repeated(&self, place: usize, settings: &FirstContact) -> bool {
        let Known { case, .. } = &self.cases[place];
        let Some(end) = &case.end else { return false };
        let first = (self.cases).partition_point(|other| other.case.began_at < end.at);
        (self.cases.iter().enumerate().skip(first))
            .take_while(|(_, other)| other.case.began_at < end.at + settings.window)
            .any(|(other, known)| {
                let same = !settings.same_reason || known.case.reason == case.reason;
                other != place && same
            })
    }
}

impl Known {
    fn before(&self, other: &Self) -> bool {
        (self.case.began_at, self.id) < (other.case.began_at, other.id)
    }

    fn judged(&self, is_repeated: impl Fn() -> bool) -> Option<Resolution> {
        let own = self.case.end.as_ref()?.own;
        let repeated = own == Resolution::Resolved && is_repeated();
        Some(if repeated { Resolution::Repeated } else { own })
    }

    /// What its contact is told: only what that can't know itself.
    fn judgement(&self) -> Judgement {
        let own = self.case.end.as_ref().map(|end| end.own);
        let repeated = self.so_far == Some(Resolution::Repeated) && own != self.so_far;
        let settled = self.to.as_ref().is_some_and(|to| to.settled);
        Judgement {
            repeated,
            settled: self.confirmed.filter(|_| settled),
        }
    }

    fn last_word_at(&self, answering: Answering) -> Option<Timestamp> {
        let settled = self.settles_at(answering.window)?;
        Some(settled + answering.lateness)
    }

    /// What its contact is told when it is judged no more.
    fn into_last_word(self) -> Option<Judged> {
        let judgement = Judgement {
            settled: self.confirmed.or(self.so_far),
            ..self.judgement()
        };
        let Addressee { contact, round, .. } = self.to?;
        Some(Judged {
            contact,
            round,
            judgement,
        })
    }

    fn settles_at(&self, window: Span) -> Option<Timestamp> {
        self.case.end.as_ref().map(|end| end.at + window)
    }

    /// When it can change nothing any more: its contact is forgotten, and who ended by its beginning is settled too.
    fn forgotten_at(&self, window: Span) -> Option<Timestamp> {
        let apart = self.case.began_at + window;
        let settles = self.settles_at(window);
        self.let_go.then(|| settles.unwrap_or(apart).max(apart))
    }

    /// Whether the other began while this one's window ran.
    fn may_be_repeated_by(&self, other: &Self, window: Span) -> bool {
        let began_at = other.case.began_at;
        (self.case.end.as_ref()).is_some_and(|end| (end.at..end.at + window).contains(&began_at))
    }

    /// What others are told of it follows from this.
    fn says(&self) -> impl PartialEq {
        let Self { id, case, .. } = self;
        (*id, case.end.as_ref(), self.so_far, self.confirmed)
    }

    fn tell(&self, sign: i64, window: Span, tell: &mut impl FnMut(&Fact<'_>, i64)) {
        let Some(end) = &self.case.end else { return };
        let audience = Audience {
            agent: Some(&end.agent),
            groups: true,
            queue: end.queue.as_ref(),
            channel: end.channel,
        };
        let mut say = |at, what| tell(&Fact { at, audience, what }, sign);
        if let Some(resolution) = self.so_far {
            say(end.at, What::FirstContact { resolution });
        }
        if let Some(resolution) = self.confirmed {
            say(end.at + window, What::FirstContactConfirmed { resolution });
        }
    }
}

/// Calls `tell(fact, sign)` for what was told of a contact before and is not so after, and the other way round.
pub fn diff_facts(
    before: &Customer,
    after: &Customer,
    settings: &FirstContact,
    mut tell: impl FnMut(&Fact<'_>, i64),
) {
    let changed = |known: &&Known, other: &Customer| {
        !(other.cases.iter()).any(|it| it.says() == known.says())
    };
    for known in before.cases.iter().filter(|known| changed(known, after)) {
        known.tell(-1, settings.window, &mut tell);
    }
    for known in after.cases.iter().filter(|known| changed(known, before)) {
        known.tell(1, settings.window, &mut tell);
    }
}
