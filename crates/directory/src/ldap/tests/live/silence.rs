//! Servers that fall silent: how long it takes, and how often a password is sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::tempdir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Settings, Told, naming, searching, silent, told, trouble, verify};
use crate::ldap::live::Live;
use crate::ldap::tests::fake::{self, Answer, BOUND, done, entry};
use crate::ldap::{Security, Server, Trouble};

fn hasty(settings: Settings) -> Live {
    Live::new(Settings { timeout: Duration::from_secs(1), ..settings })
}

#[tokio::test]
async fn a_password_is_sent_once_to_one_server() {
    for answer in [Answer::Nothing, Answer::SayAndClose(Vec::new()), Answer::Say(b"HTTP/1.1 400\r\n\r\n".to_vec())] {
        let (first, asked) = fake::serve(vec![answer]);
        let (second, spared) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
        let live = hasty(naming(vec![first, second]));
        let silent = silent(&live, "7").await;
        assert!(silent.forwarded, "{silent}");
        assert_eq!((asked.load(Ordering::SeqCst), spared.load(Ordering::SeqCst)), (1, 0));
        // The next login does not begin with a server that fell silent.
        assert_eq!(told(&live, "7").await, Told::Right);
        assert_eq!((asked.load(Ordering::SeqCst), spared.load(Ordering::SeqCst)), (1, 1));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_passed_over_before_the_password_is_sent() {
    let down = Server { host: "127.0.0.1".to_owned(), port: 1, security: Security::Plain };
    let (second, _) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
    assert_eq!(told(&Live::new(naming(vec![down.clone(), second])), "7").await, Told::Right);
    let silent = silent(&Live::new(naming(vec![down.clone(), down])), "7").await;
    assert!(
        !silent.forwarded && silent.to_string().matches("ldap://127.0.0.1:1: cannot connect").count() == 2,
        "{silent}"
    );
}

#[tokio::test]
async fn a_server_that_finds_a_student_and_does_not_answer_the_bind_was_sent_the_password() {
    let folder = tempdir().unwrap();
    // The first connection searches, the second is the student's.
    let found = [entry("cn=a", "7"), done(0, b"")].concat();
    let (server, connections) =
        fake::serve_each(vec![vec![Answer::Say(BOUND.to_vec()), Answer::Say(found)], vec![Answer::Nothing]]);
    let live = hasty(searching(folder.path(), vec![server]));
    let begun = Instant::now();
    let silent = silent(&live, "7").await;
    assert!(silent.forwarded && matches!(trouble(&silent), Trouble::Silent(_)), "{silent}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_was_kept_and_has_ended_costs_no_login() {
    let folder = tempdir().unwrap();
    let found = |number: &str| Answer::SayAndClose([entry(&format!("cn={number}"), number), done(0, b"")].concat());
    let bound = || Answer::Say(BOUND.to_vec());
    // The search that is answered by a closed connection is asked again; the bind has one to itself each time.
    let (server, connections) = fake::serve_each(vec![
        vec![bound(), Answer::SayAndClose(Vec::new())],
        vec![bound(), found("7")],
        vec![bound()],
        vec![bound(), found("8")],
        vec![bound()],
    ]);
    let (second, spared) = fake::serve(vec![Answer::Nothing]);
    let live = Live::new(searching(folder.path(), vec![server, second]));
    assert_eq!((told(&live, "7").await, told(&live, "8").await), (Told::Right, Told::Right));
    // It says nothing against the server either.
    assert_eq!((connections.load(Ordering::SeqCst), spared.load(Ordering::SeqCst)), (5, 0));
}

#[tokio::test]
async fn no_more_connections_are_opened_than_are_allowed() {
    let (server, connections) = fake::serve(vec![Answer::Nothing]);
    let live = std::sync::Arc::new(hasty(Settings { connections: 2, ..naming(vec![server]) }));
    let mut logins = JoinSet::new();
    for _ in 0..5 {
        let live = std::sync::Arc::clone(&live);
        logins.spawn(async move { verify(&live, "7", super::PASSWORD).await.unwrap_err() });
    }
    let silent = logins.join_all().await;
    let busy = silent.iter().filter(|silent| matches!(trouble(silent), Trouble::Busy(2))).count();
    let forwarded = silent.iter().filter(|silent| silent.forwarded).count();
    assert_eq!((busy, forwarded, connections.load(Ordering::SeqCst)), (3, 2, 2));
}

/// Waits until so many connections are open.
async fn counts(open: &AtomicUsize, expected: usize) {
    let counted = async {
        while open.load(Ordering::SeqCst) != expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_given_up_leaves_no_connection_behind() {
    let (server, open) = fake::serve_counting(vec![Answer::Nothing]);
    let folder = tempdir().unwrap();
    for settings in [naming(vec![server.clone()]), searching(folder.path(), vec![server])] {
        let live = std::sync::Arc::new(Live::new(settings));
        let login = tokio::spawn(async move { verify(&live, "7", super::PASSWORD).await });
        counts(&open, 1).await;
        login.abort();
        counts(&open, 0).await;
    }
}

#[tokio::test]
async fn an_id_that_would_be_taken_for_another_is_not_asked() {
    let (server, connections) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
    let folder = tempdir().unwrap();
    for settings in [naming(vec![server.clone()]), searching(folder.path(), vec![server])] {
        let live = Live::new(settings);
        let long = "7".repeat(257);
        for id in [&long, "", "7\0", "7\n", " 7", "7 ", "P  7", "7\u{ad}", "7\u{200b}", "7\u{a0}", "\u{ff17}"] {
            assert_eq!(told(&live, id).await, Told::Nobody, "{}", id.escape_unicode());
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_no_password_can_be_is_not_asked() {
    let (server, connections) = fake::serve(vec![Answer::Say(BOUND.to_vec())]);
    let live = Live::new(naming(vec![server]));
    assert!(patron::Pin::parse("").is_none());
    assert_eq!(verify(&live, "7", "\0").await.unwrap(), Told::Wrong);
    assert_eq!(verify(&live, "7", "1234\0").await.unwrap(), Told::Wrong);
    assert_eq!(verify(&live, "7", &"1".repeat(257)).await.unwrap(), Told::Wrong);
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_nobody_searches_is_back_when_it_answers() {
    let (up, _) = fake::serve(vec![Answer::Say(done(50, b""))]);
    Live::new(naming(vec![up])).is_back().await.unwrap();
    for answer in [Answer::Nothing, Answer::Say(done(52, b"")), Answer::SayAndClose(Vec::new())] {
        let (down, _) = fake::serve(vec![answer]);
        assert!(hasty(naming(vec![down])).is_back().await.is_err());
    }
}
