//! Rules of the source tree that the compiler can't check.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Packages that do not touch the world.
const PURE: &[&str] = &[
    "crates/core/src",
    "crates/simulator/src",
    "crates/evaluation/src",
    "crates/testkit/src/reference",
];
/// All sources.
const ALL: &[&str] = &[
    "src",
    "crates/core/src",
    "crates/simulator/src",
    "crates/testkit/src",
    "crates/topic-ids/src",
    "crates/evaluation/src",
];
/// Words that may not appear in a pure package: anything that reads the world.
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

/// That they use no package that does is for `Cargo.toml` and for `.ci/run` to see.
#[test]
fn pure_packages_do_no_io() {
    let mut faults = Vec::new();
    for root in PURE {
        faults.extend(lines_with(Path::new(root), |code| {
            IMPURE.iter().any(|word| code.contains(word))
        }));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The recount shares nothing with what it checks but the events.
#[test]
fn the_recount_knows_only_events() {
    let reference = Path::new("crates/testkit/src/reference");
    let faults = lines_with(reference, |code| {
        let uses = |name: &str, allowed: &str| {
            let mut paths = code.split(name).skip(1);
            paths.any(|path| !path.starts_with(allowed))
        };
        uses("floorwalker_core::", "event") || uses("crate::", "reference")
    });
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn files_are_short_and_begin_with_their_purpose() {
    let mut faults = Vec::new();
    for (path, text) in ALL.iter().flat_map(|root| rust_files(Path::new(root))) {
        if text.lines().count() > FILE_LINES_MAX {
            faults.push(format!("{}: over {FILE_LINES_MAX} lines", path.display()));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{}: no `//!` first line", path.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Words that mean too many things, and which of the field's to use instead.
const OLD_WORDS: &[&str] = &[
    "tell", "tells", "told", "say", "says", "said", "speak", "spoken", "hear", "heard",
];
const BETTER_WORDS: &str =
    "emit, send, publish, report, print, log; read, receive, apply; hold, name, answer";
/// How many lines have them still. These numbers only shrink.
const LINES_WITH_OLD_WORDS: &[(&str, usize)] = &[
    ("src", 6),
    ("crates/core/src", 1),
    ("crates/simulator/src", 3),
    ("crates/testkit/src", 1),
    ("crates/topic-ids/src", 0),
    ("crates/evaluation/src", 0),
    ("tests/it", 1),
    ("benches", 0),
];

#[test]
fn names_and_comments_use_the_words_of_the_field() {
    let has_old_word = |line: &str| {
        let mut words = line.split(|it: char| !it.is_alphanumeric() && it != '_');
        words.any(|word| OLD_WORDS.contains(&word.to_lowercase().as_str()))
    };
    for (root, left) in LINES_WITH_OLD_WORDS {
        let mut found = Vec::new();
        for (path, text) in rust_files(Path::new(root)) {
            let lines = (1..)
                .zip(text.lines())
                .filter(|(_, line)| has_old_word(line));
            found
                .extend(lines.map(|(number, line)| format!("{}:{number}: {line}", path.display())));
        }
        assert_eq!(
            found.len(),
            *left,
            "{root}: use {BETTER_WORDS} instead of {OLD_WORDS:?}, and write the lower number here:\n{}",
            found.join("\n")
        );
    }
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

pub(crate) fn rust_files(root: &Path) -> Vec<(PathBuf, String)> {
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
