//! The variables that a process was started with.

use std::{collections::BTreeMap, env};

/// The variables of a process, by name.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |it: std::ffi::OsString| it.to_string_lossy().into_owned();
        let all = env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self(all.collect())
    }

    /// Returns the value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Environment {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(all: I) -> Self {
        let all = all.into_iter();
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(all.collect())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(all: [(&str, &str); N]) -> Self {
        all.into_iter().collect()
    }
}
