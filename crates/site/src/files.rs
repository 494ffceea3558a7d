//! The files: the main one, and those of `districts/` and `clients/`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::finding::Place;
use crate::section::{Reader, Section, Sink};
use crate::text::TextFile;
use crate::tree::Node;

/// The largest file read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Whether a name can be that of a district, a client or a namespace.
pub(crate) fn is_id(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Reads a file whole.
pub(crate) fn read(path: &Path, sink: &Sink) -> Option<TextFile> {
    let refuse = |problem: String| {
        let place = Place::File(path.to_owned());
        sink.error(place, String::new(), problem, "expected a TOML file that can be read");
        None
    };
    match fs::metadata(path).map(|metadata| metadata.len()) {
        Ok(length) if length > LARGEST => return refuse(format!("larger than {LARGEST} bytes")),
        Ok(_) => {}
        Err(error) => return refuse(error.to_string()),
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return refuse(error.to_string()),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(TextFile::new(path.to_owned(), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = TextFile::new(path.to_owned(), String::from_utf8_lossy(error.as_bytes()).into_owned());
            sink.error(text.place(&(at..at)), String::new(), "not UTF-8", "expected the file saved as UTF-8");
            None
        }
    }
}

/// The files of one folder, in the order of their ids.
pub(crate) struct Folder {
    path: PathBuf,
    files: Vec<(String, Option<Node>)>,
}

impl Folder {
    /// Reads each `ID.toml` of a folder; hidden files and other kinds are not looked at. No folder is an empty one.
    pub(crate) fn read(path: PathBuf, sink: &Sink) -> Self {
        let mut files = Vec::new();
        for file in Self::names(&path, sink) {
            let id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if is_id(&id) {
                let node = read(&file, sink).and_then(|text| Node::parse(text, sink));
                files.push((id, node));
            } else {
                let problem = "the file's name is the id, and this can be none";
                sink.error(Place::File(file), String::new(), problem, "expected 1 to 32 of a-z, 0-9 and -, then .toml");
            }
        }
        files.sort_by(|left, right| left.0.cmp(&right.0));
        Self { path, files }
    }

    fn names(path: &Path, sink: &Sink) -> Vec<PathBuf> {
        let names = fs::read_dir(path).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()
        });
        let hidden = |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match names {
            Ok(mut names) => {
                names.retain(|file| file.extension().is_some_and(|kind| kind == "toml") && !hidden(file));
                names
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let place = Place::File(path.to_owned());
                sink.error(place, String::new(), error.to_string(), "expected a folder that can be read");
                Vec::new()
            }
        }
    }

    /// The ids, also of the files in which something is wrong.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.files.iter().map(|(id, _)| id.as_str()).collect()
    }

    /// Reads each file to its type. `None` where something is wrong in it.
    pub(crate) fn drafts<'a, T>(
        &'a self,
        sink: &'a Sink,
        credentials: Option<&'a str>,
        known: &[&str],
        draft: impl Fn(&Section<'a>, &str) -> Option<T>,
    ) -> Vec<Option<T>> {
        let reader = Reader { sink, folder: &self.path, credentials };
        self.files.iter().map(|(id, node)| draft(&Section::root(node.as_ref()?, reader, known)?, id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn a_file_whose_name_can_be_no_id_is_a_mistake_and_an_editors_is_none() {
        let mut trial = Trial::default();
        trial.district("CMS_2", trial.district_text());
        trial.write("districts/.cms.toml", "lock");
        trial.write("districts/cms.toml~", "backup");
        assert_eq!(
            trial.errors(),
            ["districts/CMS_2.toml : the file's name is the id, and this can be none; \
              expected 1 to 32 of a-z, 0-9 and -, then .toml"]
        );
    }

    #[test]
    fn a_missing_main_file_is_told_and_the_others_are_read_all_the_same() {
        let mut trial = Trial::default();
        trial.remove("hallpass.toml");
        trial.district("cms", &trial.district_text().replace("MMDD", "DDDD"));
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:7:10 pin.format: a part of the date stands in it twice; \
                 expected a format such as \"MMDDYYYY\"",
                "hallpass.toml : No such file or directory (os error 2); expected a TOML file that can be read",
            ]
        );
    }

    #[test]
    fn bytes_that_are_not_utf_8_have_a_place() {
        let mut trial = Trial::default();
        trial.write("districts/cms.toml", b"name = \"x\"\nrelease = [\"\xE9\"]\n");
        assert_eq!(trial.errors(), ["districts/cms.toml:2:13 : not UTF-8; expected the file saved as UTF-8"]);
    }
}
