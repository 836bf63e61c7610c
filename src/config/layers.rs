//! The document of settings: the file, over it variables of the environment, over them options of the command line. What comes
//! from outside of the file lies behind its end, so that each place has one meaning.

use std::{borrow::Cow, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    environment::Environment,
    expand::{Expander, Expansion},
    fault::{ConfigError, Fault, Mistake},
    given::{Given, Part},
    mistakes,
};

/// Where settings may come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'t> {
    /// The file's name and text; a name for where there is none.
    pub(super) file: &'t str,
    pub(super) text: &'t str,
    /// In the order in which they are put in.
    pub(super) given: &'t [Given],
}

/// All layers in one document.
#[derive(Debug)]
pub(super) struct Layers<'t> {
    pub(super) document: DeTable<'t>,
    pub(super) places: Places<'t>,
}

/// What each place in a document means.
#[derive(Debug)]
pub(super) struct Places<'t> {
    texts: Texts<'t>,
    /// Of each setting that is given.
    ranges: Vec<Range<usize>>,
    expansions: Vec<Expansion>,
}

impl<'t> Layers<'t> {
    /// Lays all into one document.
    ///
    /// # Errors
    /// When a text is no TOML, or names a variable or a file that is not there.
    pub(super) fn lay(texts: Texts<'t>, environment: &Environment) -> Result<Self, ConfigError> {
        let mut places = Places::new(texts);
        let document = mistakes::document(texts.text);
        let mut document = document.map_err(|faults| places.located(faults))?;
        let mut expander = Expander {
            environment,
            faults: Vec::new(),
            expansions: Vec::new(),
        };
        expander.table(&[], &mut document);
        for (given, range) in texts.given.iter().zip(&places.ranges) {
            if let Err(fault) = put_given(&mut document, given, range, &mut expander) {
                expander.faults.push(fault);
            }
        }
        places.expansions = expander.expansions;
        match expander.faults.is_empty() {
            true => Ok(Self { document, places }),
            false => Err(places.located(expander.faults)),
        }
    }
}

impl<'t> Places<'t> {
    fn new(texts: Texts<'t>) -> Self {
        let mut end = texts.text.len() + 1;
        let ranges = texts.given.iter().map(|given| {
            let begin = end;
            end += given.text.len() + 1;
            begin..end
        });
        Self {
            ranges: ranges.collect(),
            texts,
            expansions: Vec::new(),
        }
    }

    /// Returns the variable or option that gave what lies at a place; `None` if the file did.
    pub(super) fn given_at(&self, at: &Range<usize>) -> Option<&'t str> {
        let mut all = self.ranges.iter().zip(self.texts.given);
        let (_, given) = all.find(|(range, _)| range.contains(&at.start))?;
        Some(&given.by)
    }

    /// Returns the text that a value was written as, if it was not the value.
    pub(super) fn written_at(&self, at: &Range<usize>) -> Option<&str> {
        let mut of_place = self.expansions.iter().filter(|it| it.at == *at);
        of_place.next().map(|first| first.written.as_str())
    }

    /// Returns file, line and column of a place in the file.
    pub(super) fn line_at(&self, at: &Range<usize>) -> Mistake {
        let none = Fault {
            at: at.clone(),
            sentence: String::new(),
        };
        none.locate(self.texts.file, self.texts.text)
    }

    pub(super) fn located(&self, faults: Vec<Fault>) -> ConfigError {
        let mut faults = faults;
        faults.sort_by_key(|fault| fault.at.start);
        let mistakes = faults.into_iter().map(|fault| self.locate(fault));
        ConfigError::Mistakes(mistakes.collect())
    }

    fn locate(&self, mut fault: Fault) -> Mistake {
        // What came out of a variable or a file may be a secret in the wrong place.
        let here = self.expansions.iter().filter(|it| it.at == fault.at);
        for Expansion { written, value, .. } in here.filter(|it| !it.value.is_empty()) {
            fault.sentence = as_written(&fault.sentence, value, written);
        }
        match self.given_at(&fault.at) {
            Some(by) => Mistake::of(by, fault.sentence),
            None => fault.locate(self.texts.file, self.texts.text),
        }
    }
}

/// Returns a sentence with what was written in the place of its value. A short value stands in other words by chance: it is replaced where
/// it is quoted, as sentences have it.
fn as_written(sentence: &str, value: &str, written: &str) -> String {
    const CHANCE_BYTES_MAX: usize = 7;
    let escaped = value.escape_debug().to_string();
    let mut shown = sentence.to_owned();
    for found in [value, &escaped] {
        if found.len() > CHANCE_BYTES_MAX {
            shown = shown.replace(found, written);
        }
        for quote in ['`', '"'] {
            let quoted = |text: &str| format!("{quote}{text}{quote}");
            shown = shown.replace(&quoted(found), &quoted(written));
        }
    }
    shown
}

