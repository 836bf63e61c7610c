//! Has the linker lead calls of librdkafka's to `src/leaders.rs` and `src/brokers.rs`, here and in the crate that uses this one.

#[expect(
    clippy::disallowed_methods,
    reason = "how cargo passes settings to a build script"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The linkers of other systems know no `--wrap`.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let names = [
            "rd_kafka_metadata_update_op",
            "rd_kafka_broker_decommission",
            "rd_list_add",
        ];
        let arguments = names.map(|name| format!("--wrap={name},--undefined=__wrap_{name}"));
        let arguments = format!("-Wl,{}", arguments.join(","));
        println!("cargo::rustc-link-arg={arguments}");
        println!("cargo::metadata=link_arguments={arguments}");
    }
}
