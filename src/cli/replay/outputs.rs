//! Where `replay` writes, found out before the counting and not after.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use super::arguments::Replay;
use crate::cli::report::Sheets;

impl Replay {
    /// # Errors
    /// When a place can't be written, or is read.
    pub(super) fn expect_places(&self) -> anyhow::Result<()> {
        let mut known: Vec<PathBuf> = (self.files.iter())
            .chain(&self.config.config)
            .chain(&self.directory)
            .map(|path| real(path))
            .collect();
        for file in self.outputs() {
            let shown = file.display();
            ensure!(
                file != Path::new("-"),
                "`-` is no file to write; name one, such as /dev/stdout"
            );
            let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|it| !it.is_dir()) {
                let folder = folder.display();
                anyhow::bail!("{shown}: there is no folder {folder}; make it, or write elsewhere");
            }
            ensure!(!file.is_dir(), "{shown} is a folder; name a file to write");
            // Devices may be named twice.
            if file.exists() && !file.is_file() {
                continue;
            }
            let place = real(&file);
            let is_free = !known.contains(&place);
            ensure!(
                is_free,
                "{shown} is read, or written by another option; write elsewhere"
            );
            known.push(place);
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let files = [
            &self.kpis,
            &self.contacts,
            &self.alerts,
            &self.scorecards,
            &self.recognitions,
            &self.html,
        ];
        let sheet = self.csv.clone().map(Sheets::from);
        let sheet = sheet.as_ref().and_then(Sheets::file);
        let files = files.into_iter().flatten().cloned();
        files.chain(sheet.map(Path::to_owned)).collect()
    }
}

/// Returns the path as the file system knows it, also of a file that is not there yet.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let of_folder = || {
        let folder = folder.unwrap_or_else(|| Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    let known = path.canonicalize().ok();
    known.or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

/// Writes records, one a line, if there is a place for them.
pub(super) fn write_lines<'l>(
    path: Option<&Path>,
    lines: impl IntoIterator<Item = &'l Vec<u8>>,
) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for line in lines {
            file.write_all(line)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().with_context(|| path.display().to_string())
}
