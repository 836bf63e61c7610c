//! Recognition: what an agent or a team has done well. Positive only, of each beside what was promised or their own past, never beside others.
//!
//! Contract: [`Merits`] are what is remembered of an agent or team, a sum over the signals about them. The functions of `praise` look at one
//! of them alone. What they find is written at most once in [`RecognitionRule::repeat_every`].

mod kind;
mod merits;
mod praise;
mod record;

pub use self::{
    kind::{RecognitionKind, RecognitionRule},
    merits::Doer,
    record::{Recognition, RecognitionRecord},
};
pub(super) use self::{
    merits::{Deeds, Merits},
    praise::praise,
};
