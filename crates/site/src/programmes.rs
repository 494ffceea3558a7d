//! The programmes of reference/directories.md table 1.1, each written down as a district's file: card to student and
//! back, PIN, limits, end.

use jiff::civil::{Date, date};
use patron::{ExpiryInputs, Grade, PinInputs, Privileges, Reason, Role, Student};

use crate::District;
use crate::trial::Trial;

const TODAY: Date = date(2026, 11, 25);
const BORN: Date = date(2012, 2, 1);

/// A district of these rules, which load without an error.
fn programme(rules: &str) -> District {
    let mut trial = Trial::default();
    trial.district(
        "cms",
        &format!(
            "name = \"A programme\"\n{rules}\n[source]\nkind = \"oneroster-csv\"\npath = \"x\"\nafter = \"delete\"\n"
        ),
    );
    trial.load().unwrap_or_else(|faults| panic!("{faults}")).site.districts[0].clone()
}

/// Somebody's card, from what the source says; it reads back to the same person, and to nobody of another role.
fn card(district: &District, role: Role, source: &str) -> Option<String> {
    let grade = if role == Role::Student { Grade::parse("07") } else { None };
    let (form, id) = district.cards.card_of(role, grade, |_| source)?;
    let (card, space) = (form.card_of(&id), form.spec().namespace.clone());
    assert_eq!(form.id_of_card(&card).as_deref(), Some(id.as_str()), "{card}");
    assert!(district.cards.may_be(&card, (&space, &id), role, grade), "{card}");
    Some(card)
}

fn student_card(district: &District, source: &str) -> String {
    card(district, Role::Student, source).unwrap()
}

/// The PINs of somebody born on 1 February 2012.
fn pins(district: &District, role: Role, source: &str) -> Vec<String> {
    let (_, rule) = district.pins.rule_for(role, Grade::parse("07")).unwrap();
    let (form, id) = district.cards.card_of(role, Grade::parse("07"), |_| source).unwrap();
    let inputs = PinInputs { card: &form.card_of(&id), id: &id, birth_date: Some(BORN), column: Some("c0lumn") };
    rule.accepted(inputs).iter().map(|pin| pin.to_string()).collect()
}

fn may(district: &District, role: Role, grade: &str) -> Privileges {
    district.privileges.of(role, Grade::parse(grade))
}

fn ends(district: &District, role: Role, grade: &str, today: Date) -> Option<Date> {
    district.expiry.expiry(role, &ExpiryInputs { birth_date: Some(BORN), grade: Grade::parse(grade), today })
}

const BIRTHDAY: &str = "[pin]\nscheme = \"birth-date\"\nformat = \"MMDD\"\n";

#[test]
fn seattle_library_link_students_and_staff() {
    let seattle = programme(
        "[[card]]\nroles = [\"student\"]\nid = \"identifier\"\nprefix = \"990000\"\npattern = \"[0-9]{7}\"\n\
         [[card]]\nroles = [\"teacher\", \"staff\"]\n\
         pieces = [\"991\", { id = \"identifier\", pattern = \"[1-9][0-9]{2,7}\", zero-fill-total = 13 }]\n\
         [[pin]]\nroles = [\"student\"]\nscheme = \"birth-date\"\nformat = \"MMDD\"\n\
         [[pin]]\nscheme = \"last-digits\"\nweak-pin = \"accepted\"\n\
         [eligibility]\nroles = [\"student\", \"teacher\", \"staff\"]\n\
         [privileges.student]\nphysical = false\nholds = false\n\
         [privileges.teacher]\nphysical = false\nholds = false\n[privileges.staff]\nphysical = false\nholds = false\n",
    );
    assert_eq!(student_card(&seattle, "0012345"), "9900000012345");
    for (employee, number) in [("123", "9910000000123"), ("12345678", "9910012345678")] {
        assert_eq!(card(&seattle, Role::Teacher, employee).as_deref(), Some(number));
    }
    assert_eq!(card(&seattle, Role::Teacher, "123456789"), None);
    assert_eq!(pins(&seattle, Role::Student, "0012345"), ["0201"]);
    assert_eq!(pins(&seattle, Role::Teacher, "12345678"), ["5678"]);
    assert!(!may(&seattle, Role::Student, "07").physical && may(&seattle, Role::Staff, "").digital);
}

