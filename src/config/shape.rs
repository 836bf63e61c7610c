//! Which settings there are and what each holds, as the types of `file.rs` have it: nothing is listed a second time.

use std::ops::Range;

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess,
        Visitor, value,
    },
    forward_to_deserialize_any,
};
use serde_spanned::de::{SpannedDeserializer, is_spanned};

const NOWHERE: Range<usize> = 0..0;

/// Stands in a path for any name of a table, and for any element of a list.
pub(super) const ANY: &str = "*";

/// What stands at a place of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A table with these keys.
    Fields(&'static [&'static str]),
    /// A table whose keys are names.
    Names,
    List,
    Text,
    /// A number, true or false.
    Plain,
    /// Text, a number, true or false.
    Scalar,
}

/// Returns what the settings of `T` have at a path; `None` if there is no such place.
pub(super) fn shape_at<T: DeserializeOwned>(path: &[&str]) -> Option<Shape> {
    let mut found = None;
    let probe = Probe {
        path,
        found: &mut found,
    };
    // Ends at the first value that is asked for, with an error.
    T::deserialize(probe).err()?;
    found
}

/// Returns the paths of all values of `T`, each with its shape: lists of values count as one.
pub(super) fn all_values<T: DeserializeOwned>() -> Vec<(Vec<&'static str>, Shape)> {
    let mut all = Vec::new();
    collect::<T>(&mut Vec::new(), &mut all);
    all
}

fn collect<T: DeserializeOwned>(
    path: &mut Vec<&'static str>,
    all: &mut Vec<(Vec<&'static str>, Shape)>,
) {
    let Some(shape) = shape_at::<T>(path) else {
        return;
    };
    let keys: &[&str] = match shape {
        Shape::Fields(fields) => fields,
        Shape::Names => &[ANY],
        Shape::List if has_tables::<T>(path) => &[ANY],
        Shape::List | Shape::Text | Shape::Plain | Shape::Scalar => {
            all.push((path.clone(), shape));
            return;
        }
    };
    for key in keys {
        path.push(key);
        collect::<T>(path, all);
        path.pop();
    }
}

fn has_tables<T: DeserializeOwned>(list: &[&str]) -> bool {
    let element = [list, &[ANY]].concat();
    matches!(shape_at::<T>(&element), Some(Shape::Fields(_)))
}

/// Follows a path into a type, and notes what the type wants there.
struct Probe<'p> {
    path: &'p [&'p str],
    found: &'p mut Option<Shape>,
}

impl Probe<'_> {
    /// Notes what is here, if the path ends here.
    fn end<T>(self, shape: Shape) -> Result<T, value::Error> {
        if self.path.is_empty() {
            *self.found = Some(shape);
        }
        Err(value::Error::custom("the end of the path"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Scalar)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Plain)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Plain)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Plain)
    }

    fn deserialize_str<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        self.end(Shape::Text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match self.path {
            [ANY, ..] => visitor.visit_seq(Inside::of(self, &[ANY])),
            _ => self.end(Shape::List),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match self.path {
            [] => self.end(Shape::Names),
            [_, ..] => visitor.visit_map(Inside::of(self, &[ANY])),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(self, NOWHERE));
        }
        match self.path {
            [] => self.end(Shape::Fields(fields)),
            [_, ..] => visitor.visit_map(Inside::of(self, fields)),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_> for Probe<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The one key or element that the path goes on with.
struct Inside<'p> {
    key: Option<&'p str>,
    probe: Option<Probe<'p>>,
}

impl<'p> Inside<'p> {
    fn of(probe: Probe<'p>, keys: &[&str]) -> Self {
        let Probe { path, found } = probe;
        let (key, rest) = path.split_first().unzip();
        let is_known = key.is_some_and(|key| keys.contains(key) || keys == [ANY]);
        let rest = rest.filter(|_| is_known);
        Self {
            key: key.copied().filter(|_| is_known),
            probe: rest.map(|deeper| Probe {
                path: deeper,
                found,
            }),
        }
    }
}

impl<'de> MapAccess<'de> for Inside<'_> {
    type Error = value::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, value::Error> {
        let key = self.key.take();
        key.map(|key| seed.deserialize(Key(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, value::Error> {
        seed.deserialize(self.probe.take().ok_or_else(nothing)?)
    }
}

impl<'de> SeqAccess<'de> for Inside<'_> {
    type Error = value::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, value::Error> {
        let probe = self.probe.take();
        probe.map(|probe| seed.deserialize(probe)).transpose()
    }
}

fn nothing() -> value::Error {
    value::Error::custom("nothing is left")
}

/// A key, with or without its place.
struct Key<'k>(&'k str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        visitor.visit_map(SpannedDeserializer::new(self.0, NOWHERE))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
