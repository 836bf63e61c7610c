//! Completions for shells, and manual pages.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use clap::Command;
use clap_complete::{Shell, generate};

use super::print::print_line;

const NAME: &str = "floorwalker";

pub(super) fn completions(command: &mut Command, shell: Shell) {
    generate(shell, command, NAME, &mut io::stdout());
}

/// One page for each command.
pub(super) fn man(commands: Command, folder: &Path) -> anyhow::Result<()> {
    let name = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("make {name}"))?;
    clap_mangen::generate_to(commands, folder).with_context(|| format!("write into {name}"))?;
    print_line(format_args!("wrote the pages into {name}"))
}
