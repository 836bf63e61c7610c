//! Files of every form, read line by line.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;
use floorwalker_core::decode::PAYLOAD_BYTES_MAX;

/// Number and text of each line.
fn texts_of(bytes: &[u8]) -> Result<Vec<(u64, String)>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("lines");
    std::fs::write(&path, bytes).map_err(|error| error.to_string())?;
    let files = Files::new(vec![path.clone()]);
    let mut lines = Vec::new();
    let read = files.each_line(&ProgressBar::hidden(), |place, line| {
        lines.push((place.line, String::from_utf8_lossy(line).into_owned()));
        Ok(())
    });
    let name = path.display().to_string();
    read.map(|()| lines)
        .map_err(|error| format!("{error:#}").replace(&name, "FILE"))
}

fn check(bytes: &[u8], expected: &[(u64, &str)]) {
    let found = texts_of(bytes).unwrap();
    let found: Vec<(u64, &str)> = found.iter().map(|(at, text)| (*at, &**text)).collect();
    assert_eq!(found, expected);
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn plain_and_zipped_lines_are_counted_alike() {
    let text = b"{}\r\n\n  \n{ }";
    check(text, &[(1, "{}"), (4, "{ }")]);
    check(&zipped(text), &[(1, "{}"), (4, "{ }")]);
    check(b"", &[]);
    check(b"\n\n{}\n", &[(3, "{}")]);
    check(b"\xef\xbb\xbf{}\n{1}", &[(1, "{}"), (2, "{1}")]);
}

/// Members of gzip, each with a byte order mark, and a tape's zeros behind them.
#[test]
fn gzip_is_read_as_gzip_reads_it() {
    let twice = [zipped(b"\xef\xbb\xbf1\n"), zipped(b"\xef\xbb\xbf2\n")].concat();
    check(&twice, &[(1, "1"), (2, "2")]);
    let padded = [twice, vec![0; 100_000]].concat();
    check(&padded, &[(1, "1"), (2, "2")]);
    let strange = [padded, b"x".to_vec()].concat();
    let error = texts_of(&strange).unwrap_err();
    assert!(
        error.contains("is followed by something that is none"),
        "{error}"
    );
}

#[test]
fn elements_of_an_array_are_lines() {
    let text = b" [ {\"a\": [1, \"x]},\\\"\"]},\n{\n\"b\":2} ,\n 3]\n";
    let expected = [(1, r#"{"a": [1, "x]},\""]}"#), (2, "{\n\"b\":2}"), (4, "3")];
    check(text, &expected);
    check(&zipped(text), &expected);
    check(b"[]", &[]);
    check(b"[{},\n{\"a\":", &[(1, "{}"), (2, "{\"a\":")]);
    check(
        b"[1]\n[2, 3]\n{}\n[4]",
        &[(1, "1"), (2, "2"), (2, "3"), (3, "{}"), (4, "[4]")],
    );
}

#[test]
fn utf_16_is_read() {
    let text = "{\"a\":\"é\"}\r\n{}\n";
    let expected = [(1, "{\"a\":\"é\"}"), (2, "{}")];
    let little = |it: &str| {
        it.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let big = |it: &str| {
        it.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    let marked = format!("\u{feff}{text}");
    for bytes in [
        little(text),
        big(text),
        little(&marked),
        big(&marked),
        zipped(&little(&marked)),
    ] {
        check(&bytes, &expected);
    }
}

#[test]
fn what_is_no_text_is_named() {
    for (bytes, name) in [
        (b"PK\x03\x04....".to_vec(), "zip"),
        (b"PAR1....".to_vec(), "Parquet"),
        (zipped(b"BZh9"), "bzip2"),
        (
            [vec![b'a'; 257], b"ustar\0".to_vec()].concat(),
            "tar archive",
        ),
    ] {
        let error = texts_of(&bytes).unwrap_err();
        assert!(error.starts_with("FILE: this is "), "{error}");
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn broken_gzip_is_named() {
    let whole = zipped(&b"{}\n".repeat(10_000));
    let cut = &whole[..whole.len() - 6];
    let error = texts_of(cut).unwrap_err();
    assert!(error.contains("FILE:"), "{error}");
    assert!(
        error.contains("the gzip data is cut off or damaged"),
        "{error}"
    );
    let mut damaged = whole;
    let last = damaged.len() - 5;
    damaged[last] ^= 1;
    let damage = texts_of(&damaged).unwrap_err();
    assert!(
        damage.contains("the gzip data is cut off or damaged"),
        "{damage}"
    );
}

#[test]
fn the_rest_of_an_endless_line_is_skipped() {
    let mut text = vec![b'x'; 3 * PAYLOAD_BYTES_MAX];
    text.extend_from_slice(b"\n{}\n");
    let lines = texts_of(&text).unwrap();
    let lengths: Vec<_> = lines.iter().map(|(at, line)| (*at, line.len())).collect();
    assert_eq!(lengths, [(1, PAYLOAD_BYTES_MAX + 2), (2, 2)]);
}