fn put_given<'t>(
    document: &mut DeTable<'t>,
    given: &'t Given,
    range: &Range<usize>,
    expander: &mut Expander<'_>,
) -> Result<(), Fault> {
    let fault = |sentence| Fault {
        at: range.clone(),
        sentence,
    };
    let mut value = shifted(given.value().map_err(fault)?, range.start);
    let names: Vec<&str> = given.path.iter().map(Part::as_name).collect();
    expander.secret(&names, range, &mut value);
    put(document, &given.path, &Spanned::new(range.clone(), value)).map_err(fault)
}

/// Puts a value where a path leads. Tables and elements that lack on the way are made.
fn put<'t>(
    table: &mut DeTable<'t>,
    path: &[Part],
    value: &Spanned<DeValue<'t>>,
) -> Result<(), String> {
    let Some((Part::Name(wanted), rest)) = path.split_first() else {
        return Ok(());
    };
    let key = known_key(table, wanted);
    let place = match rest {
        [] => value.span(),
        [_, ..] => start_of(value),
    };
    let key = key.unwrap_or_else(|| Spanned::new(place.clone(), wanted.clone().into()));
    if rest.is_empty() {
        table.remove(&key);
        table.insert(key, value.clone());
        return Ok(());
    }
    let is_list = matches!(rest, [Part::Index(_), ..]);
    let empty = match is_list {
        true => DeValue::Array(std::iter::empty().collect()),
        false => DeValue::Table(DeTable::new()),
    };
    let inner = table.entry(key).or_insert(Spanned::new(place, empty));
    put_inside(inner.get_mut(), rest, value)
}

/// Returns the key of a table that a name means: names of queues and rules have capital letters, dots and spaces, which a variable has
/// not.
fn known_key<'t>(table: &DeTable<'t>, wanted: &str) -> Option<Spanned<Cow<'t, str>>> {
    let mut keys = table.keys();
    if let Some(same) = keys.find(|key| key.get_ref().eq_ignore_ascii_case(wanted)) {
        return Some(same.clone());
    }
    let as_variable = |name: &str| -> String {
        let sign = |c: char| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '_',
        };
        name.chars().map(sign).collect()
    };
    let mut alike = table
        .keys()
        .filter(|key| as_variable(key.get_ref()) == wanted);
    let first = alike.next()?;
    // Of two nobody knows which is meant.
    alike.next().is_none().then(|| first.clone())
}

/// Where a table stands that is made on the way to a value: without extent, for a mistake in the value is none of the table.
fn start_of(value: &Spanned<DeValue<'_>>) -> Range<usize> {
    let start = value.span().start;
    start..start
}

fn put_inside<'t>(
    inner: &mut DeValue<'t>,
    path: &[Part],
    value: &Spanned<DeValue<'t>>,
) -> Result<(), String> {
    match (inner, path) {
        (DeValue::Table(table), [Part::Name(_), ..]) => put(table, path, value),
        (DeValue::Array(elements), [Part::Index(index), rest @ ..]) => {
            let count = elements.len();
            if *index > count {
                return Err(format!(
                    "there are {count} before it: the next has number {count}"
                ));
            }
            if *index == count {
                let empty = DeValue::Table(DeTable::new());
                elements.push(Spanned::new(start_of(value), empty));
            }
            match (elements.get_mut(*index), rest) {
                (Some(element), []) => *element = value.clone(),
                (Some(element), [_, ..]) => return put_inside(element.get_mut(), rest, value),
                (None, _) => {}
            }
            Ok(())
        }
        // What the file has there is a mistake of its own.
        _ => Ok(()),
    }
}

/// The same value at a place so much further on.
fn shifted(value: DeValue<'_>, by: usize) -> DeValue<'_> {
    let moved = |span: Range<usize>| span.start + by..span.end + by;
    match value {
        DeValue::Array(elements) => {
            let elements = elements.into_iter().map(|element| {
                let span = moved(element.span());
                Spanned::new(span, shifted(element.into_inner(), by))
            });
            DeValue::Array(elements.collect())
        }
        DeValue::Table(table) => {
            let entries = table.into_iter().map(|(key, inner)| {
                let (of_key, of_value) = (moved(key.span()), moved(inner.span()));
                let key = Spanned::new(of_key, key.into_inner());
                (key, Spanned::new(of_value, shifted(inner.into_inner(), by)))
            });
            DeValue::Table(entries.collect())
        }
        text @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => text,
    }
}
