//! What a server is asked for where only changes are wanted, and what is made of it.

use jiff::civil::{Date, date};
use patron::SchoolIndex;

use super::*;
use crate::{Before, Change, Extent, School, What};

fn wanted() -> Wanted {
    Wanted { records: true, ..battery::all() }
}

/// The school `s1` has the first place, and then comes one that the server no longer lists.
fn before() -> Before {
    let school = |id: &str| School { source_id: id.into(), name: "Old Name".into(), identifier: None };
    Before { schools: vec![school("gone"), school("s1")], others: vec!["d1".into()], since: 1_795_305_600_000 }
}

fn server(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Server, StandIn) {
    let stand_in = StandIn::start(move |asked| signed_in(asked).unwrap_or_else(|| answer(asked)));
    (open(settings(&stand_in, Version::V1p1, Auth::OAuth1Sha256)).0, stand_in)
}

fn changes(server: &mut Server) -> Result<Option<(Vec<Change>, Reading)>, Refusal> {
    let mut changes = Vec::new();
    let reading = server.changes(&wanted(), &before(), &mut |change| changes.push(change))?;
    Ok(reading.map(|reading| (changes, reading)))
}

#[test]
fn a_server_is_asked_for_what_changed_since_and_every_request_is_signed() {
    let mut collections = students(3);
    collections["users"][1] = json!({"sourcedId": "u1", "status": "tobedeleted"});
    collections["users"][2]["enabledUser"] = "Marker".into();
    let (mut server, stand_in) = server(move |asked| paged(&collections, asked));
    assert_eq!(server.extent(), Extent::Either);
    let (changes, reading) = changes(&mut server).unwrap().unwrap();

    let asked = stand_in.asked();
    let of = |end: &str| asked.iter().filter(|asked| asked.path.ends_with(end)).collect::<Vec<_>>();
    for collection in ["/users", "/demographics"] {
        let asked = of(collection);
        assert_eq!(asked.len(), 2, "a page and an empty one");
        assert!(asked.iter().all(|asked| asked.parameter("filter") == "dateLastModified>'2026-11-22T00:00:00.000Z'"));
        assert!(asked.iter().all(|asked| asked.parameter("fields").ends_with(",dateLastModified")));
    }
    assert!(of("/orgs").iter().all(|asked| asked.parameter("filter").is_empty()), "all of them");

    let users: Vec<&Change> = changes.iter().filter(|change| matches!(change.what, What::Is(_) | What::Gone)).collect();
    let [ada, gone, broken] = users.as_slice() else { panic!("{changes:?}") };
    let What::Is(person) = &ada.what else { panic!("a person") };
    // Places go on from those before, under today's names; a district is no school here either.
    assert_eq!((&person.student.schools[..], person.birth_date), (&[SchoolIndex(1)][..], None));
    assert_eq!(
        (reading.schools[1].name.as_str(), reading.schools.len(), &reading.others[..]),
        ("First School", 3, &["d1".to_owned()][..])
    );
    assert_eq!((ada.source_id.as_str(), ada.modified), ("u0", 1_795_305_600_000));
    assert!(matches!(gone.what, What::Gone) && matches!(broken.what, What::Gone));
    assert_eq!((reading.undecodable.count, reading.newest), (1, 1_795_305_600_000));
    let born =
        changes.iter().filter(|change| matches!(change.what, What::Born(Some(born)) if born == date(2012, 4, 23)));
    assert_eq!(born.count(), 3);
}

#[test]
fn nothing_new_is_no_empty_district() {
    let (mut server, _stand_in) = server(|asked| match asked.parameter("filter") {
        "" => paged(&students(1), asked),
        _ => paged(&json!({"users": [], "demographics": []}), asked),
    });
    let (changes, reading) = changes(&mut server).unwrap().unwrap();
    assert_eq!((changes.len(), reading.rows, reading.schools.len()), (0, 0, 3));
}

fn one_user() -> Reply {
    Reply::json(&json!({"users": [{"sourcedId": "u0"}], "demographics": []}))
}

#[test]
fn a_server_that_does_not_know_the_filter_cannot_say_and_one_that_is_down_is_a_refusal() {
    let (mut one, _stand_in) = server(|asked| match asked.parameter("filter") {
        "" => paged(&students(1), asked),
        _ => Reply::status(400),
    });
    assert!(changes(&mut one).unwrap().is_none());
    // Others forget it in their total, or in the next page.
    let total = |asked: &Asked| match (asked.parameter("filter"), asked.parameter("offset")) {
        ("", _) => paged(&students(1), asked),
        (_, "0") => one_user().with("X-Total-Count", "9"),
        _ => Reply::json(&json!({"users": [], "demographics": []})),
    };
    let again = |asked: &Asked| match asked.parameter("filter") {
        "" => paged(&students(1), asked),
        _ => one_user(),
    };
    let ((mut one, _total), (mut other, _again)) = (server(total), server(again));
    assert!(changes(&mut one).unwrap().is_none() && changes(&mut other).unwrap().is_none());
    let (mut other, _stand_in) = server(|asked| match asked.parameter("filter") {
        "" => paged(&students(1), asked),
        _ => Reply::status(403),
    });
    assert!(matches!(changes(&mut other), Err(Refusal::Server(fault)) if fault.trouble == Trouble::Forbidden));
}

#[test]
fn a_birth_date_is_asked_for_by_key_which_no_fault_tells() {
    let one = |body: Value| Reply::json(&json!({ "demographics": body }));
    let (mut server, stand_in) = server(move |asked| match asked.path.rsplit('/').next().unwrap() {
        "a b" | "a%20b" => one(json!({"sourcedId": "a b", "birthDate": "2012-04-23"})),
        "list" => one(json!([{"sourcedId": "list", "birthDate": "2011-01-02"}])),
        "none" => one(json!({"sourcedId": "none"})),
        "gone" => one(json!({"sourcedId": "gone", "status": "tobedeleted", "birthDate": "2012-04-23"})),
        "Marker" => Reply::status(403),
        _ => Reply::status(404),
    });
    let keys = ["a b", "list", "none", "gone", "unknown"];
    let births = server.birth_dates(&keys, &wanted()).unwrap().unwrap();
    let known: [Option<Date>; 5] = [Some(date(2012, 4, 23)), Some(date(2011, 1, 2)), None, None, None];
    assert_eq!(births, known);
    assert_eq!(stand_in.asked().len(), 5);
    let refusal = server.birth_dates(&["Marker"], &wanted()).unwrap_err();
    let told = format!("{refusal} {refusal:?}");
    assert!(told.contains("/demographics: the server knows us") && !told.contains("Marker"), "{told}");
}

#[test]
fn a_whole_pull_tells_keys_and_times_where_records_are_kept_and_else_does_not() {
    let (mut server, _stand_in) = server(|asked| paged(&students(2), asked));
    let (people, reading) = battery::read(&mut server, &wanted()).unwrap();
    let record = people[1].record.as_ref().unwrap();
    assert_eq!((record.source_id.as_str(), record.modified), ("u1", 1_795_305_600_000));
    assert_eq!((&reading.others[..], reading.newest), (&["d1".to_owned()][..], 1_795_305_600_000));
    let (people, _) = battery::read(&mut server, &battery::all()).unwrap();
    assert!(people[0].record.is_none());
}
