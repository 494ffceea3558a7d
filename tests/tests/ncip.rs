//! Whole dialogues in NCIP, as the clients that are known hold them (reference/ncip.md section 4).

use std::net::SocketAddr;

use hallpass_tests::{
    Bundle, Daemon, Http, HttpReply, Person, Site, Wire, input, lookup_user, text_of, user_id, version_1, wanted,
};

const CARD: &str = "1001001";
const PIN: &str = "03042012";

/// A site whose listeners speak NCIP, all to one client: HTTP, then TCP. Its people: Ada, and a teacher.
fn site(client: &str) -> Site {
    let site = Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    let main = site.main().replacen("\"sip2\"", "\"ncip-http\"", 1);
    let main = main.replacen(
        "\"sip2\"\naddress = \"127.0.0.1:0\"\n",
        "\"ncip-tcp\"\naddress = \"127.0.0.1:0\"\nclient = \"catalogue\"\n",
        1,
    );
    site.write_main(&main);
    site.write_client("catalogue", &format!("districts = [\"cms\"]\nrelease = [\"name\", \"patron-type\"]\n{client}"));
    site
}

fn http(daemon: &Daemon) -> SocketAddr {
    daemon.address(0)
}

fn tcp(daemon: &Daemon) -> Wire {
    Wire::connect(daemon.address(1))
}

#[track_caller]
fn post(http: &mut Http, message: &str) -> HttpReply {
    let reply = http.post("/ncip", &["Content-Type: application/xml; charset=UTF-8"], message);
    assert_eq!(reply.status, "HTTP/1.1 200 OK", "{reply:?}");
    assert!(reply.head.iter().any(|line| line.starts_with("content-type: application/xml")), "{reply:?}");
    reply
}

#[test]
fn vufind_logs_a_patron_in_and_reads_name_and_id() {
    let daemon = Daemon::start(&site("[ncip]\nprofile = \"vufind\"\n"));
    let mut http = Http::connect(http(&daemon));
    let login = |pin: &str| {
        let flags = "<LoanedItemsDesired/><RequestedItemsDesired/><UserFiscalAccountDesired/>";
        let wanted = wanted(&["Name Information", "User Address Information", "User Privilege", "Block Or Trap"]);
        let inputs = [input("Username", CARD), input("Password", pin)].concat();
        lookup_user(&format!("{inputs}{}{wanted}{flags}", user_id(CARD)))
    };
    let reply = post(&mut http, &login(PIN)).body;
    assert_eq!(text_of(&reply, "UserIdentifierValue"), Some(CARD));
    assert_eq!((text_of(&reply, "GivenName"), text_of(&reply, "Surname")), (Some("Ada"), Some("Example")));
    assert_eq!(text_of(&reply, "AgencyUserPrivilegeType"), Some("STUDENT"));
    assert_eq!(text_of(&reply, "UserPrivilegeStatusType"), Some("active"));
    assert!(!reply.contains("Problem"), "VuFind takes any Problem anywhere as a failure: {reply}");
    // On the same connection, with another PIN and with none.
    for pin in ["03042013", ""] {
        let reply = post(&mut http, &login(pin)).body;
        assert_eq!(text_of(&reply, "ProblemType"), Some("User Authentication Failed"), "{reply}");
        assert!(!reply.contains(CARD) && !reply.contains("0304"), "{reply}");
    }
}

#[test]
fn reshare_looks_a_user_up_in_two_steps_and_then_with_a_pin() {
    let daemon = Daemon::start(&site("pin = \"optional\"\n[ncip]\nprofile = \"reshare\"\n"));
    let mut http = Http::connect(http(&daemon));
    let wanted = wanted(&["Name Information", "User Address Information", "User Privilege"]);
    // By UserId of an agency that is its own; where that fails, by a username.
    let by_id = |card: &str| lookup_user(&format!("{}{wanted}", user_id(card).replace("EPL", "RESHARE")));
    let by_name = |card: &str| lookup_user(&format!("{}{wanted}", input("username", card)));
    let unknown = post(&mut http, &by_id("9999999")).body;
    assert_eq!(text_of(&unknown, "ProblemType"), Some("User Authentication Failed"));
    for message in [by_id(CARD), by_name(CARD)] {
        let reply = post(&mut http, &message).body;
        assert_eq!(text_of(&reply, "UserIdentifierValue"), Some(CARD), "{reply}");
        for (kind, status) in [("LIBRARY", "EPL"), ("PROFILE", "STUDENT"), ("STATUS", "OK")] {
            let (_, after) = reply.split_once(&format!(">{kind}<")).unwrap_or_else(|| panic!("no {kind}: {reply}"));
            assert_eq!(text_of(after, "UserPrivilegeStatusType"), Some(status), "{reply}");
        }
    }
    let with_pin = |pin: &str| lookup_user(&[input("Barcode Id", CARD), input("PIN", pin), wanted.clone()].concat());
    assert_eq!(text_of(&post(&mut http, &with_pin(PIN)).body, "UserIdentifierValue"), Some(CARD));
    for pin in ["03042013", ""] {
        let reply = post(&mut http, &with_pin(pin)).body;
        assert_eq!(text_of(&reply, "ProblemType"), Some("User Authentication Failed"), "{reply}");
    }
}

