//! `roles` and `grades` of a rule: whom it is about.

use patron::{GradeBand, Role, Scope};

use crate::entry::Entry;
use crate::section::Section;

pub(crate) const GRADES: &str = "grades such as \"05\" or \"KG-02\"";

/// The scope of a section that may have `roles` and `grades`.
pub(crate) fn read(section: &Section<'_>) -> Option<Scope> {
    let roles = section.optional("roles").map_or(Some(Vec::new()), |entry| roles(&entry));
    let grades = section.optional("grades").map_or(Some(Vec::new()), |entry| grades(&entry));
    Some(Scope { roles: roles?, grades: grades? })
}

/// A list of roles.
pub(crate) fn roles(entry: &Entry<'_>) -> Option<Vec<Role>> {
    let words = Role::ALL.map(|role| (role.name(), role));
    entry.nonempty_set("at least one role", |item| item.word(&words))
}

/// A list of bands of grades.
pub(crate) fn grades(entry: &Entry<'_>) -> Option<Vec<GradeBand>> {
    entry.nonempty_set(GRADES, |item| item.parsed(GRADES, GradeBand::parse))
}

/// A rule behind one that is for everybody is never reached.
pub(crate) fn warn_of_unreached<'s>(rules: impl IntoIterator<Item = (&'s Scope, &'s Entry<'s>)>) {
    let mut taken = false;
    for (scope, entry) in rules {
        if taken {
            entry.warning(
                "never reached: the rule before it is for everybody",
                "put it first, or name its roles or grades",
            );
        }
        taken |= scope.is_everybody();
    }
}
