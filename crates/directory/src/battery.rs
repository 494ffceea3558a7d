//! What every kind of source must do, written once and run for each.

use std::path::Path;

use jiff::civil::{Date, date};
use patron::{Grade, IdSource, Role, SchoolIndex};

use crate::{Directory, Person, Reading, Refusal, Wanted};

/// A person as the district knows them.
#[derive(Clone)]
pub(crate) struct Given {
    pub id: &'static str,
    pub role: &'static str,
    pub school: &'static str,
    pub enabled: &'static str,
    pub grade: &'static str,
    pub birth_date: &'static str,
    pub pin: &'static str,
}

/// A student in grade 7 of school `s1`.
pub(crate) const ADA: Given = Given {
    id: "0000001",
    role: "student",
    school: "s1",
    enabled: "true",
    grade: "07",
    birth_date: "2012-04-23",
    pin: "0423",
};

/// A kind of source: writes people in its own way into an empty folder, and finds them there.
pub(crate) type Kind = fn(&Path, &[Given]) -> Box<dyn Directory>;

/// Where PINs are, by a name that every kind of source can have.
pub(crate) const PIN_COLUMN: &str = "pin";

/// Everything that can be asked for.
pub(crate) fn all() -> Wanted {
    Wanted {
        ids: vec![IdSource::Identifier],
        birth_date: true,
        pin_columns: vec![PIN_COLUMN.into()],
        name: true,
        email: true,
        today: date(2026, 11, 23),
        records: false,
    }
}

/// No more than the ID.
pub(crate) fn least() -> Wanted {
    Wanted { birth_date: false, pin_columns: vec![], name: false, email: false, ..all() }
}

/// Reads a source to its end.
pub(crate) fn read(source: &mut dyn Directory, wanted: &Wanted) -> Result<(Vec<Person>, Reading), Refusal> {
    let mut people = Vec::new();
    let reading = source.read(wanted, &mut |person| people.push(person))?;
    assert_eq!(reading.delivered, people.len() as u64);
    Ok((people, reading))
}

fn reading(kind: Kind, people: &[Given], wanted: &Wanted) -> (Vec<Person>, Reading) {
    let inbox = tempfile::tempdir().unwrap();
    read(&mut *kind(inbox.path(), people), wanted).unwrap()
}

pub(crate) fn hands_on_everything_that_was_wanted(kind: Kind) {
    let (people, reading) = reading(kind, &[ADA], &all());
    let [ada] = people.as_slice() else { panic!("one person") };
    assert_eq!(ada.ids[0], "0000001");
    assert_eq!((ada.student.role, ada.student.enabled), (Role::Student, true));
    assert_eq!(ada.student.grade, Grade::parse("07"));
    assert_eq!(ada.student.schools, [SchoolIndex(0)]);
    assert_eq!(reading.schools[0].source_id, "s1");
    assert_eq!(ada.birth_date, Some(date(2012, 4, 23)));
    assert_eq!(ada.pins[0].as_str(), "0423");
    assert_eq!(ada.student.name.as_ref().unwrap().inverted(), "Byron, Ada");
    assert_eq!(ada.student.email.as_deref(), Some("ada@example.org"));
    assert_eq!((reading.rows, reading.undecodable.count), (1, 0));
    assert_eq!(reading.warnings, []);
}

pub(crate) fn hands_on_nothing_that_was_not_wanted(kind: Kind) {
    let (people, reading) = reading(kind, &[ADA], &least());
    let [ada] = people.as_slice() else { panic!("one person") };
    assert_eq!((ada.birth_date, ada.pins.is_empty()), (None, true));
    assert_eq!((&ada.student.name, &ada.student.email), (&None, &None));
    assert_eq!(reading.without_birth_date, 0);
}

pub(crate) fn never_hands_on_parents(kind: Kind) {
    let roles = ["parent", "Guardian", "relative", "teacher"];
    let (people, reading) = reading(kind, &roles.map(|role| Given { role, ..ADA }), &least());
    assert_eq!(people.iter().map(|person| person.student.role).collect::<Vec<_>>(), [Role::Teacher]);
    assert_eq!((reading.never_stored, reading.rows), (3, 4));
}

pub(crate) fn leaves_out_roles_it_does_not_know_and_says_so(kind: Kind) {
    let (people, reading) = reading(kind, &[Given { role: "ext:volunteer", ..ADA }, ADA], &least());
    assert_eq!((people.len(), reading.unknown_role, reading.warnings.len()), (1, 1, 1));
}

pub(crate) fn keeps_disabled_people_as_disabled(kind: Kind) {
    let written = ["false", "FALSE", "0", "1", "True"];
    let (people, _) = reading(kind, &written.map(|enabled| Given { enabled, ..ADA }), &least());
    let enabled: Vec<_> = people.iter().map(|person| person.student.enabled).collect();
    assert_eq!(enabled, [false, false, false, true, true]);
}

