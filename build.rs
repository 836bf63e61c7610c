//! Has the linker do as `crates/topic-ids` asks for.

#[expect(clippy::disallowed_methods, reason = "how cargo tells a build script")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(arguments) = std::env::var("DEP_FLOORWALKER_LIBRDKAFKA_LINK_ARGUMENTS") {
        println!("cargo::rustc-link-arg={arguments}");
    }
}
