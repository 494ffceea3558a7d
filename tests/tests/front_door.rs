//! Who comes in, and how: TLS, certificates, networks, load balancers, bounds of a client, sockets of systemd.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fs, thread};

use hallpass_tests::{
    Answer, Authority, Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, PATIENCE, Person, Site, TlsWire, Wire, binary,
    password_hash, request, run_with_input, until,
};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};

const CARD: &str = "1001001";
const PIN: &str = "03042012";

fn site() -> Site {
    Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]))
}

/// A site whose second listener speaks TLS, with the authority of its certificate.
fn tls_site(more: &str) -> (Site, Authority) {
    let (site, authority) = (site(), Authority::new("Example Authority"));
    authority.issue(&["localhost"]).write(&site.path("conf/cert.pem"), &site.path("conf/key.pem"));
    authority.write(&site.path("conf/clients.pem"));
    let tls = format!("tls = {{ certificate-file = \"cert.pem\", key-file = \"key.pem\"{more} }}\n");
    site.replace("hallpass.toml", "\n[admin]", &format!("{tls}\n[admin]"));
    (site, authority)
}

/// The same where clients must show a certificate, and `mirror` is known by its own.
fn mutual_site() -> (Site, Authority) {
    let (site, authority) = tls_site(", client-ca-file = \"clients.pem\"");
    site.write_client("mirror", "certificate-name = \"sip.mirror.example\"\ndistricts = [\"cms\"]\n");
    (site, authority)
}

/// Waits for a `login_failed` of this cause.
#[track_caller]
fn wait_for_cause(daemon: &Daemon, cause: &str) {
    let event = format!("\"cause\":\"{cause}\"");
    daemon.wait_for(cause, |lines| {
        lines.iter().find(|line| line.contains("login_failed") && line.contains(&event)).map(|_| ())
    });
}

