//! `kind = "delimited"`: any file of rows and columns, whose columns are named here.

use std::path::PathBuf;

use patron::{DateShape, Role};

use crate::entry::Entry;
use crate::section::Section;

pub(crate) const KEYS: &[&str] =
    &["path", "settle", "delimiter", "charset", "date-format", "columns", "roles", "enabled"];

/// Where the file is, and how to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimited {
    /// The folder that the newest file is taken from, or a file.
    pub path: PathBuf,
    /// What stands between two cells; `None`: the header shows it.
    pub delimiter: Option<u8>,
    /// How letters are written.
    pub charset: FileCharset,
    /// How dates are written.
    pub date_format: Vec<DateShape>,
    /// Which column is what.
    pub columns: Columns,
    /// The district's words for roles; `None` is for people who are never stored.
    pub roles: Vec<(String, Option<Role>)>,
    /// The district's words for enabled and disabled; `None`: the usual ones.
    pub enabled: Option<EnabledWords>,
}

/// The character set of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileCharset {
    /// UTF-8.
    #[default]
    Utf8,
    /// windows-1252.
    Windows1252,
}

/// Words for enabled and disabled, in any letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnabledWords {
    /// Enabled.
    pub yes: Vec<String>,
    /// Disabled.
    pub no: Vec<String>,
}

impl EnabledWords {
    pub(crate) const KEYS: &[&str] = &["yes", "no"];

    fn read(section: &Section<'_>) -> Option<Self> {
        let words = |key| {
            let entry = section.required(key, "a list of words")?;
            entry.nonempty_set("words", |word| word.text_or_empty().map(str::to_lowercase))
        };
        let (yes, no) = (words("yes"), words("no"));
        let words = Self { yes: yes?, no: no? };
        if words.yes.iter().any(|word| words.no.contains(word)) {
            section.error("no", "a word stands in both lists", "expected each only once");
            return None;
        }
        Some(words)
    }
}

/// The names of columns, as the file's header has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the key of its name")]
pub struct Columns {
    pub id: Option<String>,
    pub source_id: Option<String>,
    pub username: Option<String>,
    pub role: Option<String>,
    pub enabled: Option<String>,
    pub grade: Option<String>,
    pub school: Option<String>,
    pub school_name: Option<String>,
    pub birth_date: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    pub pin: Option<String>,
}

impl Columns {
    pub(crate) const KEYS: &[&str] = &[
        "id",
        "source-id",
        "username",
        "role",
        "enabled",
        "grade",
        "school",
        "school-name",
        "birth-date",
        "given-name",
        "family-name",
        "email",
        "pin",
    ];

    fn read(section: &Section<'_>) -> Self {
        let name = |key| section.optional(key).and_then(|entry| Some(entry.text()?.trim().to_owned()));
        Self {
            id: name("id"),
            source_id: name("source-id"),
            username: name("username"),
            role: name("role"),
            enabled: name("enabled"),
            grade: name("grade"),
            school: name("school"),
            school_name: name("school-name"),
            birth_date: name("birth-date"),
            given_name: name("given-name"),
            family_name: name("family-name"),
            email: name("email"),
            pin: name("pin"),
        }
    }
}

pub(crate) fn read(section: &Section<'_>) -> Option<Delimited> {
    const DELIMITERS: &[(&str, u8)] = &[(",", b','), ("tab", b'\t'), ("|", b'|'), (";", b';')];
    const CHARSETS: &[(&str, FileCharset)] =
        &[("utf-8", FileCharset::Utf8), ("windows-1252", FileCharset::Windows1252)];
    let path = section.required("path", "the folder that the files come in, or a file").and_then(|entry| entry.path());
    let columns = section.required("columns", "a table that names the file's columns");
    let columns = columns.and_then(|entry| entry.section(Columns::KEYS));
    let date_format = date_format(section);
    let charset = section.optional("charset").and_then(|entry| entry.word(CHARSETS)).unwrap_or_default();
    let delimiter = section.optional("delimiter").and_then(|entry| entry.word(DELIMITERS));
    let roles = section.optional("roles").map(|entry| roles(&entry)).unwrap_or_default();
    let enabled = enabled(section);
    Some(Delimited {
        path: path?,
        delimiter,
        charset,
        date_format: date_format?,
        columns: Columns::read(&columns?),
        roles,
        enabled,
    })
}

/// `date-format`, or the shapes that are usual.
pub(super) fn date_format(section: &Section<'_>) -> Option<Vec<DateShape>> {
    match section.optional("date-format") {
        Some(entry) => shapes(&entry),
        None => {
            ["YYYY-MM-DD", "M/D/YYYY", "MM/DD/YYYY"].into_iter().map(|shape| DateShape::parse(shape).ok()).collect()
        }
    }
}

/// `enabled`, where it is there.
pub(super) fn enabled(section: &Section<'_>) -> Option<EnabledWords> {
    section.section("enabled", EnabledWords::KEYS).and_then(|section| EnabledWords::read(&section))
}

