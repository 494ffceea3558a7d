//! `[eligibility]` of a district: who of its people may, and for how long.

use std::path::PathBuf;

use patron::{CardEnd, Eligibility, ExpiryRule, ExpiryRules, Role, Summer, YearDay};

use crate::entry::Entry;
use crate::scope;
use crate::section::Section;

/// All of the section.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) eligibility: Eligibility,
    pub(crate) expiry: ExpiryRules,
    pub(crate) opt_out_file: Option<PathBuf>,
}

pub(crate) const KEYS: &[&str] =
    &["active", "roles", "grades", "schools", "grace", "summer", "opt-out-file", "max-stale", "expiry"];
pub(crate) const SUMMER_KEYS: &[&str] = &["from", "to"];
pub(crate) const EXPIRY_KEYS: &[&str] =
    &["age", "graduation", "years", "until", "year-begins", "terms", "roles", "grades"];

pub(crate) fn read(section: &Section<'_>) -> Option<Draft> {
    let usual = Eligibility::default();
    let active = section.optional("active").map_or(Some(usual.active), |entry| entry.flag());
    let words = Role::ALL.map(|role| (role.name(), role));
    let roles = section.optional("roles").map_or(Some(usual.roles), |entry| {
        entry.nonempty_set("at least one role: nobody could use a card", |item| item.word(&words))
    });
    let grades = section.optional("grades").map_or(Some(usual.grades), |entry| scope::grades(&entry));
    let schools = section.optional("schools").map_or(Some(usual.schools), |entry| {
        entry.nonempty_set("codes of schools, as the roster has them", |item| item.text().map(str::to_owned))
    });
    let grace = section.optional("grace").map_or(Some(usual.grace), |entry| entry.days("0s"..="366d"));
    let summer = section.optional("summer").map_or(Some(None), |entry| summer(&entry).map(Some));
    let opt_out_file = section.optional("opt-out-file").map_or(Some(None), |entry| entry.path().map(Some));
    let max_stale = section.optional("max-stale").map_or(Some(None), |entry| entry.days("1d"..="1000d").map(Some));
    let expiry = section.optional("expiry").map_or(Some(ExpiryRules::default()), |entry| expiry_rules(&entry));
    let eligibility = Eligibility {
        active: active?,
        roles: roles?,
        grades: grades?,
        schools: schools?,
        grace: grace?,
        summer: summer?,
        max_stale: max_stale?,
    };
    Some(Draft { eligibility, expiry: expiry?, opt_out_file: opt_out_file? })
}

fn summer(entry: &Entry<'_>) -> Option<Summer> {
    let section = entry.section(SUMMER_KEYS)?;
    let day = |key| section.required(key, "month and day, such as \"06-15\"").and_then(|entry| entry.year_day());
    let (from, to) = (day("from"), day("to"));
    let summer = Summer { from: from?, to: to? };
    if summer.from == summer.to {
        entry.error("it ends on the day on which it begins", "expected two days");
        return None;
    }
    Some(summer)
}

fn expiry_rules(entry: &Entry<'_>) -> Option<ExpiryRules> {
    let entries = entry.one_or_several();
    let rules: Vec<_> =
        entries.iter().map(|entry| entry.section(EXPIRY_KEYS).and_then(|section| rule(entry, &section))).collect();
    let rules: Vec<ExpiryRule> = rules.into_iter().collect::<Option<_>>()?;
    scope::warn_of_unreached(rules.iter().map(|rule| &rule.scope).zip(&entries));
    Some(ExpiryRules::new(rules))
}

fn rule(entry: &Entry<'_>, section: &Section<'_>) -> Option<ExpiryRule> {
    let scope = scope::read(section);
    let year_begins = section.optional("year-begins").map_or(Some(YearDay::JULY), |entry| entry.year_day());
    let terms = section
        .optional("terms")
        .map_or(Some(Vec::new()), |entry| entry.nonempty_set("days such as \"07-01\"", |item| item.year_day()));
    let ends = [
        section.optional("age").map(|entry| entry.integer(5..=120_u8).map(CardEnd::Age)),
        section.optional("graduation").map(|entry| graduation(&entry)),
        section.optional("years").map(|entry| entry.integer(1..=50_u8).map(CardEnd::Years)),
        section.optional("until").map(|entry| entry.year_day().map(CardEnd::Until)),
    ];
    let mut ends = ends.into_iter().flatten();
    let (Some(end), None) = (ends.next(), ends.next()) else {
        entry.error("when a card ends must be said once", "expected one of age, graduation, years and until");
        return None;
    };
    Some(ExpiryRule { scope: scope?, end: end?, year_begins: year_begins?, terms: terms? })
}