/// Connects from another address of this machine.
fn connect_from(source: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes and returns all that comes up to the end of the connection or the first message.
fn exchange(mut stream: &TcpStream, bytes: &[u8]) -> String {
    // Whoever is turned away may be so before all is sent.
    let _ = stream.write_all(bytes);
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while matches!(stream.read(&mut byte), Ok(1)) && byte != *b"\r" {
        answer.extend(byte);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_vendor_logs_in_and_asks_over_tls_1_2_and_1_3() {
    let (site, authority) = tls_site("");
    let daemon = Daemon::start(&site);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut wire = TlsWire::connect_with(daemon.address(1), &authority, None, &[version]).unwrap();
        assert_eq!(wire.ask(&format!("9300CN{LOGIN_USER}|CO{LOGIN_PASSWORD}|")), "941");
        assert!(Answer(wire.ask(&request(CARD, PIN))).admits());
    }
    // The catalogue's listener stays as it was.
    assert!(daemon.patron(CARD, PIN).admits());
    // SIP2 where TLS is spoken is turned away.
    let told = Wire::connect(daemon.address(1)).hang_up_after(b"9900802.00\r");
    assert!(matches!(told[..], [21, 3, _, 0, 2, _, _] | []), "at most an alert of TLS: {told:?}");
    wait_for_cause(&daemon, "tls");
}

#[test]
fn a_certificate_says_who_the_client_is_and_another_says_nothing() {
    let (site, authority) = mutual_site();
    let daemon = Daemon::start(&site);
    let address = daemon.address(1);
    let mine = authority.issue(&["sip.mirror.example"]);
    let mut wire = TlsWire::connect(address, &authority, Some(&mine)).unwrap();
    assert!(Answer(wire.ask(&request(CARD, PIN))).admits(), "no login is needed");
    // Of somebody else: it may come in, and must log in as any stranger.
    let others = authority.issue(&["sip.other.example"]);
    let mut wire = TlsWire::connect(address, &authority, Some(&others)).unwrap();
    assert!(Answer(wire.ask(&request(CARD, PIN))).refuses());
    assert_eq!(wire.ask(&format!("9300CN{LOGIN_USER}|CO{LOGIN_PASSWORD}|")), "941");
    assert!(Answer(wire.ask(&request(CARD, PIN))).admits());
}

#[test]
fn a_wrong_an_expired_and_a_missing_certificate_are_turned_away() {
    let (site, authority) = mutual_site();
    let daemon = Daemon::start(&site);
    let names = ["sip.mirror.example"];
    let forged = Authority::new("Example Authority").issue(&names);
    for (number, shown) in [None, Some(authority.issue_expired(&names)), Some(forged)].into_iter().enumerate() {
        let asked = TlsWire::connect(daemon.address(1), &authority, shown.as_ref())
            .and_then(|mut wire| wire.try_ask(&request(CARD, PIN)));
        assert!(asked.is_err(), "{number}: {asked:?}");
        let failures = || daemon.metric("hallpass_login_failures_total{cause=\"tls\"}");
        until("the failure to be counted", || (failures() == number as u64 + 1).then_some(()));
    }
    daemon.wait_for("the sysadmin to read why", |lines| {
        lines.iter().find(|line| line.contains("tls_failed") && line.contains("xpired")).map(drop)
    });
}

#[test]
fn certificates_are_reloaded_without_a_drop_and_a_broken_one_changes_nothing() {
    let (site, first) = tls_site("");
    let daemon = Daemon::start(&site);
    let login = format!("9300CN{LOGIN_USER}|CO{LOGIN_PASSWORD}|");
    let mut old = TlsWire::connect(daemon.address(1), &first, None).unwrap();
    assert_eq!(old.ask(&login), "941");

    fs::write(site.path("conf/cert.pem"), "no certificate").unwrap();
    site.run(&["reload"]).ended_with(78).complains(&["cert.pem", "nothing was changed"]);
    assert!(TlsWire::connect(daemon.address(1), &first, None).is_ok(), "the first one is shown on");

    let second = Authority::new("Second Authority");
    second.issue(&["localhost"]).write(&site.path("conf/cert.pem"), &site.path("conf/key.pem"));
    site.run(&["reload"]).succeeded();
    assert!(TlsWire::connect(daemon.address(1), &first, None).is_err(), "the first one is shown no more");
    let mut new = TlsWire::connect(daemon.address(1), &second, None).unwrap();
    assert_eq!(new.ask(&login), "941");
    assert!(Answer(old.ask(&request(CARD, PIN))).admits(), "an open connection goes on");
}

#[test]
fn probe_speaks_tls_shows_a_certificate_and_says_what_is_wrong_with_one() {
    let (site, authority) = mutual_site();
    let daemon = Daemon::start(&site);
    let (certificate, key) = (site.path("conf/mine.pem"), site.path("conf/mine.key"));
    authority.issue(&["sip.mirror.example"]).write(&certificate, &key);
    let address = daemon.address(1).to_string();
    let probe = |more: &[&str]| {
        let arguments = ["probe", "sip2", &address, "--card", CARD, "--tls"];
        run_with_input(arguments.iter().chain(more).copied(), PIN)
    };
    let authority = site.path("conf/clients.pem");
    let trusting = ["--ca-file", authority.to_str().unwrap(), "--server-name", "localhost"];
    let showing =
        ["--certificate-file", certificate.to_str().unwrap(), "--certificate-key-file", key.to_str().unwrap()];
    let told = probe(&[&trusting[..], &showing].concat()).succeeded();
    assert!(told.stdout.contains("CQ valid patron password    Y") && !told.stdout.contains(PIN), "{}", told.stdout);
    probe(&showing).ended_with(69).complains_in_one_line(&["not trusted here", "--ca-file"]);
    let named = [&["--server-name", "other.example", "--ca-file", authority.to_str().unwrap()][..], &showing].concat();
    probe(&named).ended_with(69).complains_in_one_line(&["is not for other.example"]);
    probe(&trusting).ended_with(69).complains_in_one_line(&["ertificate"]);
}

#[test]
fn probe_plays_a_script_in_a_dialect_and_says_where_it_differs() {
    let site = site();
    site.append("clients/catalogue.toml", "[dialect]\ndelimiter = \"^\"\n");
    site.replace("hallpass.toml", "\n[admin]", "prompts = true\n\n[admin]");
    fs::write(site.path("password"), LOGIN_PASSWORD).unwrap();
    let daemon = Daemon::start(&site);
    let script = site.path("script");
    let probe = |listener: usize, more: &[&str]| {
        let address = daemon.address(listener).to_string();
        let arguments = ["probe", "sip2", &address, "--card", CARD, "--script", script.to_str().unwrap()];
        run_with_input(arguments.iter().chain(more).copied(), PIN)
    };
    let ask = "> 6300120261123    165202          AOEPL^AA{card}^AD{pin}^AY1AZ{az}\n";
    fs::write(&script, format!("> 9900802.00\n<\n{ask}< 64              001{{now}}...\n")).unwrap();
    let told = probe(0, &["--delimiter", "^"]).succeeded();
    assert!(told.stdout.contains("CQ valid patron password    Y") && !told.stdout.contains(PIN), "{}", told.stdout);
    fs::write(&script, format!("{ask}< 64YYYY...\n")).unwrap();
    probe(0, &["--delimiter", "^"]).ended_with(65).complains_in_one_line(&["line 2"]);
    // At prompts, with the usual delimiter.
    fs::write(&script, format!("{}< 64              001{{now}}...\n", ask.replace('^', "|"))).unwrap();
    let password = site.path("password");
    probe(1, &["--login", LOGIN_USER, "--password-file", password.to_str().unwrap(), "--prompts"]).succeeded();
}

#[test]
fn certificates_are_rotated_under_load_without_an_error() {
    let (site, authority) = mutual_site();
    let daemon = Daemon::start(&site);
    let mine = authority.issue(&["sip.mirror.example"]);
    let (address, done) = (daemon.address(1), AtomicBool::new(false));
    let asked = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let mut wire = TlsWire::connect(address, &authority, Some(&mine)).unwrap();
                    assert!(Answer(wire.ask(&request(CARD, PIN))).admits());
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 1..=10 {
            authority.issue(&["localhost"]).write(&site.path("conf/cert.pem"), &site.path("conf/key.pem"));
            site.run(&["reload"]).succeeded();
            until("more to be asked", || (asked.load(Ordering::Relaxed) > 20 * round).then_some(()));
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(daemon.metric("hallpass_connections_closed_total{cause=\"tls\"}"), 0);
}

#[test]
fn tls_files_that_cannot_be_used_are_told_by_check_and_at_the_start() {
    let (site, authority) = tls_site("");
    let another = authority.issue(&["localhost"]);
    another.write(&site.path("conf/another.pem"), &site.path("conf/key.pem"));
    site.run(&["check"]).ended_with(78).complains_in_one_line(&["listener.tls", "cert.pem", "the key must be that of"]);
    site.run(&["serve"]).ended_with(78).complains(&["listener.tls", "cert.pem"]);
    fs::remove_file(site.path("conf/key.pem")).unwrap();
    site.run(&["check"]).ended_with(78).complains_in_one_line(&["key.pem"]);
}

#[test]
fn a_client_that_never_logs_in_is_known_by_its_network_on_a_shared_port() {
    let site = site();
    site.write_client("vufind", "networks = [\"127.0.0.2/32\"]\ndistricts = [\"cms\"]\n");
    let daemon = Daemon::start(&site);
    let asked = format!("{}\r", request(CARD, PIN));
    let known = connect_from(Ipv4Addr::new(127, 0, 0, 2), daemon.address(1));
    assert!(Answer(exchange(&known, asked.as_bytes())).admits());
    let stranger = connect_from(Ipv4Addr::new(127, 0, 0, 3), daemon.address(1));
    assert!(Answer(exchange(&stranger, asked.as_bytes())).refuses());
    // Who logs in does so at the same port.
    assert!(daemon.login_listener().login(LOGIN_USER, LOGIN_PASSWORD));
}

#[test]
fn behind_a_load_balancer_the_source_is_the_one_that_it_names() {
    let site = site();
    site.write_client("vufind", "networks = [\"203.0.113.0/24\"]\ndistricts = [\"cms\"]\n");
    site.replace("hallpass.toml", "\n[admin]", "proxy-from = [\"127.0.0.2/32\"]\n\n[admin]");
    let daemon = Daemon::start(&site);
    let balancer = || connect_from(Ipv4Addr::new(127, 0, 0, 2), daemon.address(1));
    let asked = request(CARD, PIN);
    let known = format!("PROXY TCP4 203.0.113.9 10.0.0.10 56324 6001\r\n{asked}\r");
    assert!(Answer(exchange(&balancer(), known.as_bytes())).admits());
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0C\xCB\x00\x71\x09\x0A\x00\x00\x0A\xDC\x04\x17\x71".to_vec();
    binary.extend(format!("{asked}\r").bytes());
    assert!(Answer(exchange(&balancer(), &binary)).admits());
    let stranger = known.replace("203.0.113.9", "198.51.100.9");
    assert!(Answer(exchange(&balancer(), stranger.as_bytes())).refuses());
    // Without a header, and from elsewhere with one.
    assert_eq!(exchange(&balancer(), b"9900802.00 and more than twelve bytes\r"), "");
    wait_for_cause(&daemon, "proxy");
    let elsewhere = connect_from(Ipv4Addr::new(127, 0, 0, 3), daemon.address(1));
    assert_eq!(exchange(&elsewhere, known.as_bytes()), "");
}

#[test]
fn a_client_has_so_many_connections_and_gets_them_back() {
    let site = site();
    site.replace("clients/overdrive.toml", "districts", "connections = 2\ndistricts");
    let daemon = Daemon::start(&site);
    let open = || {
        let mut wire = daemon.login_listener();
        wire.login(LOGIN_USER, LOGIN_PASSWORD).then_some(wire)
    };
    let (first, second) = (open(), open());
    assert!(first.is_some() && second.is_some());
    assert!(open().is_none(), "the third has no place");
    wait_for_cause(&daemon, "connections");
    drop(first);
    until("a place to be free", || open().map(drop));
}

#[test]
fn prompts_are_asked_before_the_first_message_and_three_wrong_ones_end_it() {
    let site = site();
    site.replace("hallpass.toml", "\n[admin]", "prompts = true\n\n[admin]");
    let daemon = Daemon::start(&site);
    let mut wire = daemon.login_listener();
    wire.send(format!("{LOGIN_USER}\r\n{LOGIN_PASSWORD}\r\n"));
    assert_eq!(wire.line(), b"login: password: Login OK.  Initiating SIP");
    assert!(String::from_utf8(wire.ask(request(CARD, PIN)).into_bytes()).unwrap().contains("|BLY|CQY|"));
    let mut wire = daemon.login_listener();
    wire.send("a\rb\rc\rd\re\rf\r");
    assert_eq!(wire.rest(), b"login: password: Invalid login\r\n".repeat(3));
}

#[test]
fn a_preset_is_taken_and_a_key_laid_over_it() {
    let site = site();
    site.append("clients/catalogue.toml", "[dialect]\npreset = \"koha-like\"\nname = \"{family}\"\n");
    let daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    wire.send("9900802.00\r");
    assert!(wire.hang_up().ends_with(b"|\r\n"), "it ends its lines with CR LF");
    assert!(daemon.patron(CARD, PIN).0.contains("|AEExample|"), "{:?}", daemon.patron(CARD, PIN));
}

#[test]
fn check_shows_what_each_client_would_be_shown() {
    let site = site();
    site.append("clients/catalogue.toml", "[dialect]\nname = \"{given} {family}\"\nfields = { PF = \"{card}\" }\n");
    site.run(&["check"]).succeeded().tells(&[
        "client catalogue by its listener",
        "AE personal name            Zoë Example",
        "PC patron class             STUDENT",
        "PF unknown field            1000001",
        "clients that log in, not encrypted",
    ]);
}

#[test]
fn explain_shows_the_reply_field_by_field() {
    let site = site();
    let told = site.run_with_input(&["explain", CARD, "--client", "catalogue"], PIN).succeeded();
    told.tells(&[
        "released    name, patron-type",
        "reply       64 Patron Information Response",
        "CQ valid patron password    Y",
    ]);
}

#[test]
fn what_a_client_tolerates_is_counted_by_client() {
    let site = site();
    let daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    assert!(wire.ask("9900802.00AY1AZfca0").starts_with("98"));
    let counted = "hallpass_tolerated_checksums_total{client=\"catalogue\",tolerance=\"lowercase-hex\"}";
    assert_eq!(daemon.metric(counted), 1);
}

#[test]
fn verdicts_go_into_an_audit_log_of_their_own() {
    let site = site();
    fs::create_dir(site.path("audit")).unwrap();
    fs::write(site.path("audit/audit.log.2001-01-01"), "").unwrap();
    site.append("hallpass.toml", "[log]\naudit-file = \"../audit/audit.log\"\naudit-keep = \"30d\"\n");
    let mut daemon = Daemon::start(&site);
    assert!(daemon.patron(CARD, PIN).admits());
    assert_eq!(daemon.terminate(), Some(0));
    assert!(daemon.log().iter().all(|line| !line.contains("\"verdict\"")));
    let files: Vec<_> = fs::read_dir(site.path("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "what was too old is gone: {files:?}");
    let audit = fs::read_to_string(&files[0]).unwrap();
    assert!(audit.contains("\"verdict\":\"admit\"") && !audit.contains(CARD), "{audit}");
}

#[test]
fn a_socket_of_systemd_is_taken_over_and_serves_across_a_restart() {
    let site = site();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    site.replace("hallpass.toml", "127.0.0.1:0", &address.to_string());
    let config = site.main_file();
    let start = || {
        // The shell makes of its standard input what systemd hands over: descriptor 3.
        let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve --config \"$1\"";
        std::process::Command::new("sh")
            .args(["-c", script])
            .arg(binary())
            .arg(&config)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(socket.try_clone().unwrap())))
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    for _ in 0..2 {
        // It waits in the socket before anybody serves.
        let mut early = Wire::connect(address);
        early.send(format!("{}\r", request(CARD, PIN)));
        let mut daemon = start();
        assert!(String::from_utf8(early.line()).unwrap().contains("|BLY|CQY|"));
        rustix::process::kill_process(rustix::process::Pid::from_child(&daemon), Signal::TERM).unwrap();
        drop(early);
        assert!(daemon.wait().unwrap().success());
    }
    // One that no listener asks for is an error: somebody would wait there for ever.
    site.replace("hallpass.toml", &address.to_string(), "127.0.0.1:0");
    let mut daemon = start();
    assert_eq!(daemon.wait().unwrap().code(), Some(78));
}

#[test]
fn a_weak_login_and_a_network_are_refused_without_a_hint() {
    let site = site();
    let hash = password_hash();
    let outsider = format!(
        "networks = [\"203.0.113.0/24\"]\ndistricts = [\"cms\"]\n[login]\nuser = \"far\"\npassword-hash = \"{hash}\"\n"
    );
    site.write_client("far", &outsider);
    let daemon = Daemon::start(&site);
    let answers: Vec<String> = [("far", LOGIN_PASSWORD), ("far", "wrong"), ("nobody", "wrong")]
        .into_iter()
        .map(|(user, password)| daemon.login_listener().ask(format!("9300CN{user}|CO{password}|")))
        .collect();
    assert_eq!(answers, ["940", "940", "940"]);
    wait_for_cause(&daemon, "network");
    wait_for_cause(&daemon, "login");
}

#[test]
fn strangers_are_turned_away_at_their_bound_while_another_address_comes_in() {
    let site = site();
    site.append("hallpass.toml", "[limits]\nper-source = 4\n");
    let daemon = Daemon::start(&site);
    let flood: Vec<Wire> = (0..4).map(|_| daemon.login_listener()).collect();
    until("the fifth to be closed", || {
        thread::yield_now();
        (daemon.login_listener().hang_up_after(b"") == b""
            && daemon.metric("hallpass_connections_closed_total{cause=\"per-source\"}") > 0)
            .then_some(())
    });
    let other = connect_from(Ipv4Addr::new(127, 0, 0, 2), daemon.address(1));
    assert_eq!(exchange(&other, format!("9300CN{LOGIN_USER}|CO{LOGIN_PASSWORD}|\r").as_bytes()), "941");
    drop(flood);
}
