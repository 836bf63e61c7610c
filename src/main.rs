//! Entry point: reads the arguments, starts logging, does what is asked, ends with a code for how it went.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::Parser as _;
use floorwalker::{
    cli::{self, Arguments, Journal, WrongArgument},
    config::ConfigError,
};
use mimalloc::MiMalloc;
use tracing_subscriber::EnvFilter;

/// Threads that apply events allocate small strings all the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code of a mistake, the same as for mistakes in the arguments.
const MISTAKE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(arguments.log_level()));
    let journal = Journal::default();
    let format = arguments.log_format();
    let ansi = colours_are_wanted() && !arguments.takes_the_screen();
    let known = format.as_ref().copied().unwrap_or_default();
    known.start(level, ansi, &journal);
    match format
        .map_err(Into::into)
        .and_then(|_| cli::run(arguments, &journal))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            cli::complain(&error, known, &journal);
            let mistake = error.downcast_ref::<ConfigError>().is_some()
                || error.downcast_ref::<WrongArgument>().is_some();
            ExitCode::from(if mistake { MISTAKE } else { 1 })
        }
    }
}

/// Whether the log is coloured: on a terminal, unless `NO_COLOR` is set (no-color.org).
fn colours_are_wanted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// Whether the reader of our output has closed the pipe.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
