//! What was released stays readable: records and events of version 1 against a frozen copy of its schemas and messages.
//!
//! Within a version records may gain fields, and events may gain kinds, optional fields and words. Nothing else changes; what must is a
//! version 2 beside this one. `tests/data/schemas-v1` is changed by a release only, and only by what it adds.

use std::{collections::BTreeMap, fs, path::Path};

use floorwalker_core::schema::RECORDS;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};
use serde_json::{Value, json};

use floorwalker_testkit::harness::{data, project, schema};

use crate::schemas::{real_runs, records, validator};

/// Of `tests/data`.
const FROZEN: &str = "schemas-v1";

/// Returns the kinds of records that have been released.
fn released() -> impl Iterator<Item = &'static str> {
    let all = RECORDS.map(|kind| kind.name).into_iter();
    all.filter(|name| *name != "recognition")
}

fn frozen(name: &str) -> Value {
    let text = fs::read_to_string(data(FROZEN).join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn current(name: &str) -> Value {
    schema(&format!("v1/{name}.json"))
}

/// Who must go on understanding whom.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    /// Records: whoever read the old ones reads the new ones.
    Records,
    /// Events: whoever wrote the old ones may go on.
    Events,
}

/// Two versions of one schema.
struct Comparison<'s> {
    of: Of,
    old_root: &'s Value,
    new_root: &'s Value,
    breaks: Vec<String>,
}

fn breaks(of: Of, old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        of,
        old_root: old,
        new_root: new,
        breaks: Vec::new(),
    };
    comparison.schema("", old, new);
    comparison.breaks
}

fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let schema = match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) if only.get("$ref").is_some() => only,
        _ => schema,
    };
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// A schema with its `const` as a list of one.
fn listed(schema: &Value) -> Value {
    let only = schema.get("const").map(|only| json!([only]));
    json!({"enum": only.unwrap_or_else(|| schema["enum"].clone())})
}

/// The words of a list, or the one word.
fn set(value: &Value) -> Option<Vec<Value>> {
    match value.as_array() {
        Some(list) => Some(list.clone()),
        None => (!value.is_null()).then(|| vec![value.clone()]),
    }
}

fn names(schema: &Value, key: &str) -> Vec<String> {
    let list = schema[key].as_array().into_iter().flatten();
    list.map(|name| name.as_str().unwrap().to_owned()).collect()
}

