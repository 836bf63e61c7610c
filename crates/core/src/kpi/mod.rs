//! Facts become numbers: sums in panes, panes in windows, windows in scorecards.
//!
//! Contract: an [`Accumulator`] is a sum of signed facts, the same in any order. [`Levels`] finds the pane of a fact at a clock
//! and the panes that a window covers. A [`Scorecard`] is a function of an accumulator.
//!
//! ```
//! use floorwalker_core::{contact::FactKind, event::Span, kpi::{Count, Accumulator}};
//! let mut accumulator = Accumulator::default();
//! accumulator.add(FactKind::Answered { wait: Span::from_secs(10) }, 1);
//! accumulator.add(FactKind::Offered, 1);
//! accumulator.add(FactKind::Offered, -1);
//! assert_eq!((accumulator.get(Count::Answered), accumulator.get(Count::Offered)), (1, 0));
//! ```

mod by_name;
mod distribution;
mod image;
mod state_duration;
mod pane_block;
pub(crate) mod rounding;
mod midnight;
mod outbound;
mod pane;
mod scorecard;
mod squares;
mod accumulator;
mod window;

pub use accumulator::{Accumulator, Count, Durations, Half};
pub use by_name::ByName;
pub use distribution::Percentiles;
pub use midnight::{Day, Midnights};
pub use outbound::{CallbackTime, Callbacks, Outbound};
pub use pane::{Levels, Pane};
pub use pane_block::{Edit, PaneBlock, PaneEdit};
pub use scorecard::{
    Compliance, HandleTime, KpiRecord, LiveState, NamedTimes, Occupancy, Ratio, Resolutions,
    Satisfaction, Scorecard, SpeedOfAnswer,
};
pub use state_duration::{StateDuration, Times, reason_code};
pub use window::{KpiSettings, Place, Places, Reach, Window};
