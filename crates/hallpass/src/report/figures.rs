//! What is true: every count of a report before any is withheld. Nothing here may be written out; see `sheet.rs`.

use roster::{Dimension, Period};

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All districts together.
    All,
    /// One district.
    District,
    /// One school, grade or role of the district that stands above.
    Part(Dimension),
}

impl Level {
    /// How much is told by a line of it, the least first.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Part(_) => 0,
            Self::District => 1,
            Self::All => 2,
        }
    }
}

/// One line of counts.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it stands.
    pub level: Level,
    /// The line that it is a part of.
    pub parent: Option<usize>,
    /// The district's id, the school's source id, the grade or the role; empty for people without one.
    pub code: String,
    /// The same for people.
    pub name: String,
    /// People, by measure.
    pub counts: Vec<u64>,
}

/// All lines, and what their counts are of: enrolled, eligible, and for each period of the chain the people who used it at
/// any client and at each.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The periods, ever first; the last one is what the report is about.
    pub chain: Vec<Period>,
    /// The clients' ids.
    pub clients: Vec<String>,
    /// The lines, each after its parent.
    pub lines: Vec<Line>,
}

/// The measure "enrolled".
pub const ENROLLED: usize = 0;
/// The measure "eligible".
pub const ELIGIBLE: usize = 1;

impl Figures {
    /// Figures without any line but that of all districts.
    pub fn new(chain: Vec<Period>, clients: Vec<String>) -> Self {
        let mut figures = Self { chain, clients, lines: Vec::new() };
        figures.add(Level::All, None, String::new(), "All districts".to_owned());
        figures
    }

    /// How many counts a line has.
    pub fn measures(&self) -> usize {
        2 + self.chain.len() * (1 + self.clients.len())
    }

    /// The measure of those who used it in a period of the chain; client 0 is any, the others count from 1.
    pub fn used(&self, period: usize, client: usize) -> usize {
        2 + period * (1 + self.clients.len()) + client
    }

    /// The period of the chain that a measure is about; enrolled and eligible go with "ever".
    pub fn phase(&self, measure: usize) -> usize {
        measure.saturating_sub(2) / (1 + self.clients.len())
    }

    /// A new line with nothing counted. Returns where it stands.
    pub fn add(&mut self, level: Level, parent: Option<usize>, code: String, name: String) -> usize {
        let counts = vec![0; self.measures()];
        self.lines.push(Line { level, parent, code, name, counts });
        self.lines.len() - 1
    }

    /// Counts people in a line.
    pub fn count(&mut self, line: usize, measure: usize, people: u64) {
        if let Some(count) = self.lines.get_mut(line).and_then(|line| line.counts.get_mut(measure)) {
            *count += people;
        }
    }

    /// A count.
    pub fn get(&self, line: usize, measure: usize) -> u64 {
        self.lines.get(line).and_then(|line| line.counts.get(measure)).copied().unwrap_or_default()
    }
}