fn graduation(entry: &Entry<'_>) -> Option<CardEnd> {
    if !entry.flag()? {
        entry.error("says nothing", "expected true, or another key");
        return None;
    }
    Some(CardEnd::Graduation)
}

#[cfg(test)]
mod tests {
    use patron::{CardEnd, Eligibility, ExpiryRule, ExpiryRules, GradeBand, Scope, Summer, YearDay};

    use crate::trial::Trial;

    fn with(eligibility: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district(
            "cms",
            &trial.district_text().replace("[source]", &format!("[eligibility]\n{eligibility}[source]")),
        );
        trial
    }

    fn day(text: &str) -> YearDay {
        YearDay::parse(text).unwrap()
    }

    #[test]
    fn every_key_reads() {
        let trial = with(
            "active = false\ngrades = [\"09-12\"]\nschools = [\"1001\"]\ngrace = \"14d\"\nmax-stale = \"45d\"\n\
                          summer = { from = \"06-15\", to = \"09-15\" }\nopt-out-file = \"../opt-outs/cms.txt\"\n\
                          [[eligibility.expiry]]\nroles = [\"student\"]\nage = 21\nterms = [\"02-01\", \"07-01\"]\n\
                          [[eligibility.expiry]]\nuntil = \"09-15\"\nyear-begins = \"08-01\"\n",
        );
        let district = trial.load().unwrap().site.districts[0].clone();
        assert_eq!(
            district.eligibility,
            Eligibility {
                active: false,
                grades: vec![GradeBand::parse("09-12").unwrap()],
                schools: vec!["1001".into()],
                grace: 14,
                summer: Some(Summer { from: day("06-15"), to: day("09-15") }),
                max_stale: Some(45),
                ..Eligibility::default()
            }
        );
        let student = Scope { roles: vec![patron::Role::Student], grades: vec![] };
        let terms = vec![day("02-01"), day("07-01")];
        assert_eq!(
            district.expiry,
            ExpiryRules::new(vec![
                ExpiryRule { scope: student, end: CardEnd::Age(21), year_begins: YearDay::JULY, terms },
                ExpiryRule {
                    scope: Scope::default(),
                    end: CardEnd::Until(day("09-15")),
                    year_begins: day("08-01"),
                    terms: vec![]
                },
            ])
        );
        assert_eq!(district.opt_out_file, Some(trial.path("districts/../opt-outs/cms.txt")));
    }

    #[test]
    fn what_cannot_be_is_told_at_its_place() {
        let errors = with(
            "grades = [\"13-12\"]\ngrace = \"36h\"\nsummer = { from = \"06-15\", to = \"06-15\" }\n\
                           expiry = { age = 21, years = 4 }\n",
        )
        .errors();
        assert_eq!(
            errors,
            [
                "districts/cms.toml:9:11 eligibility.grades[0]: the band ends before it begins; \
                 expected grades such as \"05\" or \"KG-02\"",
                "districts/cms.toml:10:9 eligibility.grace: not whole days; expected days, such as \"14d\"",
                "districts/cms.toml:11:10 eligibility.summer: it ends on the day on which it begins; expected two days",
                "districts/cms.toml:12:10 eligibility.expiry: when a card ends must be said once; \
                 expected one of age, graduation, years and until",
            ]
        );
        assert_eq!(
            with("expiry = { until = \"02-29\" }\n").errors(),
            ["districts/cms.toml:9:20 eligibility.expiry.until: no day of every year; \
              expected month and day, such as \"07-01\""]
        );
    }

    #[test]
    fn nobody_eligible_is_a_mistake() {
        assert_eq!(
            with("roles = []\n").errors(),
            ["districts/cms.toml:9:9 eligibility.roles: the list is empty; \
              expected at least one role: nobody could use a card"]
        );
    }
}
