//! The last record of each contact that `replay` saw, also of those whose id is another contact's by now.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

#[derive(Default)]
pub(super) struct Contacts {
    /// By id, and which of those that had it.
    records: BTreeMap<(Vec<u8>, usize), Vec<u8>>,
    newest_by_id: BTreeMap<Vec<u8>, (usize, Head)>,
}

/// What distinguishes the contacts of one id: each counts its records anew.
#[derive(Deserialize)]
struct Head {
    version: u32,
    began_at: Option<String>,
}

impl Contacts {
    /// Takes a record in the order in which it was written.
    pub(super) fn take(&mut self, id: Vec<u8>, record: Vec<u8>) -> anyhow::Result<()> {
        let head: Head =
            serde_json::from_slice(&record).context("a contact's record that was just written")?;
        let number = match self.newest_by_id.get(&id) {
            Some((number, known)) if head.replaces(known) => *number,
            Some((number, _)) => number + 1,
            None => 0,
        };
        self.newest_by_id.insert(id.clone(), (number, head));
        self.records.insert((id, number), record);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.records.values()
    }
}

impl Head {
    fn replaces(&self, known: &Self) -> bool {
        self.version > known.version
            || self.version == known.version && self.began_at == known.began_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_of_one_id_are_told_apart() {
        let mut contacts = Contacts::default();
        for (version, began_at) in [(1, 10), (2, 9), (2, 9), (1, 50), (1, 90), (0, 95)] {
            let record = format!(r#"{{"version":{version},"began_at":"{began_at}","other":1}}"#);
            contacts.take(b"c1".to_vec(), record.into_bytes()).unwrap();
        }
        let began_at = |record: &Vec<u8>| {
            let head: Head = serde_json::from_slice(record).unwrap();
            head.began_at.unwrap()
        };
        let all: Vec<String> = contacts.values().map(began_at).collect();
        assert_eq!(all, ["9", "50", "90", "95"]);
        assert_eq!(contacts.len(), 4);
    }
}
