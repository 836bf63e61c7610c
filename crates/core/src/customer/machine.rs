//! One customer: the contacts that may repeat or be repeated, and what was emitted of each.

use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    contact::{Audience, Case, Fact, FactKind, FirstContact, Judgement, Resolution},
    event::{ContactId, Span, Timestamp},
};

/// Limit of contacts kept per customer. An id with more of them stands for many customers: its oldest contact is evicted, and what was
/// emitted of it stays.
const CASES_MAX: usize = 100;

/// Id of a contact within its customer: 64 bits of the hash of the contact's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct CaseId(#[n(0)] u64);

/// State of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Customer {
    /// Sorted by when they began.
    #[n(0)]
    pub(super) cases: Vec<CaseEntry>,
    /// Next call of the task's timers; nothing is due earlier.
    #[n(1)]
    pub armed_at: Option<Timestamp>,
}

/// A contact, and what was emitted of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct CaseEntry {
    #[n(0)]
    id: CaseId,
    #[n(1)]
    pub(super) case: Case,
    #[n(2)]
    provisional: Option<Resolution>,
    #[n(3)]
    confirmed: Option<Resolution>,
    /// The contact is expired: it sends no more updates.
    #[n(4)]
    expired: bool,
    /// Contact that receives the judgements.
    #[n(5)]
    to: Option<Subscriber>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Subscriber {
    #[n(0)]
    contact: ContactId,
    /// Round of the contact's last update.
    #[n(1)]
    round: u8,
    /// The final judgement was sent. Later changes are sent too: an earlier contact may turn out to be this customer's.
    #[n(2)]
    settled: bool,
}

/// Judgement of one contact, sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JudgementUpdate {
    #[n(0)]
    pub contact: ContactId,
    /// Round of the contact that it answers.
    #[n(1)]
    pub round: u8,
    #[n(2)]
    pub judgement: Judgement,
}

/// When a judgement is final.
#[derive(Debug, Clone, Copy)]
pub struct Finality {
    /// A customer who comes back within this repeats the contact.
    pub window: Span,
    /// No evidence comes later than this.
    pub lateness: Span,
}

impl CaseId {
    #[must_use]
    pub fn of(contact: &str) -> Self {
        Self(xxh3_64(contact.as_bytes()))
    }
}

impl Customer {
    /// Applies the update of a contact; `None` if it is not this customer's. Timers have fired up to `now`.
    pub fn handle_case(
        &mut self,
        id: CaseId,
        case: Option<Case>,
        now: Option<Timestamp>,
        settings: &FirstContact,
    ) {
        let old = self.place_of(id).map(|place| self.cases.remove(place));
        if let Some(case) = case {
            let known = CaseEntry {
                id,
                case,
                provisional: None,
                confirmed: None,
                expired: false,
                to: old.and_then(|old| old.to),
            };
            let place = self.cases.partition_point(|other| other.before(&known));
            self.cases.insert(place, known);
        }
        self.judge(now, settings);
    }

    /// Sends the judgements of a known contact to it from now on, in its round.
    pub fn subscribe(&mut self, contact: &ContactId, round: u8) {
        if let Some(place) = self.place_of(CaseId::of(contact.as_str())) {
            let known = &mut self.cases[place];
            let same = known.to.as_ref().filter(|to| to.round == round);
            known.to = Some(Subscriber {
                contact: contact.clone(),
                round,
                settled: same.is_some_and(|to| to.settled),
            });
        }
    }

    /// Returns the round of a contact. `None`: it is not known.
    #[must_use]
    pub fn round_of(&self, id: CaseId) -> Option<u8> {
        let known = &self.cases[self.place_of(id)?];
        known.to.as_ref().map(|to| to.round)
    }

    /// Finds the contact that has this id now; expired ones before it are skipped.
    fn place_of(&self, id: CaseId) -> Option<usize> {
        (self.cases.iter()).rposition(|known| known.id == id && !known.expired)
    }

    /// Marks a contact as expired. What was emitted of it stays.
    pub fn handle_expired(&mut self, id: CaseId) {
        if let Some(place) = self.place_of(id) {
            self.cases[place].expired = true;
            self.cases[place].to = None;
        }
    }

