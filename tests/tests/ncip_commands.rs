//! `probe ncip` and `explain --protocol ncip`: what a sysadmin sees, and what nobody does.

use std::fs;

use hallpass_tests::{Authority, Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, Output, Person, Site, run_with_input};

const CARD: &str = "1001001";
const PIN: &str = "03042012";

/// Listeners where one logs in, by HTTP and then by TCP.
fn site() -> Site {
    let site = Site::serving_ncip(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    fs::write(site.path("password"), format!("{LOGIN_PASSWORD}\n")).unwrap();
    site
}

fn probe(site: &Site, address: &str, more: &[&str], pin: &str) -> Output {
    let password = site.path("password");
    let login = ["--login", LOGIN_USER, "--password-file", password.to_str().unwrap()];
    let output =
        run_with_input([&["probe", "ncip", address, "--card", CARD], &login[..], more].concat(), &format!("{pin}\n"));
    for secret in [PIN, "03042013", LOGIN_PASSWORD] {
        assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
    }
    output
}

#[test]
fn probe_shows_each_exchange_over_http_and_over_a_socket() {
    let site = site();
    let daemon = Daemon::start(&site);
    let (http, tcp) = (daemon.address(0).to_string(), daemon.address(1).to_string());
    let shown = ["VersionSupported", "AuthenticationPromptData", "LookupUserResponse", CARD, "PROFILE"];
    probe(&site, &http, &[], PIN).succeeded().tells(&shown).tells(&["> POST /", "< HTTP/1.0 200 OK"]);
    probe(&site, &http, &["--in-message", "--path", "/ncip"], PIN).succeeded().tells(&shown).tells(&["> POST /ncip"]);
    probe(&site, &tcp, &["--raw"], PIN).succeeded().tells(&shown).tells(&["FromAgencyAuthentication", "****"]);
    let v1 = ["AuthenticateUserResponse", "UniqueUserId", CARD];
    probe(&site, &tcp, &["--raw", "--version-1"], PIN).succeeded().tells(&v1);
    // Whatever is said of the card, the exchange worked.
    probe(&site, &http, &[], "03042013").succeeded().tells(&["User Authentication Failed"]);
    probe(&site, &http, &["--to-agency", "ELSEWHERE"], PIN).ended_with(69).complains(&["Unknown Agency"]);
}

#[test]
fn probe_says_why_it_got_no_answer() {
    let site = site();
    let daemon = Daemon::start(&site);
    let (http, tcp) = (daemon.address(0).to_string(), daemon.address(1).to_string());
    probe(&site, &http, &["--raw"], PIN).ended_with(65).complains(&["not NCIP", "--raw or not"]);
    probe(&site, &tcp, &[], PIN).ended_with(69).complains(&["closed the connection"]);
    probe(&site, "127.0.0.1:1", &[], PIN).ended_with(69).complains(&["nothing listens there"]);
    fs::write(site.path("password"), "wrong\n").unwrap();
    let refused = probe(&site, &http, &[], PIN).ended_with(69);
    refused.complains(&["did not take the login (Agency Authentication Failed)"]).tells(&["401 Unauthorized"]);
}

#[test]
fn probe_speaks_tls() {
    let site = site();
    let authority = Authority::new("Example Authority");
    authority.issue(&["localhost"]).write(&site.path("conf/cert.pem"), &site.path("conf/key.pem"));
    authority.write(&site.path("ca.pem"));
    site.replace(
        "hallpass.toml",
        "\"ncip-http\"\n",
        "\"ncip-http\"\ntls = { certificate-file = \"cert.pem\", key-file = \"key.pem\" }\n",
    );
    let daemon = Daemon::start(&site);
    let address = daemon.address(0).to_string();
    let ca = site.path("ca.pem");
    let tls = ["--tls", "--ca-file", ca.to_str().unwrap(), "--server-name", "localhost"];
    probe(&site, &address, &tls, PIN).succeeded().tells(&["LookupUserResponse", CARD]);
    probe(&site, &address, &[], PIN).ended_with(65).complains(&["--tls"]);
}

#[test]
fn explain_shows_the_answer_without_saying_who_it_is() {
    let site = site();
    let explain = |card: &str, pin: &str| {
        let asked = ["explain", card, "--client", "overdrive", "--protocol", "ncip"];
        site.run_with_input(&asked, &format!("{pin}\n")).succeeded()
    };
    let admitted = explain(CARD, PIN).tells(&[
        "verdict     admitted",
        "reply       LookupUserResponse",
        "PROFILE",
        "STUDENT",
        "****",
    ]);
    assert!(!admitted.stdout.contains(CARD) && !admitted.stdout.contains(PIN), "{}", admitted.stdout);
    explain(CARD, "03042013").tells(&["wrong-pin", "User Authentication Failed", "Card number or PIN not accepted"]);
    explain("9999999", PIN).tells(&["unknown-card", "User Authentication Failed"]);
    explain(CARD, "").tells(&["no-pin", "User Authentication Failed"]);
}
