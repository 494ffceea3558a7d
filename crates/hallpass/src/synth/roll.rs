//! Who is in the district: the people by their numbers, each made when needed and held by nobody.

use std::io;

use super::{
    Synth,
    ids::IdSpace,
    person::{Oddity, Part, Person, long_ago, other_month},
    rng::mix,
};

/// The oddities of students come round after so many.
const ROUND: u64 = 2000;
/// Which of a round shares the ID of another student: early, so that a thousand students have one such ID.
const SHARES_ID: u64 = 999;
/// Which of a round has no birth date.
const UNDATED: u64 = 499;
/// Of every hundred cardholders, which is disabled.
const DISABLED: u64 = 50;
/// Of every fifty students, which has two schools.
const TWO_SCHOOLS: u64 = 25;
/// Of every fifty staff, which has a role that the programme does not serve.
const OTHER_STAFF: u64 = 49;
/// Every so many students one has a guardian in the bundle.
const GUARDIAN_EVERY: u64 = 100;

/// All people of a district, numbered: students, staff, guardians, and last the twins, who are the students that have
/// the ID of another.
pub(super) struct Roll {
    seed: u64,
    ids: IdSpace,
    /// Schools in the district.
    pub(super) schools: u64,
    students: u64,
    /// Students and staff, without the twins: so many IDs are known.
    cardholders: u64,
    guardians: u64,
    /// Students with the ID of another.
    pub(super) twins: u64,
    two_schools: u64,
    /// Where its IDs begin in a space that several districts share.
    offset: u64,
    /// What else is odd in a programme.
    programme: Option<InProgramme>,
}

/// What a district of a programme has besides.
pub(super) struct InProgramme {
    /// Whether children go on to the next district.
    pub(super) moves: bool,
    /// Whether those who go have gone.
    pub(super) have_moved: bool,
    /// The district that children come from.
    pub(super) before: Option<Box<Roll>>,
}

/// So many IDs a district takes of a space: everybody's, and as many that nobody has.
pub(super) fn ids_of(synth: &Synth) -> u64 {
    let [students, staff] = [u64::from(synth.students), u64::from(synth.staff)];
    students + staff + students.div_ceil(GUARDIAN_EVERY) + Roll::unknown_to(students + staff)
}

/// A person at a school: one users row, with its demographics row and in 1.2 its roles row.
pub(super) struct Enrolment {
    /// The row's `sourcedId`.
    pub(super) sourced_id: String,
    /// The school's number.
    pub(super) school: u64,
    /// Whether it comes second, in the other school of [`Oddity::TwoSchools`].
    pub(super) is_second: bool,
}

impl Roll {
    /// Numbers a district's people.
    pub(super) fn new(synth: &Synth) -> io::Result<Self> {
        let [students, staff, schools] = [synth.students.into(), synth.staff.into(), u64::from(synth.schools)];
        let cardholders = students + staff;
        if cardholders == 0 || schools == 0 {
            // A file without rows is not permitted (OneRoster CSV binding 1.2.1).
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a district has a school and somebody in it"));
        }
        let guardians = students.div_ceil(GUARDIAN_EVERY);
        let (part, parts) = (synth.part.0, u64::from(synth.part.1.max(1)));
        let taken = ids_of(synth);
        Ok(Self {
            seed: synth.seed,
            ids: IdSpace::new(synth.first_id, taken * parts, if parts > 1 { 1 } else { synth.seed })?,
            schools,
            students,
            cardholders,
            guardians,
            twins: students.saturating_sub(SHARES_ID).div_ceil(ROUND),
            two_schools: if schools > 1 { students.saturating_sub(TWO_SCHOOLS).div_ceil(50) } else { 0 },
            offset: taken * u64::from(part.saturating_sub(1)),
            programme: None,
        })
    }

    /// The same district in a programme, with IDs from `offset` on in a space that it shares with others.
    pub(super) fn in_programme(self, ids: IdSpace, offset: u64, programme: InProgramme) -> Self {
        Self { ids, offset, programme: Some(programme), ..self }
    }

    const fn unknown_to(cardholders: u64) -> u64 {
        cardholders / 100 + 1
    }

    /// Everybody.
    pub(super) fn people(&self) -> impl Iterator<Item = Person> {
        (0..self.first_twin() + self.twins).map(|serial| self.person(serial)).chain(self.arrivals())
    }

    /// Everybody with an ID of their own: students, staff, and of the guardians those whom the school has numbered too.
    pub(super) fn numbered(&self) -> impl Iterator<Item = Person> {
        (0..self.first_twin()).map(|serial| self.person(serial)).filter(|person| person.id.is_some())
    }

    /// The other student with the same ID.
    pub(super) fn twin(&self, person: &Person) -> Option<Person> {
        (person.oddity == Oddity::SharesId).then(|| self.person(self.first_twin() + person.serial / ROUND))
    }

    /// IDs that nobody has.
    pub(super) fn unknown_ids(&self) -> impl Iterator<Item = u64> {
        let first = self.first_twin();
        (first..first + Self::unknown_to(self.cardholders)).map(|number| self.ids.at(self.offset + number))
    }

    /// The rows of users.csv.
    pub(super) fn enrolments_in_all(&self) -> u64 {
        self.first_twin() + self.twins + self.two_schools + self.arrivals().count() as u64
    }

