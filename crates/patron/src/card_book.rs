//! The card rules of all districts together: whose card is this?

use std::borrow::Cow;

use crate::shape::Shape;
use crate::{CardForm, CardRules, Pattern};

/// All card rules of a library. No card is claimed in two ID spaces.
#[derive(Debug, Default)]
pub struct CardBook {
    spaces: Vec<Space>,
    /// (form, index of its space), longest prefix first.
    forms: Vec<(CardForm, usize)>,
}

#[derive(Debug)]
struct Space {
    name: String,
    districts: Vec<usize>,
}

/// Whose card it is.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The space in which the ID is unique.
    pub space: &'a str,
    /// The districts that share the space, by index: each may hold the row.
    pub districts: &'a [usize],
    /// The ID on the card.
    pub id: Cow<'a, str>,
}

/// A form, by the index of its district and its place there.
pub type Place = (usize, usize);

/// Two forms that can claim the same card for two people.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The forms.
    pub forms: (Place, Place),
    /// They share a namespace, and read the card as two IDs.
    pub same_space: bool,
    /// A card that both claim, or why that could not be found out.
    pub example: Result<String, String>,
}

impl CardBook {
    /// Puts the rules of all districts together, each at the index of its district; the error names every two forms
    /// that meet.
    pub fn new(districts: impl IntoIterator<Item = CardRules>) -> Result<Self, Vec<Overlap>> {
        let mut book = Self::default();
        let mut overlaps = Vec::new();
        let mut known: Vec<(Place, CardForm)> = Vec::new();
        for (district, rules) in districts.into_iter().enumerate() {
            for (at, form) in rules.forms().iter().enumerate() {
                let place = (district, at);
                for (other, theirs) in &known {
                    let same_space = theirs.spec().namespace == form.spec().namespace;
                    // Within a district the longest prefix decides, and a sync leaves out whose card reads otherwise.
                    if same_space && (other.0 == district || theirs.reads_where(form)) {
                        continue;
                    }
                    let example = match Shape::shared_example(&[theirs.typed(), form.typed()]) {
                        Ok(None) => continue,
                        Ok(Some(card)) => Ok(card),
                        Err(why) => Err(why.to_owned()),
                    };
                    overlaps.push(Overlap { forms: (*other, place), same_space, example });
                }
                known.push((place, form.clone()));
                book.add(district, form);
            }
        }
        book.forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.spec().before.len()));
        if overlaps.is_empty() { Ok(book) } else { Err(overlaps) }
    }

    fn add(&mut self, district: usize, form: &CardForm) {
        let name = &form.spec().namespace;
        let at = self.spaces.iter().position(|space| space.name == *name).unwrap_or_else(|| {
            self.spaces.push(Space { name: name.clone(), districts: Vec::new() });
            self.spaces.len() - 1
        });
        if let Some(space) = self.spaces.get_mut(at)
            && !space.districts.contains(&district)
        {
            space.districts.push(district);
        }
        // The same form in ten districts of one state-wide ID is asked once.
        if !self.forms.iter().any(|(known, space)| *space == at && known.reads_alike(form)) {
            self.forms.push((form.clone(), at));
        }
    }

    /// Whose card it is: the longest prefix wins. `None`: no form claims it.
    pub fn claim<'a>(&'a self, card: &'a str) -> Option<Claim<'a>> {
        self.forms.iter().find_map(|(form, space)| {
            let id = form.id_of_card(card)?;
            let space = self.spaces.get(*space)?;
            Some(Claim { space: &space.name, districts: &space.districts, id })
        })
    }

    /// The spaces that a district has for itself: what is kept by space is its own there.
    pub fn own_spaces(&self, district: usize) -> Vec<&str> {
        let own = self.spaces.iter().filter(|space| space.districts == [district]);
        own.map(|space| space.name.as_str()).collect()
    }

    /// The districts that share a space with a district, itself among them.
    pub fn neighbours_of(&self, district: usize) -> &[usize] {
        let space = self.spaces.iter().find(|space| space.districts.contains(&district));
        space.map(|space| space.districts.as_slice()).unwrap_or_default()
    }

    /// A card that a form and one of the library's own patterns both claim.
    pub fn own_card(form: &CardForm, own: &Pattern) -> Result<Option<String>, &'static str> {
        Shape::shared_example(&[form.typed(), &Shape::new(vec![own.clone()], false)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CardSpec, IdSource};

    fn rule(prefix: &str, pattern: &str, namespace: &str) -> CardRules {
        let form = CardForm::new(CardSpec::plain(IdSource::Identifier, prefix, pattern, namespace)).unwrap();
        CardRules::new(vec![form])
    }

    #[test]
    fn a_card_belongs_to_the_district_of_its_prefix() {
        let book = CardBook::new([rule("40", "[0-9]{6}", "a"), rule("41", "[0-9]{6}", "b")]).unwrap();
        let claim = book.claim("41123456").unwrap();
        assert_eq!((claim.space, &*claim.id, claim.districts), ("b", "123456", &[1][..]));
        assert!(book.claim("42123456").is_none());
    }

    #[test]
    fn every_two_forms_of_two_namespaces_that_share_a_card_are_told_with_that_card() {
        // directories.md 1.1 consequence 1: 40 + 6 digits and 405 + 5 digits are the same cards.
        let overlaps =
            CardBook::new([rule("40", "[0-9]{6}", "a"), rule("405", "[0-9]{5}", "b"), rule("4", "[0-9]{7}", "c")]);
        let overlap = |one, other, card: &str| Overlap {
            forms: ((one, 0), (other, 0)),
            same_space: false,
            example: Ok(card.into()),
        };
        assert_eq!(
            overlaps.unwrap_err(),
            [overlap(0, 1, "40500000"), overlap(0, 2, "40000000"), overlap(1, 2, "40500000")]
        );
    }

    #[test]
    fn within_one_district_the_longest_prefix_decides() {
        let both = [rule("40", "[0-9]{6}", "s"), rule("405", "[0-9]{5}", "s")];
        let book = CardBook::new([CardRules::new(both.iter().flat_map(|rules| rules.forms().to_vec()).collect())]);
        let book = book.unwrap();
        let claim = book.claim("40512345").unwrap();
        assert_eq!((&*claim.id, claim.districts), ("12345", &[0][..]));
    }

    #[test]
    fn two_districts_of_one_namespace_must_read_a_card_as_the_same_id() {
        let overlaps = CardBook::new([rule("40", "[0-9]{6}", "s"), rule("405", "[0-9]{5}", "s")]).unwrap_err();
        assert_eq!((overlaps.len(), overlaps[0].same_space), (1, true));
        assert!(CardBook::new([rule("40", "[0-9]{6}", "s"), rule("40", "[0-9]{5,7}", "s")]).is_ok());
    }

    #[test]
    fn a_state_wide_id_is_looked_for_in_every_district_that_shares_it() {
        let book =
            CardBook::new([rule("", "[0-9]{9}", "stn"), rule("9", "[0-9]{3}", "x"), rule("", "[0-9]{9}", "stn")]);
        let book = book.unwrap();
        assert_eq!(book.claim("123456789").unwrap().districts, [0, 2]);
        assert_eq!(book.neighbours_of(2), [0, 2]);
        assert_eq!((book.own_spaces(2), book.own_spaces(1)), (vec![], vec!["x"]));
        assert_eq!(book.forms.len(), 2, "asked once");
    }

    #[test]
    fn a_rule_that_claims_the_librarys_own_cards_shows_one() {
        let own = Pattern::parse("2[0-9]{13}").unwrap();
        let shown = |rules: &CardRules| CardBook::own_card(&rules.forms()[0], &own).unwrap();
        assert_eq!(shown(&rule("", "[0-9]{13,14}", "a")).as_deref(), Some("20000000000000"));
        assert_eq!(shown(&rule("", "[0-9]{13}", "a")), None);
    }
}