    /// Emits the judgements that differ from `before`. A judgement is final when no late evidence can come any more: `lateness` after
    /// the contact's window.
    pub fn emit_judgements(
        &mut self,
        before: &Self,
        now: Option<Timestamp>,
        finality: Finality,
        mut emit: impl FnMut(JudgementUpdate),
    ) {
        for known in &mut self.cases {
            let is_final = (known.final_at(finality)).is_some_and(|at| now >= Some(at));
            let Some(to) = &mut known.to else { continue };
            to.settled |= is_final;
            let (contact, round) = (to.contact.clone(), to.round);
            let in_round = |subscriber: &Subscriber| subscriber.round == round;
            let old = (before.cases.iter())
                .find(|old| old.id == known.id && old.to.as_ref().is_some_and(in_round));
            let was = old.map_or_else(Judgement::default, CaseEntry::judgement);
            let judgement = known.judgement();
            if judgement != was {
                emit(JudgementUpdate {
                    contact,
                    round,
                    judgement,
                });
            }
        }
    }

    /// Settles the contacts whose window is over at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp, settings: &FirstContact) {
        self.judge(Some(now), settings);
    }

    /// Evicts, without retracting, the cases that events from `late_cutoff` on can't change and that can't change others. Above the limit
    /// the oldest are evicted with their judgement as it is.
    pub fn evict(
        &mut self,
        late_cutoff: Timestamp,
        settings: &FirstContact,
        mut emit: impl FnMut(JudgementUpdate),
    ) {
        let window = settings.window;
        let mut kept: Vec<CaseEntry> = Vec::with_capacity(self.cases.len());
        for known in std::mem::take(&mut self.cases) {
            let due = known
                .evictable_at(window)
                .is_some_and(|at| at <= late_cutoff);
            let free = !kept
                .iter()
                .any(|other| other.may_be_repeated_by(&known, window));
            if !(due && free) {
                kept.push(known);
            }
        }
        let over = kept.len().saturating_sub(CASES_MAX);
        kept.drain(..over)
            .filter_map(CaseEntry::into_final_judgement)
            .for_each(&mut emit);
        self.cases = kept;
    }

    /// Returns the next instant at which time alone settles something.
    #[must_use]
    pub fn next_due_at(&self, settings: &FirstContact) -> Option<Timestamp> {
        let unsettled = self.cases.iter().filter(|known| known.confirmed.is_none());
        unsettled
            .filter_map(|known| known.settles_at(settings.window))
            .min()
    }

    /// Returns when the next contact can be evicted, once nothing earlier can come.
    #[must_use]
    pub fn next_eviction_at(&self, settings: &FirstContact) -> Option<Timestamp> {
        let window = settings.window;
        let free = (self.cases.iter().enumerate()).filter(|(place, known)| {
            let mut earlier = self.cases[..*place].iter();
            !earlier.any(|other| other.may_be_repeated_by(known, window))
        });
        free.filter_map(|(_, known)| known.evictable_at(window))
            .min()
    }

    /// Returns when the next judgement becomes final.
    #[must_use]
    pub fn next_final_at(&self, finality: Finality) -> Option<Timestamp> {
        let is_open = |known: &&CaseEntry| known.to.as_ref().is_some_and(|to| !to.settled);
        let waiting = self.cases.iter().filter(is_open);
        waiting.filter_map(|known| known.final_at(finality)).min()
    }

    /// Whether there are no cases.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Returns the resolution as emitted so far. `None` before the contact's end.
    #[must_use]
    pub fn resolution(&self, id: CaseId) -> Option<Resolution> {
        self.cases.iter().rfind(|known| known.id == id)?.provisional
    }

    /// Returns the settled resolution, once its window is over.
    #[must_use]
    pub fn confirmed(&self, id: CaseId) -> Option<Resolution> {
        self.cases.iter().rfind(|known| known.id == id)?.confirmed
    }

    /// Counts the customer's earlier contacts that are within the window before this one began.
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
            let provisional = known.judged(repeated);
            let due = known.settles_at(settings.window);
            let is_up = due.is_some_and(|due| now.is_some_and(|now| due <= now));
            let confirmed = is_up.then(|| known.judged(repeated));
            let judged = &mut self.cases[place];
            judged.provisional = provisional;
            judged.confirmed = confirmed.flatten();
        }
    }

    /// Whether another contact began within this one's window.
    fn is_repeated(&self, place: usize, settings: &FirstContact) -> bool {
        let CaseEntry { case, .. } = &self.cases[place];
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

impl CaseEntry {
    fn before(&self, other: &Self) -> bool {
        (self.case.began_at, self.id) < (other.case.began_at, other.id)
    }

    fn judged(&self, is_repeated: impl Fn() -> bool) -> Option<Resolution> {
        let own = self.case.end.as_ref()?.own;
        let repeated = own == Resolution::Resolved && is_repeated();
        Some(if repeated { Resolution::Repeated } else { own })
    }

    /// Judgement to send to the contact: only what it can't know itself.
    fn judgement(&self) -> Judgement {
        let own = self.case.end.as_ref().map(|end| end.own);
        let repeated = self.provisional == Some(Resolution::Repeated) && own != self.provisional;
        let settled = self.to.as_ref().is_some_and(|to| to.settled);
        Judgement {
            repeated,
            settled: self.confirmed.filter(|_| settled),
        }
    }

    fn final_at(&self, finality: Finality) -> Option<Timestamp> {
        let settled = self.settles_at(finality.window)?;
        Some(settled + finality.lateness)
    }

    /// Judgement to send when the case is evicted.
    fn into_final_judgement(self) -> Option<JudgementUpdate> {
        let judgement = Judgement {
            settled: self.confirmed.or(self.provisional),
            ..self.judgement()
        };
        let Subscriber { contact, round, .. } = self.to?;
        Some(JudgementUpdate {
            contact,
            round,
            judgement,
        })
    }

    fn settles_at(&self, window: Span) -> Option<Timestamp> {
        self.case.end.as_ref().map(|end| end.at + window)
    }

    /// When it can't change anything any more: its contact has expired, and contacts that ended by its beginning are settled.
    fn evictable_at(&self, window: Span) -> Option<Timestamp> {
        let apart = self.case.began_at + window;
        let settles = self.settles_at(window);
        self.expired.then(|| settles.unwrap_or(apart).max(apart))
    }

    /// Whether the other began within this one's window.
    fn may_be_repeated_by(&self, other: &Self, window: Span) -> bool {
        let began_at = other.case.began_at;
        (self.case.end.as_ref()).is_some_and(|end| (end.at..end.at + window).contains(&began_at))
    }

    /// What the emitted facts depend on.
    fn emitted(&self) -> impl PartialEq {
        let Self { id, case, .. } = self;
        (*id, case.end.as_ref(), self.provisional, self.confirmed)
    }

    fn emit_facts(&self, sign: i64, window: Span, emit: &mut impl FnMut(&Fact<'_>, i64)) {
        let Some(end) = &self.case.end else { return };
        let audience = Audience {
            agent: Some(&end.agent),
            groups: true,
            queue: end.queue.as_ref(),
            channel: end.channel,
        };
        let mut emit_at = |at, kind| emit(&Fact { at, audience, kind }, sign);
        if let Some(resolution) = self.provisional {
            emit_at(end.at, FactKind::FirstContact { resolution });
        }
        if let Some(resolution) = self.confirmed {
            emit_at(
                end.at + window,
                FactKind::FirstContactConfirmed { resolution },
            );
        }
    }
}

/// Calls `emit(fact, sign)` for each fact of one state that is not in the other: −1 for those before, +1 for those after.
pub fn diff_facts(
    before: &Customer,
    after: &Customer,
    settings: &FirstContact,
    mut emit: impl FnMut(&Fact<'_>, i64),
) {
    let changed = |known: &&CaseEntry, other: &Customer| {
        !(other.cases.iter()).any(|it| it.emitted() == known.emitted())
    };
    for known in before.cases.iter().filter(|known| changed(known, after)) {
        known.emit_facts(-1, settings.window, &mut emit);
    }
    for known in after.cases.iter().filter(|known| changed(known, before)) {
        known.emit_facts(1, settings.window, &mut emit);
    }
}
