//! What a person may do with the card, by role and grade.

use crate::{Grade, Role, Scope};

/// What somebody may. What an e-book vendor must never see as a block is here for self-checks and resource sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privileges {
    /// E-books, databases and other things that are not carried.
    pub digital: bool,
    /// Things that are carried.
    pub physical: bool,
    /// Holds.
    pub holds: bool,
    /// The library's computers.
    pub computer: bool,
    /// Overdue fines are waived.
    pub fines_waived: bool,
    /// How many things at a time (SIP2 CB); at most 9999.
    pub items: Option<u16>,
    /// How many holds at a time (SIP2 BZ); at most 9999.
    pub hold_limit: Option<u16>,
    /// How many overdue things at most (SIP2 CA); at most 9999.
    pub overdue_limit: Option<u16>,
    /// Owed money that stops lending, in hundredths of the currency (SIP2 CC).
    pub fee_limit: Option<u32>,
}

impl Default for Privileges {
    /// Everything, without limits.
    fn default() -> Self {
        Self {
            digital: true,
            physical: true,
            holds: true,
            computer: true,
            fines_waived: false,
            items: None,
            hold_limit: None,
            overdue_limit: None,
            fee_limit: None,
        }
    }
}

impl Privileges {
    /// What somebody may, in words with blanks between.
    pub fn words(&self) -> String {
        let words = [
            (self.digital, "digital"),
            (self.physical, "physical"),
            (self.holds, "holds"),
            (self.computer, "computer"),
            (self.fines_waived, "fines-waived"),
        ];
        words.into_iter().filter_map(|(may, word)| may.then_some(word)).collect::<Vec<_>>().join(" ")
    }
}

/// What those of one scope may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivilegeRule {
    /// Whose.
    pub scope: Scope,
    /// The patron type (SIP2 PC).
    pub patron_type: Option<String>,
    /// What they may.
    pub privileges: Privileges,
}

/// What a district's people may: the first rule that is for somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivilegeRules(Vec<PrivilegeRule>);

impl PrivilegeRules {
    /// The rules of a district.
    pub const fn new(rules: Vec<PrivilegeRule>) -> Self {
        Self(rules)
    }

    /// The rules.
    pub fn rules(&self) -> &[PrivilegeRule] {
        &self.0
    }

    /// What somebody may; without a rule, everything.
    pub fn of(&self, role: Role, grade: Option<Grade>) -> Privileges {
        self.rule_for(role, grade).map(|rule| rule.privileges).unwrap_or_default()
    }

    /// Somebody's patron type.
    pub fn patron_type(&self, role: Role, grade: Option<Grade>) -> Option<&str> {
        self.rule_for(role, grade)?.patron_type.as_deref()
    }

    fn rule_for(&self, role: Role, grade: Option<Grade>) -> Option<&PrivilegeRule> {
        self.0.iter().find(|rule| rule.scope.covers(role, grade))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GradeBand;

    #[test]
    fn a_grade_band_has_its_own_and_the_rest_of_the_role_the_next_rule() {
        let rule = |grades: &[&str], items| PrivilegeRule {
            scope: Scope {
                roles: vec![Role::Student],
                grades: grades.iter().map(|band| GradeBand::parse(band).unwrap()).collect(),
            },
            patron_type: None,
            privileges: Privileges { items: Some(items), ..Privileges::default() },
        };
        let rules = PrivilegeRules::new(vec![rule(&["KG-02"], 2), rule(&[], 5)]);
        assert_eq!(rules.of(Role::Student, Grade::parse("1")).items, Some(2));
        assert_eq!(rules.of(Role::Student, Grade::parse("9")).items, Some(5));
        assert_eq!(rules.of(Role::Teacher, None), Privileges::default());
    }
}
