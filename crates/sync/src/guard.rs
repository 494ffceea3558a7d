//! The publish guard: a roster that changes more than it should is refused, and the last good one serves on.
//!
//! The commonest bad export keeps every row: a spreadsheet ate the leading zeros, or swapped day and month. Counts
//! don't show it, changed PIN verifiers do.

use std::fmt;

use patron::PinScheme;
use roster::{Header, RunCounts, SchoolEntry};
use site::Guard;

use crate::change::Change;
use crate::losses::Losses;

/// Rosters of no more rows than this may change as they like.
pub(crate) const BINDS_ABOVE: u64 = 25;

/// Why a roster was not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody in it could be given a card.
    Nobody,
    /// Of so many people none has what the PIN rule needs.
    NoPins(u64),
    /// Too many published IDs are gone.
    Gone(u64, u64),
    /// Too many IDs are new.
    New(u64, u64),
    /// Too many PINs changed.
    PinChanged(u64, u64),
    /// Too many PINs changed, most of them to none.
    PinLost(u64, u64),
    /// Too many PINs changed, most of them since two people have the ID now.
    Shared(u64, u64),
    /// So many rows repeat people who are there already, of so many people; so many did in the last roster.
    Doubled(u64, u64, u64),
    /// Too many rows could not be decoded.
    Errors(u64, u64),
    /// A role lost over half of its people.
    Role(String, u64, u64),
    /// A school lost over half of its people.
    School(SchoolLoss),
    /// Not as many students as expected.
    Students(u64, u64, u64),
}

/// What a school lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolLoss {
    /// Its name, and the source's id of it.
    pub school: String,
    /// Its people in the published roster.
    pub before: u64,
    /// Those that it has now.
    pub now: u64,
    /// Of those before, how many are nowhere in the roster.
    pub gone: u64,
    /// Other schools that lost as much.
    pub others: usize,
}

impl Cause {
    /// The word in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::NoPins(_) => "no-pins",
            Self::Gone(..) => "max-gone",
            Self::New(..) => "max-new",
            Self::PinChanged(..) | Self::PinLost(..) | Self::Shared(..) => "max-pin-changed",
            Self::Doubled(..) => "doubled",
            Self::Errors(..) => "max-errors",
            Self::Role(..) => "role",
            Self::School(_) => "school",
            Self::Students(..) => "expect-students",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("not one row makes a card: look at `card.id` and `card.pattern`"),
            Self::NoPins(people) => {
                write!(
                    f,
                    "of {people} people none has what the PIN rule needs: birth dates in another form, or an empty column?"
                )
            }
            Self::Gone(part, whole) => write!(f, "{part} of {whole} published IDs are gone (max-gone): half a file?"),
            Self::New(part, whole) => write!(
                f,
                "{part} IDs are new beside {whole} published (max-new): another district's file, or another ID column?"
            ),
            Self::PinChanged(part, whole) => write!(
                f,
                "{part} of {whole} PINs changed (max-pin-changed): a spreadsheet that ate leading zeros, or swapped day and month?"
            ),
            Self::PinLost(part, whole) => write!(
                f,
                "{part} of {whole} PINs are gone or changed (max-pin-changed): a file of birth dates that is cut short, or a column that is empty?"
            ),
            Self::Shared(part, whole) => write!(
                f,
                "{part} of {whole} IDs are two people's now, or have another PIN (max-pin-changed): an old and a new export in one file, with other birth dates?"
            ),
            Self::Doubled(rows, people, before) => write!(
                f,
                "{rows} rows repeat somebody who is there already, beside {people} people; in the last roster {before} did: one export twice in a file?"
            ),
            Self::Errors(part, whole) => write!(f, "{part} of {whole} rows cannot be used (max-errors)"),
            Self::Role(role, now, before) => write!(f, "of {before} people with the role {role} only {now} are left"),
            Self::School(SchoolLoss { school, before, now, gone, others }) => {
                write!(
                    f,
                    "of {before} people at {school} {now} are left, and {gone} of them are nowhere in the roster"
                )?;
                if *others > 0 {
                    write!(f, "; {others} more lost over half as well")?;
                }
                f.write_str(": an export without it? If the school is closed, `--force` publishes")
            }
            Self::Students(found, least, most) => {
                write!(f, "{found} students, where expect-students says {least} to {most}")
            }
        }
    }
}

/// What the guard looks at.
pub struct Evidence<'a> {
    /// The header of what would be published.
    pub header: &'a Header,
    /// The header of what is published.
    pub published: Option<&'a Header>,
    /// The change between them, where they can be compared.
    pub change: Option<Change>,
    /// The same for each school and role.
    pub losses: &'a Losses,
    /// Rows of the source.
    pub rows: u64,
    /// Rows of it that cannot be used.
    pub errors: u64,
    /// Rows of it that repeat a person.
    pub merged: u64,
    /// What the sync counted that published last.
    pub before: Option<RunCounts>,
}

