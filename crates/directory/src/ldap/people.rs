//! Entries as people.

use jiff::civil::Date;
use patron::{Grade, IdSource, Role, SchoolIndex, Student};
use zeroize::Zeroizing;

use super::account;
use super::changes;
use super::entry::{Entry, GUID};
use super::settings::Settings;
use crate::cell;
use crate::notes::Notes;
use crate::person::may_be_born;
use crate::reading::Outcome;
use crate::schools::Schools;
use crate::standing::Standing;
use crate::{BadData, Change, Fault, Oddity, Person, Reading, Refusal, RoleSource, SourceRecord, Wanted, What};

/// What a user name is called where nobody says: first Active Directory's.
const USERNAMES: [&str; 2] = ["sAMAccountName", "uid"];

/// Where an ID stands.
enum IdPlace {
    /// In the first of these attributes that the entry has.
    Attributes(Vec<String>),
    /// The entry itself: its GUID, or else its name.
    Entry,
}

/// How entries become people, and what they came to so far.
pub(super) struct People<'a> {
    settings: &'a Settings,
    wanted: &'a Wanted,
    place: String,
    ids: Vec<IdPlace>,
    schools: Schools,
    /// Attributes that are wanted and that no entry has had so far.
    missing: Vec<String>,
    notes: Notes,
    reading: Reading,
}

/// Why an entry was not read.
struct Undecodable {
    attribute: String,
    expected: &'static str,
}

impl<'a> People<'a> {
    /// Nobody yet. Only what is wanted will be looked at.
    pub fn new(settings: &'a Settings, wanted: &'a Wanted, place: String, schools: Schools) -> Self {
        let named = &settings.attributes;
        let ids = wanted.ids.iter().map(|source| match source {
            IdSource::Identifier => IdPlace::Attributes(vec![named.id.clone()]),
            IdSource::Username => IdPlace::Attributes(match &named.username {
                Some(name) => vec![name.clone()],
                None => USERNAMES.map(str::to_owned).to_vec(),
            }),
            IdSource::Email => IdPlace::Attributes(vec![named.email.clone()]),
            // Types of user ids are refused before anything is asked.
            IdSource::Column(name) | IdSource::UserId(name) => IdPlace::Attributes(vec![name.clone()]),
            IdSource::SourceId => IdPlace::Entry,
        });
        let mut people = Self {
            settings,
            wanted,
            place,
            ids: ids.collect(),
            schools,
            missing: Vec::new(),
            notes: Notes::default(),
            reading: Reading::default(),
        };
        let ids = people.ids.iter().filter_map(|id| match id {
            IdPlace::Attributes(names) if names.len() == 1 => names.first().cloned(),
            _ => None,
        });
        let optional = [&named.role, &named.grade, &named.school].into_iter().flatten().cloned();
        let mut missing: Vec<String> = ids.chain(optional).chain(people.personal()).collect();
        missing.sort_unstable();
        missing.dedup();
        people.missing = missing;
        people
    }

    /// What is only asked for where it is wanted.
    fn personal(&self) -> Vec<String> {
        let (named, wanted) = (&self.settings.attributes, self.wanted);
        let mut names = wanted.pin_columns.clone();
        names.extend(named.birth_date.clone().filter(|_| wanted.birth_date));
        if wanted.name {
            names.extend([named.given_name.clone(), named.family_name.clone()]);
        }
        names.extend(wanted.email.then(|| named.email.clone()));
        names
    }