#[test]
fn king_county_district_codes_teachers_and_colleges() {
    let bellevue = programme(
        "[[card]]\nroles = [\"student\"]\nid = \"identifier\"\nprefix = \"405\"\npattern = \"[0-9]{5,9}\"\n\
         [[card]]\nroles = [\"teacher\"]\npieces = [\"405t\", { id = \"identifier\", pattern = \"[A-Z0-9]{1,9}\", \
         zero-fill = 4, case = \"upper\" }]\n\
         [pin]\nscheme = \"last-digits\"\nweak-pin = \"accepted\"\n\
         [eligibility]\nroles = [\"student\", \"teacher\"]\n\
         expiry = [{ roles = [\"student\"], age = 21 }, { roles = [\"teacher\"], years = 10 }]\n\
         [privileges.student]\nphysical = false\ncomputer = false\n",
    );
    assert_eq!(student_card(&bellevue, "1234567"), "4051234567");
    assert_eq!(card(&bellevue, Role::Teacher, "b7").as_deref(), Some("405t00B7"));
    assert_eq!(pins(&bellevue, Role::Teacher, "b7"), ["00B7"]);
    assert_eq!(ends(&bellevue, Role::Student, "07", TODAY), Some(date(2033, 7, 1)));
    assert_eq!(ends(&bellevue, Role::Teacher, "", TODAY), Some(date(2036, 7, 1)));
    assert!(!may(&bellevue, Role::Student, "07").computer);
    // Had a student's ID an e in front, it would be the card of a teacher: the pattern must say that none has.
    let college = programme(
        "[[card]]\nroles = [\"student\"]\npieces = [\"BC\", { id = \"identifier\", pattern = \"[a-df-z0-9][a-z0-9]{3,8}\", \
         case = \"lower\", keep = \"alphanumeric\" }]\n\
         [[card]]\nroles = [\"teacher\"]\npieces = [\"BCE\", { id = \"identifier\", pattern = \"[0-9]{4,9}\", \
         keep = \"alphanumeric\" }]\n\
         [pin]\nscheme = \"last-digits\"\nweak-pin = \"accepted\"\n[eligibility]\nexpiry = { years = 4 }\n",
    );
    assert_eq!(student_card(&college, "F-123.456"), "BCf123456");
    assert_eq!(ends(&college, Role::Student, "13", TODAY), Some(date(2030, 7, 1)));
}

#[test]
fn multnomah_library_connect() {
    let centennial = programme(
        "[card]\nid = \"identifier\"\nprefix = \"40\"\npattern = \"[0-9]{6}\"\n\
         [pin]\nscheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n",
    );
    assert_eq!(student_card(&centennial, "123456"), "40123456");
    assert_eq!(pins(&centennial, Role::Student, "123456"), ["02012012"]);
    assert_eq!(may(&centennial, Role::Student, "07"), Privileges::default());
    assert_eq!(ends(&centennial, Role::Student, "07", TODAY), None, "permanent");
}

#[test]
fn pines_play() {
    let play = programme(
        "[card]\nid = \"identifier\"\nprefix = \"123\"\npattern = \"[0-9]{4,10}\"\n\
         [pin]\nscheme = \"birth-date\"\nformat = \"MMYYYY\"\n\
         [eligibility]\nsummer = { from = \"06-15\", to = \"09-15\" }\nexpiry = { until = \"09-15\", year-begins = \"07-01\" }\n\
         opt-out-file = \"opt-outs.txt\"\n\
         [privileges.student]\nitems = 5\nhold-limit = 2\nfines-waived = true\n",
    );
    assert_eq!(student_card(&play, "00123456"), "12300123456");
    assert_eq!(pins(&play, Role::Student, "00123456"), ["022012"]);
    let limits = may(&play, Role::Student, "07");
    assert_eq!((limits.items, limits.hold_limit, limits.fines_waived), (Some(5), Some(2), true));
    assert_eq!(ends(&play, Role::Student, "07", date(2026, 6, 30)), Some(date(2026, 9, 15)));
    assert_eq!(ends(&play, Role::Student, "07", date(2026, 7, 1)), Some(date(2027, 9, 15)));
    assert_eq!(play.eligibility.held_until(date(2026, 7, 4)), date(2026, 9, 15));
}

#[test]
fn pines_play_with_the_districts_own_password() {
    let play = programme(
        "[card]\nid = \"identifier\"\nprefix = \"124\"\npattern = \"[0-9]{4,10}\"\n\
         [pin]\nscheme = \"column\"\ncolumn = \"password\"\n",
    );
    assert_eq!(pins(&play, Role::Student, "00123456"), ["c0lumn"]);
}

