//! Which file uses which: nothing uses what comes after it, and files don't use each other in a circle.
//!
//! Reads the sources as the compiler does, by syn: imports in groups, paths in code, and names that a module hands on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::visit::{self, Visit};

/// The path of a module within its crate: `["engine", "task"]`.
type Module = Vec<String>;

/// The paths in a file of a crate, as they are written.
struct Source {
    module: Module,
    paths: Vec<Vec<String>>,
    /// What its imports call by which name.
    imports: BTreeMap<String, Vec<String>>,
}

/// Which modules of a crate use which.
pub(crate) type Arrows = BTreeSet<(String, String)>;

/// Reads the crate whose sources are in `root`. Tests within it don't count.
pub(crate) fn arrows(root: &Path) -> Arrows {
    let sources: BTreeMap<Module, Source> = super::tidy::rust_files(root)
        .into_iter()
        .map(|(file, text)| Source::read(root, &file, &text))
        .map(|source| (source.module.clone(), source))
        .collect();
    let mut arrows = Arrows::new();
    for source in sources.values() {
        for path in &source.paths {
            if let Some(target) = resolve(&sources, &source.module, path, 0)
                && target != source.module
            {
                arrows.insert((source.module.join("::"), target.join("::")));
            }
        }
    }
    arrows
}

/// Returns the module that defines what a path names, if it is of this crate.
fn resolve(
    sources: &BTreeMap<Module, Source>,
    from: &Module,
    path: &[String],
    depth: usize,
) -> Option<Module> {
    if depth > 8 {
        return None;
    }
    let mut module = from.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            module.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|it| it == "super") {
                module.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let source = sources.get(from)?;
            let child = [from.clone(), vec![first.to_owned()]].concat();
            if !sources.contains_key(&child) {
                let import = source.imports.get(first)?;
                if import.first().is_some_and(|it| it == first) {
                    return None;
                }
                let whole = [import.clone(), path[1..].to_vec()].concat();
                return resolve(sources, from, &whole, depth + 1);
            }
        }
    }
    while let Some(name) = rest.first() {
        let child = [module.clone(), vec![name.clone()]].concat();
        if sources.contains_key(&child) {
            module = child;
            rest = &rest[1..];
            continue;
        }
        let handed_on = sources.get(&module)?.imports.get(name);
        return match handed_on {
            Some(import) => {
                let whole = [import.clone(), rest[1..].to_vec()].concat();
                resolve(sources, &module, &whole, depth + 1).or(Some(module))
            }
            None => Some(module),
        };
    }
    Some(module)
}

impl Source {
    fn read(root: &Path, file: &Path, text: &str) -> Self {
        let inside = file.strip_prefix(root).expect("within").with_extension("");
        let mut module: Module = inside
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if (module.last()).is_some_and(|it| ["mod", "lib", "main"].contains(&it.as_str())) {
            module.pop();
        }
        let parsed = syn::parse_file(text).expect("Rust");
        let mut paths = Paths::default();
        paths.visit_file(&parsed);
        Self {
            module,
            paths: paths.used,
            imports: paths.imports,
        }
    }
}

/// Gathers the paths of a file.
#[derive(Default)]
struct Paths {
    used: Vec<Vec<String>>,
    imports: BTreeMap<String, Vec<String>>,
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let is_test = item.attrs.iter().any(|it| it.path().is_ident("cfg"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut found);
        let hands_on = !matches!(item.vis, syn::Visibility::Inherited);
        for (name, path) in found {
            // Handing a name on is no use of it.
            if !hands_on {
                self.used.push(path.clone());
            }
            self.imports.insert(name, path);
        }
    }

    /// Naming who may see an item is no use of them.
    fn visit_vis_restricted(&mut self, _: &'a syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments = path.segments.iter().map(|it| it.ident.to_string());
        let segments: Vec<String> = segments.collect();
        if segments.len() > 1 {
            self.used.push(segments);
        }
        visit::visit_path(self, path);
    }
}

fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        syn::UseTree::Name(name) => {
            let name = name.ident.to_string();
            let mut path = before.clone();
            if name != "self" {
                path.push(name);
            }
            found.push((path.last().cloned().unwrap_or_default(), path));
        }
        syn::UseTree::Rename(rename) => {
            let mut path = before.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            found.push((rename.rename.to_string(), path));
        }
        syn::UseTree::Glob(_) => {}
        syn::UseTree::Group(group) => {
            for item in &group.items {
                flatten(item, before, found);
            }
        }
    }
}

/// Returns the groups of modules of which each uses, over some others, each other.
pub(crate) fn circles(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let modules: BTreeSet<&String> = arrows.iter().flat_map(|(from, to)| [from, to]).collect();
    let reached = |start: &String| {
        let mut seen = BTreeSet::new();
        let mut next = vec![start];
        while let Some(at) = next.pop() {
            for (_, to) in arrows.iter().filter(|(from, _)| from == at) {
                if seen.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> = modules
        .iter()
        .map(|module| (*module, reached(module)))
        .collect();
    let mut circles = BTreeSet::new();
    for module in &modules {
        let circle: BTreeSet<String> = reach[*module]
            .iter()
            .filter(|other| reach[*other].contains(*module))
            .cloned()
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The stages of a crate, in order: one may use those before it.
const CRATES: [(&str, &[&str]); 4] = [
    (
        "crates/core/src",
        &[
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
            "rules",
            "silence",
            "schema",
            "engine",
            "local",
        ],
    ),
    ("crates/simulator/src", &[]),
    ("crates/testkit/src", &[]),
    (
        "src",
        &["kafka", "alerts", "notify", "serve", "config", "cli"],
    ),
];

#[test]
fn no_stage_uses_one_that_comes_after_it() {
    for (root, order) in CRATES.into_iter().filter(|(_, order)| !order.is_empty()) {
        let place = |module: &str| {
            let stage = module.split("::").next().unwrap_or_default();
            let place = order.iter().position(|known| *known == stage);
            place.unwrap_or_else(|| panic!("{root}/{stage}: where does it belong in the order?"))
        };
        let arrows = arrows(Path::new(root));
        let inside = arrows
            .iter()
            .filter(|(from, to)| !from.is_empty() && !to.is_empty());
        let up: Vec<_> = inside
            .filter(|(from, to)| place(from) < place(to))
            .collect();
        assert!(up.is_empty(), "{root}: {up:#?}");
    }
}

/// Modules that use each other in a circle, by crate. A module and the one that it lies in are no circle if nobody else is in it. These
/// numbers only shrink.
const IN_CIRCLES: [(&str, usize); 5] = [
    ("crates/core/src", 0),
    ("crates/simulator/src", 0),
    ("crates/testkit/src", 0),
    ("crates/evaluation/src", 0),
    ("src", 0),
];

#[test]
fn circles_of_files_are_no_more_than_these() {
    for (root, known) in IN_CIRCLES {
        let circles = circles(&arrows(Path::new(root)));
        let of_parent = |circle: &BTreeSet<String>| {
            let (first, second) = (circle.first(), circle.last());
            circle.len() == 2
                && second
                    .zip(first)
                    .is_some_and(|(it, of)| it.starts_with(of.as_str()))
        };
        let circles: Vec<_> = circles.into_iter().filter(|it| !of_parent(it)).collect();
        let found: usize = circles.iter().map(BTreeSet::len).sum();
        assert_eq!(found, known, "{root}: {circles:#?}");
    }
}

#[test]
fn arrows_are_found_in_groups_in_code_and_through_names_that_are_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod early; mod late;");
    write(
        "early.rs",
        "use std::fmt;\nuse crate::{\n    late::{Deep},\n};",
    );
    write("late/mod.rs", "mod deep;\npub use deep::Deep;\nstruct Own;");
    write(
        "late/deep.rs",
        "fn f() { super::Own; crate::early::g() }\n#[cfg(test)] mod t { use crate::unknown; }",
    );
    let found = arrows(folder.path());
    let arrow = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let expected = [
        arrow("early", "late::deep"),
        arrow("late::deep", "early"),
        arrow("late::deep", "late"),
    ];
    assert_eq!(found, BTreeSet::from(expected));
    let circle = ["early", "late::deep"].map(str::to_owned);
    assert_eq!(circles(&found), [BTreeSet::from(circle)]);
}
