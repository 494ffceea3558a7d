//! Every sample message and the security corpus, answered as they should be; and every answer valid.

use std::time::Duration;

use ncip::{Asks, Edition, Initiation, Request, Service, read};

use crate::support::{answer, files, input, shared, v1, v2, validate};

/// What a sample asks for.
fn asked(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(message) => {
            let edition = match message.manner.edition {
                Edition::V1 => "1",
                Edition::V2 => "2",
                Edition::Discovery => "discovery",
            };
            let request = match &message.request {
                Request::LookupUser(asked) => {
                    let secret = asked.credentials.secret.as_ref().map_or("none", |secret| secret.expose());
                    format!("LookupUser {} {secret}", asked.credentials.identifier.as_str())
                }
                Request::AuthenticateUser(asked) => {
                    let secret = asked.credentials.secret.as_ref().map_or("none", |secret| secret.expose());
                    format!("AuthenticateUser {} {secret}", asked.credentials.identifier.as_str())
                }
                Request::LookupAgency(asked) => format!("LookupAgency {}", asked.agency.value),
                Request::LookupVersion => "LookupVersion".to_owned(),
                Request::Unsupported(service) => format!("unsupported {:?}", service.map(|service| service.name)),
            };
            format!("{edition}: {request}")
        }
        Err(rejection) => format!("rejected: {}", rejection.problem.kind.name()),
    }
}

#[test]
fn every_sample_is_read_as_what_it_is() {
    let Some(folder) = shared("samples/ncip") else { return };
    for (name, bytes) in files(&folder) {
        let expected = match name.as_str() {
            "v1-authenticateuser.xml" => "1: AuthenticateUser 4200017 0123",
            "v1-lookupuser.xml" => "1: LookupUser 4200017 none",
            "v2-lookupagency.xml" => "2: LookupAgency DISTRICT-042",
            "v2-lookupuser-auth.xml" => "2: LookupUser 4200017 0123",
            "v2-lookupuser-byid.xml" => "2: LookupUser 4200017 none",
            "version-lookup.xml" => "discovery: LookupVersion",
            "x-nonconforming-vufind-shape.xml" => "2: LookupUser u p",
            // Answers are no requests.
            "version-response.xml" => "discovery: unsupported None",
            name if name.starts_with("v1-") => "1: unsupported None",
            _ => "2: unsupported None",
        };
        assert_eq!(asked(&bytes), expected, "{name}");
    }
}

#[test]
fn the_security_corpus_is_accepted_and_rejected_as_its_names_say() {
    let Some(folder) = shared("samples/ncip/security") else { return };
    for (name, bytes) in files(&folder) {
        if name.starts_with("accept-") {
            assert_eq!(asked(&bytes), "1: LookupUser 4200017 none", "{name}");
            continue;
        }
        assert_eq!(asked(&bytes), "rejected: Invalid Message Syntax Error", "{name}");
        let reply = answer(&bytes).unwrap();
        for secret in ["4200017", "lol", "aaaa", "passwd", "169.254", "127.0.0.1"] {
            assert!(!reply.contains(secret), "{name}: {reply}");
        }
        assert!(reply.len() < 2000, "{name}: {reply}");
    }
}

#[test]
fn every_answer_to_a_sample_is_valid() {
    let folders = [shared("samples/ncip"), shared("samples/ncip/security")];
    let samples = folders.iter().flatten().flat_map(|folder| files(folder));
    let answers: Vec<_> = samples.filter_map(|(name, bytes)| Some((name, answer(&bytes)?))).collect();
    validate(&answers);
}

#[test]
fn every_answer_of_every_service_in_both_versions_is_valid() {
    let mut answers = Vec::new();
    let secret = [input("4200017", "Barcode Id"), input("0201", "PIN")].concat();
    let agency = "<AgencyId>EPL</AgencyId><AgencyElementType>Authentication Prompt</AgencyElementType>";
    for service in Service::ALL {
        for inner in ["", &secret, agency, "<broken></BROKEN>"] {
            for text in [v1(service.name, inner), v2(service.name, inner)] {
                let reply = answer(text.as_bytes()).unwrap();
                assert!(!reply.contains("0201"), "{reply}");
                answers.push((format!("{}.xml", service.name), reply));
            }
        }
    }
    for text in ["<NCIPMessage/>", "<NCIPMessage version='v1_0'><Nonsense/></NCIPMessage>", &v2("Nonsense", "")] {
        answers.push(("nonsense.xml".to_owned(), answer(text.as_bytes()).unwrap()));
    }
    validate(&answers);
}

