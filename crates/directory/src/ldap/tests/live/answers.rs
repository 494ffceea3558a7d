//! What the answers to a student's bind mean, also those that no server here gives.

use tempfile::tempdir;

use super::{Told, naming, searching, silent, told, trouble};
use crate::ldap::live::Live;
use crate::ldap::tests::fake::{self, Answer, BOUND, done, element, entry};
use crate::ldap::{Server, Trouble};

/// A bind's answer with these words and controls.
fn answer(code: u8, words: &str, controls: &[u8]) -> Vec<u8> {
    let parts = [element(0x0a, &[code]), element(0x04, b""), element(0x04, words.as_bytes())].concat();
    fake::message(&element(0x61, &parts), controls)
}

/// What Active Directory says with result 49.
fn active_directory(data: &str) -> Vec<u8> {
    answer(
        49,
        &format!("80090308: LdapErr: DSID-0C0903D9, comment: AcceptSecurityContext error, data {data}, v4563"),
        b"",
    )
}

/// The control of a password policy with these parts.
fn policy(parts: &[u8]) -> Vec<u8> {
    let value = element(0x04, &element(0x30, parts));
    element(0xa0, &element(0x30, &[element(0x04, b"1.3.6.1.4.1.42.2.27.8.5.1"), value].concat()))
}

fn asking(answer: Vec<u8>) -> Live {
    Live::new(naming(vec![fake::serve(vec![Answer::SayAndClose(answer)]).0]))
}

#[tokio::test]
async fn active_directory_is_asked_why_a_student_is_refused() {
    let cases = [
        ("525", Told::Nobody),
        ("52e", Told::Wrong),
        ("530", Told::NotNow),
        ("531", Told::NotNow),
        ("532", Told::MustChange),
        ("533", Told::Disabled),
        ("701", Told::Expired),
        ("773", Told::MustChange),
        ("775", Told::Locked),
        ("5333", Told::Wrong),
        ("", Told::Wrong),
    ];
    for (data, means) in cases {
        assert_eq!(told(&asking(active_directory(data)), "7").await, means, "{data}");
    }
    // Without words, and with others, it is only not right.
    for words in ["", "Invalid credentials", "data", "\u{fffd} data 775 "] {
        let means = if words.contains("775") { Told::Locked } else { Told::Wrong };
        assert_eq!(told(&asking(answer(49, words, b"")), "7").await, means, "{words}");
    }
}

#[tokio::test]
async fn a_password_policy_is_heard_with_any_result() {
    let [expired, locked, reset, reused] = [0, 1, 2, 8].map(|error| element(0x81, &[error]));
    let (days, logins) = (element(0xa0, &element(0x80, &[5])), element(0xa0, &element(0x81, &[1])));
    let cases = [
        (49, vec![], Told::Wrong),
        (49, expired.clone(), Told::MustChange),
        (49, locked.clone(), Told::Locked),
        // As 389 Directory Server has it.
        (19, locked.clone(), Told::Locked),
        (53, locked.clone(), Told::Locked),
        (0, reset.clone(), Told::MustChange),
        (49, reset, Told::MustChange),
        (0, reused, Told::Right),
        (0, days.clone(), Told::Right),
        (0, logins, Told::Right),
        (0, [days, expired].concat(), Told::MustChange),
    ];
    for (code, parts, means) in cases {
        let policy = policy(&parts);
        assert_eq!(told(&asking(answer(code, "", &policy)), "7").await, means, "{code} {policy:?}");
    }
    // Other controls, and one without a value, say nothing.
    let other = element(0xa0, &element(0x30, &element(0x04, b"1.2.3")));
    assert_eq!(told(&asking(answer(0, "", &other)), "7").await, Told::Right);
}

