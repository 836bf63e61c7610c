//! What others wrote, made harmless for a terminal: everything that is printed passes through here.

use std::fmt::Write as _;

/// Returns the text with what a terminal would obey or reorder written as `\u{1b}`; ends of lines stay.
pub(super) fn escaped(text: &str) -> String {
    escape(text, |out, sign| {
        write!(out, "\\u{{{:x}}}", u32::from(sign))
    })
}

/// Returns the same on one line.
pub(super) fn escaped_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n")
}

/// Returns the same of JSON, whose strings keep their meaning.
pub(super) fn escaped_json(json: &str) -> String {
    escape(json, |out, sign| {
        let mut units = [0; 2];
        let units = sign.encode_utf16(&mut units).iter();
        units
            .into_iter()
            .try_for_each(|unit| write!(out, "\\u{unit:04x}"))
    })
}

fn escape(text: &str, write: impl Fn(&mut String, char) -> std::fmt::Result) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if !is_obeyed(sign) || write(&mut out, sign).is_err() {
            out.push(sign);
        }
    }
    out
}

/// Controls but for the end of a line, and what turns the direction of text or is not to be seen.
fn is_obeyed(sign: char) -> bool {
    match sign {
        '\n' => false,
        '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        let table = [
            ("billing, Grüße 👋🏽 שלום\n", "billing, Grüße 👋🏽 שלום\n"),
            ("\u{1b}[2J\r\t", "\\u{1b}[2J\\u{d}\\u{9}"),
            ("\u{202e}gpj.exe\u{2066}", "\\u{202e}gpj.exe\\u{2066}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
        ];
        for (text, expected) in table {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "a\u{202e}": "\u{e0041}\u{9b}\u{1b}é" });
        let escaped = escaped_json(&value.to_string());
        assert_eq!(escaped, r#"{"a\u202e":"\udb40\udc41\u009b\u001bé"}"#);
        let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, value);
    }
}
