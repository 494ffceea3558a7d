//! Whole programmes at full size, for the configurations in conf/examples: districts, who moves between them, who opted
//! out, and what the service must say to each card.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::civil::Date;
use patron::{BirthFormat, Reason};

use super::ids::IdSpace;
use super::person::{Oddity, Part, Person, other_month};
use super::roll::{InProgramme, Roll, ids_of};
use super::{Packing, Synth, Version, write_bundle};

/// A programme of conf/examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programme {
    /// One district of 147,000 students and 18,000 staff.
    OneDistrict,
    /// Ten districts with one state-wide ID and 300,000 students, of whom three districts and 30,000 are switched on.
    ManyDistricts,
    /// One county district of 117,000 students.
    County,
}

/// A school year falls into two parts: in the second, some children have gone to the next district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Before anybody moves.
    First,
    /// After.
    Second,
}

/// A district of a programme.
struct Plan {
    id: &'static str,
    students: u32,
    staff: u32,
    schools: u16,
    active: bool,
}

/// Every so many cardholders one tries a wrong PIN too.
const WRONG_PIN_EVERY: u64 = 19;

impl Programme {
    /// Writes `folder/inbox/DISTRICT` and `folder/opt-outs/DISTRICT.txt` for each district, and the right answers.
    /// A list of opt-outs that is there already stays.
    ///
    /// # Errors
    ///
    /// As [`Synth::write`].
    pub fn write(
        self,
        folder: &Path,
        (version, packing): (Version, Packing),
        term: Term,
        answers: Option<&mut dyn Write>,
        progress: &mut dyn FnMut(u64),
    ) -> io::Result<u64> {
        let plans = self.plans();
        let mut out = answers.map(BufWriter::new);
        let mut people = 0;
        for (at, plan) in plans.iter().enumerate() {
            let roll = self.roll(&plans, at, term)?;
            let done = people;
            let counts = write_bundle(&roll, version, &folder.join("inbox").join(plan.id), packing, &mut |rows| {
                progress(done + rows);
            })?;
            people += counts.students + counts.teachers + counts.other_staff;
            write_opt_outs(&roll, &folder.join("opt-outs"), plan.id)?;
            if let Some(out) = &mut out {
                self.write_answers(&plans, at, &roll, out)?;
            }
        }
        if let Some(out) = &mut out {
            out.flush()?;
        }
        Ok(people)
    }

    fn plans(self) -> Vec<Plan> {
        let plan = |id, students, staff, schools, active| Plan { id, students, staff, schools, active };
        match self {
            Self::OneDistrict => vec![plan("cms", 147_000, 18_000, 180, true)],
            Self::County => vec![plan("duval", 117_000, 5_000, 160, true)],
            Self::ManyDistricts => vec![
                plan("north", 12_000, 0, 14, true),
                plan("lake", 10_000, 0, 12, true),
                plan("river", 8_000, 0, 10, true),
                plan("east", 60_000, 0, 70, false),
                plan("west", 50_000, 0, 60, false),
                plan("south", 45_000, 0, 50, false),
                plan("hill", 40_000, 0, 45, false),
                plan("grove", 30_000, 0, 35, false),
                plan("mill", 25_000, 0, 30, false),
                plan("park", 20_000, 0, 25, false),
            ],
        }
    }

    /// The people of a district; its IDs are its own in the space that all share.
    fn roll(self, plans: &[Plan], at: usize, term: Term) -> io::Result<Roll> {
        let synth = |plan: &Plan, seed| Synth {
            students: plan.students,
            staff: plan.staff,
            schools: plan.schools,
            seed,
            version: Version::V1p1,
            first_id: self.first_id(),
            pin_format: self.pin_format(),
            part: Synth::ALONE,
        };
        let synths: Vec<Synth> = (1..).zip(plans).map(|(seed, plan)| synth(plan, seed)).collect();
        let ids = IdSpace::new(self.first_id(), synths.iter().map(ids_of).sum(), 1)?;
        let alone = |at: usize, before: Option<Box<Roll>>| -> io::Result<Roll> {
            let synth = synths.get(at).ok_or(io::ErrorKind::InvalidInput)?;
            let offset = synths.iter().take(at).map(ids_of).sum();
            let programme = InProgramme { moves: plans.len() > 1, have_moved: term == Term::Second, before };
            Ok(Roll::new(synth)?.in_programme(ids.clone(), offset, programme))
        };
        let before = (at + plans.len() - 1) % plans.len();
        alone(at, if plans.len() > 1 { Some(Box::new(alone(before, None)?)) } else { None })
    }

