//! The wallboard's files, as the binary holds them.

use std::{
    io::Write as _,
    sync::{Arc, LazyLock},
};

use axum::body::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::language::LANGUAGES;

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// A file with what is sent of it.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    pub kind: &'static str,
    pub plain: Bytes,
    pub gzip: Bytes,
    /// As in the header `ETag`.
    pub tag: Arc<str>,
}

/// Path, what it is, and its text.
type File = (&'static str, &'static str, &'static str);

const SHELL: &str = include_str!("assets/index.html");
const FILES: &[File] = &[
    ("agent.js", JS, include_str!("assets/agent.js")),
    ("agents.js", JS, include_str!("assets/agents.js")),
    ("alert.js", JS, include_str!("assets/alert.js")),
    ("alerts.js", JS, include_str!("assets/alerts.js")),
    ("app.js", JS, include_str!("assets/app.js")),
    ("base.css", CSS, include_str!("assets/base.css")),
    ("chart.js", JS, include_str!("assets/chart.js")),
    ("contact.js", JS, include_str!("assets/contact.js")),
    ("dom.js", JS, include_str!("assets/dom.js")),
    ("feed.js", JS, include_str!("assets/feed.js")),
    ("floor.css", CSS, include_str!("assets/floor.css")),
    ("floor.js", JS, include_str!("assets/floor.js")),
    ("group.js", JS, include_str!("assets/group.js")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    ("incident.js", JS, include_str!("assets/incident.js")),
    ("judge.js", JS, include_str!("assets/judge.js")),
    ("lang/en.json", JSON, include_str!("assets/lang/en.json")),
    ("lang/es.json", JSON, include_str!("assets/lang/es.json")),
    ("lang/id.json", JSON, include_str!("assets/lang/id.json")),
    ("lang/sv.json", JSON, include_str!("assets/lang/sv.json")),
    ("lang/zh.json", JSON, include_str!("assets/lang/zh.json")),
    ("live.js", JS, include_str!("assets/live.js")),
    ("modes.css", CSS, include_str!("assets/modes.css")),
    ("person.js", JS, include_str!("assets/person.js")),
    ("queues.js", JS, include_str!("assets/queues.js")),
    ("silence.js", JS, include_str!("assets/silence.js")),
    ("table.js", JS, include_str!("assets/table.js")),
    ("text.js", JS, include_str!("assets/text.js")),
    ("tile.js", JS, include_str!("assets/tile.js")),
    ("trend.js", JS, include_str!("assets/trend.js")),
    (
        "vendor/LICENSES.txt",
        TEXT,
        include_str!("assets/vendor/LICENSES.txt"),
    ),
    (
        "vendor/eventsource-parser.js",
        JS,
        include_str!("assets/vendor/eventsource-parser.js"),
    ),
    (
        "vendor/uplot.js",
        JS,
        include_str!("assets/vendor/uplot.js"),
    ),
];

static ASSETS: LazyLock<Vec<(&'static str, Asset)>> = LazyLock::new(|| {
    let asset = |(path, kind, text): &File| (*path, Asset::new(kind, text));
    FILES.iter().map(asset).collect()
});

/// One for all files, so that a change of any is a change of every path.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = blake3::Hasher::new();
    for (path, _, text) in FILES.iter().chain([&("", HTML, SHELL)]) {
        for part in [path, text] {
            hash.update(&part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().to_hex().chars().take(16).collect()
});

static SHELLS: LazyLock<Vec<(&'static str, Asset)>> = LazyLock::new(|| {
    let shell = |language: &'static str| {
        let text = SHELL.replace("{language}", language);
        let text = text.replace("{version}", version());
        (language, Asset::new(HTML, &text))
    };
    LANGUAGES.into_iter().map(shell).collect()
});

/// Names the files of this binary: it stands in their paths.
pub(in crate::serve) fn version() -> &'static str {
    &VERSION
}

pub(super) fn find(path: &str) -> Option<&'static Asset> {
    let mut found = ASSETS.iter().filter(|(name, _)| *name == path);
    found.next().map(|(_, asset)| asset)
}

/// The page without its data.
pub(super) fn shell(language: &str) -> &'static Asset {
    let own = SHELLS.iter().find(|(name, _)| *name == language);
    let (_, asset) = own.unwrap_or(&SHELLS[0]);
    asset
}

impl Asset {
    fn new(kind: &'static str, text: &str) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory: nothing can fail.
        gzip.write_all(text.as_bytes()).ok();
        let hash = blake3::hash(text.as_bytes()).to_hex();
        // Weak: the same for both codings.
        let tag = format!("W/\"{}\"", hash.split_at(16).0);
        Self {
            kind,
            plain: Bytes::copy_from_slice(text.as_bytes()),
            gzip: gzip.finish().unwrap_or_default().into(),
            tag: tag.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn files(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, into);
            } else {
                let root = Path::new("src/serve/wallboard/assets");
                let name = path.strip_prefix(root).unwrap();
                into.push(name.to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_binary() {
        let mut there = Vec::new();
        files(Path::new("src/serve/wallboard/assets"), &mut there);
        // The shell, and the style that the page to sign in on has in itself.
        there.retain(|name| !["index.html", "sign_in.css"].contains(&name.as_str()));
        there.sort_unstable();
        let mut held: Vec<_> = FILES.iter().map(|(name, ..)| *name).collect();
        held.sort_unstable();
        assert_eq!(held, there);
    }

    #[test]
    fn all_files_together_are_small() {
        const BYTES_MAX: usize = 300 << 10;
        let sum: usize = ASSETS.iter().map(|(_, asset)| asset.gzip.len()).sum();
        assert!((1..=BYTES_MAX).contains(&sum), "{sum} bytes compressed");
    }

    #[test]
    fn the_shell_names_only_files_that_there_are() {
        let shell = String::from_utf8(shell("sv").plain.to_vec()).unwrap();
        let paths = shell.split("/assets/").skip(1);
        let paths: Vec<_> = paths
            .map(|tail| tail.split('"').next().unwrap_or_default())
            .collect();
        assert!(paths.len() > 5, "{paths:?}");
        for path in paths {
            let name = path
                .strip_prefix(version())
                .and_then(|it| it.strip_prefix('/'));
            assert!(name.is_some_and(|name| find(name).is_some()), "{path}");
        }
        assert!(shell.contains("<html lang=\"sv\""), "{shell}");
        assert!(!shell.contains('{'), "{shell}");
    }

    #[test]
    fn each_language_has_every_message() {
        let keys = |language: &str| {
            let asset = find(&format!("lang/{language}.json")).unwrap();
            let messages: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&asset.plain).unwrap();
            let blank = messages
                .iter()
                .find(|(_, text)| text.as_str().is_none_or(str::is_empty));
            assert_eq!(blank, None, "{language}");
            let mut keys: Vec<_> = messages.keys().cloned().collect();
            keys.sort_unstable();
            keys
        };
        let english = keys("en");
        assert!(english.len() > 50);
        for language in LANGUAGES {
            assert_eq!(keys(language), english, "{language}");
        }
    }
}
