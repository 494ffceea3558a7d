//! What is not taken, and what is said of it.

use patron::IdSource;
use proptest::prelude::*;

use super::*;
use crate::battery::all;

fn fault(text: impl AsRef<[u8]>) -> (Option<u64>, Fault) {
    let BadData { file, row, fault, .. } = refused(text, numbers(), &least());
    assert_eq!(file, "students.csv");
    (row, fault)
}

#[test]
fn refuses_a_missing_column_and_names_the_nearest() {
    let mapping =
        Mapping { columns: Columns { id: Some("Student_Number".into()), ..Columns::default() }, ..Mapping::default() };
    let bad = refused("STUDENTS.StudentNumber,x\n7,8\n", mapping, &least());
    assert_eq!(bad.column.as_deref(), Some("Student_Number"));
    assert_eq!(bad.fault, Fault::NoColumn { nearest: Some("StudentNumber".into()) });
}

#[test]
fn refuses_a_column_that_is_there_twice_where_it_is_needed() {
    assert_eq!(fault("id,id,x\n7,8,9\n").1, Fault::TwoColumns);
    assert_eq!(fault("A.id,B.id\n7,8\n").1, Fault::TwoColumns);
    assert_eq!(ids("id,x,x\n7,8,9\n").0, ["7"]);
}

#[test]
fn refuses_a_file_that_is_cut_off() {
    for end in ["\"Ada", "\"Ada\n", "\"Ada\n9,Bea\n", "\""] {
        assert_eq!(fault(format!("id,name\n7,Ada\n8,{end}")), (Some(3), Fault::Truncated), "{end}");
    }
    assert_eq!(fault("id\tname\n7\tAda\n8"), (Some(3), Fault::Truncated));
}

#[test]
fn refuses_files_without_people_and_files_that_are_no_text() {
    for empty in ["", "\u{feff}", "\n\n"] {
        assert_eq!(fault(empty), (None, Fault::Empty), "{empty:?}");
    }
    assert_eq!(fault("id;name\n"), (None, Fault::HeaderOnly));
    let utf16: Vec<u8> = "id,name\n7,Ada\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for binary in [&utf16[..], b"PK\x03\x04\0\0", b"id,name\n7,\0\n"] {
        assert_eq!(fault(binary), (None, Fault::Binary));
    }
}

#[test]
fn refuses_a_doubled_file() {
    assert_eq!(fault("id,name\n7,Ada\n8,Bea\n".repeat(2)), (Some(4), Fault::HeaderAgain));
}

#[test]
fn refuses_a_header_that_does_not_show_its_delimiter() {
    assert_eq!(fault("id;name,grade\n7;Ada,9\n"), (None, Fault::Delimiter));
}

#[test]
fn refuses_a_row_that_never_ends() {
    assert_eq!(fault(format!("id,name\n7,\"Ada\n{}", "x,y\n".repeat(1 << 19))), (Some(2), Fault::RowTooLong));
}

#[test]
fn rules_that_need_a_column_which_is_not_mapped_are_the_sysadmins() {
    let told = |wanted: &Wanted| match read_with("id\n7\n", numbers(), wanted) {
        Err(refusal @ Refusal::Configuration { .. }) => {
            assert_eq!(refusal.actor(), patron::Actor::Sysadmin);
            refusal.to_string()
        }
        other => panic!("{other:?}"),
    };
    for (source, key) in [
        (IdSource::SourceId, "source.columns.source-id: no column is named"),
        (IdSource::Username, "source.columns.username: no column is named"),
        (IdSource::Email, "source.columns.email: no column is named"),
        (IdSource::UserId("LDAP".into()), "user-id:LDAP: a delimited file has no user ids by type"),
    ] {
        let told = told(&Wanted { ids: vec![source], ..least() });
        assert!(told.starts_with(key), "{told}");
    }
    assert!(told(&Wanted { birth_date: true, ..least() }).starts_with("source.columns.birth-date: no column"));
}

#[test]
fn no_message_holds_a_cell() {
    // A file without a header begins with a person.
    let bad = refused("Marker,1,true\nMarker,2,true\n", numbers(), &least());
    assert!(!format!("{bad} {bad:?}").contains("Marker"));
    let header = "Number,Type,Active,Grade,School,Born,First,Last,Mail,pin";
    let rows = "Marker,Marker,Marker,Marker,Marker,Marker\nMarker,student,Marker,Marker,,Marker\n\
                Marker,student,1,Marker,,Marker\n";
    let (_, reading) = read_with(format!("{header}\n{rows}"), mapping(), &all()).unwrap();
    let told = format!("{:?} {:?}", reading.warnings, reading.undecodable);
    assert!(!told.contains("Marker"), "{told}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512), header: bool) {
        let mut text = if header { b"id|name\n".to_vec() } else { Vec::new() };
        text.extend(bytes);
        let _ = read_with(text, numbers(), &least());
    }
}
