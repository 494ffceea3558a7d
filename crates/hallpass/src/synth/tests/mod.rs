//! A written bundle, read back with the csv crate.

mod answers;
mod files;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
};

use tempfile::TempDir;

use super::*;

fn district(students: u32, version: Version) -> Synth {
    Synth {
        students,
        staff: students / 10,
        schools: 14,
        seed: 7,
        version,
        first_id: Synth::FIRST_ID,
        pin_format: BirthFormat::parse("MMDDYYYY").unwrap(),
        part: Synth::ALONE,
    }
}

/// What was written.
struct Written {
    files: BTreeMap<String, String>,
    answers: String,
    counts: Counts,
}

impl Written {
    fn of(synth: &Synth) -> Self {
        let folder = TempDir::new().unwrap();
        let mut answers = Vec::new();
        let counts = synth.write(folder.path(), Packing::Folder, Some(&mut answers), &mut |_| {}).unwrap();
        let files = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
            .collect();
        Self { files, answers: String::from_utf8(answers).unwrap(), counts }
    }

    fn rows(&self, file: &str) -> Vec<HashMap<String, String>> {
        csv::Reader::from_reader(self.files[file].as_bytes()).deserialize().map(|row| row.unwrap()).collect()
    }

    fn birth_dates(&self) -> HashMap<String, String> {
        let rows = self.rows("demographics.csv").into_iter();
        rows.map(|mut row| (row.remove("sourcedId").unwrap(), row.remove("birthDate").unwrap())).collect()
    }
}
