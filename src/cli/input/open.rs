//! From a file's bytes to UTF-8 text: unpacks what is packed, and names what is no text at all.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use anyhow::bail;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use indicatif::ProgressBar;

use super::{gzip::Gzip, lines::BYTE_ORDER_MARK, zstd::Zstd};

const BUFFER_BYTES: usize = 1 << 16;
/// The first bytes, by which a file is known; those of a tar archive stand at 257.
const HEAD_BYTES: u64 = 512;
const TAR_AT: usize = 257;

/// First bytes of files that are no text, their name, and what makes text of them.
const FOREIGN: [(&[u8], &str, &str); 9] = [
    (
        b"PK\x03\x04",
        "a zip archive (as .xlsx is)",
        "unpack it: `unzip -p FILE | floorwalker … -`; a sheet of .xlsx becomes CSV first",
    ),
    (
        b"PAR1",
        "a Parquet file",
        "write JSON lines of it: `duckdb -c \"COPY (FROM 'FILE') TO 'events.jsonl' (FORMAT json)\"`",
    ),
    (
        b"BZh",
        "bzip2 data",
        "unpack it: `bzcat FILE | floorwalker … -`",
    ),
    (
        b"\xfd7zXZ\0",
        "xz data",
        "unpack it: `xzcat FILE | floorwalker … -`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "LZ4 data",
        "unpack it: `lz4 -dc FILE | floorwalker … -`",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it: `7z x -so FILE | floorwalker … -`",
    ),
    (
        b"Obj\x01",
        "an Avro file",
        "write JSON lines of it: `avro-tools tojson FILE`",
    ),
    (
        b"ORC",
        "an ORC file",
        "write JSON lines of it: `orc-contents FILE`",
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "write JSON lines of it: `sqlite3 FILE \"select json_object(…) from …\"`",
    ),
];

type Reader = Box<dyn BufRead>;

/// Opens a file, or standard input.
pub(super) fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<Reader> {
    let file: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(bar.wrap_read(File::open(path)?))
    };
    let (head, reader) = look(Box::new(BufReader::with_capacity(BUFFER_BYTES, file)));
    let reader = if head.starts_with(&super::gzip::MAGIC) {
        buffered(Gzip::new(reader))
    } else if super::zstd::is_frame(&head) {
        buffered(Zstd::new(reader))
    } else {
        reader
    };
    let (text, reader) = look(reader);
    refuse_foreign(&text)?;
    Ok(as_utf8(&text, reader))
}

fn buffered(reader: impl Read + 'static) -> Reader {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, reader))
}

/// Returns the first bytes, and a reader that still has them. What fails meanwhile fails behind them.
fn look(mut reader: Reader) -> (Vec<u8>, Reader) {
    let mut head = Vec::new();
    let read = Read::take(&mut reader, HEAD_BYTES).read_to_end(&mut head);
    let rest = match read {
        Ok(_) => reader,
        Err(error) => buffered(Broken(Some(error))),
    };
    let whole = Cursor::new(head.clone()).chain(rest);
    (head, Box::new(whole))
}

struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn refuse_foreign(head: &[u8]) -> anyhow::Result<()> {
    for (magic, name, cure) in FOREIGN {
        if head.starts_with(magic) {
            bail!("this is {name}, not JSON; {cure}");
        }
    }
    let tail = head.get(TAR_AT..).unwrap_or_default();
    if tail.starts_with(b"ustar") {
        bail!("this is a tar archive, not JSON; unpack it: `tar -xOf FILE | floorwalker … -`");
    }
    Ok(())
}

fn as_utf8(head: &[u8], reader: Reader) -> Reader {
    let Some(encoding) = utf16(head) else {
        let mut reader = reader;
        if head.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        return reader;
    };
    let decoder = DecodeReaderBytesBuilder::new()
        .encoding(Some(encoding))
        .bom_override(true)
        .build(reader);
    buffered(decoder)
}

/// By its byte order mark, or by ASCII characters with a zero beside each.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}
