//! One person as bytes: a kind, then tagged fields.
//!
//! Each field is a tag, a length and a value, so that a release can read what the one before it wrote and skip what
//! it does not know.

use jiff::civil::Date;
use patron::{Grade, HashedPin, PersonName, Role, SchoolIndex, Student};

use crate::Verifier;

/// What stands at an index.
#[derive(Clone, Debug)]
pub enum Row {
    /// A student, a teacher or another member of staff.
    Student(StudentRow),
    /// Another number of the same person: holds the canonical ID.
    Alias(String),
    /// Two people share the ID: neither is admitted.
    Ambiguous,
    /// Nobody: opened and verified where no row is found, so that "unknown" costs what "wrong PIN" costs.
    Decoy(StudentRow),
}

/// A student with what a PIN is checked against.
#[derive(Clone, Debug)]
pub struct StudentRow {
    /// What is kept of the person.
    pub student: Student,
    /// The place of the PIN rule in the header's list.
    pub pin_rule: u8,
    /// One for each accepted form of the PIN; none where the source lacked what the rule needs.
    pub verifiers: Vec<Verifier>,
    /// What the source says of the PIN where it hashed it: an argon2, bcrypt or SHA-crypt string.
    pub hash: Option<HashedPin>,
    /// The district's directory is asked for the PIN, at each login.
    pub at_directory: bool,
}

const STUDENT: u8 = 1;
const ALIAS: u8 = 2;
const AMBIGUOUS: u8 = 3;
const DECOY: u8 = 4;

const ROLE: u8 = 1;
const GRADE: u8 = 2;
const SCHOOL: u8 = 3;
const DISABLED: u8 = 4;
const VERIFIER: u8 = 5;
const EXPIRY: u8 = 6;
const GIVEN: u8 = 7;
const FAMILY: u8 = 8;
const EMAIL: u8 = 9;
const CANONICAL: u8 = 10;
const WITHDRAWN: u8 = 11;
const PIN_RULE: u8 = 12;
const HASH: u8 = 13;
const AT_DIRECTORY: u8 = 14;

impl Row {
    /// Appends the row's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Student(row) => {
                out.push(STUDENT);
                row.encode_fields(out);
            }
            Self::Alias(canonical) => {
                out.push(ALIAS);
                field(out, CANONICAL, canonical.as_bytes());
            }
            Self::Ambiguous => out.push(AMBIGUOUS),
            Self::Decoy(row) => {
                out.push(DECOY);
                row.encode_fields(out);
            }
        }
    }

    /// Reads a row. `None`: these bytes are not one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, fields) = bytes.split_first()?;
        match *kind {
            STUDENT => StudentRow::decode_fields(fields).map(Self::Student),
            ALIAS => {
                let (CANONICAL, id, []) = split_field(fields)? else { return None };
                String::from_utf8(id.to_vec()).ok().map(Self::Alias)
            }
            AMBIGUOUS => Some(Self::Ambiguous),
            DECOY => StudentRow::decode_fields(fields).map(Self::Decoy),
            _ => None,
        }
    }
}

impl StudentRow {
    /// Nobody: as long as a student's row, so that both are opened in the same time.
    pub fn decoy(verifiers: Vec<Verifier>) -> Self {
        let student =
            Student { grade: Grade::from_code(0), schools: vec![SchoolIndex(0)], ..Student::of(Role::Student) };
        Self { student, pin_rule: 0, verifiers, hash: None, at_directory: false }
    }

    /// Whether there is anything that a PIN could be checked against.
    pub fn has_pin(&self) -> bool {
        !self.verifiers.is_empty() || self.hash.is_some() || self.at_directory
    }

    fn encode_fields(&self, out: &mut Vec<u8>) {
        let student = &self.student;
        field(out, ROLE, &[student.role.code()]);
        if let Some(grade) = student.grade {
            field(out, GRADE, &[grade.code()]);
        }
        for school in &student.schools {
            field(out, SCHOOL, &school.0.to_be_bytes());
        }
        if !student.enabled {
            field(out, DISABLED, &[]);
        }
        for verifier in &self.verifiers {
            field(out, VERIFIER, &verifier.0);
        }
        for (tag, date) in [(EXPIRY, student.expiry), (WITHDRAWN, student.withdrawn)] {
            if let Some(date) = date {
                let [high, low] = date.year().to_be_bytes();
                field(out, tag, &[high, low, date.month().unsigned_abs(), date.day().unsigned_abs()]);
            }
        }
        if self.pin_rule > 0 {
            field(out, PIN_RULE, &[self.pin_rule]);
        }
        if let Some(hash) = &self.hash {
            field(out, HASH, hash.as_str().as_bytes());
        }
        if self.at_directory {
            field(out, AT_DIRECTORY, &[]);
        }
        if let Some(name) = &student.name {
            field(out, GIVEN, clipped(&name.given));
            field(out, FAMILY, clipped(&name.family));
        }
        if let Some(email) = &student.email {
            field(out, EMAIL, clipped(email));
        }
    }

