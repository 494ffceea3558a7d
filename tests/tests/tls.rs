//! TLS: who is let in, who is turned away, and certificates that are renewed.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hallpass_tests::{
    Answer, Authority, Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, Person, Site, TlsWire, Wire, request,
    run_with_input, until,
};

const CARD: &str = "1001001";
const PIN: &str = "03042012";

/// A site whose second listener speaks TLS, with the authority of its certificate.
fn tls_site(more: &str) -> (Site, Authority) {
    let site = Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    let (site, authority) = (site, Authority::new("Example Authority"));
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
    daemon.wait_for_login_failure("tls");
}

#[test]
fn a_connection_that_is_kept_is_counted_answered_on_and_ended_with_the_others() {
    let (site, authority) = tls_site("");
    let mut daemon = Daemon::start(&site);
    let open = || {
        let (_, metrics) = daemon.get("/metrics");
        let counts = metrics.lines().filter_map(|line| line.strip_prefix("hallpass_connections{")?.rsplit_once(' '));
        counts.map(|(_, count)| count.parse::<u32>().unwrap()).sum::<u32>()
    };
    let mut sealed = TlsWire::connect(daemon.address(1), &authority, None).unwrap();
    assert_eq!(sealed.ask(&format!("9300CN{LOGIN_USER}|CO{LOGIN_PASSWORD}|")), "941");
    let mut plain = Wire::connect(daemon.address(0));
    let mut left = Wire::connect(daemon.address(0));
    for _ in 0..30 {
        assert!(Answer(sealed.ask(&request(CARD, PIN))).admits());
        assert!(Answer(plain.ask(request(CARD, PIN))).admits());
        assert!(Answer(left.ask(request(CARD, PIN))).admits());
    }
    assert_eq!(open(), 3);
    drop(left);
    until("the one that left to be gone", || (open() == 2).then_some(()));
    assert_eq!(daemon.terminate(), Some(0));
    assert!(daemon.log().iter().all(|line| !line.contains("did not end in time")), "{:?}", daemon.log());
    assert_eq!(plain.rest(), b"");
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
fn a_stop_waits_for_nobody_who_is_not_in_yet() {
    let (site, _) = tls_site("");
    site.replace("hallpass.toml", "client = \"catalogue\"", "prompts = true");
    site.write_client("catalogue", "networks = [\"203.0.113.0/24\"]\ndistricts = [\"cms\"]\n");
    let balanced =
        "[[listener]]\nprotocol = \"sip2\"\naddress = \"127.0.0.1:0\"\nproxy-from = [\"127.0.0.0/8\"]\n\n[admin]";
    site.replace("hallpass.toml", "[admin]", balanced);
    let mut daemon = Daemon::start(&site);
    // At the prompt, in a handshake, before a PROXY header.
    let mut waiting: Vec<Wire> = (0..3).map(|listener| Wire::connect(daemon.address(listener))).collect();
    until("all three to be taken", || {
        let (_, metrics) = daemon.get("/metrics");
        (metrics.lines().filter(|line| line.starts_with("hallpass_connections{") && line.ends_with(" 1")).count() == 3)
            .then_some(())
    });
    assert_eq!(daemon.terminate(), Some(0));
    assert!(daemon.log().iter().all(|line| !line.contains("did not end in time")), "{:?}", daemon.log());
    assert_eq!(waiting[0].rest(), b"login: ");
}
