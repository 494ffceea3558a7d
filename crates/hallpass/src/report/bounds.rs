//! What a reader can work out about a withheld count: between which numbers it must lie.

use std::collections::VecDeque;

use crate::report::relations::{Equation, Relations};

/// The least and the most that a cell can be; `None`: no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub low: Option<i64>,
    /// The most.
    pub high: Option<i64>,
}

impl Bounds {
    /// Whether fewer than ten numbers are left.
    pub fn are_narrow(self) -> bool {
        self.low.zip(self.high).is_some_and(|(low, high)| high - low < super::relations::LEAST - 1)
    }

    /// What `sign` times the cell can be.
    fn times(self, sign: i64) -> Self {
        if sign > 0 {
            return self;
        }
        Self { low: self.high.map(|high| -high), high: self.low.map(|low| -low) }
    }

    /// Both at once; `None` where that says nothing new.
    fn and(self, other: Self) -> Option<Self> {
        let low = self.low.into_iter().chain(other.low).max();
        let high = self.high.into_iter().chain(other.high).min();
        let both = Self { low, high };
        (both != self).then_some(both)
    }
}

/// Bounds that cannot settle are left after so many looks at each equation.
const LOOKS: usize = 1000;

/// The bounds of every cell, where `shown` says which are known.
pub fn bounds(relations: &Relations, shown: &[bool]) -> Vec<Bounds> {
    let mut bounds: Vec<Bounds> = relations
        .cells
        .iter()
        .zip(shown)
        .map(|(cell, shown)| match shown {
            true => Bounds { low: Some(cell.value), high: Some(cell.value) },
            false => Bounds { low: cell.floor, high: None },
        })
        .collect();
    let mut due: VecDeque<usize> = (0..relations.equations.len()).collect();
    let mut is_due = vec![true; relations.equations.len()];
    let mut looks = relations.equations.len() * LOOKS;
    while let Some(number) = due.pop_front() {
        if let Some(is_due) = is_due.get_mut(number) {
            *is_due = false;
        }
        let Some(equation) = relations.equations.get(number) else { continue };
        for (cell, said) in implied(equation, &bounds) {
            let Some(known) = bounds.get_mut(cell) else { continue };
            let Some(narrower) = known.and(said) else { continue };
            *known = narrower;
            for other in relations.of.get(cell).into_iter().flatten() {
                if let Some(is_due) = is_due.get_mut(*other).filter(|is_due| !**is_due) {
                    *is_due = true;
                    due.push_back(*other);
                }
            }
        }
        looks -= 1;
        if looks == 0 {
            break;
        }
    }
    bounds
}

/// What an equation alone says about each of its cells.
pub fn implied(equation: &Equation, bounds: &[Bounds]) -> Vec<(usize, Bounds)> {
    let each: Vec<(usize, i64, Bounds)> = equation
        .terms
        .iter()
        .map(|(cell, sign)| {
            let known = bounds.get(*cell).copied().unwrap_or(Bounds { low: None, high: None });
            (*cell, *sign, known.times(*sign))
        })
        .collect();
    let low = Side::of(each.iter().map(|(_, _, term)| term.low));
    let high = Side::of(each.iter().map(|(_, _, term)| term.high));
    // What is left for one term is what the others are not.
    let left = |term: Bounds| Bounds {
        low: high.without(term.high).map(|others| -others),
        high: low.without(term.low).map(|others| -others),
    };
    each.iter().map(|(cell, sign, term)| (*cell, left(*term).times(*sign))).collect()
}

/// A sum of bounds, some of which are not there.
struct Side {
    sum: i64,
    open: usize,
}

impl Side {
    fn of(bounds: impl Iterator<Item = Option<i64>>) -> Self {
        bounds.fold(Self { sum: 0, open: 0 }, |side, bound| match bound {
            Some(bound) => Self { sum: side.sum.saturating_add(bound), ..side },
            None => Self { open: side.open + 1, ..side },
        })
    }

    /// The sum of all but one of them.
    fn without(&self, one: Option<i64>) -> Option<i64> {
        match (one, self.open) {
            (Some(one), 0) => Some(self.sum.saturating_sub(one)),
            (None, 1) => Some(self.sum),
            _ => None,
        }
    }
}
