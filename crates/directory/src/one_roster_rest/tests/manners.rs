//! How a server is asked, and how the several ways it may answer are read.

use std::sync::atomic::{AtomicUsize, Ordering};

use patron::{IdSource, Role};

use super::*;

/// Answers one call otherwise, the `number`th from 0, and the others as a good server with three students.
fn once(number: usize, reply: impl Fn() -> Reply + Send + Sync + 'static) -> impl Fn(&Asked) -> Reply + Send + Sync {
    let calls = AtomicUsize::new(0);
    move |asked| match calls.fetch_add(1, Ordering::Relaxed) == number {
        true => reply(),
        false => paged(&students(3), asked),
    }
}

#[test]
fn the_next_offset_is_the_rows_received_and_the_end_an_empty_page() {
    let collections = students(1100);
    let pulled =
        pull(move |asked| paged(&collections, asked).with("Link", "<http://x/,>; rel=\"next\""), &battery::least());
    assert_eq!(pulled.people().len(), 1100);
    let offsets: Vec<&str> = pulled
        .asked
        .iter()
        .filter(|asked| asked.path.ends_with("/users"))
        .map(|asked| asked.parameter("offset"))
        .collect();
    assert_eq!(offsets, ["0", "500", "1000", "1100"]);
    assert!(pulled.asked.iter().all(|asked| asked.parameter("limit") == "5000"));
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let pulled = pull(|asked| paged(&students(1), asked), &battery::least());
    assert!(pulled.asked.iter().all(|asked| !asked.path.ends_with("/demographics")));
    let users = pulled.asked.iter().find(|asked| asked.path.ends_with("/users")).unwrap();
    assert_eq!(users.parameter("fields"), "sourcedId,status,enabledUser,grades,role,orgs,identifier");
}

#[test]
fn a_server_that_lets_nobody_choose_fields_sends_all_of_them() {
    let pulled = pull(
        |asked| match asked.parameter("fields") {
            "" => paged(&students(1), asked),
            _ => Reply::status(400),
        },
        &battery::least(),
    );
    assert_eq!((pulled.people().len(), pulled.asked.len()), (1, 6));
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    for (header, wait) in [("7", 7000), ("0", 2000), ("Thu, 18 Nov 2026 11:46:50 GMT", 2000), ("soon", 2000)] {
        let pulled = pull(once(1, move || Reply::status(429).with("Retry-After", header)), &battery::least());
        assert_eq!((pulled.people().len(), pulled.waits), (3, vec![wait]), "{header}");
    }
}

#[test]
fn a_server_that_asks_for_hours_is_left_to_the_next_sync() {
    let pulled = pull(once(0, || Reply::status(503).with("Retry-After", "7200")), &battery::least());
    assert_eq!(pulled.trouble(), (&Trouble::Later { status: 503, seconds: 7200 }, Some((1, 1))));
    assert!(pulled.waits.is_empty());
}

#[test]
fn a_server_in_trouble_is_tried_four_times_with_longer_waits() {
    let pulled = pull(|_| Reply::status(502), &battery::least());
    assert_eq!(pulled.trouble().0, &Trouble::Busy { tries: 4, last: "status 502".into() });
    assert_eq!((pulled.asked.len(), pulled.waits), (4, vec![2000, 4000, 8000]));
}

#[test]
fn a_pull_does_not_go_on_for_ever() {
    let page = AtomicUsize::new(0);
    let pulled = pull(
        move |_| match page.fetch_add(1, Ordering::Relaxed) {
            even if even.is_multiple_of(2) => Reply::status(503).with("Retry-After", "300"),
            odd => Reply::json(&json!({"orgs": [{"sourcedId": format!("o{odd}")}]})),
        },
        &battery::least(),
    );
    assert_eq!(pulled.trouble().0, &Trouble::TooLong { hours: 2 });
    assert_eq!(pulled.waits.iter().sum::<u64>(), 7_500_000, "the first look at the clock after 2 hours");
}

#[test]
fn between_pages_there_is_a_pause() {
    let stand_in = StandIn::start(|asked| paged(&students(3), asked));
    let pause = Duration::from_millis(250);
    let settings = Settings { pause, ..settings(&stand_in, Version::V1p1, Auth::OAuth1Sha256) };
    let (mut server, clock) = open(settings);
    battery::read(&mut server, &battery::least()).unwrap();
    assert_eq!((stand_in.asked().len(), clock.waits()), (4, vec![250; 3]));
}

fn pull_with_token(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Result<usize, Refusal>, Vec<Asked>) {
    let stand_in = StandIn::start(answer);
    let (mut server, _) = open(settings(&stand_in, Version::V1p1, oauth2()));
    let result = battery::read(&mut server, &battery::least()).map(|(people, _)| people.len());
    (result, stand_in.asked())
}