    /// Children who came from the district before, are enrolled there too, or have an ID that somebody there has.
    fn arrivals(&self) -> impl Iterator<Item = Person> {
        let first = self.first_twin() + self.twins;
        let before = self.programme.as_ref().and_then(|programme| programme.before.as_deref());
        let theirs = before.into_iter().flat_map(|before| (0..before.students).map(|serial| before.person(serial)));
        let coming = theirs
            .filter(|person| matches!(person.oddity, Oddity::Left | Oddity::InTwoDistricts | Oddity::SharesIdWithNext));
        (first..).zip(coming).map(|(serial, person)| Person {
            serial,
            school: person.school % self.schools,
            birth_date: match person.oddity {
                Oddity::SharesIdWithNext => other_month(person.birth_date),
                _ => person.birth_date,
            },
            oddity: Oddity::None,
            ..person
        })
    }

    /// Where a person is enrolled.
    pub(super) fn enrolments(&self, person: &Person) -> impl Iterator<Item = Enrolment> {
        let second = (person.oddity == Oddity::TwoSchools).then(|| Enrolment {
            sourced_id: self.sourced_id(person.serial, true),
            school: (person.school + 1 + person.serial % (self.schools - 1)) % self.schools,
            is_second: true,
        });
        let sourced_id = self.sourced_id(person.serial, false);
        let first = Enrolment { sourced_id, school: person.school, is_second: false };
        std::iter::once(first).chain(second)
    }

    /// The `sourcedId` of the student's guardian, or of the guardian's student.
    pub(super) fn agent(&self, person: &Person) -> Option<String> {
        let agent = match person.part {
            Part::Guardian { of } => of,
            Part::Student if person.serial < self.students && person.serial.is_multiple_of(GUARDIAN_EVERY) => {
                self.cardholders + person.serial / GUARDIAN_EVERY
            }
            _ => return None,
        };
        Some(self.sourced_id(agent, false))
    }

    /// Sixteen hexadecimal digits that no other row has, because [`mix`] is a bijection.
    fn sourced_id(&self, serial: u64, second: bool) -> String {
        format!("u-{:016x}", mix(mix(self.seed) ^ (serial << 1 | u64::from(second))))
    }

    const fn first_twin(&self) -> u64 {
        self.cardholders + self.guardians
    }

    fn person(&self, serial: u64) -> Person {
        let new = |part, oddity, id| Person::new(self.seed, serial, self.schools, part, oddity, id);
        let (first_guardian, first_twin) = (self.cardholders, self.first_twin());
        if serial < self.students {
            let student = new(Part::Student, self.student_oddity(serial), Some(self.id(serial)));
            match student.oddity {
                Oddity::OverAge => Person { birth_date: long_ago(student.birth_date), grade: "12", ..student },
                _ => student,
            }
        } else if serial < first_guardian {
            let number = serial - self.students;
            let oddity = if number % 100 == DISABLED { Oddity::Disabled } else { Oddity::None };
            let part = if number % 50 == OTHER_STAFF { Part::OtherStaff(number / 50 % 3) } else { Part::Teacher };
            new(part, oddity, Some(self.id(serial)))
        } else if serial < first_twin {
            let number = serial - first_guardian;
            let id = number.is_multiple_of(2).then(|| self.id(serial));
            new(Part::Guardian { of: number * GUARDIAN_EVERY }, Oddity::None, id)
        } else {
            let other = self.person((serial - first_twin) * ROUND + SHARES_ID);
            // With the same birth date they would be one person.
            Person { birth_date: other_month(other.birth_date), ..new(Part::Student, Oddity::SharesId, other.id) }
        }
    }

    const fn id(&self, serial: u64) -> u64 {
        self.ids.at(self.offset + serial)
    }

    const fn student_oddity(&self, number: u64) -> Oddity {
        if let Some(programme) = &self.programme {
            match number % ROUND {
                310 | 1310 => return Oddity::OverAge,
                320 | 820 | 1320 | 1820 => return Oddity::OptedOut,
                330 | 1330 if programme.moves && programme.have_moved => return Oddity::Left,
                340 if programme.moves => return Oddity::InTwoDistricts,
                360 if programme.moves => return Oddity::SharesIdWithNext,
                _ => {}
            }
        }
        match (number % ROUND, number % 100, number % 50) {
            (SHARES_ID, ..) => Oddity::SharesId,
            (UNDATED, ..) => Oddity::Undated,
            (_, DISABLED, _) => Oddity::Disabled,
            (.., TWO_SCHOOLS) if self.schools > 1 => Oddity::TwoSchools,
            _ => Oddity::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use patron::BirthFormat;

    use super::super::Version;
    use super::*;

    #[test]
    fn those_who_share_an_id_are_never_born_on_the_same_day() {
        // Fifty million students are no more work than fifty: people are made when they are asked for.
        let roll = Roll::new(&Synth {
            students: 50_000_000,
            staff: 0,
            schools: 2,
            seed: 7,
            version: Version::V1p2,
            first_id: Synth::FIRST_ID,
            pin_format: BirthFormat::parse("MMDD").unwrap(),
            part: Synth::ALONE,
        })
        .unwrap();
        assert_eq!(roll.twins, 25_000);
        for round in 0..roll.twins {
            let student = roll.person(round * ROUND + SHARES_ID);
            let twin = roll.twin(&student).unwrap();
            assert_eq!(student.id, twin.id);
            assert_ne!(student.birth_date, twin.birth_date);
        }
    }
}
