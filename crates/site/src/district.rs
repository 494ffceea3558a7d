//! A file of `districts/`: one school district and its rules.

use patron::{Attribute, CardRule, Eligibility, PinRule, Release, Role};

use crate::entry::Entry;
use crate::goal::Goal;
use crate::section::Section;
use crate::source::Source;
use crate::{card, pin};

/// A school district.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    /// The stem of its file: what logs, commands and clients call it.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Which cards are its students'.
    pub card: CardRule,
    /// What they type as PIN.
    pub pin: PinRule,
    /// Who of its people may.
    pub eligibility: Eligibility,
    /// The most that any client may see.
    pub ceiling: Release,
    /// The library that its students belong to (SIP2 AQ).
    pub home_library: Option<String>,
    /// What each role may.
    pub privileges: Privileges,
    /// Where its rosters come from.
    pub source: Option<Source>,
    /// What it shall reach.
    pub goal: Option<Goal>,
}

/// What each role may, where the district says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    patron_types: Vec<(Role, String)>,
}

impl Privileges {
    /// The patron type of a role (SIP2 PC).
    pub fn patron_type(&self, role: Role) -> Option<&str> {
        self.patron_types.iter().find(|(known, _)| *known == role).map(|(_, name)| name.as_str())
    }
}

/// A district, and where its pattern stands.
pub(crate) struct Draft<'a> {
    pub(crate) district: District,
    pub(crate) pattern: Entry<'a>,
}

pub(crate) const KEYS: &[&str] =
    &["name", "home-library", "release", "card", "pin", "eligibility", "privileges", "source", "goal"];
pub(crate) const ELIGIBILITY_KEYS: &[&str] = &["roles"];
pub(crate) const PRIVILEGES_KEYS: &[&str] = &["patron-type"];

pub(crate) fn read<'a>(root: &Section<'a>, id: &str) -> Option<Draft<'a>> {
    let name = root.required("name", "the district's name").and_then(|entry| entry.field());
    let ceiling = root.optional("release").map_or(Some(Release::CEILING), |entry| release(&entry));
    let home_library = root.optional("home-library").map_or(Some(None), |entry| entry.field().map(Some));
    let card = root
        .required("card", "[card] with id and pattern")
        .and_then(|entry| card::read(&entry.section(card::KEYS)?, id));
    let pin = root.required("pin", "[pin] with scheme").and_then(|entry| pin::read(&entry.section(pin::KEYS)?));
    let eligibility = match root.optional("eligibility") {
        Some(entry) => entry.section(ELIGIBILITY_KEYS).and_then(|section| eligibility(&section)),
        None => Some(Eligibility::default()),
    };
    let privileges = match root.optional("privileges") {
        Some(entry) => entry.section(&Role::ALL.map(Role::name)).and_then(|section| privileges(&section)),
        None => Some(Privileges::default()),
    };
    let source = match root.optional("source") {
        Some(entry) => entry.section(Source::KEYS).and_then(|section| Source::read(&section)).map(Some),
        None => {
            root.warning("source", "missing: this district never gets a roster", "[source] with kind and path");
            Some(None)
        }
    };
    let goal = match root.optional("goal") {
        Some(entry) => entry.section(Goal::KEYS).and_then(|section| Goal::read(&section)).map(Some),
        None => Some(None),
    };
    let card = card?;
    let district = District {
        id: id.to_owned(),
        name: name?,
        card: card.rule,
        pin: pin?,
        eligibility: eligibility?,
        ceiling: ceiling?,
        home_library: home_library?,
        privileges: privileges?,
        source: source?,
        goal: goal?,
    };
    Some(Draft { district, pattern: card.pattern })
}

/// A list of attributes, of a district or of a client.
pub(crate) fn release(entry: &Entry<'_>) -> Option<Release> {
    let words = Attribute::ALL.map(|attribute| (attribute.name(), attribute));
    Some(entry.set(|item| item.word(&words))?.into_iter().collect())
}

fn eligibility(section: &Section<'_>) -> Option<Eligibility> {
    let words = Role::ALL.map(|role| (role.name(), role));
    match section.optional("roles") {
        Some(entry) => {
            let roles = entry.nonempty_set("at least one role: nobody could use a card", |item| item.word(&words))?;
            Some(Eligibility { roles })
        }
        None => Some(Eligibility::default()),
    }
}

/// `[privileges.ROLE]`: the role is the key.
fn privileges(section: &Section<'_>) -> Option<Privileges> {
    let mut whole = true;
    let mut patron_types = Vec::new();
    for role in Role::ALL {
        let Some(entry) = section.optional(role.name()) else { continue };
        let patron_type = entry
            .section(PRIVILEGES_KEYS)
            .and_then(|section| section.required("patron-type", "the patron type (SIP2 PC)"))
            .and_then(|entry| entry.field());
        match patron_type {
            Some(patron_type) => patron_types.push((role, patron_type)),
            None => whole = false,
        }
    }
    whole.then_some(Privileges { patron_types })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    fn with(more: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district("cms", &trial.district_text().replace("[source]", &format!("{more}[source]")));
        trial
    }

    #[test]
    fn each_role_has_its_own_patron_type() {
        let site = with("[privileges.teacher]\npatron-type = \"STAFF\"\n").load().unwrap().site;
        assert_eq!(site.districts[0].privileges.patron_type(Role::Teacher), Some("STAFF"));
        assert_eq!(site.districts[0].privileges.patron_type(Role::Student), None);
    }

    #[test]
    fn an_unknown_role_is_told_with_the_nearest_one() {
        const ROLES: &str = "student, teacher, aide, counselor, principal, proctor, administrator, \
                             site-administrator, district-administrator, system-administrator, staff";
        let trial =
            with("[eligibility]\nroles = [\"student\", \"teachers\"]\n[privileges.studnet]\npatron-type = \"X\"\n");
        assert_eq!(
            trial.errors(),
            [
                format!(
                    "districts/cms.toml:9:21 eligibility.roles[1]: unknown word, did you mean teacher?; \
                     expected one of {ROLES}"
                ),
                format!(
                    "districts/cms.toml:10:13 privileges.studnet: unknown key, did you mean student?; \
                     expected one of {ROLES}"
                ),
            ]
        );
    }

    #[test]
    fn nobody_eligible_is_a_mistake() {
        assert_eq!(
            with("[eligibility]\nroles = []\n").errors(),
            ["districts/cms.toml:9:9 eligibility.roles: the list is empty; \
              expected at least one role: nobody could use a card"]
        );
    }

    #[test]
    fn a_key_of_a_later_release_is_a_mistake_not_ignored() {
        assert_eq!(
            with("[eligibility]\nopt-out-file = \"opt-outs.csv\"\n").errors(),
            ["districts/cms.toml:9:1 eligibility.opt-out-file: unknown key; expected one of roles"]
        );
    }

    #[test]
    fn what_a_district_must_say_is_missed_at_its_beginning() {
        let mut trial = Trial::default();
        trial.district("cms", "release = [\"birth-date\"]\n[source]\nkind = \"oneroster-csv\"\npath = \"x\"\n");
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:1:1 name: missing; expected the district's name",
                "districts/cms.toml:1:1 card: missing; expected [card] with id and pattern",
                "districts/cms.toml:1:1 pin: missing; expected [pin] with scheme",
                "districts/cms.toml:1:12 release[0]: unknown word; \
                 expected one of name, initials, patron-type, expiry, school, grade, home-library, email, internal-id",
            ]
        );
    }
}
