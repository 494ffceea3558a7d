//! What the schools and roles of a published roster lose.

use std::collections::BTreeMap;

use patron::{Role, Student};

/// Losses by school and by role.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// By the place of a school in the published header.
    pub schools: Vec<Loss>,
    /// By role.
    pub roles: BTreeMap<Role, Loss>,
}

/// What one school or role loses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Published people. Those who were held were not there any more.
    pub there: u64,
    /// Those of them who are nowhere in the new roster: who moved to another school is not gone, nor who is held over a
    /// summer.
    pub gone: u64,
    /// People of the new roster who are only there because a grace holds them.
    pub held: u64,
}

impl Losses {
    /// Counts a published person who is not held.
    pub(crate) fn there(&mut self, student: &Student) {
        self.each(student, |loss| loss.there += 1);
    }

    /// Counts one of those who are gone.
    pub(crate) fn gone(&mut self, student: &Student) {
        self.each(student, |loss| loss.gone += 1);
    }

    /// Takes back that somebody is gone.
    pub(crate) fn still_there(&mut self, student: &Student) {
        self.each(student, |loss| loss.gone = loss.gone.saturating_sub(1));
    }

    /// Counts somebody whom a grace holds.
    pub(crate) fn held(&mut self, student: &Student) {
        self.each(student, |loss| loss.held += 1);
    }

    fn each(&mut self, student: &Student, count: impl Fn(&mut Loss)) {
        count(self.roles.entry(student.role).or_default());
        for school in &student.schools {
            let at = usize::from(school.0);
            if self.schools.len() <= at {
                self.schools.resize(at + 1, Loss::default());
            }
            self.schools.get_mut(at).into_iter().for_each(&count);
        }
    }
}
