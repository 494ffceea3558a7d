//! Who a message is from: by HTTP, by its own header, by its certificate, by its network; and that nobody inherits it.

use hallpass_tests::{
    Authority, Bundle, Daemon, Http, HttpReply, LOGIN_PASSWORD, LOGIN_USER, Person, Site, TlsWire, Wire, input,
    lookup_user, text_of, until,
};

const CARD: &str = "1001001";
const PIN: &str = "03042012";
/// `sip:secret`.
const BASIC: &str = "Authorization: Basic c2lwOnNlY3JldA==";

/// A site where whoever asks must say who it is, by HTTP and then by TCP.
fn site() -> Site {
    let site = Site::serving_ncip(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    site.append("clients/overdrive.toml", "[ncip]\nfrom-agency = \"VENDOR\"\n");
    site
}

/// A login with a header of its own, perhaps an empty one.
fn login(header: &str) -> String {
    let header =
        if header.is_empty() { String::new() } else { format!("<InitiationHeader>{header}</InitiationHeader>") };
    lookup_user(&[header, input("Barcode Id", CARD), input("PIN", PIN)].concat())
}

fn agency(name: &str, secret: &str) -> String {
    format!(
        "<FromAgencyId><AgencyId>{name}</AgencyId></FromAgencyId>\
         <FromAgencyAuthentication>{secret}</FromAgencyAuthentication><ToAgencyId><AgencyId>EPL</AgencyId></ToAgencyId>"
    )
}

fn system(name: &str, secret: &str) -> String {
    format!(
        "<FromSystemId>{name}</FromSystemId><FromSystemAuthentication>{secret}</FromSystemAuthentication>\
         <FromAgencyId><AgencyId>X</AgencyId></FromAgencyId><ToAgencyId><AgencyId>EPL</AgencyId></ToAgencyId>"
    )
}

#[track_caller]
fn admits(reply: &HttpReply) {
    assert_eq!(
        (reply.status.as_str(), text_of(&reply.body, "UserIdentifierValue")),
        ("HTTP/1.1 200 OK", Some(CARD)),
        "{reply:?}"
    );
}

#[track_caller]
fn refuses(reply: &HttpReply, status: &str, problem: &str) {
    assert!(reply.status.contains(status), "{reply:?}");
    assert_eq!(text_of(&reply.body, "ProblemType"), Some(problem), "{reply:?}");
    assert!(!reply.body.contains(CARD) && !reply.body.contains(LOGIN_PASSWORD), "{reply:?}");
}

#[test]
fn a_client_is_known_by_basic_by_an_api_key_anywhere_and_by_its_message() {
    let site = site();
    let daemon = Daemon::start(&site);
    let connect = || Http::connect(daemon.address(0));
    admits(&connect().post("/ncip", &[BASIC], &login("")));
    let key = format!("{LOGIN_USER}.{LOGIN_PASSWORD}");
    admits(&connect().post(&format!("/ncip/{key}"), &[], &login("")));
    admits(&connect().post(&format!("/ncip/{}/", key.replace('e', "%65")), &[], &login("")));
    admits(&connect().post(&format!("/ncip?x=1&apikey={key}"), &[], &login("")));
    admits(&connect().post("/", &[&format!("X-Api-Key: {key}")], &login("")));
    admits(&connect().post("/", &[&format!("Authorization: apikey {key}")], &login("")));
    admits(&connect().post("/", &[], &login(&agency("VENDOR", LOGIN_PASSWORD))));
    admits(&connect().post("/", &[], &login(&agency(LOGIN_USER, LOGIN_PASSWORD))));
    admits(&connect().post("/", &[], &login(&system("VENDOR", LOGIN_PASSWORD))));
    // The same over TCP, where only the message can say it.
    let told = Wire::connect(daemon.address(1)).hang_up_after(login(&agency("VENDOR", LOGIN_PASSWORD)).as_bytes());
    assert_eq!(text_of(&String::from_utf8(told).unwrap(), "UserIdentifierValue"), Some(CARD));
    let is_ours = |line: &&String| line.contains("\"verdict\":\"admit\"") && line.contains("\"client\":\"overdrive\"");
    let log =
        daemon.wait_for("ten verdicts", |lines| (lines.iter().filter(is_ours).count() == 10).then(|| lines.join("\n")));
    for secret in [LOGIN_PASSWORD, "c2lwOnNlY3JldA", CARD, PIN] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_wrong_secret_is_told_as_what_it_is_and_three_end_the_connection() {
    let daemon = Daemon::start(&site());
    let connect = || Http::connect(daemon.address(0));
    let failed = "Agency Authentication Failed";
    let mut http = connect();
    let basic = http.post("/", &["Authorization: Basic c2lwOndyb25n"], &login(""));
    refuses(&basic, " 401 ", failed);
    assert!(basic.head.contains(&"www-authenticate: basic realm=\"ncip\"".to_owned()), "{basic:?}");
    refuses(&http.post("/", &["X-Api-Key: nobody.secret"], &login("")), " 401 ", failed);
    refuses(&http.post("/", &[], &login(&agency("VENDOR", "wrong"))), " 200 ", failed);
    assert!(http.is_closed());
    let closed = "hallpass_connections_closed_total{cause=\"failed-logins\"}";
    until("three failed logins to end it", || (daemon.metric(closed) == 1).then_some(()));
    refuses(&connect().post("/", &[], &login(&agency("NOBODY", LOGIN_PASSWORD))), " 200 ", failed);
    refuses(&connect().post("/", &[], &login(&system("VENDOR", "wrong"))), " 200 ", "System Authentication Failed");
    refuses(&connect().post("/", &["Authorization: Basic !!!"], &login("")), " 401 ", failed);
    until("the failures to be counted", || {
        (daemon.metric("hallpass_login_failures_total{cause=\"login\"}") == 6).then_some(())
    });
}

#[test]
fn who_says_nothing_is_an_unknown_agency_and_learns_nothing() {
    let daemon = Daemon::start(&site());
    let mut http = Http::connect(daemon.address(0));
    refuses(&http.post("/", &[], &login("")), " 401 ", "Unknown Agency");
    let named =
        "<FromAgencyId><AgencyId>VENDOR</AgencyId></FromAgencyId><ToAgencyId><AgencyId>EPL</AgencyId></ToAgencyId>";
    refuses(&http.post("/", &[], &login(named)), " 200 ", "Unknown Agency");
    daemon.wait_for("the sysadmin to be told", |lines| {
        lines.iter().find(|line| line.contains("asked before login")).map(drop)
    });
    let verdict = daemon.wait_for_event("verdict");
    assert_eq!((verdict["client"].as_str(), verdict["reason"].as_str()), (Some("-"), Some("not-logged-in")));
    assert_eq!(verdict["pseudonym"], "----------------");
}

#[test]
fn nobody_inherits_the_login_of_the_message_before() {
    let daemon = Daemon::start(&site());
    let mut http = Http::connect(daemon.address(0));
    admits(&http.post("/", &[BASIC], &login("")));
    refuses(&http.post("/", &[], &login("")), " 401 ", "Unknown Agency");
    admits(&http.post("/", &[BASIC], &login("")));
    let wrong = http.post("/", &["Authorization: Basic c2lwOndyb25n"], &login(""));
    refuses(&wrong, " 401 ", "Agency Authentication Failed");
    admits(&http.post("/", &[BASIC], &login("")));
    let mut both = login(&agency("VENDOR", LOGIN_PASSWORD));
    both.push_str(&login(""));
    let told = String::from_utf8(Wire::connect(daemon.address(1)).hang_up_after(both.as_bytes())).unwrap();
    assert_eq!((told.matches(CARD).count(), told.matches("<ns1:Problem>").count()), (1, 1), "{told}");
}

#[test]
fn a_client_from_another_network_is_as_unknown_as_a_wrong_secret() {
    let site = site();
    site.replace("clients/overdrive.toml", "release", "networks = [\"203.0.113.0/24\"]\nrelease");
    let daemon = Daemon::start(&site);
    refuses(&Http::connect(daemon.address(0)).post("/", &[BASIC], &login("")), " 401 ", "Agency Authentication Failed");
}

#[test]
fn a_reload_that_takes_a_network_away_ends_what_was_open_from_there() {
    let site = site();
    let daemon = Daemon::start(&site);
    let mut http = Http::connect(daemon.address(0));
    admits(&http.post("/", &[BASIC], &login("")));
    site.replace("clients/overdrive.toml", "release", "networks = [\"203.0.113.0/24\"]\nrelease");
    site.run(&["reload"]).succeeded();
    refuses(&http.post("/", &[BASIC], &login("")), " 401 ", "Agency Authentication Failed");
}

#[test]
fn a_client_is_known_by_its_network_alone() {
    let site = site();
    site.write_client("near", "districts = [\"cms\"]\nnetworks = [\"127.0.0.0/8\"]\n");
    let daemon = Daemon::start(&site);
    admits(&Http::connect(daemon.address(0)).post("/", &[], &login("")));
    let verdict = daemon.wait_for_event("verdict");
    assert_eq!(verdict["client"], "near");
}

#[test]
fn quirk_06_a_client_is_known_by_its_certificate_over_https_of_tls_1_2() {
    let site = site();
    let authority = Authority::new("Example Authority");
    authority.issue(&["localhost"]).write(&site.path("conf/cert.pem"), &site.path("conf/key.pem"));
    authority.write(&site.path("conf/clients.pem"));
    let tls = "tls = { certificate-file = \"cert.pem\", key-file = \"key.pem\", client-ca-file = \"clients.pem\" }";
    site.replace("hallpass.toml", "\"ncip-http\"\n", &format!("\"ncip-http\"\n{tls}\n"));
    site.write_client("mirror", "certificate-name = \"ncip.mirror.example\"\ndistricts = [\"cms\"]\n");
    let daemon = Daemon::start(&site);
    let connect = |name: &str| {
        let shown = authority.issue(&[name]);
        // ReShare offers no TLS 1.3 (reference/ncip.md, quirk 6).
        let versions = [&rustls::version::TLS12];
        Http::over(TlsWire::connect_with(daemon.address(0), &authority, Some(&shown), &versions).unwrap())
    };
    admits(&connect("ncip.mirror.example").post("/", &[], &login("")));
    refuses(&connect("ncip.other.example").post("/", &[], &login("")), " 401 ", "Unknown Agency");
    admits(&connect("ncip.other.example").post("/", &[BASIC], &login("")));
}

#[test]
fn a_client_has_only_so_many_connections() {
    let site = site();
    site.replace("clients/overdrive.toml", "release", "connections = 1\nrelease");
    let daemon = Daemon::start(&site);
    let mut first = Http::connect(daemon.address(0));
    admits(&first.post("/", &[BASIC], &login("")));
    admits(&first.post("/", &[BASIC], &login("")));
    let mut second = Http::connect(daemon.address(0));
    refuses(&second.post("/", &[BASIC], &login("")), " 200 ", "Temporary Processing Failure");
    drop(first);
    until("the place to be given back", || {
        let reply = Http::connect(daemon.address(0)).post("/", &[BASIC], &login(""));
        (text_of(&reply.body, "UserIdentifierValue") == Some(CARD)).then_some(())
    });
}
