//! The fold: a contact's events become episodes, engagements, obligations and the signed facts that they emit.
//!
//! Contract: a [`Contact`] is a function of the *set* of its events and of the instant up to which timers have
//! fired; any order and any repetition give the same [`Fold`]. [`diff_facts`] turns the difference of two folds into signed
//! [`Fact`]s, so that what was emitted is always exactly the facts of the present fold.
//!
//! ```
//! use floorwalker_core::{contact::{Contact, ContactSettings, EventOutcome}, event::line};
//! let settings = ContactSettings::default();
//! let mut contact = Contact::default();
//! for text in ["10:00:10 answered c1 agent=ana", "10:00:00 queued c1 queue=billing channel=voice"] {
//!     assert_eq!(contact.handle_event(line::parse(text).unwrap(), None, &settings), EventOutcome::Applied);
//! }
//! assert_eq!(contact.fold.episodes[0].ended.as_ref().unwrap().agent.as_ref().unwrap().as_str(), "ana");
//! ```

mod machine;
mod attributes;
mod calendar;
mod case;
mod end;
mod fact;
mod fold;
mod image;
mod measure;
mod memory;
mod outbound;
mod parts;
mod pause;
mod policy;
mod prediction;
mod record;
mod tail;
mod talk_time;
mod turns;

pub use attributes::Attributes;
pub use calendar::{Calendar, DAY_MINUTES, Hours, LocalSpan};
pub use case::{Case, CaseEnd, CustomerLink, Judgement, Resolution};
pub use fact::{Audience, Fact, FactKind, HandleParts, diff_facts};
pub use fold::{BAD_MOOD, Conversation, Experience, Fold, Handoff};
pub use machine::{Contact, EventOutcome};
pub use measure::Measure;
pub use outbound::{Attempt, AttemptEnd, AttemptOutcome, Reached};
pub use parts::{
    Closed, Closing, Decision, Engagement, Episode, EpisodeEnd, EpisodeOutcome, Obligation, Offer,
    OfferOutcome, Owed, Reopening, ReportedParts, SurveyGiven, Verdict,
};
pub use pause::Pause;
pub use policy::{
    Abandons, ContactSettings, FirstContact, FlowOuts, InForce, Opens, Policy, PolicyFault,
};
pub use prediction::{Alarm, Concern, ConcernLives, Prediction};
pub use record::{
    AttemptRecord, ContactRecord, CsatRecord, EngagementRecord, EpisodeRecord, ObligationRecord,
};
pub use turns::{Turn, Turns};
