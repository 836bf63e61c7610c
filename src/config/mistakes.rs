//! All mistakes of a text at once: what is found is taken out of the document, and the rest is checked again.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer},
};

use serde::de::DeserializeOwned;

use super::fault::Fault;
use crate::serve::EXPOSED;

/// A fault of the whole document stands at its beginning.
const WHOLE: Range<usize> = 0..0;
/// More than anybody mends at a time.
const MISTAKES_MAX: usize = 50;

/// Reads the text of a document.
///
/// # Errors
/// The first of its syntax errors: behind one everything may look wrong.
pub(super) fn document(text: &str) -> Result<DeTable<'_>, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    match errors.into_iter().next() {
        Some(error) => Err(vec![error.into()]),
        None => Ok(document.into_inner()),
    }
}

/// Checks a document; or returns its mistakes in their order.
pub(super) fn find<S: DeserializeOwned, T>(
    mut document: DeTable<'_>,
    check: impl Fn(S) -> Result<T, Fault>,
) -> Result<T, Vec<Fault>> {
    let mut found: Vec<Fault> = Vec::new();
    let mut removed: Vec<Path> = Vec::new();
    loop {
        let shape = S::deserialize(Deserializer::from(Spanned::new(WHOLE, document.clone())));
        let fault = match shape.map_err(Fault::from).and_then(&check) {
            Ok(right) if found.is_empty() => return Ok(right),
            Ok(_) => break,
            Err(fault) => fault,
        };
        let path = remove(&mut document, &fault.at);
        if !follows_from(&fault, &removed, path.as_ref()) {
            found.push(fault);
        }
        match path {
            Some(path) if found.len() < MISTAKES_MAX => removed.push(path),
            _ => break,
        }
    }
    found.sort_by_key(|fault| fault.at.start);
    Err(found)
}

/// Keys from the outermost in.
type Path = Vec<String>;

/// It would not be there if something that is wrong had not been taken out.
fn follows_from(fault: &Fault, removed: &[Path], path: Option<&Path>) -> bool {
    let lacks = fault.sentence.strip_prefix("missing field `");
    let lacks = lacks.and_then(|rest| rest.strip_suffix('`'));
    let is_gone = |name: &str| {
        removed
            .iter()
            .any(|gone| gone.last().is_some_and(|it| it == name))
    };
    let names_calendar = path
        .and_then(|path| path.last())
        .is_some_and(|it| it == "calendar");
    let calendar_is_gone = removed
        .iter()
        .any(|gone| gone.first().is_some_and(|it| it == "calendars"));
    let names_receiver = path
        .and_then(|path| path.last())
        .is_some_and(|it| it == "to");
    let receiver_is_gone = removed
        .iter()
        .any(|gone| gone.starts_with(&["notify".to_owned(), "receivers".to_owned()]));
    // Without the tokens that were taken out.
    let token_is_gone = removed
        .iter()
        .any(|gone| gone.starts_with(&["http".to_owned(), "token".to_owned()]));
    let is_exposed = fault.sentence.starts_with(EXPOSED);
    let holds =
        |gone: &Path| path.is_some_and(|path| gone.len() > path.len() && gone.starts_with(path));
    removed.iter().any(holds)
        || lacks.is_some_and(is_gone)
        || names_calendar && calendar_is_gone
        || names_receiver && receiver_is_gone
        || is_exposed && token_is_gone
}

/// Takes out what stands at a place, and returns its keys: first what stands exactly there, else the smallest that holds the
/// place.
fn remove(table: &mut DeTable<'_>, at: &Range<usize>) -> Option<Path> {
    let exactly = |span: &Range<usize>| span == at;
    let around = |span: &Range<usize>| span.start <= at.start && at.start < span.end;
    let passes: [(IsMeant<'_>, bool); 3] = [(&exactly, true), (&around, false), (&around, true)];
    passes
        .into_iter()
        .find_map(|(is_meant, of_tables)| remove_where(table, is_meant, of_tables))
}

type IsMeant<'f> = &'f dyn Fn(&Range<usize>) -> bool;

fn remove_where(table: &mut DeTable<'_>, is_meant: IsMeant<'_>, of_tables: bool) -> Option<Path> {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let whole = of_tables || !is_table(value.get_ref());
        if is_meant(&key.span()) || whole && is_meant(&value.span()) && !has_tables(value.get_ref())
        {
            found = Some(key.clone());
            break;
        }
        let inside = match value.get_mut() {
            DeValue::Table(inner) => remove_where(inner, is_meant, of_tables),
            DeValue::Array(_) => remove_element(value, is_meant, of_tables),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        // An empty list may be a mistake of its own.
        if inside.is_some() && value.get_ref().as_array().is_some_and(|it| it.is_empty()) {
            found = Some(key.clone());
            break;
        }
        if let Some(mut path) = inside {
            path.insert(0, key.get_ref().clone().into_owned());
            return Some(path);
        }
    }
    let key = found?;
    table.remove(&key);
    Some(vec![key.into_inner().into_owned()])
}

/// The keys inside of the element, if that is a table.
fn remove_element(
    array: &mut Spanned<DeValue<'_>>,
    is_meant: IsMeant<'_>,
    of_tables: bool,
) -> Option<Path> {
    let DeValue::Array(elements) = array.get_mut() else {
        return None;
    };
    for element in elements.iter_mut() {
        if let DeValue::Table(inner) = element.get_mut()
            && let Some(path) = remove_where(inner, is_meant, of_tables)
        {
            return Some(path);
        }
    }
    let meant = elements.iter().position(|element| {
        (of_tables || !is_table(element.get_ref())) && is_meant(&element.span())
    })?;
    let rest = elements.iter().enumerate();
    let rest = rest.filter(|(index, _)| *index != meant);
    *elements = rest.map(|(_, element)| element.clone()).collect();
    Some(Path::new())
}

const fn is_table(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Table(_))
}

/// An array of tables spans them all: one of them is meant.
fn has_tables(value: &DeValue<'_>) -> bool {
    value
        .as_array()
        .is_some_and(|elements| elements.iter().any(|it| is_table(it.get_ref())))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn all_mistakes_are_named_at_once() {
        let text = r#"
[kafka]
workers = 0
session_timeout = "soon"
[kafka.properties]
"group.id" = "x"
"no.such" = 1
[[source]]
topic = "a b"
[[source]]
topic = "calls"
clock = "sun"
[engine]
tasks = 0
lateness = 5
nonsense = true
[kpi]
windows = ["5m", "7s", "1h", "61s"]
[[policy]]
measure = "speed"
threshold = "20s"
[[policy]]
measure = "answer"
threshold = "20s"
target = 80
calendar = "office"
[calendars.office]
zone = "Europe/Atlantis"
[colours]
red = 1
"#;
        let error = Config::parse("f.toml", text).unwrap_err().to_string();
        let places: Vec<&str> = error
            .lines()
            .map(|line| line.split(": ").next().unwrap())
            .collect();
        let expected = [
            "3:11", "4:19", "6:1", "7:13", "9:9", "12:9", "14:9", "15:12", "16:1", "18:18",
            "18:30", "20:11", "25:10", "28:8", "29:2",
        ];
        let expected = expected.map(|place| format!("f.toml:{place}"));
        assert_eq!(places, expected, "{error}");
    }

    #[test]
    fn a_syntax_error_comes_alone() {
        let text = "[engine]\ntasks = \nlateness = 5\n[kpi]\nno = 1\n";
        let error = Config::parse("f.toml", text).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("f.toml:2:"), "{error}");
    }
}
