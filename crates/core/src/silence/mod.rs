//! Silences: which alerts call nobody for a while, by the word of a person or by a window of maintenance in the settings.
//!
//! Contract: an alert's record is never changed by them. Whoever reads alerts asks [`Matchers::match_all`] whose silence covers one.
//!
//! ```
//! use floorwalker_core::silence::{AlertTraits, Matchers};
//! let matchers: Matchers = serde_json::from_str(r#"{"rule": "queue.*", "queue": "billing"}"#)?;
//! let surge = AlertTraits { rule: "queue.surge", subject: "queue:billing", queue: Some("billing"), ..AlertTraits::default() };
//! assert!(matchers.match_all(&surge));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod maintenance;
mod matchers;
mod record;

pub use maintenance::{Maintenance, When};
pub use matchers::{AlertTraits, Matchers, Pattern};
pub use record::{BY_BYTES_MAX, COMMENT_BYTES_MAX, LENGTH_MAX, Silence, SilenceStatus, check_by};
