//! All integration tests in one binary: a file per behaviour.

#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

mod agreement;
mod crash;
mod decode;
mod decode_damage;
mod line;
mod published;
mod reference;
mod reference_cases;
mod reference_outcomes;
mod sim;
mod spine;
mod tidy;
mod times;
