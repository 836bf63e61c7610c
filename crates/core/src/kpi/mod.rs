//! Facts become numbers: sums in panes, panes in windows, windows in scorecards.
//!
//! Contract: a [`Tally`] is a sum of signed facts and the same in any order; [`Levels`] says in which pane a fact lies at a clock
//! and which panes a window covers; a [`Scorecard`] is a function of a tally.
//!
//! ```
//! use floorwalker_core::{contact::What, event::Span, kpi::{Count, Tally}};
//! let mut tally = Tally::default();
//! tally.add(What::Answered { wait: Span::from_secs(10) }, 1);
//! tally.add(What::Offered, 1);
//! tally.add(What::Offered, -1);
//! assert_eq!((tally.get(Count::Answered), tally.get(Count::Offered)), (1, 0));
//! ```

mod distribution;
mod image;
mod lasting;
mod leaf;
mod midnight;
mod outbound;
mod pane;
mod scorecard;
mod squares;
mod tally;
mod window;

pub use distribution::Percentiles;
pub use lasting::{Lasting, Times, reason_code};
pub use leaf::{Change, Edit, Leaf};
pub use midnight::{Day, Midnights};
pub use pane::{Levels, Pane};
pub use scorecard::{KpiRecord, Live, NamedTimes, Ratio, Scorecard};
pub use squares::Half;
pub use tally::{Count, Durations, Tally};
pub use window::{KpiSettings, Place, Places, Reach, Window};
