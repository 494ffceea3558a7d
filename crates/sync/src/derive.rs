//! One person of a source becomes records: index, verifiers, what is kept. Here the birth date is forgotten.

use directory::Person;
use jiff::civil::Date;
use patron::{
    Attribute, CardForm, CardRules, ExpiryInputs, ExpiryRules, HashedPin, IdSource, PinInputs, PinRules, PinScheme,
    Release,
};
use roster::{Key, Row, RowIndex, StudentRow, Verifier};

/// The rules that records are made under, with the key.
#[derive(Clone)]
pub struct Rules<'a> {
    /// The key of indexes and verifiers.
    pub key: &'a Key,
    /// The card rules.
    pub cards: CardRules,
    /// The PIN rules.
    pub pins: PinRules,
    /// What is bound into the verifiers of each PIN rule.
    versions: Vec<String>,
}

/// Where somebody stands and what their PIN is checked against.
struct Credentials<'a> {
    form: &'a CardForm,
    id: String,
    pin_rule: u8,
    verifiers: Vec<Verifier>,
    hash: Option<HashedPin>,
    at_directory: bool,
}

/// What became of a person.
pub enum Outcome<'a> {
    /// They have their records.
    Taken,
    /// They have, with a PIN that the source hashed; the ID space, and a decoy of the hash.
    Hashed(&'a str, HashedPin),
    /// They have none.
    Not(Underivable),
}

/// Why a person has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Underivable {
    /// No card rule is for this role and grade.
    NoRule,
    /// The source has no ID where their rule looks for it.
    NoId,
    /// The ID has not the pattern of the rule, or makes another person's card.
    OffPattern,
}

impl<'a> Rules<'a> {
    /// Rules under a key.
    pub fn new(key: &'a Key, cards: CardRules, pins: PinRules) -> Self {
        let versions = pins.rules().iter().map(patron::PinRule::version).collect();
        Self { key, cards, pins, versions }
    }

    /// Whether rows made under both can be compared as they are.
    pub fn same_rows_as(&self, other: &Self) -> bool {
        self.key.id() == other.key.id() && self.cards == other.cards && self.pins == other.pins
    }

    fn credentials(&self, person: &Person, asked: &Asked) -> Result<Credentials<'_>, Underivable> {
        let (role, grade) = (person.student.role, person.student.grade);
        let form = self.cards.form_for(role, grade).ok_or(Underivable::NoRule)?;
        if asked.id(person, &form.spec().id).is_empty() {
            return Err(Underivable::NoId);
        }
        let (form, id) =
            self.cards.card_of(role, grade, |source| asked.id(person, source)).ok_or(Underivable::OffPattern)?;
        let mut credentials =
            Credentials { form, id, pin_rule: 0, verifiers: Vec::new(), hash: None, at_directory: false };
        let Some((number, rule)) = self.pins.rule_for(role, grade) else { return Ok(credentials) };
        credentials.pin_rule = number;
        credentials.at_directory = rule.scheme == PinScheme::Directory;
        let (space, id) = (&form.spec().namespace, &credentials.id);
        let column = rule.column().map(|column| asked.pin(person, column));
        let inputs = PinInputs { card: &form.card_of(id), id, birth_date: person.birth_date, column };
        let accepted = rule.accepted(inputs);
        if let PinScheme::HashedColumn(_) = rule.scheme {
            credentials.hash = accepted.first().and_then(|hash| HashedPin::parse(hash));
            return Ok(credentials);
        }
        let version = self.versions.get(usize::from(number)).map(String::as_str).unwrap_or_default();
        let verifier =
            |pin: &zeroize::Zeroizing<String>| self.key.verifier_of_bytes(space, id, version, pin.as_bytes());
        credentials.verifiers = accepted.iter().map(verifier).collect();
        Ok(credentials)
    }
}

/// What a source is asked for, in the order in which it answers.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The attributes that are IDs.
    pub ids: Vec<IdSource>,
    /// The columns of PINs.
    pub pins: Vec<String>,
}

