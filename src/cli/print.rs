//! Lines on standard output.

use std::io::{self, Write as _};

use super::escape;

/// Prints one line for whoever asked.
pub(super) fn print_line(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    let line = escape::escaped(&line.to_string());
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Prints one line of JSON for whatever asked.
pub(super) fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    let line = escape::escaped_json(&value.to_string());
    Ok(writeln!(io::stdout(), "{line}")?)
}
