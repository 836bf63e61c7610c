//! `schema`: what goes in and what comes out, described for programs.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::print::print_line;
use floorwalker_core::schema::{File, files};

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// `event`, `statement`, `asyncapi`, a record (`kpi`, `alert`, `contact`, `scorecard`), or `all`
    #[arg(default_value = "all")]
    what: String,
    /// A folder to write files into, instead of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn schema(arguments: &Schema) -> anyhow::Result<()> {
    let wanted = chosen(&arguments.what)?;
    for file in &wanted {
        let mut text = serde_json::to_string_pretty(&file.content)?;
        let Some(folder) = &arguments.out else {
            print_line(format_args!("{text}"))?;
            continue;
        };
        text.push('\n');
        let path = folder.join(&file.path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&path, text))
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn chosen(what: &str) -> anyhow::Result<Vec<File>> {
    let name = |file: &File| {
        let file = file.path.rsplit('/').next().unwrap_or_default();
        file.trim_end_matches(".json").to_owned()
    };
    let all = files();
    let names: Vec<String> = all.iter().map(name).collect();
    let chosen = all
        .into_iter()
        .filter(|file| what == "all" || name(file) == what);
    let chosen: Vec<File> = chosen.collect();
    anyhow::ensure!(
        !chosen.is_empty(),
        "there is no schema `{what}`; there are {} and all",
        names.join(", ")
    );
    Ok(chosen)
}
