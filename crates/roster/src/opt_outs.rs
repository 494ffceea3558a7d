//! Who has opted out of a district's programme: the list in its file, or the last good one.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use patron::{CardRules, OptOutList};

use crate::{IdentityKey, OptOutMark, RosterError, Store};

/// The largest list that is read: a million numbers have a few MiB.
const LARGEST: u64 = 64 << 20;

/// Those who have opted out. It holds marks, from which nobody can be named.
#[derive(Debug, Default)]
pub struct OptOuts(HashSet<OptOutMark>);

/// Why the list is not as its file says; what was known before goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutTrouble {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub problem: OptOutProblem,
}

/// What can be wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptOutProblem {
    /// It cannot be read.
    Unreadable(String),
    /// There is nothing in it.
    Empty,
    /// So many lines are neither an ID nor a card; the first of them.
    Unclear(usize, Vec<usize>),
}

impl fmt::Display for OptOutTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        match &self.problem {
            OptOutProblem::Unreadable(why) => write!(f, "cannot be read ({why})"),
            OptOutProblem::Empty => f.write_str("empty; where nobody has opted out, write a line that begins with #"),
            OptOutProblem::Unclear(count, first) => {
                let first: Vec<String> = first.iter().map(usize::to_string).collect();
                write!(f, "{count} lines are neither an ID nor a card of the district: line {}", first.join(", "))
            }
        }
    }
}

impl OptOuts {
    /// The list in a district's file, which becomes the last good one; or, where that cannot be taken, what was the last
    /// good one, and the trouble. `Err` where there was none: nobody can say who has opted out. `today` is the ID of today
    /// that an earlier number of an ID space leads on to: a parent may have written that one.
    pub fn load(
        store: &Store,
        identity: &IdentityKey,
        district: &str,
        file: &Path,
        cards: &CardRules,
        today: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Result<(Self, Option<OptOutTrouble>), OptOutTrouble> {
        let trouble = |problem| OptOutTrouble { file: file.to_owned(), problem };
        let kept = store.state().opt_outs(district).unwrap_or_default();
        let last_good = |problem| match &kept {
            Some(marks) => Ok((Self(marks.iter().copied().collect()), Some(trouble(problem)))),
            None => Err(trouble(problem)),
        };
        let list = match read(file) {
            Ok(text) => OptOutList::parse(&text, cards),
            Err(error) => return last_good(OptOutProblem::Unreadable(error.to_string())),
        };
        if !list.says_something && list.unclear.is_empty() {
            return last_good(OptOutProblem::Empty);
        }
        let mut marks = HashSet::new();
        for entry in &list.entries {
            let (space, id) = (&entry.space, &entry.id);
            marks.insert(identity.opt_out_mark(space, id));
            marks.extend(today(space, id).map(|id| identity.opt_out_mark(space, &id)));
        }
        // A line that nobody can read may be one who stood in the last list.
        let problem = (!list.unclear.is_empty()).then(|| {
            marks.extend(kept.iter().flatten());
            OptOutProblem::Unclear(list.unclear.len(), list.unclear.iter().take(10).copied().collect())
        });
        let trouble = match keep(store, district, kept.as_deref(), &marks) {
            Ok(()) => problem.map(trouble),
            // It holds for now; after a restart the file is read again.
            Err(error) => Some(trouble(OptOutProblem::Unreadable(format!("not kept: {error}")))),
        };
        Ok((Self(marks), trouble))
    }

    /// Whether somebody has opted out.
    pub fn holds(&self, mark: &OptOutMark) -> bool {
        self.0.contains(mark)
    }

    /// Whether nobody has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many have.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The text of a list.
pub fn read(file: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("larger than 64 MiB"));
    }
    // What is not UTF-8 is no number, and its line is told.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn keep(
    store: &Store,
    district: &str,
    kept: Option<&[OptOutMark]>,
    marks: &HashSet<OptOutMark>,
) -> Result<(), RosterError> {
    let same = kept.is_some_and(|kept| kept.len() == marks.len() && kept.iter().all(|mark| marks.contains(mark)));
    if same {
        return Ok(());
    }
    // In an order that says nothing of the file's.
    let mut sorted: Vec<OptOutMark> = marks.iter().copied().collect();
    sorted.sort_unstable_by_key(|mark| mark.0);
    store.state().set_opt_outs(district, &sorted)
}
