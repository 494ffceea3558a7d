//! Text made of what a client may see: `{family}, {given}`.

use std::fmt;

use crate::{Attribute, Patron, Release};

/// A text with places for attributes of a patron, each in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Place(Place),
}

/// What can stand in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Card,
    Given,
    Family,
    Privileges,
    Of(Attribute),
}

impl Template {
    /// Reads a template. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a brace is not closed")?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(Piece::Place(Place::parse(name).ok_or_else(|| format!("there is no {{{name}}}"))?));
            rest = after;
        }
        if rest.contains('}') {
            return Err("a brace is not opened".to_owned());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), pieces })
    }

    /// What may stand in braces, for messages.
    pub fn places() -> String {
        let attributes = Attribute::ALL.map(Attribute::name);
        ["card", "given", "family", "privileges"].into_iter().chain(attributes).collect::<Vec<_>>().join(", ")
    }

    /// What must be released for it to say something.
    pub fn needs(&self) -> Release {
        let attribute = |piece: &Piece| match piece {
            Piece::Place(Place::Of(attribute)) => Some(*attribute),
            Piece::Place(Place::Given | Place::Family) => Some(Attribute::Name),
            Piece::Place(Place::Card | Place::Privileges) | Piece::Literal(_) => None,
        };
        self.pieces.iter().filter_map(attribute).collect()
    }

    /// The text for a patron; `None` where something that it names is not there for this client.
    ///
    /// Where a part of a name is empty, the commas and blanks that stood around it go as well.
    pub fn write(&self, patron: &Patron) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Place(place) => text.push_str(&place.value(patron)?),
            }
        }
        let trimmed = text.trim_matches([' ', ',']);
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// What was parsed.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Place {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "card" => Some(Self::Card),
            "given" => Some(Self::Given),
            "family" => Some(Self::Family),
            "privileges" => Some(Self::Privileges),
            other => Attribute::parse(other).map(Self::Of),
        }
    }

    fn value(self, patron: &Patron) -> Option<String> {
        match self {
            Self::Card => Some(patron.card.as_str().to_owned()),
            Self::Given => patron.name.as_ref().map(|name| name.given.clone()),
            Self::Family => patron.name.as_ref().map(|name| name.family.clone()),
            Self::Privileges => patron.privileges.map(|privileges| privileges.words()),
            Self::Of(Attribute::Name) => patron.name.as_ref().map(|name| name.inverted()),
            Self::Of(Attribute::Initials) => patron.initials.clone(),
            Self::Of(Attribute::PatronType) => patron.patron_type.clone(),
            Self::Of(Attribute::Email) => patron.email.clone(),
            Self::Of(Attribute::Expiry) => patron.expiry.map(|date| date.to_string()),
            Self::Of(Attribute::School) => patron.school.clone(),
            Self::Of(Attribute::Grade) => patron.grade.map(|grade| grade.name().to_owned()),
            Self::Of(Attribute::HomeLibrary) => patron.home_library.clone(),
            Self::Of(Attribute::InternalId) => patron.internal_id.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CardNumber, PersonName};

    fn patron(given: &str, family: &str) -> Patron {
        Patron {
            card: CardNumber::parse("1000001").unwrap(),
            name: Some(PersonName { given: given.into(), family: family.into() }),
            initials: None,
            patron_type: Some("STUDENT".into()),
            privileges: None,
            email: None,
            expiry: None,
            school: None,
            grade: None,
            home_library: None,
            internal_id: None,
        }
    }

    fn written(template: &str, patron: &Patron) -> Option<String> {
        Template::parse(template).unwrap().write(patron)
    }

    #[test]
    fn each_place_is_filled_in() {
        let zoe = patron("Zoë", "Ångström");
        assert_eq!(written("{given} {family} ({card})", &zoe).unwrap(), "Zoë Ångström (1000001)");
        assert_eq!(written("{name}/{patron-type}", &zoe).unwrap(), "Ångström, Zoë/STUDENT");
    }

    #[test]
    fn what_is_not_seen_leaves_the_whole_text_out() {
        assert_eq!(written("grade {grade}", &patron("Zoë", "Ångström")), None);
    }

    #[test]
    fn an_empty_part_of_a_name_leaves_no_comma() {
        assert_eq!(written("{family}, {given}", &patron("Cher", "")).unwrap(), "Cher");
        assert_eq!(written("{family}, {given}", &patron("", "Cher")).unwrap(), "Cher");
        assert_eq!(written("{family}, {given}", &patron("", "")), None);
    }

    #[test]
    fn what_it_needs_is_what_it_names() {
        let needs = Template::parse("{family} {grade} {card}").unwrap().needs();
        assert_eq!(needs, [Attribute::Name, Attribute::Grade].into_iter().collect());
    }

    #[test]
    fn a_broken_template_says_how() {
        for (text, why) in [
            ("{given", "a brace is not closed"),
            ("given}", "a brace is not opened"),
            ("{birth-date}", "there is no {birth-date}"),
        ] {
            assert_eq!(Template::parse(text).unwrap_err(), why);
        }
    }
}
