//! One ID is one row: rows of the same person become one, rows of two people become none.

use roster::{RosterError, Row, RowIndex, StudentRow, Verifier};

use crate::derive::Record;
use crate::runs::{Raw, Sorted};

/// A row as it will be published.
#[derive(Debug)]
pub struct Merged {
    /// Where it stands.
    pub index: RowIndex,
    /// What stands there.
    pub row: Row,
    /// The same under the rules of the published generation, where those differ.
    pub before: Option<(RowIndex, Vec<Verifier>)>,
    /// Rows of the source that were merged into it, beyond the first.
    pub duplicates: u64,
}

/// Merges sorted records.
pub struct Merge {
    sorted: Sorted,
    ahead: Option<Raw>,
}

impl Merge {
    /// Merges these.
    pub fn new(mut sorted: Sorted) -> Result<Self, RosterError> {
        let ahead = sorted.next_raw()?;
        Ok(Self { sorted, ahead })
    }

    /// The next row, in the order of the index; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Merged>, RosterError> {
        let Some(first) = self.ahead.take() else { return Ok(None) };
        let mut group = Group::default();
        group.take(record(&first)?);
        loop {
            self.ahead = self.sorted.next_raw()?;
            match &self.ahead {
                Some(next) if next.0 == first.0 => group.take(record(next)?),
                _ => break,
            }
        }
        Ok(Some(group.end(first.0)))
    }
}

fn record((index, bytes): &Raw) -> Result<Record, RosterError> {
    Record::decode(*index, bytes).ok_or(RosterError::Crypto("a spilled run"))
}

/// The records of one index so far. However many there are, it holds one: an export may have the same number in each row.
#[derive(Default)]
struct Group {
    records: u64,
    person: Option<OneRow>,
    /// Two of its records are of two people.
    are_two: bool,
    /// The first number that it leads on to, and whether there is another.
    alias: Option<(String, bool)>,
}

impl Group {
    fn take(&mut self, record: Record) {
        self.records += 1;
        let Record { mark, row, before, .. } = record;
        match row {
            Row::Student(row) => {
                let record = OneRow { mark, row, before };
                self.person = Some(match self.person.take() {
                    None => record,
                    Some(person) => {
                        self.are_two |= are_two_people(&person, &record);
                        one_of(person, record)
                    }
                });
            }
            Row::Alias(id) => match &mut self.alias {
                None => self.alias = Some((id, false)),
                Some((known, several)) => *several |= *known != id,
            },
            Row::Ambiguous | Row::Decoy(_) => {}
        }
    }

    fn end(self, index: RowIndex) -> Merged {
        let duplicates = self.records.saturating_sub(1);
        let (row, before) = match (self.person, self.alias) {
            (Some(person), _) if self.are_two => (Row::Ambiguous, person.before),
            (Some(person), _) => (Row::Student(person.row), person.before),
            // Only where nobody has the number today may it lead on, and to one person only.
            (None, Some((id, false))) => (Row::Alias(id), None),
            (None, _) => (Row::Ambiguous, None),
        };
        Merged { index, row, before, duplicates }
    }
}

/// A row of a person on the way to be one with others.
struct OneRow {
    mark: [u8; 16],
    row: StudentRow,
    before: Option<(RowIndex, Vec<Verifier>)>,
}

/// Whether two rows of one ID are of two people: another birth date, or, where that is not known, other PINs.
fn are_two_people(one: &OneRow, other: &OneRow) -> bool {
    const UNKNOWN: [u8; 16] = [0; 16];
    let known = one.mark != UNKNOWN && other.mark != UNKNOWN;
    (known && one.mark != other.mark) || have_other_pins(&one.row, &other.row)
}

/// A missing PIN is no other PIN: the second row of a dual enrolment often has no birth date beside it. Nor is the PIN of
/// another rule: the same person may be a student here and a teacher there.
fn have_other_pins(one: &StudentRow, other: &StudentRow) -> bool {
    if one.pin_rule != other.pin_rule {
        return false;
    }
    let (one, other) = (&one.verifiers, &other.verifiers);
    !one.is_empty() && !other.is_empty() && !one.iter().any(|pin| other.iter().any(|theirs| pin.same_as(theirs).into()))
}

