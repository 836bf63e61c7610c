//! Decodes a feed: prints each event as one line of text, and for each line that is none the rule that it breaks.
//!
//! `cargo run -p floorwalker-core --example decode -- tests/data/every-kind.events.jsonl`

#![expect(clippy::print_stdout, reason = "is for people")]

use std::{error::Error, fs};

use floorwalker_core::{
    decode::{Decoded, decode},
    event::line,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file of JSON lines?")?;
    for (number, text) in (1..).zip(fs::read_to_string(path)?.lines()) {
        match decode(text.as_bytes()) {
            Ok(Decoded::Event(event)) => println!("{}", line::print(&event)),
            Ok(Decoded::Unknown(kind)) => println!("line {number}: unknown kind {kind}"),
            Err(rejection) => println!("line {number}: {rejection}"),
        }
    }
    Ok(())
}
