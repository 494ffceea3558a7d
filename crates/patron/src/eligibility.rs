//! Who of a district's people may use their card. Looked at only after a right PIN.

use jiff::civil::Date;

use crate::{Reason, Role, Student};

/// A district's rule of who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// The roles that the programme serves.
    pub roles: Vec<Role>,
}

impl Default for Eligibility {
    fn default() -> Self {
        Self { roles: vec![Role::Student] }
    }
}

impl Eligibility {
    /// `Err` names what stands against the student on the day `today` of the library's zone.
    pub fn judge(&self, student: &Student, today: Date) -> Result<(), Reason> {
        if !student.enabled {
            return Err(Reason::Disabled);
        }
        if student.expiry.is_some_and(|expiry| expiry <= today) {
            return Err(Reason::Expired);
        }
        if !self.roles.contains(&student.role) {
            return Err(Reason::Role);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn student() -> Student {
        Student {
            role: Role::Student,
            grade: None,
            schools: vec![],
            enabled: true,
            expiry: None,
            name: None,
            email: None,
        }
    }

    #[test]
    fn an_enabled_student_may() {
        assert_eq!(Eligibility::default().judge(&student(), date(2026, 11, 23)), Ok(()));
    }

    #[test]
    fn a_disabled_account_may_not() {
        let disabled = Student { enabled: false, ..student() };
        assert_eq!(Eligibility::default().judge(&disabled, date(2026, 11, 23)), Err(Reason::Disabled));
    }

    #[test]
    fn the_expiry_day_is_the_first_without_access() {
        let leaving = Student { expiry: Some(date(2027, 6, 30)), ..student() };
        assert_eq!(Eligibility::default().judge(&leaving, date(2027, 6, 29)), Ok(()));
        assert_eq!(Eligibility::default().judge(&leaving, date(2027, 6, 30)), Err(Reason::Expired));
    }

    #[test]
    fn a_role_outside_the_programme_may_not() {
        let proctor = Student { role: Role::Proctor, ..student() };
        assert_eq!(Eligibility::default().judge(&proctor, date(2026, 11, 23)), Err(Reason::Role));
    }
}
