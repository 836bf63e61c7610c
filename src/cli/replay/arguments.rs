//! What `replay` is asked for.

use std::path::PathBuf;

use clap::Args;

use crate::cli::config_file::ConfigFile;
use floorwalker_core::event::Timestamp;

#[derive(Debug, Args)]
pub(in crate::cli) struct Replay {
    /// Files of events, several counted like one, in any order; JSON lines or an array, plain, gzip or zstd; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// Statements of the directory, as `directory put` takes them
    #[arg(long, value_name = "FILE")]
    pub(super) directory: Option<PathBuf>,
    /// The clock at which to count, as RFC 3339; by default the newest event's time
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub(super) at: Option<Timestamp>,
    /// Where to write the KPI records of every entity and window
    #[arg(long, value_name = "FILE")]
    pub(super) kpis: Option<PathBuf>,
    /// Where to write the contact records
    #[arg(long, value_name = "FILE")]
    pub(super) contacts: Option<PathBuf>,
    /// Where to write the alert records
    #[arg(long, value_name = "FILE")]
    pub(super) alerts: Option<PathBuf>,
    /// Where to write the scorecards of every agent in each queue and channel
    #[arg(long, value_name = "FILE")]
    pub(super) scorecards: Option<PathBuf>,
    /// Where to write what agents and teams have done well
    #[arg(long, value_name = "FILE")]
    pub(super) recognitions: Option<PathBuf>,
    /// Where to write the report as a page with charts, for any browser
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Where to write CSV: to a file one row per entity, window and KPI; to a folder, one that exists or ends in `/`, contacts
    /// and their parts too
    #[arg(long, value_name = "FILE|FOLDER/")]
    pub(super) csv: Option<PathBuf>,
    /// The report as one JSON object, with the KPI records of the window `all`
    #[arg(long)]
    pub(super) json: bool,
    /// Ends with exit code 1 if any line could not be used
    #[arg(long)]
    pub(super) strict: bool,
}
