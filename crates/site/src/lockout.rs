//! `[lockout]`: how many guesses a card has.

use patron::Budget;

use crate::section::Section;

pub(crate) const KEYS: &[&str] = &["failures", "window", "per-day"];

pub(crate) fn read(section: &Section<'_>) -> Budget {
    let default = Budget::default();
    let count = |key, absent| section.optional(key).and_then(|entry| entry.integer(1..=Budget::MOST)).unwrap_or(absent);
    Budget {
        failures: count("failures", default.failures),
        // Longer than a day would say nothing that `per-day` does not.
        window: section.optional("window").and_then(|entry| entry.duration("1s"..="1d")).unwrap_or(default.window),
        per_day: count("per-day", default.per_day),
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn a_budget_keeps_within_what_is_kept_for_each_student() {
        let mut trial = Trial::default();
        trial.main(&format!("{}[lockout]\nfailures = 0\nwindow = \"2d\"\nper-day = 11\n", trial.main_text()));
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:15:12 lockout.failures: out of range; expected 1 to 10",
                "hallpass.toml:16:10 lockout.window: out of range; expected 1s to 1d",
                "hallpass.toml:17:11 lockout.per-day: out of range; expected 1 to 10",
            ]
        );
    }
}