#[test]
fn nc_cardinal_student_access() {
    let cardinal = programme(&format!(
        "[card]\nid = \"user-id:DPI\"\npattern = \"[0-9]{{10}}\"\nnamespace = \"dpi\"\n{BIRTHDAY}\
         [eligibility]\nroles = [\"student\", \"teacher\"]\n\
         [privileges.student]\npatron-type = \"School\"\nitems = 10\nfines-waived = true\n\
         [privileges.teacher]\npatron-type = \"School\"\n"
    ));
    assert_eq!(student_card(&cardinal, "1234567890"), "1234567890");
    assert_eq!(cardinal.cards.spaces(), ["shared:dpi"]);
    assert_eq!(cardinal.privileges.patron_type(Role::Teacher, None), Some("School"));
    let charter = programme(&format!(
        "[card]\npieces = [{{ id = \"identifier\", pattern = \"[0-9]{{4,6}}\" }}, \"CH\"]\n{BIRTHDAY}"
    ));
    assert_eq!(student_card(&charter, "12345"), "12345CH", "an agreed suffix");
}

#[test]
fn charlotte_one_access() {
    let cms = programme(&format!(
        "[[card]]\nroles = [\"student\"]\nid = \"identifier\"\npattern = \"[0-9]{{7}}\"\n\
         [[card]]\nroles = [\"teacher\", \"staff\"]\nid = \"identifier\"\nprefix = \"E\"\npattern = \"[0-9]{{5,7}}\"\n{BIRTHDAY}\
         [eligibility]\nroles = [\"student\", \"teacher\", \"staff\"]\n\
         [privileges.student]\nitems = 10\nfines-waived = true\n[privileges.teacher]\nphysical = false\n"
    ));
    assert_eq!(student_card(&cms, "1000001"), "1000001");
    assert_eq!(card(&cms, Role::Teacher, "1000001").as_deref(), Some("E1000001"));
    assert_eq!(may(&cms, Role::Student, "07").items, Some(10));
    assert!(!may(&cms, Role::Teacher, "").physical);
}

#[test]
fn nashville_limitless_libraries() {
    let mnps = programme(
        "[[card]]\nroles = [\"student\"]\nid = \"identifier\"\npattern = \"190[0-9]{6}\"\n\
         [[card]]\nroles = [\"teacher\"]\nid = \"identifier\"\npattern = \"[0-9]{5,8}\"\n\
         [pin]\nscheme = \"column\"\ncolumn = \"pin\"\n[eligibility]\nroles = [\"student\", \"teacher\"]\n\
         [[privileges.student]]\ngrades = [\"KG-02\"]\nholds = false\n[[privileges.student]]\nitems = 10\n\
         [privileges.teacher]\nitems = 100\n",
    );
    assert_eq!(student_card(&mnps, "190123456"), "190123456");
    assert_eq!(card(&mnps, Role::Student, "123456789"), None);
    assert_eq!(card(&mnps, Role::Teacher, "123456").as_deref(), Some("123456"));
    assert!(!may(&mnps, Role::Student, "01").holds && may(&mnps, Role::Student, "05").holds);
    assert_eq!(may(&mnps, Role::Teacher, "").items, Some(100));
}

#[test]
fn jacksonville_duval() {
    let duval = programme(&format!(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{{8}}\"\n{BIRTHDAY}\
         [eligibility]\nexpiry = {{ until = \"08-10\", year-begins = \"08-01\" }}\n\
         [privileges.student]\nitems = 3\nfines-waived = true\n"
    ));
    assert_eq!(student_card(&duval, "00012345"), "00012345");
    assert_eq!(ends(&duval, Role::Student, "07", TODAY), Some(date(2027, 8, 10)));
    assert_eq!(ends(&duval, Role::Student, "07", date(2027, 8, 1)), Some(date(2028, 8, 10)), "activated again");
    let expired = Student { expiry: ends(&duval, Role::Student, "07", TODAY), ..Student::of(Role::Student) };
    assert_eq!(duval.eligibility.judge(&expired, false, date(2027, 8, 10)), Err(Reason::Expired));
}

#[test]
fn indianapolis_state_wide_id() {
    let township = programme(&format!(
        "[card]\nid = \"column:metadata.stn\"\npattern = \"[0-9]{{9}}\"\nnamespace = \"stn\"\n{BIRTHDAY}\
         [eligibility]\nopt-out-file = \"opt-outs.txt\"\n[privileges.student]\nfee-limit = \"5.00\"\n"
    ));
    assert_eq!(student_card(&township, "012345678"), "012345678");
    assert_eq!(may(&township, Role::Student, "07").fee_limit, Some(500));
}

#[test]
fn salinas_smart_card() {
    let salinas = programme(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{6,10}\"\n\
         [pin]\nscheme = \"last-digits\"\nof = \"id\"\nweak-pin = \"accepted\"\n\
         [eligibility]\nexpiry = { graduation = true }\nopt-out-file = \"opt-outs.txt\"\n\
         [privileges.student]\nitems = 2\n",
    );
    assert_eq!(pins(&salinas, Role::Student, "1234567"), ["4567"]);
    assert_eq!(ends(&salinas, Role::Student, "12", TODAY), Some(date(2027, 7, 1)));
    assert_eq!(may(&salinas, Role::Student, "12").items, Some(2));
}

