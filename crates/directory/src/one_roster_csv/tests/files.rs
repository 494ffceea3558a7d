//! What a file may look like, and what it may not.

use proptest::prelude::*;

use super::*;
use crate::battery::{ADA, all, least};

/// A 1.1 bundle with this users.csv.
fn users(content: impl Into<Vec<u8>>) -> Files {
    with(v1p1(&[ADA]), "users.csv", content)
}

const SHORT: &str = "sourcedId,enabledUser,orgSourcedIds,role,identifier,grades";

#[test]
fn columns_are_found_by_name_wherever_they_stand() {
    let reordered = "vendor,identifier,role,enabledUser,grades,orgSourcedIds\nx,7,student,true,KG,s1\n";
    let (people, reading) = read(&users(reordered), &least()).unwrap();
    assert_eq!((people[0].ids[0].as_str(), reading.warnings), ("7", vec![]));
}

#[test]
fn a_column_in_another_letter_case_is_taken_with_a_warning() {
    let (people, reading) =
        read(&users(SHORT.replace("enabled", "Enabled") + "\nu,true,s1,student,7,\n"), &least()).unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(oddities(&reading), [("users.csv", Oddity::ColumnCase("enabledUser".into()))]);
}

#[test]
fn refuses_a_missing_column_and_names_the_nearest() {
    let bad = bad(read(&users(SHORT.replace("identifier", "identifer") + "\nu,true,s1,student,7,\n"), &least()));
    assert_eq!((bad.file.as_str(), bad.column.as_deref()), ("users.csv", Some("identifier")));
    assert_eq!(bad.fault, Fault::NoColumn { nearest: Some("identifer".into()) });
}

#[test]
fn refuses_a_missing_pin_column() {
    let wanted = Wanted { pin_columns: vec!["Secret".into()], ..least() };
    assert_eq!(bad(read(&v1p1(&[ADA]), &wanted)).column.as_deref(), Some("Secret"));
}

#[test]
fn reads_crlf_a_byte_order_mark_and_quotes_with_newlines() {
    let text = format!("\u{feff}\"sourcedId\"{}\n", SHORT.trim_start_matches("sourcedId"))
        + "u1,true,s1,student,\"7\r\n\"\"7\",\nu2,true,s1,student,8,\n";
    let (people, reading) =
        read(&users(text.replace('\n', "\r\n")), &Wanted { ids: vec![patron::IdSource::SourceId], ..least() }).unwrap();
    assert_eq!(people.iter().map(|person| person.ids[0].as_str()).collect::<Vec<_>>(), ["u1", "u2"]);
    assert_eq!(reading.warnings, []);
}

#[test]
fn a_missing_last_newline_alone_is_fine() {
    let (people, reading) = read(&users(format!("{SHORT}\nu,true,s1,student,7,KG")), &least()).unwrap();
    assert_eq!((people.len(), reading.warnings), (1, vec![]));
}

#[test]
fn refuses_a_file_that_ends_inside_a_quoted_cell() {
    for end in ["\"KG", "\"", "\"KG\n", "\"KG\"\"", "\"KG\nu3,true,s1,student,8,\n"] {
        let text = format!("{SHORT}\nu,true,s1,student,7,\nu,true,s1,student,7,{end}");
        assert_eq!(refused(&users(text), &least()), ("users.csv".into(), Some(3), Fault::Truncated), "{end}");
    }
}

#[test]
fn refuses_a_file_that_ends_in_a_short_row_without_its_newline() {
    let text = format!("{SHORT}\nu,true,s1,student,7,\nu,true,s1,student,7");
    assert_eq!(refused(&users(text), &least()), ("users.csv".into(), Some(3), Fault::Truncated));
}

#[test]
fn refuses_a_demographics_file_that_is_truncated() {
    let cut = "sourcedId,birthDate,sex\nu0,2012-04-23,female\nu1,2012-0";
    let files = with(v1p1(&[ADA]), "demographics.csv", cut);
    assert_eq!(refused(&files, &all()), ("demographics.csv".into(), Some(3), Fault::Truncated));
}

#[test]
fn a_short_row_that_holds_what_is_needed_is_taken_with_a_warning() {
    let (people, reading) = read(&users(format!("{SHORT}\nu,true,s1,student,7\nu,true,s1\n")), &least()).unwrap();
    assert_eq!((people.len(), reading.undecodable.count), (1, 1));
    assert_eq!(reading.undecodable.first[0].row, 3);
    assert_eq!(oddities(&reading), [("users.csv", Oddity::ShortRow)]);
}

