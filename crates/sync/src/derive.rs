//! One person of a source becomes one record: index, verifiers, what is kept. Here the birth date is forgotten.

use directory::Person;
use patron::{CardRule, PinInputs, PinRule, Release};
use roster::{Key, Row, RowIndex, StudentRow, Verifier};

/// The rules that records are made under, with the key.
#[derive(Clone)]
pub struct Rules<'a> {
    /// The key of indexes and verifiers.
    pub key: &'a Key,
    /// The card rule.
    pub card: CardRule,
    /// The PIN rule.
    pub pin: PinRule,
    version: String,
}

impl<'a> Rules<'a> {
    /// Rules under a key.
    pub fn new(key: &'a Key, card: CardRule, pin: PinRule) -> Self {
        Self { key, version: pin.version(), card, pin }
    }

    /// Whether rows made under both can be compared as they are.
    pub fn same_rows_as(&self, other: &Self) -> bool {
        self.key.id() == other.key.id() && self.card.namespace == other.card.namespace && self.version == other.version
    }

    /// Where the person stands and what their PIN is checked against; `None`: the ID has not the pattern.
    fn credentials(&self, person: &Person) -> Option<(RowIndex, Vec<Verifier>)> {
        let card = self.card.card_of(&person.id)?;
        let inputs = PinInputs {
            card: &card,
            birth_date: person.birth_date,
            column: person.pin.as_ref().map(|pin| pin.as_str()),
        };
        let verifiers = self
            .pin
            .accepted(inputs)
            .iter()
            .map(|pin| self.key.verifier_of_bytes(&self.card.namespace, &person.id, &self.version, pin.as_bytes()))
            .collect();
        Some((self.key.row_index(&self.card.namespace, &person.id), verifiers))
    }
}

/// One row of a source, ready to be sorted. Nothing of it is readable on disk: runs are sealed.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub index: RowIndex,
    /// Of the birth date, to tell two people of one ID apart; zeros where none is known. Not kept in a generation.
    pub mark: [u8; 16],
    /// The row.
    pub row: StudentRow,
    /// The same person under the rules of the published generation, where those differ.
    pub before: Option<(RowIndex, Vec<Verifier>)>,
}

/// Makes records of people.
pub struct Deriver<'a> {
    /// Today's rules.
    pub rules: Rules<'a>,
    /// The rules of the published generation, where rows made under them cannot be compared as they are.
    pub before: Option<Rules<'a>>,
    /// What is stored beside what every row has.
    pub stored: Release,
}

impl Deriver<'_> {
    /// The record of a person; `None`: the ID has not the pattern of the card rule.
    pub fn derive(&self, mut person: Person) -> Option<Record> {
        let (index, verifiers) = self.rules.credentials(&person)?;
        let mark = person.birth_date.map_or([0; 16], |date| {
            let date = format!("{date}");
            self.rules.key.person_mark(&self.rules.card.namespace, &person.id, date.as_bytes())
        });
        let before = self.before.as_ref().and_then(|rules| rules.credentials(&person));
        if !self.stored.needs_name() {
            person.student.name = None;
        }
        if !self.stored.allows(patron::Attribute::Email) {
            person.student.email = None;
        }
        Some(Record { index, mark, row: StudentRow { student: person.student, verifiers }, before })
    }
}

impl Record {
    const NOTHING: u8 = 0;
    const BEFORE: u8 = 1;

    /// Appends the record's bytes, without its index.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.mark);
        match &self.before {
            None => out.push(Self::NOTHING),
            Some((index, verifiers)) => {
                out.push(Self::BEFORE);
                out.extend_from_slice(&index.0);
                let row = StudentRow { student: self.row.student.clone(), verifiers: verifiers.clone() };
                let start = out.len();
                out.extend([0, 0]);
                Row::Student(row).encode(out);
                let length = u16::try_from(out.len() - start - 2).unwrap_or_default().to_be_bytes();
                if let Some(place) = out.get_mut(start..start + 2) {
                    place.copy_from_slice(&length);
                }
            }
        }
        Row::Student(self.row.clone()).encode(out);
    }

    /// Reads what [`Record::encode`] wrote.
    pub(crate) fn decode(index: RowIndex, bytes: &[u8]) -> Option<Self> {
        let (mark, rest) = bytes.split_first_chunk::<16>()?;
        let (kind, rest) = rest.split_first()?;
        let student = |bytes| match Row::decode(bytes)? {
            Row::Student(row) => Some(row),
            _ => None,
        };
        let (before, rest) = if *kind == Self::BEFORE {
            let (before, rest) = rest.split_first_chunk::<32>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (row, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            (Some((RowIndex(*before), student(row)?.verifiers)), rest)
        } else {
            (None, rest)
        };
        Some(Self { index, mark: *mark, row: student(rest)?, before })
    }
}