    fn decode_fields(mut fields: &[u8]) -> Option<Self> {
        let mut role = None;
        let mut student = Student::of(Role::Student);
        let (mut pin_rule, mut hash, mut at_directory) = (0, None, false);
        let mut verifiers = Vec::new();
        let (mut given, mut family) = (None, None);
        while !fields.is_empty() {
            let (tag, value, rest) = split_field(fields)?;
            match (tag, value) {
                (ROLE, [code]) => role = Some(Role::from_code(*code)?),
                (GRADE, [code]) => student.grade = Grade::from_code(*code),
                (SCHOOL, [high, low]) => student.schools.push(SchoolIndex(u16::from_be_bytes([*high, *low]))),
                (DISABLED, []) => student.enabled = false,
                (VERIFIER, bytes) => verifiers.push(Verifier(bytes.try_into().ok()?)),
                (EXPIRY, [high, low, month, day]) => student.expiry = Some(date([*high, *low], *month, *day)?),
                (WITHDRAWN, [high, low, month, day]) => student.withdrawn = Some(date([*high, *low], *month, *day)?),
                (PIN_RULE, [rule]) => pin_rule = *rule,
                (HASH, text) => hash = HashedPin::parse(std::str::from_utf8(text).ok()?),
                (AT_DIRECTORY, []) => at_directory = true,
                (GIVEN, text) => given = Some(String::from_utf8(text.to_vec()).ok()?),
                (FAMILY, text) => family = Some(String::from_utf8(text.to_vec()).ok()?),
                (EMAIL, text) => student.email = Some(String::from_utf8(text.to_vec()).ok()?),
                _ => {}
            }
            fields = rest;
        }
        student.role = role?;
        if given.is_some() || family.is_some() {
            student.name = Some(PersonName { given: given.unwrap_or_default(), family: family.unwrap_or_default() });
        }
        Some(Self { student, pin_rule, verifiers, hash, at_directory })
    }
}

fn date(year: [u8; 2], month: u8, day: u8) -> Option<Date> {
    Date::new(i16::from_be_bytes(year), i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn field(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    // Values are clipped to 255 bytes before they come here.
    out.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    out.extend(value.iter().take(usize::from(u8::MAX)));
}

fn split_field(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([tag, length], rest) = bytes.split_first_chunk::<2>()?;
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((*tag, value, rest))
}

/// At most 255 bytes, cut between characters.
fn clipped(text: &str) -> &[u8] {
    let end = text.floor_char_boundary(text.len().min(usize::from(u8::MAX)));
    text.as_bytes().get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn encoded(row: &Row) -> Vec<u8> {
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        bytes
    }

    fn full() -> StudentRow {
        StudentRow {
            student: Student {
                role: Role::Teacher,
                grade: Grade::parse("09"),
                schools: vec![SchoolIndex(3), SchoolIndex(700)],
                enabled: false,
                expiry: Some(date(2027, 6, 30)),
                withdrawn: Some(date(2026, 9, 1)),
                name: Some(PersonName { given: "Zoë".into(), family: "Ångström".into() }),
                email: Some("z@example.org".into()),
            },
            pin_rule: 3,
            verifiers: vec![Verifier([1; 32]), Verifier([2; 32])],
            hash: HashedPin::parse("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c3ludGhldGljLWhhc2gtMQ"),
            at_directory: true,
        }
    }

    #[test]
    fn a_full_row_reads_back() {
        let Some(Row::Student(row)) = Row::decode(&encoded(&Row::Student(full()))) else { panic!() };
        assert_eq!(row.student, full().student);
        assert_eq!((row.pin_rule, &row.hash, row.at_directory), (3, &full().hash, true));
        assert_eq!(row.verifiers.iter().map(|v| v.0[0]).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn the_other_kinds_read_back() {
        let Some(Row::Alias(id)) = Row::decode(&encoded(&Row::Alias("1000001".into()))) else { panic!() };
        assert_eq!(id, "1000001");
        assert!(matches!(Row::decode(&encoded(&Row::Ambiguous)), Some(Row::Ambiguous)));
        assert!(matches!(Row::decode(&encoded(&Row::Decoy(StudentRow::decoy(vec![Verifier([9; 32])])))),
                Some(Row::Decoy(row)) if row.verifiers.len() == 1));
    }

    #[test]
    fn an_unknown_field_is_skipped() {
        let mut bytes = encoded(&Row::Student(full()));
        bytes.extend([200, 2, 0, 0]);
        assert!(matches!(Row::decode(&bytes), Some(Row::Student(row)) if row.student == full().student));
    }

    #[test]
    fn a_cut_row_is_no_row() {
        let bytes = encoded(&Row::Student(full()));
        for length in [0, 2, 3, bytes.len() - 1] {
            assert!(Row::decode(&bytes[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn a_very_long_name_is_cut_between_characters() {
        let mut row = full();
        row.student.name = Some(PersonName { given: "é".repeat(200), family: String::new() });
        let Some(Row::Student(read)) = Row::decode(&encoded(&Row::Student(row))) else { panic!() };
        assert_eq!(read.student.name.unwrap().given, "é".repeat(127));
    }
}
