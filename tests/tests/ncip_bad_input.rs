//! Whatever a peer sends: a valid problem or a close, nothing of it comes back, and the next student is served.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use hallpass_tests::{Bundle, Daemon, Http, Person, Site, Wire, input, lookup_user, request, text_of, until, user_id};

const CARD: &str = "1001001";
const PIN: &str = "03042012";
/// Limits that a test can wait for.
const LIMITS: &str =
    "\n[limits]\nframe-time = \"200ms\"\nlogin-time = \"400ms\"\nidle-time = \"600ms\"\nper-source = 3\n";

/// The catalogue by SIP2, by HTTP and by TCP; then HTTP for strangers.
fn service(limits: &str) -> (Site, Daemon) {
    let site = Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    let listener = |protocol: &str, client: &str| {
        format!("[[listener]]\nprotocol = \"{protocol}\"\naddress = \"127.0.0.1:0\"\n{client}\n")
    };
    let bound = "client = \"catalogue\"\n";
    let more = [listener("ncip-http", bound), listener("ncip-tcp", bound), listener("ncip-http", "")].concat();
    site.replace("hallpass.toml", "[admin]", &format!("{more}[admin]"));
    site.append("hallpass.toml", limits);
    let daemon = Daemon::start(&site);
    (site, daemon)
}

fn http(daemon: &Daemon) -> Http {
    Http::connect(daemon.address(2))
}

fn tcp(daemon: &Daemon) -> Wire {
    Wire::connect(daemon.address(3))
}

fn login() -> String {
    lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat())
}

#[track_caller]
fn is_unharmed(daemon: &Daemon) {
    let reply = http(daemon).post("/", &[], &login());
    assert_eq!(text_of(&reply.body, "UserIdentifierValue"), Some(CARD), "{reply:?}");
    assert!(daemon.patron(CARD, PIN).admits());
    assert_eq!(daemon.metric("hallpass_panics_total"), 0);
}

#[track_caller]
fn closes(daemon: &Daemon, cause: &str, times: u64) {
    let counted = || daemon.metric(&format!("hallpass_connections_closed_total{{cause=\"{cause}\"}}"));
    until(cause, || (counted() == times).then_some(()));
}

/// Messages of which none may be acted on: the corpus where this clone has it, and our own.
fn hostile() -> Vec<(String, String)> {
    let message = login();
    let twice = |what: &str| lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN), what.to_owned()].concat());
    let mut hostile: Vec<(String, String)> = [
        (
            "an internal subset",
            message.replace("<ns1:NCIPMessage", "<!DOCTYPE NCIPMessage [<!ENTITY a \"b\">]><ns1:NCIPMessage"),
        ),
        ("an entity", message.replace(CARD, "&card;")),
        ("two PINs", twice(&input("PIN", PIN))),
        ("two user ids", twice(&[user_id(CARD), user_id(CARD)].concat())),
        ("another user id", twice(&user_id("1001002"))),
        ("a truncated body", message.chars().take(message.len() - 30).collect()),
        ("a control character", message.replace(CARD, "1001\u{4}001")),
        ("a wrong encoding", message.replace("UTF-8", "UTF-7")),
        ("nesting", message.replace("</ns1:LookupUser>", &format!("{}</ns1:LookupUser>", "<a>".repeat(60_000)))),
        ("an input of another kind", twice(&input("X.509 Certificate", "x"))),
        ("a digest", twice(&input("MD5 Message Digest Algorithm", "x"))),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples/ncip/security");
    for entry in fs::read_dir(corpus).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("reject-") {
            hostile.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    hostile
}

#[test]
fn hostile_messages_get_a_problem_by_http_and_by_tcp_and_nothing_of_theirs_back() {
    let (_site, daemon) = service("");
    for (name, text) in hostile() {
        let reply = http(&daemon).post("/", &[], &text);
        assert_eq!(reply.status, "HTTP/1.1 200 OK", "{name}: {reply:?}");
        assert!(reply.body.contains("Problem"), "{name}: {reply:?}");
        let told = String::from_utf8(tcp(&daemon).hang_up_after(text.as_bytes())).unwrap();
        for said in [&reply.body, &told] {
            assert!(!said.contains(CARD) && !said.contains(PIN) && !said.contains("1001"), "{name}: {said}");
            assert!(said.len() < 2000, "{name}: {said}");
        }
    }
    is_unharmed(&daemon);
    let log = daemon.log().join("\n");
    assert!(!log.contains(CARD) && !log.contains(PIN), "{log}");
}

#[test]
fn what_is_no_ncip_gets_a_problem_by_http_and_a_close_by_tcp() {
    let (_site, daemon) = service("");
    for text in ["", "nonsense", "<html/>", "{\"card\": 1001001}", &"x".repeat(200_000)] {
        let reply = http(&daemon).post("/", &[], text);
        assert_eq!(text_of(&reply.body, "ProblemType"), Some("Invalid Message Syntax Error"), "{reply:?}");
    }
    for text in ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", &request(CARD, PIN)] {
        assert_eq!(tcp(&daemon).hang_up_after(text.as_bytes()), b"", "{text}");
    }
    closes(&daemon, "unreadable", 3);
    assert_eq!(tcp(&daemon).hang_up_after(b"<html></html>"), b"");
    is_unharmed(&daemon);
}