pub(crate) fn counts_a_row_that_is_neither_enabled_nor_disabled_as_undecodable(kind: Kind) {
    let (people, reading) = reading(kind, &[ADA, Given { enabled: "Marker", ..ADA }], &least());
    assert_eq!((people.len(), reading.undecodable.count), (1, 1));
    let place = &reading.undecodable.first[0];
    assert_eq!((place.row, place.expected), (people[0].row + 1, "true or false"));
    assert!(!format!("{reading:?}").contains("Marker"));
}

pub(crate) fn counts_people_without_an_id(kind: Kind) {
    let (people, reading) = reading(kind, &[Given { id: "  ", ..ADA }, Given { id: " 7 ", ..ADA }], &least());
    assert_eq!((people[0].ids[0].as_str(), people.len(), reading.without_id), ("7", 1, 1));
}

pub(crate) fn counts_people_without_a_birth_date_or_pin(kind: Kind) {
    let (people, reading) = reading(kind, &[Given { birth_date: "", pin: " ", ..ADA }, ADA], &all());
    assert_eq!((people[0].birth_date, people[0].pins[0].is_empty()), (None, true));
    assert_eq!(reading.without_birth_date, 1);
}

pub(crate) fn takes_no_birth_date_that_could_be_another(kind: Kind) {
    for birth_date in ["1/05/2012", "05.01.2012", "20120105", "1812-01-05", "2027-01-05"] {
        let (people, reading) = reading(kind, &[Given { birth_date, ..ADA }], &all());
        assert_eq!((people[0].birth_date, reading.without_birth_date), (None::<Date>, 1));
        assert_eq!((reading.warnings.len(), reading.warnings[0].first_row), (1, Some(people[0].row)), "{birth_date}");
        assert!(!reading.warnings[0].to_string().contains(birth_date));
    }
}

pub(crate) fn takes_an_unknown_grade_as_none(kind: Kind) {
    let (people, reading) = reading(kind, &["fourth", "", "09,10"].map(|grade| Given { grade, ..ADA }), &least());
    let grades: Vec<_> = people.iter().map(|person| person.student.grade).collect();
    assert_eq!(grades, [None, None, Grade::parse("09")]);
    assert_eq!((reading.warnings.len(), reading.warnings[0].count), (1, 1));
}

pub(crate) fn hands_on_each_row_of_a_person(kind: Kind) {
    let (people, reading) = reading(kind, &[ADA, Given { school: "s2", ..ADA }], &all());
    assert_eq!(people.iter().map(|person| person.ids[0].as_str()).collect::<Vec<_>>(), ["0000001"; 2]);
    assert_eq!((&people[1].student.schools[..], reading.schools.len()), (&[SchoolIndex(1)][..], 2));
}

pub(crate) fn refuses_a_source_without_people(kind: Kind) {
    let inbox = tempfile::tempdir().unwrap();
    assert!(matches!(read(&mut *kind(inbox.path(), &[]), &least()), Err(Refusal::BadData(_))));
}

pub(crate) fn reads_the_same_again(kind: Kind) {
    let inbox = tempfile::tempdir().unwrap();
    let mut source = kind(inbox.path(), &[ADA]);
    let print = source.fingerprint().unwrap();
    for _ in 0..2 {
        assert_eq!(read(&mut *source, &all()).unwrap().0.len(), 1);
    }
    assert_eq!(source.fingerprint().unwrap(), print);
}

/// Runs all of it for one kind of source.
macro_rules! battery {
    ($name:ident, $kind:expr) => {
        battery!($name, $kind, if true);
    };
    // Where it needs what may not be there, a condition that says so.
    ($name:ident, $kind:expr, if $is_there:expr) => {
        battery!($name, $kind, $is_there,
            hands_on_everything_that_was_wanted hands_on_nothing_that_was_not_wanted never_hands_on_parents
            leaves_out_roles_it_does_not_know_and_says_so keeps_disabled_people_as_disabled
            counts_a_row_that_is_neither_enabled_nor_disabled_as_undecodable counts_people_without_an_id
            counts_people_without_a_birth_date_or_pin takes_no_birth_date_that_could_be_another
            takes_an_unknown_grade_as_none hands_on_each_row_of_a_person refuses_a_source_without_people
            reads_the_same_again);
    };
    ($name:ident, $kind:expr, $is_there:expr, $($test:ident)*) => {
        mod $name {
            $(#[test] fn $test() { if $is_there { crate::battery::$test($kind); } })*
        }
    };
}
pub(crate) use battery;
