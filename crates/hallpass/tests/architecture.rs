//! ARCHITECTURE.md, held against the workspace it describes.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// A crate of ours, and those of ours it depends on.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The folders of `crates/` that hold a package.
fn members() -> BTreeSet<String> {
    fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// The lines `A -> B C` of the page.
fn drawn() -> Arrows {
    page()
        .lines()
        .filter_map(|line| line.split_once(" ->"))
        .filter(|(from, _)| members().contains(*from))
        .map(|(from, to)| (from.to_owned(), to.split_whitespace().map(str::to_owned).collect()))
        .collect()
}

/// The path dependencies in each member's Cargo.toml, those for tests excepted.
fn built() -> Arrows {
    let members = members();
    let arrows = |member: &String| {
        let text = fs::read_to_string(root().join("crates").join(member).join("Cargo.toml")).unwrap();
        (member.clone(), dependencies(&text).intersection(&members).cloned().collect())
    };
    members.iter().map(arrows).collect()
}

/// Every name in a table of dependencies: `[dependencies]`, `[target.'...'.dependencies]`, `[dependencies.NAME]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (parent, last) = table.rsplit_once('.').unwrap_or(("", table));
            let counts = |table: &str| table.ends_with("dependencies") && !table.ends_with("dev-dependencies");
            inside = counts(last);
            if counts(parent) {
                names.insert(last.to_owned());
            }
        } else if inside && !line.starts_with('#') {
            let name: &str = line.split(['.', '=', ' ']).next().unwrap();
            names.insert(name.trim_matches('"').to_owned());
        }
    }
    names
}

#[test]
fn the_page_stays_one_page() {
    let lines = page().lines().count();
    assert!(lines < 120, "ARCHITECTURE.md has {lines} lines; delete before adding");
}

#[test]
fn every_crate_is_named() {
    let page = page();
    let words: BTreeSet<&str> = page.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    for member in members() {
        assert!(words.contains(member.as_str()), "ARCHITECTURE.md does not name crates/{member}");
    }
}

#[test]
fn the_arrows_are_those_of_the_manifests() {
    assert_eq!(drawn(), built(), "left: ARCHITECTURE.md, right: the Cargo.toml files");
}

#[test]
fn dependencies_of_every_spelling_are_found_and_those_of_tests_are_not() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# no = 1\nb = { path = \"../b\" }\n\
                    [dev-dependencies]\nc.workspace = true\n[target.'cfg(unix)'.dependencies]\nd = \"1\"\n\
                    [dependencies.e]\npath = \"../e\"\n[dev-dependencies.f]\npath = \"../f\"\n[lints]\nworkspace = true\n";
    let found = dependencies(manifest);
    for (name, is_one) in [("a", true), ("b", true), ("c", false), ("d", true), ("e", true), ("f", false)] {
        assert_eq!(found.contains(name), is_one, "{name}");
    }
    assert!(!found.contains("workspace") && !found.contains("path"));
}
