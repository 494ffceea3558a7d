//! How the counts of a report hang together, as whoever reads it knows: what adds up to what, and what cannot be more than
//! what. From these a withheld count could be worked out, so these decide what is withheld.

use roster::Dimension;

use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};

/// A count under this is about somebody.
pub const LEAST: i64 = 10;

/// A count that may be shown, or a difference that nobody shows but everybody can take.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// What is true.
    pub value: i64,
    /// What everybody knows it is not below; `None`: nothing.
    pub floor: Option<i64>,
    /// May not become known.
    pub sensitive: bool,
    /// Says nothing about anybody, and is always shown.
    pub fixed: bool,
    /// The period of the chain with which it becomes known.
    pub phase: usize,
    /// Is shown where it is not withheld.
    pub real: bool,
    /// The same count over the next longer period.
    pub longer: Option<usize>,
    /// How much is told by it: 0 for a part, 1 for a district, 2 for all.
    pub rank: u8,
}

/// The first cell is the sum of those with a plus, less those with a minus.
#[derive(Clone, Debug, Default)]
pub struct Equation {
    /// The cells, each with what it counts for; all together come to nothing.
    pub terms: Vec<(usize, i64)>,
}

/// Two counts of one line, the first of which holds the second, and their difference.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The count that holds the other.
    pub whole: usize,
    /// The other.
    pub part: usize,
    /// Those in the one and not in the other.
    pub rest: usize,
}

/// All cells and what ties them.
pub struct Relations {
    /// The counts, line by line, then the differences.
    pub cells: Vec<Cell>,
    /// What adds up.
    pub equations: Vec<Equation>,
    /// The differences.
    pub differences: Vec<Difference>,
    /// The equations of each cell.
    pub of: Vec<Vec<usize>>,
}

impl Relations {
    /// The relations of a report.
    pub fn new(figures: &Figures) -> Self {
        let mut relations =
            Self { cells: counts(figures), equations: Vec::new(), differences: Vec::new(), of: Vec::new() };
        let measures = figures.measures();
        for measure in 0..measures {
            relations.add_up(figures, |line| line * measures + measure);
        }
        for (whole, part) in pairs(figures) {
            let first = relations.differences.len();
            for line in 0..figures.lines.len() {
                relations.differ(line * measures + whole, line * measures + part);
            }
            // That the rests add up as well follows, but is not seen when one looks at one equation at a time.
            let rests: Vec<usize> =
                relations.differences.iter().skip(first).map(|difference| difference.rest).collect();
            relations.add_up(figures, |line| rests.get(line).copied().unwrap_or_default());
        }
        for line in 0..figures.lines.len() {
            for period in 0..figures.chain.len() {
                let at = |client| line * measures + figures.used(period, client);
                relations.cover(at(0), (1..=figures.clients.len()).map(at).collect());
            }
        }
        relations.of = vec![Vec::new(); relations.cells.len()];
        for (number, equation) in relations.equations.iter().enumerate() {
            for (cell, _) in &equation.terms {
                if let Some(of) = relations.of.get_mut(*cell) {
                    of.push(number);
                }
            }
        }
        relations
    }

    /// Schools, grades and roles each come to their district, and districts to all.
    fn add_up(&mut self, figures: &Figures, at: impl Fn(usize) -> usize) {
        let levels = [Dimension::School, Dimension::Grade, Dimension::Role]
            .map(Level::Part)
            .into_iter()
            .chain([Level::District]);
        for level in levels {
            let mut children = vec![Vec::new(); figures.lines.len()];
            for (number, line) in figures.lines.iter().enumerate().filter(|(_, line)| line.level == level) {
                if let Some(of) = line.parent.and_then(|parent| children.get_mut(parent)) {
                    of.push((at(number), -1));
                }
            }
            for (parent, children) in children.into_iter().enumerate().filter(|(_, children)| !children.is_empty()) {
                let terms = [(at(parent), 1)].into_iter().chain(children).collect();
                self.equations.push(Equation { terms });
            }
        }
    }

    /// Those who are in the whole and not in the part: under 10 they are somebody. Where the part is the larger one (people
    /// who left, or who are in another grade by now), the difference is only a number.
    fn differ(&mut self, whole: usize, part: usize) {
        let cell = |at: usize| self.cells.get(at).copied();
        let (Some(one), Some(other)) = (cell(whole), cell(part)) else { return };
        let value = one.value - other.value;
        let rest = self.cells.len();
        self.cells.push(Cell {
            value,
            floor: (value >= 0).then_some(0),
            sensitive: (1..LEAST).contains(&value),
            fixed: false,
            phase: one.phase.max(other.phase),
            real: false,
            longer: None,
            rank: 0,
        });
        self.equations.push(Equation { terms: vec![(whole, 1), (part, -1), (rest, -1)] });
        self.differences.push(Difference { whole, part, rest });
    }

    /// Whoever used it at any client used it at one of them.
    fn cover(&mut self, any: usize, each: Vec<usize>) {
        let value = |at: usize| self.cells.get(at).map_or(0, |cell| cell.value);
        let twice = each.iter().map(|at| value(*at)).sum::<i64>() - value(any);
        if each.is_empty() || twice < 0 {
            // A client that is gone: its users are in no column.
            return;
        }
        let phase = self.cells.get(any).map_or(0, |cell| cell.phase);
        let more = self.cells.len();
        self.cells.push(Cell {
            value: twice,
            floor: Some(0),
            sensitive: false,
            fixed: false,
            phase,
            real: false,
            longer: None,
            rank: 0,
        });
        let terms = [(any, 1), (more, 1)].into_iter().chain(each.into_iter().map(|at| (at, -1))).collect();
        self.equations.push(Equation { terms });
    }
}

/// The counts themselves.
fn counts(figures: &Figures) -> Vec<Cell> {
    let mut cells = Vec::new();
    let period = 1 + figures.clients.len();
    for (line, rank) in figures.lines.iter().map(|line| line.level.rank()).enumerate() {
        for measure in 0..figures.measures() {
            let count = figures.get(line, measure);
            // That nobody is there, or may, is about nobody; nor that nobody did where nobody may.
            let fixed = count == 0 && (measure <= ELIGIBLE || figures.get(line, ELIGIBLE) == 0);
            let value = i64::try_from(count).unwrap_or(i64::MAX / 2);
            let sensitive = !fixed && value < LEAST;
            let phase = figures.phase(measure);
            let longer = (phase > 0).then(|| cells.len() - period);
            cells.push(Cell { value, floor: Some(0), sensitive, fixed, phase, real: true, longer, rank });
        }
    }
    cells
}

/// The measures of which one holds the other.
fn pairs(figures: &Figures) -> Vec<(usize, usize)> {
    let mut pairs = vec![(ENROLLED, ELIGIBLE)];
    for period in 0..figures.chain.len() {
        let any = figures.used(period, 0);
        for client in 0..=figures.clients.len() {
            let used = figures.used(period, client);
            pairs.extend([(ENROLLED, used), (ELIGIBLE, used)]);
            pairs.extend((client > 0).then_some((any, used)));
            pairs.extend((0..period).map(|longer| (figures.used(longer, client), used)));
        }
    }
    pairs
}
