//! Roles that begin and end, months of changes, and deliveries one after the other.

use super::*;

#[test]
fn roles_of_1_2_come_go_begin_and_end_by_themselves() {
    let mut town = town(100);
    town.get_mut(&1).unwrap().times = ("", "2026-11-25");
    town.get_mut(&2).unwrap().times = ("2026-11-25", "");
    let mut library = library(&town);
    deliver_bulk(&library, &town, true);
    library.publish();
    assert!(library.row(1_000_001).is_some() && library.row(1_000_002).is_none());

    // Two days later: one role has ended and one has begun, and no delta says so.
    library.today = jiff::civil::date(2026, 11, 25);
    town.get_mut(&3).unwrap().school = "s2";
    let way = Way { v1p2: true, ..DELTA };
    deliver(&library, way, &[(3, &town[&3], Rows::Role)], &[]);
    library.publish();
    assert!(library.row(1_000_001).is_none() && accepts(&library, 1_000_002, "0201"));
    ends_where_a_bulk_would(&library, &town, true);

    // A role goes by its own key alone, and its person with it; a user's row alone leaves roles as they are.
    town.get_mut(&5).unwrap().grade = "10";
    deliver(&library, way, &[(5, &town[&5], Rows::User)], &[]);
    let roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n\
                 r4,tobedeleted,2026-11-22T10:00:00.000Z,,,,,,\n";
    fs::write(library.inbox("roles.csv"), roles).unwrap();
    library.publish();
    assert!(library.row(1_000_004).is_none() && student(&library, 1_000_005).student.grade.is_some());
    // It comes back as a role alone: the person is still known.
    let later = Way { time: "2026-11-24T10:00:00.000Z", ..way };
    deliver(&library, later, &[(4, &town[&4], Rows::Role)], &[]);
    library.publish();
    assert!(accepts(&library, 1_000_004, "0201"));
    ends_where_a_bulk_would(&library, &town, true);

    // A user without a role is nobody yet; who becomes a parent is nobody at all.
    town.insert(900, Citizen::of(5_000_000));
    deliver(&library, way, &[(900, &town[&900], Rows::User)], &[]);
    assert_eq!(counts(&library.publish()).unknown, 1);
    town.insert(900, Citizen::of(5_000_000));
    town.get_mut(&6).unwrap().role = "guardian";
    deliver(&library, way, &[(900, &town[&900], Rows::All), (6, &town[&6], Rows::Role)], &[]);
    library.publish();
    assert!(accepts(&library, 5_000_000, "0201") && library.row(1_000_006).is_none());
    ends_where_a_bulk_would(&library, &town, true);
}

#[test]
fn any_changes_of_a_month_end_where_a_bulk_would() {
    for v1p2 in [false, true] {
        let mut town = town(120);
        let library = library(&town);
        deliver_bulk(&library, &town, v1p2);
        library.publish();
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from((state >> 33) % u64::from(below)).unwrap()
        };
        for _ in 0..25 {
            let (mut changed, mut gone) = (BTreeMap::new(), Vec::new());
            for _ in 0..6 {
                let key = random(130);
                let Some(citizen) = town.get_mut(&key) else {
                    town.insert(key, Citizen { born: "2014-07-08", ..Citizen::of(1_000_000 + key) });
                    changed.insert(key, Rows::All);
                    gone.retain(|other| *other != key);
                    continue;
                };
                let rows = match random(7) {
                    0 => {
                        citizen.enabled = !citizen.enabled;
                        Rows::User
                    }
                    1 => {
                        citizen.grade = ["09", "10", ""][random(3) as usize];
                        Rows::User
                    }
                    2 => {
                        citizen.school = ["s1", "s2", "s3"][random(3) as usize];
                        if v1p2 { Rows::Role } else { Rows::User }
                    }
                    3 => {
                        citizen.born = ["2012-02-01", "2013-03-04", "", "2011-11-11"][random(4) as usize];
                        Rows::Birth
                    }
                    4 => {
                        citizen.role = ["student", "teacher", "guardian", "student"][random(4) as usize];
                        // A row of a parent is kept of nobody, so that whoever is one no more comes whole.
                        Rows::All
                    }
                    5 => {
                        citizen.id = 1_000_000 + random(130);
                        Rows::All
                    }
                    _ => {
                        town.remove(&key);
                        changed.remove(&key);
                        gone.push(key);
                        continue;
                    }
                };
                let told = changed.entry(key).or_insert(rows);
                *told = if *told == rows { rows } else { Rows::All };
            }
            let people: Vec<_> = changed.iter().map(|(key, rows)| (*key, &town[key], *rows)).collect();
            gone.retain(|key| !changed.contains_key(key));
            deliver(&library, Way { v1p2, time: "", ..DELTA }, &people, &gone);
            assert!(
                matches!(library.sync(Mode::Forced).unwrap(), Outcome::Published(report, None) if report.delta.is_some())
            );
        }
        ends_where_a_bulk_would(&library, &town, v1p2);
    }
}