#[test]
fn a_service_that_is_not_ours_is_refused_in_its_own_response() {
    let reply = |text: String| answer(text.as_bytes()).unwrap();
    let v2_reply = reply(v2("CheckOutItem", ""));
    assert!(v2_reply.contains("<n:CheckOutItemResponse><n:Problem><n:ProblemType"), "{v2_reply}");
    assert!(v2_reply.contains(">Unsupported Service</n:ProblemType>"), "{v2_reply}");
    let v1_reply = reply(v1("CheckOutItem", ""));
    assert!(v1_reply.contains("<CheckOutItemResponse><ResponseHeader>"), "{v1_reply}");
    assert!(v1_reply.contains("<ProcessingErrorType>"), "{v1_reply}");
    // The answer to a notification has no place for a problem.
    let notified = reply(v1("ItemShipped", ""));
    assert!(
        notified.contains("</ResponseHeader><MessagingError>") && notified.contains("Unknown Service"),
        "{notified}"
    );
    // Neither has version 1 for a service that it does not know.
    assert!(reply(v1("DeleteItem", "")).contains("<NCIPVersionMessage"));
    assert!(reply(v2("AuthenticateUser", "")).contains("ncip_v2_02.xsd\"><n:Problem>"));
}

#[test]
fn what_we_ask_is_valid_and_read_as_what_was_meant() {
    let mut asked = Vec::new();
    for edition in [Edition::V1, Edition::V2] {
        for asks in [
            Asks::Version,
            Asks::Agency,
            Asks::User { card: "4200017", pin: None },
            Asks::User { card: "4200017", pin: Some("0<1") },
            Asks::Authentication { card: "4200017", pin: "0201" },
        ] {
            if edition == Edition::V2 && matches!(asks, Asks::Authentication { .. }) {
                continue;
            }
            let text = Initiation { edition, from: Some("VENDOR"), secret: Some("s&t"), to: "EPL", asks }.to_text();
            let message = read(text.as_bytes()).unwrap();
            if let (Request::LookupUser(asked), Asks::User { pin, .. }) = (&message.request, asks) {
                assert_eq!(asked.credentials.secret.as_ref().map(|secret| secret.expose()), pin);
                assert_eq!(message.header.from_agency_authentication.as_ref().unwrap().expose(), "s&t");
            }
            assert!(!matches!(message.request, Request::Unsupported(_)), "{text}");
            asked.push(("asked.xml".to_owned(), text));
        }
    }
    validate(&asked);
}

#[test]
fn version_discovery_is_answered_in_the_shape_it_comes_in() {
    let koha = answer(v2("LookupVersion", "").as_bytes()).unwrap();
    assert!(
        koha.contains("<n:NCIPMessage") && koha.contains("<n:LookupVersionResponse><n:VersionSupported>"),
        "{koha}"
    );
    let standard = "<NCIPVersionMessage version='x'><LookupVersion/></NCIPVersionMessage>";
    let standard = answer(standard.as_bytes()).unwrap();
    assert!(standard.contains("<NCIPVersionMessage version=\"x\"><LookupVersionResponse><FromAgencyId>"), "{standard}");
}

#[test]
fn nothing_like_ncip_gets_no_answer() {
    for text in ["", "9300CNuser|COpassword|CPx|", "<html></html>", "\u{16}\u{3}\u{1}", "GET / HTTP/1.1"] {
        assert_eq!(answer(text.as_bytes()), None, "{text}");
    }
}

/// The most hostile inputs that the limits let through, in a debug build beside other tests: a fiftieth of a second is
/// many times what they take, and nothing against what an expansion would.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is measured here is the time of the processor's clock")]
fn no_input_takes_unbounded_work() {
    let wide: String = (0..4000).map(|at| format!(" a{at}='{}'", "x".repeat(50))).collect();
    let hostile = [
        format!("<NCIPMessage>{}", "<a>".repeat(80_000)),
        format!("<NCIPMessage>{}</NCIPMessage>", "&lt;".repeat(60_000)),
        format!("<NCIPMessage{wide}/>"),
        format!("<NCIPMessage><!--{}", "-".repeat(260_000)),
        format!("<NCIPMessage>{}</NCIPMessage>", "<Value>&amp;a&amp;</Value>".repeat(1_900)),
        format!("<!DOCTYPE NCIPMessage {}", "'".repeat(260_000)),
        "<".repeat(262_000),
        "x".repeat(10 << 20),
    ];
    for text in hostile {
        let started = std::time::Instant::now();
        let _ = answer(text.as_bytes());
        let took = started.elapsed();
        assert!(took < Duration::from_millis(200), "{took:?}: {}", text.chars().take(60).collect::<String>());
    }
}
