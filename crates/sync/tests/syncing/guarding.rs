//! What the publish guard sees beside the sums: schools, lost and contradictory PINs, rows that repeat; and what is kept of it.

use std::fs;

use jiff::civil::date;
use patron::{Eligibility, PinRules, Role, Summer, YearDay};
use roster::{RunEnd, RunRecord, Trigger};
use sync::{Cause, Mode, Outcome, Report, SchoolLoss};

use crate::library::{Library, Line, birth_date};

const BORN: &str = "2012-02-01";

fn at(school: &'static str, ids: std::ops::Range<u32>) -> impl Iterator<Item = Line> {
    ids.map(move |id| Line { school, ..Line::student(id, BORN) })
}

/// Serves 160 people at the school `big` and 30 at `small`.
fn two_schools() -> Library {
    let library = Library::new();
    library.deliver_lines(both());
    library.publish();
    library
}

fn both() -> impl Iterator<Item = Line> {
    at("big", 1_000_000..1_000_160).chain(at("small", 2_000_000..2_000_030))
}

fn small_is_gone(now: u64, gone: u64) -> Cause {
    Cause::School(SchoolLoss { school: "small".into(), before: 30, now, gone, others: 0 })
}

fn runs(library: &Library) -> Vec<RunRecord> {
    library.store.state().runs("cms").unwrap()
}

#[test]
fn a_school_that_is_missing_is_refused_by_name_and_force_is_the_way() {
    let library = two_schools();
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    let cause = library.refusal(Mode::Scheduled);
    assert_eq!(cause, small_is_gone(0, 30));
    assert_eq!(
        cause.to_string(),
        "of 30 people at small 0 are left, and 30 of them are nowhere in the roster: an export without it? \
         If the school is closed, `--force` publishes"
    );
    library.sync(Mode::Forced).unwrap();
    assert!(library.row(2_000_000).is_none());
}

#[test]
fn a_school_may_lose_half_and_not_more() {
    let library = two_schools();
    library.deliver_lines(at("big", 1_000_000..1_000_160).chain(at("small", 2_000_000..2_000_015)));
    library.publish();
    let library = two_schools();
    library.deliver_lines(at("big", 1_000_000..1_000_160).chain(at("small", 2_000_000..2_000_014)));
    assert_eq!(library.refusal(Mode::Manual), small_is_gone(14, 16));
}

#[test]
fn several_schools_that_are_missing_are_told_by_the_largest() {
    let library = Library::new();
    let rest = || at("big", 1_000_000..1_000_400);
    library.deliver_lines(rest().chain(at("one", 2_000_000..2_000_026)).chain(at("two", 3_000_000..3_000_040)));
    library.publish();
    library.deliver_lines(rest());
    let loss = SchoolLoss { school: "two".into(), before: 40, now: 0, gone: 40, others: 1 };
    let cause = library.refusal(Mode::Manual);
    assert_eq!(cause, Cause::School(loss));
    assert!(cause.to_string().contains("1 more lost over half as well"), "{cause}");
}

#[test]
fn a_school_of_few_may_vanish() {
    let library = Library::new();
    library.deliver_lines(at("big", 1_000_000..1_000_160).chain(at("small", 2_000_000..2_000_025)));
    library.publish();
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    library.publish();
}

#[test]
fn a_school_that_closes_is_no_hole_where_its_people_are_at_another() {
    let library = two_schools();
    library.deliver_lines(at("big", 1_000_000..1_000_160).chain(at("big", 2_000_000..2_000_030)));
    library.publish();
}

/// An elementary school of five grades, a centre for grade 9 alone, and a high school of three: 40 in each grade.
#[test]
fn the_yearly_promotion_is_no_hole_also_where_a_school_has_one_grade_only() {
    const SCHOOLS: [&str; 9] = ["elem", "elem", "elem", "elem", "elem", "centre", "high", "high", "high"];
    let year = |first: u32, newcomers: bool| {
        let cohort = move |place: u32| at(SCHOOLS[place as usize], first_id(first, place)..first_id(first, place) + 40);
        (if newcomers { 0 } else { 1 }..9).flat_map(cohort)
    };
    let library = Library::new();
    library.deliver_lines(year(0, true));
    library.publish();
    // Everybody is a grade further and the oldest have left; first before the new ones are there, then with them.
    library.deliver_lines(year(1, false));
    library.publish();
    library.deliver_lines(year(1, true));
    library.publish();
    // Within one day, too.
    library.deliver_lines(year(2, true));
    let report = library.publish();
    assert_eq!(report.change.map(|change| (change.new, change.gone)), Some((40, 40)));
    // Or one school after the other: the high school has its new ones, and those of the centre have not come.
    let high = (6..9).flat_map(|place| at("high", first_id(3, place)..first_id(3, place) + 40));
    library.deliver_lines(high.chain((0..5).flat_map(|place| at("elem", first_id(2, place)..first_id(2, place) + 40))));
    library.publish();
}

