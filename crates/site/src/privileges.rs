//! `[privileges.ROLE]` or `[[privileges.ROLE]]` of a district: what its people may do, by role and grade.

use patron::{PrivilegeRule, PrivilegeRules, Privileges, Role, Scope};

use crate::entry::Entry;
use crate::scope;
use crate::section::Section;

pub(crate) const KEYS: &[&str] = &[
    "grades",
    "patron-type",
    "digital",
    "physical",
    "holds",
    "computer",
    "fines-waived",
    "items",
    "hold-limit",
    "overdue-limit",
    "fee-limit",
];

/// The role is the key.
pub(crate) fn read(section: &Section<'_>) -> Option<PrivilegeRules> {
    let mut rules = Vec::new();
    for role in Role::ALL {
        let Some(entry) = section.optional(role.name()) else { continue };
        let entries = entry.one_or_several();
        let of_role: Vec<_> =
            entries.iter().map(|entry| entry.section(KEYS).and_then(|section| rule(&section, role))).collect();
        let unscoped: Vec<Scope> = of_role
            .iter()
            .flatten()
            .map(|rule| Scope { roles: Vec::new(), grades: rule.scope.grades.clone() })
            .collect();
        scope::warn_of_unreached(unscoped.iter().zip(&entries));
        rules.extend(of_role);
    }
    rules.into_iter().collect::<Option<_>>().map(PrivilegeRules::new)
}

fn rule(section: &Section<'_>, role: Role) -> Option<PrivilegeRule> {
    let usual = Privileges::default();
    let grades = section.optional("grades").map_or(Some(Vec::new()), |entry| scope::grades(&entry));
    let patron_type = section.optional("patron-type").map_or(Some(None), |entry| entry.field().map(Some));
    let flag = |key, usual| section.optional(key).map_or(Some(usual), |entry| entry.flag());
    // SIP2 has four digits for each (BZ, CA, CB).
    let limit = |key| section.optional(key).map_or(Some(None), |entry| entry.integer(0..=9999_u16).map(Some));
    let (digital, physical) = (flag("digital", usual.digital), flag("physical", usual.physical));
    let (holds, computer) = (flag("holds", usual.holds), flag("computer", usual.computer));
    let fines_waived = flag("fines-waived", usual.fines_waived);
    let (items, hold_limit, overdue_limit) = (limit("items"), limit("hold-limit"), limit("overdue-limit"));
    let fee_limit = section.optional("fee-limit").map_or(Some(None), |entry| money(&entry).map(Some));
    Some(PrivilegeRule {
        scope: Scope { roles: vec![role], grades: grades? },
        patron_type: patron_type?,
        privileges: Privileges {
            digital: digital?,
            physical: physical?,
            holds: holds?,
            computer: computer?,
            fines_waived: fines_waived?,
            items: items?,
            hold_limit: hold_limit?,
            overdue_limit: overdue_limit?,
            fee_limit: fee_limit?,
        },
    })
}

/// `"10.00"`: the library's currency, in hundredths.
fn money(entry: &Entry<'_>) -> Option<u32> {
    entry.parsed("an amount such as \"10.00\"", |text| {
        let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 6 || cents.len() != 2 || !digits(whole) || !digits(cents) {
            return Err("no amount");
        }
        format!("{whole}{cents}").parse().map_err(|_| "no amount")
    })
}

#[cfg(test)]
mod tests {
    use patron::{Grade, Privileges, Role};

    use crate::trial::Trial;

    fn with(privileges: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district("cms", &trial.district_text().replace("[source]", &format!("{privileges}[source]")));
        trial
    }

    #[test]
    fn each_role_has_its_own_patron_type() {
        let site = with("[privileges.teacher]\npatron-type = \"STAFF\"\n").load().unwrap().site;
        let privileges = &site.districts[0].privileges;
        assert_eq!(privileges.patron_type(Role::Teacher, None), Some("STAFF"));
        assert_eq!(privileges.patron_type(Role::Student, None), None);
    }

    #[test]
    fn a_band_of_grades_has_limits_of_its_own() {
        let trial = with(
            "[[privileges.student]]\ngrades = [\"KG-02\"]\nphysical = false\n\
                          [[privileges.student]]\nitems = 5\nhold-limit = 2\nfee-limit = \"10.00\"\nfines-waived = true\n",
        );
        let privileges = trial.load().unwrap().site.districts[0].privileges.clone();
        let of = |grade| privileges.of(Role::Student, Grade::parse(grade));
        assert_eq!(of("1"), Privileges { physical: false, ..Privileges::default() });
        assert_eq!(
            of("7"),
            Privileges {
                items: Some(5),
                hold_limit: Some(2),
                fee_limit: Some(1000),
                fines_waived: true,
                ..Privileges::default()
            }
        );
    }

    #[test]
    fn a_limit_that_does_not_fit_on_the_wire_and_an_amount_that_is_none_are_told() {
        let errors = with("[privileges.student]\nitems = 10000\nfee-limit = \"$5\"\n").errors();
        assert_eq!(
            errors,
            [
                "districts/cms.toml:9:9 privileges.student.items: out of range; expected 0 to 9999",
                "districts/cms.toml:10:13 privileges.student.fee-limit: no amount; expected an amount such as \"10.00\"",
            ]
        );
    }
}