impl Comparison<'_> {
    fn broken(&mut self, path: &str, what: &str) {
        let path = if path.is_empty() { "/" } else { path };
        self.breaks.push(format!("{path} {what}"));
    }

    fn schema(&mut self, path: &str, old: &Value, new: &Value) {
        let (old, new) = (resolve(self.old_root, old), resolve(self.new_root, new));
        self.values(path, "type", old, new);
        self.values(path, "enum", &listed(old), &listed(new));
        for key in [
            "format",
            "pattern",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
        ] {
            if old[key] != new[key] {
                self.broken(path, &format!("`{key}` was {}, is {}", old[key], new[key]));
            }
        }
        let closed = |schema: &Value| schema["additionalProperties"] == json!(false);
        if self.of == Of::Events && closed(new) && !closed(old) {
            self.broken(path, "allowed other fields");
        }
        self.required(path, old, new);
        self.properties(path, old, new);
        for key in ["items", "additionalProperties", "not", "if", "then"] {
            if old.get(key).is_some() || new.get(key).is_some() {
                self.schema(&format!("{path}/{key}"), &old[key], &new[key]);
            }
        }
        for key in ["anyOf", "allOf", "oneOf"] {
            self.branches(path, key, old, new);
        }
    }

    /// Records may not hold more kinds of values than before, events not fewer.
    fn values(&mut self, path: &str, key: &str, old: &Value, new: &Value) {
        let (before, after) = match self.of {
            Of::Records => (set(&old[key]), set(&new[key])),
            Of::Events => (set(&new[key]), set(&old[key])),
        };
        let Some(allowed) = before else { return };
        let within = after.is_some_and(|values| values.iter().all(|value| allowed.contains(value)));
        if !within {
            self.broken(path, &format!("`{key}` was {}, is {}", old[key], new[key]));
        }
    }

    fn required(&mut self, path: &str, old: &Value, new: &Value) {
        let (old, new) = (names(old, "required"), names(new, "required"));
        let (must, by, what) = match self.of {
            Of::Records => (&old, &new, "is no longer always there"),
            Of::Events => (&new, &old, "was not needed before"),
        };
        for name in must.iter().filter(|name| !by.contains(name)) {
            self.broken(&format!("{path}/{name}"), what);
        }
    }

    fn properties(&mut self, path: &str, old: &Value, new: &Value) {
        for (name, was) in old["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}/{name}");
            match new["properties"].get(name) {
                Some(is) => self.schema(&path, was, is),
                None => self.broken(&path, "is gone"),
            }
        }
    }

    /// Each branch has one on the other side that it fits.
    fn branches(&mut self, path: &str, key: &str, old: &Value, new: &Value) {
        let list = |schema: &Value| schema[key].as_array().cloned().unwrap_or_default();
        let (old, new) = (list(old), list(new));
        let of = self.of;
        let (roots, all) = ((self.old_root, self.new_root), key == "allOf");
        let fits = |was: &Value, is: &Value| {
            let mut inner = Comparison {
                of,
                old_root: roots.0,
                new_root: roots.1,
                breaks: Vec::new(),
            };
            inner.schema("", was, is);
            inner.breaks
        };
        // Of `allOf` each old branch goes on; of the others there is none that was not there.
        let one_way = all || of == Of::Events;
        let (each, among) = if one_way { (&old, &new) } else { (&new, &old) };
        for branch in each {
            let twin = among
                .iter()
                .find(|other| branch.get("if").is_some() && other.get("if") == branch.get("if"));
            let candidates = twin.map_or(&among[..], std::slice::from_ref);
            let found = candidates.iter().map(|other| match one_way {
                true => fits(branch, other),
                false => fits(other, branch),
            });
            let closest = found.min_by_key(Vec::len);
            if closest.as_ref().is_none_or(|breaks| !breaks.is_empty()) {
                let kind = branch["if"]["properties"]["type"]["const"]
                    .as_str()
                    .unwrap_or(key);
                self.broken(&format!("{path}/{kind}"), &format!("{closest:?}"));
            }
        }
        if all && old.len() < new.len() && self.narrows(&new[old.len()..]) {
            self.broken(path, "has more rules");
        }
    }

    /// Rules about a kind that was not known before narrow nothing.
    fn narrows(&self, added: &[Value]) -> bool {
        let of_kind = |rule: &Value| rule["if"]["properties"]["type"]["const"].is_string();
        self.of == Of::Events && !added.iter().all(of_kind)
    }
}

