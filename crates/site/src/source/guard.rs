//! `[source.guard]` of a district: what a roster must look like to be published.

use std::ops::RangeInclusive;

use crate::section::Section;
use crate::units::Share;

/// The publish guard: a roster that changes more than this is refused, and the last good one serves on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Published IDs that may vanish.
    pub max_gone: Share,
    /// IDs that may be new.
    pub max_new: Share,
    /// Students whose PIN may change: a spreadsheet ate the zeros, or swapped day and month.
    pub max_pin_changed: Share,
    /// Rows that may be undecodable.
    pub max_errors: Share,
    /// How many students there must be; guards the first sync.
    pub expect_students: Option<RangeInclusive<u64>>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            max_gone: Share::of_a_million(200_000),
            max_new: Share::of_a_million(500_000),
            max_pin_changed: Share::of_a_million(50_000),
            max_errors: Share::of_a_million(1_000),
            expect_students: None,
        }
    }
}

impl Guard {
    pub(crate) const KEYS: &[&str] = &["max-gone", "max-new", "max-pin-changed", "max-errors", "expect-students"];

    pub(crate) fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let share = |key, absent| {
            let entry = section.optional(key);
            entry.and_then(|entry| entry.parsed("a share such as \"20%\" or \"0.1%\"", Share::parse)).unwrap_or(absent)
        };
        Self {
            max_gone: share("max-gone", default.max_gone),
            max_new: share("max-new", default.max_new),
            max_pin_changed: share("max-pin-changed", default.max_pin_changed),
            max_errors: share("max-errors", default.max_errors),
            expect_students: expect_students(section),
        }
    }
}

fn expect_students(section: &Section<'_>) -> Option<RangeInclusive<u64>> {
    let entry = section.optional("expect-students")?;
    match entry.list()?.as_slice() {
        [least, most] => {
            let (least, most) = (least.integer(0..=100_000_000), most.integer(0..=100_000_000));
            let (least, most) = (least?, most?);
            if least > most {
                entry.error("the least is more than the most", "expected [least, most]");
                return None;
            }
            Some(least..=most)
        }
        _ => {
            entry.error("not two numbers", "expected [least, most], such as [140000, 160000]");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    fn with(source: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{source}"));
        trial
    }

    #[test]
    fn shares_need_their_percent_and_counts_their_order() {
        let trial = with(
            "kind = \"oneroster-csv\"\npath = \"x\"\nevery = \"0s\"\nafter = \"delete\"\n[source.guard]\nmax-gone = \"20\"\n\
             max-new = 0.5\nmax-errors = \"101%\"\nexpect-students = [2, 1]\n",
        );
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:11:9 source.every: out of range; expected 1s to 31d",
                "districts/cms.toml:14:12 source.guard.max-gone: the unit is missing; \
                 expected a share such as \"20%\" or \"0.1%\"",
                "districts/cms.toml:15:11 source.guard.max-new: a fraction where text belongs; expected text",
                "districts/cms.toml:16:14 source.guard.max-errors: no share of a hundred; \
                 expected a share such as \"20%\" or \"0.1%\"",
                "districts/cms.toml:17:19 source.guard.expect-students: the least is more than the most; \
                 expected [least, most]",
            ]
        );
    }
}
