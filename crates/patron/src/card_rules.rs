//! The forms of one district's cards: which one somebody has, and whose card a card is.

use std::borrow::Cow;

use crate::{CardForm, Grade, IdSource, Role};

/// All forms of a district, in the order of its file: the first that is for somebody makes their card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardRules(Vec<CardForm>);

impl CardRules {
    /// The forms of a district.
    pub const fn new(forms: Vec<CardForm>) -> Self {
        Self(forms)
    }

    /// The forms.
    pub fn forms(&self) -> &[CardForm] {
        &self.0
    }

    /// The form of somebody's card; `None`: nobody of this role and grade has one.
    pub fn form_for(&self, role: Role, grade: Option<Grade>) -> Option<&CardForm> {
        self.0.iter().find(|form| form.is_for(role, grade))
    }

    /// The card and the roster number of somebody whom the source gives `ids` in the order of [`CardRules::sources`].
    ///
    /// `None`: nobody of this role and grade has a card, the ID has not the pattern, or their card would be read as
    /// somebody else's of the district.
    pub fn card_of<'a>(
        &self,
        role: Role,
        grade: Option<Grade>,
        id_from: impl FnOnce(&IdSource) -> &'a str,
    ) -> Option<(&CardForm, String)> {
        let form = self.form_for(role, grade)?;
        let id = form.id_of_source(id_from(&form.spec().id))?;
        if self.0.len() > 1 {
            let card = form.card_of(&id);
            let reader = self.0.iter().filter(|other| other.id_of_card(&card).is_some());
            let reader = reader.max_by_key(|other| other.spec().before.len())?;
            if reader.id_of_card(&card).is_none_or(|read| *read != *id) {
                return None;
            }
        }
        Some((form, id))
    }

    /// Whether a card that reads back to `id` in `space` may be that of somebody of this role and grade: it has their
    /// form, or one that was theirs earlier.
    pub fn may_be(&self, card: &str, (space, id): (&str, &str), role: Role, grade: Option<Grade>) -> bool {
        let mut own = false;
        self.0.iter().any(|form| {
            let scope = &form.spec().scope;
            let first = !form.spec().retired && !own && scope.covers(role, grade);
            own |= first;
            let theirs = first || form.spec().retired && scope.covers(role, grade);
            theirs && form.spec().namespace == space && form.id_of_card(card).is_some_and(|read| read == id)
        })
    }

    /// Whether every card that is claimed may be anybody's: one form, for everybody.
    pub fn is_one_for_all(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.spec().scope.is_everybody())
    }

    /// The roster numbers that something written by a person may mean: a card, the ID as the source has it, or either.
    pub fn ids_of<'a>(&'a self, written: &'a str) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.0.iter().flat_map(move |form| {
            let card = form.id_of_card(written);
            let id = form.id_of_source(written).map(Cow::Owned).filter(|id| card.as_ref() != Some(id));
            card.into_iter().chain(id).map(|id| (form.spec().namespace.as_str(), id))
        })
    }

    /// The ID spaces, each once.
    pub fn spaces(&self) -> Vec<&str> {
        let mut spaces: Vec<&str> = self.0.iter().map(|form| form.spec().namespace.as_str()).collect();
        spaces.sort_unstable();
        spaces.dedup();
        spaces
    }

    /// The attributes that the forms read, each once.
    pub fn sources(&self) -> Vec<IdSource> {
        let mut sources: Vec<IdSource> = Vec::new();
        for form in &self.0 {
            for source in std::iter::once(&form.spec().id).chain(&form.spec().aliases) {
                if !sources.contains(source) {
                    sources.push(source.clone());
                }
            }
        }
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CardSpec, Scope};

    fn form(prefix: &str, roles: &[Role], retired: bool) -> CardForm {
        let scope = Scope { roles: roles.to_vec(), grades: vec![] };
        let spec = CardSpec::plain(IdSource::Identifier, prefix, "[0-9]{4}", "district:a");
        CardForm::new(CardSpec { scope, retired, ..spec }).unwrap()
    }

    fn rules() -> CardRules {
        CardRules::new(vec![
            form("S", &[Role::Student], false),
            form("T", &[Role::Teacher], false),
            form("OLD", &[], true),
        ])
    }

    #[test]
    fn the_first_form_for_somebody_makes_their_card() {
        let rules = rules();
        assert_eq!(rules.form_for(Role::Teacher, None).unwrap().card_of("1234"), "T1234");
        assert!(rules.form_for(Role::Aide, None).is_none());
    }

    #[test]
    fn the_form_of_another_role_is_not_ones_card_but_a_retired_one_is() {
        let rules = rules();
        let of_student = |card| rules.may_be(card, ("district:a", "1234"), Role::Student, None);
        assert!(of_student("S1234") && of_student("OLD1234"));
        assert!(!of_student("T1234"), "a student's number behind a teacher's prefix");
        assert!(!of_student("S1235"));
    }

    #[test]
    fn whose_card_would_be_read_as_another_persons_has_none() {
        let form = |prefix, pattern, roles: &[Role]| {
            let scope = Scope { roles: roles.to_vec(), grades: vec![] };
            let spec = CardSpec::plain(IdSource::Identifier, prefix, pattern, "district:a");
            CardForm::new(CardSpec { scope, ..spec }).unwrap()
        };
        let forms = [form("40", "[0-9]{6}", &[Role::Student]), form("405", "[0-9]{5}", &[Role::Teacher])];
        let rules = CardRules::new(forms.to_vec());
        let has_card = |id| rules.card_of(Role::Student, None, |_| id).is_some();
        assert!(has_card("612345") && !has_card("512345"), "405 12345 is a teacher's");
    }

    #[test]
    fn what_a_person_writes_may_be_card_or_id() {
        let rules = rules();
        assert_eq!(rules.ids_of("T1234").collect::<Vec<_>>(), [("district:a", Cow::Borrowed("1234"))]);
        assert_eq!(rules.ids_of("1234").count(), 3);
        assert_eq!(rules.ids_of("12345").count(), 0);
        // The ID 401234, or the card of 1234: whoever may be meant is.
        let spec = CardSpec::plain(IdSource::Identifier, "40", "[0-9]{4,7}", "district:a");
        let rules = CardRules::new(vec![CardForm::new(spec).unwrap()]);
        let ids: Vec<_> = rules.ids_of("401234").map(|(_, id)| id.into_owned()).collect();
        assert_eq!(ids, ["1234", "401234"]);
    }
}