    const fn first_id(self) -> u32 {
        match self {
            Self::OneDistrict => 1_000_001,
            Self::ManyDistricts => 100_000_001,
            Self::County => 10_000_001,
        }
    }

    fn pin_format(self) -> BirthFormat {
        let format = match self {
            Self::OneDistrict | Self::ManyDistricts => "MMDDYYYY",
            Self::County => "MMDD",
        };
        BirthFormat::parse(format).unwrap_or_else(|_| unreachable!("a format of the programmes"))
    }

    /// The card of somebody.
    fn card(self, person: &Person, id: u64) -> String {
        match (self, person.part) {
            (Self::OneDistrict, Part::Teacher | Part::OtherStaff(_)) => format!("E{id}"),
            _ => id.to_string(),
        }
    }

    fn write_answers(self, plans: &[Plan], at: usize, roll: &Roll, out: &mut dyn Write) -> io::Result<()> {
        let format = self.pin_format();
        let mut line = |card: &str, born: Date, refusal: Option<Reason>| {
            let pin = format.write(born);
            writeln!(out, "{card}\t{}\t{}", pin.as_str(), refusal.map_or("admit", Reason::name))
        };
        let active = |at: usize| plans.get(at % plans.len()).is_some_and(|plan| plan.active);
        let districts = (active(at), active(at + 1));
        for person in roll.numbered() {
            let Some(id) = person.id else { continue };
            let (card, born) = (self.card(&person, id), person.birth_date);
            let refusal = self.refusal(&person, districts, born);
            line(&card, born, refusal)?;
            if let Some(twin) = roll.twin(&person) {
                line(&card, twin.birth_date, refusal)?;
            } else if person.oddity == Oddity::SharesIdWithNext {
                let theirs = other_month(born);
                line(&card, theirs, self.refusal(&person, districts, theirs))?;
            } else if person.serial % WRONG_PIN_EVERY == 0 {
                let wrong = match refusal {
                    Some(Reason::UnknownCard | Reason::NoVerifier) => refusal,
                    _ => Some(Reason::WrongPin),
                };
                line(&card, other_month(born), wrong)?;
            }
        }
        for id in roll.unknown_ids() {
            line(&id.to_string(), jiff::civil::date(2012, 1, 1), Some(Reason::UnknownCard))?;
        }
        Ok(())
    }

    /// The verdict on somebody's card with the PIN of a birth date; `(own, next)`: whether their district and the next one
    /// are switched on.
    fn refusal(self, person: &Person, (own, next): (bool, bool), born: Date) -> Option<Reason> {
        let off = (!own).then_some(Reason::DistrictOff);
        match person.oddity {
            // A district that is off is nobody's matter while another knows the child.
            Oddity::Left => match (own, next) {
                (_, true) => None,
                (true, false) => Some(Reason::Disabled),
                (false, false) => Some(Reason::DistrictOff),
            },
            Oddity::InTwoDistricts => (!own && !next).then_some(Reason::DistrictOff),
            Oddity::SharesIdWithNext if own == next => Some(Reason::Ambiguous),
            Oddity::SharesIdWithNext => ((born == person.birth_date) != own).then_some(Reason::WrongPin),
            Oddity::OverAge if self == Self::County => None,
            Oddity::Disabled | Oddity::OverAge => off.or(person.refusal()),
            _ => person.refusal().or(off),
        }
    }
}

/// The list of those who opted out, as a school secretary keeps it.
fn write_opt_outs(roll: &Roll, folder: &Path, district: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = match File::create_new(folder.join(format!("{district}.txt"))) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    let mut out = BufWriter::new(file);
    writeln!(out, "# Families who have opted out")?;
    for person in roll.numbered().filter(|person| person.oddity == Oddity::OptedOut) {
        if let Some(id) = person.id {
            writeln!(out, "{id}")?;
        }
    }
    out.flush()
}
