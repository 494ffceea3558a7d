//! One file of configuration, and the places in it.

use std::ops::Range;
use std::path::PathBuf;

use crate::finding::Place;

/// A line that mentions one of these may hold a secret: nothing after it is ever shown.
const SECRETS: [&str; 6] = ["password", "passwd", "hash", "secret", "token", "$argon2"];

/// A file that was read.
#[derive(Debug)]
pub(crate) struct TextFile {
    path: PathBuf,
    text: String,
}

impl TextFile {
    pub(crate) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The place of a span of bytes: line and column (in characters) from 1, and the line itself.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let source = rest.lines().next().unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        let marked = self.text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
        Place::Line {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column,
            width: marked.chars().count().max(1),
            source: shown(source),
        }
    }
}

/// A line as it may be printed, character for character: no secrets, no control characters.
fn shown(source: &str) -> String {
    let lower = source.to_ascii_lowercase();
    let secret = SECRETS.iter().filter_map(|word| lower.find(word)).min();
    // After `password-hash = ` all is hidden; where no `=` follows, all is hidden from the word on.
    let hidden =
        secret.map(|word| lower.get(word..).and_then(|rest| rest.find('=')).map_or(word, |equals| word + equals + 1));
    source
        .char_indices()
        .map(|(at, letter)| match letter {
            '\t' | ' ' => letter,
            _ if hidden.is_some_and(|hidden| at >= hidden) => '*',
            _ if letter.is_control() => '\u{FFFD}',
            _ => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = TextFile::new("x.toml".into(), "a = 1\r\nñ = \"é\" # b\n".into());
        let span = file.text().find("\"é\"").map(|start| start..start + 4).unwrap();
        let Place::Line { line, column, width, source, .. } = file.place(&span) else { panic!("a line") };
        assert_eq!((line, column, width, source.as_str()), (2, 5, 3, "ñ = \"é\" # b"));
    }

    #[test]
    fn the_end_of_a_file_is_a_place() {
        let file = TextFile::new("x.toml".into(), "a = \"b".into());
        let Place::Line { line, column, width, .. } = file.place(&(6..6)) else { panic!("a line") };
        assert_eq!((line, column, width), (1, 7, 1));
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        assert_eq!(
            shown("login = { user = \"a\", password = \"tiger\" }"),
            "login = { user = \"a\", password = ******* *"
        );
        assert_eq!(shown("$argon2id$v=19$abc"), "$argon2id$v=******");
        assert_eq!(shown("  tiger-password"), "  tiger-********");
    }
}
