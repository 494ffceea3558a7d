//! `hallpass synth`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use patron::BirthFormat;

use crate::failure::{Failure, USAGE};
use crate::synth::programme::{Programme, Term};
use crate::synth::{Packing, Synth, Version};
use crate::terminal;

/// Write a synthetic district's OneRoster bundle, the same for the same seed. All people in it are made up.
///
/// With --programme, the districts of a configuration in conf/examples at full size: DIR/inbox and DIR/opt-outs.
#[derive(Args)]
pub struct Synthesise {
    /// The folder to write into; made where it is missing.
    dir: PathBuf,
    /// Students.
    #[arg(long, default_value_t = 1000)]
    students: u32,
    /// Teachers and other staff.
    #[arg(long, default_value_t = 100)]
    staff: u32,
    /// Schools.
    #[arg(long, default_value_t = 10)]
    schools: u16,
    /// Another seed makes up other people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The OneRoster version.
    #[arg(long = "version", value_enum, default_value_t = OneRoster::V1p1)]
    one_roster: OneRoster,
    /// The lowest ID.
    #[arg(long, default_value_t = Synth::FIRST_ID)]
    first_id: u32,
    /// How PINs are written in the answers.
    #[arg(long, default_value = "MMDDYYYY", value_parser = parse_format)]
    pin_format: BirthFormat,
    /// Which of how many districts of this size and first ID, such as 3/10: no ID is in two of them.
    #[arg(long, default_value = "1/1", value_parser = parse_part)]
    part: (u32, u32),
    /// One zip instead of loose files.
    #[arg(long)]
    zip: bool,
    /// A whole programme instead of one district; the sizes and IDs are its own.
    #[arg(long, value_enum, conflicts_with_all = ["students", "staff", "schools", "seed", "first_id", "pin_format", "part"])]
    programme: Option<Named>,
    /// Which part of the school year: in the second, some children have moved to the next district.
    #[arg(long, value_enum, default_value_t = When::First, requires = "programme")]
    term: When,
    /// Also write card, PIN and expected verdict of each person, separated by tabs.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum OneRoster {
    #[value(name = "1.1")]
    V1p1,
    #[value(name = "1.2")]
    V1p2,
}

#[derive(Clone, Copy, ValueEnum)]
enum Named {
    OneDistrict,
    ManyDistricts,
    County,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    First,
    Second,
}

fn parse_part(text: &str) -> Result<(u32, u32), &'static str> {
    const EXPECTED: &str = "not two numbers, such as 3/10";
    let (part, parts) = text.split_once('/').ok_or(EXPECTED)?;
    let (part, parts) = (part.parse().map_err(|_| EXPECTED)?, parts.parse().map_err(|_| EXPECTED)?);
    if (1..=parts).contains(&part) { Ok((part, parts)) } else { Err(EXPECTED) }
}

fn parse_format(text: &str) -> Result<BirthFormat, &'static str> {
    BirthFormat::parse(text)
}

impl Synthesise {
    pub fn run(self) -> Result<(), Failure> {
        if let Some(programme) = self.programme {
            return self.write_programme(programme);
        }
        let synth = Synth {
            students: self.students,
            staff: self.staff,
            schools: self.schools,
            seed: self.seed,
            version: match self.one_roster {
                OneRoster::V1p1 => Version::V1p1,
                OneRoster::V1p2 => Version::V1p2,
            },
            first_id: self.first_id,
            pin_format: self.pin_format,
            part: self.part,
        };
        std::fs::create_dir_all(&self.dir)?;
        let mut answers = self.answers.map(File::create).transpose()?.map(BufWriter::new);
        let bar = terminal::counter("rows");
        bar.set_length(synth.rows().map_err(|error| Failure::new(USAGE, error.to_string()))?);
        let packing = if self.zip { Packing::Zip } else { Packing::Folder };
        let out = answers.as_mut().map(|answers| answers as &mut dyn std::io::Write);
        let counts = synth
            .write(&self.dir, packing, out, &mut |rows| bar.set_position(rows))
            .map_err(|error| Failure::new(USAGE, error.to_string()))?;
        bar.finish_and_clear();
        if let Some(answers) = &mut answers {
            answers.flush()?;
        }
        println!(
            "{}: {} students, {} teachers, {} other staff in {} rows",
            self.dir.display(),
            counts.students,
            counts.teachers,
            counts.other_staff,
            counts.users
        );
        Ok(())
    }

    fn write_programme(self, programme: Named) -> Result<(), Failure> {
        let programme = match programme {
            Named::OneDistrict => Programme::OneDistrict,
            Named::ManyDistricts => Programme::ManyDistricts,
            Named::County => Programme::County,
        };
        let term = match self.term {
            When::First => Term::First,
            When::Second => Term::Second,
        };
        let version = match self.one_roster {
            OneRoster::V1p1 => Version::V1p1,
            OneRoster::V1p2 => Version::V1p2,
        };
        let packing = if self.zip { Packing::Zip } else { Packing::Folder };
        let mut answers = self.answers.map(File::create).transpose()?;
        let out = answers.as_mut().map(|answers| answers as &mut dyn std::io::Write);
        let bar = terminal::counter("rows");
        let people = programme
            .write(&self.dir, (version, packing), term, out, &mut |rows| bar.set_position(rows))
            .map_err(|error| Failure::new(USAGE, error.to_string()))?;
        bar.finish_and_clear();
        println!("{}: {people} people in inbox, and lists in opt-outs", self.dir.display());
        Ok(())
    }
}