    /// What to ask of the server: nothing more than is looked at.
    pub fn attributes(&self) -> Vec<String> {
        let mut names = self.personal();
        for id in &self.ids {
            match id {
                IdPlace::Attributes(attributes) => names.extend(attributes.iter().cloned()),
                IdPlace::Entry => names.push(GUID.to_owned()),
            }
        }
        let named = &self.settings.attributes;
        names.extend([&named.role, &named.grade, &named.school].into_iter().flatten().cloned());
        names.extend([named.enabled.clone(), account::EXPIRES.to_owned()]);
        if self.wanted.records {
            names.extend(changes::STAMPS.map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Reads the next entry, and hands it on if it is a person.
    pub fn take(&mut self, entry: &Entry, sink: &mut dyn FnMut(Person)) -> Result<(), Refusal> {
        self.reading.rows += 1;
        self.missing.retain(|name| entry.values(name).is_empty());
        match self.person(entry) {
            Ok(mut outcome) => {
                match &mut outcome {
                    Outcome::Person(person) => person.student.schools = self.places(entry)?,
                    Outcome::UnknownRole => self.warn(Oddity::UnmappedRole),
                    Outcome::Waiting(_) | Outcome::WithoutId | Outcome::NeverStored | Outcome::Withdrawn => {}
                }
                if self.wanted.records {
                    self.reading.newest = self.reading.newest.max(changes::modified(entry));
                    if let Outcome::Person(person) = &mut outcome {
                        person.record = Some(Box::new(record(entry)));
                    }
                }
                self.reading.count(outcome, self.wanted.birth_date, sink);
            }
            Err(Undecodable { attribute, expected }) => {
                self.notes.undecodable(&self.place, self.reading.rows, Some(&attribute), expected);
            }
        }
        Ok(())
    }

    /// Reads the next entry that has changed, and hands on what became of it: whoever is nobody who may be kept, or cannot
    /// be read, is gone.
    pub fn change(&mut self, entry: &Entry, sink: &mut dyn FnMut(Change)) -> Result<(), Refusal> {
        let (mut what, mut born) = (What::Gone, None);
        self.take(entry, &mut |mut person| {
            born = Some(person.birth_date.take());
            what = What::Is(Box::new(person));
        })?;
        let source_id = changes::key(entry);
        if let Some(born) = born.filter(|_| self.wanted.birth_date) {
            sink(Change { source_id: source_id.clone(), modified: 0, what: What::Born(born) });
        }
        sink(Change { source_id, modified: 0, what });
        Ok(())
    }

    /// What changes came to: perhaps nothing.
    pub fn so_far(self) -> Reading {
        Reading {
            schools: self.schools.into_table(),
            undecodable: self.notes.undecodable,
            warnings: self.notes.warnings,
            ..self.reading
        }
    }

    /// What it all came to. Nobody at all is no district, but a filter that is wrong.
    pub fn end(mut self) -> Result<Reading, Refusal> {
        if self.reading.rows == 0 {
            return Err(BadData::file(self.place, Fault::NoEntries).into());
        }
        for name in std::mem::take(&mut self.missing) {
            self.notes.warn(&self.place, Oddity::NoAttribute(name));
        }
        Ok(self.so_far())
    }

    fn person(&mut self, entry: &Entry) -> Result<Outcome, Undecodable> {
        let settings = self.settings;
        let named = &settings.attributes;
        // Those who are not kept are told apart first, so that nothing more of them is looked at.
        let role = match self.standing(entry) {
            Standing::Holds(role) => role,
            Standing::NeverStored => return Ok(Outcome::NeverStored),
            Standing::Unknown | Standing::Past => return Ok(Outcome::UnknownRole),
        };
        let ids = (0..self.ids.len()).map(|at| self.id(entry, at)).collect::<Result<Vec<_>, _>>()?;
        if ids.iter().all(String::is_empty) {
            return Ok(Outcome::WithoutId);
        }
        let wanted = self.wanted;
        let name = match wanted.name {
            true => {
                let (given, family) = (self.first(entry, &named.given_name)?, self.first(entry, &named.family_name)?);
                cell::name(&given.unwrap_or_default(), &family.unwrap_or_default())
            }
            false => None,
        };
        let pins =
            wanted.pin_columns.iter().map(|name| Ok(Zeroizing::new(self.first(entry, name)?.unwrap_or_default())));
        let pins = pins.collect::<Result<_, Undecodable>>()?;
        let birth_date = match &named.birth_date {
            Some(attribute) if wanted.birth_date => self.birth_date(entry, attribute)?,
            _ => None,
        };
        let student = Student {
            role,
            grade: match &named.grade {
                Some(attribute) => self.grade(entry, attribute)?,
                None => None,
            },
            enabled: self.enabled(entry)?,
            name,
            email: if wanted.email { self.first(entry, &named.email)? } else { None },
            ..Student::of(role)
        };
        Ok(Outcome::Person(Person { ids, student, birth_date, pins, row: self.reading.rows, record: None }))
    }

    fn standing(&self, entry: &Entry) -> Standing {
        let Some(attribute) = &self.settings.attributes.role else { return Standing::Holds(Role::Student) };
        let of_word = |word: &Vec<u8>| {
            let Ok(word) = str::from_utf8(word).map(str::trim) else { return Standing::Unknown };
            let mapped = self.settings.roles.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(word));
            mapped.map_or_else(|| Standing::parse(word.as_bytes()), |(_, role)| Standing::Holds(*role))
        };
        // Values have no order, so that theirs says nothing.
        entry.values(attribute).iter().map(of_word).min().unwrap_or(Standing::Unknown)
    }

    fn id(&mut self, entry: &Entry, at: usize) -> Result<String, Undecodable> {
        let names = match self.ids.get(at) {
            Some(IdPlace::Attributes(names)) => names.clone(),
            Some(IdPlace::Entry) | None => {
                return match entry.guid() {
                    Some(guid) => Ok(guid),
                    None => text(&entry.dn, "dn").map(str::to_owned),
                };
            }
        };
        for name in names {
            if let Some(id) = self.first(entry, &name)? {
                return Ok(id);
            }
        }
        Ok(String::new())
    }

    fn enabled(&mut self, entry: &Entry) -> Result<bool, Undecodable> {
        let attribute = &self.settings.attributes.enabled;
        if !attribute.eq_ignore_ascii_case(account::CONTROL) {
            let expected = "true or false";
            let Some(word) = self.first(entry, attribute)? else { return Ok(true) };
            let undecodable = || Undecodable { attribute: attribute.clone(), expected };
            return cell::boolean(word.as_bytes()).ok_or_else(undecodable);
        }
        let expected = "a whole number";
        let undecodable = |attribute: &str| Undecodable { attribute: attribute.to_owned(), expected };
        if let Some(control) = self.first(entry, attribute)?
            && account::is_disabled(&control).ok_or_else(|| undecodable(attribute))?
        {
            return Ok(false);
        }
        let Some(expires) = self.first(entry, account::EXPIRES)? else { return Ok(true) };
        let expired = account::has_expired(&expires, self.wanted.today);
        expired.map(|expired| !expired).ok_or_else(|| undecodable(account::EXPIRES))
    }

    fn birth_date(&mut self, entry: &Entry, attribute: &str) -> Result<Option<Date>, Undecodable> {
        let Some(written) = self.first(entry, attribute)?.map(Zeroizing::new) else { return Ok(None) };
        let date = cell::date(written.as_bytes()).filter(|birth| may_be_born(*birth, self.wanted.today));
        if date.is_none() {
            self.warn(Oddity::BirthDate);
        }
        Ok(date)
    }

    fn grade(&mut self, entry: &Entry, attribute: &str) -> Result<Option<Grade>, Undecodable> {
        let Some(written) = self.first(entry, attribute)? else { return Ok(None) };
        let grade = written.split(',').find_map(Grade::parse);
        if grade.is_none() {
            self.warn(Oddity::UnknownGrade);
        }
        Ok(grade)
    }

    /// The schools of an entry, sorted: each value is one.
    fn places(&mut self, entry: &Entry) -> Result<Vec<SchoolIndex>, Refusal> {
        let settings = self.settings;
        let Some(attribute) = &settings.attributes.school else { return Ok(Vec::new()) };
        let mut schools = Vec::new();
        for value in entry.values(attribute) {
            let Ok(name) = str::from_utf8(value).map(str::trim) else {
                self.warn(Oddity::NotText(attribute.clone()));
                continue;
            };
            schools.extend(self.schools.named(name, "", &self.place)?);
        }
        schools.sort_unstable();
        schools.dedup();
        Ok(schools)
    }

    /// The first value of an attribute, without blanks around it. Of several none is better than another.
    fn first(&mut self, entry: &Entry, attribute: &str) -> Result<Option<String>, Undecodable> {
        let values = entry.values(attribute);
        if values.len() > 1 {
            self.warn(Oddity::SeveralValues(attribute.to_owned()));
        }
        let Some(value) = values.first() else { return Ok(None) };
        Ok(Some(text(value, attribute)?).filter(|text| !text.is_empty()).map(str::to_owned))
    }

    fn warn(&mut self, oddity: Oddity) {
        self.notes.warn_row(&self.place, self.reading.rows, oddity);
    }
}

fn text<'v>(value: &'v [u8], attribute: &str) -> Result<&'v str, Undecodable> {
    let undecodable = |_| Undecodable { attribute: attribute.to_owned(), expected: "text in UTF-8" };
    str::from_utf8(value).map(str::trim).map_err(undecodable)
}

fn record(entry: &Entry) -> SourceRecord {
    SourceRecord { source_id: changes::key(entry), modified: 0, roles: RoleSource::InRow, waits: false }
}
