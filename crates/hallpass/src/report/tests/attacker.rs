//! Somebody who reads whole reports and works out the rest. Knows what any reader knows: that parts add up, that no count
//! is below nothing, that who is eligible is enrolled, and so on. Written from the other side than `relations.rs` and
//! `bounds.rs`, and shares nothing with them.

use std::collections::HashMap;

use roster::Dimension;

use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};

const FAR: i64 = 1_000_000_000;

/// Each unknown is a range; a fact is a sum over unknowns, each with a factor, that comes to nothing.
#[derive(Default)]
pub struct Attacker {
    ranges: Vec<(i64, i64)>,
    names: HashMap<(usize, usize, usize), usize>,
    facts: Vec<Vec<(i64, usize)>>,
}

/// A difference's second measure where there is none.
const ALONE: usize = usize::MAX;

impl Attacker {
    /// Reads all that was shown of these figures, by school, by grade and by role, and thinks until nothing more follows.
    pub fn reads(figures: &Figures, shown: &[bool]) -> Self {
        let mut attacker = Self::default();
        let measures = figures.measures();
        for line in 0..figures.lines.len() {
            for measure in 0..measures {
                let value = figures.get(line, measure) as i64;
                let range = if shown[line * measures + measure] { (value, value) } else { (0, FAR) };
                attacker.name((line, measure, ALONE), range);
            }
        }
        for measure in 0..measures {
            attacker.parts_add_up(figures, measure, ALONE);
        }
        let uses = |period: usize| (0..=figures.clients.len()).map(move |client| (period, client));
        let mut nested = vec![(ENROLLED, ELIGIBLE)];
        for (period, client) in (0..figures.chain.len()).flat_map(uses) {
            let used = figures.used(period, client);
            nested.extend([(ENROLLED, used), (ELIGIBLE, used), (figures.used(period, 0), used)]);
            nested.extend((0..period).map(|longer| (figures.used(longer, client), used)));
        }
        nested.retain(|(whole, part)| whole != part);
        for (whole, part) in nested {
            for line in 0..figures.lines.len() {
                // Guesses right where one holds the other, and knows where not.
                let holds = figures.get(line, whole) >= figures.get(line, part);
                let rest = attacker.name((line, whole, part), (if holds { 0 } else { -FAR }, FAR));
                let (whole, part) = (attacker.names[&(line, whole, ALONE)], attacker.names[&(line, part, ALONE)]);
                attacker.facts.push(vec![(1, whole), (-1, part), (-1, rest)]);
            }
            attacker.parts_add_up(figures, whole, part);
        }
        for line in 0..figures.lines.len() {
            for period in 0..figures.chain.len() {
                let used = |client| figures.get(line, figures.used(period, client));
                let each: u64 = (1..=figures.clients.len()).map(used).sum();
                if !figures.clients.is_empty() && each >= used(0) {
                    let twice = attacker.name((line, figures.used(period, 0), ALONE - 1), (0, FAR));
                    let mut fact = vec![(1, attacker.names[&(line, figures.used(period, 0), ALONE)]), (1, twice)];
                    fact.extend(
                        (1..=figures.clients.len())
                            .map(|client| (-1, attacker.names[&(line, figures.used(period, client), ALONE)])),
                    );
                    attacker.facts.push(fact);
                }
            }
        }
        attacker.think();
        attacker
    }

    /// The least and the most that a count can be.
    pub fn count(&self, line: usize, measure: usize) -> (i64, i64) {
        self.ranges[self.names[&(line, measure, ALONE)]]
    }

    /// All differences that were thought of: line, whole, part, least and most.
    pub fn differences(&self) -> impl Iterator<Item = (usize, usize, usize, (i64, i64))> {
        let named = self.names.iter().filter(|((_, _, part), _)| *part < ALONE - 1);
        named.map(|((line, whole, part), at)| (*line, *whole, *part, self.ranges[*at]))
    }

    fn name(&mut self, name: (usize, usize, usize), range: (i64, i64)) -> usize {
        let at = self.ranges.len();
        let known = *self.names.entry(name).or_insert(at);
        if known == at {
            self.ranges.push(range);
        }
        known
    }

    fn parts_add_up(&mut self, figures: &Figures, whole: usize, part: usize) {
        let levels = [
            Level::District,
            Level::Part(Dimension::School),
            Level::Part(Dimension::Grade),
            Level::Part(Dimension::Role),
        ];
        for parent in 0..figures.lines.len() {
            for level in levels {
                let children = figures.lines.iter().enumerate();
                let children = children.filter(|(_, line)| (line.parent, line.level) == (Some(parent), level));
                let mut fact: Vec<(i64, usize)> =
                    children.map(|(line, _)| (-1, self.names[&(line, whole, part)])).collect();
                if !fact.is_empty() {
                    fact.push((1, self.names[&(parent, whole, part)]));
                    self.facts.push(fact);
                }
            }
        }
    }

    fn think(&mut self) {
        loop {
            let before = self.ranges.clone();
            for fact in &self.facts {
                for (factor, unknown) in fact {
                    // factor * unknown = -(all others)
                    let (mut least, mut most) = (0, 0);
                    for (other_factor, other) in fact.iter().filter(|(_, other)| other != unknown) {
                        let (low, high) = self.ranges[*other];
                        let (low, high) = if *other_factor > 0 { (low, high) } else { (-high, -low) };
                        (least, most) = (least - high, most - low);
                    }
                    let (least, most) = if *factor > 0 { (least, most) } else { (-most, -least) };
                    let (low, high) = self.ranges[*unknown];
                    self.ranges[*unknown] = (low.max(least), high.min(most));
                }
            }
            if before == self.ranges {
                return;
            }
        }
    }
}
