//! What a report shows: the only thing that those who write it know of. A count that is withheld is not in it.

use roster::{Dimension, Period};
use site::{Goal, Site};

use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};

/// A count, or `None` where it is withheld.
pub type Count = Option<u64>;

/// A report.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The library's name.
    pub library: String,
    /// What it is about.
    pub period: Period,
    /// Whether that is over.
    pub complete: bool,
    /// When it was made, in the library's zone.
    pub as_of: String,
    /// How districts are told apart; `None`: they are not.
    pub by: Option<Dimension>,
    /// The clients' ids.
    pub clients: Vec<String>,
    /// All districts, then each with its parts below it.
    pub rows: Vec<Row>,
    /// Where something could not be counted.
    pub notes: Vec<String>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands.
    pub level: Level,
    /// The district's id; empty for all.
    pub district: String,
    /// The school's source id, the grade or the role; empty otherwise.
    pub code: String,
    /// Its name.
    pub name: String,
    /// In the served roster.
    pub enrolled: Count,
    /// Of those, who may.
    pub eligible: Count,
    /// Who used it ever: at any client, then at each.
    pub ever: Vec<Count>,
    /// Who used it in the period, likewise.
    pub used: Vec<Count>,
    /// What the district shall reach.
    pub goal: Option<Goal>,
}

/// What a report is about, beside its figures.
pub struct About {
    /// How districts are told apart.
    pub by: Option<Dimension>,
    /// Whether the period is over.
    pub complete: bool,
    /// When it is made.
    pub as_of: String,
    /// Where something could not be counted.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Takes from the figures what is shown; `shown` as [`crate::report::withhold::shown`] says.
    pub fn new(site: &Site, figures: &Figures, shown: &[bool], about: About) -> Self {
        let last = figures.chain.len().saturating_sub(1);
        let count = |line: usize, measure: usize| -> Count {
            let shown = shown.get(line * figures.measures() + measure).copied().unwrap_or_default();
            shown.then(|| figures.get(line, measure))
        };
        let used = |line: usize, period: usize| -> Vec<Count> {
            (0..=figures.clients.len()).map(|client| count(line, figures.used(period, client))).collect()
        };
        let mut rows = Vec::new();
        let mut district = String::new();
        for (number, line) in figures.lines.iter().enumerate() {
            if line.level == Level::District {
                district.clone_from(&line.code);
            }
            let of = matches!(line.level, Level::Part(dimension) if about.by != Some(dimension));
            if of {
                continue;
            }
            let is_district = line.level == Level::District;
            let goal = site.districts.iter().find(|known| is_district && known.id == line.code);
            rows.push(Row {
                level: line.level,
                district: district.clone(),
                code: if matches!(line.level, Level::Part(_)) { line.code.clone() } else { String::new() },
                name: line.name.replace(|letter: char| letter.is_control(), " "),
                enrolled: count(number, ENROLLED),
                eligible: count(number, ELIGIBLE),
                ever: used(number, 0),
                used: used(number, last),
                goal: goal.and_then(|district| district.goal),
            });
        }
        Self {
            library: site.library.name.clone(),
            period: figures.chain.last().copied().unwrap_or(Period::Ever),
            complete: about.complete,
            as_of: about.as_of,
            by: about.by,
            clients: figures.clients.clone(),
            rows,
            notes: about.notes,
        }
    }

    /// The word for how districts are told apart.
    pub const fn by_name(&self) -> &'static str {
        match self.by {
            None | Some(Dimension::Total) => "district",
            Some(Dimension::School) => "school",
            Some(Dimension::Grade) => "grade",
            Some(Dimension::Role) => "role",
        }
    }

    /// `2026-11`, with a word of warning where it is not over.
    pub fn period_words(&self) -> String {
        format!("{}{}", self.period, if self.complete { "" } else { " (not over yet)" })
    }
}

impl Row {
    /// Who used it ever, at any client.
    pub fn ever_anywhere(&self) -> Count {
        self.ever.first().copied().flatten()
    }

    /// Who used it in the period, at any client.
    pub fn used_anywhere(&self) -> Count {
        self.used.first().copied().flatten()
    }

    /// How much of the goal is reached, in percent, rounded down.
    pub fn percent_of_goal(&self) -> Option<u64> {
        Some(self.ever_anywhere()?.saturating_mul(100) / self.goal?.cards.max(1))
    }
}

/// `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