/// Both rows of one person: an enabled one speaks for the other, the schools add up.
fn one_of(one: OneRow, other: OneRow) -> OneRow {
    let rank = |record: &OneRow| (!record.row.student.enabled, record.row.student.role);
    let (mut first, second) = if rank(&one) <= rank(&other) { (one, other) } else { (other, one) };
    let student = &mut first.row.student;
    student.schools.extend(second.row.student.schools);
    student.schools.sort_unstable();
    student.schools.dedup();
    student.grade = student.grade.or(second.row.student.grade);
    if !first.row.has_pin() {
        first.row.pin_rule = second.row.pin_rule;
        first.row.verifiers = second.row.verifiers;
        first.row.hash = second.row.hash;
        first.row.at_directory = second.row.at_directory;
    }
    if first.mark == [0; 16] {
        first.mark = second.mark;
    }
    first.before = first.before.filter(|(_, verifiers)| !verifiers.is_empty()).or(second.before);
    first
}

#[cfg(test)]
mod tests {
    use patron::{Role, SchoolIndex, Student};

    use super::*;

    fn record(mark: u8, school: u16, enabled: bool) -> Record {
        let student = Student { schools: vec![SchoolIndex(school)], enabled, ..Student::of(Role::Student) };
        let row = Row::Student(StudentRow { student, ..StudentRow::decoy(vec![]) });
        Record { index: RowIndex([1; 32]), mark: [mark; 16], row, before: None }
    }

    fn alias(id: &str) -> Record {
        Record { row: Row::Alias(id.into()), ..record(0, 0, true) }
    }

    fn merged(group: Vec<Record>) -> Row {
        let mut all = Group::default();
        group.into_iter().for_each(|record| all.take(record));
        all.end(RowIndex([1; 32])).row
    }

    #[test]
    fn dual_enrolment_is_one_row_with_both_schools() {
        let Row::Student(row) = merged(vec![record(1, 4, true), record(1, 2, true)]) else { panic!() };
        assert_eq!(row.student.schools, [SchoolIndex(2), SchoolIndex(4)]);
    }

    #[test]
    fn two_birth_dates_under_one_id_are_ambiguous() {
        assert!(matches!(merged(vec![record(1, 4, true), record(2, 4, true)]), Row::Ambiguous));
        assert!(matches!(merged(vec![record(1, 4, true), record(0, 4, true), record(2, 4, true)]), Row::Ambiguous));
    }

    #[test]
    fn an_earlier_number_leads_on_to_one_person_and_of_two_to_nobody() {
        assert!(matches!(merged(vec![alias("1"), alias("1"), alias("1")]), Row::Alias(id) if id == "1"));
        assert!(matches!(merged(vec![alias("1"), alias("2"), alias("1")]), Row::Ambiguous));
        assert!(matches!(merged(vec![alias("2"), record(1, 4, true), alias("3")]), Row::Student(_)));
    }

    #[test]
    fn a_row_that_is_enabled_somewhere_is_enabled() {
        let Row::Student(row) = merged(vec![record(1, 4, false), record(1, 2, true)]) else { panic!() };
        assert!(row.student.enabled);
        let Row::Student(row) = merged(vec![record(1, 4, false), record(1, 2, false)]) else { panic!() };
        assert!(!row.student.enabled);
    }

    #[test]
    fn a_row_without_a_birth_date_joins_the_one_that_has_it() {
        assert!(matches!(merged(vec![record(0, 4, true), record(1, 2, true)]), Row::Student(_)));
    }

    #[test]
    fn an_earlier_number_leads_to_one_person_or_to_nobody() {
        assert!(matches!(merged(vec![alias("7"), alias("7")]), Row::Alias(id) if id == "7"));
        assert!(matches!(merged(vec![alias("7"), alias("8")]), Row::Ambiguous));
        assert!(matches!(merged(vec![alias("7"), record(1, 2, true)]), Row::Student(_)), "whoever has it today");
    }
}
