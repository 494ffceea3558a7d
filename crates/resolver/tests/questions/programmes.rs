//! What real programmes ask of the resolver: moves, earlier numbers, pilots, opt-outs, rosters that grow old.

use std::fs;
use std::path::PathBuf;

use crate::library::{Library, client, district, form, rule, student};
use jiff::civil::date;
use patron::{
    CardRules, CardSpec, Grade, GradeBand, IdSource, PrivilegeRule, PrivilegeRules, Privileges, Reason, Role,
    SchoolIndex, Scope, Student, Verdict,
};
use resolver::{ClientKind, ClientRules, PinPolicy, Unserved};

const SPACE: &str = "stn";

/// Two districts that share a state-wide ID.
fn shared() -> Library {
    Library::new(vec![district("north", rule("", SPACE)), district("south", rule("", SPACE))])
}

fn admitted(library: &Library, card: &str, pin: &str) -> bool {
    matches!(library.ask(card, pin), Verdict::Admit(_))
}

fn at_school(number: u16) -> Student {
    Student { schools: vec![SchoolIndex(number)], ..student() }
}

#[test]
fn a_child_who_moved_is_found_where_the_row_is_current_whatever_pin_the_old_one_has() {
    let library = shared();
    let left = Student { enabled: false, ..student() };
    let vanished = Student { withdrawn: Some(date(2026, 11, 1)), ..student() };
    library.publish(0, &[("1001", "0909", Some(left)), ("1002", "0909", Some(vanished))]);
    library.publish(1, &[("1001", "0201", Some(student())), ("1002", "0202", Some(student()))]);
    assert!(admitted(&library, "1001", "0201") && admitted(&library, "1002", "0202"));
    assert_eq!(library.refusal("1001", "0909"), Reason::WrongPin);
}

#[test]
fn two_current_rows_with_one_pin_are_one_child_and_the_one_that_may_counts() {
    let mut library = shared();
    library.districts[0].eligibility.schools = vec!["s1".into()];
    library.publish(0, &[("1001", "0201", Some(at_school(0)))]);
    library.publish(1, &[("1001", "0201", Some(at_school(0)))]);
    assert!(admitted(&library, "1001", "0201"), "the pilot in north keeps nobody of south out");
    library.districts[1].eligibility.schools = vec!["s1".into()];
    assert_eq!(library.refusal("1001", "0201"), Reason::School);
}

#[test]
fn two_current_rows_whose_pins_differ_are_refused_and_no_guess_helps() {
    let library = shared();
    library.publish(0, &[("1001", "0201", Some(student()))]);
    library.publish(1, &[("1001", "0909", Some(student()))]);
    for pin in ["0201", "0909", "1111"] {
        assert_eq!(library.refusal("1001", pin), Reason::Ambiguous);
    }
}

#[test]
fn a_district_that_is_off_admits_nobody_and_is_in_nobodys_way() {
    let mut library = shared();
    library.districts[0].eligibility.active = false;
    library.publish(1, &[("1001", "0201", Some(student()))]);
    assert!(admitted(&library, "1001", "0201"));
    assert_eq!(library.refusal("1002", "0201"), Reason::UnknownCard, "no outage, though north has no roster");
    library.publish(0, &[("1001", "0909", Some(student())), ("1003", "0203", Some(student()))]);
    assert!(admitted(&library, "1001", "0201"), "another PIN there makes nobody ambiguous here");
    assert_eq!(library.refusal("1003", "0203"), Reason::DistrictOff);
    assert_eq!(library.refusal("1003", "0204"), Reason::WrongPin);
}

#[test]
fn a_verdict_is_counted_for_the_district_in_which_the_child_is() {
    let library = shared();
    library.publish(0, &[("1001", "0201", Some(student()))]);
    library.publish(1, &[("1002", "0202", Some(student()))]);
    let of = |card| library.answer_as(&client(&[0, 1], PinPolicy::Required), card, "0202").1;
    assert_eq!([of("1001"), of("1002"), of("1003"), of("x")], [Some(0), Some(1), None, None]);
}

