//! What districts' files look like, and what is made of it.

use jiff::civil::date;
use patron::{IdSource, Role};

use super::*;
use crate::battery::all;
use crate::delimited::{Charset, EnabledWords};

fn shapes(texts: &[&str]) -> Vec<DateShape> {
    texts.iter().map(|text| DateShape::parse(text).unwrap()).collect()
}

#[test]
fn a_table_before_a_columns_name_is_passed_over() {
    let text = "SCHOOLS.Name\tSTUDENTS.ID\tSTUDENTS.DOB\nFirst\t7\t2012-04-23\n";
    assert_eq!(ids(text).0, ["7"]);
}

#[test]
fn a_column_in_another_letter_case_or_with_blanks_is_taken_with_a_warning() {
    let (ids, reading) = ids("name, ID \nAda,7\n");
    assert_eq!((ids, oddities(&reading)), (vec!["7".to_owned()], vec![Oddity::ColumnCase("id".into())]));
}

#[test]
fn what_the_configuration_says_of_the_delimiter_holds_against_the_header() {
    let mapping = Mapping { delimiter: Some(b';'), ..numbers() };
    let (people, _) = read_with("\"a\";a,b,c,d;id\n1;2,3,4,5;7\n", mapping, &least()).unwrap();
    assert_eq!(people[0].ids[0], "7");
}

#[test]
fn reads_quotes_as_exports_write_them() {
    let text =
        "id,name\n\"1\",\"Byron, Ada\"\n2,Ada \"Al\" Byron\n3,\"Ada \"\"Al\"\" Byron\"\n4,\"Ada\nByron\"\n\"5\" ,x\n";
    let (ids, reading) = ids(text.replace('\n', "\r\n"));
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!((reading.undecodable.count, reading.warnings), (0, vec![]));
}

#[test]
fn reads_a_byte_order_mark_and_blank_rows_before_the_header() {
    assert_eq!(ids("\u{feff}id;name\r\n7;Ada\r\n").0, ["7"]);
    assert_eq!(ids("\n\nid|name\n7|Ada\n").0, ["7"]);
}

#[test]
fn a_row_with_a_cell_too_many_is_undecodable() {
    let (ids, reading) = ids("name,id\nByron, Ada,7\nAda,8\n");
    assert_eq!((ids, reading.undecodable.count), (vec!["8".to_owned()], 1));
    assert_eq!(reading.undecodable.first[0].row, 2);
}

#[test]
fn a_short_row_that_holds_what_is_needed_is_taken_with_a_warning() {
    let (ids, reading) = ids("name,id,grade\nAda,7\nBea\n");
    assert_eq!((ids, reading.undecodable.count), (vec!["7".to_owned()], 1));
    assert_eq!(oddities(&reading), [Oddity::ShortRow]);
}

#[test]
fn a_missing_last_newline_alone_is_fine() {
    assert_eq!(ids("id,name\n7,Ada").0, ["7"]);
}

#[test]
fn reads_windows_1252_where_the_configuration_says_so() {
    let text = b"Number,First,Last\n7,Zo\xeb,O\x92Brien\n".as_slice();
    let columns = Columns { id: Some("Number".into()), ..mapping().columns };
    let columns = Columns { role: None, enabled: None, grade: None, school: None, email: None, ..columns };
    let mapping = Mapping { charset: Charset::Windows1252, columns, ..Mapping::default() };
    let wanted = Wanted { name: true, ..least() };
    let (people, _) = read_with(text, mapping.clone(), &wanted).unwrap();
    assert_eq!(people[0].student.name.as_ref().unwrap().inverted(), "O’Brien, Zoë");
    // A byte order mark says what the file is, whatever is said of it.
    let (people, _) = read_with("\u{feff}Number,First,Last\n7,Zoë,Byron\n", mapping.clone(), &wanted).unwrap();
    assert_eq!(people[0].student.name.as_ref().unwrap().inverted(), "Byron, Zoë");

    let (people, reading) = read_with(text, Mapping { charset: Charset::Utf8, ..mapping }, &wanted).unwrap();
    assert_eq!((people.len(), reading.undecodable.count), (0, 1));
    let told = reading.undecodable.first[0].to_string();
    assert!(told.contains("row 2, column `First`") && told.contains("charset = \"windows-1252\""), "{told}");
}

#[test]
fn reads_dates_in_the_shapes_that_are_listed_and_no_other() {
    let born = |written: &str, listed: &[&str]| {
        let columns = Columns { birth_date: Some("dob".into()), ..numbers().columns };
        let mapping = Mapping { dates: shapes(listed), columns, ..Mapping::default() };
        let wanted = Wanted { birth_date: true, ..least() };
        let (people, reading) = read_with(format!("id,dob\n7,{written}\n"), mapping, &wanted).unwrap();
        assert_eq!(people[0].birth_date.is_none(), oddities(&reading) == [Oddity::BirthDateShape], "{written}");
        people[0].birth_date
    };
    let usual = ["YYYY-MM-DD", "M/D/YYYY"];
    assert_eq!(born("4/3/2012", &usual), Some(date(2012, 4, 3)));
    assert_eq!(born("2012-04-03", &usual), Some(date(2012, 4, 3)));
    assert_eq!(born("3.4.2012", &["D.M.YYYY"]), Some(date(2012, 4, 3)));
    for written in ["4/3/12", "13/3/2012", "3.4.2012", "20120403", "4/3/1812", "4/3/2027"] {
        assert_eq!(born(written, &usual), None, "{written}");
    }
    // One text, two days: neither is taken.
    assert_eq!(born("4/3/2012", &["M/D/YYYY", "D/M/YYYY"]), None);
    assert_eq!(born("4/4/2012", &["M/D/YYYY", "D/M/YYYY"]), Some(date(2012, 4, 4)));
}

