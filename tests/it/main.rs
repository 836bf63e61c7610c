//! One binary, a file per behaviour.

mod decode;
mod decode_damage;
mod tidy;
mod times;