#[test]
fn whoever_reads_records_of_version_1_reads_those_of_today() {
    for name in released() {
        let found = breaks(Of::Records, &frozen(name), &current(name));
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
    for name in ["event", "statement"] {
        let found = breaks(Of::Events, &frozen(name), &current(name));
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn records_of_today_are_records_of_version_1() {
    for cluster in real_runs() {
        for (kind, records) in records(&cluster, 1_000) {
            let schema = validator(&frozen(kind));
            for record in records {
                let fault = schema.iter_errors(&record).next().map(|it| it.to_string());
                assert_eq!(fault, None, "{kind}: {record}");
            }
        }
    }
}

/// A change of a schema, and the breaks that are found.
type Break = (&'static str, fn(&mut Value));

/// Returns the breaks that are found after a change of a schema.
fn breaks_by(of: Of, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let old = current(name);
    let mut new = old.clone();
    change(&mut new);
    assert_ne!(old, new, "the change changes something");
    breaks(of, &old, &new).join("\n")
}

fn at<'v>(schema: &'v mut Value, pointer: &str) -> &'v mut Value {
    schema
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("no {pointer}"))
}

fn take_out(list: &mut Value, name: &str) {
    list.as_array_mut().unwrap().retain(|it| it != name);
}

#[test]
fn what_breaks_readers_is_caught() {
    let of_contact = |change: fn(&mut Value)| breaks_by(Of::Records, "contact", change);
    let table: [Break; 7] = [
        (
            "/customer is no longer always there\n/customer is gone",
            |it| {
                at(it, "/properties")
                    .as_object_mut()
                    .unwrap()
                    .remove("customer");
                take_out(at(it, "/required"), "customer");
            },
        ),
        ("/version is no longer always there", |it| {
            take_out(at(it, "/required"), "version")
        }),
        ("/version `type` was \"integer\", is \"string\"", |it| {
            at(it, "/properties/version")["type"] = json!("string");
        }),
        (
            "/contact_id `type` was \"string\", is [\"string\",\"null\"]",
            |it| {
                at(it, "/properties/contact_id")["type"] = json!(["string", "null"]);
            },
        ),
        ("/episodes/items/wait `type` was", |it| {
            at(it, "/definitions/Episode/properties/wait")["type"] =
                json!(["number", "null", "string"]);
        }),
        ("/direction `enum` was", |it| {
            at(it, "/properties/direction/enum")
                .as_array_mut()
                .unwrap()
                .push(json!("sideways"));
        }),
        ("/began_at `format` was \"date-time\", is null", |it| {
            at(it, "/properties/began_at")
                .as_object_mut()
                .unwrap()
                .remove("format");
        }),
    ];
    for (expected, change) in table {
        let found = of_contact(change);
        assert!(
            found.contains(expected),
            "expected {expected}, found: {found}"
        );
    }
    let sla = breaks_by(Of::Records, "kpi", |it| {
        at(it, "/definitions/Compliance/properties")
            .as_object_mut()
            .unwrap()
            .remove("met");
    });
    assert!(
        sla.contains("/sla/additionalProperties/met is gone"),
        "{sla}"
    );
    let nullable = breaks_by(Of::Records, "kpi", |it| {
        let live = at(it, "/definitions/Scorecard/properties/frr");
        *live = json!({"anyOf": [live.clone(), {"type": "null"}]});
    });
    assert!(nullable.contains("/kpis/frr"), "{nullable}");
}

#[test]
fn what_only_adds_is_not() {
    let found = breaks_by(Of::Records, "contact", |it| {
        at(it, "/properties")["mood"] = json!({"type": "string"});
        at(it, "/required")
            .as_array_mut()
            .unwrap()
            .push(json!("mood"));
        at(it, "/properties/customer")["type"] = json!("string");
        at(it, "/properties/customer")["description"] = json!("other words");
    });
    assert_eq!(found, "");
    let of_events = breaks_by(Of::Events, "event", |it| {
        let kind = json!({"if": {"required": ["type"], "properties": {"type": {"const": "coffee_brewed"}}},
            "then": {"required": ["contact_id"]}});
        at(it, "/allOf").as_array_mut().unwrap().push(kind);
        at(it, "/allOf/0/then/properties")["mood"] = json!({"type": "string"});
    });
    assert_eq!(of_events, "");
}

#[test]
fn what_breaks_writers_is_caught() {
    let of_event = |change: fn(&mut Value)| breaks_by(Of::Events, "event", change);
    let table: [Break; 4] = [
        ("transferred", |it| {
            at(it, "/allOf/0/then/required")
                .as_array_mut()
                .unwrap()
                .push(json!("warm"))
        }),
        ("contact_queued", |it| {
            at(it, "/allOf/1/then/properties/priority")["type"] = json!("integer")
        }),
        ("contact_left_queue", |it| {
            take_out(at(it, "/allOf/2/then/properties/why/enum"), "key")
        }),
        ("agent_offered", |it| {
            drop(at(it, "/allOf").as_array_mut().unwrap().remove(3))
        }),
    ];
    for (expected, change) in table {
        let found = of_event(change);
        assert!(
            found.contains(expected),
            "expected {expected}, found: {found}"
        );
    }
}

#[test]
fn what_breaks_those_who_make_statements_is_caught() {
    let table: [Break; 4] = [
        ("/title was not needed before", |it| {
            at(it, "/allOf/1/then")["required"] = json!(["title"]);
        }),
        ("/title is gone", |it| {
            let fields = at(it, "/allOf/2/then/properties");
            fields.as_object_mut().unwrap().remove("title");
        }),
        ("/measure `enum` was", |it| {
            take_out(
                at(it, "/allOf/3/then/properties/measure/enum"),
                "resolution",
            );
        }),
        ("/ allowed other fields", |it| {
            it["additionalProperties"] = json!(false);
        }),
    ];
    for (expected, change) in table {
        let found = breaks_by(Of::Events, "statement", change);
        assert!(
            found.contains(expected),
            "expected {expected}, found: {found}"
        );
    }
    let more = breaks_by(Of::Events, "statement", |it| {
        at(it, "/allOf/2/then/properties")["mood"] = json!({"type": "string"});
        let desk = json!({"pattern": "^desk:", "maxLength": 261});
        let subjects = at(it, "/properties/subject/anyOf");
        subjects.as_array_mut().unwrap().push(desk);
    });
    assert_eq!(more, "");
}

/// What messages and enums are, by name, field and number.
fn layout(set: &FileDescriptorSet) -> BTreeMap<String, String> {
    let mut layout = BTreeMap::new();
    for file in set
        .file
        .iter()
        .filter(|file| file.package() == "floorwalker.v1")
    {
        file.message_type
            .iter()
            .for_each(|message| message_layout("", message, &mut layout));
        file.enum_type
            .iter()
            .for_each(|one| enum_layout("", one, &mut layout));
    }
    layout
}

fn message_layout(outer: &str, message: &DescriptorProto, layout: &mut BTreeMap<String, String>) {
    let path = format!("{outer}{}", message.name());
    for field in &message.field {
        let kind = format!(
            "{} = {:?} {:?} {}",
            field.name(),
            field.label(),
            field.r#type(),
            field.type_name()
        );
        let place = field
            .oneof_index
            .map(|place| usize::try_from(place).unwrap());
        let choice = place.map(|place| message.oneof_decl[place].name().to_owned());
        let choice = choice
            .filter(|_| !field.proto3_optional())
            .unwrap_or_default();
        layout.insert(
            format!("{path} field {}", field.number()),
            format!("{kind} {choice} optional={}", field.proto3_optional()),
        );
    }
    let inner = format!("{path}.");
    message
        .nested_type
        .iter()
        .for_each(|it| message_layout(&inner, it, layout));
    message
        .enum_type
        .iter()
        .for_each(|it| enum_layout(&inner, it, layout));
}

fn enum_layout(outer: &str, one: &EnumDescriptorProto, layout: &mut BTreeMap<String, String>) {
    for value in &one.value {
        let path = format!("{outer}{} value {}", one.name(), value.number());
        layout.insert(path, value.name().to_owned());
    }
}

fn compiled(folder: &Path) -> FileDescriptorSet {
    let names = ["event"].into_iter().chain(released());
    let files = names.map(|name| format!("floorwalker/v1/{name}.proto"));
    protox::compile(files, [folder]).unwrap()
}

/// Fields and values that are not what they were.
fn changed(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let (old, new) = (layout(old), layout(new));
    let differ = |(path, was): (&String, &String)| match new.get(path) {
        Some(is) if is == was => None,
        Some(is) => Some(format!("{path} was `{was}`, is `{is}`")),
        None => Some(format!("{path}, `{was}`, is gone")),
    };
    old.iter().filter_map(differ).collect()
}

#[test]
fn numbers_and_types_of_messages_never_change() {
    let found = changed(
        &compiled(&data(FROZEN).join("proto")),
        &compiled(&project("proto")),
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_message_that_was_changed_is_named() {
    let old = compiled(&project("proto"));
    let renumbered = |change: &dyn Fn(&mut DescriptorProto)| {
        let mut new = old.clone();
        let mut messages = new.file.iter_mut().flat_map(|file| &mut file.message_type);
        change(
            messages
                .find(|message| message.name() == "Episode")
                .unwrap(),
        );
        changed(&old, &new).join("\n")
    };
    let number = renumbered(&|it| it.field[4].number = Some(7));
    assert!(number.starts_with("Episode field 5, `wait = "), "{number}");
    let kind =
        renumbered(&|it| it.field[0].set_type(prost_types::field_descriptor_proto::Type::Bytes));
    assert!(kind.starts_with("Episode field 1 was `queue = "), "{kind}");
    let gone = renumbered(&|it| drop(it.field.remove(5)));
    assert!(
        gone.contains("Episode field 6, `agent = ") && gone.ends_with("is gone"),
        "{gone}"
    );
}
