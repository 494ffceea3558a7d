//! A synthetic district of any size, for tests, demonstrations and measurements.
//!
//! It is a OneRoster CSV bundle, and with it the verdict that each card must get. Every person follows from the seed and
//! the person's number, so that each file is written in a pass of its own and nobody is held in memory.
//!
//! - [`rng`] numbers by chance, the same ones for ever; [`names`] what people are called
//! - [`roll`] who is in the district; [`person`] one of them; [`ids`] whose card has which number
//! - [`files`] the files, column by column; [`bundle`] where they go
//! - [`answers`] what the service must say
//! - [`programme`] whole programmes: several districts, and what happens between them

mod answers;
mod bundle;
mod files;
mod ids;
mod names;
mod person;
pub mod programme;
mod rng;
mod roll;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    path::Path,
};

use patron::BirthFormat;

use self::{
    bundle::{Bundle, Table},
    person::{Oddity, Part, Person},
    roll::{Enrolment, Roll},
};

/// The name of the archive that [`Packing::Zip`] makes.
pub const ARCHIVE: &str = "oneroster.zip";

/// So many rows lie between two reports of progress.
const REPORT_EVERY: u64 = 8192;

/// A district to make up. The same one always has the same bytes.
#[derive(Clone, Debug)]
pub struct Synth {
    /// Students with an ID of their own. About one in two thousand shares it with one student more.
    pub students: u32,
    /// Staff: teachers, and about 2 % in other roles.
    pub staff: u32,
    /// Schools, the first ones large and the last ones small.
    pub schools: u16,
    /// Chooses names, schools, birth dates and the order of IDs.
    pub seed: u64,
    /// The OneRoster version of the bundle.
    pub version: Version,
    /// The lowest ID. IDs have as many digits, or two more where there are more people than that.
    pub first_id: u32,
    /// How a PIN is written in the answers.
    pub pin_format: BirthFormat,
    /// Which of how many districts of this size it is: no ID is in two of them.
    pub part: (u32, u32),
}

/// A version of OneRoster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.1: role and school stand in users.csv.
    V1p1,
    /// 1.2: they stand in roles.csv.
    V1p2,
}

/// How a bundle is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Loose files.
    Folder,
    /// One archive, [`ARCHIVE`].
    Zip,
}

/// What was written. People are counted once, but for [`Counts::users`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Students, with those who share an ID.
    pub students: u64,
    /// Teachers.
    pub teachers: u64,
    /// Staff in other roles.
    pub other_staff: u64,
    /// Guardians and parents. They have no card.
    pub guardians: u64,
    /// Students and staff whose account is disabled.
    pub disabled: u64,
    /// Students of two schools.
    pub two_schools: u64,
    /// IDs that two students share.
    pub ambiguous: u64,
    /// Students without a birth date.
    pub undated: u64,
    /// Rows of users.csv.
    pub users: u64,
    /// Lines of the answers.
    pub answers: u64,
}

impl Synth {
    /// The [`Synth::first_id`] of a district that has no wish of its own.
    pub const FIRST_ID: u32 = 1_000_001;
    /// The [`Synth::part`] of a district that stands alone.
    pub const ALONE: (u32, u32) = (1, 1);

    /// The rows that [`Synth::write`] will write, for a bar of progress.
    ///
    /// # Errors
    ///
    /// As [`Synth::write`], where the district cannot be.
    pub fn rows(&self) -> io::Result<u64> {
        Ok(Roll::new(self)?.enrolments_in_all() * self.version.passes())
    }

    /// Writes the bundle into `folder`, which is made where it is missing, and the right answers to `answers`: a line
    /// for each try, of card, PIN and `admit` or [`patron::Reason::name`], with tabs between. `progress` is told now and
    /// then how many of [`Synth::rows`] are written, and at the end.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where there is no school, nobody, or more people than IDs of nine digits; `AlreadyExists` where
    /// the folder holds such a file: nothing is overwritten. Else what the file system says.
    pub fn write(
        &self,
        folder: &Path,
        packing: Packing,
        answers: Option<&mut dyn Write>,
        progress: &mut dyn FnMut(u64),
    ) -> io::Result<Counts> {
        let roll = Roll::new(self)?;
        let mut counts = write_bundle(&roll, self.version, folder, packing, progress)?;
        if let Some(out) = answers {
            counts.answers = answers::write(&roll, &self.pin_format, out)?;
        }
        Ok(counts)
    }
}

/// Writes the files of one district.
fn write_bundle(
    roll: &Roll,
    version: Version,
    folder: &Path,
    packing: Packing,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Counts> {
    let mut bundle = Bundle::create(folder, packing, roll.enrolments_in_all())?;
    let mut counts = Counts { ambiguous: roll.twins, ..Counts::default() };
    let mut pass = Pass { roll, done: 0, progress };

    bundle.file("manifest.csv", |table| files::manifest(table, version))?;
    bundle.file("orgs.csv", |table| files::orgs(table, roll.schools))?;
    bundle.file("users.csv", |table| {
        files::users_header(table, version)?;
        pass.over(table, |table, person, enrolment| {
            counts.add(person, enrolment);
            files::user(table, version, roll, person, enrolment)
        })
    })?;
    bundle.file("demographics.csv", |table| {
        files::demographics_header(table)?;
        pass.over(table, files::demographic)
    })?;
    if version >= Version::V1p2 {
        bundle.file("roles.csv", |table| {
            files::roles_header(table)?;
            pass.over(table, files::role)
        })?;
    }
    bundle.finish()?;
    (pass.progress)(pass.done);
    Ok(counts)
}

impl Version {
    const fn number(self) -> &'static str {
        match self {
            Self::V1p1 => "1.1",
            Self::V1p2 => "1.2",
        }
    }

    /// The files that have a row for each enrolment.
    const fn passes(self) -> u64 {
        match self {
            Self::V1p1 => 2,
            Self::V1p2 => 3,
        }
    }
}

impl Counts {
    fn add(&mut self, person: &Person, enrolment: &Enrolment) {
        self.users += 1;
        if enrolment.is_second {
            return;
        }
        match person.part {
            Part::Student => self.students += 1,
            Part::Teacher => self.teachers += 1,
            Part::OtherStaff(_) => self.other_staff += 1,
            Part::Guardian { .. } => self.guardians += 1,
        }
        match person.oddity {
            Oddity::Disabled => self.disabled += 1,
            Oddity::TwoSchools => self.two_schools += 1,
            Oddity::Undated => self.undated += 1,
            _ => {}
        }
    }
}

/// Goes through the enrolments once for each file, and tells how far it has come.
struct Pass<'a> {
    roll: &'a Roll,
    done: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Pass<'_> {
    fn over(
        &mut self,
        table: &mut Table<'_>,
        mut row: impl FnMut(&mut Table<'_>, &Person, &Enrolment) -> io::Result<()>,
    ) -> io::Result<()> {
        for person in self.roll.people() {
            for enrolment in self.roll.enrolments(&person) {
                row(table, &person, &enrolment)?;
                self.done += 1;
                if self.done.is_multiple_of(REPORT_EVERY) {
                    (self.progress)(self.done);
                }
            }
        }
        Ok(())
    }
}
