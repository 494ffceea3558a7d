//! `[pin]` or `[[pin]]` of a district: what its students type as PIN.

use patron::{BirthFormat, PinRule, PinRules, PinScheme};

use crate::entry::Entry;
use crate::scope;
use crate::section::Section;

#[derive(Clone, Copy, PartialEq)]
enum Scheme {
    BirthDate,
    LastDigits,
    Column,
    Directory,
    None,
}

/// A key that belongs to one scheme only.
const OWNERS: &[(&str, Scheme, &str)] = &[
    ("format", Scheme::BirthDate, "birth-date"),
    ("formats", Scheme::BirthDate, "birth-date"),
    ("digits", Scheme::LastDigits, "last-digits"),
    ("of", Scheme::LastDigits, "last-digits"),
    ("column", Scheme::Column, "column"),
    ("hashed", Scheme::Column, "column"),
];

pub(crate) const KEYS: &[&str] =
    &["scheme", "format", "formats", "digits", "of", "column", "hashed", "weak-pin", "roles", "grades"];

/// Reads the rules of a district.
pub(crate) fn read(entry: &Entry<'_>) -> Option<PinRules> {
    let sections = entry.one_or_several();
    let rules: Vec<_> = sections.iter().map(|entry| entry.section(KEYS).and_then(|section| rule(&section))).collect();
    if rules.is_empty() || rules.len() > PinRules::MOST {
        entry.error(format!("{} rules", rules.len()), format!("expected 1 to {}", PinRules::MOST));
        return None;
    }
    let rules: Vec<PinRule> = rules.into_iter().collect::<Option<_>>()?;
    scope::warn_of_unreached(rules.iter().map(|rule| &rule.scope).zip(&sections));
    Some(PinRules::new(rules))
}

fn rule(section: &Section<'_>) -> Option<PinRule> {
    let schemes = [
        ("birth-date", Scheme::BirthDate),
        ("last-digits", Scheme::LastDigits),
        ("column", Scheme::Column),
        ("directory", Scheme::Directory),
        ("none", Scheme::None),
    ];
    let place = section.required("scheme", "birth-date, last-digits, column, directory or none")?;
    let scheme = place.word(&schemes)?;
    for (key, _, name) in OWNERS.iter().filter(|(_, owner, _)| *owner != scheme) {
        if let Some(entry) = section.optional(key) {
            entry.error(format!("says nothing beside scheme {}", place.text()?), format!("expected only with {name}"));
        }
    }
    let scope = scope::read(section);
    let rule = PinRule {
        scope: scope?,
        scheme: match scheme {
            Scheme::BirthDate => PinScheme::BirthDate(formats(section)?),
            Scheme::LastDigits => {
                let digits = section.optional("digits").map_or(Some(4), |entry| entry.integer(4..=8))?;
                let of_id =
                    section.optional("of").map_or(Some(false), |entry| entry.word(&[("card", false), ("id", true)]));
                if of_id? { PinScheme::LastOfId(digits) } else { PinScheme::LastDigits(digits) }
            }
            Scheme::Column => {
                let column = section.required("column", "the name of the PIN's column")?.text()?.to_owned();
                let hashed = section.optional("hashed").map_or(Some(false), |entry| entry.flag())?;
                if hashed { PinScheme::HashedColumn(column) } else { PinScheme::Column(column) }
            }
            Scheme::Directory => PinScheme::Directory,
            Scheme::None => PinScheme::None,
        },
    };
    check_weakness(section, &place, &rule).then_some(rule)
}

fn formats(section: &Section<'_>) -> Option<Vec<BirthFormat>> {
    const EXPECTED: &str = "a format such as \"MMDDYYYY\"";
    let format = |entry: &Entry<'_>| entry.parsed(EXPECTED, BirthFormat::parse);
    match (section.optional("format"), section.optional("formats")) {
        (Some(_), Some(several)) => {
            several.error("stands beside format", "expected only one of the two");
            None
        }
        (None, Some(several)) => several.nonempty_set(EXPECTED, format),
        (one, None) => {
            if one.is_none() {
                section.error("format", "missing", format!("expected {EXPECTED}, or formats = [...]"));
            }
            format(&one?).map(|format| vec![format])
        }
    }
}

