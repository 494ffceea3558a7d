//! The way of a query over published rosters: who is admitted, who is refused and why.

use crate::library::{Library, client, district, rule, student};
use jiff::civil::date;
use patron::{Reason, Role, Student, Verdict};
use resolver::PinPolicy;

/// Two districts with their own numbers; both have a student 1001.
fn two_districts() -> Library {
    let library = Library::new(vec![district("north", rule("40", "n")), district("south", rule("41", "s"))]);
    let disabled = Student { enabled: false, ..student() };
    let teacher = Student { role: Role::Teacher, ..student() };
    let expired = Student { expiry: Some(date(2026, 6, 30)), ..student() };
    library.publish(
        0,
        &[
            ("1001", "0201", Some(student())),
            ("1002", "0202", Some(disabled)),
            ("1003", "0203", Some(teacher)),
            ("1004", "0204", Some(expired)),
            ("1005", "", Some(student())),
            ("1006", "0206", None),
        ],
    );
    library.publish(1, &[("1001", "0909", Some(student()))]);
    library
}

#[test]
fn a_right_pin_admits_with_what_both_lists_release() {
    let Verdict::Admit(patron) = two_districts().ask("401001", "0201") else { panic!() };
    assert_eq!(patron.card.as_str(), "401001");
    assert!(patron.name.is_none());
    assert_eq!(patron.initials.as_deref(), Some("Z. Å."), "the district's ceiling has initials, not names");
    assert_eq!(patron.patron_type.as_deref(), Some("STUDENT"));
}

#[test]
fn the_same_number_in_two_districts_is_two_students() {
    let library = two_districts();
    assert!(matches!(library.ask("411001", "0909"), Verdict::Admit(_)));
    assert_eq!(library.refusal("411001", "0201"), Reason::WrongPin);
    assert_eq!(library.refusal("401001", "0909"), Reason::WrongPin);
}

#[test]
fn each_refusal_has_its_reason() {
    let library = two_districts();
    assert_eq!(library.refusal("401001", "0202"), Reason::WrongPin);
    assert_eq!(library.refusal("401999", "0201"), Reason::UnknownCard);
    assert_eq!(library.refusal("1001", "0201"), Reason::UnknownCard, "without its prefix it is nobody's card");
    assert_eq!(library.refusal("401001", " "), Reason::NoPin);
    assert_eq!(library.refusal("401002", "0202"), Reason::Disabled);
    assert_eq!(library.refusal("401003", "0203"), Reason::Role);
    assert_eq!(library.refusal("401004", "0204"), Reason::Expired);
    assert_eq!(library.refusal("401005", "0205"), Reason::NoVerifier);
    assert_eq!(library.refusal("401006", "0206"), Reason::Ambiguous);
}

#[test]
fn eligibility_shows_only_to_a_right_pin() {
    let library = two_districts();
    for card in ["401002", "401003", "401004"] {
        assert_eq!(library.refusal(card, "1111"), Reason::WrongPin);
    }
}

#[test]
fn a_client_is_answered_only_for_its_own_districts() {
    let library = two_districts();
    let south_only = client(&[1], PinPolicy::Required);
    assert_eq!(library.ask_as(&south_only, "401001", "0201").reason(), Some(Reason::OtherDistrict));
    assert!(matches!(library.ask_as(&south_only, "411001", "0909"), Verdict::Admit(_)));
}

#[test]
fn without_a_pin_a_card_is_recognised_only_where_the_client_may() {
    let library = two_districts();
    let optional = client(&[0], PinPolicy::Optional);
    assert!(matches!(library.ask_as(&optional, "401001", ""), Verdict::Recognise(_)));
    assert_eq!(library.ask_as(&optional, "401999", "").reason(), Some(Reason::UnknownCard));
    assert_eq!(library.ask_as(&optional, "401002", "").reason(), Some(Reason::Disabled));
}

#[test]
fn no_pin_costs_no_attempt() {
    let library = two_districts();
    for _ in 0..20 {
        library.ask("401001", "");
    }
    assert!(matches!(library.ask("401001", "0201"), Verdict::Admit(_)));
}

#[test]
fn five_wrong_pins_lock_one_student_and_nobody_else() {
    let library = two_districts();
    for wrong in ["1", "2", "3", "4", "5"] {
        assert_eq!(library.refusal("401001", wrong), Reason::WrongPin);
    }
    assert_eq!(library.refusal("401001", "0201"), Reason::Locked);
    assert!(matches!(library.ask("411001", "0909"), Verdict::Admit(_)));
}

#[test]
fn a_district_without_a_roster_is_an_outage_and_costs_no_attempt() {
    let library = Library::new(vec![district("north", rule("40", "n")), district("south", rule("41", "s"))]);
    library.publish(1, &[("1001", "0909", Some(student()))]);
    for wrong in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(library.refusal("401001", wrong), Reason::Outage);
    }
    assert!(matches!(library.ask("411001", "0909"), Verdict::Admit(_)), "the other district is not in its way");
    library.publish(0, &[("1001", "0201", Some(student()))]);
    assert!(matches!(library.ask("401001", "0201"), Verdict::Admit(_)));
}

#[test]
fn an_outage_in_a_strangers_district_is_not_told() {
    let library = Library::new(vec![district("north", rule("40", "n")), district("south", rule("41", "s"))]);
    library.publish(1, &[("1001", "0909", Some(student()))]);
    let south_only = client(&[1], PinPolicy::Required);
    assert_eq!(library.ask_as(&south_only, "401001", "0201").reason(), Some(Reason::OtherDistrict));
}

#[test]
fn in_a_shared_space_a_miss_is_an_outage_while_one_district_is_away() {
    let library = Library::new(vec![district("north", rule("", "stn")), district("south", rule("", "stn"))]);
    library.publish(0, &[("1001", "0201", Some(student()))]);
    assert!(matches!(library.ask("1001", "0201"), Verdict::Admit(_)));
    assert_eq!(library.refusal("1002", "0201"), Reason::Outage);
    library.publish(1, &[("1002", "0202", Some(student()))]);
    assert!(matches!(library.ask("1002", "0202"), Verdict::Admit(_)));
    assert_eq!(library.refusal("1003", "0201"), Reason::UnknownCard);
}

#[test]
fn a_child_who_moved_is_found_where_the_account_is_active() {
    let library = Library::new(vec![district("north", rule("", "stn")), district("south", rule("", "stn"))]);
    let left = Student { enabled: false, ..student() };
    library.publish(0, &[("1001", "0201", Some(left)), ("1002", "0201", Some(student()))]);
    library.publish(1, &[("1001", "0201", Some(student())), ("1002", "0909", Some(student()))]);
    assert!(matches!(library.ask("1001", "0201"), Verdict::Admit(_)));
    assert_eq!(library.refusal("1002", "0201"), Reason::Ambiguous, "two people, whatever the state says");
}
