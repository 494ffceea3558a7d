//! The next roster from the records of the last one and what changed since.
//!
//! A delta is only another way of making the stream of people. The records of the published generation (`kept`) are read
//! in their order; where the delta says nothing of one it goes on as it is, where it does, what is said takes the place of
//! what was kept, and who was not there yet comes last. Runs, merge, comparison, guard and publishing follow as after a
//! whole reading, and see a whole roster.
//!
//! - **One person, several lists.** User, birth date and roles change apart. A user's row that comes without a birth date
//!   goes on with the verifiers and the mark that were made of the old one, as long as ID, ID space and PIN rule are the
//!   same: a verifier binds them. Where the ID is another, a server is asked for that one birth date; a file can't be, and
//!   the person has no PIN until the next bulk, which the report counts.
//! - **Twice, late, or out of order.** Records are replaced, not added to, so that a delta that comes again changes nothing.
//!   A row that says it is older than what is kept is passed over, and who left is remembered with the time of it. A source
//!   that gives no times is taken at its word.
//! - **What cannot be read** in a delta is gone, as it would be in bulk: a delta ends where the whole reading would.
//! - **Roles** with times of their own are kept with these, so that they begin and end between two deltas. Who has none any
//!   more has no row; the record waits for the next whole reading, in case a role comes alone.
//! - **Schools** keep their numbers: the delta's organisations are read into those of the published header.
//! - **Memory** holds the delta and not the roster, so that a delta has a limit: 400,000 rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use directory::{Change, Holding, Person, RoleEntry, RoleSource, What};
use jiff::civil::Date;
use roster::{Key, RecordsReader, RosterError, RowIndex, StudentRow};

use crate::derive::{Carried, Deriver, Stood};
use crate::derived::Derived;
use crate::kept::{Kept, KeptPerson, KeptSource};

/// What a delta says, by person.
pub(crate) struct Changes {
    /// Now, in milliseconds since 1970.
    now: i64,
    /// How much is held.
    held: usize,
    people: HashMap<[u8; 16], PersonChange>,
    /// Roles that are gone, and since when.
    roles_gone: HashMap<u64, i64>,
    /// The list of roles was whole.
    pub roles_whole: bool,
}

/// What it says of one person.
#[derive(Default)]
struct PersonChange {
    source_id: String,
    /// The user's row; `None` in it: gone.
    user: Option<(i64, Option<Box<Person>>)>,
    born: Option<(i64, Option<Date>)>,
    roles: Vec<RoleEntry>,
    /// A record of them was met.
    met: bool,
}

/// What a delta came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaCounts {
    /// People of whom it says nothing.
    pub carried: u64,
    /// People of whom it says something new.
    pub changed: u64,
    /// People who were not there.
    pub new: u64,
    /// People who are gone.
    pub gone: u64,
    /// Rows that are older than what is kept.
    pub older: u64,
    /// People of whom too little is said and nothing is kept.
    pub unknown: u64,
    /// People with another ID, whose birth date the delta does not repeat: without a PIN.
    pub without_pin: u64,
    /// People whose birth date was asked for.
    pub asked: u64,
}

impl fmt::Display for DeltaCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("carried", self.carried, "people of whom the delta says nothing"),
            ("updated", self.changed, "people of whom it says something"),
            ("added", self.new, "people who were not there"),
            ("left", self.gone, "people whom it takes back"),
            ("older", self.older, "rows that are older than what is known, passed over"),
            ("asked", self.asked, "birth dates asked for one by one"),
            ("no PIN", self.without_pin, "people whose ID is new and whose birth date is not in the delta"),
            ("unknown", self.unknown, "people of whom it says too little; they come with the next whole roster"),
        ];
        for (name, count, meaning) in counts.into_iter().filter(|(name, count, _)| *count > 0 || *name == "carried") {
            writeln!(f, "{name:<9} {count:>9} {meaning}")?;
        }
        Ok(())
    }
}

impl Changes {
    /// So many rows may a delta have; they are held in memory.
    pub const MOST: usize = 400_000;

