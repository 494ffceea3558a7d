//! A file of `districts/`: one school district and its rules.

use std::path::PathBuf;

use patron::{Attribute, CardRules, Eligibility, ExpiryRules, PinRules, PrivilegeRules, Release, Role, Scope};

use crate::directory::Directory;
use crate::entry::Entry;
use crate::goal::Goal;
use crate::section::Section;
use crate::source::Source;
use crate::{card, directory, eligibility, pin, privileges};

/// A school district.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    /// The stem of its file: what logs, commands and clients call it.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Which cards are its students'.
    pub cards: CardRules,
    /// What they type as PIN.
    pub pins: PinRules,
    /// Who of its people may.
    pub eligibility: Eligibility,
    /// For how long.
    pub expiry: ExpiryRules,
    /// The list of those whose families have opted out.
    pub opt_out_file: Option<PathBuf>,
    /// The most that any client may see.
    pub ceiling: Release,
    /// The library that its students belong to (SIP2 AQ).
    pub home_library: Option<String>,
    /// What each role may.
    pub privileges: PrivilegeRules,
    /// Who is asked for the passwords that its roster does not hold.
    pub directory: Option<Directory>,
    /// Where its rosters come from.
    pub source: Option<Source>,
    /// What it shall reach.
    pub goal: Option<Goal>,
}

/// A district, and where the pattern of each card rule stands.
pub(crate) struct Draft<'a> {
    pub(crate) district: District,
    pub(crate) cards: Vec<Entry<'a>>,
}

pub(crate) const KEYS: &[&str] =
    &["name", "home-library", "release", "card", "pin", "directory", "eligibility", "privileges", "source", "goal"];

pub(crate) fn read<'a>(root: &Section<'a>, id: &str) -> Option<Draft<'a>> {
    let name = root.required("name", "the district's name").and_then(|entry| entry.field());
    let ceiling = root.optional("release").map_or(Some(Release::CEILING), |entry| release(&entry));
    let home_library = root.optional("home-library").map_or(Some(None), |entry| entry.field().map(Some));
    let card = root.required("card", "[card] with id and pattern").and_then(|entry| card::read(&entry, id));
    let pins = root.required("pin", "[pin] with scheme").and_then(|entry| pin::read(&entry));
    let directory = match root.optional("directory") {
        Some(entry) => entry.section(directory::KEYS).and_then(|section| directory::read(&section)).map(Some),
        None => Some(None),
    };
    let eligibility = match root.optional("eligibility") {
        Some(entry) => entry.section(eligibility::KEYS).and_then(|section| eligibility::read(&section)),
        None => Some(eligibility::Draft::default()),
    };
    let privileges = match root.optional("privileges") {
        Some(entry) => entry.section(&Role::ALL.map(Role::name)).and_then(|section| privileges::read(&section)),
        None => Some(PrivilegeRules::default()),
    };
    let source = match root.optional("source") {
        Some(entry) => Source::read(&entry).map(Some),
        None => {
            root.warning("source", "missing: this district never gets a roster", "[source] with kind and path");
            Some(None)
        }
    };
    let goal = match root.optional("goal") {
        Some(entry) => entry.section(Goal::KEYS).and_then(|section| Goal::read(&section)).map(Some),
        None => Some(None),
    };
    let (card, eligibility) = (card?, eligibility?);
    let district = District {
        id: id.to_owned(),
        name: name?,
        cards: card.rules,
        pins: pins?,
        eligibility: eligibility.eligibility,
        expiry: eligibility.expiry,
        opt_out_file: eligibility.opt_out_file,
        ceiling: ceiling?,
        home_library: home_library?,
        privileges: privileges?,
        directory: directory?,
        source: source?,
        goal: goal?,
    };
    warn_of_roles_without_rules(root, &district);
    check_directory(root, &district)?;
    Some(Draft { district, cards: card.places })
}

/// A list of attributes, of a district or of a client.
pub(crate) fn release(entry: &Entry<'_>) -> Option<Release> {
    let words = Attribute::ALL.map(|attribute| (attribute.name(), attribute));
    Some(entry.set(|item| item.word(&words))?.into_iter().collect())
}

/// A rule that asks the directory, and a directory to ask.
fn check_directory(root: &Section<'_>, district: &District) -> Option<()> {
    match (district.pins.ask_directory(), &district.directory) {
        (true, None) => {
            let rule = root.optional("pin").map(|pin| pin.one_or_several())?;
            let place = rule.iter().find_map(|rule| {
                rule.pairs()?.into_iter().find(|(key, entry)| *key == "scheme" && entry.text() == Some("directory"))
            });
            let (_, scheme) = place?;
            scheme.error("nobody is named who could be asked", "expected [directory] in the same file");
            None
        }
        (false, Some(_)) => {
            let advice = "scheme = \"directory\" in [pin], or no [directory]";
            root.optional("directory")?.warning("no PIN rule asks it", advice);
            Some(())
        }
        _ => Some(()),
    }
}

/// A role that is served but has no card, or no PIN, is served nothing.
fn warn_of_roles_without_rules(root: &Section<'_>, district: &District) {
    let has =
        |scopes: &[&Scope], role| scopes.iter().any(|scope| scope.roles.is_empty() || scope.roles.contains(&role));
    let made = district.cards.forms().iter().filter(|form| !form.spec().retired);
    let cards: Vec<&Scope> = made.map(|form| &form.spec().scope).collect();
    let pins: Vec<&Scope> = district.pins.rules().iter().map(|rule| &rule.scope).collect();
    for role in &district.eligibility.roles {
        for (key, scopes) in [("card", &cards), ("pin", &pins)] {
            if !has(scopes, *role) {
                let problem = format!("no rule is for {}, whom eligibility.roles names", role.name());
                root.warning(key, problem, format!("[[{key}]] for that role, or another list of roles"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    fn with(more: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district("cms", &trial.district_text().replace("[source]", &format!("{more}[source]")));
        trial
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
    fn a_role_that_is_served_without_a_card_or_a_pin_is_warned_of() {
        let mut trial = Trial::default();
        let text = trial.district_text().replace("[pin]", "roles = [\"student\"]\n[pin]");
        trial.district("cms", &text.replace("[source]", "[eligibility]\nroles = [\"student\", \"teacher\"]\n[source]"));
        assert_eq!(
            trial.warnings(),
            ["districts/cms.toml:1:1 card: no rule is for teacher, whom eligibility.roles names; \
              [[card]] for that role, or another list of roles"]
        );
    }

    #[test]
    fn a_key_of_a_later_release_is_a_mistake_not_ignored() {
        assert_eq!(
            with("[live]\nkind = \"ldap\"\n").errors(),
            ["districts/cms.toml:8:2 live: unknown key; \
              expected one of name, home-library, release, card, pin, directory, eligibility, privileges, source, goal"]
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