impl Asked {
    fn of(rules: &Rules<'_>, before: Option<&Rules<'_>>) -> Self {
        let mut asked = Self { ids: rules.cards.sources(), pins: rules.pins.columns() };
        for source in before.into_iter().flat_map(|before| before.cards.sources()) {
            if !asked.ids.contains(&source) {
                asked.ids.push(source);
            }
        }
        for column in before.into_iter().flat_map(|before| before.pins.columns()) {
            if !asked.pins.contains(&column) {
                asked.pins.push(column);
            }
        }
        asked
    }

    fn id<'p>(&self, person: &'p Person, source: &IdSource) -> &'p str {
        let at = self.ids.iter().position(|known| known == source);
        at.and_then(|at| person.ids.get(at)).map(String::as_str).unwrap_or_default()
    }

    fn pin<'p>(&self, person: &'p Person, column: &str) -> &'p str {
        let at = self.pins.iter().position(|known| known == column);
        at.and_then(|at| person.pins.get(at)).map(|pin| pin.as_str()).unwrap_or_default()
    }
}

/// One row to be, ready to be sorted. Nothing of it is readable on disk: runs are sealed.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub index: RowIndex,
    /// Of the birth date, to tell two people of one ID apart; zeros where none is known. Not kept in a generation.
    pub mark: [u8; 16],
    /// The row: a student, or an alias.
    pub row: Row,
    /// The same person under the rules of the published generation, where those differ.
    pub before: Option<(RowIndex, Vec<Verifier>)>,
}

/// Where somebody stood, beside where they stand now.
#[derive(Clone, Copy, Debug)]
pub enum Stood {
    /// Nothing that decides it has changed.
    AsNow,
    /// There; `None`: nowhere.
    At(Option<RowIndex>),
}

impl Stood {
    fn is_at(self, index: Option<RowIndex>) -> bool {
        match self {
            Self::AsNow => true,
            Self::At(before) => before.is_some() && before == index,
        }
    }
}

/// What an earlier reading left of a person of whom a delta does not say everything again.
pub struct Carried<'a> {
    /// Where they stood.
    pub stood: Stood,
    /// As they stood there.
    pub row: &'a StudentRow,
    /// The mark of their birth date.
    pub mark: [u8; 16],
    /// The birth date is said again, or that there is none.
    pub born_said: bool,
    /// So are the columns of PINs.
    pub pins_said: bool,
}

/// Makes records of people.
pub struct Deriver<'a> {
    rules: Rules<'a>,
    before: Option<Rules<'a>>,
    expiry: ExpiryRules,
    stored: Release,
    today: Date,
    asked: Asked,
}

impl<'a> Deriver<'a> {
    /// Under today's `rules`; `before` are those of the published generation, where rows made under them cannot be
    /// compared as they are; `stored` is what is kept beside what every row has.
    pub fn new(rules: Rules<'a>, before: Option<Rules<'a>>, expiry: ExpiryRules, stored: Release, today: Date) -> Self {
        let asked = Asked::of(&rules, before.as_ref());
        Self { rules, before, expiry, stored, today, asked }
    }

