//! Servers that are not what they should be: each a refusal that says what, where and who can mend it.

use std::net::TcpListener;

use patron::Actor;

use super::*;

/// Answers as a good server, and otherwise to what is asked of users.
fn with_users(
    count: usize,
    otherwise: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let collections = students(count);
    move |asked| {
        let is_users = asked.path.ends_with("/users");
        is_users.then(|| otherwise(asked)).flatten().unwrap_or_else(|| paged(&collections, asked))
    }
}

#[test]
fn a_server_that_repeats_a_page_is_refused() {
    let collections = students(600);
    let pulled = pull(
        with_users(600, move |asked| {
            let mut first = asked.clone();
            first.parameters.insert("offset".into(), "0".into());
            Some(paged(&collections, &first))
        }),
        &battery::least(),
    );
    assert_eq!(pulled.bad().fault, Fault::RepeatedPage);
    assert!(pulled.bad().file.ends_with("/users, page 2, row 501"), "{}", pulled.bad().file);
    assert_eq!(pulled.refusal().actor(), Actor::District);
}

#[test]
fn a_total_that_is_not_reached_means_that_rows_are_missing() {
    let pulled = pull(
        with_users(3, |asked| {
            (asked.parameter("offset") == "3").then(|| Reply::body(r#"{"users":[]}"#).with("X-Total-Count", "7"))
        }),
        &battery::least(),
    );
    assert_eq!(pulled.bad().fault, Fault::Total { said: 7, received: 3 });
}

#[test]
fn a_total_that_is_too_small_is_not_believed() {
    let pulled = pull(
        with_users(3, |asked| {
            let rows = students(3)["users"].as_array().unwrap().clone();
            let offset: usize = asked.parameter("offset").parse().unwrap();
            let page: Vec<_> = rows.into_iter().skip(offset).take(2).collect();
            Some(Reply::json(&json!({"users": page})).with("X-Total-Count", "1"))
        }),
        &battery::least(),
    );
    assert_eq!(pulled.people().len(), 3);
    let (_, reading) = pulled.result.unwrap();
    assert_eq!(
        reading.warnings[0].to_string(),
        "users: the total that the server names is below what it sends; not believed"
    );
}

#[test]
fn json_that_breaks_off_is_refused_with_its_page() {
    let pulled = pull(
        with_users(600, |asked| {
            (asked.parameter("offset") == "500").then(|| Reply::body(r#"{"users":[{"sourcedId":"Marker"#))
        }),
        &battery::least(),
    );
    assert_eq!(pulled.bad().fault, Fault::BrokenOff);
    assert!(pulled.bad().file.ends_with("/users, page 2, row 501"));
}

#[test]
fn a_page_that_is_something_else_is_refused() {
    for (body, fault) in [
        ("<html>Marker</html>", Fault::NotJson),
        ("[]", Fault::NotJson),
        (r#"{"students":[]}"#, Fault::NoList { name: "users" }),
        (r#"{"users":{"sourcedId":"Marker"}}"#, Fault::NoList { name: "users" }),
    ] {
        let pulled = pull(with_users(1, move |_| Some(Reply::body(body))), &battery::least());
        assert_eq!(pulled.bad().fault, fault, "{body}");
    }
}

#[test]
fn a_list_without_anybody_is_refused() {
    let pulled = pull(with_users(0, |_| None), &battery::least());
    assert_eq!(pulled.bad().fault, Fault::EmptyList);
    let without = |asked: &Asked| match asked.path.ends_with("/demographics") {
        true => Reply::body(r#"{"demographics":[]}"#),
        false => paged(&students(1), asked),
    };
    let pulled = pull(without, &battery::all());
    assert_eq!((&pulled.bad().fault, pulled.bad().file.ends_with("/demographics")), (&Fault::EmptyList, true));
}

#[test]
fn a_pin_field_that_nobody_has_is_refused() {
    let wanted = Wanted { pin_columns: vec!["metadata.pni".into()], ..battery::least() };
    let pulled = pull(with_users(1, |_| None), &wanted);
    assert_eq!((&pulled.bad().fault, pulled.bad().column.as_deref()), (&Fault::NoField, Some("metadata.pni")));
}

#[test]
fn statuses_that_no_other_try_mends_are_refused_at_once() {
    for (status, trouble, actor) in [
        (401, Trouble::Credentials { status: 401 }, Actor::Sysadmin),
        (403, Trouble::Forbidden, Actor::District),
        (404, Trouble::NotThere, Actor::Sysadmin),
        (418, Trouble::Status { status: 418 }, Actor::District),
        (501, Trouble::Status { status: 501 }, Actor::District),
    ] {
        let pulled = pull(with_users(1, move |_| Some(Reply::status(status))), &battery::least());
        assert_eq!(pulled.trouble(), (&trouble, Some((1, 1))));
        assert_eq!((pulled.refusal().actor(), pulled.waits.len()), (actor, 0), "{status}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let stranger = StandIn::start(|asked| paged(&students(1), asked));
    let elsewhere = format!("{}/users", stranger.url());
    let pulled = pull(with_users(1, move |_| Some(Reply::status(302).with("Location", &elsewhere))), &battery::least());
    assert_eq!(pulled.trouble().0, &Trouble::Redirect { status: 302 });
    assert!(stranger.asked().is_empty(), "the secret's signature went elsewhere");
}

#[test]
fn a_page_over_the_cap_is_refused() {
    let pulled = pull(with_users(1, |_| Some(Reply::body(vec![b' '; (64 << 20) + 1]))), &battery::least());
    assert_eq!(pulled.trouble(), (&Trouble::TooLarge { mib: 64 }, Some((1, 1))));
}

#[test]
fn a_host_that_accepts_and_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let stand_in = StandIn::start(|_| Reply::status(500));
    let settings = Settings {
        url: format!("http://{}/v1p1", silent.local_addr().unwrap()),
        timeout: Duration::from_millis(1100),
        ..settings(&stand_in, Version::V1p1, Auth::OAuth1Sha1)
    };
    let (mut server, clock) = open(settings);
    let Err(Refusal::Server(fault)) = battery::read(&mut server, &battery::least()) else { panic!("a refusal") };
    assert_eq!((fault.trouble, clock.waits()), (Trouble::Silent { seconds: 1 }, vec![]));
}

#[test]
fn a_host_that_refuses_connections_is_tried_a_few_times() {
    let stand_in = StandIn::start(|_| Reply::status(500));
    let settings = settings(&stand_in, Version::V1p1, Auth::OAuth1Sha1);
    drop(stand_in);
    let (mut server, clock) = open(settings);
    let Err(Refusal::Server(fault)) = battery::read(&mut server, &battery::least()) else { panic!("a refusal") };
    assert!(matches!(fault.trouble, Trouble::Busy { tries: 4, .. }), "{fault}");
    assert_eq!(clock.waits(), [2000, 4000, 8000]);
}

#[test]
fn what_else_stands_in_a_page_does_not_matter() {
    let pulled = pull(with_users(1, |_| Some(Reply::body(r#"{"\u0058":[1],"users":[]}"#))), &battery::least());
    assert_eq!(pulled.bad().fault, Fault::EmptyList);
}
