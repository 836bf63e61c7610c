//! Lines by time, in bounded memory: what does not fit is sorted into temporary files, which are merged in the end.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek as _, Write as _},
    ops::Range,
};

use anyhow::Context as _;

use super::Place;
use floorwalker_core::event::Timestamp;

/// Bytes of lines in memory before they are written out. A line takes 48 bytes more.
const MEMORY_BYTES: usize = 64 << 20;
/// Files that are open at a time; more are merged into one.
const RUNS_MAX: usize = 128;

/// What is sorted by; lines of one instant keep their order.
type Key = (Timestamp, Place);

/// Takes lines in any order, and hands them over by time.
#[derive(Debug)]
pub(in crate::cli) struct Sorter {
    memory_bytes: usize,
    bytes: Vec<u8>,
    lines: Vec<(Key, u16, Range<usize>)>,
    /// Each sorted.
    runs: Vec<BufReader<File>>,
}

/// A line of a run.
#[derive(Debug, Default)]
struct Record {
    tag: u16,
    line: Vec<u8>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::new(MEMORY_BYTES)
    }
}

impl Sorter {
    const fn new(memory_bytes: usize) -> Self {
        Self {
            memory_bytes,
            bytes: Vec::new(),
            lines: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Takes a line, with a number that comes back with it.
    ///
    /// # Errors
    /// When a temporary file can't be written.
    pub(in crate::cli) fn push(
        &mut self,
        at: Timestamp,
        place: Place,
        (tag, line): (u16, &[u8]),
    ) -> anyhow::Result<()> {
        if self.bytes.len() + line.len() > self.memory_bytes && !self.lines.is_empty() {
            self.spill()?;
        }
        let from = self.bytes.len();
        self.bytes.extend_from_slice(line);
        self.lines.push(((at, place), tag, from..self.bytes.len()));
        Ok(())
    }

    /// Hands over all lines, the earliest first.
    ///
    /// # Errors
    /// When a temporary file can't be read or written, or `take` fails.
    pub(in crate::cli) fn each(
        mut self,
        mut take: impl FnMut(Key, u16, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.runs.is_empty() {
            self.lines.sort_unstable_by_key(|(key, _, _)| *key);
            for (key, tag, range) in self.lines {
                take(key, tag, self.bytes.get(range).unwrap_or_default())?;
            }
            return Ok(());
        }
        self.spill()?;
        self.bytes = Vec::new();
        merge(&mut self.runs, take)
    }

    fn spill(&mut self) -> anyhow::Result<()> {
        self.write_run().with_context(|| {
            let folder = std::env::temp_dir();
            let folder = folder.display();
            format!(
                "sort lines in the temporary folder {folder}; TMPDIR names another with more room"
            )
        })
    }

    fn write_run(&mut self) -> anyhow::Result<()> {
        self.lines.sort_unstable_by_key(|(key, _, _)| *key);
        let mut run = Run::new()?;
        for (key, tag, range) in self.lines.drain(..) {
            run.write(key, tag, self.bytes.get(range).unwrap_or_default())?;
        }
        self.bytes.clear();
        self.runs.push(run.finish()?);
        if self.runs.len() == RUNS_MAX {
            let mut all = Run::new()?;
            merge(&mut self.runs, |key, tag, line| {
                Ok(all.write(key, tag, line)?)
            })?;
            self.runs = vec![all.finish()?];
        }
        Ok(())
    }
}

/// A temporary file without a name: it is gone with the process.
struct Run(BufWriter<File>);

impl Run {
    fn new() -> io::Result<Self> {
        Ok(Self(BufWriter::with_capacity(
            1 << 16,
            tempfile::tempfile()?,
        )))
    }

    fn write(&mut self, (at, place): Key, tag: u16, line: &[u8]) -> io::Result<()> {
        let length = u32::try_from(line.len()).map_err(io::Error::other)?;
        self.0.write_all(&at.0.to_le_bytes())?;
        self.0.write_all(&(place.file as u64).to_le_bytes())?;
        self.0.write_all(&place.line.to_le_bytes())?;
        self.0.write_all(&tag.to_le_bytes())?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(line)
    }

    fn finish(self) -> io::Result<BufReader<File>> {
        let mut file = self
            .0
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }
}

impl Record {
    /// Returns the key; `None` at the end of the run.
    fn read(&mut self, run: &mut BufReader<File>) -> io::Result<Option<Key>> {
        let mut at = [0; 8];
        match run.read_exact(&mut at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let (mut file, mut number) = ([0; 8], [0; 8]);
        let (mut tag, mut length) = ([0; 2], [0; 4]);
        run.read_exact(&mut file)?;
        run.read_exact(&mut number)?;
        run.read_exact(&mut tag)?;
        run.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
        self.tag = u16::from_le_bytes(tag);
        self.line.resize(length, 0);
        run.read_exact(&mut self.line)?;
        let place = Place {
            file: usize::try_from(u64::from_le_bytes(file)).map_err(io::Error::other)?,
            line: u64::from_le_bytes(number),
        };
        Ok(Some((Timestamp(i64::from_le_bytes(at)), place)))
    }
}

fn merge(
    runs: &mut [BufReader<File>],
    mut take: impl FnMut(Key, u16, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut records: Vec<Record> = Vec::new();
    let mut next = BinaryHeap::new();
    for (number, run) in runs.iter_mut().enumerate() {
        let mut record = Record::default();
        next.extend(record.read(run)?.map(|key| Reverse((key, number))));
        records.push(record);
    }
    while let Some(Reverse((key, number))) = next.pop() {
        let record = &mut records[number];
        take(key, record.tag, &record.line)?;
        let following = record.read(&mut runs[number])?;
        next.extend(following.map(|its| Reverse((its, number))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorts with as many bytes in memory as 2, 100 or all lines take.
    #[test]
    fn lines_come_by_time_however_little_memory_there_is() {
        let times: Vec<i64> = (0..1_000_i64).map(|number| number * 7_919 % 331).collect();
        let mut expected: Vec<(i64, u64)> = times.iter().copied().zip(1..).collect();
        expected.sort_unstable();
        for memory_bytes in [24, 1_000, 1 << 20] {
            let mut sorter = Sorter::new(memory_bytes);
            for (at, line) in times.iter().zip(1..) {
                let place = Place { file: 0, line };
                let text = format!("line {line}");
                let tag = u16::try_from(line % 12).unwrap();
                sorter
                    .push(Timestamp(*at), place, (tag, text.as_bytes()))
                    .unwrap();
            }
            let mut found = Vec::new();
            sorter
                .each(|(at, place), tag, text| {
                    assert_eq!(text, format!("line {}", place.line).as_bytes());
                    assert_eq!(u64::from(tag), place.line % 12);
                    found.push((at.0, place.line));
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, expected, "{memory_bytes}");
        }
    }
}
