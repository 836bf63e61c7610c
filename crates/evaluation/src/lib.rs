//! How good alerts are: plays a day of events as if it were live, and compares what was raised with what really went wrong.
//!
//! Contract: the engine sees each event when it arrives, and the wall clock moves on between events, so that an alert has the time at which
//! somebody would have seen it. Nothing but the truth knows of incidents.
//!
//! ```
//! use floorwalker_core::{engine::Settings, event::Span};
//! use floorwalker_evaluation::{Day, Rules, Score};
//! use floorwalker_simulator::{WorldSettings, drawn_incidents};
//!
//! let mut world = WorldSettings::new(20, Span::from_secs(1_200));
//! world.incidents = drawn_incidents(&world, 1);
//! let day = Day::of_world(world, 1, Settings::default()).unwrap();
//! let score = Score::of(&[day], &[], Rules::Fixed);
//! assert!(score.struck_per_hour >= 0.0);
//! ```

mod alert;
mod day;
mod episodes;
mod fits;
mod fixed;
mod play;
mod score;
mod truth;

pub use alert::Alert;
pub use day::{Day, Feed};
pub use episodes::Episodes;
pub use score::{KindScore, Rules, Score, supervisor_hours};
pub use truth::{Incident, read_truth};
