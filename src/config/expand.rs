//! `${NAME}` in the text of a file is the value of a variable; `file:/run/secrets/x` is a secret that lies in a file.

use std::{fs::File, io::Read as _, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{environment::Environment, fault::Fault, secret::is_secret};

/// More than a chain of certificates takes.
const SECRET_BYTES_MAX: u64 = 256 << 10;
const OF_FILE: &str = "file:";

/// What stands in the place of other text: errors show what was written.
#[derive(Debug)]
pub(super) struct Expansion {
    pub(super) at: Range<usize>,
    /// As it was written.
    pub(super) written: String,
    pub(super) value: String,
}

/// Puts in values of variables and secrets, and notes where.
#[derive(Debug)]
pub(super) struct Expander<'e> {
    pub(super) environment: &'e Environment,
    pub(super) faults: Vec<Fault>,
    pub(super) expansions: Vec<Expansion>,
}

impl Expander<'_> {
    /// Every text of a file.
    pub(super) fn table(&mut self, path: &[&str], table: &mut DeTable<'_>) {
        for (key, value) in table.iter_mut() {
            let path = [path, &[key.get_ref().as_ref()]].concat();
            self.value(&path, value);
        }
    }

    fn value(&mut self, path: &[&str], spanned: &mut Spanned<DeValue<'_>>) {
        let at = spanned.span();
        match spanned.get_mut() {
            DeValue::String(text) => {
                if text.contains("${") {
                    match expanded(text, self.environment) {
                        Ok(value) => *text = self.note(&at, text, value).into(),
                        Err(sentence) => self.faults.push(Fault {
                            at: at.clone(),
                            sentence,
                        }),
                    }
                }
                self.secret(path, &at, spanned.get_mut());
            }
            DeValue::Array(elements) => {
                let elements = elements.iter_mut();
                elements.for_each(|element| self.value(path, element));
            }
            DeValue::Table(inner) => self.table(path, inner),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }

    /// A secret, or a property of librdkafka, may lie in a file.
    pub(super) fn secret(&mut self, path: &[&str], at: &Range<usize>, value: &mut DeValue<'_>) {
        let may_lie_in_a_file = is_secret(path) || path.starts_with(&["kafka", "properties"]);
        let DeValue::String(text) = value else { return };
        let Some(file) = text.strip_prefix(OF_FILE).filter(|_| may_lie_in_a_file) else {
            return;
        };
        match secret_of(file) {
            Ok(secret) => *text = self.note(at, text, secret).into(),
            Err(sentence) => self.faults.push(Fault {
                at: at.clone(),
                sentence,
            }),
        }
    }

    fn note(&mut self, at: &Range<usize>, written: &str, value: String) -> String {
        self.expansions.push(Expansion {
            at: at.clone(),
            written: written.to_owned(),
            value: value.clone(),
        });
        value
    }
}

/// `${NAME}`, `${NAME:-default}`; `$${` is a plain `${`.
fn expanded(text: &str, environment: &Environment) -> Result<String, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            whole.push_str(escaped);
            whole.push_str("${");
            rest = after;
            continue;
        }
        whole.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            return Err("a `${` has no `}`; close it, or write `$${` for a plain `${`".to_owned());
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            return Err(format!(
                "`{name}` can't be a variable; write `$${{` for a plain `${{`"
            ));
        }
        let set = environment.get(name);
        // As a shell does: an empty variable has the default.
        let set = set.filter(|value| default.is_none() || !value.is_empty());
        let value = set.or(default).ok_or_else(|| {
            format!("the variable `{name}` is not set; set it, or write `${{{name}:-default}}`")
        })?;
        whole.push_str(value);
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// The text of a file, without the line break at its end.
fn secret_of(file: &str) -> Result<String, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("the secret in {file} can't be read: {why}");
    let mut text = String::new();
    let mut opened = File::open(file)
        .map_err(|cause| unreadable(&cause))?
        .take(SECRET_BYTES_MAX + 1);
    let bytes = opened
        .read_to_string(&mut text)
        .map_err(|cause| unreadable(&cause))?;
    if bytes as u64 > SECRET_BYTES_MAX {
        return Err(unreadable(&format_args!(
            "it has more than {SECRET_BYTES_MAX} bytes"
        )));
    }
    let secret = text.trim_end_matches(['\n', '\r']);
    match secret.is_empty() {
        true => Err(unreadable(&"it is empty")),
        false => Ok(secret.to_owned()),
    }
}
