//! Agents: their states and engagements become time, and facts of contacts go to their team and site.
//!
//! Contract: an [`Agent`] is a function of the set of its events and of the facts about it, in any order. It retracts what it has
//! emitted and is no longer so. It knows its team and site at each instant, so a fact of last week that is corrected today goes
//! where it went then.
//!
//! ```
//! use floorwalker_core::{agent::{Agent, State, AgentFact}, event::{AgentState, Timestamp}};
//! let at = Timestamp::from_millis(1_800_000_000_000);
//! let state = State { at, doing: AgentState::Available, ..State::default() };
//! let mut emitted = 0;
//! Agent::default().handle_state(state, &mut |_: AgentFact<'_>| emitted += 1);
//! assert_eq!(emitted, 2); // the agent is available, and one more of all
//! ```

mod machine;
mod order;
#[cfg(test)]
mod tests;
mod timeline;

pub use machine::{Agent, WrapUp};
pub use timeline::{AgentFact, FactChange, STATE_AGE_MAX, State, Whose};
