//! All integration tests in one binary: a file per behaviour.

mod line;
