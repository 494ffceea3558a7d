//! The card rules of all districts together: whose card is this?

use crate::CardRule;

/// All card rules of a library. No card is claimed in two ID spaces.
#[derive(Debug, Default)]
pub struct CardBook {
    spaces: Vec<Space>,
    /// (rule, index of its space), longest prefix first.
    rules: Vec<(CardRule, usize)>,
}

#[derive(Debug)]
struct Space {
    name: String,
    districts: Vec<usize>,
}

/// Whose card it is.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The space in which the ID is unique.
    pub space: &'a str,
    /// The districts that share the space, by index: each may hold the row.
    pub districts: &'a [usize],
    /// The ID on the card.
    pub id: &'a str,
}

/// Two rules of different namespaces that can claim the same card.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The districts, by index.
    pub districts: (usize, usize),
    /// A card that both claim, or why that could not be found out.
    pub example: Result<String, String>,
}

impl CardBook {
    /// Puts the rules of all districts together, each at the index of its district.
    pub fn new(rules: impl IntoIterator<Item = CardRule>) -> Result<Self, Overlap> {
        let mut book = Self::default();
        let mut shapes = Vec::new();
        for (district, rule) in rules.into_iter().enumerate() {
            let shape = rule
                .pattern
                .prefixed(&rule.prefix)
                .map_err(|why| Overlap { districts: (district, district), example: Err(why) })?;
            for (other, (theirs, other_shape)) in shapes.iter().enumerate() {
                let theirs: &CardRule = theirs;
                if theirs.namespace == rule.namespace {
                    continue;
                }
                let overlap = |example| Overlap { districts: (other, district), example };
                match shape.shared_example(other_shape) {
                    Ok(None) => {}
                    Ok(Some(card)) => return Err(overlap(Ok(card))),
                    Err(why) => return Err(overlap(Err(why.to_owned()))),
                }
            }
            shapes.push((rule.clone(), shape));
            let space = match book.spaces.iter().position(|space| space.name == rule.namespace) {
                Some(known) => known,
                None => {
                    book.spaces.push(Space { name: rule.namespace.clone(), districts: Vec::new() });
                    book.spaces.len() - 1
                }
            };
            if let Some(space) = book.spaces.get_mut(space) {
                space.districts.push(district);
            }
            book.rules.push((rule, space));
        }
        book.rules.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.prefix.len()));
        Ok(book)
    }

    /// Whose card it is: the longest prefix wins. `None`: no rule claims it.
    pub fn claim<'a>(&'a self, card: &'a str) -> Option<Claim<'a>> {
        self.rules.iter().find_map(|(rule, space)| {
            let id = rule.id_of(card)?;
            let space = self.spaces.get(*space)?;
            Some(Claim { space: &space.name, districts: &space.districts, id })
        })
    }

    /// The space of a district: its name and the districts that share it.
    pub fn space_of(&self, district: usize) -> Option<(&str, &[usize])> {
        self.spaces
            .iter()
            .find(|space| space.districts.contains(&district))
            .map(|space| (space.name.as_str(), space.districts.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdSource, Pattern};

    fn rule(prefix: &str, pattern: &str, namespace: &str) -> CardRule {
        CardRule {
            id: IdSource::Identifier,
            prefix: prefix.into(),
            pattern: Pattern::parse(pattern).unwrap(),
            namespace: namespace.into(),
        }
    }

    #[test]
    fn a_card_belongs_to_the_district_of_its_prefix() {
        let book = CardBook::new([rule("40", "[0-9]{6}", "a"), rule("41", "[0-9]{6}", "b")]).unwrap();
        let claim = book.claim("41123456").unwrap();
        assert_eq!((claim.space, claim.id, claim.districts), ("b", "123456", &[1][..]));
        assert!(book.claim("42123456").is_none());
    }

    #[test]
    fn two_namespaces_that_share_a_card_are_refused_with_that_card() {
        // directories.md 1.1 consequence 1: 40 + 6 digits and 405 + 5 digits are the same cards.
        let overlap = CardBook::new([rule("40", "[0-9]{6}", "a"), rule("405", "[0-9]{5}", "b")]).unwrap_err();
        assert_eq!(overlap, Overlap { districts: (0, 1), example: Ok("40500000".into()) });
    }

    #[test]
    fn within_one_namespace_the_longest_prefix_decides() {
        let book = CardBook::new([rule("40", "[0-9]{6}", "s"), rule("405", "[0-9]{5}", "s")]).unwrap();
        let claim = book.claim("40512345").unwrap();
        assert_eq!(claim.id, "12345");
        assert_eq!(claim.districts, [0, 1]);
    }

    #[test]
    fn a_state_wide_id_is_looked_for_in_every_district_that_shares_it() {
        let book =
            CardBook::new([rule("", "[0-9]{9}", "stn"), rule("9", "[0-9]{3}", "x"), rule("", "[0-9]{9}", "stn")]);
        let book = book.unwrap();
        assert_eq!(book.claim("123456789").unwrap().districts, [0, 2]);
        assert_eq!(book.space_of(2).unwrap().1, [0, 2]);
    }
}
