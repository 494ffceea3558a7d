//! `[goal]`: what the programme's leaders want a district to reach, shown beside the figures of `hallpass report`.

use jiff::civil::Date;

use crate::entry::Entry;
use crate::section::Section;

/// A goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// People who have used it ever.
    pub cards: u64,
    /// The day by which, where there is one.
    pub by: Option<Date>,
}

impl Goal {
    pub(crate) const KEYS: &[&str] = &["cards", "by"];

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let cards = section
            .required("cards", "how many people shall have used it")
            .and_then(|entry| entry.integer(1_u64..=1_000_000_000));
        let by = section.optional("by").map_or(Some(None), |entry| day(&entry).map(Some));
        Some(Self { cards: cards?, by: by? })
    }
}

fn day(entry: &Entry<'_>) -> Option<Date> {
    entry.parsed("a day such as \"2027-06-30\"", |text| {
        let day = text.parse::<Date>().ok();
        // The parser takes times and short forms too.
        day.filter(|day| day.to_string() == text).ok_or("that is no day")
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::trial::Trial;

    fn with(goal: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district("cms", &format!("{}[goal]\n{goal}", trial.district_text()));
        trial
    }

    fn goal(text: &str) -> Option<Goal> {
        with(text).load().unwrap().site.districts[0].goal
    }

    #[test]
    fn a_goal_has_a_number_and_perhaps_a_day() {
        let by = Some(date(2027, 6, 30));
        assert_eq!(goal("cards = 30000\nby = \"2027-06-30\"\n"), Some(Goal { cards: 30_000, by }));
        assert_eq!(goal("cards = 1\n"), Some(Goal { cards: 1, by: None }));
        assert_eq!(Trial::default().load().unwrap().site.districts[0].goal, None);
    }

    #[test]
    fn a_goal_that_is_none_is_told() {
        const DAY: &str = "districts/cms.toml:14:6 goal.by: that is no day; expected a day such as \"2027-06-30\"";
        for day in ["2027-02-29", "30.06.2027", "2027-06-30T00:00", "20270630"] {
            assert_eq!(with(&format!("cards = 1\nby = \"{day}\"\n")).errors(), [DAY], "{day}");
        }
        assert_eq!(
            with("cards = 0\n").errors(),
            ["districts/cms.toml:13:9 goal.cards: out of range; expected 1 to 1000000000"]
        );
        assert_eq!(
            with("by = \"2027-06-30\"\n").errors(),
            ["districts/cms.toml:12:1 goal.cards: missing; expected how many people shall have used it"]
        );
    }
}
