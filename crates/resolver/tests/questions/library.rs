//! A library whose districts' rosters tests write row by row.

use std::sync::Arc;

use jiff::civil::date;
use patron::{
    Attribute, BirthFormat, Budget, CardForm, CardNumber, CardRules, CardSpec, Eligibility, HashedPin, IdSource,
    PersonName, Pin, PinRule, PinRules, PinScheme, PrivilegeRule, PrivilegeRules, Privileges, Reason, Release, Role,
    Scope, Student, Verdict,
};
use resolver::{ClientKind, ClientRules, District, Guard, Moment, PinPolicy, Query, Resolved, Resolver, Rosters};
use roster::{Header, Month, Pseudonym, PseudonymKey, Row, RowIndex, SchoolEntry, Store, StudentRow, key_file};
use tempfile::TempDir;

pub const MADE_AT: i64 = 1_795_000_000 - 10 * 24 * 3600;
pub const NOW: Moment = Moment { seconds: 1_795_000_000, today: date(2026, 11, 23) };

pub struct Library {
    pub folder: TempDir,
    pub store: Arc<Store>,
    pub resolver: Resolver,
    month: PseudonymKey,
    pub districts: Vec<District>,
    pub now: Moment,
}

pub fn rule(prefix: &str, namespace: &str) -> CardRules {
    CardRules::new(vec![form(CardSpec::plain(IdSource::Identifier, prefix, "[0-9]{4}", namespace))])
}

pub fn form(spec: CardSpec) -> CardForm {
    CardForm::new(spec).unwrap()
}

pub fn district(id: &str, cards: CardRules) -> District {
    let patron_type = PrivilegeRule {
        scope: Scope { roles: vec![Role::Student], grades: vec![] },
        patron_type: Some("STUDENT".into()),
        privileges: Privileges::default(),
    };
    District {
        id: id.into(),
        cards,
        eligibility: Eligibility { roles: vec![Role::Student], ..Eligibility::default() },
        opt_out_file: None,
        ceiling: Release::from_iter([Attribute::PatronType, Attribute::Initials]),
        home_library: None,
        privileges: PrivilegeRules::new(vec![patron_type]),
        live: None,
    }
}

pub fn student() -> Student {
    let name = PersonName { given: "Zoë".into(), family: "Ångström".into() };
    Student { name: Some(name), ..Student::of(Role::Student) }
}

pub fn pin_rule() -> PinRule {
    let scheme = PinScheme::BirthDate(vec![BirthFormat::parse("MMDD").unwrap()]);
    PinRule { scope: Scope::default(), scheme }
}

impl Library {
    pub fn new(districts: Vec<District>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        key_file::generate(&key, None).unwrap();
        let keyring = Arc::new(key_file::load(&key, None).unwrap());
        let store = Arc::new(Store::open(&folder.path().join("data"), Arc::clone(&keyring)).unwrap());
        let month = keyring.current().pseudonym_key(Month::of("2026-11-23T00:00:00Z".parse().unwrap())).unwrap();
        let resolver = Resolver::new(Guard::new(Budget::default(), vec![]));
        Self { folder, store, resolver, month, districts, now: NOW }
    }

    /// Publishes (ID, PIN, student); a `None` is an ID that two people share.
    pub fn publish(&self, number: usize, people: &[(&str, &str, Option<Student>)]) {
        self.publish_rows(number, people, &[]);
    }

    /// The same with earlier numbers: (number, today's ID).
    pub fn publish_rows(&self, number: usize, people: &[(&str, &str, Option<Student>)], aliases: &[(&str, &str)]) {
        let keyring = self.store.keyring();
        let (key, space) = (keyring.current(), self.space(number));
        let mut rows: Vec<(RowIndex, Row)> = people
            .iter()
            .map(|(id, pin, student)| {
                let verifiers = match *pin {
                    "" => vec![],
                    pin => vec![key.verifier_of_bytes(space, id, &pin_rule().version(), pin.as_bytes())],
                };
                let row = student.clone().map(|student| StudentRow { student, ..StudentRow::decoy(verifiers) });
                (key.row_index(space, id), row.map_or(Row::Ambiguous, Row::Student))
            })
            .collect();
        rows.extend(aliases.iter().map(|(old, id)| (key.row_index(space, old), Row::Alias((*id).into()))));
        self.write(number, rows, &PinRules::new(vec![pin_rule()]));
    }

