//! One line per event.

use super::Event;

/// Reads one line.
#[expect(clippy::todo, reason = "next")]
pub fn parse(_line: &str) -> Result<Event, String> {
    todo!()
}
#[expect(clippy::todo, reason = "next")]
pub fn print(_event: &Event) -> String {
    todo!()
}