    /// Nothing so far. A row that says it is of later than `now` (in milliseconds since 1970) is of now: it would shut all
    /// later ones out.
    pub fn new(now: i64) -> Self {
        Self { now, held: 0, people: HashMap::new(), roles_gone: HashMap::new(), roles_whole: false }
    }

    /// Takes what a row says.
    pub fn take(&mut self, key: &Key, change: Change) {
        let Change { source_id, modified, what } = change;
        let modified = modified.min(self.now);
        if self.are_too_many() {
            return;
        }
        self.held += 1;
        if let What::RoleGone(role) = what {
            let since = self.roles_gone.entry(role).or_insert(modified);
            *since = modified.max(*since);
            return;
        }
        let person = match self.people.entry(key.record_key(&source_id)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(PersonChange { source_id, ..PersonChange::default() }),
        };
        // Of two rows in one delta the later counts, or else the second.
        let is_newer = |known: i64| modified >= known;
        match what {
            What::Is(is) if person.user.as_ref().is_none_or(|user| is_newer(user.0)) => {
                person.user = Some((modified, Some(is)));
            }
            What::Gone if person.user.as_ref().is_none_or(|user| is_newer(user.0)) => {
                person.user = Some((modified, None));
            }
            What::Born(born) if person.born.is_none_or(|known| is_newer(known.0)) => {
                person.born = Some((modified, born));
            }
            What::Role(role) => put(&mut person.roles, role.not_after(self.now)),
            What::Is(_) | What::Gone | What::Born(_) | What::RoleGone(_) => {}
        }
    }

    /// Whether it says more than is held.
    pub const fn are_too_many(&self) -> bool {
        self.held > Self::MOST
    }
}

/// The most roles that are kept of one person.
const ROLES: usize = KeptSource::ROLES;

/// Puts a role in the place of the one with its key. Of very many roles of one person the first are kept.
fn put(roles: &mut Vec<RoleEntry>, role: RoleEntry) {
    let has_room = roles.len() < ROLES;
    match roles.iter_mut().find(|known| known.key() == role.key() && role.key() != 0) {
        Some(known) if is_older(role.modified(), known.modified()) => {}
        Some(known) => *known = role,
        None if has_room => roles.push(role),
        None => {}
    }
}

/// Whether a row is known to be older than what is kept.
const fn is_older(said: i64, kept: i64) -> bool {
    said != 0 && kept != 0 && said < kept
}

/// Makes people of records and changes.
pub(crate) struct Carrying<'a> {
    pub deriver: &'a Deriver<'a>,
    pub today: Date,
    pub changes: Changes,
    pub counts: DeltaCounts,
    /// Whose birth date is still to be asked for.
    open: Vec<Open>,
}

/// Somebody whose birth date the delta does not say and nothing of theirs can stand for.
struct Open {
    source_id: String,
    person: Person,
    source: KeptSource,
    waits: bool,
    before: Option<Earlier>,
}

/// What was kept of somebody.
struct Earlier {
    index: Option<RowIndex>,
    row: StudentRow,
    mark: [u8; 16],
}

impl Earlier {
    const fn carried(&self, born_said: bool, pins_said: bool) -> Carried<'_> {
        Carried { stood: Stood::At(self.index), row: &self.row, mark: self.mark, born_said, pins_said }
    }
}

impl<'a> Carrying<'a> {
    pub fn new(deriver: &'a Deriver<'a>, today: Date, changes: Changes) -> Self {
        Self { deriver, today, changes, counts: DeltaCounts::default(), open: Vec::new() }
    }

    /// Takes all records and changes.
    pub fn carry(&mut self, mut records: RecordsReader, derived: &mut Derived) -> Result<(), RosterError> {
        while let Some(bytes) = records.next_record()? {
            match Kept::decode(bytes).ok_or(RosterError::Crypto("a record"))? {
                Kept::Person(kept) => self.person(*kept, derived)?,
                Kept::Gone { key, modified } => self.gone(&key, modified, derived)?,
            }
        }
        let people = std::mem::take(&mut self.changes.people);
        for (key, change) in people.into_iter().filter(|(_, change)| !change.met) {
            self.new_person(key, change, derived)?;
        }
        Ok(())
    }

