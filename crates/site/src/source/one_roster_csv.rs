//! `kind = "oneroster-csv"`.

use std::path::PathBuf;

use crate::section::Section;

pub(crate) const KEYS: &[&str] = &["path", "settle", "delta"];

pub(crate) fn read(section: &Section<'_>) -> Option<PathBuf> {
    section.required("path", "the folder or zip of the CSV files").and_then(|entry| entry.path())
}
