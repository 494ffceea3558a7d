//! Messages as clients send them, synthetic, and whoever validates our answers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use jiff::civil::date;
use jiff::tz::{self, TimeZone};
use ncip::{
    Agency, AgencyInformation, Message, Name, Privilege, Prompt, Rejection, Request, Response, User,
    UserOptionalFields, read,
};

pub const V1: &str = "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd";
pub const V2: &str = "http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd";

/// A folder of ours beside the project, where this clone has one.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: there is no {}", path.display());
    None
}

/// The XML files of a folder, by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no samples in {}", folder.display());
    files
}

/// A version 1 message of a service, with a header.
pub fn v1(service: &str, inner: &str) -> String {
    let agency = |value: &str| {
        format!("<UniqueAgencyId><Scheme>http://example.org/agency.scm</Scheme><Value>{value}</Value></UniqueAgencyId>")
    };
    format!(
        "<NCIPMessage version=\"{V1}\"><{service}><InitiationHeader><FromAgencyId>{}</FromAgencyId>\
         <ToAgencyId>{}</ToAgencyId></InitiationHeader>{inner}</{service}></NCIPMessage>",
        agency("KIOSK-1"),
        agency("EPL")
    )
}

/// A version 2 message of a service, without a header.
pub fn v2(service: &str, inner: &str) -> String {
    format!(
        "<n:NCIPMessage xmlns:n=\"http://www.niso.org/2008/ncip\" n:version=\"{V2}\">\
         <n:{service}>{inner}</n:{service}></n:NCIPMessage>"
    )
}

/// An `AuthenticationInput`, as version 1 and as version 2 write it; read either way.
pub fn input(data: &str, kind: &str) -> String {
    format!(
        "<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData>\
         <AuthenticationDataFormatType>text</AuthenticationDataFormatType>\
         <AuthenticationInputType>{kind}</AuthenticationInputType></AuthenticationInput>"
    )
}

/// What we call ourselves.
pub fn own() -> Agency {
    Agency::new("EPL")
}

/// An answer as the daemon would give it: a made-up user, told all that there is to tell.
pub fn answer(bytes: &[u8]) -> Option<String> {
    let mut out = String::new();
    match read(bytes) {
        Ok(message) => {
            answer_message(&message, &mut out);
            Some(out)
        }
        Err(rejection) => rejection.answer(&own(), &mut out).then_some(out),
    }
}

/// The problem of a message that is refused.
pub fn rejection(bytes: &[u8]) -> Rejection {
    read(bytes).unwrap_err()
}

fn answer_message(message: &Message, out: &mut String) {
    let own = own();
    let parties = message.header.answered_by(&own);
    let expiry = date(2027, 6, 30).to_zoned_datetime(TimeZone::fixed(tz::offset(-4))).unwrap();
    let user = |identifier| User {
        agency: parties.from,
        identifier,
        fields: UserOptionalFields {
            visible_id: true,
            name: Some(Name::Personal { given: "Ada <&>", family: "Example" }),
            email: Some("ada@example.org"),
            privileges: vec![Privilege { kind: "STATUS", status: Some("OK"), valid_to: Some(&expiry) }],
            blocks: &["Block Check Out"],
        },
    };
    match &message.request {
        Request::LookupUser(asked) => {
            message.answer(&Response::LookupUser(user(asked.credentials.identifier.as_str())), &own, out);
        }
        Request::AuthenticateUser(asked) => {
            message.answer(&Response::AuthenticateUser(user(asked.credentials.identifier.as_str())), &own, out);
        }
        Request::LookupAgency(asked) => {
            let prompts = [
                Prompt { text: "Student ID", input_type: "Barcode Id", sensitive: false },
                Prompt { text: "PIN", input_type: "PIN", sensitive: true },
            ];
            let information =
                AgencyInformation { agency: &asked.agency, name: Some("Example Public Library"), prompts: &prompts };
            message.answer(&Response::LookupAgency(information), &own, out);
        }
        Request::LookupVersion => message.answer(&Response::LookupVersion, &own, out),
        Request::Unsupported(_) => message.refuse_unsupported(&own, out),
    }
}

/// Validates answers, by the schema or DTD that each is of. What cannot be had is said, and is a fault in CI.
pub fn validate(answers: &[(String, String)]) {
    let Some(schemas) = shared("schemas/ncip") else { return };
    if Command::new("xmllint").arg("--version").output().is_err() {
        let ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "xmllint is not installed, which is a failure under CI=true (Debian: libxml2-utils)");
        println!("skipped: xmllint is not installed (Debian: libxml2-utils)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut v1, mut v2, mut v2_02, mut discovery) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, (name, answer)) in answers.iter().enumerate() {
        let path = folder.path().join(format!("{at}-{name}"));
        // xmllint reads a DTD that the document names; we give it ours.
        let text: String =
            answer.lines().filter(|line| !line.starts_with("<!DOCTYPE")).map(|line| format!("{line}\n")).collect();
        let kind = if text.contains("<NCIPVersionMessage") {
            &mut discovery
        } else if text.contains("LookupItemSetResponse") {
            &mut v2_02
        } else if text.contains("http://www.niso.org/2008/ncip") {
            &mut v2
        } else {
            &mut v1
        };
        kind.push(path.clone());
        fs::write(path, text).unwrap();
    }
    let lint = |option: &str, schema: &str, files: &[PathBuf]| {
        if files.is_empty() {
            return;
        }
        let schema = schemas.join(schema);
        let mut xmllint = Command::new("xmllint");
        let done = xmllint.args(["--nonet", "--noout", option]).arg(&schema).args(files).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", schema.display());
    };
    for schema in ["ncip_v2_0.xsd", "ncip_v2_01.xsd", "ncip_v2_02.xsd"] {
        lint("--schema", schema, &v2);
    }
    lint("--schema", "ncip_v2_02.xsd", &v2_02);
    lint("--schema", "ncip_version.xsd", &discovery);
    lint("--dtdvalid", "ncip_v1_0.dtd", &v1);
}