#[test]
fn the_districts_own_words_come_before_ours() {
    let roles = vec![("S".into(), Some(Role::Student)), ("P".into(), None), ("Teacher".into(), Some(Role::Staff))];
    let columns = Columns { role: Some("type".into()), ..numbers().columns };
    let mapping = Mapping { roles, columns, ..Mapping::default() };
    let text = "id,type\n1,s\n2,P\n3,teacher\n4,Site-Administrator\n5,siteAdministrator\n6,X\n7,\n";
    let (people, reading) = read_with(text, mapping, &least()).unwrap();
    let roles: Vec<_> = people.iter().map(|person| person.student.role).collect();
    assert_eq!(roles, [Role::Student, Role::Staff, Role::SiteAdministrator, Role::SiteAdministrator]);
    assert_eq!((reading.never_stored, reading.unknown_role, reading.undecodable.count), (1, 1, 1));
    assert_eq!(oddities(&reading), [Oddity::UnmappedRole]);
}

#[test]
fn without_columns_for_them_everybody_is_an_enabled_student() {
    let (people, _) = read_with("id\n7\n", numbers(), &least()).unwrap();
    assert_eq!((people[0].student.role, people[0].student.enabled), (Role::Student, true));
}

#[test]
fn enabled_is_what_the_district_calls_enabled() {
    // PowerSchool: 0 is here, 2 has moved away. An empty cell is what the list says of it.
    let words = EnabledWords { yes: vec!["0".into(), String::new()], no: vec!["2".into()] };
    let columns = Columns { enabled: Some("status".into()), ..numbers().columns };
    let mapping = Mapping { enabled: Some(words), columns: columns.clone(), ..Mapping::default() };
    let (people, reading) = read_with("id,status\n1,0\n2,\n3,2\n4,true\n", mapping, &least()).unwrap();
    let enabled: Vec<_> = people.iter().map(|person| person.student.enabled).collect();
    assert_eq!((enabled, reading.undecodable.count), (vec![true, true, false], 1));
    assert_eq!(reading.undecodable.first[0].expected, "a word of [source.enabled]");

    let usual = Mapping { columns, ..Mapping::default() };
    let (people, _) = read_with("id,status\n1,YES\n2,Inactive\n3,active\n4,no\n", usual, &least()).unwrap();
    let enabled: Vec<_> = people.iter().map(|person| person.student.enabled).collect();
    assert_eq!(enabled, [true, false, true, false]);
}

#[test]
fn a_school_has_its_code_and_name_or_one_of_them() {
    let named = |name: &str| Some(name.to_owned());
    let columns = Columns { school: named("school"), school_name: named("school_name"), ..numbers().columns };
    let text = "id,school,school_name\n1,10,\n2,10,First\n3,,Second\n4,,\n";
    let (people, reading) = read_with(text, Mapping { columns, ..Mapping::default() }, &least()).unwrap();
    let schools: Vec<_> =
        people.iter().map(|person| person.student.schools.iter().map(|at| at.0).collect::<Vec<_>>()).collect();
    assert_eq!(schools, [vec![0], vec![0], vec![1], vec![]]);
    let told: Vec<_> = reading.schools.iter().map(|school| (school.source_id.as_str(), school.name.as_str())).collect();
    assert_eq!(told, [("10", "First"), ("Second", "Second")]);
}

#[test]
fn the_column_pin_is_the_one_that_is_mapped() {
    let columns = Columns { pin: Some("PIN_Code".into()), ..numbers().columns };
    let wanted = Wanted { pin_columns: vec!["pin".into(), "other".into()], ..least() };
    let (people, _) =
        read_with("id,PIN_Code,other\n7,0042, x \n", Mapping { columns, ..Mapping::default() }, &wanted).unwrap();
    assert_eq!(people[0].pins.iter().map(|pin| pin.as_str()).collect::<Vec<_>>(), ["0042", "x"]);
}

#[test]
fn an_id_is_the_column_that_the_card_rule_says() {
    let columns = Columns { username: Some("login".into()), ..numbers().columns };
    let ids = vec![IdSource::Column("Old".into()), IdSource::Username, IdSource::Identifier];
    let mapping = Mapping { columns, ..Mapping::default() };
    let (people, _) = read_with("id,login,T.Old\n7,ada,6\n", mapping, &Wanted { ids, ..least() }).unwrap();
    assert_eq!(people[0].ids, ["6", "ada", "7"]);
}

#[test]
fn names_that_are_not_mapped_are_warned_of_and_keep_nobody_out() {
    let wanted = Wanted { birth_date: false, pin_columns: vec![], ..all() };
    let (people, reading) = read_with("id\n7\n", numbers(), &wanted).unwrap();
    assert_eq!((people.len(), &people[0].student.name), (1, &None));
    let missing = |key: &str| Oddity::NoColumn(format!("source.columns.{key}"));
    assert_eq!(oddities(&reading), [missing("given-name"), missing("family-name"), missing("email")]);
}
