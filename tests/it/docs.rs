//! The pages for people: the first one is short, and no link leads nowhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const README_WORDS_MAX: usize = 900;

fn pages() -> Vec<PathBuf> {
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ]
    .map(PathBuf::from);
    let folder = fs::read_dir("docs").unwrap();
    let docs = folder.map(|entry| entry.unwrap().path());
    top.into_iter().chain(docs).collect()
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