#[test]
fn quirk_15_a_client_can_have_the_privileges_of_a_profile_in_the_other_convention() {
    let daemon = Daemon::start(&site("[ncip]\nprofile = \"reshare\"\nprivileges = \"active\"\n"));
    let login = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
    let reply = post(&mut Http::connect(http(&daemon)), &login).body;
    let told = (text_of(&reply, "AgencyUserPrivilegeType"), text_of(&reply, "UserPrivilegeStatusType"));
    assert_eq!(told, (Some("STUDENT"), Some("active")), "{reply}");
    assert!(!reply.contains("LIBRARY"), "{reply}");
}

#[test]
fn a_v1_client_on_a_raw_socket_authenticates_line_by_line() {
    let daemon = Daemon::start(&site(""));
    let mut wire = tcp(&daemon);
    let authenticate =
        |pin: &str| version_1("AuthenticateUser", &[input("Barcode Id", CARD), input("PIN", pin)].concat());
    // Message after message, in pieces, with and without a newline behind.
    let whole = format!("{}\n", authenticate(PIN));
    let (first, second) = whole.split_at(100);
    wire.send(first);
    wire.send(second);
    wire.send(authenticate("03042013"));
    let both = String::from_utf8(wire.hang_up()).unwrap();
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!(lines.len(), 4, "a declaration and a message, twice: {both}");
    assert!(lines[1].starts_with("<NCIPMessage version=") && lines[1].ends_with("</NCIPMessage>"), "{both}");
    assert!(lines[1].contains("<AuthenticateUserResponse><ResponseHeader><FromAgencyId>"), "{both}");
    assert_eq!(text_of(lines[1], "UserIdentifierValue"), Some(CARD));
    assert!(lines[3].contains("<Value>User Authentication Failed</Value></ProcessingErrorType>"), "{both}");
    assert!(both.ends_with('\n'), "readLine() waits for it");
}

#[test]
fn http_1_0_without_a_host_is_answered_and_closed() {
    let daemon = Daemon::start(&site(""));
    let mut http = Http::connect(http(&daemon));
    let message = version_1("LookupUser", &[input("Barcode Id", CARD), input("PIN", PIN)].concat());
    // As lib-ncip-client writes it by hand: a form by its type, XML by its body.
    let reply = http.send(&format!(
        "POST /ncip/servlet HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{message}",
        message.len()
    ));
    assert!(reply.status.ends_with(" 200 OK"), "{reply:?}");
    assert_eq!(text_of(&reply.body, "VisibleUserIdentifier"), Some(CARD), "{reply:?}");
    assert!(http.is_closed());
}

