//! `accept-loss`: the deployment goes on without what its topics no longer hold.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::Arc,
};

use clap::Args;

use super::{config_file::ConfigFile, print::print_line};
use crate::kafka::loss::{self, Loss, Lost};

/// What the state of a task is, for whoever has to decide.
const STATE: &str = "\
A task that loses its state begins empty, and reads its sources on from where it stood: no event is read twice or left out. Gone are,
of the contacts, customers, agents, queues and groups that were its own: who waits and talks, alerts that fire (they are never resolved),
repeats within `fcr.window`, agents' states until they are sent again, and the figures of all windows, which begin anew. Records
in `contacts`, `kpis`, `scorecards` and `alerts` stay until newer ones replace them.";
const FRAMES: &str = "\
A task that loses what others have sent it keeps its state. Gone are events that were on their way to it, facts that its agents, queues
and groups have not counted, and what contacts had sent to its customers: figures of the hour in question are too low, for good.";

#[derive(Debug, Args)]
pub(super) struct AcceptLoss {
    #[command(flatten)]
    file: ConfigFile,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn accept_loss(arguments: &AcceptLoss) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let config = config.with_sources(arguments.file.place())?;
    let found = loss::examine(&config.kafka, &Arc::new(config.engine))?;
    if found.losses().is_empty() {
        return print_line(format_args!(
            "nothing is lost: every task can go on, start `floorwalker run`"
        ));
    }
    print(found.losses())?;
    anyhow::ensure!(
        arguments.yes || confirm()?,
        "nothing was changed: without `--yes` or an answer of `y` every task stays as it is"
    );
    found.accept()?;
    print_line(format_args!("accepted: start `floorwalker run`"))
}

fn print(losses: &[Loss]) -> anyhow::Result<()> {
    for loss in losses {
        print_line(format_args!("{loss}"))?;
    }
    for (what, explained) in [(Lost::State, STATE), (Lost::Frames, FRAMES)] {
        if losses.iter().any(|loss| loss.what == what) {
            print_line(format_args!("\n{explained}"))?;
        }
    }
    Ok(())
}

/// Nobody can answer where there is no terminal.
fn confirm() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(io::stdout(), "\nGo on without it? [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
