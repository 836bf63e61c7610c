//! Files of events as people have them: JSON lines or a JSON array; plain, gzip or zstd; UTF-8 or UTF-16.

mod gzip;
mod hint;
mod lines;
mod open;
mod sort;
mod zstd;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use indicatif::ProgressBar;

use self::lines::Lines;

pub(super) use self::{hint::hint, sort::Sorter};

/// One line of the files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    /// Counts from 1.
    pub(super) line: u64,
}

impl Place {
    /// Returns a record's key for the line; a dead letter keeps it.
    pub(super) fn to_key(self) -> Vec<u8> {
        format!("{}:{}", self.file, self.line).into_bytes()
    }

    /// Returns the place that a key names.
    pub(super) fn from_key(key: &[u8]) -> Option<Self> {
        let (file, line) = str::from_utf8(key).ok()?.split_once(':')?;
        Some(Self {
            file: file.parse().ok()?,
            line: line.parse().ok()?,
        })
    }
}

/// Files of events; `-` is standard input.
#[derive(Debug)]
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    pub(super) const fn new(paths: Vec<PathBuf>) -> Self {
        Self(paths)
    }

    /// Hands over every line that is not blank, without its end, file by file; of a JSON array every element. Of one that
    /// is too long for an event only the beginning, still too long.
    pub(super) fn each_line(
        &self,
        bar: &ProgressBar,
        mut take: impl FnMut(Place, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for (file, path) in self.0.iter().enumerate() {
            let reader = open::open(path, bar).with_context(|| path.display().to_string())?;
            let mut lines = Lines::new(reader);
            loop {
                let more = lines.go_on();
                let place = Place {
                    file,
                    line: lines.number(),
                };
                if !more.with_context(|| self.name(place))? {
                    break;
                }
                take(place, lines.text())?;
            }
        }
        Ok(())
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(PathBuf::as_path)
    }

    /// True if all can be read a second time: pipes can't.
    pub(super) fn can_be_read_again(&self) -> bool {
        self.0.iter().all(|path| path.is_file())
    }

    /// `file:line`.
    pub(super) fn name(&self, place: Place) -> String {
        let path = self.0.get(place.file).map(PathBuf::as_path);
        let path = path.unwrap_or_else(|| Path::new("?"));
        format!("{}:{}", path.display(), place.line)
    }
}

impl fmt::Display for Files {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .0
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        formatter.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests;
