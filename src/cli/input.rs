//! Files of JSON lines, plain or gzip.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use crate::{decode::PAYLOAD_BYTES_MAX, event::Timestamp};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Some editors begin a file with it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// One line of the files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    /// From 1 on.
    pub(super) line: u64,
}

/// Files of lines; `-` is what comes in.
#[derive(Debug)]
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    pub(super) const fn new(paths: Vec<PathBuf>) -> Self {
        Self(paths)
    }

    /// Hands over every line that is not blank, without its end, file by file. Of one that is too long for an event only
    /// the beginning, still too long.
    pub(super) fn each_line(
        &self,
        bar: &ProgressBar,
        mut take: impl FnMut(Place, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for file in 0..self.0.len() {
            let mut lines = self.lines(file, bar)?;
            while self.go_on(&mut lines)? {
                take(lines.place, lines.text())?;
            }
        }
        Ok(())
    }

    /// The same, always of the file whose next line has the earliest time; one without a time comes at once. So files of the
    /// same period are read like one, in which nothing is later than it was in its own.
    pub(super) fn each_line_by_time(
        &self,
        bar: &ProgressBar,
        time_of: impl Fn(&[u8]) -> Option<Timestamp>,
        mut take: impl FnMut(Place, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.0.len() == 1 {
            return self.each_line(bar, take);
        }
        let mut next = BinaryHeap::new();
        let mut all = Vec::new();
        for file in 0..self.0.len() {
            let mut lines = self.lines(file, bar)?;
            if self.go_on(&mut lines)? {
                next.push(Reverse((time_of(lines.text()), file)));
            }
            all.push(lines);
        }
        while let Some(Reverse((_, file))) = next.pop() {
            let lines = &mut all[file];
            take(lines.place, lines.text())?;
            if self.go_on(lines)? {
                next.push(Reverse((time_of(lines.text()), file)));
            }
        }
        Ok(())
    }

    fn lines(&self, file: usize, bar: &ProgressBar) -> anyhow::Result<Lines> {
        let path = &self.0[file];
        let reader = open(path, bar).with_context(|| path.display().to_string())?;
        Ok(Lines {
            reader,
            line: Vec::new(),
            place: Place { file, line: 0 },
        })
    }

    fn go_on(&self, lines: &mut Lines) -> anyhow::Result<bool> {
        let read = lines.go_on();
        read.with_context(|| self.name(lines.place))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(PathBuf::as_path)
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

/// What is read of one file.
struct Lines {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    place: Place,
}

impl Lines {
    /// To the next line that is not blank; false at the end.
    fn go_on(&mut self) -> io::Result<bool> {
        loop {
            self.place.line += 1;
            if !read_line(&mut *self.reader, &mut self.line)? {
                return Ok(false);
            }
            if self.place.line == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.text().is_empty() {
                return Ok(true);
            }
        }
    }

    fn text(&self) -> &[u8] {
        self.line.trim_ascii()
    }
}

fn open(path: &Path, bar: &ProgressBar) -> io::Result<Box<dyn BufRead>> {
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(
            1 << 16,
            bar.wrap_read(File::open(path)?),
        ))
    };
    let zipped = reader.fill_buf()?.starts_with(&GZIP_MAGIC);
    Ok(if zipped {
        Box::new(BufReader::with_capacity(
            1 << 16,
            Unzipped(MultiGzDecoder::new(reader)),
        ))
    } else {
        reader
    })
}

/// Says what it was that broke.
struct Unzipped(MultiGzDecoder<Box<dyn BufRead>>);

impl Read for Unzipped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|cause| {
            io::Error::new(
                cause.kind(),
                format!("the gzip data is cut off or damaged: {cause}"),
            )
        })
    }
}

/// False at the end.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    const KEPT: usize = PAYLOAD_BYTES_MAX + 2;
    line.clear();
    let kept = Read::take(&mut *reader, KEPT as u64).read_until(b'\n', line)?;
    if kept == KEPT && line.last() != Some(&b'\n') {
        reader.skip_until(b'\n')?;
    }
    Ok(kept > 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn lines_of(bytes: &[u8]) -> Result<Vec<(u64, usize)>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("lines");
        std::fs::write(&path, bytes).map_err(|error| error.to_string())?;
        let files = Files::new(vec![path.clone()]);
        let mut lines = Vec::new();
        let read = files.each_line(&ProgressBar::hidden(), |place, line| {
            lines.push((place.line, line.len()));
            Ok(())
        });
        let name = path.display().to_string();
        read.map(|()| lines)
            .map_err(|error| format!("{error:#}").replace(&name, "FILE"))
    }

    /// Each file keeps its order, also where that goes back in time.
    #[test]
    fn files_of_one_period_are_read_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["1\n4\n3\n9\n", "2\nx\n3\n10\n", ""].map(|text| {
            let path = folder.path().join(text.len().to_string());
            std::fs::write(&path, text).unwrap();
            path
        });
        let time_of = |line: &[u8]| str::from_utf8(line).ok()?.parse().ok().map(Timestamp);
        let mut read = Vec::new();
        let taken = Files::new(paths.to_vec()).each_line_by_time(
            &ProgressBar::hidden(),
            time_of,
            |place, line| {
                read.push((place.file, str::from_utf8(line)?.to_owned()));
                Ok(())
            },
        );
        taken.unwrap();
        let read: Vec<String> = read
            .iter()
            .map(|(file, line)| format!("{file}:{line}"))
            .collect();
        assert_eq!(read.join(" "), "0:1 1:2 1:x 1:3 0:4 0:3 0:9 1:10");
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_zipped_lines_are_counted_alike() {
        let text = b"{}\r\n\n  \n{ }";
        assert_eq!(lines_of(text), Ok(vec![(1, 2), (4, 3)]));
        assert_eq!(lines_of(&zipped(text)), Ok(vec![(1, 2), (4, 3)]));
        let twice = [zipped(b"1\n"), zipped(b"2\n")].concat();
        assert_eq!(lines_of(&twice), Ok(vec![(1, 1), (2, 1)]));
        assert_eq!(lines_of(b""), Ok(vec![]));
        assert_eq!(lines_of(b"\xef\xbb\xbf{}\n\xef"), Ok(vec![(1, 2), (2, 1)]));
    }

    #[test]
    fn broken_gzip_is_named() {
        let whole = zipped(&b"{}\n".repeat(10));
        let cut = &whole[..whole.len() - 6];
        let error = lines_of(cut).unwrap_err();
        assert!(error.contains("FILE:"), "{error}");
        assert!(
            error.contains("the gzip data is cut off or damaged"),
            "{error}"
        );
        let mut damaged = whole;
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        let damage = lines_of(&damaged).unwrap_err();
        assert!(
            damage.contains("the gzip data is cut off or damaged"),
            "{damage}"
        );
    }

    #[test]
    fn the_rest_of_an_endless_line_is_skipped() {
        let mut text = vec![b'x'; 3 * PAYLOAD_BYTES_MAX];
        text.extend_from_slice(b"\n{}\n");
        let lines = lines_of(&text).unwrap();
        assert_eq!(lines, [(1, PAYLOAD_BYTES_MAX + 2), (2, 2)]);
    }
}
