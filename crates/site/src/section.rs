//! A table whose keys are known.

use std::cell::RefCell;
use std::path::Path;

use crate::entry::Entry;
use crate::finding::{Finding, Place, Severity};
use crate::nearest::suggestion;
use crate::tree::{Node, Origin, Table};

/// Where findings are gathered: reading goes on after a mistake, so that all are told at once.
#[derive(Default)]
pub(crate) struct Sink(RefCell<Vec<Finding>>);

impl Sink {
    pub(crate) fn error(&self, place: Place, key: String, problem: impl Into<String>, advice: impl Into<String>) {
        self.push(Severity::Error, place, key, problem.into(), advice.into());
    }

    pub(crate) fn warning(&self, place: Place, key: String, problem: impl Into<String>, advice: impl Into<String>) {
        self.push(Severity::Warning, place, key, problem.into(), advice.into());
    }

    fn push(&self, severity: Severity, place: Place, key: String, problem: String, advice: String) {
        self.0.borrow_mut().push(Finding { severity, place, key, problem, advice });
    }

    /// The errors and the warnings.
    pub(crate) fn into_findings(self) -> (Vec<Finding>, Vec<Finding>) {
        self.0.into_inner().into_iter().partition(|finding| finding.severity == Severity::Error)
    }
}

/// What reading a file needs at hand.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) sink: &'a Sink,
    /// Where relative paths start.
    pub(crate) folder: &'a Path,
    /// Where systemd puts what it hands over.
    pub(crate) credentials: Option<&'a str>,
}

/// A table whose keys are known; the others have been reported.
#[derive(Clone)]
pub(crate) struct Section<'a> {
    reader: Reader<'a>,
    origin: &'a Origin,
    table: &'a Table,
    path: String,
}

impl<'a> Section<'a> {
    /// The keys of a whole file.
    pub(crate) fn root(node: &'a Node, reader: Reader<'a>, known: &[&str]) -> Option<Self> {
        Entry::new(node, String::new(), reader).section(known)
    }

    pub(crate) fn new(reader: Reader<'a>, origin: &'a Origin, table: &'a Table, path: String, known: &[&str]) -> Self {
        let section = Self { reader, origin, table, path };
        for (key, (place, _)) in table.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            section.reader.sink.error(
                place.place(),
                section.path_of(key),
                format!("unknown key{}", suggestion(key, known.iter().copied())),
                format!("expected one of {}", known.join(", ")),
            );
        }
        section
    }

    /// The value of a key that may be left out.
    pub(crate) fn optional(&self, key: &str) -> Option<Entry<'a>> {
        self.table.get(key).map(|(_, node)| Entry::new(node, self.path_of(key), self.reader))
    }

    /// The value of a key that may not be left out.
    pub(crate) fn required(&self, key: &str, expected: &str) -> Option<Entry<'a>> {
        let entry = self.optional(key);
        if entry.is_none() {
            self.error(key, "missing", format!("expected {expected}"));
        }
        entry
    }

    /// A table in this one that may be left out.
    pub(crate) fn section(&self, key: &str, known: &[&str]) -> Option<Self> {
        self.optional(key)?.section(known)
    }

    /// Something is wrong about a key that is not here: the section's own place is shown.
    pub(crate) fn error(&self, key: &str, problem: impl Into<String>, advice: impl Into<String>) {
        self.reader.sink.error(self.origin.place(), self.path_of(key), problem, advice);
    }

    /// The same as a warning.
    pub(crate) fn warning(&self, key: &str, problem: impl Into<String>, advice: impl Into<String>) {
        self.reader.sink.warning(self.origin.place(), self.path_of(key), problem, advice);
    }

    fn path_of(&self, key: &str) -> String {
        let key = key.escape_debug();
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }
}