/// 34 CFR 99.3: an ID may be directory information only where it cannot give access by itself. A PIN that the card
/// number gives away, or none, makes it do so: somebody must have accepted that in writing.
fn check_weakness(section: &Section<'_>, scheme: &Entry<'_>, rule: &PinRule) -> bool {
    match section.optional("weak-pin") {
        Some(entry) if !rule.is_weak() => {
            entry.error("says nothing beside a scheme that is not weak", "expected only with last-digits or none");
            false
        }
        Some(entry) => entry.word(&[("accepted", ())]).is_some(),
        None if rule.is_weak() => {
            scheme.error(
                "whoever knows the card number has access: an ID alone must not give it (34 CFR 99.3)",
                "expected weak-pin = \"accepted\" beside it, once the district has accepted that",
            );
            false
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use patron::PinScheme;

    use crate::trial::Trial;

    fn with(pin: &str) -> Trial {
        let mut trial = Trial::default();
        let text = trial.district_text().replace("scheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n", pin);
        trial.district("cms", &text);
        trial
    }

    fn scheme(pin: &str) -> PinScheme {
        with(pin).load().unwrap().site.districts[0].pins.rules()[0].scheme.clone()
    }

    #[test]
    fn every_scheme_reads() {
        assert_eq!(scheme("scheme = \"none\"\nweak-pin = \"accepted\"\n"), PinScheme::None);
        assert_eq!(scheme("scheme = \"last-digits\"\nweak-pin = \"accepted\"\n"), PinScheme::LastDigits(4));
        let of_id = "scheme = \"last-digits\"\nof = \"id\"\ndigits = 6\nweak-pin = \"accepted\"\n";
        assert_eq!(scheme(of_id), PinScheme::LastOfId(6));
        assert_eq!(scheme("scheme = \"column\"\ncolumn = \"pin\"\n"), PinScheme::Column("pin".into()));
        let hashed = "scheme = \"column\"\ncolumn = \"pw\"\nhashed = true\n";
        assert_eq!(scheme(hashed), PinScheme::HashedColumn("pw".into()));
        // `directory` is read beside its [directory]: see directory.rs.
        let PinScheme::BirthDate(formats) = scheme("scheme = \"birth-date\"\nformats = [\"MMDD\", \"MMYYYY\"]\n")
        else {
            panic!("a birth date");
        };
        assert_eq!(formats.len(), 2);
    }

    #[test]
    fn rules_by_role_or_grade_are_read_in_their_order() {
        let mut trial = Trial::default();
        let rules = "[[pin]]\nroles = [\"teacher\"]\nscheme = \"column\"\ncolumn = \"pin\"\n[[pin]]\ngrades = [\"KG-02\"]\n\
                     scheme = \"birth-date\"\nformat = \"MMDD\"\n";
        let (before, after) = trial.district_text().split_once("[pin]").unwrap();
        let (_, after) = after.split_once("[source]").unwrap();
        trial.district("cms", &format!("{before}{rules}[source]{after}"));
        let pins = trial.load().unwrap().site.districts[0].pins.clone();
        assert_eq!(pins.rule_for(patron::Role::Teacher, None).unwrap().0, 0);
        assert_eq!(pins.rule_for(patron::Role::Student, patron::Grade::parse("1")).unwrap().0, 1);
        assert!(pins.rule_for(patron::Role::Student, patron::Grade::parse("5")).is_none());
    }

    #[test]
    fn a_weak_pin_must_be_accepted_and_the_error_says_why() {
        for scheme in ["last-digits", "none"] {
            assert_eq!(
                with(&format!("scheme = \"{scheme}\"\n")).errors(),
                ["districts/cms.toml:6:10 pin.scheme: \
                  whoever knows the card number has access: an ID alone must not give it (34 CFR 99.3); \
                  expected weak-pin = \"accepted\" beside it, once the district has accepted that"]
            );
        }
        assert_eq!(
            with("scheme = \"none\"\nweak-pin = \"yes\"\n").errors(),
            ["districts/cms.toml:7:12 pin.weak-pin: unknown word; expected one of accepted"]
        );
    }

    #[test]
    fn a_broken_format_points_at_its_value() {
        assert_eq!(
            with("scheme = \"birth-date\"\nformats = [\"MMDD\", \"MMXX\", \"MMDD\"]\n").errors(),
            [
                "districts/cms.toml:7:20 pin.formats[1]: only YYYY, YY, MM, DD and the separators - / . may stand in it; \
                 expected a format such as \"MMDDYYYY\"",
                "districts/cms.toml:7:28 pin.formats[2]: stands here twice; expected each only once",
            ]
        );
    }

    #[test]
    fn a_scheme_needs_its_own_keys_and_no_others() {
        assert_eq!(
            with("scheme = \"birth-date\"\ndigits = 4\nweak-pin = \"accepted\"\n").errors(),
            [
                "districts/cms.toml:5:1 pin.format: missing; \
                 expected a format such as \"MMDDYYYY\", or formats = [...]",
                "districts/cms.toml:7:10 pin.digits: says nothing beside scheme birth-date; \
                 expected only with last-digits",
            ]
        );
        assert_eq!(
            with("scheme = \"last-digits\"\ndigits = 3\nweak-pin = \"accepted\"\n").errors(),
            ["districts/cms.toml:7:10 pin.digits: out of range; expected 4 to 8"]
        );
        assert_eq!(
            with("scheme = \"birthdate\"\n").errors(),
            ["districts/cms.toml:6:10 pin.scheme: unknown word, did you mean birth-date?; \
              expected one of birth-date, last-digits, column, directory, none"]
        );
    }
}
