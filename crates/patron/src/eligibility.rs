//! Who of a district's people may use their card. Looked at only after a right PIN.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::calendar::Summer;
use crate::{GradeBand, Reason, Role, Student};

/// A district's rule of who may. It is live: a change acts with the next reload, without a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// Whether the district is switched on at all.
    pub active: bool,
    /// The roles that the programme serves.
    pub roles: Vec<Role>,
    /// The grades of students that it serves; empty: all.
    pub grades: Vec<GradeBand>,
    /// The codes of the schools that it serves; empty: all.
    pub schools: Vec<String>,
    /// How many days a row that vanished goes on.
    pub grace: u16,
    /// When rows that vanish are held to its end.
    pub summer: Option<Summer>,
    /// After how many days a roster is too old to admit anybody; `None`: never.
    pub max_stale: Option<u16>,
}

impl Default for Eligibility {
    fn default() -> Self {
        Self {
            active: true,
            roles: vec![Role::Student],
            grades: Vec::new(),
            schools: Vec::new(),
            grace: 0,
            summer: None,
            max_stale: None,
        }
    }
}

impl Eligibility {
    /// `Err` names what stands against the student on the day `today` of the library's zone. `at_a_school`: whether one
    /// of the student's schools is one of those served.
    pub fn judge(&self, student: &Student, at_a_school: bool, today: Date) -> Result<(), Reason> {
        if !self.active {
            return Err(Reason::DistrictOff);
        }
        if !student.enabled {
            return Err(Reason::Disabled);
        }
        if student.withdrawn.is_some_and(|since| self.held_until(since) <= today) {
            return Err(Reason::Withdrawn);
        }
        if student.expiry.is_some_and(|expiry| expiry <= today) {
            return Err(Reason::Expired);
        }
        if !self.roles.contains(&student.role) {
            return Err(Reason::Role);
        }
        // Teachers have no grade; a pilot in some grades is about the students.
        let in_grade = || student.grade.is_some_and(|grade| self.grades.iter().any(|band| band.holds(grade)));
        if student.role == Role::Student && !self.grades.is_empty() && !in_grade() {
            return Err(Reason::Grade);
        }
        if !self.schools.is_empty() && !at_a_school {
            return Err(Reason::School);
        }
        Ok(())
    }

    /// The first day on which somebody whose row vanished on the day `since` is no longer held.
    pub fn held_until(&self, since: Date) -> Date {
        let grace = since.checked_add(i32::from(self.grace).days()).unwrap_or(Date::MAX);
        self.summer.and_then(|summer| summer.end_of(since)).map_or(grace, |end| end.max(grace))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Grade;
    use crate::calendar::YearDay;

    const TODAY: Date = date(2026, 11, 23);

    fn student() -> Student {
        Student { grade: Grade::parse("07"), ..Student::of(Role::Student) }
    }

    fn judged(rule: &Eligibility, student: &Student) -> Result<(), Reason> {
        rule.judge(student, false, TODAY)
    }

    #[test]
    fn an_enabled_student_may_and_a_disabled_one_may_not() {
        assert_eq!(judged(&Eligibility::default(), &student()), Ok(()));
        let disabled = Student { enabled: false, ..student() };
        assert_eq!(judged(&Eligibility::default(), &disabled), Err(Reason::Disabled));
    }

    #[test]
    fn the_expiry_day_is_the_first_without_access() {
        let on = |expiry| judged(&Eligibility::default(), &Student { expiry: Some(expiry), ..student() });
        assert_eq!(on(date(2026, 11, 24)), Ok(()));
        assert_eq!(on(TODAY), Err(Reason::Expired));
    }

    #[test]
    fn a_role_outside_the_programme_may_not() {
        let proctor = Student { role: Role::Proctor, ..student() };
        assert_eq!(judged(&Eligibility::default(), &proctor), Err(Reason::Role));
    }

    #[test]
    fn a_pilot_in_some_grades_leaves_teachers_in() {
        let roles = vec![Role::Student, Role::Teacher];
        let grades = vec![GradeBand::parse("09-12").unwrap()];
        let pilot = Eligibility { roles, grades, ..Eligibility::default() };
        assert_eq!(judged(&pilot, &student()), Err(Reason::Grade));
        assert_eq!(judged(&pilot, &Student { grade: None, ..student() }), Err(Reason::Grade));
        assert_eq!(judged(&pilot, &Student { role: Role::Teacher, grade: None, ..student() }), Ok(()));
    }

    #[test]
    fn a_pilot_in_one_school_is_for_whoever_is_there() {
        let pilot = Eligibility { schools: vec!["1001".into()], ..Eligibility::default() };
        assert_eq!(pilot.judge(&student(), true, TODAY), Ok(()));
        assert_eq!(pilot.judge(&student(), false, TODAY), Err(Reason::School));
    }

    #[test]
    fn a_district_that_is_off_admits_nobody() {
        let off = Eligibility { active: false, ..Eligibility::default() };
        assert_eq!(judged(&off, &student()), Err(Reason::DistrictOff));
    }

    #[test]
    fn a_vanished_row_ends_at_once_unless_there_is_grace() {
        let gone = Student { withdrawn: Some(date(2026, 11, 20)), ..student() };
        assert_eq!(judged(&Eligibility::default(), &gone), Err(Reason::Withdrawn));
        assert_eq!(judged(&Eligibility { grace: 4, ..Eligibility::default() }, &gone), Ok(()));
        assert_eq!(judged(&Eligibility { grace: 3, ..Eligibility::default() }, &gone), Err(Reason::Withdrawn));
    }

    #[test]
    fn a_row_that_vanished_in_summer_is_held_to_its_end() {
        let day = |text| YearDay::parse(text).unwrap();
        let rule =
            Eligibility { summer: Some(Summer { from: day("06-15"), to: day("09-15") }), ..Eligibility::default() };
        assert_eq!(rule.held_until(date(2026, 7, 4)), date(2026, 9, 15));
        assert_eq!(rule.held_until(date(2026, 10, 4)), date(2026, 10, 4));
        let long = Eligibility { grace: 90, ..rule };
        assert_eq!(long.held_until(date(2026, 9, 14)), date(2026, 12, 13), "the later of the two");
    }
}
