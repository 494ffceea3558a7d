//! Whatever a peer sends: nothing grows, nothing panics, and the next student is served by the same process.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use hallpass_tests::{Daemon, PATIENCE, Roll, Site, Wire, deliver, request, until};

/// Limits that a test can wait for.
const LIMITS: &str = "\n[limits]\nframe-time = \"200ms\"\nlogin-time = \"400ms\"\nidle-time = \"600ms\"\nconnections = 100\nper-source = 3\n";

struct Service {
    _site: Site,
    daemon: Daemon,
    roll: Roll,
}

impl Service {
    fn with(limits: &str) -> Self {
        let (site, roll) = (Site::new(), Roll::of(30));
        site.append("hallpass.toml", limits);
        deliver(&site.inbox(), &roll.files());
        site.sync().succeeded();
        let daemon = Daemon::start(&site);
        Self { _site: site, daemon, roll }
    }

    fn new() -> Self {
        Self::with("")
    }

    /// A good client is served, by the process that was started, and nothing panicked.
    #[track_caller]
    fn is_unharmed(&self) {
        let person = &self.roll.people[0];
        let answer = self.daemon.patron(&person.id, &person.pin());
        assert!(answer.admits(), "{answer:?}");
        assert!(fs::exists(format!("/proc/{}", self.daemon.id())).unwrap());
        assert_eq!(self.daemon.metric("hallpass_panics_total"), 0);
    }

    fn closed_by(&self, cause: &str) -> u64 {
        self.daemon.metric(&format!("hallpass_connections_closed_total{{cause=\"{cause}\"}}"))
    }

    /// Waits until so many connections were ended by a limit: counted once the peer had time to read the last answer.
    #[track_caller]
    fn closes(&self, cause: &str, times: u64) {
        until(cause, || (self.closed_by(cause) == times).then_some(()));
    }

    /// Anonymous resident memory, in KiB.
    fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn a_63(&self) -> String {
        request(&self.roll.people[0].id, &self.roll.people[0].pin())
    }
}

#[test]
fn a_frame_over_the_limit_closes_and_one_at_the_limit_does_not() {
    let service = Service::new();
    let padded = |length: usize| {
        let request = service.a_63();
        format!("{request}XX{}|", "x".repeat(length - request.len() - 3))
    };
    let mut wire = service.daemon.catalogue();
    assert!(wire.ask(padded(4000)).contains("|BLY|CQY|"));
    wire.send(padded(4097));
    assert_eq!(wire.rest(), b"", "no answer to what is too long");
    // What was asked before it is still answered, and nothing after it is read.
    let mut wire = service.daemon.catalogue();
    wire.send(format!("{}\r{}\r{}\r", service.a_63(), "6".repeat(5000), service.a_63()));
    let rest = String::from_utf8(wire.rest()).unwrap();
    assert_eq!(rest.matches("|BLY|CQY|").count(), 1, "{rest}");
    service.closes("frame", 2);
    service.is_unharmed();
}

#[test]
fn a_flood_without_a_line_end_is_cut_off_and_costs_no_memory() {
    let service = Service::new();
    service.is_unharmed();
    let before = service.resident();
    let mut most = before;
    let mut wire = TcpStream::connect(service.daemon.address(0)).unwrap();
    wire.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut sent = 0_u64;
    while sent < 64 << 20 {
        match wire.write(&[b'6'; 64 << 10]) {
            Ok(written) => sent += written as u64,
            Err(error) => {
                assert!(error.kind() != std::io::ErrorKind::WouldBlock, "neither read nor closed");
                break;
            }
        }
        most = most.max(service.resident());
    }
    service.closes("frame", 1);
    most = most.max(service.resident());
    println!("{} KiB sent; {before} KiB resident before, {most} KiB at most", sent >> 10);
    assert!(most < before + 1024, "{before} KiB grew to {most} KiB");
    service.is_unharmed();
}

#[test]
fn too_many_fields_close() {
    let service = Service::new();
    let mut wire = service.daemon.catalogue();
    assert!(wire.ask(service.a_63() + &"XXx|".repeat(55)).contains("|BLY|CQY|"));
    wire.send(service.a_63() + &"XXx|".repeat(65) + "\r");
    assert_eq!(wire.rest(), b"");
    service.is_unharmed();
}

#[test]
fn nuls_garbage_and_unknown_commands_are_ignored_or_closed_and_never_answered_wrongly() {
    let service = Service::new();
    let mut wire = service.daemon.catalogue();
    // Alone they are nothing; around a message they are taken away.
    wire.send([&[0; 500][..], b"\r\r\n\r", &[0; 500], b"\r", b"ZZ not a command\r", b"7\r"].concat());
    wire.send([&[0; 10][..], service.a_63().as_bytes(), &[0; 10], b"\r"].concat());
    assert!(String::from_utf8(wire.line()).unwrap().contains("|BLY|CQY|"));

    // Every byte there is, with and without ends of lines, from a sequence that is the same each time.
    let mut random = 1_u32;
    for round in 0..200 {
        let wire = service.daemon.catalogue();
        let garbage: Vec<u8> = (0..3000)
            .map(|at| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if at % (20 + round) == 0 { b'\r' } else { random.to_be_bytes()[0] }
            })
            .collect();
        // It may close before all is sent.
        let _ = wire.stream().write_all(&garbage);
        let heads = [b"63", b"93", b"23", b"99", b"97", b"01", b"25", b"35", b"11", b"09", b"29", b"65", b"17", b"19"];
        let _ = wire.stream().write_all(&[heads[round % heads.len()], &garbage[..40], b"\r"].concat());
        let answers = String::from_utf8_lossy(&wire.hang_up()).into_owned();
        assert!(!answers.contains("BLY") && !answers.contains("CQY"), "round {round}: {answers}");
    }
    service.is_unharmed();
}

