//! Text cut into events: one a line, or the elements of a JSON array.

use std::io::{self, BufRead, Read};

use floorwalker_core::decode::PAYLOAD_BYTES_MAX;

/// Some editors begin a file with it; where files were joined it stands between lines.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Bytes of a line that are kept: with a line's end, still too long for an event.
const KEPT: usize = PAYLOAD_BYTES_MAX + 2;

/// What is read of one file.
pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    text: Vec<u8>,
    /// Ends of lines that were read.
    ends: u64,
    /// Of the line in `text`.
    number: u64,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing but blanks was read.
    Unknown,
    Lines,
    /// Inside of the brackets.
    Array,
}

/// What a scanned byte means to an element of an array.
#[derive(Debug, Default)]
struct Element {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Lines {
    pub(super) fn new(reader: Box<dyn BufRead>) -> Self {
        Self {
            reader,
            text: Vec::new(),
            ends: 0,
            number: 0,
            form: Form::Unknown,
        }
    }

    /// Reads the next line that is not blank, or the next element; false at the end.
    pub(super) fn go_on(&mut self) -> io::Result<bool> {
        loop {
            match self.form {
                Form::Unknown => {
                    let first = self.skip(|byte| byte.is_ascii_whitespace())?;
                    if first == Some(b'[') {
                        self.reader.consume(1);
                        self.form = Form::Array;
                    } else {
                        self.form = Form::Lines;
                    }
                }
                Form::Lines => return self.next_line(),
                Form::Array => {
                    if self.next_element()? {
                        return Ok(true);
                    }
                    self.form = Form::Unknown;
                }
            }
        }
    }

    /// Counts from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn text(&self) -> &[u8] {
        let text = self.text.as_slice();
        text.strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(text)
            .trim_ascii()
    }

    fn next_line(&mut self) -> io::Result<bool> {
        loop {
            self.number = self.ends + 1;
            self.text.clear();
            let reader = &mut *self.reader;
            let kept = Read::take(&mut *reader, KEPT as u64).read_until(b'\n', &mut self.text)?;
            if kept == KEPT && self.text.last() != Some(&b'\n') {
                reader.skip_until(b'\n')?;
            }
            if kept == 0 {
                return Ok(false);
            }
            self.ends += 1;
            if !self.text().is_empty() {
                return Ok(true);
            }
        }
    }

    /// False behind the array's end.
    fn next_element(&mut self) -> io::Result<bool> {
        let first = self.skip(|byte| byte.is_ascii_whitespace() || byte == b',')?;
        self.number = self.ends + 1;
        self.text.clear();
        match first {
            None => return Ok(false),
            Some(b']') => {
                self.reader.consume(1);
                return Ok(false);
            }
            Some(_) => {}
        }
        let mut element = Element::default();
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(true);
            }
            let end = bytes.iter().position(|byte| element.ends_before(*byte));
            let taken = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            let room = KEPT.saturating_sub(self.text.len()).min(taken.len());
            self.text
                .extend_from_slice(taken.get(..room).unwrap_or_default());
            self.ends += newlines(taken);
            let read = taken.len();
            self.reader.consume(read);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Reads past what is not wanted; returns the byte that follows.
    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let found = bytes.iter().position(|byte| !unwanted(*byte));
            let passed = found.unwrap_or(bytes.len());
            let next = bytes.get(passed).copied();
            self.ends += newlines(bytes.get(..passed).unwrap_or_default());
            self.reader.consume(passed);
            if next.is_some() {
                return Ok(next);
            }
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Element {
    /// Sees the next byte; true if it is the first that is no part of the element.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}