#[test]
fn xml_at_a_sip2_port_is_no_message_of_sip2() {
    let (_site, daemon) = service("");
    let told = daemon.catalogue().hang_up_after(format!("{}\r", login()).as_bytes());
    let told = String::from_utf8(told).unwrap();
    assert!(!told.contains(CARD) && !told.contains("NCIP"), "{told}");
    is_unharmed(&daemon);
}

#[test]
fn three_unreadable_messages_in_a_row_end_a_connection_and_two_do_not() {
    let (_site, daemon) = service("");
    let mut http = http(&daemon);
    for _ in 0..2 {
        http.post("/", &[], "<NCIPMessage>");
    }
    http.post("/", &[], &login());
    for _ in 0..2 {
        http.post("/", &[], "<NCIPMessage>");
    }
    let third = http.post("/", &[], "<NCIPMessage>");
    assert!(third.head.contains(&"connection: close".to_owned()), "{third:?}");
    assert!(http.is_closed());
    closes(&daemon, "unreadable", 1);
}

#[test]
fn a_body_over_the_limit_is_not_read_to_its_end() {
    let (_site, daemon) = service("");
    let mut declared = http(&daemon);
    let reply = declared.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n<NCIP");
    assert_eq!(reply.status, "HTTP/1.1 413 Payload Too Large");
    let piece = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    let mut chunked = http(&daemon);
    let reply =
        chunked.send(&format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{}", piece.repeat(9)));
    assert_eq!(reply.status, "HTTP/1.1 413 Payload Too Large");
    let endless = format!("<NCIPMessage>{}", "<a>".repeat(100_000));
    assert_eq!(tcp(&daemon).hang_up_after(endless.as_bytes()), b"");
    closes(&daemon, "frame", 3);
    is_unharmed(&daemon);
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let (_site, daemon) = service("");
    for head in [format!("X: {}\r\n", "a".repeat(20_000)), "X: a\r\n".repeat(100)] {
        let reply = http(&daemon).send(&format!("POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 0\r\n\r\n"));
        assert!(reply.status.contains(" 431 "), "{reply:?}");
    }
    is_unharmed(&daemon);
}

#[test]
fn a_message_must_come_whole_in_its_time() {
    // All else may last ten minutes.
    let (_site, daemon) = service("\n[limits]\nframe-time = \"200ms\"\nlogin-time = \"10m\"\n");
    let mut head = Wire::connect(daemon.address(2));
    head.send("POST / HTTP/1.1\r\nHos");
    let mut body = Wire::connect(daemon.address(2));
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<NCIP");
    let mut raw = tcp(&daemon);
    raw.send("<NCIPMessage><LookupUser>");
    for wire in [&mut head, &mut body, &mut raw] {
        wire.rest();
    }
    closes(&daemon, "frame-time", 3);
    is_unharmed(&daemon);
}

#[test]
fn a_silent_connection_is_closed_and_blanks_between_messages_are_silence() {
    let (_site, daemon) = service(LIMITS);
    let (mut http, mut blank) = (http(&daemon), tcp(&daemon));
    blank.send("\n\n");
    // A message that was answered begins the silence anew.
    http.post("/", &[], &login());
    assert!(http.is_closed());
    assert_eq!(blank.rest(), b"");
    closes(&daemon, "idle-time", 2);
    is_unharmed(&daemon);
}

#[test]
fn who_does_not_say_who_it_is_has_few_connections_and_little_time() {
    let (_site, daemon) = service(LIMITS);
    let mut strangers: Vec<Http> = (0..3).map(|_| Http::connect(daemon.address(4))).collect();
    let unknown = strangers[0].post("/", &[], &login());
    assert_eq!(text_of(&unknown.body, "ProblemType"), Some("Unknown Agency"), "{unknown:?}");
    let mut fourth = Http::connect(daemon.address(4));
    assert!(fourth.is_closed());
    closes(&daemon, "per-source", 1);
    for stranger in &mut strangers {
        assert!(stranger.is_closed());
    }
    closes(&daemon, "login-time", 3);
}

#[test]
fn a_peer_that_takes_no_answers_is_let_go() {
    let (_site, daemon) = service("\n[limits]\nwrite-time = \"200ms\"\nframe-time = \"60s\"\n");
    let wire = tcp(&daemon);
    wire.stream().set_write_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
    let message = login();
    // Until the service stops reading, because nobody reads its answers.
    while wire.stream().write_all(message.as_bytes()).is_ok() {}
    closes(&daemon, "write-time", 1);
    is_unharmed(&daemon);
}

#[test]
fn a_stop_lets_a_message_in_hand_be_answered_and_idle_connections_go() {
    let (_site, mut daemon) = service("");
    let (mut idle, mut busy, mut idle_http) = (tcp(&daemon), tcp(&daemon), http(&daemon));
    let message = login();
    let (first, second) = message.split_at(200);
    idle_http.post("/", &[], &message);
    busy.send(first);
    idle.send(&message);
    until("the answer", || (idle.stream().peek(&mut [0]).unwrap() > 0).then_some(()));
    daemon.signal(rustix::process::Signal::TERM);
    assert!(String::from_utf8(idle.rest()).unwrap().contains(CARD));
    assert!(idle_http.is_closed());
    busy.send(second);
    assert!(String::from_utf8(busy.rest()).unwrap().contains(CARD));
    assert_eq!(daemon.wait_for_the_end(), Some(0));
}