    /// Publishes people whose PINs are at the district's directory.
    pub fn publish_at_directory(&self, number: usize, people: &[(&str, Student)]) {
        let keyring = self.store.keyring();
        let row = |student: &Student| StudentRow {
            student: student.clone(),
            at_directory: true,
            ..StudentRow::decoy(vec![])
        };
        let index = |id| keyring.current().row_index(self.space(number), id);
        let rows = people.iter().map(|(id, student)| (index(id), Row::Student(row(student)))).collect();
        self.write(number, rows, &self.pins_at_directory());
    }

    /// Publishes people whose PINs the district hashed.
    pub fn publish_hashed(&self, number: usize, people: &[(&str, HashedPin, Student)]) {
        let keyring = self.store.keyring();
        let row = |hash: &HashedPin, student: &Student| StudentRow {
            student: student.clone(),
            hash: Some(hash.clone()),
            ..StudentRow::decoy(vec![])
        };
        let index = |id| keyring.current().row_index(self.space(number), id);
        let rows = people.iter().map(|(id, hash, student)| (index(id), Row::Student(row(hash, student)))).collect();
        self.write(number, rows, &PinRules::new(vec![pin_rule()]));
    }

    /// The rule of those people.
    pub fn pins_at_directory(&self) -> PinRules {
        PinRules::new(vec![PinRule { scope: Scope::default(), scheme: PinScheme::Directory }])
    }

    fn space(&self, number: usize) -> &str {
        self.districts[number].cards.spaces()[0]
    }

    fn write(&self, number: usize, mut rows: Vec<(RowIndex, Row)>, pins: &PinRules) {
        let district = &self.districts[number];
        let lock = self.store.lock_district(&district.id).unwrap();
        rows.sort_by_key(|(index, _)| *index);
        let mut writer = self.store.begin(&lock, 1).unwrap();
        for (index, row) in &rows {
            writer.push(*index, row).unwrap();
        }
        let mut header = Header::under(&district.cards, pins, String::new(), Release::default(), MADE_AT);
        header.rows = rows.len() as u64;
        let school = |id: &str| SchoolEntry { source_id: id.into(), ..SchoolEntry::default() };
        header.schools = vec![school("s0"), school("s1")];
        self.store.publish(&lock, writer, &header, "").unwrap();
    }

    /// The key of this month's pseudonyms.
    pub fn month(&self) -> &PseudonymKey {
        &self.month
    }

    pub fn rosters(&self) -> Rosters {
        Rosters::open(&self.store, self.districts.clone().into(), None)
    }

    pub fn ask_as(&self, client: &ClientRules, card: &str, pin: &str) -> Verdict {
        self.answer_as(client, card, pin).0
    }

    /// The verdict, the district that it is counted for, and who it is about for the logs.
    pub fn answer_as(&self, client: &ClientRules, card: &str, pin: &str) -> (Verdict, Option<usize>, Pseudonym) {
        let (card, pin) = (CardNumber::parse(card).unwrap(), Pin::parse(pin));
        let query = Query { card: &card, pin: pin.as_ref(), client };
        let rosters = self.rosters();
        match self.resolver.resolve(&rosters, &query, None, self.now, &self.month) {
            Resolved::Answer(answer) => (answer.verdict, answer.district, answer.pseudonym),
            Resolved::Ask(login) => unreachable!("no directory is asked here: {login:?}"),
        }
    }

    pub fn ask(&self, card: &str, pin: &str) -> Verdict {
        self.ask_as(&client(&[0, 1], PinPolicy::Required), card, pin)
    }

    pub fn refusal(&self, card: &str, pin: &str) -> Reason {
        self.ask(card, pin).reason().unwrap()
    }
}

pub fn client(districts: &[usize], pin: PinPolicy) -> ClientRules {
    ClientRules {
        id: "client".into(),
        districts: districts.to_vec(),
        kind: ClientKind::EResource,
        pin,
        release: Release::from_iter([Attribute::Name, Attribute::Initials, Attribute::PatronType]),
    }
}