/// Why this must not be published; `None`: it may.
pub fn objection(guard: &Guard, evidence: &Evidence<'_>) -> Option<Cause> {
    let Evidence { header, rows, errors, .. } = *evidence;
    if header.people == 0 {
        return Some(match header.ambiguous {
            0 => Cause::Nobody,
            shared => Cause::Shared(shared, shared),
        });
    }
    if rows > BINDS_ABOVE && guard.max_errors.is_exceeded(errors, rows) {
        return Some(Cause::Errors(errors, rows));
    }
    let needs_pins =
        header.pin_rules().is_some_and(|pins| pins.rules().iter().any(|rule| rule.scheme != PinScheme::None));
    if needs_pins && header.people > BINDS_ABOVE && header.without_verifier == header.people {
        return Some(Cause::NoPins(header.people));
    }
    let students = header.roles.get("student").copied().unwrap_or_default();
    if let Some(expected) = &guard.expect_students
        && !expected.contains(&students)
    {
        return Some(Cause::Students(students, *expected.start(), *expected.end()));
    }
    let change = evidence.change.filter(|change| change.published > BINDS_ABOVE)?;
    too_much(guard, change).or_else(|| doubled(evidence)).or_else(|| role(evidence)).or_else(|| school(evidence))
}

fn too_much(guard: &Guard, change: Change) -> Option<Cause> {
    let Change { published: whole, gone, new, pin_changed: changed, pin_lost: lost, shared, .. } = change;
    if guard.max_gone.is_exceeded(gone, whole) {
        return Some(Cause::Gone(gone, whole));
    }
    if guard.max_new.is_exceeded(new, whole) {
        return Some(Cause::New(new, whole));
    }
    let part = changed + lost + shared;
    guard.max_pin_changed.is_exceeded(part, whole).then(|| match changed.max(lost).max(shared) {
        most if most == changed => Cause::PinChanged(part, whole),
        most if most == lost => Cause::PinLost(part, whole),
        _ => Cause::Shared(part, whole),
    })
}

/// More than every second person is there twice, and it was not so before: people at two schools are not many, and an
/// export with a row for each course has them each time.
fn doubled(evidence: &Evidence<'_>) -> Option<Cause> {
    let (people, before) = (evidence.header.people, evidence.before?);
    (evidence.merged * 2 > people && before.merged * 2 <= before.people).then_some(Cause::Doubled(
        evidence.merged,
        people,
        before.merged,
    ))
}

fn role(evidence: &Evidence<'_>) -> Option<Cause> {
    evidence.losses.roles.iter().find_map(|(role, loss)| {
        let now = evidence.header.roles.get(role.name()).copied().unwrap_or_default().saturating_sub(loss.held);
        (loss.there > BINDS_ABOVE && now * 2 < loss.there).then(|| Cause::Role(role.name().to_owned(), now, loss.there))
    })
}

/// A school that lost over half of its people, and over half are nowhere else: in the yearly promotion a whole grade, or a
/// whole school of one grade, is at another school the next day. So are those of a school that closed.
fn school(evidence: &Evidence<'_>) -> Option<Cause> {
    let schools = &evidence.published?.schools;
    let lost = schools.iter().zip(&evidence.losses.schools).filter_map(|(school, loss)| {
        let theirs = evidence.header.schools.iter().filter(|known| known.source_id == school.source_id);
        let now = theirs.map(|known| known.people).sum::<u64>().saturating_sub(loss.held);
        let much = loss.there > BINDS_ABOVE && now * 2 < loss.there && loss.gone * 2 > loss.there;
        let (before, gone) = (loss.there, loss.gone);
        much.then(|| SchoolLoss { school: named(school), before, now, gone, others: 0 })
    });
    let mut lost: Vec<_> = lost.collect();
    lost.sort_by_key(|loss| std::cmp::Reverse(loss.before));
    let others = lost.len().saturating_sub(1);
    lost.into_iter().next().map(|loss| Cause::School(SchoolLoss { others, ..loss }))
}

/// The name with the source's id. Both are the district's own text, and are shown on a terminal.
fn named(school: &SchoolEntry) -> String {
    const LONGEST: usize = 80;
    let shown = |text: &str| text.chars().take(LONGEST).collect::<String>().escape_debug().to_string();
    match school.name.is_empty() {
        true => shown(&school.source_id),
        false => format!("{} ({})", shown(&school.name), shown(&school.source_id)),
    }
}