#[test]
fn a_card_may_be_the_source_id_itself() {
    let mut library = Library::new();
    let form = patron::CardForm::new(patron::CardSpec::plain(IdSource::SourceId, "", "u[0-9]+", SPACE)).unwrap();
    library.district.cards = CardRules::new(vec![form]);
    library.district.source.as_mut().unwrap().delta = true;
    let mut town = town(50);
    deliver_bulk(&library, &town, false);
    library.publish();
    town.remove(&7);
    deliver(&library, DELTA, &[], &[7]);
    library.publish();
    assert!(library.row_in(SPACE, "u7").is_none() && library.row_in(SPACE, "u8").is_some());
    ends_where_a_bulk_would(&library, &town, false);
}

#[test]
fn deltas_that_lie_there_are_taken_the_oldest_first_after_the_newest_bulk() {
    use std::time::{Duration, SystemTime};
    let mut library = Library::new();
    let source = library.district.source.as_mut().unwrap();
    (source.delta, source.after) = (true, After::Keep);
    let town = town(100);
    let zips = library.folder.path().join("inbox");
    let disabled = Citizen { enabled: false, ..Citizen::of(1_000_003) };
    // Written in another order than they are to be taken in.
    type Delivery<'a> = (&'a str, u64, &'a dyn Fn(&Library));
    let later = Way { time: "", ..DELTA };
    let deliveries: [Delivery<'_>; 5] = [
        ("c-enabled.zip", 50, &|library| deliver(library, later, &[(3, &Citizen::of(1_000_003), Rows::User)], &[])),
        ("old-delta.zip", 10, &|library| deliver(library, later, &[], &[1, 2])),
        ("z-bulk.zip", 30, &|library| deliver_bulk(library, &town, false)),
        ("a-disabled.zip", 40, &|library| deliver(library, later, &[(3, &disabled, Rows::User)], &[5])),
        ("old-bulk.zip", 20, &|library| deliver_bulk(library, &self::town(40), false)),
    ];
    let kept = tempfile::tempdir().unwrap();
    for (name, age, write) in deliveries {
        write(&library);
        let path = kept.path().join(name);
        zip(&zips, &path);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + age);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    fs::remove_dir_all(&zips).unwrap();
    fs::rename(kept.path(), &zips).unwrap();

    let report = library.publish();
    assert!(report.delta.is_none() && (report.people, report.follow) == (100, 2), "the newest bulk");
    let report = library.publish();
    assert_eq!((report.delta.map(|delta| delta.gone), report.follow), (Some(1), 1));
    assert!(!student(&library, 1_000_003).student.enabled && library.row(1_000_005).is_none());
    assert_eq!(library.publish().follow, 0);
    assert!(student(&library, 1_000_003).student.enabled && library.row(1_000_001).is_some());
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::NothingToDo), "each is taken once");

    // Other rules: of what lies there the bulk alone would bring back who left since, and the deltas are done.
    library.district.cards = CardRules::new(vec![card("9", "[0-9]{7}", &[], SPACE)]);
    for mode in [Mode::Scheduled, Mode::Manual] {
        let Err(SyncError::Source(refusal)) = library.sync(mode) else { panic!("{mode:?}") };
        assert!(refusal.to_string().contains("ask the district for a bulk export"), "{refusal}");
    }
    assert!(library.row(1_000_005).is_none() && library.row(1_000_003).is_some(), "the last roster serves on");
}

/// Packs the files of a folder, as a district would.
fn zip(folder: &std::path::Path, to: &std::path::Path) {
    let mut zip = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        zip.start_file(entry.file_name().to_str().unwrap(), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &fs::read(entry.path()).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}
