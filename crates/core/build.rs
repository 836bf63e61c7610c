//! Makes Rust types of `proto/`; needs no `protoc`.

use std::error::Error;

use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Label};

const FILES: [&str; 6] = [
    "event",
    "kpi",
    "alert",
    "contact",
    "scorecard",
    "recognition",
];
/// Records that are JSON too: the JSON is read into these types and written from them.
const RECORDS: [&str; 5] = ["kpi", "alert", "contact", "scorecard", "recognition"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../../proto");
    let files = FILES.map(path);
    let schema = protox::compile(files, ["../../proto"])?;
    let mut config = prost_build::Config::new();
    config.btree_map(["."]);
    as_json(&schema, &mut config);
    config.compile_fds(schema)?;
    Ok(())
}

fn path(name: &str) -> String {
    format!("floorwalker/v1/{name}.proto")
}

fn as_json(schema: &FileDescriptorSet, config: &mut prost_build::Config) {
    let records = RECORDS.map(path);
    let files = schema.file.iter();
    let files = files.filter(|file| records.iter().any(|name| name == file.name()));
    for message in files.flat_map(|file| &file.message_type) {
        let name = format!(".floorwalker.v1.{}", message.name());
        let derive = "#[derive(serde::Serialize, serde::Deserialize)] #[serde(default)]";
        config.type_attribute(&name, derive);
        instants_as_text(&name, message, config);
    }
    let pair = "#[serde(from = \"(f64, f64)\", into = \"(f64, f64)\")]";
    config.type_attribute(".floorwalker.v1.Interval", pair);
}

fn instants_as_text(name: &str, message: &DescriptorProto, config: &mut prost_build::Config) {
    let fields = message.field.iter();
    let instants = fields.filter(|field| field.type_name() == ".google.protobuf.Timestamp");
    for field in instants {
        assert_ne!(
            field.label(),
            Label::Repeated,
            "{name}: a list of instants has no JSON"
        );
        let path = format!("{name}.{}", field.name());
        config.field_attribute(path, "#[serde(with = \"super::instant\")]");
    }
}
