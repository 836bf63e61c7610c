//! What a line that is no event looks like, and what makes events of it.

use std::ops::Range;

use serde_json::Value;

/// Seconds since 1970, as many digits as the years 1973 to 5138 have.
const SECONDS: Range<f64> = 1e8..1e11;
const MICROSECONDS: Range<f64> = 1e14..1e17;
const NANOSECONDS: Range<f64> = 1e17..1e20;
/// Names of columns as exports have them; a header has at least this many of a line's.
const COLUMNS_MIN: usize = 3;

/// Returns how a line can be turned into an event, if it looks like something that is known. Not for lines that are events.
pub(in crate::cli) fn hint(line: &[u8]) -> Option<&'static str> {
    let zeros = line.iter().filter(|byte| **byte == 0).count();
    if zeros * 3 > line.len() {
        return Some("this looks like UTF-16: `iconv -f UTF-16 -t UTF-8 FILE`");
    }
    let text = str::from_utf8(line).ok()?.trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return of_json(&value);
    }
    let is_object = |json| serde_json::from_str::<Value>(json).is_ok_and(|it| it.is_object());
    if text.strip_suffix(',').is_some_and(is_object) {
        return Some(
            "lines end with a comma, as in a JSON array without its brackets: `sed 's/,$//' FILE`",
        );
    }
    if matches!(text, "{" | "}" | "},") || is_field(text) {
        return Some("this looks like JSON over several lines; one event a line: `jq -c . FILE`");
    }
    if text.starts_with("{'") {
        return Some(
            "this looks like a Python dict; JSON has double quotes: write lines with `json.dumps`",
        );
    }
    if text.starts_with('<') {
        return Some("this looks like XML or HTML; events are JSON, one a line");
    }
    is_csv(text).then_some(
        "this looks like CSV; with a header whose names are those of the fields: `mlr --icsv --ojsonl cat FILE`",
    )
}

/// JSON, but no event.
fn of_json(value: &Value) -> Option<&'static str> {
    match value {
        Value::Array(_) => Some("this line is a JSON array of its own: `jq -c '.[]' FILE`"),
        Value::Object(fields) => of_time(fields.get("occurred_at")?),
        Value::String(_) => Some("this line is a text that may hold JSON: `jq -c fromjson FILE`"),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn of_time(at: &Value) -> Option<&'static str> {
    let number = match at {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if SECONDS.contains(&number) {
        return Some(
            "`occurred_at` looks like seconds since 1970; a number is milliseconds here: \
             `jq -c '.occurred_at |= (tonumber * 1000 | round)' FILE`",
        );
    }
    if MICROSECONDS.contains(&number) {
        return Some(
            "`occurred_at` looks like microseconds since 1970; a number is milliseconds here: \
             `jq -c '.occurred_at |= (tonumber / 1000 | round)' FILE`",
        );
    }
    NANOSECONDS.contains(&number).then_some(
        "`occurred_at` looks like nanoseconds since 1970; a number is milliseconds here: \
         `jq -c '.occurred_at |= (tonumber / 1000000 | round)' FILE`",
    )
}

/// `"name": …`, a line of JSON that was laid out for people.
fn is_field(text: &str) -> bool {
    let name = text.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    name.is_some_and(|(_, rest)| rest.trim_start().starts_with(':'))
}

fn is_csv(text: &str) -> bool {
    let columns = |separator| text.split(separator).count();
    let most = [',', ';', '\t'].map(columns).into_iter().max();
    !text.starts_with(['{', '[']) && most >= Some(COLUMNS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_is_recognised() {
        let table = [
            (r#"{"a":1},"#, "sed 's/,$//'"),
            ("event_id,occurred_at,type", "looks like CSV"),
            ("e1;2026-11-22T10:00:00Z;contact_queued", "looks like CSV"),
            (r#"{"occurred_at":1795341600}"#, "seconds since 1970"),
            (r#"{"occurred_at":1795341600.25}"#, "seconds since 1970"),
            (r#"{"occurred_at":"1795341600"}"#, "seconds since 1970"),
            (
                r#"{"occurred_at":1795341600000000}"#,
                "microseconds since 1970",
            ),
            (
                r#"{"occurred_at":1795341600000000000}"#,
                "nanoseconds since 1970",
            ),
            ("{\0\"\0", "iconv"),
            ("{", "jq -c . FILE"),
            (r#"  "type": "contact_queued","#, "jq -c . FILE"),
            ("{'type': 'contact_queued'}", "double quotes"),
            (r#"[{"type":"contact_queued"}]"#, "jq -c '.[]'"),
            (r#""{\"type\":1}""#, "fromjson"),
            ("<event/>", "XML"),
        ];
        for (line, part) in table {
            let found = hint(line.as_bytes()).unwrap_or_default();
            assert!(found.contains(part), "{line}: {found}");
        }
        for line in [
            "nonsense",
            "{\"type\":",
            r#"{"occurred_at":1795341600000}"#,
            "17",
        ] {
            assert_eq!(hint(line.as_bytes()), None, "{line}");
        }
    }
}
