//! All integration tests in one binary: a file per behaviour.

mod crash;
mod decode;
mod decode_damage;
mod line;
mod spine;
mod tidy;
mod times;