#[test]
fn one_token_serves_all_pages_and_a_withdrawn_one_is_renewed_once() {
    let calls = AtomicUsize::new(0);
    let (result, asked) = pull_with_token(move |asked| match calls.fetch_add(1, Ordering::Relaxed) {
        2 => Reply::status(401),
        _ => signed_in(asked).unwrap_or_else(|| paged(&students(1), asked)),
    });
    assert_eq!(result.unwrap(), 1);
    assert_eq!(asked.iter().filter(|asked| asked.path == "/token").count(), 2);
    let (result, asked) = pull_with_token(|asked| match asked.path == "/token" {
        true => signed_in(asked).unwrap(),
        false => Reply::status(401),
    });
    assert!(matches!(result, Err(Refusal::Server(fault)) if fault.trouble == Trouble::Credentials { status: 401 }));
    assert_eq!(asked.len(), 4);
}

#[test]
fn a_server_that_wants_the_secret_in_the_form_gets_it_there() {
    let form = "grant_type=client_credentials&scope=roster.readonly%20x&client_id=hallpass%20%26%20co\
                &client_secret=Marker%2Fsecret%2B1";
    let (result, asked) = pull_with_token(move |asked| match asked.path == "/token" {
        true if asked.body == form && asked.header("authorization").is_empty() => {
            Reply::json(&json!({"access_token": "t0", "expires_in": "3600"}))
        }
        true => Reply::status(400),
        false => signed_in(asked).unwrap_or_else(|| paged(&students(1), asked)),
    });
    assert_eq!(result.unwrap(), 1);
    assert_eq!(asked.iter().filter(|asked| asked.path == "/token").count(), 2);
}

#[test]
fn a_token_that_is_refused_or_is_none_is_a_refusal() {
    for (body, status, trouble) in [
        ("{}", 401, Trouble::Credentials { status: 401 }),
        (r#"{"access_token":"Marker 1"}"#, 200, Trouble::NoToken),
        (r#"{"access_token":"Marker","token_type":"mac"}"#, 200, Trouble::NoToken),
        ("<html>Marker", 200, Trouble::NoToken),
    ] {
        let (result, _) = pull_with_token(move |_| Reply { status, ..Reply::body(body) });
        let Err(Refusal::Server(fault)) = result else { panic!("a refusal") };
        assert!(fault.url.ends_with("/token") && !fault.to_string().contains("Marker"));
        assert_eq!(fault.trouble, trouble, "{body}");
    }
}

#[test]
fn people_who_are_to_be_deleted_are_left_out() {
    let mut collections = students(3);
    collections["users"][1]["status"] = "tobedeleted".into();
    let pulled = pull(move |asked| paged(&collections, asked), &battery::least());
    let (people, reading) = pulled.result.unwrap();
    assert_eq!((people.len(), reading.withdrawn, reading.warnings.len()), (2, 1, 0));
}

#[test]
fn ids_and_pins_are_found_where_servers_keep_them() {
    let mut collections = students(1);
    let user = &mut collections["users"][0];
    (user["identifier"], user["password"], user["grades"]) = (1234567.into(), "0423".into(), "07".into());
    let wanted = Wanted {
        ids: vec![IdSource::Identifier, IdSource::UserId("SIS".into()), IdSource::SourceId, IdSource::Username],
        pin_columns: vec!["password".into(), "metadata.pin".into()],
        ..battery::least()
    };
    let pulled = pull(move |asked| paged(&collections, asked), &wanted);
    let [person] = pulled.people() else { panic!("one person") };
    assert_eq!(person.ids, ["1234567", "0000001", "u0", ""]);
    assert_eq!(person.student.grade, patron::Grade::parse("07"), "a text where a list belongs");
    assert_eq!([person.pins[0].as_str(), person.pins[1].as_str()], ["0423", "0423"]);
}

#[test]
fn of_several_roles_the_primary_one_that_is_active_counts() {
    let mut collections = people::collections(Version::V1p2, &[ADA]);
    let role = |kind: &str, role: &str, org: &str, end: &str| json!({"roleType": kind, "role": role, "org": {"sourcedId": org}, "beginDate": "2020-01-01", "endDate": end});
    collections["users"][0]["roles"] = json!([
        role("secondary", "teacher", "s2", "2027-06-30"),
        role("primary", "administrator", "s1", "2026-11-23"),
        role("primary", "student", "s1", "2026-11-24"),
    ]);
    let stand_in = StandIn::start(move |asked| paged(&collections, asked));
    let (mut server, _) = open(settings(&stand_in, Version::V1p2, Auth::OAuth1Sha1));
    let (people, reading) = battery::read(&mut server, &battery::least()).unwrap();
    assert_eq!((people[0].student.role, people[0].student.schools.len()), (Role::Student, 2));
    assert_eq!(reading.schools.iter().map(|school| school.source_id.as_str()).collect::<Vec<_>>(), ["s1", "s2"]);
}

#[test]
fn each_pull_is_another_state_so_that_a_refused_one_is_tried_again() {
    let stand_in = StandIn::start(|asked| paged(&students(1), asked));
    let at = |clock: &TestClock| {
        let settings = settings(&stand_in, Version::V1p1, Auth::OAuth1Sha1);
        let server = Server::with_clock(settings, Secret::of(SECRET), Box::new(clock.clone())).unwrap();
        server.fingerprint().unwrap()
    };
    let clock = TestClock::default();
    let first = at(&clock);
    clock.wait(Duration::from_nanos(1));
    assert_ne!(at(&clock), first);
}
