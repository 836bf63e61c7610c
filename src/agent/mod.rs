//! What agents do: states and engagements become time, and what contacts say of an agent reaches team and site.
//!
//! Contract: an [`Agent`] is a function of the set of its events and of the facts told of it, in any order; what it has told
//! before and is not so any more it takes back. It knows its team and site of each instant, so that a fact of last week that
//! is corrected today goes where it went then.
//!
//! ```
//! use floorwalker::{agent::{Agent, State, Told}, event::{AgentState, Timestamp}};
//! let at = Timestamp::from_millis(1_800_000_000_000);
//! let state = State { at, doing: AgentState::Available, ..State::default() };
//! let mut told = 0;
//! Agent::default().handle_state(state, &mut |_: Told<'_>| told += 1);
//! assert_eq!(told, 2); // the agent is available, and one more of all
//! ```

mod machine;
#[cfg(test)]
mod tests;
mod timeline;

pub use machine::Agent;
pub use timeline::{STATE_AGE_MAX, Says, State, Told, Whose};
