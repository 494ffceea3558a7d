//! Who comes in, and how: networks, load balancers, prompts, bounds of a client, sockets of systemd; and what they are shown.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::{fs, thread};

use hallpass_tests::{
    Answer, Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, PATIENCE, Person, Site, Wire, binary, password_hash, request,
    run_with_input, until,
};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};

const CARD: &str = "1001001";
const PIN: &str = "03042012";

fn site() -> Site {
    Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]))
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

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    daemon.wait_for_login_failure("proxy");
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
    daemon.wait_for_login_failure("connections");
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
        "PF unknown field            0000000",
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
fn a_network_that_a_reload_took_away_is_answered_no_more() {
    let site = site();
    site.write_client("vufind", "networks = [\"127.0.0.2/32\"]\ndistricts = [\"cms\"]\n");
    let daemon = Daemon::start(&site);
    let stream = connect_from(Ipv4Addr::new(127, 0, 0, 2), daemon.address(1));
    let asked = format!("{}\r", request(CARD, PIN));
    assert!(Answer(exchange(&stream, asked.as_bytes())).admits());
    site.replace("clients/vufind.toml", "127.0.0.2", "127.0.0.4");
    site.run(&["reload"]).succeeded();
    assert_eq!(exchange(&stream, asked.as_bytes()), "");
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
    let mut daemon = Killed(start());
    let ended = until("it to give up", || daemon.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(78));
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
    daemon.wait_for_login_failure("network");
    daemon.wait_for_login_failure("login");
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
