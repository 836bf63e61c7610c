//! Scorecards: an agent's measures side by side, each with its interval, its place among peers and its trend; no number ranks anybody.
//!
//! Contract: [`add_fact`] decides which facts count. A record is a function of the sums of an agent in a queue and channel, and of those of
//! the other agents there. Too few cases give no place, no trend and no guard.
//!
//! ```
//! use floorwalker_core::{balance::{self, BalanceSettings, Figures, Peers}, contact::FactKind, kpi::Accumulator};
//! let mut recent = Accumulator::default();
//! balance::add_fact(&mut recent, FactKind::OfferEnded { answered: false }, 3);
//! let ana = Figures { recent, baseline: Accumulator::default() };
//! let settings = BalanceSettings::default();
//! let peers = Peers::of([&ana], &settings);
//! let measures = balance::measures(&ana, &peers, &settings);
//! assert_eq!((measures["offer_miss"].value, measures["offer_miss"].peers.place), (Some(1.0), None));
//! ```

mod guard;
mod interval;
mod measure;
mod peers;
mod record;
mod sample;
mod settings;
mod trend;

pub use guard::Guard;
pub(crate) use interval::wilson;
pub use interval::{Interval, Level};
pub use measure::{Better, Measure};
pub use peers::{Peers, Standing};
pub use record::{Measured, Parts, ScorecardRecord, measures};
pub use sample::{Figures, Sample, add_fact};
pub use settings::BalanceSettings;
pub use trend::{Cases, Direction, Trend};