/// The shapes of dates. Two that read one text as two days would make a birth date a matter of luck.
fn shapes(entry: &Entry<'_>) -> Option<Vec<DateShape>> {
    let expected = "shapes such as \"YYYY-MM-DD\" and \"M/D/YYYY\"";
    let shapes = entry.nonempty_set(expected, |shape| shape.parsed(expected, DateShape::parse))?;
    let clash = shapes.iter().enumerate().find_map(|(at, shape)| {
        let other = shapes.iter().skip(at + 1).find(|other| shape.contradicts(other))?;
        Some(format!("{shape} and {other} read the same text as different days"))
    });
    if let Some(clash) = clash {
        entry.error(clash, "expected shapes that cannot be mistaken; ask the district for one");
        return None;
    }
    Some(shapes)
}

/// The district's words for roles.
pub(super) fn roles(entry: &Entry<'_>) -> Vec<(String, Option<Role>)> {
    let ours = Role::ALL.iter().map(|role| (role.name(), Some(*role)));
    let words: Vec<(&str, Option<Role>)> = ours.chain([("parent", None)]).collect();
    let pairs = entry.pairs().unwrap_or_default().into_iter();
    pairs.filter_map(|(theirs, role)| Some((theirs.to_owned(), role.word(&words)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceKind;
    use crate::trial::Trial;

    const LEAST: &str = "kind = \"delimited\"\npath = \"x\"\nafter = \"delete\"\n[source.columns]\nid = \" Number \"\n";

    fn with(source: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{source}"));
        trial
    }

    fn loaded(source: &str) -> Delimited {
        match with(source).load().unwrap().site.districts[0].source.clone().unwrap().kind {
            SourceKind::Delimited(delimited) => *delimited,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let least = loaded(LEAST);
        assert!(least.path.ends_with("districts/x"));
        assert_eq!(
            (least.delimiter, least.charset, least.enabled, least.roles.len()),
            (None, FileCharset::Utf8, None, 0)
        );
        let shapes: Vec<_> = least.date_format.iter().map(ToString::to_string).collect();
        assert_eq!(shapes, ["YYYY-MM-DD", "M/D/YYYY", "MM/DD/YYYY"]);
        assert_eq!(least.columns, Columns { id: Some("Number".into()), ..Columns::default() });
    }

    #[test]
    fn every_key_is_read() {
        let names: String = Columns::KEYS.iter().map(|key| format!("{key} = \"The {key}\"\n")).collect();
        let all = loaded(&format!(
            "kind = \"delimited\"\npath = \"x\"\nafter = \"delete\"\ndelimiter = \"tab\"\ncharset = \"windows-1252\"\n\
             date-format = [\"D.M.YYYY\"]\n[source.columns]\n{names}[source.roles]\nS = \"student\"\n\"\" = \"staff\"\n\
             P = \"parent\"\n[source.enabled]\nyes = [\"A\", \"\"]\nno = [\"I\"]\n"
        ));
        assert_eq!((all.delimiter, all.charset), (Some(b'\t'), FileCharset::Windows1252));
        assert_eq!(all.date_format, [DateShape::parse("D.M.YYYY").unwrap()]);
        let mut roles = all.roles.clone();
        roles.sort();
        assert_eq!(roles, [(String::new(), Some(Role::Staff)), ("P".into(), None), ("S".into(), Some(Role::Student))]);
        let enabled = all.enabled.unwrap();
        assert_eq!((enabled.yes, enabled.no), (vec!["a".to_owned(), String::new()], vec!["i".to_owned()]));
        let Columns { id, source_id, username, role, enabled, grade, school, school_name, .. } = all.columns.clone();
        let Columns { birth_date, given_name, family_name, email, pin, .. } = all.columns;
        let read = [
            id,
            source_id,
            username,
            role,
            enabled,
            grade,
            school,
            school_name,
            birth_date,
            given_name,
            family_name,
            email,
            pin,
        ];
        let named: Vec<_> = Columns::KEYS.iter().map(|key| Some(format!("The {key}"))).collect();
        assert_eq!(read.as_slice(), named);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let trial = with(
            "kind = \"delimited\"\npath = \"x\"\nafter = \"delete\"\ndelimiter = \"comma\"\ncharset = \"latin-1\"\n\
             date-format = [\"MM/DD/YY\"]\n[source.columns]\nschol = \"x\"\n[source.roles]\nS = \"pupil\"\n\
             [source.enabled]\nyes = [\"A\", \"I\"]\nno = [\"i\"]\n",
        );
        let errors = trial.errors();
        for (at, error) in [
            "source.columns.schol: unknown key, did you mean school?",
            "source.date-format[0]: a year of two digits could be of either century",
            "source.charset: unknown word; expected one of utf-8, windows-1252",
            "source.delimiter: unknown word; expected one of ,, tab, |, ;",
            "source.roles.S: unknown word",
            "source.enabled.no: a word stands in both lists",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(errors.iter().any(|told| told.contains(error)), "{at}: {errors:#?}");
        }
        assert_eq!(errors.len(), 6, "{errors:#?}");
        let unnamed = with("kind = \"delimited\"\npath = \"x\"\nafter = \"delete\"\n").errors();
        assert!(unnamed[0].contains("source.columns: missing; expected a table that names the file's columns"));
    }

    #[test]
    fn dates_that_could_be_read_in_two_ways_are_refused() {
        let (before, after) = LEAST.split_once("[source.columns]").unwrap();
        let errors =
            with(&format!("{before}date-format = [\"M/D/YYYY\", \"DD/MM/YYYY\"]\n[source.columns]{after}")).errors();
        assert!(errors[0].contains("M/D/YYYY and DD/MM/YYYY read the same text as different days"), "{errors:?}");
    }
}
