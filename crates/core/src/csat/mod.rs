//! Prediction of a contact's rating while there is still time: features of what has happened so far, weighed by a model.
//!
//! Contract: [`Features`] are a function of a fold and its [`Surroundings`]. A [`Model`] turns them into a probability over zero and below
//! one, and names the features that make a low rating likely. [`revise`] keeps the contact's prediction up to date, and fires once in its life.
//!
//! ```
//! use floorwalker_core::{csat::{Features, Model, Surroundings}, contact::Fold};
//! let nothing_known = Features::of(&Fold::default(), &Surroundings::default());
//! let low = Model::prior().predict(&nothing_known).low;
//! assert!(low > 0.0 && low < 0.5);
//! ```

mod features;
mod prior;
mod revision;
mod settings;

pub use features::{Feature, Features, Surroundings};
pub use prior::{Model, Outlook, Term};
pub use revision::revise;
pub use settings::CsatSettings;
