//! How far long work is: a bar on a terminal's standard error, nothing elsewhere.

use std::{path::Path, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

const TURN: Duration = Duration::from_millis(120);

/// Makes a bar of the bytes of files. With an input that has no length, it only counts.
pub(super) fn of_files<'p>(files: impl Iterator<Item = &'p Path>) -> ProgressBar {
    let lengths = files.map(|file| std::fs::metadata(file).map(|found| found.len()));
    let total = lengths.sum::<Result<u64, _>>();
    let bar = total.map_or_else(|_| ProgressBar::no_length(), ProgressBar::new);
    bar.with_style(style(
        "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    ))
}

/// Makes a bar of simulated time.
pub(super) fn of_seconds(seconds: u64) -> ProgressBar {
    ProgressBar::new(seconds).with_style(style("{wide_bar} {percent:>3} % of the day, {eta} to go"))
}

/// Makes a spinner for work whose length nobody knows.
pub(super) fn of_unknown(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg} {elapsed}"));
    bar.set_message(what);
    bar.enable_steady_tick(TURN);
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
