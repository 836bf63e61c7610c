//! Rules on numbers that move: alerts about queues, agents, reasons and feeds.
//!
//! Contract: contacts, agents and sources emit signals ([`SignalBatch`]), summed by subject and pane. One machine, [`Rules`], takes those of
//! the whole deployment. At the end of each pane, once the watermark has passed it by [`RulesSettings::settle`], it judges every rule.
//! What it returns is a function of the signals, not of the order in which they came.
//!
//! ```
//! use floorwalker_core::{contact::ContactSettings, event::{Span, Timestamp}, rules::{Rules, RulesSettings, SignalBatch, Subject, Signal}};
//! use floorwalker_core::event::Channel;
//! let mut rules = Rules::new(&RulesSettings::default(), &ContactSettings::default());
//! let at = |seconds| Timestamp(0) + Span::from_secs(seconds);
//! // Ten events in each pane for ten minutes, then none.
//! for pane in 0..40 {
//!     let mut batch = SignalBatch::default();
//!     batch.at(Subject::Feed(Channel::Voice), at(15 * pane)).add(Signal::Applied, 10);
//!     rules.add(batch);
//! }
//! let alarms = rules.advance(at(700));
//! assert_eq!(alarms[0].subject, "feed:voice");
//! ```

mod agent;
mod alarm;
mod explain;
mod feed;
mod finding;
mod group;
mod journal;
mod judge;
mod judge_agents;
mod judge_own;
mod judge_recognition;
mod kind;
mod life;
mod machine;
mod of_contact;
mod own;
mod parts;
mod queue;
mod recognition;
mod record;
mod sentence;
mod series;
mod settings;
mod signal;
mod state;
mod statistic;
mod tally;
mod windows;

use finding::Finding;

pub use alarm::Alarm;
pub use kind::RuleKind;
pub use life::{Firing, Life, LifeChange, Timing, Verdict};
pub use machine::Rules;
pub use of_contact::add_change;
pub use own::{Formula, Mistake, Of, Template};
pub use recognition::{Doer, Recognition, RecognitionKind, RecognitionRecord, RecognitionRule};
pub use settings::{GroupRule, OwnRule, RulesSettings};
pub use signal::{PANE, Signal, SignalBatch, Signals, Subject};
pub use state::StateKey;
pub use tally::FeedTally;
