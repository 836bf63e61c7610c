//! Values by name in records: policies, reasons to be away.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by name. Written as an object in the order of the list; sorted by name when read.
#[derive(Debug, Clone, PartialEq)]
pub struct ByName<'a, V>(pub Vec<(Cow<'a, str>, V)>);

impl<V> ByName<'_, V> {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, it)| it)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl<V> Default for ByName<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Serialize> Serialize for ByName<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByName<'_, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sorted = BTreeMap::<String, V>::deserialize(deserializer)?;
        let values = sorted.into_iter();
        Ok(Self(
            values.map(|(name, value)| (name.into(), value)).collect(),
        ))
    }
}
