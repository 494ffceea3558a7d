//! What the service must say to each card of a synthetic district: tab-separated card, PIN, verdict.

use std::io::{self, BufWriter, Write};

use jiff::civil::Date;
use patron::{BirthFormat, Reason};

use super::{
    person::{Person, other_month},
    roll::Roll,
};

/// Every so many cardholders one tries a wrong PIN too. It has no divisor in common with the turns of the oddities, so
/// that these are met as well.
const WRONG_PIN_EVERY: u64 = 19;

/// Writes the answers and returns how many.
///
/// Each ID has its line with the right PIN, one that two students share a line with either's. IDs that nobody has come
/// last.
pub(super) fn write(roll: &Roll, format: &BirthFormat, out: &mut dyn Write) -> io::Result<u64> {
    let mut answers = Answers { out: BufWriter::new(out), format, lines: 0 };
    for person in roll.numbered() {
        answers.person(&person)?;
        if let Some(twin) = roll.twin(&person) {
            answers.person(&twin)?;
        } else if person.serial % WRONG_PIN_EVERY == 0 {
            let refusal = match person.refusal() {
                // Not the PIN's matter.
                Some(Reason::UnknownCard | Reason::NoVerifier) => person.refusal(),
                _ => Some(Reason::WrongPin),
            };
            answers.line(person.id, other_month(person.birth_date), refusal)?;
        }
    }
    for id in roll.unknown_ids() {
        answers.line(Some(id), jiff::civil::date(2012, 1, 1), Some(Reason::UnknownCard))?;
    }
    answers.out.flush()?;
    Ok(answers.lines)
}

struct Answers<'a> {
    out: BufWriter<&'a mut dyn Write>,
    format: &'a BirthFormat,
    lines: u64,
}

impl Answers<'_> {
    fn person(&mut self, person: &Person) -> io::Result<()> {
        self.line(person.id, person.birth_date, person.refusal())
    }

    fn line(&mut self, id: Option<u64>, born: Date, refusal: Option<Reason>) -> io::Result<()> {
        let Some(card) = id else { return Ok(()) };
        let pin = self.format.write(born);
        self.lines += 1;
        writeln!(self.out, "{card}\t{}\t{}", pin.as_str(), refusal.map_or("admit", Reason::name))
    }
}
