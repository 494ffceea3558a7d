//! One person of a synthetic district.

use jiff::civil::{Date, date};
use patron::Reason;

use super::{
    Version,
    names::{FAMILY, GIVEN},
    rng::SplitMix64,
};

/// The grades in the school year 2026/27, youngest first.
const GRADES: [&str; 13] = ["KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

/// Every so many students one is born on a leap day, so that small districts have some too.
const LEAP_DAY_EVERY: u64 = 500;

/// Everything about one person, made from the seed and the person's own number alone.
pub(super) struct Person {
    /// The person's number in the district, and in the username.
    pub(super) serial: u64,
    /// What the person is to the school.
    pub(super) part: Part,
    /// What is odd about the person's rows.
    pub(super) oddity: Oddity,
    /// The ID on the card.
    pub(super) id: Option<u64>,
    /// The given name, as the school writes it.
    pub(super) given: &'static str,
    /// The family name, likewise.
    pub(super) family: &'static str,
    /// The username, unique in the district.
    pub(super) username: String,
    /// The school's number.
    pub(super) school: u64,
    /// A student's grade; empty for others.
    pub(super) grade: &'static str,
    /// The birth date, which demographics.csv does not have of [`Oddity::Undated`].
    pub(super) birth_date: Date,
}

/// What a person is to the school.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Student,
    Teacher,
    /// Staff in one of three other roles, by number.
    OtherStaff(u64),
    /// No cardholder.
    Guardian {
        /// The student's number.
        of: u64,
    },
}

/// What is odd about a person's rows. Nobody has two oddities, so that each shows alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    None,
    /// `enabledUser` is false.
    Disabled,
    /// Enrolled in two schools: two users rows with one ID and one birth date.
    TwoSchools,
    /// Another person has the same ID.
    SharesId,
    /// Without a birth date in demographics.csv.
    Undated,
    /// Older than a school's programme serves.
    OverAge,
    /// In the list of those who opted out.
    OptedOut,
    /// Went to the next district: disabled here, enabled there.
    Left,
    /// Enrolled in the next district too.
    InTwoDistricts,
    /// Somebody of the next district has the same ID.
    SharesIdWithNext,
}

impl Person {
    /// Makes up the rest of a person.
    pub(super) fn new(seed: u64, serial: u64, schools: u64, part: Part, oddity: Oddity, id: Option<u64>) -> Self {
        let mut rng = SplitMix64::of_person(seed, serial);
        let (given, plain_given) = rng.pick(&GIVEN);
        let (family, plain_family) = rng.pick(&FAMILY);
        let username = format!("{plain_given}.{plain_family}{serial}");
        // The smaller of two draws: the first schools are large and the last ones small.
        let school = rng.below(schools).min(rng.below(schools));
        let (grade, birth_date) = match part {
            Part::Student => grade_and_birth(&mut rng, serial % LEAP_DAY_EVERY == LEAP_DAY_EVERY - 1),
            Part::Teacher | Part::OtherStaff(_) | Part::Guardian { .. } => {
                // From 22 to 70 years old at the end of 2026.
                let (year, month) = (rng.between(1956, 2004), rng.between(1, 12));
                ("", some_day(&mut rng, year, month))
            }
        };
        Self { serial, part, oddity, id, given, family, username, school, grade, birth_date }
    }

