//! Which counts a report shows: as many as leave every count under 10 unknown, and every difference under 10.
//!
//! A count under 10 is withheld. That alone hides nothing: one withheld school is its district less the others. So this
//! does what a reader with a pencil would do ([`bounds`]), over schools, grades and roles at once, since all three add up to
//! the same district; and while anything withheld can be told to fewer than ten numbers, it withholds one count more, the
//! smallest of those that told it.
//!
//! Longer periods come first and stay as they are when shorter ones are added: so the report on a month withholds the same
//! counts of its year as the report on the year does, and no two of them can be played against each other.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::report::bounds::{Bounds, bounds, implied};
use crate::report::figures::Figures;
use crate::report::relations::Relations;

/// Whether each count is shown: line by line, measure by measure.
pub fn shown(figures: &Figures) -> Vec<bool> {
    let relations = Relations::new(figures);
    let mut shown = vec![false; relations.cells.len()];
    for phase in 0..figures.chain.len() {
        Phase { relations: &relations, phase, shown: &mut shown }.settle();
    }
    shown.truncate(figures.lines.len() * figures.measures());
    shown
}

/// The counts that become known with one period, and those that are known already.
struct Phase<'a> {
    relations: &'a Relations,
    phase: usize,
    shown: &'a mut Vec<bool>,
}

impl Phase<'_> {
    fn settle(&mut self) {
        for (number, cell) in self.relations.cells.iter().enumerate() {
            if cell.real && cell.phase == self.phase {
                // What is withheld of a longer period is withheld of a shorter one: much the same people are in both.
                let told = cell.fixed || cell.longer.is_none_or(|longer| self.is_shown(longer));
                self.set(number, told && !cell.sensitive);
            }
        }
        for difference in &self.relations.differences {
            let sensitive = self.relations.cells.get(difference.rest).is_some_and(|cell| cell.sensitive);
            if sensitive && self.is_shown(difference.whole) && self.is_shown(difference.part) {
                // The smaller one, unless that is known already.
                self.set(if self.may_hide(difference.part) { difference.part } else { difference.whole }, false);
            }
        }
        loop {
            let bounds = bounds(self.relations, self.shown);
            let exposed = self.exposed(&bounds);
            if exposed.is_empty() {
                return;
            }
            if !self.hide_more(&exposed, &bounds) {
                return self.hide_all();
            }
        }
    }

    /// Cannot be needed, since where a whole period is withheld nothing binds it; but rather too little than too much.
    fn hide_all(&mut self) {
        for number in 0..self.relations.cells.len() {
            if self.may_hide(number) {
                self.set(number, false);
            }
        }
    }

    /// Everything that can be told too closely.
    fn exposed(&self, bounds: &[Bounds]) -> Vec<usize> {
        (0..self.relations.cells.len()).filter(|cell| self.exposes(*cell, bounds)).collect()
    }

    /// Whether something that is withheld, or may never be known, can be told too closely.
    fn exposes(&self, number: usize, bounds: &[Bounds]) -> bool {
        let Some(cell) = self.relations.cells.get(number).filter(|cell| cell.phase <= self.phase) else { return false };
        let hidden = cell.real && !self.is_shown(number);
        (hidden || (!cell.real && cell.sensitive)) && bounds.get(number).is_some_and(|bounds| bounds.are_narrow())
    }

    /// Withholds more, but not two for one reason. Returns whether there was anything to withhold.
    fn hide_more(&mut self, exposed: &[usize], bounds: &[Bounds]) -> bool {
        let mut touched: HashSet<usize> = HashSet::new();
        let mut nowhere = true;
        for cell in exposed {
            // Where something was withheld on the way from here, that may have been enough.
            let Some(next) = self.next_to_hide(*cell, bounds, &touched) else { continue };
            self.set(next, false);
            nowhere = false;
            touched.extend(self.relations.of.get(*cell).into_iter().flatten());
            touched.extend(self.relations.of.get(next).into_iter().flatten());
        }
        !nowhere
    }

    /// The smallest count that tells on a cell: in the equations that bind it, or else behind what is withheld in them.
    fn next_to_hide(&self, cell: usize, bounds: &[Bounds], touched: &HashSet<usize>) -> Option<usize> {
        let known = bounds.get(cell)?;
        let binds = |number: &usize| {
            let equation = self.relations.equations.get(*number);
            equation.into_iter().flat_map(|equation| implied(equation, bounds)).any(|(of, said)| {
                of == cell
                    && ((said.low.is_some() && said.low == known.low)
                        || (said.high.is_some() && said.high == known.high))
            })
        };
        let mut front: Vec<usize> = self.relations.of.get(cell)?.iter().copied().filter(binds).collect();
        let mut looked_at: HashSet<usize> = HashSet::new();
        while !front.is_empty() && !front.iter().any(|number| touched.contains(number)) {
            looked_at.extend(&front);
            let cells = || {
                let equations = front.iter().filter_map(|number| self.relations.equations.get(*number));
                equations.flat_map(|equation| equation.terms.iter().map(|(cell, _)| *cell))
            };
            let cost = |number: usize| {
                let cell = self.relations.cells.get(number);
                // Of equals the part, which stands after the whole.
                cell.map_or((u8::MAX, i64::MAX, Reverse(number)), |cell| (cell.rank, cell.value, Reverse(number)))
            };
            if let Some(found) = cells().filter(|cell| self.may_hide(*cell)).min_by_key(|cell| cost(*cell)) {
                return Some(found);
            }
            let behind: HashSet<usize> = cells().filter(|cell| !self.is_shown(*cell)).collect();
            let next = behind.iter().filter_map(|cell| self.relations.of.get(*cell)).flatten().copied();
            let mut next: Vec<usize> = next.filter(|number| !looked_at.contains(number)).collect();
            next.sort_unstable();
            next.dedup();
            front = next;
        }
        None
    }

    /// Whether a count is shown and can still be withheld.
    fn may_hide(&self, number: usize) -> bool {
        let may = |cell: &crate::report::relations::Cell| cell.real && !cell.fixed && cell.phase == self.phase;
        self.is_shown(number) && self.relations.cells.get(number).is_some_and(may)
    }

    fn is_shown(&self, number: usize) -> bool {
        self.shown.get(number).copied().unwrap_or_default()
    }

    fn set(&mut self, number: usize, shown: bool) {
        if let Some(known) = self.shown.get_mut(number) {
            *known = shown;
        }
    }
}