    /// The source's keys of those whose birth dates are to be asked for.
    pub fn open(&self) -> Vec<&str> {
        self.open.iter().map(|open| open.source_id.as_str()).collect()
    }

    /// Takes those who were left open, with what the source said of their birth dates; `None`: it can't be asked.
    pub fn close(&mut self, births: Option<Vec<Option<Date>>>, derived: &mut Derived) -> Result<(), RosterError> {
        let asked = births.is_some();
        let mut births = births.into_iter().flatten();
        for Open { mut person, source, waits, before, .. } in std::mem::take(&mut self.open) {
            person.birth_date = births.next().flatten();
            self.counts.asked += u64::from(asked);
            self.counts.without_pin += u64::from(person.birth_date.is_none());
            let carried = before.as_ref().map(|before| before.carried(asked, true));
            derived.take(self.deriver, person, Some(&source), waits, carried.as_ref())?;
        }
        Ok(())
    }

    fn gone(&mut self, key: &[u8; 16], modified: i64, derived: &mut Derived) -> Result<(), RosterError> {
        let Some(change) = self.changes.people.get_mut(key) else { return derived.remember_gone(key, modified) };
        match &change.user {
            Some((said, Some(_))) if !is_older(*said, modified) => Ok(()),
            Some((said, _)) => {
                self.counts.older += u64::from(is_older(*said, modified));
                change.met = true;
                derived.remember_gone(key, modified.max(*said))
            }
            None => {
                change.met = true;
                derived.remember_gone(key, modified)
            }
        }
    }

    fn person(&mut self, kept: KeptPerson, derived: &mut Derived) -> Result<(), RosterError> {
        let KeptPerson { mut source, ids, mark, row } = kept;
        let mut person =
            Person { ids, student: row.student.clone(), birth_date: None, pins: vec![], row: 0, record: None };
        let Some(change) = self.changes.people.get_mut(&source.key) else {
            self.counts.carried += 1;
            let stood = self.roles_as_they_are(&mut source, &mut person, Some(&[]));
            let Some((stood, waits)) = stood else { return Ok(()) };
            let carried = Carried { stood, row: &row, mark, born_said: false, pins_said: false };
            return derived.take(self.deriver, person, Some(&source), waits, Some(&carried));
        };
        if change.met && change.user.is_some() {
            // A second record of the same key: the one row that is said now stands for both.
            return Ok(());
        }
        change.met = true;
        let before = Earlier { index: self.deriver.index(&person), row, mark };
        let (mut born_said, mut user_said) = (false, false);
        match &mut change.user {
            Some((said, _)) if is_older(*said, source.modified) => self.counts.older += 1,
            Some((said, is)) => {
                let Some(is) = is.take() else {
                    self.counts.gone += 1;
                    return derived.remember_gone(&source.key, *said);
                };
                source.modified = *said;
                user_said = true;
                take_user(*is, &mut source, &mut person);
            }
            None => {}
        }
        if let Some((said, born)) = change.born {
            if is_older(said, source.born_modified) {
                self.counts.older += 1;
            } else {
                (source.born_modified, born_said, person.birth_date) = (said, true, born);
            }
        }
        let (source_id, listed) = (change.source_id.clone(), change.roles.clone());
        if !listed.is_empty() {
            let roles = source.roles.get_or_insert_default();
            listed.iter().for_each(|role| put(roles, *role));
        }
        self.counts.changed += 1;
        let Some((_, waits)) = self.roles_as_they_are(&mut source, &mut person, Some(&listed)) else { return Ok(()) };
        let carried = before.carried(born_said, user_said);
        if !born_said && self.deriver.lacks_birth_date(&person, Some(&carried)) {
            self.open.push(Open { source_id, person, source, waits, before: Some(before) });
            return Ok(());
        }
        derived.take(self.deriver, person, Some(&source), waits, Some(&carried))
    }

