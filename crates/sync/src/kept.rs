//! A source's record of a person as it is kept from one sync to the next, in the sealed `records` of a generation.
//!
//! It holds what a row is derived from and a delta may not repeat: the IDs, role and schools, and the PIN verifiers and the
//! keyed mark in the place of the birth date, which is not kept here either. The source's key of the person is kept as a
//! keyed hash.

use directory::RoleEntry;
use roster::{Row, StudentRow};

/// A record.
pub(crate) enum Kept {
    /// Of a person.
    Person(Box<KeptPerson>),
    /// Of one who is gone, so that a delta that comes late does not bring them back.
    Gone {
        key: [u8; 16],
        /// When the source said so.
        modified: i64,
    },
}

/// The record of a person.
pub(crate) struct KeptPerson {
    pub source: KeptSource,
    /// In the order in which the rules ask for them.
    pub ids: Vec<String>,
    pub mark: [u8; 16],
    pub row: StudentRow,
}

/// What the source called it, and when it changed.
#[derive(Clone)]
pub(crate) struct KeptSource {
    /// The keyed hash of the source's key.
    pub key: [u8; 16],
    /// When the person's own row changed, in milliseconds since 1970; 0: it was not said.
    pub modified: i64,
    /// When the row of their birth date did.
    pub born_modified: i64,
    /// The roles, where each has times of its own.
    pub roles: Option<Vec<RoleEntry>>,
}

impl KeptSource {
    /// The most roles that are kept of one person: their number is written in a byte.
    pub const ROLES: usize = 254;
}

const PERSON: u8 = 1;
const GONE: u8 = 2;

impl Kept {
    /// Appends the bytes of somebody who is gone.
    pub fn encode_gone(key: &[u8; 16], modified: i64, out: &mut Vec<u8>) {
        out.push(GONE);
        out.extend_from_slice(key);
        out.extend_from_slice(&modified.to_be_bytes());
    }

    /// Appends the bytes of a person.
    pub fn encode(source: &KeptSource, ids: &[String], mark: &[u8; 16], row: &Row, out: &mut Vec<u8>) {
        out.push(PERSON);
        out.extend_from_slice(&source.key);
        out.extend_from_slice(&source.modified.to_be_bytes());
        out.extend_from_slice(&source.born_modified.to_be_bytes());
        out.extend_from_slice(mark);
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        out.push(count(ids.len()));
        for id in ids.iter().take(usize::from(u8::MAX)) {
            // No ID of a card is so long; one that is cut would make no card either.
            let end = id.floor_char_boundary(id.len().min(usize::from(u8::MAX)));
            let id = id.as_bytes().get(..end).unwrap_or_default();
            out.push(count(id.len()));
            out.extend_from_slice(id);
        }
        // One more than there are, so that none at all is told from roles that are elsewhere.
        let roles = source.roles.as_deref().map(|roles| roles.get(..KeptSource::ROLES).unwrap_or(roles));
        out.push(roles.map_or(0, |roles| count(roles.len() + 1)));
        for role in roles.unwrap_or_default() {
            role.encode(out);
        }
        row.encode(out);
    }

    /// Reads what was written.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (modified, rest) = rest.split_first_chunk::<8>()?;
        let (key, modified) = (*key, i64::from_be_bytes(*modified));
        match (*kind, rest) {
            (GONE, []) => Some(Self::Gone { key, modified }),
            (PERSON, rest) => {
                let (born_modified, rest) = rest.split_first_chunk::<8>()?;
                let (mark, rest) = rest.split_first_chunk::<16>()?;
                let (count, mut rest) = rest.split_first()?;
                let mut ids = Vec::with_capacity(usize::from(*count));
                for _ in 0..*count {
                    let (length, after) = rest.split_first()?;
                    let (id, after) = after.split_at_checked(usize::from(*length))?;
                    ids.push(String::from_utf8(id.to_vec()).ok()?);
                    rest = after;
                }
                let (count, mut rest) = rest.split_first()?;
                let mut roles = (*count > 0).then(Vec::new);
                if let Some(roles) = &mut roles {
                    for _ in 1..*count {
                        let (role, after) = rest.split_first_chunk::<{ RoleEntry::LENGTH }>()?;
                        roles.push(RoleEntry::decode(role)?);
                        rest = after;
                    }
                }
                let Row::Student(row) = Row::decode(rest)? else { return None };
                let born_modified = i64::from_be_bytes(*born_modified);
                let source = KeptSource { key, modified, born_modified, roles };
                Some(Self::Person(Box::new(KeptPerson { source, ids, mark: *mark, row })))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use patron::{Role, SchoolIndex, Student};

    use super::*;

    fn encoded(roles: Option<Vec<RoleEntry>>) -> Vec<u8> {
        let student = Student { schools: vec![SchoolIndex(7)], ..Student::of(Role::Teacher) };
        let row = Row::Student(StudentRow { student, ..StudentRow::decoy(vec![]) });
        let source = KeptSource { key: [1; 16], modified: -5, born_modified: 6, roles };
        let mut bytes = Vec::new();
        Kept::encode(&source, &["1000001".into(), String::new()], &[2; 16], &row, &mut bytes);
        bytes
    }

    #[test]
    fn a_record_reads_back() {
        for roles in [None, Some(vec![]), Some(vec![RoleEntry::default(); 3])] {
            let Some(Kept::Person(person)) = Kept::decode(&encoded(roles.clone())) else { panic!("a person") };
            let KeptSource { key, modified, born_modified, roles: back } = person.source;
            assert_eq!((key, modified, born_modified, back), ([1; 16], -5, 6, roles));
            assert_eq!((person.ids, person.mark), (vec!["1000001".to_owned(), String::new()], [2; 16]));
            assert_eq!((person.row.student.role, person.row.student.schools), (Role::Teacher, vec![SchoolIndex(7)]));
        }
        let mut bytes = Vec::new();
        Kept::encode_gone(&[3; 16], 9, &mut bytes);
        assert!(matches!(Kept::decode(&bytes), Some(Kept::Gone { key, modified: 9 }) if key == [3; 16]));
    }

    #[test]
    fn a_record_that_is_cut_is_none() {
        let bytes = encoded(Some(vec![RoleEntry::default(); 2]));
        for length in [0, 1, 20, 33, 60, 80, bytes.len() - 1] {
            assert!(Kept::decode(&bytes[..length]).is_none(), "{length}");
        }
    }
}
