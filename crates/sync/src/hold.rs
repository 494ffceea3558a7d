//! People who vanish from a roster and are held for a while: days of grace, or a summer.

use jiff::civil::Date;
use patron::{Attribute, Eligibility, Release, SchoolIndex};
use roster::{SchoolEntry, StudentRow};

/// Who of those that vanished is held.
pub struct Hold<'a> {
    /// How long.
    eligibility: &'a Eligibility,
    today: Date,
    /// What may be kept of them.
    stored: Release,
    /// The schools that their rows point to.
    before: &'a [SchoolEntry],
    /// The schools of the new generation; one that only they were at is added.
    schools: Vec<SchoolEntry>,
}

impl<'a> Hold<'a> {
    /// Holds as `eligibility` says; `before` and `schools` are the schools of the published and of the new generation.
    pub const fn new(
        eligibility: &'a Eligibility,
        today: Date,
        stored: Release,
        before: &'a [SchoolEntry],
        schools: Vec<SchoolEntry>,
    ) -> Self {
        Self { eligibility, today, stored, before, schools }
    }

    /// Whether anybody who vanishes today is held.
    pub fn holds_at_all(&self) -> bool {
        self.eligibility.held_until(self.today) > self.today
    }

    /// Whether it is summer, when rosters shrink and nothing is wrong.
    pub fn is_summer(&self) -> bool {
        self.eligibility.summer.is_some_and(|summer| summer.end_of(self.today).is_some())
    }

    /// The row of somebody who is not in the source, as it goes on; `None`: their time is over.
    pub fn held(&mut self, mut row: StudentRow) -> Option<StudentRow> {
        let student = &mut row.student;
        let since = *student.withdrawn.get_or_insert(self.today);
        if self.eligibility.held_until(since) <= self.today {
            return None;
        }
        if !self.stored.needs_name() {
            student.name = None;
        }
        if !self.stored.allows(Attribute::Email) {
            student.email = None;
        }
        student.schools = std::mem::take(&mut student.schools).into_iter().filter_map(|at| self.school(at)).collect();
        student.schools.sort_unstable();
        Some(row)
    }

    /// The schools of the new generation.
    pub fn into_schools(self) -> Vec<SchoolEntry> {
        self.schools
    }

    fn school(&mut self, at: SchoolIndex) -> Option<SchoolIndex> {
        let school = self.before.get(usize::from(at.0))?;
        let known = self.schools.iter().position(|known| known.source_id == school.source_id);
        let at = known.unwrap_or_else(|| {
            self.schools.push(SchoolEntry { people: 0, ..school.clone() });
            self.schools.len() - 1
        });
        u16::try_from(at).ok().map(SchoolIndex)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use patron::{Role, Student};

    use super::*;

    fn school(id: &str) -> SchoolEntry {
        SchoolEntry { source_id: id.into(), ..SchoolEntry::default() }
    }

    fn row(withdrawn: Option<Date>) -> StudentRow {
        let student = Student { withdrawn, schools: vec![SchoolIndex(1)], ..Student::of(Role::Student) };
        StudentRow { student, ..StudentRow::decoy(vec![]) }
    }

    #[test]
    fn grace_runs_from_the_day_on_which_the_row_was_first_missing() {
        let eligibility = Eligibility { grace: 3, ..Eligibility::default() };
        let schools = [school("a"), school("b")];
        let mut hold = Hold::new(&eligibility, date(2026, 11, 25), Release::default(), &schools, vec![school("b")]);
        let held = hold.held(row(None)).unwrap().student;
        assert_eq!((held.withdrawn, &held.schools[..]), (Some(date(2026, 11, 25)), &[SchoolIndex(0)][..]));
        assert!(hold.held(row(Some(date(2026, 11, 23)))).is_some());
        assert!(hold.held(row(Some(date(2026, 11, 22)))).is_none());
    }

    #[test]
    fn a_school_that_only_they_were_at_is_kept() {
        let eligibility = Eligibility { grace: 3, ..Eligibility::default() };
        let schools = [school("a"), school("b")];
        let mut hold = Hold::new(&eligibility, date(2026, 11, 25), Release::default(), &schools, vec![school("a")]);
        assert_eq!(hold.held(row(None)).unwrap().student.schools, [SchoolIndex(1)]);
        assert_eq!(hold.into_schools().len(), 2);
    }

    #[test]
    fn by_default_nobody_is_held() {
        let eligibility = Eligibility::default();
        let mut hold = Hold::new(&eligibility, date(2026, 11, 25), Release::default(), &[], vec![]);
        assert!(!hold.holds_at_all() && hold.held(row(None)).is_none());
    }
}