#[test]
fn a_form_is_unwrapped_and_any_path_and_type_is_taken() {
    let daemon = Daemon::start(&site(""));
    let mut http = Http::connect(http(&daemon));
    let message = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
    let encoded: String = message.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (path, head, body) in [
        ("/", "Content-Type: text/xml", message.clone()),
        ("/ncipv2/NCIPResponder?x=1", "Content-Type: application/octet-stream", message.clone()),
        ("/a/b", "X-Nothing: 1", format!("XForms%3AModel={encoded}")),
        ("/form", "Content-Type: application/x-www-form-urlencoded", format!("a=b&xml={encoded}")),
    ] {
        let reply = http.post(path, &[head], &body);
        assert_eq!(text_of(&reply.body, "UserIdentifierValue"), Some(CARD), "{path}: {reply:?}");
    }
    let get = http.send("GET /ncip HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(get.status, "HTTP/1.1 405 Method Not Allowed");
    assert!(get.head.contains(&"allow: post".to_owned()), "{get:?}");
}

#[test]
fn who_is_not_eligible_is_denied_or_told_as_blocked() {
    let blocked = |client: &str| {
        let site = site(client);
        site.write_district("cms", &site.district("cms").replace("\"student\", \"teacher\"", "\"teacher\""));
        let daemon = Daemon::start(&site);
        let message = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
        post(&mut Http::connect(http(&daemon)), &message).body
    };
    let denied = blocked("");
    assert_eq!(text_of(&denied, "ProblemType"), Some("User Access Denied"));
    assert!(text_of(&denied, "ProblemDetail").unwrap().contains("not part of the programme"), "{denied}");
    let told = blocked("ineligible = \"blocked\"\n");
    assert_eq!(text_of(&told, "UserIdentifierValue"), Some(CARD), "{told}");
    assert_eq!(text_of(&told, "UserPrivilegeStatusType"), Some("BLOCKED"), "{told}");
    assert_eq!(text_of(&told, "BlockOrTrapType"), Some("Block Check Out"), "{told}");
}

#[test]
fn a_client_that_lends_is_told_what_a_student_may_not() {
    let blocks = |client: &str| {
        let site = site(client);
        site.write_district(
            "cms",
            &site.district("cms").replace("[privileges.student]\n", "[privileges.student]\nphysical = false\n"),
        );
        let daemon = Daemon::start(&site);
        let message = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
        let reply = post(&mut Http::connect(http(&daemon)), &message).body;
        assert_eq!(text_of(&reply, "UserIdentifierValue"), Some(CARD), "{reply}");
        reply.matches("<ns1:BlockOrTrap>").count()
    };
    assert_eq!(blocks("kind = \"self-check\"\n"), 2);
    assert_eq!(blocks(""), 0, "an e-book vendor takes any block for one of its own");
}

#[test]
fn an_outage_is_never_a_wrong_pin_and_closes_where_the_client_wants_that() {
    let message = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
    let without_roster = |client: &str| {
        let site = site(client);
        std::fs::remove_dir_all(site.data()).unwrap();
        std::fs::create_dir(site.data()).unwrap();
        std::fs::remove_dir_all(site.inbox()).unwrap();
        std::fs::create_dir(site.inbox()).unwrap();
        site
    };
    let told = without_roster("");
    let daemon = Daemon::start(&told);
    let reply = post(&mut Http::connect(http(&daemon)), &message).body;
    assert_eq!(text_of(&reply, "ProblemType"), Some("Temporary Processing Failure"));
    drop(daemon);
    let closer = without_roster("outage = \"close\"\n");
    let daemon = Daemon::start(&closer);
    let mut http = Http::connect(http(&daemon));
    let reply = http.post("/", &[], &message);
    assert_eq!(reply.status, "HTTP/1.1 503 Service Unavailable");
    assert!(http.is_closed());
    assert_eq!(tcp(&daemon).hang_up_after(message.as_bytes()), b"");
}

#[test]
fn look_ups_without_a_pin_have_a_limit_of_their_own() {
    let daemon = Daemon::start(&site("pin = \"optional\"\n[ncip]\nlookups-per-minute = 3\n"));
    let mut http = Http::connect(http(&daemon));
    let look_up = lookup_user(&user_id(CARD));
    for _ in 0..3 {
        assert_eq!(text_of(&post(&mut http, &look_up).body, "UserIdentifierValue"), Some(CARD));
    }
    let fourth = post(&mut http, &look_up).body;
    assert_eq!(text_of(&fourth, "ProblemType"), Some("Temporary Processing Failure"), "{fourth}");
    let login = lookup_user(&[input("Barcode Id", CARD), input("PIN", PIN)].concat());
    assert_eq!(text_of(&post(&mut http, &login).body, "UserIdentifierValue"), Some(CARD), "a login is not limited");
    let metrics = Http::connect(daemon.admin()).send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body;
    assert!(metrics.contains("hallpass_ncip_lookups_limited_total{client=\"catalogue\"} 1"), "{metrics}");
}

#[test]
fn where_no_pin_is_looked_at_one_that_is_sent_lifts_no_limit() {
    let site = site("pin = \"never\"\nweak-pin = \"accepted\"\n[ncip]\nlookups-per-minute = 3\n");
    site.replace("clients/catalogue.toml", "release = [\"name\", \"patron-type\"]\n", "");
    let daemon = Daemon::start(&site);
    let mut http = Http::connect(http(&daemon));
    let look_up = lookup_user(&[input("Barcode Id", CARD), input("PIN", "whatever")].concat());
    for _ in 0..3 {
        assert_eq!(text_of(&post(&mut http, &look_up).body, "UserIdentifierValue"), Some(CARD));
    }
    let fourth = post(&mut http, &look_up).body;
    assert_eq!(text_of(&fourth, "ProblemType"), Some("Temporary Processing Failure"), "{fourth}");
}

#[test]
fn an_agency_tells_its_name_and_its_prompts_to_whoever_asks_for_ours() {
    let daemon = Daemon::start(&site(""));
    let mut http = Http::connect(http(&daemon));
    let ask = |agency: &str| {
        let inner = format!(
            "<AgencyId>{agency}</AgencyId><AgencyElementType>Authentication Prompt</AgencyElementType>\
             <AgencyElementType>Organization Name Information</AgencyElementType>"
        );
        lookup_user(&inner).replace("LookupUser", "LookupAgency")
    };
    let reply = post(&mut http, &ask("EPL")).body;
    assert_eq!(text_of(&reply, "OrganizationName"), Some("Example Public Library"));
    assert_eq!(reply.matches("<ns1:AuthenticationPrompt>").count(), 2, "{reply}");
    assert_eq!(text_of(&post(&mut http, &ask("OTHER")).body, "ProblemType"), Some("Unknown Agency"));
    let unsupported = post(&mut http, &lookup_user("").replace("LookupUser", "CheckOutItem")).body;
    assert_eq!(text_of(&unsupported, "ProblemType"), Some("Unsupported Service"));
}
