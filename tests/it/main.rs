//! One binary, a file per behaviour.

mod decode;
mod times;