    /// Today's rules.
    pub const fn rules(&self) -> &Rules<'a> {
        &self.rules
    }

    /// What a source must be asked for.
    pub const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Whether it must deliver birth dates.
    pub fn needs_birth_date(&self) -> bool {
        let before = self.before.as_ref().is_some_and(|before| before.pins.need_birth_date());
        self.rules.pins.need_birth_date() || self.expiry.need_birth_date() || before
    }

    /// Where a person stands; `None`: nowhere.
    pub fn index(&self, person: &Person) -> Option<RowIndex> {
        let credentials = self.rules.credentials(person, &self.asked).ok()?;
        Some(self.rules.key.row_index(&credentials.form.spec().namespace, &credentials.id))
    }

    /// Whether a birth date is all that a person lacks for a PIN: it was not said, and none is carried.
    pub fn lacks_birth_date(&self, person: &Person, carried: Option<&Carried<'_>>) -> bool {
        let (role, grade) = (person.student.role, person.student.grade);
        let Some((number, rule)) = self.rules.pins.rule_for(role, grade) else { return false };
        let goes_on = carried.is_some_and(|carried| {
            carried.born_said || carried.row.pin_rule == number && carried.stood.is_at(self.index(person))
        });
        rule.needs_birth_date() && person.birth_date.is_none() && !goes_on
    }

    /// Hands on the records of a person: their row, and one for each earlier number. What a delta did not say again goes
    /// on from what is `carried`: a verifier only under the same ID and rule, to which it is bound.
    pub fn derive<E>(
        &self,
        person: Person,
        carried: Option<&Carried<'_>>,
        sink: &mut dyn FnMut(Record) -> Result<(), E>,
    ) -> Result<Outcome<'_>, E> {
        let mut credentials = match self.rules.credentials(&person, &self.asked) {
            Ok(credentials) => credentials,
            Err(why) => return Ok(Outcome::Not(why)),
        };
        let (key, space) = (self.rules.key, &credentials.form.spec().namespace);
        let index = key.row_index(space, &credentials.id);
        let mut mark = person.birth_date.map_or([0; 16], |date| {
            let date = format!("{date}");
            key.person_mark(space, &credentials.id, date.as_bytes())
        });
        for source in &credentials.form.spec().aliases {
            let alias = credentials.form.id_of_source(self.asked.id(&person, source));
            if let Some(alias) = alias.filter(|alias| *alias != credentials.id) {
                let index = key.row_index(space, &alias);
                sink(Record { index, mark: [0; 16], row: Row::Alias(credentials.id.clone()), before: None })?;
            }
        }
        let before = self.before.as_ref().and_then(|rules| {
            let before = rules.credentials(&person, &self.asked).ok()?;
            Some((rules.key.row_index(&before.form.spec().namespace, &before.id), before.verifiers))
        });
        let mut student = person.student;
        let inputs = ExpiryInputs { birth_date: person.birth_date, grade: student.grade, today: self.today };
        student.expiry = self.expiry.expiry(student.role, &inputs);
        if let Some(carried) = carried {
            let unsaid = match self.rules.pins.rules().get(usize::from(credentials.pin_rule)).map(|rule| &rule.scheme) {
                Some(PinScheme::BirthDate(_)) => !carried.born_said,
                Some(PinScheme::Column(_) | PinScheme::HashedColumn(_)) => !carried.pins_said,
                _ => false,
            };
            let is_here = carried.stood.is_at(Some(index));
            if unsaid && is_here && carried.row.pin_rule == credentials.pin_rule {
                credentials.verifiers.clone_from(&carried.row.verifiers);
                credentials.hash.clone_from(&carried.row.hash);
            }
            if !carried.born_said {
                mark = if is_here { carried.mark } else { [0; 16] };
                let before = &carried.row.student;
                let by_age = self.expiry.of_age(student.role, student.grade);
                if by_age.is_some() && by_age == self.expiry.of_age(before.role, before.grade) {
                    student.expiry = before.expiry;
                }
            }
        }
        if !self.stored.needs_name() {
            student.name = None;
        }
        if !self.stored.allows(Attribute::Email) {
            student.email = None;
        }
        let decoy = credentials.hash.as_ref().map(HashedPin::decoy);
        let row = StudentRow {
            student,
            pin_rule: credentials.pin_rule,
            verifiers: credentials.verifiers,
            hash: credentials.hash,
            at_directory: credentials.at_directory,
        };
        sink(Record { index, mark, row: Row::Student(row), before })?;
        Ok(decoy.map_or(Outcome::Taken, |decoy| Outcome::Hashed(space, decoy)))
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
                let start = out.len();
                out.extend([0, 0]);
                Row::Student(StudentRow::decoy(verifiers.clone())).encode(out);
                let length = u16::try_from(out.len() - start - 2).unwrap_or_default().to_be_bytes();
                if let Some(place) = out.get_mut(start..start + 2) {
                    place.copy_from_slice(&length);
                }
            }
        }
        self.row.encode(out);
    }

    /// Reads what [`Record::encode`] wrote.
    pub(crate) fn decode(index: RowIndex, bytes: &[u8]) -> Option<Self> {
        let (mark, rest) = bytes.split_first_chunk::<16>()?;
        let (kind, rest) = rest.split_first()?;
        let (before, rest) = if *kind == Self::BEFORE {
            let (before, rest) = rest.split_first_chunk::<32>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (row, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let Row::Student(row) = Row::decode(row)? else { return None };
            (Some((RowIndex(*before), row.verifiers)), rest)
        } else {
            (None, rest)
        };
        Some(Self { index, mark: *mark, row: Row::decode(rest)?, before })
    }
}
