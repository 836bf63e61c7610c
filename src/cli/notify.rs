//! `notify test`: does a message get there?

use clap::{Args, Subcommand};

use super::{config_file::ConfigFile, escape::escaped, print::print_line};
use crate::notify::{Outcome, Tried, try_receiver};

#[derive(Debug, Subcommand)]
pub(super) enum NotifyAction {
    /// Sends one message that is marked as a test, and prints what became of it
    Test(Test),
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// The name of a receiver: NAME of [notify.receivers.NAME]
    #[arg(long, value_name = "NAME")]
    to: String,
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn notify(action: &NotifyAction) -> anyhow::Result<()> {
    let NotifyAction::Test(arguments) = action;
    let name = &arguments.to;
    let config = arguments.file.load()?;
    let Tried { outcome, took } = try_receiver(&config.notify, name)?;
    let ms = took.as_millis();
    match outcome {
        Outcome::Delivered(answer) => print_line(format_args!(
            "{}",
            escaped(&format!("{name}: delivered in {ms} ms ({answer})"))
        )),
        Outcome::Refused(why) => {
            anyhow::bail!("{name} refused it, and would refuse every message like it: {why}")
        }
        Outcome::Failed { why, .. } => {
            anyhow::bail!(
                "{name} did not take it after {ms} ms; a running process would try again: {why}"
            )
        }
    }
}
