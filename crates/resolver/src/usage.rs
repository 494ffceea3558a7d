//! What of an admitted request is counted for the reports.

use std::borrow::Cow;
use std::fmt;

use patron::{Grade, Role, SchoolIndex};
use roster::{UsageKey, Use, UseMonth};

use crate::Rosters;
use crate::lookup::Found;

/// Who was admitted, as far as it is counted.
pub struct Used<'a> {
    /// The district in which the person was found, by index.
    pub district: usize,
    space: &'a str,
    id: Cow<'a, str>,
    school: Option<SchoolIndex>,
    grade: Option<Grade>,
    role: Role,
}

impl<'a> Used<'a> {
    /// The person who was found, before the verdict takes the row. Costs nothing: whose ID it is, is said later.
    pub(crate) fn of(found: &Found<'_>) -> Option<Self> {
        let Found::Student { district, row, .. } = found else { return None };
        let student = &row.student;
        let school = student.schools.first().copied();
        Some(Self {
            district: *district,
            space: "",
            id: Cow::Borrowed(""),
            school,
            grade: student.grade,
            role: student.role,
        })
    }

    /// The same with the ID, in its space.
    pub(crate) fn by(self, space: &'a str, id: Cow<'a, str>) -> Self {
        Self { space, id, ..self }
    }
}

impl fmt::Debug for Used<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Used").field("district", &self.district).finish_non_exhaustive()
    }
}

impl Rosters {
    /// A use as it is counted: marks in the place of the ID. `None`: the identity key cannot be read, or the district
    /// went with a reload.
    pub fn use_of(&self, used: &Used<'_>, client: &str, month: UseMonth) -> Option<Use> {
        let key = UsageKey::of(self.identity.as_ref()?);
        let (space, id) = (used.space, &*used.id);
        let header = self.generation(used.district).ok()?.header();
        let school = used.school.and_then(|school| header.schools.get(usize::from(school.0)));
        Some(Use {
            district: self.districts.get(used.district)?.id.clone(),
            client: client.to_owned(),
            month,
            person: key.mark(space, id, ""),
            at_client: key.mark(space, id, client),
            school: school.map(|school| (school.source_id.clone(), school.name.clone())),
            grade: used.grade,
            role: used.role,
        })
    }
}