#[test]
fn santa_ana_and_los_angeles_student_success_card() {
    let success = programme(&format!(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{{10}}\"\n{BIRTHDAY}\
         [privileges.student]\nitems = 3\nfines-waived = true\ncomputer = false\n"
    ));
    let limits = may(&success, Role::Student, "07");
    assert_eq!((limits.items, limits.fines_waived, limits.computer), (Some(3), true, false));
}

#[test]
fn san_francisco_scholar_card() {
    let scholar = programme(
        "[card]\npieces = [\"21223\", { id = \"column:card\", pattern = \"[0-9]{8}\" }, { check-digit = \"codabar\" }]\n\
         [pin]\nscheme = \"column\"\ncolumn = \"pin\"\n[eligibility]\nopt-out-file = \"opt-outs.txt\"\n\
         [privileges.student]\nitems = 100\n",
    );
    // The check digit was worked out by another program.
    assert_eq!(student_card(&scholar, "00012345"), "21223000123458");
}

#[test]
fn dubuque_with_a_blank_in_the_card() {
    let dubuque = programme(
        "[card]\nid = \"identifier\"\nprefix = \"P \"\npattern = \"[0-9]{5,6}\"\n\
         [pin]\nscheme = \"none\"\nweak-pin = \"accepted\"\n[eligibility]\ngrades = [\"06-12\"]\n",
    );
    assert_eq!(student_card(&dubuque, "12345"), "P 12345");
    let pupil = |grade| Student { grade: Grade::parse(grade), ..Student::of(Role::Student) };
    assert_eq!(dubuque.eligibility.judge(&pupil("05"), false, TODAY), Err(Reason::Grade), "middle and high only");
    assert_eq!(dubuque.eligibility.judge(&pupil("06"), false, TODAY), Ok(()));
}

#[test]
fn whatcom_connected() {
    let wcls = programme(&format!(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{{6,8}}\"\n{BIRTHDAY}[privileges.student]\nitems = 2\ncomputer = true\n"
    ));
    assert_eq!(may(&wcls, Role::Student, "07").items, Some(2));
}

#[test]
fn st_paul_ramsey_and_hennepin_three_answers_to_an_existing_card() {
    let virtual_card = programme(&format!(
        "[card]\nid = \"identifier\"\nprefix = \"SP\"\npattern = \"[0-9]{{6}}\"\n{BIRTHDAY}[privileges.student]\nitems = 5\n"
    ));
    assert_eq!(student_card(&virtual_card, "123456"), "SP123456");
    let merged = programme(&format!(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{{6}}\"\naliases = [\"column:libraryCard\"]\n{BIRTHDAY}"
    ));
    assert_eq!(merged.cards.sources().len(), 2, "the earlier card goes on working");
    let opt_out = programme(&format!(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{{6}}\"\n{BIRTHDAY}[eligibility]\nopt-out-file = \"opt-outs.txt\"\n"
    ));
    assert!(opt_out.opt_out_file.is_some());
}

#[test]
fn durham_an_own_number_first_and_the_student_id_then() {
    let durham = programme(&format!(
        "[[card]]\nid = \"identifier\"\npattern = \"[0-9]{{6}}\"\n\
         [[card]]\nid = \"identifier\"\nprefix = \"DCL\"\npattern = \"[0-9]{{6}}\"\nretired = true\n{BIRTHDAY}\
         [privileges.student]\nitems = 5\n"
    ));
    assert_eq!(student_card(&durham, "123456"), "123456");
    let (space, id) = ("district:cms", "123456");
    assert!(durham.cards.may_be("DCL123456", (space, id), Role::Student, None), "the first card is still read");
}

#[test]
fn mylibrarynyc() {
    let nyc = programme(
        "[card]\nid = \"identifier\"\npattern = \"[0-9]{9}\"\n[pin]\nscheme = \"column\"\ncolumn = \"pin\"\n\
         [eligibility]\nroles = [\"student\", \"teacher\"]\n\
         [privileges.student]\npatron-type = \"STUDENT\"\n[privileges.teacher]\npatron-type = \"EDUCATOR\"\nitems = 100\n",
    );
    assert_eq!(may(&nyc, Role::Teacher, "").items, Some(100));
    assert_eq!(nyc.privileges.patron_type(Role::Teacher, None), Some("EDUCATOR"));
    let discharged = Student { enabled: false, ..Student::of(Role::Student) };
    assert_eq!(nyc.eligibility.judge(&discharged, false, TODAY), Err(Reason::Disabled), "the district says so");
}