    fn new_person(&mut self, key: [u8; 16], change: PersonChange, derived: &mut Derived) -> Result<(), RosterError> {
        let PersonChange { source_id, user, born, roles, .. } = change;
        let Some((modified, is)) = user else {
            // Birth dates come for everybody, roles for those whom we should know.
            self.counts.unknown += u64::from(!roles.is_empty());
            return Ok(());
        };
        let Some(mut person) = is.map(|person| *person) else {
            return if modified == 0 { Ok(()) } else { derived.remember_gone(&key, modified) };
        };
        let record = person.record.take();
        let mut source = KeptSource { key, modified, born_modified: 0, roles: None };
        match record.map(|record| record.roles) {
            Some(RoleSource::Are(are)) => source.roles = Some(are),
            Some(RoleSource::Unsaid) if roles.is_empty() => {
                self.counts.unknown += 1;
                return Ok(());
            }
            Some(RoleSource::Unsaid) => source.roles = Some(roles),
            Some(RoleSource::InRow) | None => {}
        }
        let born_said = born.is_some();
        if let Some((said, born)) = born {
            (source.born_modified, person.birth_date) = (said, born);
        }
        let Some((_, waits)) = self.roles_as_they_are(&mut source, &mut person, None) else { return Ok(()) };
        self.counts.new += 1;
        if !born_said && self.deriver.lacks_birth_date(&person, None) {
            self.open.push(Open { source_id, person, source, waits, before: None });
            return Ok(());
        }
        derived.take(self.deriver, person, Some(&source), waits, None)
    }

    /// Takes away roles that are gone and gives the person what is left of them today: where they stand beside before, and
    /// whether they wait. `None`: they are nobody who may be kept. Where the list of roles is whole, only those `listed` of
    /// a person who was there are left.
    fn roles_as_they_are(
        &self,
        source: &mut KeptSource,
        person: &mut Person,
        listed: Option<&[RoleEntry]>,
    ) -> Option<(Stood, bool)> {
        let Some(roles) = &mut source.roles else { return Some((Stood::AsNow, false)) };
        let (gone, listed) = (&self.changes.roles_gone, listed.filter(|_| self.changes.roles_whole));
        roles.retain(|role| {
            let is_gone = gone.get(&role.key()).is_some_and(|said| !is_older(*said, role.modified()));
            !is_gone && listed.is_none_or(|listed| listed.iter().any(|listed| listed.key() == role.key()))
        });
        // Roles without a key of their own came with the person's row, and are gone with it only.
        let before = (person.student.role, person.student.grade);
        match Holding::of(roles, self.today) {
            Holding::Holds(role, schools) => {
                let stood = self.stood(person, role == before.0);
                (person.student.role, person.student.schools) = (role, schools);
                Some((stood, false))
            }
            Holding::Waits(role, schools) => {
                let stood = self.stood(person, role == before.0);
                (person.student.role, person.student.schools) = (role, schools);
                Some((stood, true))
            }
            Holding::Nobody if roles.iter().all(RoleEntry::may_hold) => {
                person.student.schools.clear();
                Some((Stood::AsNow, true))
            }
            Holding::Nobody => None,
        }
    }

    fn stood(&self, person: &Person, is_same: bool) -> Stood {
        if is_same { Stood::AsNow } else { Stood::At(self.deriver.index(person)) }
    }
}

/// Puts a user's row in the place of what was kept of it.
fn take_user(is: Person, source: &mut KeptSource, person: &mut Person) {
    let Person { ids, mut student, pins, row, record, .. } = is;
    match record.map(|record| record.roles) {
        Some(RoleSource::Are(roles)) => source.roles = Some(roles),
        Some(RoleSource::Unsaid) => {
            student.role = person.student.role;
            student.schools = std::mem::take(&mut person.student.schools);
        }
        Some(RoleSource::InRow) | None => source.roles = None,
    }
    (person.ids, person.student, person.pins, person.row) = (ids, student, pins, row);
}
