//! The publish guard: a roster that changes more than it should is refused, and the last good one serves on.
//!
//! The commonest bad export keeps every row: a spreadsheet ate the leading zeros, or swapped day and month. Counts
//! don't show it, changed PIN verifiers do.

use std::fmt;

use patron::PinScheme;
use roster::Header;
use site::Guard;

use crate::change::Change;

/// Rosters of no more rows than this may change as they like.
const BINDS_ABOVE: u64 = 25;

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
    /// Too many rows could not be decoded.
    Errors(u64, u64),
    /// A role lost over half of its people.
    Role(String, u64, u64),
    /// Not as many students as expected.
    Students(u64, u64, u64),
}

impl Cause {
    /// The word in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::NoPins(_) => "no-pins",
            Self::Gone(..) => "max-gone",
            Self::New(..) => "max-new",
            Self::PinChanged(..) => "max-pin-changed",
            Self::Errors(..) => "max-errors",
            Self::Role(..) => "role",
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
            Self::Errors(part, whole) => write!(f, "{part} of {whole} rows cannot be used (max-errors)"),
            Self::Role(role, now, before) => write!(f, "of {before} people with the role {role} only {now} are left"),
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
    /// Rows of the source.
    pub rows: u64,
    /// Rows of it that cannot be used.
    pub errors: u64,
}

/// Why this must not be published; `None`: it may.
pub fn objection(guard: &Guard, evidence: &Evidence<'_>) -> Option<Cause> {
    let header = evidence.header;
    if header.people == 0 {
        return Some(Cause::Nobody);
    }
    if evidence.rows > BINDS_ABOVE && guard.max_errors.is_exceeded(evidence.errors, evidence.rows) {
        return Some(Cause::Errors(evidence.errors, evidence.rows));
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
    let whole = change.published;
    if guard.max_gone.is_exceeded(change.gone, whole) {
        return Some(Cause::Gone(change.gone, whole));
    }
    if guard.max_new.is_exceeded(change.new, whole) {
        return Some(Cause::New(change.new, whole));
    }
    if guard.max_pin_changed.is_exceeded(change.pin_changed, whole) {
        return Some(Cause::PinChanged(change.pin_changed, whole));
    }
    evidence.published?.roles.iter().find_map(|(role, before)| {
        let now = header.roles.get(role).copied().unwrap_or_default();
        (*before > BINDS_ABOVE && now * 2 < *before).then(|| Cause::Role(role.clone(), now, *before))
    })
}