#[test]
fn three_unreadable_messages_in_a_row_close() {
    let service = Service::new();
    let mut wire = service.daemon.catalogue();
    for _ in 0..2 {
        assert!(wire.ask("63000").starts_with("96"));
    }
    assert!(wire.ask(service.a_63()).contains("|BLY|CQY|"), "a readable one starts the count anew");
    for _ in 0..2 {
        assert!(wire.ask("63000").starts_with("96"));
    }
    wire.send("63000\r");
    wire.rest();
    service.is_unharmed();
}

#[test]
fn half_a_frame_has_until_its_time_and_drips_do_not_lengthen_it() {
    let service = Service::with(LIMITS);
    let mut wire = service.daemon.catalogue();
    wire.send("6300020261123");
    assert_eq!(wire.rest(), b"");
    service.closes("frame-time", 1);

    // A byte every 20 ms would be 1.6 s for this message; its time is 200 ms.
    let wire = service.daemon.catalogue();
    let mut sent = 0;
    wire.stream().set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
    let closed = service.a_63().bytes().any(|byte| {
        let written = wire.stream().write_all(&[byte]);
        sent += 1;
        // The read waits these 20 ms, and ends early only with the connection.
        written.is_err() || wire.stream().read(&mut [0]).is_ok_and(|read| read == 0)
    });
    assert!(closed, "all {sent} bytes were taken");
    service.closes("frame-time", 2);
    service.is_unharmed();
}

#[test]
fn whole_frames_may_come_a_byte_at_a_time_or_many_at_once() {
    let service = Service::new();
    let mut wire = service.daemon.catalogue();
    for byte in (service.a_63() + "\r").bytes() {
        wire.send([byte]);
    }
    assert!(String::from_utf8(wire.line()).unwrap().contains("|BLY|CQY|"));
    // Answered in order, each its own card.
    let people = &service.roll.people;
    wire.send(people.iter().map(|person| request(&person.id, &person.pin()) + "\r").collect::<String>());
    for person in people {
        let answer = String::from_utf8(wire.line()).unwrap();
        assert!(answer.contains(&format!("|AA{}|", person.id)) && answer.contains("|BLY|CQY|"), "{answer}");
    }
    assert_eq!(wire.hang_up(), b"");
}

#[test]
fn silence_ends_a_connection_before_and_after_the_login() {
    let service = Service::with(LIMITS);
    let mut stranger = service.daemon.login_listener();
    assert_eq!(stranger.rest(), b"");
    service.closes("login-time", 1);
    let mut idle = service.daemon.catalogue();
    assert!(idle.ask(service.a_63()).contains("|BLY|CQY|"));
    assert_eq!(idle.rest(), b"");
    service.closes("idle-time", 1);
    // Chatting does not put off the login's time.
    let chatty = service.daemon.login_listener();
    while chatty.stream().write_all(b"9900302.00\r").is_ok()
        && chatty.stream().read(&mut [0; 256]).is_ok_and(|read| read > 0)
    {}
    service.closes("login-time", 2);
    service.is_unharmed();
}

#[test]
fn a_source_has_so_many_connections_until_it_logs_in() {
    let service = Service::with("\n[limits]\nper-source = 2\n");
    let mut first = service.daemon.login_listener();
    let mut second = service.daemon.login_listener();
    for wire in [&mut first, &mut second] {
        assert!(wire.ask("9900302.00").starts_with("98"));
    }
    let mut third = service.daemon.login_listener();
    assert_eq!(third.rest(), b"");
    service.closes("per-source", 1);
    // Who is known takes no place: neither whoever logged in, nor a bound listener's client.
    assert!(first.login(hallpass_tests::LOGIN_USER, hallpass_tests::LOGIN_PASSWORD));
    assert!(service.daemon.login_listener().ask("9900302.00").starts_with("98"));
    service.is_unharmed();
}

#[test]
fn over_all_connections_the_next_waits_until_one_ends() {
    let service = Service::with("\n[limits]\nconnections = 5\nper-source = 5\n");
    let mut open: Vec<Wire> = (0..4).map(|_| service.daemon.catalogue()).collect();
    for wire in &mut open {
        assert!(wire.ask(service.a_63()).contains("|BLY|CQY|"));
    }
    // Each listener holds one permit for the connection that it waits for.
    let gauge = format!("hallpass_connections{{listener=\"{}\"}}", service.daemon.address(0));
    assert_eq!(service.daemon.metric(&gauge), 4);
    let mut waiting: Vec<Wire> = (0..3).map(|_| service.daemon.catalogue()).collect();
    for wire in &mut waiting {
        wire.send(service.a_63() + "\r");
    }
    for wire in open {
        assert_eq!(wire.hang_up(), b"");
    }
    for mut wire in waiting {
        assert!(String::from_utf8(wire.line()).unwrap().contains("|BLY|CQY|"));
    }
    service.is_unharmed();
}

#[test]
fn peers_that_vanish_half_close_or_reset_harm_nobody() {
    let service = Service::new();
    for round in 0..100 {
        let mut stream = TcpStream::connect(service.daemon.address(round % 2)).unwrap();
        let message = service.a_63() + "\r";
        let _ = stream.write_all(&message.as_bytes()[..message.len() * round / 100]);
        if round % 3 == 0 {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Closing with an answer unread resets the connection.
    }
    let mut wire = service.daemon.catalogue();
    wire.send(service.a_63() + "\r");
    assert!(String::from_utf8(wire.hang_up()).unwrap().contains("|BLY|CQY|"), "a half-close is no end of answers");
    service.is_unharmed();
}