#[tokio::test]
async fn a_refusal_that_is_not_the_students_is_silence() {
    for code in [1, 2, 8, 10, 13, 19, 51, 52, 53, 80] {
        let silent = silent(&asking(answer(code, "Marker", b"")), "7").await;
        assert!(silent.forwarded, "{code}");
        match trouble(&silent) {
            Trouble::Encryption(told) | Trouble::Result(told) => assert_eq!(*told, u32::from(code)),
            Trouble::Elsewhere => assert_eq!(code, 10),
            other => panic!("{code}: {other}"),
        }
    }
    let told_of = |code| async move { told(&asking(answer(code, "", b"")), "7").await };
    assert_eq!((told_of(32).await, told_of(48).await), (Told::Nobody, Told::Wrong));
}

#[tokio::test]
async fn what_is_not_wholly_an_answer_is_never_right() {
    let mut cases = vec![
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        // No result at all, an empty one, and one that wraps round to 0.
        fake::message(&element(0x61, b""), b""),
        fake::message(&element(0x61, &[element(0x0a, b""), element(0x04, b""), element(0x04, b"")].concat()), b""),
        fake::message(
            &element(0x61, &[element(0x0a, &[1, 0, 0, 0, 0]), element(0x04, b""), element(0x04, b"")].concat()),
            b"",
        ),
        // The end of a search, in place of a bind's.
        done(0, b""),
        // Controls that are none.
        answer(0, "", &element(0xa0, &element(0x04, b"x"))),
        answer(0, "", &element(0x04, b"x")),
        answer(0, "", &policy(&element(0x04, b"x"))),
        answer(0, "", &policy(&element(0x81, b""))),
    ];
    cases.extend((0..BOUND.len()).map(|length| BOUND[..length].to_vec()));
    for bytes in cases {
        let silent = silent(&asking(bytes.clone()), "7").await;
        assert!(silent.forwarded, "{}", bytes.escape_ascii());
        assert!(matches!(trouble(&silent), Trouble::NotLdap | Trouble::Cut), "{}: {silent}", bytes.escape_ascii());
    }
    assert_eq!(told(&asking(BOUND.to_vec()), "7").await, Told::Right);
}

/// What a search for a student is answered with, behind the service account's bind.
fn found(answer: Vec<u8>) -> (tempfile::TempDir, Live) {
    let folder = tempdir().unwrap();
    let (server, _): (Server, _) = fake::serve(vec![Answer::Say(BOUND.to_vec()), Answer::Say(answer)]);
    let live = Live::new(searching(folder.path(), vec![server]));
    (folder, live)
}

#[tokio::test]
async fn more_than_one_entry_is_nobody_to_bind_as() {
    let two = [entry("cn=a", "7"), entry("cn=b", "7")].concat();
    let cases = [
        ([two.clone(), done(0, b"")].concat(), Told::Several),
        ([two.clone(), done(4, b"")].concat(), Told::Several),
        // Nor is there any waiting for the end.
        (two, Told::Several),
        ([entry("cn=a", "7"), done(4, b"")].concat(), Told::Several),
        (done(0, b""), Told::Nobody),
        // A reference to another server is nobody, and is not followed.
        ([fake::message(&element(0x73, &element(0x04, b"ldap://far/cn=a")), b""), done(0, b"")].concat(), Told::Nobody),
    ];
    for (answer, means) in cases {
        assert_eq!(told(&found(answer).1, "7").await, means);
    }
}

#[tokio::test]
async fn a_search_that_fails_finds_nobody_and_denies_nobody() {
    let no_entry = fake::message(&element(0x64, &element(0x04, b"cn=a")), b"");
    let cases = [
        // Under an empty name anybody is let in.
        [entry("", "7"), done(0, b"")].concat(),
        [entry(" ", "7"), done(0, b"")].concat(),
        [no_entry, done(0, b"")].concat(),
        done(4, b""),
        done(11, b""),
        done(32, b""),
        done(50, b""),
        done(52, b""),
        [entry("cn=a", "7"), done(50, b"")].concat(),
        b"\x30\x05\x02\x01\x02\x65\x00".to_vec(),
    ];
    for answer in cases {
        let silent = silent(&found(answer.clone()).1, "7").await;
        assert!(!silent.forwarded, "{}: {silent}", answer.escape_ascii());
    }
}
