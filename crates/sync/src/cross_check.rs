//! What the configuration names and a new roster does not know: schools of a pilot, numbers in the opt-out file.

use patron::OptOutList;
use roster::{Generation, Header, RosterError, opt_outs};
use site::District;

/// Numbers of an opt-out file beside a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptOutCheck {
    /// Lines that name somebody.
    pub lines: u64,
    /// Lines whose number nobody in the roster has, and the first of them.
    pub unknown: (u64, Vec<usize>),
    /// Lines that are no number of the district, and the first of them.
    pub unclear: (u64, Vec<usize>),
    /// Why the file cannot be read.
    pub unreadable: Option<String>,
}

/// Lines that are shown.
const SHOWN: usize = 10;

/// The codes of `eligibility.schools` that no school of the roster has.
pub(crate) fn unknown_schools(district: &District, header: &Header) -> Vec<String> {
    let known = |code: &&String| header.schools.iter().any(|school| school.is_called(code));
    district.eligibility.schools.iter().filter(|code| !known(code)).cloned().collect()
}

/// Looks for everybody in a district's opt-out file.
pub(crate) fn opt_outs(
    district: &District,
    generation: &Generation,
    key: &roster::Key,
) -> Result<Option<OptOutCheck>, RosterError> {
    let Some(file) = &district.opt_out_file else { return Ok(None) };
    let mut check = OptOutCheck::default();
    let list = match opt_outs::read(file) {
        Ok(text) => OptOutList::parse(&text, &district.cards),
        Err(error) => {
            check.unreadable = Some(error.to_string());
            return Ok(Some(check));
        }
    };
    check.unclear = (list.unclear.len() as u64, list.unclear.iter().take(SHOWN).copied().collect());
    for entries in list.entries.chunk_by(|one, other| one.line == other.line) {
        check.lines += 1;
        let mut known = false;
        for entry in entries {
            known |= generation.row(&key.row_index(&entry.space, &entry.id))?.is_some();
        }
        if let (false, Some(first)) = (known, entries.first()) {
            check.unknown.0 += 1;
            if check.unknown.1.len() < SHOWN {
                check.unknown.1.push(first.line);
            }
        }
    }
    Ok(Some(check))
}
