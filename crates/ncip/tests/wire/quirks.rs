//! What clients really send (reference/ncip.md section 4), through the whole reader and writer. The quirks of one part are
//! tested beside it.

use ncip::{Edition, Kind, Request, read, read_without_controls};

use crate::support::{V1, V2, answer, input, rejection, v1, v2};

fn identifier(text: &str) -> String {
    match read(text.as_bytes()).unwrap().request {
        Request::LookupUser(asked) => asked.credentials.identifier.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

const USER_ID: &str = "<UserId><UserIdentifierValue>4200017</UserIdentifierValue></UserId>";

#[test]
fn quirk_01_elements_are_known_by_their_local_names() {
    for text in [
        format!(
            "<ncip:NCIPMessage xmlns='a' ncip:version='{V2}'><LookupUser xmlns='b'>{USER_ID}</LookupUser></ncip:NCIPMessage>"
        ),
        format!("<NCIPMessage version='{V2}'><LookupUser>{USER_ID}</LookupUser></NCIPMessage>"),
        format!("<NCIPMessage><LookupUser>{USER_ID}</LookupUser></NCIPMessage>"),
    ] {
        assert_eq!(identifier(&text), "4200017", "{text}");
        let reply = answer(text.as_bytes()).unwrap();
        assert!(reply.contains("http://www.niso.org/2008/ncip"), "an answer always says its namespace: {reply}");
    }
}

#[test]
fn quirk_03_a_v1_doctype_before_a_v2_message_is_read_over() {
    for doctype in [
        "<!DOCTYPE NCIPMessage PUBLIC \"-//NISO//NCIP DTD Version 1.0//EN\" \"http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd\">",
        "<?xml version = \"1.0\" encoding = \"UTF-8\"?>\n\n <!DOCTYPE NCIPMessage PUBLIC \"-//NISO//NCIP DTD Version 1//EN\" \"http://xml.coverpages.org/NCIP-v1_0a-DTD.txt\">",
    ] {
        let text = format!("{doctype}\n{}", v2("LookupUser", USER_ID));
        assert_eq!(read(text.as_bytes()).unwrap().manner.edition, Edition::V2);
        assert!(!answer(text.as_bytes()).unwrap().contains("DOCTYPE"), "version 2 has none");
    }
}

#[test]
fn quirk_03_a_v1_answer_has_a_doctype_where_the_question_had_one_alone_on_its_line() {
    let text = v1("AuthenticateUser", &input("4200017", "Barcode Id"));
    assert!(!answer(text.as_bytes()).unwrap().contains("DOCTYPE"));
    let reply = answer(format!("<!DOCTYPE NCIPMessage SYSTEM 'x'>{text}").as_bytes()).unwrap();
    let lines: Vec<&str> = reply.lines().collect();
    assert!(lines[1].starts_with("<!DOCTYPE NCIPMessage PUBLIC") && lines[1].ends_with("ncip_v1_0.dtd\">"), "{reply}");
    assert!(lines[2].starts_with("<NCIPMessage version=") && lines.len() == 3, "{reply}");
}

#[test]
fn quirk_05_a_v1_answer_holds_the_visible_id_and_a_name() {
    let asked = "<UniqueUserId><UserIdentifierValue>4200017</UserIdentifierValue></UniqueUserId>\
                 <UserElementType><Value>Visible User Id</Value></UserElementType>";
    let reply = answer(v1("LookupUser", asked).as_bytes()).unwrap();
    assert!(reply.contains("<VisibleUserIdentifier>4200017</VisibleUserIdentifier>"), "{reply}");
    assert!(reply.contains("<Surname>Example</Surname>"), "{reply}");
    assert!(reply.contains("<UnstructuredPersonalUserName>Ada &lt;&amp;&gt; Example<"), "{reply}");
}

#[test]
fn quirk_07_a_prefix_that_nothing_declares_is_a_prefix() {
    let text = v2("LookupUser", USER_ID).replace("xmlns:n=", "xmlns=");
    assert_eq!(identifier(&text), "4200017");
}

#[test]
fn quirk_08_a_user_id_needs_neither_agency_nor_type_and_an_input_no_format() {
    assert_eq!(identifier(&v2("LookupUser", USER_ID)), "4200017");
    let bare = "<AuthenticationInput><AuthenticationInputData>4200017</AuthenticationInputData>\
                <AuthenticationInputType>username</AuthenticationInputType></AuthenticationInput>";
    assert_eq!(identifier(&v2("LookupUser", bare)), "4200017");
}

#[test]
fn quirk_10_schemes_and_datatypes_say_nothing() {
    let asked = "<VisibleUserId><VisibleUserIdentifierType><Scheme datatype=\"string\"></Scheme>\
                 <Value datatype=\"string\">Barcode</Value></VisibleUserIdentifierType>\
                 <VisibleUserIdentifier datatype=\"string\">4200017</VisibleUserIdentifier></VisibleUserId>";
    let text = v1("LookupUser", asked).replace("KIOSK-1", "CPomAG:lib:code");
    assert_eq!(identifier(&text), "4200017");
    assert!(answer(text.as_bytes()).unwrap().contains("<Value>CPomAG:lib:code</Value>"));
}

#[test]
fn quirk_11_control_characters_are_refused_and_taken_out_where_a_client_is_known_for_them() {
    let text = v1("LookupUser", USER_ID).replace("4200017", "4200\u{4}017");
    assert_eq!(rejection(text.as_bytes()).problem.kind, Kind::InvalidMessageSyntax);
    let message = read_without_controls(text.as_bytes()).unwrap();
    let Request::LookupUser(asked) = message.request else { panic!() };
    assert_eq!(asked.credentials.identifier.as_str(), "4200017");
    let broken = text.replace("</LookupUser>", "");
    assert!(read_without_controls(broken.as_bytes()).is_err(), "only for that");
}

#[test]
fn quirk_14_and_17_agencies_of_any_scheme_come_back_as_they_came() {
    let isil = "http://biblstandard.dk/isil/schemes/1.1/";
    let text = v1("LookupUser", &input("4200017", "User ID")).replace("http://example.org/agency.scm", isil);
    let reply = answer(text.as_bytes()).unwrap();
    assert!(
        reply.contains(&format!("<ToAgencyId><UniqueAgencyId><Scheme>{isil}</Scheme><Value>KIOSK-1</Value>")),
        "{reply}"
    );
    let unknown = format!("<NCIPMessage version='{V1}'><Nonsense/></NCIPMessage>");
    assert!(answer(unknown.as_bytes()).unwrap().contains("<NCIPVersionMessage"));
}

#[test]
fn quirk_16_a_v1_problem_names_its_element_directly() {
    let reply = answer(v1("LookupUser", &input("0201", "PIN")).as_bytes()).unwrap();
    let expected = "Needed Data Missing</Value></ProcessingErrorType><ProcessingErrorElement>\
                    <ElementName>AuthenticationInput</ElementName></ProcessingErrorElement>";
    assert!(reply.contains(expected), "{reply}");
}

#[test]
fn quirk_19_a_date_is_told_with_its_time_and_offset() {
    let reply = answer(v2("LookupUser", USER_ID).as_bytes()).unwrap();
    assert!(reply.contains("<n:ValidToDate>2027-06-30T00:00:00-04:00</n:ValidToDate>"), "{reply}");
}

#[test]
fn the_version_of_the_question_is_the_version_of_the_answer() {
    for version in [
        "http://www.niso.org/schemas/ncip/v2_0/imp1/xsd/ncip_v2_0.xsd",
        "http://www.niso.org/schemas/ncip/v2_01/imp1/xsd/ncip_v2_01.xsd",
        "http://www.niso.org/ncip/v2_02/imp1/xsd/ncip_v2_02.xsd",
        "http://ncip.envisionware.com/documentation/ncip_v1_01.dtd",
    ] {
        let text = v2("LookupUser", USER_ID).replace(V2, version);
        assert!(answer(text.as_bytes()).unwrap().contains(&format!("version=\"{version}\"")), "{version}");
    }
}

#[test]
fn two_services_in_one_message_are_refused() {
    let text = format!(
        "<NCIPMessage version='{V2}'><LookupUser>{USER_ID}</LookupUser><LookupUser>{USER_ID}</LookupUser></NCIPMessage>"
    );
    assert_eq!(rejection(text.as_bytes()).problem.kind, Kind::InvalidMessageSyntax);
    let beside =
        format!("<NCIPMessage version='{V2}'><Ext><a/></Ext><LookupUser>{USER_ID}</LookupUser><Ext/></NCIPMessage>");
    assert_eq!(identifier(&beside), "4200017");
}

#[test]
fn header_and_its_secrets_are_read_and_not_printed() {
    let header = "<InitiationHeader><FromSystemId>sys</FromSystemId><FromSystemAuthentication>synthetic-1</FromSystemAuthentication>\
                  <FromAgencyId><AgencyId>VENDOR</AgencyId></FromAgencyId>\
                  <FromAgencyAuthentication>synthetic-2</FromAgencyAuthentication></InitiationHeader>";
    let message = read(v2("LookupUser", &format!("{header}{USER_ID}")).as_bytes()).unwrap();
    assert_eq!(message.header.from_system.as_deref(), Some("sys"));
    assert_eq!(message.header.from_agency_authentication.as_ref().unwrap().expose(), "synthetic-2");
    let shown = format!("{message:?}");
    assert!(!shown.contains("synthetic") && !shown.contains("4200017"), "{shown}");
}