#[test]
fn an_earlier_number_works_shows_todays_card_and_shares_its_attempts() {
    let library = shared();
    library.publish_rows(0, &[("1001", "0201", Some(student()))], &[("9001", "1001")]);
    library.publish(1, &[]);
    let Verdict::Admit(patron) = library.ask("9001", "0201") else { panic!() };
    assert_eq!(patron.card.as_str(), "1001");
    for wrong in ["1", "2", "3"] {
        assert_eq!(library.refusal("9001", wrong), Reason::WrongPin);
    }
    for wrong in ["4", "5"] {
        assert_eq!(library.refusal("1001", wrong), Reason::WrongPin);
    }
    assert_eq!(library.refusal("9001", "0201"), Reason::Locked);
    assert_eq!(library.refusal("1001", "0201"), Reason::Locked);
}

#[test]
fn an_earlier_number_is_logged_as_todays() {
    let library = shared();
    library.publish_rows(0, &[("1001", "0201", Some(student()))], &[("9001", "1001")]);
    library.publish(1, &[]);
    let today = library.month().pseudonym(SPACE, "1001");
    for (card, pin) in [("1001", "0201"), ("9001", "0201"), ("9001", "0999")] {
        let (_, _, logged) = library.answer_as(&client(&[0, 1], PinPolicy::Required), card, pin);
        assert_eq!(logged.hex(), today.hex(), "{card} {pin}");
    }
}

#[test]
fn an_earlier_number_leads_to_the_district_that_the_child_moved_to() {
    let library = shared();
    let left = Student { enabled: false, ..student() };
    library.publish_rows(0, &[("1001", "0201", Some(left))], &[("9001", "1001")]);
    library.publish_rows(
        1,
        &[("1001", "0202", Some(student())), ("1002", "0203", Some(student()))],
        &[("9002", "1002")],
    );
    assert!(admitted(&library, "9001", "0202"));
    library.publish_rows(0, &[("1003", "0204", Some(student()))], &[("9002", "1003")]);
    assert_eq!(library.refusal("9002", "0203"), Reason::Ambiguous, "two districts know it, of two children");
}

#[test]
fn the_form_of_another_role_is_nobodys_card_and_a_retired_form_is_still_read() {
    let spec = |prefix: &str, roles: &[Role], retired| {
        let scope = Scope { roles: roles.to_vec(), grades: vec![] };
        form(CardSpec { scope, retired, ..CardSpec::plain(IdSource::Identifier, prefix, "[0-9]{4}", "n") })
    };
    let forms = [spec("S", &[Role::Student], false), spec("T", &[Role::Teacher], false), spec("X", &[], true)];
    let library = Library::new(vec![district("north", CardRules::new(forms.to_vec()))]);
    library.publish(0, &[("1001", "0201", Some(student()))]);
    let only = client(&[0], PinPolicy::Required);
    let ask = |card| library.ask_as(&only, card, "0201");
    assert!(matches!(ask("S1001"), Verdict::Admit(_)));
    assert_eq!(ask("T1001").reason(), Some(Reason::UnknownCard));
    let Verdict::Admit(patron) = ask("X1001") else { panic!() };
    assert_eq!(patron.card.as_str(), "S1001");
}

#[test]
fn a_pilot_in_some_grades_refuses_the_others_after_the_right_pin_only() {
    let mut library = shared();
    library.districts[0].eligibility.grades = vec![GradeBand::parse("06-08").unwrap()];
    let grade = |grade| Student { grade: Grade::parse(grade), ..student() };
    library.publish(0, &[("1001", "0201", Some(grade("07"))), ("1002", "0202", Some(grade("09")))]);
    library.publish(1, &[]);
    assert!(admitted(&library, "1001", "0201"));
    assert_eq!(library.refusal("1002", "0202"), Reason::Grade);
    assert_eq!(library.refusal("1002", "1111"), Reason::WrongPin);
}

#[test]
fn a_roster_that_is_too_old_is_an_outage_where_the_district_says_so() {
    let mut library = shared();
    library.publish(0, &[("1001", "0201", Some(student()))]);
    library.publish(1, &[]);
    library.districts[0].eligibility.max_stale = Some(11);
    assert!(admitted(&library, "1001", "0201"), "ten days old");
    library.districts[0].eligibility.max_stale = Some(10);
    for wrong in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(library.refusal("1001", wrong), Reason::Stale);
    }
    library.districts[0].eligibility.max_stale = None;
    assert!(admitted(&library, "1001", "0201"), "no attempt was counted");
}