    /// The word in the `role` column.
    pub(super) const fn role(&self, version: Version) -> &'static str {
        match (self.part, version) {
            (Part::Student, _) => "student",
            (Part::Teacher, _) => "teacher",
            (Part::OtherStaff(0), _) => "aide",
            (Part::OtherStaff(1), _) => "proctor",
            (Part::OtherStaff(_), Version::V1p1) => "administrator",
            (Part::OtherStaff(_), Version::V1p2) => "principal",
            (Part::Guardian { of }, _) if of % 3 == 0 => "guardian",
            (Part::Guardian { .. }, _) => "parent",
        }
    }

    /// The verdict on the person's card with the right PIN, in a programme for students and teachers: `None` admits.
    pub(super) const fn refusal(&self) -> Option<Reason> {
        match (self.part, self.oddity) {
            (Part::Guardian { .. }, _) => Some(Reason::UnknownCard),
            (Part::OtherStaff(_), _) => Some(Reason::Role),
            (_, Oddity::Disabled) => Some(Reason::Disabled),
            (_, Oddity::SharesId) => Some(Reason::Ambiguous),
            (_, Oddity::Undated) => Some(Reason::NoVerifier),
            (_, Oddity::OverAge) => Some(Reason::Expired),
            (_, Oddity::OptedOut) => Some(Reason::OptedOut),
            (_, Oddity::Left) => Some(Reason::Disabled),
            (_, Oddity::None | Oddity::TwoSchools | Oddity::InTwoDistricts | Oddity::SharesIdWithNext) => None,
        }
    }
}

/// The same day in a year from which nobody goes to school any more.
pub(super) fn long_ago(born: Date) -> Date {
    date(2003, born.month(), born.day().min(28))
}

/// A date in another month: a PIN in any format differs, because every format has the month.
pub(super) fn other_month(born: Date) -> Date {
    let month = (born.month() + 5) % 12 + 1;
    date(born.year(), month, born.day().min(28))
}

/// A grade, and a birth date from the September to the August that it takes in.
fn grade_and_birth(rng: &mut SplitMix64, on_a_leap_day: bool) -> (&'static str, Date) {
    // In 2012, 2016 and 2020 were born the ninth, the fifth and the first grade.
    let grade = if on_a_leap_day { rng.between(0, 2) * 4 + 1 } else { rng.between(0, 12) };
    let september = 2020 - grade;
    let birth_date = if on_a_leap_day {
        date(september + 1, 2, 29)
    } else {
        let month = rng.between(1, 12);
        some_day(rng, if month < 9 { september + 1 } else { september }, month)
    };
    (GRADES.get(grade as usize).copied().unwrap_or_default(), birth_date)
}

fn some_day(rng: &mut SplitMix64, year: i16, month: i16) -> Date {
    let first = date(year, month as i8, 1);
    let day = rng.between(1, i16::from(first.days_in_month()));
    date(year, month as i8, day as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn students() -> impl Iterator<Item = Person> {
        (0..20_000).map(|serial| Person::new(7, serial, 9, Part::Student, Oddity::None, Some(serial)))
    }

    #[test]
    fn every_grade_is_one_that_the_product_reads_and_fits_the_age() {
        let september = date(2026, 9, 1);
        for student in students() {
            let grade = patron::Grade::parse(student.grade).unwrap();
            let age = september.year() - student.birth_date.year() - i16::from(student.birth_date.month() >= 9);
            assert_eq!(i16::from(grade.code() - patron::Grade::parse("KG").unwrap().code()), age - 5);
        }
    }

    #[test]
    fn some_students_are_born_on_a_leap_day() {
        let leap_days = students().filter(|student| (student.birth_date.month(), student.birth_date.day()) == (2, 29));
        assert!(leap_days.count() >= 40);
    }

    #[test]
    fn adults_are_from_22_to_70_years_old() {
        for serial in 0..10_000 {
            let teacher = Person::new(7, serial, 9, Part::Teacher, Oddity::None, Some(serial));
            assert!((22..=70).contains(&(2026 - teacher.birth_date.year())));
        }
    }

    #[test]
    fn schools_differ_in_size() {
        let mut sizes = [0; 9];
        for student in students() {
            sizes[student.school as usize] += 1;
        }
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        assert!(sizes[8] > 0);
    }

    #[test]
    fn another_month_is_never_the_same_pin() {
        for format in ["MMDD", "MMYYYY", "YYYYMMDD", "MM/YY"] {
            let format = patron::BirthFormat::parse(format).unwrap();
            let mut day = date(2019, 1, 1);
            while day < date(2021, 1, 1) {
                assert_ne!(*format.write(day), *format.write(other_month(day)));
                day = day.tomorrow().unwrap();
            }
        }
    }
}
