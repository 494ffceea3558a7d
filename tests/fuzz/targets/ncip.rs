//! Any bytes as NCIP: read, answered as the service would, and the answer read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ncip::{
    Agency, Found, Framing, Name, Privilege, Problem, Request, Response, User, UserOptionalFields, limits, outline,
    read, read_without_controls,
};

fuzz_target!(|bytes: &[u8]| {
    is_framed_the_same_however_it_is_split(bytes);
    let own = Agency::new("EPL");
    for read in [read, read_without_controls] {
        let mut answer = String::new();
        match read(bytes) {
            Ok(message) => {
                let name = Name::Personal { given: "Ada <&>", family: "Example" };
                let privilege = Privilege { kind: "STATUS", status: Some("OK"), valid_to: None };
                let (agency, fields) = (
                    message.header.answered_by(&own).from,
                    UserOptionalFields {
                        visible_id: true,
                        name: Some(name),
                        email: Some("ada@example.org"),
                        privileges: vec![privilege],
                        blocks: &["Block Check Out"],
                    },
                );
                let user = |identifier| User { agency, identifier, fields };
                match &message.request {
                    Request::LookupUser(asked) => {
                        let user = user(asked.credentials.identifier.as_str());
                        message.answer(&Response::LookupUser(user), &own, &mut answer);
                    }
                    Request::AuthenticateUser(asked) => {
                        let user = user(asked.credentials.identifier.as_str());
                        message.answer(&Response::AuthenticateUser(user), &own, &mut answer);
                    }
                    Request::LookupVersion => message.answer(&Response::LookupVersion, &own, &mut answer),
                    Request::LookupAgency(_) => {
                        message.refuse(Problem::new(ncip::Kind::UnknownAgency, "AgencyId"), &own, &mut answer);
                    }
                    Request::Unsupported(_) => message.refuse_unsupported(&own, &mut answer),
                }
            }
            Err(rejection) => rejection.answer_anyhow(&own, &mut answer),
        }
        // The longest thing that comes back is an agency in its scheme, in two places, every letter of it escaped.
        assert!(answer.len() < 4096 + 4 * limits::VALUE * 6, "an answer of {} bytes", answer.len());
        assert!(answer.ends_with(">\n"), "clients read line by line");
        assert!(outline(answer.as_bytes()).is_ok(), "an answer that we ourselves cannot read: {answer}");
        let again = ncip::read(answer.as_bytes());
        assert!(
            again.is_ok() || again.is_err_and(|rejection| rejection.problem.kind != ncip::Kind::InvalidMessageSyntax)
        );
    }
});

/// TCP hands a message over in any pieces.
fn is_framed_the_same_however_it_is_split(bytes: &[u8]) {
    let at_once = Framing::default().find(bytes);
    let size = usize::from(bytes.first().copied().unwrap_or_default()) + 1;
    let (mut framing, mut found, mut end) = (Framing::default(), Found::More, 0);
    while found == Found::More && end < bytes.len() {
        end = (end + size).min(bytes.len());
        found = framing.find(&bytes[..end]);
    }
    assert_eq!(at_once, found, "in pieces of {size}");
}
