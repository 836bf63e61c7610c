//! Rules of the source tree that the compiler can't check.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Pipeline stages in the order an event meets them. A stage may use itself and earlier entries.
const PURE_IN_ORDER: &[&str] = &[
    "event",
    "proto",
    "decode",
    "contact",
    "customer",
    "kpi",
    "directory",
    "balance",
    "agent",
    "staffing",
    "csat",
    "alert",
    "schema",
    "engine",
    "sim",
];
/// What touches the world.
const EDGE: &[&str] = &["kafka", "serve", "config", "cli"];
/// Words that may not appear in a pure stage: anything that reads the world.
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "Mutex",
    "RwLock",
    "mpsc",
    "Instant",
    "SystemTime",
    "async fn",
    ".await",
];
const FILE_LINES_MAX: usize = 500;

#[test]
fn pure_stages_do_no_io_and_look_only_upstream() {
    let mut faults = Vec::new();
    for (position, stage) in PURE_IN_ORDER.iter().enumerate() {
        let downstream = PURE_IN_ORDER.iter().skip(position + 1).chain(EDGE);
        let downstream = downstream.map(|later| format!("crate::{later}"));
        let banned: Vec<String> = IMPURE
            .iter()
            .map(ToString::to_string)
            .chain(downstream)
            .collect();
        faults.extend(lines_with(&Path::new("src").join(stage), |code| {
            banned.iter().any(|word| code.contains(word.as_str()))
        }));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The reference shares nothing with what it checks but the events.
#[test]
fn the_reference_knows_only_events() {
    let faults = lines_with(Path::new("src/sim/reference"), |code| {
        code.split("crate::")
            .skip(1)
            .any(|path| !path.starts_with("event") && !path.starts_with("sim::reference"))
    });
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_folder_is_a_stage_or_an_edge() {
    for entry in fs::read_dir("src").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let known = PURE_IN_ORDER.iter().chain(EDGE).chain(&["lib", "main"]);
        let empty = path.is_dir() && rust_files(&path).is_empty();
        assert!(
            empty || known.into_iter().any(|stage| *stage == name),
            "src/{name}: is it pure or an edge?"
        );
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut faults = Vec::new();
    for (path, text) in rust_files(Path::new("src")) {
        if text.lines().count() > FILE_LINES_MAX {
            faults.push(format!("{}: over {FILE_LINES_MAX} lines", path.display()));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{}: no `//!` first line", path.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// `file:line: code` of each line of a stage that `is_fault`, comments aside.
fn lines_with(stage: &Path, is_fault: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in rust_files(stage) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if is_fault(code) {
                let path = path.display();
                faults.push(format!("{path}:{}: {}", number + 1, code.trim()));
            }
        }
    }
    faults
}

fn rust_files(root: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(root) else {
        let file = root.with_extension("rs");
        return fs::read_to_string(&file)
            .map(|text| vec![(file, text)])
            .unwrap_or_default();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| match path.extension().and_then(|ext| ext.to_str()) {
            Some("rs") => fs::read_to_string(&path)
                .map(|text| vec![(path, text)])
                .unwrap_or_default(),
            Some(_) => Vec::new(),
            None => rust_files(&path),
        })
        .collect()
}