#[test]
fn who_opted_out_is_refused_in_every_district_of_the_space_after_the_right_pin() {
    let mut library = shared();
    library.publish(0, &[("1001", "0201", Some(student())), ("1002", "0202", Some(student()))]);
    library.publish(1, &[("1003", "0203", Some(student()))]);
    let file = library.folder.path().join("opt-outs.txt");
    fs::write(&file, "1001\n1003\n").unwrap();
    library.districts[0].opt_out_file = Some(file);
    assert_eq!(library.refusal("1001", "0201"), Reason::OptedOut);
    assert_eq!(library.refusal("1001", "9999"), Reason::WrongPin);
    assert_eq!(library.refusal("1003", "0203"), Reason::OptedOut);
    assert!(admitted(&library, "1002", "0202"));
}

#[test]
fn whoever_is_opted_out_by_an_earlier_number_is_so_by_todays_too() {
    let mut library = shared();
    let people = [("1001", "0201", Some(student())), ("1002", "0202", Some(student()))];
    library.publish_rows(0, &people, &[("0901", "1001")]);
    library.publish(1, &[("1003", "0203", Some(student()))]);
    let file = library.folder.path().join("opt-outs.txt");
    fs::write(&file, "0901\n").unwrap();
    library.districts[0].opt_out_file = Some(file);
    assert_eq!(library.refusal("1001", "0201"), Reason::OptedOut);
    assert_eq!(library.refusal("0901", "0201"), Reason::OptedOut);
    assert!(admitted(&library, "1002", "0202"));
}

#[test]
fn a_list_that_was_never_read_serves_nobody_of_its_district() {
    let mut library = shared();
    library.publish(0, &[("1001", "0201", Some(student()))]);
    library.publish(1, &[("1002", "0202", Some(student()))]);
    library.districts[0].opt_out_file = Some(PathBuf::from("/nonexistent/opt-outs.txt"));
    assert!(matches!(library.rosters().generation(0), Err(Unserved::NoOptOuts(_))));
    assert_eq!(library.refusal("1001", "0201"), Reason::Outage);
    assert!(admitted(&library, "1002", "0202"));
}

#[test]
fn a_changed_list_is_noticed_and_an_unchanged_one_is_not_read_again() {
    let mut library = shared();
    library.publish(0, &[("1001", "0201", Some(student()))]);
    let file = library.folder.path().join("opt-outs.txt");
    fs::write(&file, "# nobody\n").unwrap();
    library.districts[0].opt_out_file = Some(file.clone());
    let rosters = library.rosters();
    assert!(rosters.changed_opt_outs().is_none());
    fs::write(&file, "1001\n").unwrap();
    let seen = rosters.changed_opt_outs().unwrap();
    assert_eq!(rosters.changed_opt_outs(), Some(seen), "no further change");
    let again = resolver::Rosters::open(&library.store, library.districts.clone().into(), Some(&rosters));
    assert_eq!((again.opted_out(0).unwrap().len(), again.changed_opt_outs()), (1, None));
}

#[test]
fn who_has_nothing_digital_is_refused_by_vendors_and_known_to_self_checks() {
    let mut library = shared();
    let privileges = Privileges { digital: false, items: Some(3), ..Privileges::default() };
    let scope = Scope { roles: vec![Role::Student], grades: vec![] };
    library.districts[0].privileges = PrivilegeRules::new(vec![PrivilegeRule { scope, patron_type: None, privileges }]);
    library.publish(0, &[("1001", "0201", Some(student()))]);
    library.publish(1, &[]);
    assert_eq!(library.refusal("1001", "0201"), Reason::Privilege);
    let desk = ClientRules { kind: ClientKind::SelfCheck, ..client(&[0], PinPolicy::Required) };
    let Verdict::Admit(patron) = library.ask_as(&desk, "1001", "0201") else { panic!() };
    assert_eq!(patron.privileges, Some(privileges));
}
