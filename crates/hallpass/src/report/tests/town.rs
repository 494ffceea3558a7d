//! Districts full of people who are made up, and the figures that a report on them starts from.

use roster::{Dimension, Period};

use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};

/// Numbers that look random, the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// One of `0..sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// How large a town is.
#[derive(Clone, Copy, Debug)]
pub struct Town {
    pub seed: u64,
    pub districts: u64,
    pub people: u64,
    pub schools: u64,
    pub grades: u64,
    pub clients: usize,
    /// How many in a hundred use it in a month.
    pub users: u64,
}

impl Town {
    /// Lives through the periods, and counts: ever, the year, the quarter, the month, or the first of these.
    pub fn figures(self, periods: usize) -> Figures {
        let chain = Period::parse("2026-11").unwrap().chain();
        let clients = (0..self.clients).map(|number| format!("client-{number}")).collect();
        let mut figures = Figures::new(chain, clients);
        let mut dice = Dice(self.seed | 1);
        for district in 0..self.districts {
            let name = format!("district-{district}");
            let line = figures.add(Level::District, Some(0), name.clone(), name);
            let mut part = |dimension, what: &str, count: u64| -> Vec<usize> {
                let code = |number| format!("{what}-{number}");
                (0..count).map(|n| figures.add(Level::Part(dimension), Some(line), code(n), code(n))).collect()
            };
            let schools = part(Dimension::School, "school", self.schools);
            let grades = part(Dimension::Grade, "grade", self.grades);
            let roles = part(Dimension::Role, "role", 2);
            // Districts and schools are of very different sizes, and some are tiny.
            let people = 1 + dice.roll(self.people);
            for _ in 0..people {
                let at = |lines: &[usize], dice: &mut Dice| {
                    let widest = dice.roll(lines.len() as u64) + 1;
                    lines[dice.roll(widest) as usize]
                };
                let role = usize::from(dice.roll(12) == 0);
                let lines = [0, line, at(&schools, &mut dice), at(&grades, &mut dice), roles[role]];
                let may = role == 0 && dice.roll(10) > 0;
                self.live(&mut figures, &mut dice, lines, (may, &schools));
            }
        }
        figures.chain.truncate(periods);
        let measures = figures.measures();
        figures.lines.iter_mut().for_each(|line| line.counts.truncate(measures));
        figures
    }

    fn live(self, figures: &mut Figures, dice: &mut Dice, lines: [usize; 5], (may, schools): (bool, &[usize])) {
        let gone = dice.roll(20) == 0;
        let mut add = |lines: [usize; 5], measure: usize| {
            lines.into_iter().for_each(|line| figures.count(line, measure, 1));
        };
        if !gone {
            add(lines, ENROLLED);
            if may {
                add(lines, ELIGIBLE);
            }
        }
        if !may || dice.roll(100) >= self.users {
            return;
        }
        // Some were at another school when they came first.
        let mut first = lines;
        if dice.roll(15) == 0 {
            first[2] = schools[dice.roll(schools.len() as u64) as usize];
        }
        // Ever; and in each shorter period, if in the longer one.
        let mut came = vec![true; self.clients];
        for client in came.iter_mut().skip(1) {
            *client = dice.roll(4) == 0;
        }
        for period in 0..figures.chain.len() {
            if came.iter().any(|came| *came) || self.clients == 0 {
                let lines = if period == 0 { first } else { lines };
                let used = figures.used(period, 0);
                lines.into_iter().for_each(|line| figures.count(line, used, 1));
                for client in (0..self.clients).filter(|client| came[*client]) {
                    let used = figures.used(period, client + 1);
                    lines.into_iter().for_each(|line| figures.count(line, used, 1));
                }
            }
            came.iter_mut().for_each(|came| *came &= dice.roll(5) > 0);
        }
    }
}
