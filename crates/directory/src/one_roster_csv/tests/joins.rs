//! What other files say of a person.

use jiff::civil::date;
use patron::{Grade, IdSource, Role, SchoolIndex};

use super::*;
use crate::battery::{ADA, all, least};

fn roles(rows: &str) -> Files {
    with(v1p2(&[ADA]), "roles.csv", format!("{ROLES}\n{rows}\n"))
}

#[test]
fn the_primary_role_is_the_persons_and_all_schools_count() {
    let files = roles("r1,,,u0,secondary,student,,,s2,\nr2,,,u0,primary,aide,,,s1,\nr3,,,u0,secondary,aide,,,d1,");
    let (people, _) = read(&files, &least()).unwrap();
    assert_eq!(people[0].student.role, Role::Aide);
    assert_eq!(people[0].student.schools, [SchoolIndex(0), SchoolIndex(1)]);
}

#[test]
fn of_two_primary_roles_the_order_of_rows_does_not_decide() {
    let one = read(&roles("r1,,,u0,primary,student,,,s1,\nr2,,,u0,primary,aide,,,s2,"), &least()).unwrap();
    let other = read(&roles("r2,,,u0,primary,aide,,,s2,\nr1,,,u0,primary,student,,,s1,"), &least()).unwrap();
    assert_eq!((one.0[0].student.role, other.0[0].student.role), (Role::Student, Role::Student));
}

#[test]
fn a_parent_who_teaches_is_a_teacher_and_not_at_the_childs_school() {
    let files = roles("r1,,,u0,primary,parent,,,s1,\nr2,,,u0,secondary,teacher,,,s2,");
    let (people, reading) = read(&files, &least()).unwrap();
    assert_eq!((people[0].student.role, &people[0].student.schools[..]), (Role::Teacher, &[SchoolIndex(1)][..]));
    assert_eq!(reading.never_stored, 0);
}

#[test]
fn a_role_counts_from_its_first_day_to_the_day_before_its_end() {
    for (dates, active) in
        [("2026-11-23,2026-11-24", true), ("2026-11-24,", false), (",2026-11-23", false), (",1/05/2020", true)]
    {
        let (people, reading) = read(&roles(&format!("r1,,,u0,primary,student,{dates},s1,")), &least()).unwrap();
        assert_eq!((people.len() as u64, reading.withdrawn), (active.into(), (!active).into()), "{dates}");
        assert_eq!(reading.warnings.len(), usize::from(dates.contains('/')));
    }
}

#[test]
fn a_person_whom_roles_csv_does_not_name_is_undecodable() {
    let (people, reading) = read(&roles("r1,,,other,primary,student,,,s1,"), &least()).unwrap();
    assert_eq!((people.len(), reading.undecodable.count), (0, 1));
    assert_eq!(reading.undecodable.first[0].column.as_deref(), Some("sourcedId"));
}

#[test]
fn a_row_of_roles_that_is_too_short_is_undecodable() {
    let (people, reading) = read(&roles("r1,,,u0,primary,student,,,s1,\nr2,,,u0"), &least()).unwrap();
    assert_eq!((people.len(), reading.undecodable.count), (1, 1));
    assert_eq!(reading.undecodable.first[0].file, "roles.csv");
}

fn births(text: &str) -> Files {
    with(v1p1(&[ADA]), "demographics.csv", text)
}

#[test]
fn birth_dates_go_by_the_names_of_early_drafts_too() {
    let (people, reading) = read(&births("userSourcedId,birthdate\nu0,2012-04-23\n"), &all()).unwrap();
    assert_eq!(people[0].birth_date, Some(date(2012, 4, 23)));
    assert_eq!(reading.warnings.len(), 2);
}

#[test]
fn two_rows_with_one_birth_date_agree_and_with_two_cancel_out() {
    let (people, reading) = read(&births("sourcedId,birthDate\nu0,2012-04-23\nu0,2012-04-23\n"), &all()).unwrap();
    assert_eq!((people[0].birth_date, reading.warnings), (Some(date(2012, 4, 23)), vec![]));
    let (people, reading) = read(&births("sourcedId,birthDate\nu0,2012-04-23\nu0,2012-04-24\n"), &all()).unwrap();
    assert_eq!((people[0].birth_date, reading.without_birth_date), (None, 1));
    assert_eq!(oddities(&reading), [("users.csv", Oddity::BirthDates)]);
}

#[test]
fn birth_dates_are_not_opened_unless_they_are_wanted() {
    let files = births("\0");
    assert!(read(&files, &all()).is_err());
    assert_eq!(read(&files, &least()).unwrap().0.len(), 1);
}

fn users(rows: &str) -> Files {
    let header = "sourcedId,enabledUser,orgSourcedIds,role,username,userIds,identifier,grades,STN";
    with(v1p1(&[ADA]), "users.csv", format!("{header}\n{rows}\n"))
}

#[test]
fn the_id_is_where_the_district_says() {
    let files = users(r#"u0,true,s1,student,ada,"{LDAP:l7},{SIS:7}", i7 ,"09,10",n7"#);
    for (source, id) in
        [("identifier", "i7"), ("source-id", "u0"), ("username", "ada"), ("user-id:SIS", "7"), ("column:STN", "n7")]
    {
        let wanted = Wanted { ids: vec![IdSource::parse(source).unwrap()], ..least() };
        let (people, _) = read(&files, &wanted).unwrap();
        assert_eq!((people[0].ids[0].as_str(), people[0].student.grade), (id, Grade::parse("09")), "{source}");
    }
    let wanted = Wanted { ids: vec![IdSource::parse("user-id:Fed").unwrap()], ..least() };
    assert_eq!(read(&files, &wanted).unwrap().1.without_id, 1);
}

#[test]
fn only_schools_are_schools_and_unknown_ones_have_no_name() {
    let (people, reading) = read(&users(r#"u0,true,"s2, d1,s1,x9",student,ada,,7,,"#), &least()).unwrap();
    assert_eq!(people[0].student.schools, [SchoolIndex(0), SchoolIndex(1), SchoolIndex(2)]);
    let names: Vec<_> = reading.schools.iter().map(|school| school.name.as_str()).collect();
    assert_eq!(names, ["First School", "Second School", ""]);
    assert_eq!(reading.schools[0].identifier.as_deref(), Some("370001"));
    assert_eq!(oddities(&reading), [("users.csv", Oddity::UnknownSchool)]);
}

#[test]
fn without_orgs_csv_every_organisation_may_be_a_school() {
    let files = with(without(v1p1(&[ADA]), "orgs.csv"), "manifest.csv", manifest("1.1", "users demographics"));
    let (people, reading) = read(&files, &all()).unwrap();
    assert_eq!((people[0].student.schools.len(), reading.schools.len(), reading.warnings), (1, 1, vec![]));
}

#[test]
fn refuses_more_schools_than_a_roster_holds() {
    let rows: String = (0..65_536).map(|school| format!("u,true,x{school},student,a,,7,,\n")).collect();
    assert_eq!(refused(&users(&rows), &least()), ("users.csv".into(), None, Fault::Schools));
}
