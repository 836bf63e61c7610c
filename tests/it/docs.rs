//! The pages for people: the first one is short, no link leads nowhere, and files that they name exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const README_WORDS_MAX: usize = 900;

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = [".", "docs", "benches", "tests/data"]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| path.strip_prefix(".").unwrap_or(&path).to_owned())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.sort();
    pages
}

/// The targets of `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    let tails = text.split("](").skip(1);
    tails
        .filter_map(|tail| tail.split_once(')'))
        .map(|(link, _)| link)
        .collect()
}

/// The anchors of a page's headings, as GitHub and mdbook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
            kept.map(|char| if char == ' ' { '-' } else { char })
                .collect()
        })
        .collect()
}

fn fault(page: &Path, link: &str) -> Option<String> {
    if link.starts_with("http") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        _ => page.parent()?.join(path),
    };
    if !target.exists() {
        return Some(format!("{}: `{link}` is not there", page.display()));
    }
    let text = fs::read_to_string(&target).unwrap_or_default();
    let known = anchor.is_empty() || anchors(&text).contains(anchor);
    (!known).then(|| format!("{}: `{link}` names no heading", page.display()))
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut faults = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let links = links(&text);
        count += links.len();
        faults.extend(links.into_iter().filter_map(|link| fault(&page, link)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(count > 10, "{count} links were found");
}

#[test]
fn every_page_can_be_found_from_the_first() {
    let text = fs::read_to_string("README.md").unwrap();
    let linked: BTreeSet<&str> = links(&text)
        .into_iter()
        .map(|link| link.split('#').next().unwrap_or(link))
        .collect();
    for page in pages().iter().filter(|page| page.starts_with("docs")) {
        let name = page.to_str().unwrap();
        assert!(linked.contains(name), "README.md doesn't link {name}");
    }
}

/// Where the paths that ARCHITECTURE.md names begin.
const ROOTS: [&str; 4] = ["", "crates", "crates/core/src", "src"];

/// The paths between backticks: what has a slash or names a file of ours, without globs, topics and URLs.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split('`').skip(1).step_by(2);
    words.filter(|word| {
        let is_path = |char: char| char.is_ascii_alphanumeric() || "/._-".contains(char);
        let file_ends = [".rs", ".toml", ".md", ".txt", ".proto"];
        let names_file = file_ends.iter().any(|end| word.ends_with(end));
        word.chars().all(is_path) && !word.starts_with('/') && (names_file || word.contains('/'))
    })
}

#[test]
fn files_that_the_architecture_names_exist() {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let exists = |path: &str| ROOTS.iter().any(|root| Path::new(root).join(path).exists());
    let missing: Vec<&str> = paths(&text).filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md: {missing:#?}");
    assert!(paths(&text).count() > 50);
}

/// What an operator finds among the dead letters.
#[test]
fn every_reason_of_a_dead_letter_is_explained() {
    let page = fs::read_to_string("docs/operating.md").unwrap();
    let codes = floorwalker_core::decode::RejectionCode::ALL.map(|code| code.name());
    let others = ["late", "future", "sealed", "notification_refused"];
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for reason in codes.into_iter().chain(others) {
        let named = rows.iter().any(|row| {
            row.split('|')
                .nth(1)
                .unwrap()
                .contains(&format!("`{reason}`"))
        });
        assert!(named, "{reason}");
    }
}

#[test]
fn the_first_page_is_short() {
    let words = fs::read_to_string("README.md")
        .unwrap()
        .split_whitespace()
        .count();
    assert!(
        words <= README_WORDS_MAX,
        "README.md has {words} words; {README_WORDS_MAX} are enough: the rest goes to docs/"
    );
}