#[test]
fn a_school_of_the_oldest_alone_may_have_all_of_them_leave_where_others_come() {
    let library = two_schools();
    library.deliver_lines(at("small", 1_000_000..1_000_030).chain(at("big", 1_000_030..1_000_190)));
    library.publish();
    library.deliver_lines(at("big", 1_000_030..1_000_190));
    let loss = SchoolLoss { school: "small".into(), before: 30, now: 0, gone: 30, others: 0 };
    assert_eq!(library.refusal(Mode::Manual), Cause::School(loss), "and nobody has come yet");
}

/// The IDs of those who are at a place in a year: a place further each year.
fn first_id(year: u32, place: u32) -> u32 {
    1_000_000 + (20 + year - place) * 1000
}

#[test]
fn a_grace_hides_no_missing_school_and_no_missing_role() {
    let mut library = two_schools();
    library.district.eligibility.grace = 14;
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    assert_eq!(library.refusal(Mode::Manual), small_is_gone(0, 30));

    let mut library = Library::new();
    library.district.eligibility = Eligibility { grace: 14, ..Eligibility::default() };
    library.district.cards = patron::CardRules::new(vec![crate::library::card("", "[0-9]{7}", &[], "district:cms")]);
    let teachers = || (3_000_000..3_000_030).map(|id| Line { role: "teacher", school: "", ..Line::student(id, BORN) });
    library.deliver_lines(at("big", 1_000_000..1_000_160).chain(teachers()));
    library.publish();
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    assert_eq!(library.refusal(Mode::Manual), Cause::Role(Role::Teacher.name().into(), 0, 30));
}

#[test]
fn in_summer_a_school_may_be_away() {
    let mut library = two_schools();
    let day = |text| YearDay::parse(text).unwrap();
    library.district.eligibility.summer = Some(Summer { from: day("06-15"), to: day("09-15") });
    library.today = date(2027, 7, 1);
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    library.publish();
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    assert_eq!(library.publish().held, 30);
}

#[test]
fn a_new_rule_does_not_hide_a_missing_school() {
    let mut library = two_schools();
    library.district.pins = PinRules::new(vec![birth_date("MMDDYYYY")]);
    library.deliver_lines(at("big", 1_000_000..1_000_160));
    assert_eq!(library.refusal(Mode::Manual), small_is_gone(0, 30));
    library.deliver_lines(both());
    assert!(library.publish().rules_changed);
}

#[test]
fn birth_dates_that_are_no_longer_there_count_as_changed_pins() {
    let library = two_schools();
    let born = |id| if id % 2 == 0 { BORN } else { "" };
    library.deliver_lines(both().map(|line| Line { born: born(line.id), ..line }));
    assert_eq!(library.refusal(Mode::Manual), Cause::PinLost(95, 190));
    library.deliver_lines(both());
    library.publish();
}

#[test]
fn a_rule_that_needs_no_birth_date_loses_none() {
    let mut library = two_schools();
    library.district.pins = PinRules::new(vec![patron::PinRule {
        scope: patron::Scope::default(),
        scheme: patron::PinScheme::Column("password".into()),
    }]);
    library.deliver_lines(both().map(|line| Line { password: "4711", born: "", ..line }));
    library.publish();
}

#[test]
fn an_old_and_a_new_export_in_one_file_are_refused_where_they_contradict_each_other() {
    let library = two_schools();
    let other = |line: Line| Line { born: "2011-03-04", ..line };
    library.deliver_lines(both().chain(both().map(other)));
    assert_eq!(library.refusal(Mode::Manual), Cause::Shared(190, 190), "nobody would be left");
    library.deliver_lines(both().chain(both().take(10).map(other)));
    assert_eq!(library.refusal(Mode::Manual), Cause::Shared(10, 190));
    library.deliver_lines(both().chain(both().take(9).map(other)));
    assert_eq!(library.publish().ambiguous, 9);
}

#[test]
fn a_file_with_each_row_twice_is_refused_unless_that_is_how_it_always_comes() {
    let library = two_schools();
    library.deliver_lines(both().chain(both()));
    library.refusal(Mode::Manual);
    let cause = library.refusal(Mode::Manual);
    assert_eq!(cause, Cause::Doubled(190, 190, 0), "a roster that was refused is not what is normal");
    assert!(cause.to_string().contains("one export twice in a file?"), "{cause}");
    // A tenth of the people at two schools are no reason.
    library.deliver_lines(both().chain(both().take(19).map(|line| Line { school: "other", ..line })));
    library.publish();

    let library = Library::new();
    for _ in 0..2 {
        library.deliver_lines(both().chain(both()));
        assert_eq!(library.publish().people, 190);
    }
    let warned = runs(&library).pop().unwrap();
    assert!(warned.notes.iter().any(|note| note.contains("190 rows repeat somebody")), "{warned:?}");
}

