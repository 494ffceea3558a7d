//! docs/LOG.md holds every event of the daemon, with its level and fields, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Level and fields, by event.
type Events = BTreeMap<String, (String, BTreeSet<String>)>;

fn root(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

/// The rows of the table: `| event | level | fields | ...`.
fn documented() -> Events {
    let page = fs::read_to_string(root("docs/LOG.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let ticked = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [event] = &ticked(cells[1])[..] else { panic!("{row:?} names no event") };
        (event.clone(), (cells[2].to_owned(), ticked(cells[3]).into_iter().collect()))
    })
    .collect()
}

/// The events in the daemon's source: each `tracing` macro, and the verdict's own line.
fn written() -> Events {
    let mut events = Events::new();
    for file in rust_files(&root("crates/bridge/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for call in text.split("tracing::").skip(1) {
            let Some((level, arguments)) = call.split_once("!(") else { continue };
            if !["error", "warn", "info", "debug", "trace"].contains(&level) {
                continue;
            }
            let arguments = split(arguments);
            let (event, fields) = arguments.split_last().unwrap();
            let event = event.trim_matches('"').to_owned();
            let fields = fields.iter().map(|field| {
                let name = field.split('=').next().unwrap();
                name.trim_matches([' ', '%', '?']).to_owned()
            });
            let entry = events.entry(event).or_insert_with(|| (level.to_owned(), BTreeSet::new()));
            assert_eq!(entry.0, level, "{}: one event has two levels", file.display());
            entry.1.extend(fields);
        }
    }
    let line = fs::read_to_string(root("crates/bridge/src/verdict_log.rs")).unwrap();
    let json = line.split("fn write_json").nth(1).and_then(|rest| rest.split("fn write_text").next()).unwrap();
    let fields = json.split("\\\"").skip(1).step_by(2).map(|name| name.trim_matches([',', ':', '{', '}']).to_owned());
    let fields: BTreeSet<String> = fields
        .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase()))
        .filter(|name| !["", "timestamp", "level", "message"].contains(&name.as_str()))
        .collect();
    events.insert("verdict".to_owned(), ("info".to_owned(), fields));
    events
}

/// The arguments of a macro up to its end, parted by the commas outside brackets and texts.
fn split(arguments: &str) -> Vec<String> {
    let (mut depth, mut in_text, mut parts, mut part) = (0_u32, false, Vec::new(), String::new());
    for letter in arguments.chars() {
        match letter {
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' if !in_text && depth == 0 => break,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                parts.push(part.trim().to_owned());
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part.trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                Some(path).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
            }
        })
        .collect()
}

#[test]
fn every_event_is_documented_and_no_other() {
    let (documented, written) = (documented(), written());
    assert!(written.len() > 20, "{written:#?}");
    for (event, there) in &written {
        assert_eq!(documented.get(event), Some(there), "docs/LOG.md, {event:?}");
    }
    let gone: Vec<_> = documented.keys().filter(|event| !written.contains_key(*event)).collect();
    assert!(gone.is_empty(), "docs/LOG.md names {gone:?}, which nothing writes");
}