#[test]
fn a_row_with_a_comma_too_many_is_undecodable() {
    let text = format!("{SHORT}\nu,,true,s1,student,7,KG\nu,true,s1,student,7,KG,,\n");
    let (people, reading) = read(&users(text), &least()).unwrap();
    assert_eq!((people.len(), reading.rows, reading.undecodable.count), (1, 2, 1));
    assert_eq!(oddities(&reading), [("users.csv", Oddity::LongRow)]);
}

#[test]
fn blank_rows_of_a_spreadsheet_are_passed_over() {
    let (people, reading) = read(&users(format!("{SHORT}\n\nu,true,s1,student,7,\n,,,,,\n\n")), &least()).unwrap();
    assert_eq!((people.len(), reading.rows), (1, 1));
    assert_eq!(oddities(&reading), [("users.csv", Oddity::BlankRow)]);
}

#[test]
fn refuses_an_empty_file() {
    for empty in ["", "\u{feff}", "\n\n"] {
        assert_eq!(refused(&users(empty), &least()), ("users.csv".into(), None, Fault::Empty), "{empty:?}");
    }
}

#[test]
fn refuses_a_header_without_rows() {
    for name in ["users.csv", "roles.csv", "demographics.csv", "manifest.csv"] {
        let mut files = v1p2(&[ADA]);
        let (_, content) = files.iter_mut().find(|(other, _)| *other == name).unwrap();
        let end = content.iter().position(|byte| *byte == b'\n').unwrap();
        content.truncate(end + 1);
        assert_eq!(refused(&files, &all()), (name.into(), None, Fault::HeaderOnly));
    }
}

#[test]
fn refuses_a_file_whose_header_comes_again() {
    let once = format!("{SHORT}\nu,true,s1,student,7,KG\n");
    assert_eq!(refused(&users(once.repeat(2)), &least()), ("users.csv".into(), Some(3), Fault::HeaderAgain));
}

#[test]
fn refuses_a_binary_file() {
    let utf16: Vec<u8> = SHORT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for binary in [&utf16[..], b"PK\x03\x04\0\0", format!("{SHORT}\nu,true,s1,student,7\0,\n").as_bytes()] {
        assert_eq!(refused(&users(binary), &least()), ("users.csv".into(), None, Fault::Binary));
    }
}

#[test]
fn a_row_that_is_not_utf_8_is_undecodable_only_where_it_is_needed() {
    let mut text = format!("{SHORT},givenName,familyName\nu,true,s1,student,7,,Zo").into_bytes();
    text.extend(b"\xeb,Byron\n");
    let (people, _) = read(&users(text.clone()), &least()).unwrap();
    assert_eq!(people.len(), 1);
    let (people, reading) = read(&users(text), &Wanted { name: true, ..least() }).unwrap();
    assert_eq!((people.len(), reading.undecodable.count), (0, 1));
    assert_eq!(
        reading.undecodable.first[0].to_string(),
        "users.csv, row 2, column `givenName`: expected text in UTF-8; export again in UTF-8"
    );
}

#[test]
fn refuses_a_row_that_never_ends() {
    let text = format!("{SHORT}\nu,true,s1,student,7,\nu,true,s1,student,\"7,\n{}", "x,y\n".repeat(1 << 19));
    assert_eq!(refused(&users(text), &least()), ("users.csv".into(), Some(3), Fault::RowTooLong));
}

#[test]
fn no_message_holds_a_cell() {
    let text = format!("{SHORT}\nMarker,Marker,Marker,Marker,Marker,Marker\nMarker,true,s1,student,Marker,Marker\n");
    let (_, reading) = read(&users(text), &Wanted { birth_date: true, ..least() }).unwrap();
    let told = format!("{:?} {:?}", reading.warnings, reading.undecodable);
    assert!(!told.contains("Marker"), "{told}");
    let bad = bad(read(&users("Marker,true,s1\nMarker,true,s1\n"), &least()));
    assert!(!format!("{bad} {bad:?}").contains("Marker"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512), header: bool) {
        let mut text = if header { format!("{SHORT}\n").into_bytes() } else { Vec::new() };
        text.extend(bytes);
        let _ = read(&users(text), &all());
    }

    #[test]
    fn any_rows_are_read_or_refused(text in "([u7\",\r\n]|true|student|\u{e9}){0,200}") {
        let _ = read(&users(format!("{SHORT}\n{text}")), &least());
    }
}