#[test]
fn rows_without_an_id_or_a_birth_date_are_held_against_the_last_roster() {
    let people = |undated: u32| {
        (0..1000).map(move |number| Line::student(1_000_000 + number, if number < undated { "" } else { BORN }))
    };
    let grown = |report: Report| -> Vec<String> {
        report.warnings().into_iter().filter(|warning| warning.contains("without")).collect()
    };
    let library = Library::new();
    library.deliver_lines(people(10));
    assert_eq!(grown(library.publish()), [""; 0]);
    library.deliver_lines(people(36));
    assert_eq!(
        grown(library.publish()),
        ["36 people without a birth date, where the last roster had 10 (rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)"]
    );
    library.deliver_lines(people(40));
    assert_eq!(grown(library.publish()), [""; 0], "it has become known");

    library.deliver_lines(people(40).chain((0..30).map(|_| Line::student(7_777_777, BORN))));
    let users = fs::read_to_string(library.inbox("users.csv")).unwrap().replace("7777777", "");
    fs::write(library.inbox("users.csv"), users).unwrap();
    assert_eq!(grown(library.publish()), ["30 rows without an ID, where the last roster had 0"]);
}

#[test]
fn a_row_with_another_id_than_its_rule_wants_is_without_an_id_too() {
    use crate::library::{SPACE, card};
    let mut library = Library::new();
    let by_name = patron::CardSpec {
        scope: patron::Scope { roles: vec![Role::Teacher], grades: vec![] },
        ..patron::CardSpec::plain(patron::IdSource::Username, "", "[a-z0-9]+", "staff")
    };
    let teachers = patron::CardForm::new(by_name).unwrap();
    library.district.cards = patron::CardRules::new(vec![card("", "[0-9]{7}", &[Role::Student], SPACE), teachers]);
    library.deliver_lines(both().chain((0..30).map(|_| Line::student(7_777_777, BORN))));
    let users = fs::read_to_string(library.inbox("users.csv")).unwrap().replace("7777777", "");
    fs::write(library.inbox("users.csv"), users).unwrap();
    let report = library.publish();
    assert_eq!(report.counts().without_id, 30);
    let warning = report.warnings().into_iter().find(|warning| warning.contains("without an ID")).unwrap();
    assert!(warning.starts_with("30 rows without an ID (rows 192, 193, "), "{warning}");
}

#[test]
fn each_run_is_kept_with_its_counts_causes_and_rows_and_a_rehearsal_is_not() {
    let library = two_schools();
    library.deliver_lines(
        both().enumerate().map(|(number, line)| Line { id: if number == 4 { 7 } else { line.id }, ..line }),
    );
    assert_eq!(library.refusal(Mode::Scheduled), Cause::Errors(1, 190));
    assert!(matches!(library.sync(Mode::DryRun).unwrap(), Outcome::DryRun(_)));
    library.sync(Mode::Forced).unwrap();
    fs::write(library.inbox("users.csv"), "").unwrap();
    library.sync(Mode::Manual).unwrap_err();
    fs::remove_file(library.inbox("users.csv")).unwrap();
    fs::remove_file(library.inbox("manifest.csv")).unwrap();
    fs::remove_file(library.inbox("demographics.csv")).unwrap();
    assert!(matches!(library.sync(Mode::Manual).unwrap(), Outcome::NothingToDo));

    let kept = runs(&library);
    let told: Vec<_> = kept.iter().map(|run| (run.trigger, run.end, run.cause.as_str())).collect();
    assert_eq!(
        told,
        [
            (Trigger::Manual, RunEnd::Refused, "source"),
            (Trigger::Forced, RunEnd::Published, "max-errors"),
            (Trigger::Schedule, RunEnd::Refused, "max-errors"),
            (Trigger::Manual, RunEnd::Published, ""),
        ]
    );
    assert!(kept[0].why.contains("users.csv: the file is empty") && kept[0].counts.is_none(), "{:?}", kept[0]);
    let refused = kept[2].counts.unwrap();
    assert_eq!((refused.rows, refused.people, refused.off_rule), (190, 189, 1));
    assert_eq!(refused.change.map(|change| (change.published, change.gone, change.new)), Some((190, 1, 0)));
    assert!(kept[2].notes.contains(&"off rule: rows 6".to_owned()), "{:?}", kept[2].notes);
    assert_eq!(kept[2].why, "1 of 190 rows cannot be used (max-errors)");
    assert_eq!(kept[3].counts.unwrap().change, None);
}
