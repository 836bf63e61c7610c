//! Where log lines go: to standard error, or kept while a screen has the terminal.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Lines that are kept; the newest.
const LINES_MAX: usize = 500;

/// Log lines of this process.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    holding: bool,
    lines: VecDeque<String>,
}

impl Journal {
    /// From now on lines are kept.
    pub(super) fn hold(&self) {
        self.kept().holding = true;
    }

    /// Writes what was kept; from now on lines are written at once.
    pub(super) fn release(&self) {
        let mut kept = self.kept();
        kept.holding = false;
        let mut out = io::stderr().lock();
        for line in kept.lines.drain(..) {
            // Nobody reads it: nothing to be done.
            out.write_all(line.as_bytes()).ok();
        }
    }

    /// The newest line that is kept.
    pub(super) fn newest(&self) -> Option<String> {
        let kept = self.kept();
        kept.lines.back().map(|line| line.trim_end().to_owned())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Journal {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut kept = self.kept();
        if !kept.holding {
            return io::stderr().write(line);
        }
        if kept.lines.len() == LINES_MAX {
            kept.lines.pop_front();
        }
        kept.lines
            .push_back(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_while_a_screen_has_the_terminal() {
        let mut journal = Journal::default();
        journal.hold();
        journal.write_all(b"first\n").unwrap();
        journal.write_all(b"second\n").unwrap();
        assert_eq!(journal.newest().as_deref(), Some("second"));
        journal.release();
        assert_eq!(journal.newest(), None);
    }
}
